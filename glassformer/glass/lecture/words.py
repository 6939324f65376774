"""The example's words as tokens: whole words with a blank between them."""

from collections.abc import Sequence
from typing import Any

from glassformer.glass.lecture.facts import WORDS
from glassformer.glass.tokens import axis
from glassformer.text.tokenizer import Token


def source_words(count: int) -> list[str]:
    """The lecture's three words; an embedding with more rows goes on with word4, word5, ..."""
    return [*WORDS[:count], *(f"word{place}" for place in range(len(WORDS) + 1, count + 1))]


def numbered_axis(word: str, count: int) -> dict[str, Any]:
    """An axis of words that the lecture does not name: word1, word2, ..."""
    return words_axis([f"{word}{place}" for place in range(1, count + 1)], range(count))


def words_axis(words: Sequence[str], ids: Sequence[int]) -> dict[str, Any]:
    """The record's axis of these words; <SOS> and <EOS> take no room in the text."""
    special = [word.startswith("<") for word in words]
    text = " ".join(word for word, hidden in zip(words, special, strict=True) if not hidden)
    tokens, end = [], 0
    for word, number, hidden in zip(words, ids, special, strict=True):
        start = end if hidden else text.index(word, end)
        end = start if hidden else start + len(word)
        tokens.append(Token(number, word, start, end))
    result = axis(text, tokens)
    # Elsewhere the first ids are the control tokens'; the lecture numbers its words from 0.
    for token, hidden in zip(result["tokens"], special, strict=True):
        place = None if hidden else len(text[: token["end"]].split()) - 1
        token |= {"text": token["piece"], "special": hidden, "word": place}
    return result
