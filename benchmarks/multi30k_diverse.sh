#!/usr/bin/env bash
# The task of multi30k_tok.sh, from more text: what its three models make of the training sentences, and what a model of
# the other direction makes of their translations, is learnt beside the pairs themselves (data diversification, Nguyen
# et al. 2020, arXiv:1911.01986). Several seeds, three tests. Then once more, with those models as the teachers.
#   benchmarks/multi30k_diverse.sh DATA_FOLDER [RUNS]     # RUNS: of multi30k_tok.sh, run before
set -euo pipefail
here=$(dirname "$0")
data=${1:?usage: $0 DATA_FOLDER [RUNS]}/tok
runs=${2:-runs/multi30k_tok}
english=$data/train.lc.norm.tok.en german=$data/train.lc.norm.tok.de

translated() { # TEXT TO MODEL...: once
    [[ -e $2 ]] && return
    glassformer translate "${@:3}" "$1" >"$2.part"
    mv "$2.part" "$2"
}

learnt() { # NAME SEED UPDATES VALIDATE_EVERY PAIRS...
    # more text, less dropout to hold back; batches of half the size learn faster from as many tokens
    glassformer train --config "$here/multi30k_tok.yaml" --out "$runs/$1" --seed "$2" --resume \
        --set dropout=0.15 --set batch_tokens=1280 --set learning_rate=0.003 --set warmup_steps=800 \
        --set max_steps="$3" --set validate_every="$4" --set checkpoint_every=600 \
        --pairs "${@:5}" --valid-pairs "$runs/valid.tsv"
    "$here/multi30k_tests.sh" "$(dirname "$data")" "$runs/$1" 1.4
}

glassformer train --config "$here/multi30k_tok.yaml" --out "$runs/back" --seed 11 --resume \
    --set max_steps=2800 --set warmup_steps=300 --source "$german" --target "$english" \
    --valid-source "$data/val.lc.norm.tok.de" --valid-target "$data/val.lc.norm.tok.en"
paste "$english" "$german" >"$runs/pairs.tsv"
paste "$data/val.lc.norm.tok.en" "$data/val.lc.norm.tok.de" >"$runs/valid.tsv"
for teacher in 1 2 3; do
    translated "$english" "$runs/$teacher.de" "$runs/$teacher" --beam 4 --length-penalty 1.0
    paste "$english" "$runs/$teacher.de" >"$runs/$teacher.tsv"
done
translated "$german" "$runs/back.en" "$runs/back" --beam 4 --length-penalty 1.0
paste "$runs/back.en" "$german" >"$runs/back.tsv"
for seed in 1 2 3; do
    learnt "diverse-$seed" "$seed" 13200 1200 "$runs"/{pairs,1,2,3,back}.tsv
done

# The better teachers translate the same sentences, and one of them what the other direction's model made.
for teacher in diverse-{1,2,3}; do
    translated "$english" "$runs/$teacher.de" "$runs/$teacher" --beam 5 --length-penalty 1.4
    paste "$english" "$runs/$teacher.de" >"$runs/$teacher.tsv"
done
translated "$runs/back.en" "$runs/back.de" "$runs/diverse-2" --beam 5 --length-penalty 1.4
paste "$runs/back.en" "$runs/back.de" >"$runs/back-told.tsv"
learnt again 1 20000 2000 "$runs"/{pairs,1,2,3,diverse-{1,2,3},back,back-told}.tsv
