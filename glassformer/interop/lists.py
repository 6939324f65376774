"""Vocabularies that are lists of pieces in a text file, as fairseq and JoeyNMT write them.

A SentencePiece file beside them splits the text. Without one the pieces are words, and text is split at spaces: what
their own programs do with text that was split by other means before, as by subword-nmt.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from glassformer.errors import InputError
from glassformer.interop import spm
from glassformer.interop.directories import checked_file
from glassformer.interop.spm import Vocabulary
from glassformer.interop.tables import Table, built, shapes_of, to_ours
from glassformer.interop.vocabularies import in_our_order
from glassformer.model import ModelConfig
from glassformer.special import PIECES
from glassformer.text.tokenizer import META, Tokenizer
from glassformer.translator import Translator


def read_lines(directory: Path, name: str) -> list[str]:
    """The lines of a text file."""
    path = checked_file(directory, name)
    try:
        return path.read_bytes().decode().splitlines() if path.stat().st_size else []
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}); copy it again") from error


def vocabularies(
    pieces: Sequence[Sequence[str]], splitters: Sequence[Path], files: Sequence[Path], joint: bool
) -> tuple[list[Vocabulary], tuple[Tokenizer, Tokenizer]]:
    """The vocabularies of both sides and their tokenizers. `splitters`: SentencePiece files, if they are there."""
    models, all_ids = [], []
    for side, splitter, file in zip(pieces, splitters, files, strict=True):
        start = "" if splitter.is_file() else META
        ids = {piece if piece in PIECES else start + piece: number for number, piece in enumerate(side)}
        if len(ids) != len(side):
            raise InputError(f"{file}: lists a piece twice")
        all_ids.append(ids)
        models.append(spm.read_spm(splitter.parent, splitter.name) if splitter.is_file() else spm.of_words(ids))
    return spm.of_two_sides(all_ids, models, files, joint)


def translator_of(
    config: ModelConfig, table: Table, theirs: Mapping[str, Tensor], path: Path, found: Sequence[Vocabulary],
    tokenizers: tuple[Tokenizer, Tokenizer], kind: str,
) -> Translator:  # fmt: skip
    """The model with their weights, its rows in the order of our ids."""
    weights = to_ours(table, theirs, shapes_of(config), str(path))
    source, target = found
    return Translator(built(*in_our_order(config, weights, source, target)), *tokenizers, {"imported": kind})
