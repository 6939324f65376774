#!/usr/bin/env bash
# English to German on Multi30k: train, then score the three test sets.
#   benchmarks/multi30k_en_de.sh DATA_FOLDER [RUN]
set -euo pipefail
data=${1:?usage: $0 DATA_FOLDER [RUN]}
run=${2:-runs/multi30k_en_de}
glassformer train --config "$(dirname "$0")/multi30k_en_de.yaml" --out "$run" \
    --source "$data/train.en" --target "$data/train.de" --valid-source "$data/val.en" --valid-target "$data/val.de"
for test in test_2016_flickr test_2017_flickr test_2017_mscoco; do
    echo "== $test"
    glassformer evaluate "$run" --source "$data/$test.en" --reference "$data/$test.de" --beam 5
done
