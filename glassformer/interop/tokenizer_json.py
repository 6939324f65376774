"""A SentencePiece tokenizer as Hugging Face's `tokenizer.json`, which transformers.js and `tokenizers` read.

A `unigram` model spells pieces in bytes there (GPT-2's letters for bytes, Radford et al. 2019), because transformers.js
spells unknown characters in bytes only for `bpe`. No piece is lost: a space is a space, so that `▁` in a text stays
itself. What no text may become (control tokens, pieces of the target's own vocabulary) has MARK in its name, or is kept
apart by `_guard`.
"""

import base64
from collections.abc import Iterator
from typing import Any

from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.errors import UsageError
from glassformer.interop.spm import names_in_marian
from glassformer.special import EOS, PIECES, UNK
from glassformer.text import normalization as rules
from glassformer.text.byte_level import letters_of_bytes
from glassformer.text.tokenizer import META, Tokenizer

Json = dict[str, Any]

MARK = "\ue000"  # begins the name of a piece that is written but never read
_START = "\uffff"  # stands for the space before the first word until the rules are done; no character
_SPACE = "\u00a0"  # stands for a space that a rule has made
_KINDS: Any = model_pb2.ModelProto.SentencePiece  # type: ignore[attr-defined]
UNIGRAM, BPE = 1, 2  # SentencePiece's TrainerSpec.ModelType
UNKNOWN_PENALTY = 10.0  # SentencePiece's, below the least likely piece


_LETTERS = letters_of_bytes()
_IN_BYTES: Json = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def check(source: Tokenizer) -> None:
    """Raise UsageError for a tokenizer that the file cannot hold."""
    model = _parsed(source)
    spec, kind = model.normalizer_spec, model.trainer_spec.model_type
    if kind not in (UNIGRAM, BPE) or not spec.escape_whitespaces or model.trainer_spec.treat_whitespace_as_suffix:
        raise UsageError("tokenizer.json holds unigram and bpe tokenizers that mark the space before a word; no others")
    if kind == BPE and source.user_symbols:
        raise UsageError("tokenizer.json does not hold user_symbols of a bpe tokenizer; train with tokenizer=unigram")
    changed = next((one for one in source.user_symbols if any(key in one for key in source.rules)), None)
    if changed:
        raise UsageError(f"tokenizer.json does not hold the user symbol {changed!r}: normalisation changes it there")


def tokenizer_json(source: Tokenizer, target: Tokenizer | None) -> Json:
    """The file. `target`: a vocabulary of the target's own, whose ids come first; the source's follow them."""
    model = _parsed(source)
    unigram = model.trainer_spec.model_type == UNIGRAM
    names = _names(source, unigram)
    offset = target.vocab_size if target else 0
    written = [MARK + name for name in _names(target, unigram)] if target else []
    targets = {names[one]: one + offset for [one] in map(source.target_ids, source.targets)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(name, number) for name, number in targets.items()] if len(targets) > 1 else [],
        "normalizer": {"type": "Sequence", "normalizers": _normalizers(source, model.normalizer_spec)},
        "pre_tokenizer": _pre_tokenizer(source) if unigram else None,
        "post_processor": _post_processor(targets if len(targets) == 1 else {}, EOS + offset),
        "decoder": _decoder(unigram, model.normalizer_spec.add_dummy_prefix),
        "model": (_unigram if unigram else _bpe)(model, written, names),
    }


def special_tokens(source: Tokenizer, target: Tokenizer | None) -> list[str]:
    """The names of all ids that stand for no text."""
    own = [name for number, name in enumerate(_names(source, unigram=True)) if source.is_control(number)]
    return own + ([MARK + name for name in PIECES] if target else [])


def _parsed(tokenizer: Tokenizer) -> Any:
    return model_pb2.ModelProto.FromString(tokenizer.to_bytes())  # type: ignore[attr-defined]


# Names


