#!/usr/bin/env bash
# English to Hindi on the captions of Hindi Visual Genome: train, then score the test set.
#   benchmarks/hvg_en_hi.sh DATA_FOLDER [RUN]
set -euo pipefail
data=${1:?usage: $0 DATA_FOLDER [RUN]}
run=${2:-runs/hvg_en_hi}
glassformer train --config "$(dirname "$0")/hvg_en_hi.yaml" --out "$run" \
    --source "$data/train.en" --target "$data/train.hi" --valid-source "$data/valid.en" --valid-target "$data/valid.hi"
glassformer evaluate "$run" --source "$data/test.en" --reference "$data/test.hi" --beam 5
