#!/usr/bin/env bash
# The task of multi30k_tok.sh, from more text: what its three models make of the training sentences, and what a model of
# the other direction makes of their translations, is learnt beside the pairs themselves (data diversification, Nguyen
# et al. 2020, arXiv:1911.01986). Several seeds, three tests.
#   benchmarks/multi30k_diverse.sh DATA_FOLDER [RUNS] [SEED...]     # RUNS: of multi30k_tok.sh, run before
set -euo pipefail
here=$(dirname "$0")
usage="usage: $0 DATA_FOLDER [RUNS] [SEED...]"
data=${1:?$usage}/tok
runs=${2:-runs/multi30k_tok}
seeds=("${@:3}")
((${#seeds[@]})) || seeds=(1 2 3)
english=$data/train.lc.norm.tok.en german=$data/train.lc.norm.tok.de

translated() { # MODEL FROM TO: once
    [[ -e $3 ]] && return
    glassformer translate "$1" --beam 4 --length-penalty 1.0 "$2" >"$3.part"
    mv "$3.part" "$3"
}

glassformer train --config "$here/multi30k_tok.yaml" --out "$runs/back" --seed 11 --resume \
    --set max_steps=2800 --set warmup_steps=300 --source "$german" --target "$english" \
    --valid-source "$data/val.lc.norm.tok.de" --valid-target "$data/val.lc.norm.tok.en"
paste "$english" "$german" >"$runs/pairs.tsv"
paste "$data/val.lc.norm.tok.en" "$data/val.lc.norm.tok.de" >"$runs/valid.tsv"
for teacher in 1 2 3; do
    translated "$runs/$teacher" "$english" "$runs/$teacher.de"
    paste "$english" "$runs/$teacher.de" >"$runs/$teacher.tsv"
done
translated "$runs/back" "$german" "$runs/back.en"
paste "$runs/back.en" "$german" >"$runs/back.tsv"
for seed in "${seeds[@]}"; do
    # more text, less dropout to hold back; batches of half the size learn faster from as many tokens
    glassformer train --config "$here/multi30k_tok.yaml" --out "$runs/diverse-$seed" --seed "$seed" --resume \
        --set dropout=0.15 --set batch_tokens=1280 --set learning_rate=0.003 --set warmup_steps=800 \
        --set max_steps=13200 --set validate_every=1200 --set checkpoint_every=600 \
        --pairs "$runs"/{pairs,1,2,3,back}.tsv --valid-pairs "$runs/valid.tsv"
    "$here/multi30k_tests.sh" "$1" "$runs/diverse-$seed" 1.4
done
