"""Byte-level BPE, as GPT-2 and BART have it (Radford et al. 2019): its pieces are made of a text's bytes in UTF-8.

The text is cut by a pattern first, and no piece reaches across a cut. The file is a SentencePiece model of kind `bpe`:
its pieces are written in GPT-2's letters for bytes (LETTERS), and the score of each is the negative place of its merge.
SentencePiece merges the two pieces that make the one of the best score, BPE the two that its list names first. Both do
the same where each piece has one merge: of what it is made, just before that merge, is the same wherever it stands.
"""

import codecs
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from random import Random
from typing import Any

from glassformer.errors import UsageError
from glassformer.special import BOS, UNK
from glassformer.text.encoding import refuse_surrogates
from glassformer.text.tokenizer import BOUNDARY, META, Ids, Token, Tokenizer

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # GPT-2's (its encoder.py)


def letters_of_bytes() -> list[str]:
    """GPT-2's letter for each byte: printable ones are themselves, the others follow from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]


LETTERS = [META if byte == ord(" ") else letter for byte, letter in enumerate(letters_of_bytes())]
_BYTES = {letter: bytes([byte]) for byte, letter in enumerate(LETTERS)}


@cache
def _pattern() -> Any:
    import regex  # the standard library's `re` has no \p{L}

    return regex.compile(PATTERN)


class ByteLevelTokenizer(Tokenizer):
    """Text to ids and back. Both sides begin with `<s>`, as BART's do; no character is unknown."""

    def _parts(self, text: str) -> list[str]:
        """The parts between which no piece reaches across, in letters for bytes."""
        return ["".join(LETTERS[byte] for byte in part.encode()) for part in _pattern().findall(text)]

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, without control tokens; UsageError for a lone surrogate."""
        return self.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> Ids:
        """`encode` for many texts at once."""
        refuse_surrogates(texts)
        found = self._encode_many([BOUNDARY.join(self._parts(text)) for text in texts])
        return [[one for one in ids if one != UNK] for ids in found]  # the boundaries, which are no letters

    def fits(self, text: str, most: int) -> bool:
        """Whether `text` has at most so many tokens."""
        return len(self.encode(text)) <= most

    def _sample(self, text: str, dropout: float, random: Random) -> list[int]:
        return [one for part in self._parts(text) for one in self._sampler.sample(part, dropout, random)]

    @cached_property
    def _bytes(self) -> list[bytes]:
        """The bytes of each piece; of an added token, those of its name."""
        pieces = map(self._pieces.id_to_piece, range(self.vocab_size))
        return [b"".join(_BYTES.get(letter) or letter.encode() for letter in piece) for piece in pieces]

    @cached_property
    def pieces(self) -> list[str]:
        """The piece of each id: its text (`▁` for a space), or its bytes (`<0xE2>`) where they are no text to show."""
        return list(map(_named, self._bytes))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.pieces)}

    def _ids(self, pieces: list[str]) -> list[int]:
        return [self._numbers[piece] for piece in pieces]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; control tokens are skipped, bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self._bytes[one] for one in ids if not self.is_control(one)).decode(errors="replace")

    def decode_all(self, sentences: Iterable[Iterable[int]]) -> list[str]:
        """`decode` for many sentences at once."""
        return [self.decode(ids) for ids in sentences]

    def tokens(self, text: str) -> list[Token]:
        """The tokens of `text` with their character spans; some of a character's bytes have that character's."""
        owners = [number for number, character in enumerate(text) for _ in character.encode()]
        tokens, place = [], 0
        for one in self.encode(text):
            start = place
            place += len(self._bytes[one])
            tokens.append(Token(one, self.piece(one), owners[start], owners[place - 1] + 1))
        return tokens

    def _with_spans(self, pieces: list[str], text: str, position: int) -> list[Token]:
        decoder, tokens, end = codecs.getincrementaldecoder("utf-8")("replace"), [], 0
        for one, piece in zip(self._ids(pieces), pieces, strict=True):
            start = end
            end += len(decoder.decode(self._bytes[one]))
            begun = bool(decoder.getstate()[0])  # bytes of a character that is not whole yet
            tokens.append(Token(one, piece, start, end + begun))
        return tokens

    def as_read(self, text: str) -> str:
        """`text`, which no rule changes."""
        return text.strip()

    def extended(self, pieces: Sequence[str]) -> Tokenizer:
        """UsageError: there is nothing to add."""
        raise UsageError("the vocabulary is of bytes and spells every character; leave --extend-vocabulary out")

    def target_ids(self, direction: str | None) -> list[int]:
        """`<s>`, which each source begins with; UsageError for a direction."""
        return [*super().target_ids(direction), BOS]

    def beginning_ids(self, direction: str | None) -> list[int]:
        """`<s>`, which each translation begins with."""
        return [BOS]

    def split_target(self, ids: list[int]) -> tuple[list[int], list[int]]:
        """A side's ids in two: `<s>`, if they begin with it, and the text."""
        return ids[: ids[:1] == [BOS]], ids[ids[:1] == [BOS] :]


def _named(spelt: bytes) -> str:
    try:
        text = spelt.decode()
    except UnicodeDecodeError:
        text = META
    is_shown = text.isprintable() and META not in text
    return text.replace(" ", META) if is_shown else "".join(f"<0x{byte:02X}>" for byte in spelt)


def of_its_kind(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, as a ByteLevelTokenizer where its file is one's."""
    return ByteLevelTokenizer(tokenizer.to_bytes()) if tokenizer.is_byte_level else tokenizer
