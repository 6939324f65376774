"""The tokens of an axis: what each stands for in the user's sentence, and how it is written."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from glassformer.text.tokenizer import META, Token, Tokenizer


def shown(piece: str) -> str:
    """A piece as people read it: without the sign for a space."""
    return piece.replace(META, " ").strip() or piece


def axis(text: str, tokens: Sequence[Token]) -> dict[str, Any]:
    """The record's axis of these tokens, whose spans lie in `text`."""
    return {"size": len(tokens), "text": text, "tokens": [_token(text, token) for token in tokens]}


def source_axis(tokenizer: Tokenizer, source: str, ids: Sequence[int]) -> dict[str, Any]:
    """The axis of a source's ids: its target's symbol, if it has one, the text's tokens, `</s>` and any `<pad>`."""
    symbol, text = tokenizer.split_target(list(ids))
    spoken = tokenizer.tokens(source)
    before = [tokenizer.control_token(one, 0) for one in symbol]
    after = [tokenizer.control_token(one, len(source)) for one in text[len(spoken) :]]
    read_as = tokenizer.normalize(source)
    return axis(source, [*before, *spoken, *after]) | ({} if read_as == source else {"read_as": read_as})


def piece_of(tokenizer: Tokenizer, token: int) -> dict[str, Any]:
    """A token without a place: its id, its piece, and how it is shown."""
    piece = tokenizer.piece(token)
    return {"id": token, "piece": piece, "text": shown(piece)}


def _token(text: str, token: Token) -> dict[str, Any]:
    # A piece's span may begin with the space before its word.
    inner = token.start + len(text[token.start : token.end]) - len(text[token.start : token.end].lstrip())
    letters = text[token.start : token.end]
    return {
        "id": token.id,
        "piece": token.piece,
        "text": token.piece if token.control else shown(token.piece),
        "start": token.start,
        "end": token.end,
        "byte_start": len(text[: token.start].encode()),
        "byte_end": len(text[: token.end].encode()),
        "word": None if token.control or inner >= len(text) else len(text[: inner + 1].split()) - 1,
        "special": token.control,
        "direction": "rtl" if any(unicodedata.bidirectional(c) in ("R", "AL") for c in letters) else "ltr",
        "script": next((script_of(c) for c in letters if c.isalpha()), "Common"),
    }


def script_of(character: str) -> str:
    """A character's script, by the first word of its Unicode name; "Common" for one that has none."""
    return unicodedata.name(character, "COMMON").split()[0].capitalize()
