#!/usr/bin/env bash
# What a model scores on the three tests of Multi30k's published text.
#   benchmarks/multi30k_tests.sh DATA_FOLDER MODEL LENGTH_PENALTY
set -euo pipefail
(($# == 3)) || { echo "usage: $0 DATA_FOLDER MODEL LENGTH_PENALTY" >&2; exit 2; }
data=$1/tok model=$2 penalty=$3
for test in test_2016_flickr test_2017_flickr test_2017_mscoco; do
    echo "== $model, $test"
    glassformer evaluate "$model" --beam 5 --length-penalty "$penalty" --tokenize none \
        --source "$data/$test.lc.norm.tok.en" --reference "$data/$test.lc.norm.tok.de"
done
