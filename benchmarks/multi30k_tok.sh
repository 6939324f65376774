#!/usr/bin/env bash
# English to German on Multi30k's lower-cased, tokenised text, as Wu et al. 2021 score it: several seeds, three tests.
#   benchmarks/multi30k_tok.sh DATA_FOLDER [RUNS] [SEED...]
set -euo pipefail
data=${1:?usage: $0 DATA_FOLDER [RUNS] [SEED...]}/tok
runs=${2:-runs/multi30k_tok}
seeds=("${@:3}")
((${#seeds[@]})) || seeds=(1 2 3)
for seed in "${seeds[@]}"; do
    glassformer train --config "$(dirname "$0")/multi30k_tok.yaml" --out "$runs/$seed" --seed "$seed" --resume \
        --source "$data/train.lc.norm.tok.en" --target "$data/train.lc.norm.tok.de" \
        --valid-source "$data/val.lc.norm.tok.en" --valid-target "$data/val.lc.norm.tok.de"
    for test in test_2016_flickr test_2017_flickr test_2017_mscoco; do
        echo "== seed $seed, $test"
        glassformer evaluate "$runs/$seed" --beam 5 --length-penalty 1.0 --tokenize none \
            --source "$data/$test.lc.norm.tok.en" --reference "$data/$test.lc.norm.tok.de"
    done
done