def _names(tokenizer: Tokenizer, unigram: bool) -> list[str]:
    """The name of each piece, in the order of the ids."""
    pieces, names = _parsed(tokenizer).pieces, names_in_marian(tokenizer)
    if len(tokenizer.targets) == 1:  # which no text asks for: the symbol is put before each
        [[only]] = map(tokenizer.target_ids, tokenizer.targets)
        names[only] = MARK + names[only]
    if not unigram:
        return [_name(*pair) for pair in zip(pieces, names, strict=True)]
    readable = {_spelt(one.piece) for one in pieces if one.type in (_KINDS.NORMAL, _KINDS.USER_DEFINED)}
    return [_name_in_bytes(*pair, readable) for pair in zip(pieces, names, strict=True)]


def _name(piece: Any, name: str) -> str:
    text: str = piece.piece.replace(META, " ")
    if piece.type in (_KINDS.NORMAL, _KINDS.UNUSED):
        return MARK + text if piece.type == _KINDS.UNUSED else text
    return name


def _name_in_bytes(piece: Any, name: str, readable: set[str]) -> str:
    if piece.type in (_KINDS.CONTROL, _KINDS.UNKNOWN):
        return name
    if piece.type == _KINDS.BYTE:
        letter = _LETTERS[int(piece.piece[3:5], 16)]
        return MARK + letter if letter in readable else letter
    return (MARK if piece.type == _KINDS.UNUSED else "") + _spelt(piece.piece)


def _spelt(piece: str) -> str:
    return "".join(_LETTERS[byte] for byte in piece.replace(META, " ").encode())


# Models


def _unigram(model: Any, written: list[str], names: list[str]) -> Json:
    normal = [piece.score for piece in model.pieces if piece.type == _KINDS.NORMAL]
    vocabulary = [(name, min(normal)) for name in written]
    vocabulary += [(name, _score(piece, normal)) for name, piece in zip(names, model.pieces, strict=True)]
    return {"type": "Unigram", "unk_id": UNK + len(written), "vocab": vocabulary, "byte_fallback": False}


def _score(piece: Any, normal: list[float]) -> float:
    """A piece's score as SentencePiece weighs it (unigram_model.cc): a user's symbol beats what it is made of."""
    if piece.type == _KINDS.USER_DEFINED:
        return len(piece.piece.encode()) * max(*normal, 1.1754943508222875e-38) - 0.1
    if piece.type == _KINDS.BYTE:
        return min(normal) - UNKNOWN_PENALTY
    return float(piece.score) if piece.type == _KINDS.NORMAL else min(normal)


def _bpe(model: Any, written: list[str], names: list[str]) -> Json:
    pieces = {piece.piece.replace(META, " "): piece.score for piece in model.pieces if piece.type == _KINDS.NORMAL}
    ranked = sorted(pieces, key=lambda piece: -pieces[piece])
    splits = (
        (piece[:at], piece[at:])
        for piece in ranked
        for at in range(len(piece) - 1, 0, -1)
        if piece[:at] in pieces and piece[at:] in pieces
    )
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": PIECES[UNK],
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": bool(model.trainer_spec.byte_fallback),
        "vocab": {name: number for number, name in enumerate([*written, *names])},
        "merges": [list(pair) for pair in splits],
    }


# What stands before and after them


def _added(name: str, number: int) -> Json:
    return {"id": number, "content": name, "single_word": False, "lstrip": False, "rstrip": True,
            "normalized": False, "special": True}  # fmt: skip


def _pre_tokenizer(source: Tokenizer) -> Json:
    guard: Json = {"type": "Split", "pattern": {"Regex": _guard(source)}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [guard, _IN_BYTES]}


def _guard(source: Tokenizer) -> str:
    """The first character of what a user types like a control token: apart, it is text."""
    controls = [source.piece(one) for one in range(source.vocab_size) if source.is_control(one)]
    return "<(?=" + "|".join(piece.removeprefix("<") for piece in controls) + ")"


def _post_processor(symbol: Json, end: int) -> Json:
    """`</s>` after a text, and before it the symbol of a model's only target."""
    added = {**symbol, PIECES[EOS]: end}
    specials = {name: {"id": name, "ids": [number], "tokens": [name]} for name, number in added.items()}
    front, back = (
        [{"SpecialToken": {"id": name, "type_id": 0}} for name in names] for names in (symbol, [PIECES[EOS]])
    )
    text = [*front, {"Sequence": {"id": "A", "type_id": 0}}, *back]
    return {"type": "TemplateProcessing", "single": text, "pair": text, "special_tokens": specials}


