"""A script that translates a file with CTranslate2, as one writes it: EXPORTED PRECISION BEAM < LINES > TRANSLATIONS

As many threads as OMP_NUM_THREADS says; CTranslate2 sorts the sentences by length and takes 32 at a time.
"""

import os
import sys

import ctranslate2
import sentencepiece

directory, precision, beam = sys.argv[1:]
threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
model = ctranslate2.Translator(directory, compute_type=precision, inter_threads=1, intra_threads=threads)
source, target = (sentencepiece.SentencePieceProcessor(f"{directory}/{side}.spm") for side in ("source", "target"))
lines = [line.rstrip("\n") for line in sys.stdin]
pieces = [[*source.encode(line, out_type=str), "</s>"] for line in lines]
for found in model.translate_batch(pieces, beam_size=int(beam), length_penalty=0.6, max_batch_size=32):
    print(target.decode(found.hypotheses[0]))
