"""What every decoder gets: a model's directory in glassformer's format, and what to translate in a turn."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAD, UNK, BOS, EOS = 0, 1, 2, 3
FIRST_WORD = 4  # the ids below are control tokens


@dataclass(frozen=True)
class Turn:
    """A batch of sources, each `source` tokens with `</s>`, to be translated into exactly `target` tokens."""

    batch: int
    beam: int
    source: int
    target: int
    seed: int

    def sources(self, vocabulary: int) -> list[list[int]]:
        """Random ids, the same for every decoder."""
        words = np.random.default_rng(self.seed).integers(FIRST_WORD, vocabulary, (self.batch, self.source - 1))
        return [[*row, EOS] for row in words.tolist()]


class Decoder:
    """One way to translate ids. `version` says what it is."""

    version: str

    def __init__(self, folder: Path, precision: str, threads: int) -> None:
        self.folder = folder
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_text())

    def translate(self, turn: Turn) -> list[list[int]]:
        """The ids of the best translation of each source."""
        raise NotImplementedError


def read_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The model's parameters."""
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")