def _decoder(unigram: bool, prefix: bool) -> Json:
    spelling = [_IN_BYTES] if unigram else [{"type": "ByteFallback"}, {"type": "Fuse"}]
    steps = [_replaced({"String": MARK}, ""), *spelling]
    return {
        "type": "Sequence",
        "decoders": steps + ([{"type": "Strip", "content": " ", "start": 1, "stop": 0}] * prefix),
    }


# Rules


def _replaced(pattern: Json, content: str) -> Json:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _each(characters: str, content: str) -> Json:
    return _replaced({"Regex": f"[{characters}]"}, content)


def _normalizers(source: Tokenizer, spec: Any) -> list[Json]:
    """What SentencePiece does to a text before it is split; of our own rules in the same order as their table does."""
    own = None if spec.remove_extra_whitespaces else _own_rules(source)
    start: Json = {"type": "Prepend", "prepend": _START if spec.add_dummy_prefix else ""}
    steps = [*_foreign_rules(spec), start] if own is None else [start, *own]
    return [*steps, _each(_START, " ")]


def _foreign_rules(spec: Any) -> Iterator[Json]:
    """The table of another program, as far as the libraries follow it."""
    yield {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(spec.precompiled_charsmap).decode()}
    if spec.remove_extra_whitespaces:
        yield {"type": "Strip", "strip_left": True, "strip_right": True}
        yield _replaced({"Regex": " {2,}"}, " ")


def _own_rules(source: Tokenizer) -> list[Json] | None:
    """The steps that do what `text/normalization.py` does; None for the rules of another program."""
    known = source.rules
    if source.is_imported and known:
        return None
    if not known:
        return []
    if known == rules.target_rules():
        return [{"type": "NFC"}, _each(rules.SPACES, " "), _each(rules.INVISIBLE, "")]
    if known == rules.source_rules():
        return list(_source_rules())
    return [*_source_rules(), *_casefold()] if known == rules.casefold_rules() else None


def _source_rules() -> Iterator[Json]:
    """`rules.source_rules()`, where each place of a text is changed once, by the longest rule that fits there."""
    yield _each(rules.APOSTROPHES, "'")
    yield _each(rules.QUOTES, '"')
    yield _each(rules.DASHES, "-")
    yield _each("\u2026\u22ef", "...")
    yield {"type": "NFC"}
    yield from _without_joiners()
    yield from (_replaced({"String": chr(code)}, chr(code - 0xFEE0)) for code in rules.FULL_WIDTH)
    # A run of spaces is one; but a single space beside a long dash belongs to the dash.
    dash, other = rules.LONG_DASHES, rules.SPACES
    runs = f"(?<![{dash}])(?: {{3,{rules.LONGEST_RUN}}}|[ {other}]{{2}}|[{other}]| (?![{dash}]))"
    yield _replaced({"Regex": f"{runs}|(?<=[{dash}])[{other}][ {other}]?"}, _SPACE)
    yield _replaced({"Regex": f" ?[{dash}] ?"}, f"{_SPACE}-{_SPACE}")
    yield _each(rules.INVISIBLE + rules.DIRECTION_MARKS, "")
    yield _each(_SPACE, " ")


def _without_joiners() -> Iterator[Json]:
    indic = f"[{chr(rules.INDIC[0])}-{chr(rules.INDIC[-1])}]"
    chillus = f"[{''.join(rules.CHILLUS)}]\u0d4d"
    yield _replaced({"Regex": f"(?<={indic})\u200c|(?<={indic})(?<!{chillus})\u200d"}, "")
    yield from (_replaced({"String": f"{letter}\u0d4d\u200d"}, made) for letter, made in rules.CHILLUS.items())


def _casefold() -> Iterator[Json]:
    """Lower case, and then what full case folding has otherwise (Unicode 15, 3.13)."""
    yield {"type": "Lowercase"}
    others: dict[str, str] = {}
    for character in map(chr, range(0x110000)):
        for lower in character.lower():
            if (folded := lower.casefold()) != lower and lower not in others.get(folded, ""):
                others[folded] = others.get(folded, "") + lower
    yield from (_each(characters, folded) for folded, characters in others.items())
