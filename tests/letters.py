"""Corpora made on the spot: letters to copy or to reverse."""

import functools
import random
from collections.abc import Iterable
from pathlib import Path

from glassformer.text.tokenizer import Tokenizer

LETTERS = "abcdef"

Pairs = list[tuple[str, str]]

# Small, and learns fast: what both letter tasks are trained with.
SMALL = {
    "vocab_size": 273,  # bytes, letters, and each letter with the space before it
    "d_model": 64,
    "d_ff": 128,
    "num_heads": 4,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "dropout": 0.0,
    "norm_position": "pre",
    "max_length": 32,
    "batch_tokens": 512,
    "learning_rate": 0.005,
    "warmup_steps": 20,
    "schedule": "cosine",
    "label_smoothing": 0.0,
    "precision": "float32",
}

# Learns nothing much, in no time: for all that does not depend on what was learnt.
QUICK = {
    "vocab_size": 273,  # bytes, letters, and each letter with the space before it
    "d_model": 16,
    "d_ff": 16,
    "num_heads": 2,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "dropout": 0.3,
    "max_length": 32,
    "batch_tokens": 256,
    "learning_rate": 0.002,
    "warmup_steps": 4,
    "validate_every": 1000,
    "validate_sentences": 4,
    "checkpoint_every": 1000,
    "precision": "float32",
    "max_steps": 4,
}


def letters(count: int, reverse: bool = False, seed: int = 1) -> Pairs:
    """Different sequences of two to five letters, each with itself or its reverse."""
    generator = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        word = generator.choices(LETTERS, k=generator.randint(2, 5))
        found[" ".join(word)] = " ".join(reversed(word) if reverse else word)
    return list(found.items())


@functools.cache
def letter_tokenizer() -> Tokenizer:
    """Of bytes, letters, and each letter with the space before it, for both sides."""
    return Tokenizer.train([text for pair in letters(60) for text in pair], SMALL["vocab_size"])


def tsv(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{source}\t{target}\n" for source, target in pairs)


def write_tsv(path: Path, pairs: Iterable[tuple[str, str]]) -> Path:
    path.write_text(tsv(pairs), encoding="utf-8")
    return path
