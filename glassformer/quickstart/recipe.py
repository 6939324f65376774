"""How the quickstart trains on each built-in corpus, and what it translates afterwards."""

from typing import Any

import torch

from glassformer.data.check.report import DEFAULT_DROP, Problem

LECTURE = (
    "We are friends",
    "I love you very much",
    "The cat sat on its mat",
    "The animal didn't cross the road because it was tired",
    "The animal didn't cross the road because it was wide",
    "The cat did not cross the road because it was tired",
    "The dog did not cross the road because it was tired",
)
NAMES = ("India", "French", "Brazilian Real", "New South Wales")


# Small, with which steps are fast; the rest is what the paper has: post-norm, sinusoids, ReLU.
RECIPE: dict[str, Any] = {
    "encoder_layers": 2,
    "decoder_layers": 2,
    "d_model": 128,
    "d_ff": 512,
    "num_heads": 4,
    "dropout": 0.0,
    "max_length": 64,
    "keep_checkpoints": 1,
    "average_last": 1,
    "metric": "loss",  # chrF reaches 100 before the model is at its best
}
RECIPES: dict[str, dict[str, Any]] = {
    # Every sentence is seen about once: no dropout.
    "phrasebook": RECIPE
    | {
        "normalize": "casefold",
        # The two languages share no letters: a vocabulary each, in which nearly every form of a word is one piece.
        "source_vocab_size": 3500,
        "vocab_size": 3900,
        "character_coverage": 1.0,  # a text that is made has no stray characters
        # Numbers to a hundred: a model that copies them digit by digit makes 8 or 888 of 88.
        "split_digits": False,
        # What has no slot ("Happy birthday!") stands in the text several times, to be learnt by heart.
        "drop": [str(problem) for problem in DEFAULT_DROP if problem is not Problem.DUPLICATE],
        "label_smoothing": 0.1,
        "batch_tokens": 640,
        "learning_rate": 0.0022,
        "schedule": "linear",
        "warmup_steps": 300,
        "max_steps": 3800,
        "validate_every": 1900,
        "checkpoint_every": 1900,
        "probe_every": 200,
        "probe": [LECTURE[3]],
    },
    # A name is spelt rather than translated, and there are few: small pieces, dropout, and rotary positions with
    # pre-norm, which learn from fewer.
    "names": RECIPE
    | {
        "vocab_size": 1000,
        "dropout": 0.2,
        "norm_position": "pre",
        "positions": "rotary",
        "batch_tokens": 1024,
        "learning_rate": 0.004,
        "schedule": "cosine",
        "warmup_steps": 100,
        "max_steps": 1750,
        "validate_every": 850,
        "checkpoint_every": 850,
        "probe_every": 50,
        "probe": [NAMES[2]],
    },
}


def precision() -> str:
    """The faster type of training's products here: bfloat16 on a CPU that multiplies in it, else float32.

    The instructions are AVX-512's (AMD since Zen 4, Intel since Cooper Lake), with or without AMX beside them.

    To measure it, as `precision: auto` does, would let the model depend on what else the machine does.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", None)  # torch 2.10 does not know them
    has_units = capabilities is not None and capabilities().get("avx512_bf16", False)
    return "bfloat16" if has_units and not torch.cuda.is_available() else "float32"
