"""SentencePiece files of other models: their pieces put into the order of our ids, and what only a vocabulary has.

Elsewhere a vocabulary lists the pieces of two SentencePiece models, in an order of its own. Here a tokenizer's file is
the vocabulary. So the file is written again: the four control tokens first, then the vocabulary's other pieces in their
order, then the pieces that the file has but the vocabulary has not.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.arguments import shown
from glassformer.errors import InputError, UsageError
from glassformer.interop.directories import checked_file
from glassformer.special import BOS, EOS, PAD, PIECES, UNK
from glassformer.text.byte_level import of_its_kind
from glassformer.text.directions import symbol_of, target_of_symbol
from glassformer.text.tokenizer import IMPORTED, Tokenizer, Tokenizers

NO_SYMBOLS: Mapping[str, str] = {}  # of a model that is told no languages
_TAG = re.compile(">>([^<>]+)<<")
_KINDS: Any = model_pb2.ModelProto.SentencePiece  # type: ignore[attr-defined]
_NO_TEXT = (_KINDS.CONTROL, _KINDS.UNKNOWN)


class Vocabulary(NamedTuple):
    """Our pieces, for each the row that it has in the other model (None where that has none), and their symbols.

    `symbols` are the pieces that name a language. Any other piece is text, also one that is spelt like a symbol.
    """

    pieces: list[str]
    rows: list[int | None]
    symbols: frozenset[str]


def names_in_marian(tokenizer: Tokenizer) -> list[str]:
    """How Marian writes each piece: `>>hi<<` for the symbol `<2hi>`, the others as they are.

    Raises UsageError for text that Marian would take for a tag.
    """
    tags = {tokenizer.target_ids(target)[0]: f">>{target}<<" for target in tokenizer.targets}
    if text := next(filter(symbol_of_tag, tokenizer.pieces), None):
        raise UsageError(f"the piece {text} is text here, and names a target there; export --to ctranslate2 or torch")
    return [tags.get(number, piece) for number, piece in enumerate(tokenizer.pieces)]


def symbol_of_tag(piece: str) -> str | None:
    """The symbol of a target that a piece of Marian's names: `<2pt_br>` for `>>pt-br<<`; None for the others."""
    found = _TAG.fullmatch(piece)
    symbol = symbol_of(found[1].replace("-", "_")) if found else ""
    return symbol if target_of_symbol(symbol) else None


def symbols_of_tags(pieces: Iterable[str]) -> dict[str, str]:
    """The symbol of each of Marian's pieces that names a target."""
    return {piece: symbol for piece in pieces if (symbol := symbol_of_tag(piece))}


def read_spm(directory: Path, name: str) -> Any:
    """The SentencePiece model in a file, as a protocol buffer."""
    path = checked_file(directory, name)
    try:
        model: Any = model_pb2.ModelProto.FromString(path.read_bytes())  # type: ignore[attr-defined]
        sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    except Exception as error:  # protobuf's DecodeError and SentencePiece's RuntimeError have no common base
        raise InputError(f"{path}: not a SentencePiece model, or a truncated one; copy it again") from error
    if not model.pieces:
        raise InputError(f"{path}: has no pieces; copy it again")
    if not all(isinstance(one.piece, str) for one in model.pieces):  # bytes where they are not UTF-8
        raise InputError(f"{path}: a piece in it is not UTF-8; copy it again")
    if not all(math.isfinite(one.score) for one in model.pieces):
        raise InputError(f"{path}: a piece has a score that is no number; copy it again")
    return model


def check_ids(ids: Mapping[Any, Any], path: Path) -> None:
    """Raise InputError unless each key is a text that can be a piece, and its id a whole number."""
    for piece, number in ids.items():
        if not isinstance(piece, str) or not piece or "\0" in piece or not _encodable(piece):
            raise InputError(f"{path}: {shown(piece)} cannot be a piece")
        if not isinstance(number, int) or isinstance(number, bool):
            raise InputError(f"{path}: must give each piece its id, not {shown(number)}")


def _encodable(piece: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in piece)


