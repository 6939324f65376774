#!/usr/bin/env bash
# English to German on Multi30k's lower-cased, tokenised text, as Wu et al. 2021 score it: several seeds, three tests.
#   benchmarks/multi30k_tok.sh DATA_FOLDER [RUNS] [SEED...]
set -euo pipefail
here=$(dirname "$0")
data=${1:?usage: $0 DATA_FOLDER [RUNS] [SEED...]}/tok
runs=${2:-runs/multi30k_tok}
seeds=("${@:3}")
((${#seeds[@]})) || seeds=(1 2 3)
for seed in "${seeds[@]}"; do
    glassformer train --config "$here/multi30k_tok.yaml" --out "$runs/$seed" --seed "$seed" --resume \
        --source "$data/train.lc.norm.tok.en" --target "$data/train.lc.norm.tok.de" \
        --valid-source "$data/val.lc.norm.tok.en" --valid-target "$data/val.lc.norm.tok.de"
    "$here/multi30k_tests.sh" "$1" "$runs/$seed" 1.0
done