def vocabulary(
    ids: Mapping[str, int], models: Iterable[Any], path: Path, symbols: Mapping[str, str] = NO_SYMBOLS
) -> Vocabulary:
    """The pieces of a `vocab.json` in our order, and those of the SentencePiece models that it lacks.

    `symbols`: ours for each piece that names a language, as the other model declares it.
    """
    check_ids(ids, path)
    in_order = sorted(ids, key=ids.__getitem__)
    if [ids[piece] for piece in in_order] != list(range(len(ids))):
        raise InputError(f"{path}: its ids must be 0 to {len(ids) - 1}, each once")
    row: dict[str, int] = {}
    for number, piece in enumerate(in_order):
        ours = symbols.get(piece, piece)
        if ours in row:
            raise InputError(f"{path}: {shown(in_order[row[ours]])} and {shown(piece)} are both {ours} here")
        row[ours] = number
    for needed in (PIECES[PAD], PIECES[UNK], PIECES[EOS]):
        if needed not in row:
            raise InputError(f"{path}: has no {needed}; it is not Marian's vocabulary")
    made = {one.piece: None for model in models for one in model.pieces if one.type not in _NO_TEXT}
    pieces = [*PIECES, *(one for one in row if one not in PIECES)]
    pieces += [one for one in made if one not in row and one not in PIECES]
    return Vocabulary(pieces, [row.get(piece) for piece in pieces], frozenset(symbols.values()))


def of_two_sides(
    ids: Sequence[Mapping[str, int]], models: Sequence[Any], files: Sequence[Path], joint: bool, tagged: bool = False
) -> tuple[list[Vocabulary], Tokenizers]:
    """The vocabularies of source and target, and their tokenizers: one where both are the same.

    `joint`: the model has one table for both sides. Raises InputError, by the `files`, where they then differ.
    `tagged`: `>>xxx<<` names a target.
    """
    if joint and ids[0] != ids[1]:
        raise InputError(
            f"{files[1]}: is another vocabulary than {files[0].name}, but the model has one table for both"
        )
    found = [
        vocabulary(one, models if joint else [model], file, symbols_of_tags(one) if tagged else NO_SYMBOLS)
        for one, model, file in zip(ids, models, files, strict=True)
    ]
    return found, tokenizers(models, found)


def tokenizers(models: Sequence[Any], found: Sequence[Vocabulary]) -> Tokenizers:
    """The tokenizers of both sides; one, twice, where they are the same."""
    source, target = (tokenizer(model, one) for model, one in zip(models, found, strict=True))
    return source, source if source.to_bytes() == target.to_bytes() else target


def tokenizer(model: Any, ours: Vocabulary, mark: str = IMPORTED) -> Tokenizer:
    """A tokenizer that splits text as `model` does, with an id for each of our pieces.

    A piece that `model` has not is never made from text, but can be written. `mark` says how it is told languages.
    Raises InputError for pieces that SentencePiece does not take, as one that is too long.
    """
    own = {one.piece: one for one in model.pieces}
    new = type(model)()
    new.CopyFrom(model)
    del new.pieces[:]
    for number, piece in enumerate(ours.pieces):
        kind, score = _kind_and_score(number, own.get(piece), piece in ours.symbols)
        new.pieces.add(piece=piece, score=score, type=kind)
    spec = new.trainer_spec
    spec.pad_id, spec.unk_id, spec.bos_id, spec.eos_id = PAD, UNK, BOS, EOS
    spec.pad_piece, spec.unk_piece, spec.bos_piece, spec.eos_piece = PIECES
    spec.vocab_size = len(ours.pieces)
    new.denormalizer_spec.name = mark
    try:
        return of_its_kind(Tokenizer(new.SerializeToString()))
    except RuntimeError as error:
        raise InputError(f"its vocabulary is none that SentencePiece takes ({error}); copy it again") from error


def fairseq_ids(model: Any) -> dict[str, int]:
    """The ids that fairseq gives the pieces of a SentencePiece model: its control tokens, then all others in order."""
    first = ("<s>", PIECES[PAD], "</s>", PIECES[UNK])
    pieces = [*first, *(one.piece for one in model.pieces if one.piece not in first)]
    return {piece: number for number, piece in enumerate(pieces)}


def of_words(pieces: Iterable[str]) -> Any:
    """A SentencePiece model that splits text at spaces and knows these words, of a vocabulary without one."""
    model: Any = model_pb2.ModelProto()  # type: ignore[attr-defined]
    model.trainer_spec.model_type = model_pb2.TrainerSpec.WORD  # type: ignore[attr-defined]
    model.normalizer_spec.name = "identity"
    for piece in pieces:
        kind = _KINDS.UNKNOWN if piece == PIECES[UNK] else _KINDS.CONTROL if piece in PIECES else _KINDS.NORMAL
        model.pieces.add(piece=piece, type=kind)
    return model


def _kind_and_score(number: int, own: Any, is_symbol: bool) -> tuple[int, float]:
    """`own`: the piece in the SentencePiece model, if it is there. Its control tokens are none of ours."""
    if number < len(PIECES):
        return (_KINDS.UNKNOWN if number == UNK else _KINDS.CONTROL), 0.0
    if is_symbol:
        return _KINDS.CONTROL, 0.0
    if own is None or own.type in _NO_TEXT:
        return _KINDS.UNUSED, 0.0
    return own.type, own.score
