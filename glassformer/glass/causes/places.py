"""Places in a sentence, by number or by word."""

from collections.abc import Mapping
from typing import Any

from glassformer.errors import InputError, UsageError, nearest
from glassformer.glass.causes.interventions import Places, listed
from glassformer.glass.tokens import axis
from glassformer.text.tokenizer import Tokenizer

Axis = Mapping[str, Any]  # of a record: its tokens, and the text that they stand for
PUNCTUATION = ".,;:!?\"'()[]{}।॥…“”‘’«»¿¡"


def written_axis(tokenizer: Tokenizer, ids: list[int]) -> Axis:
    """The tokens that the steps write, as an axis: place t is what step t says."""
    return axis(tokenizer.decode(ids), tokenizer.tokens_of(ids))


def words_of(tokens: Axis) -> list[str | None]:
    """For each token the word that it is of, without punctuation around it; None for control tokens."""
    words = tokens["text"].split()
    return [None if one["word"] is None else bare(words[one["word"]]) for one in tokens["tokens"]]


def bare(word: str) -> str:
    """A word without the punctuation around it."""
    return word.strip(PUNCTUATION) or word


def numbered(places: Places, tokens: Axis, where: str) -> tuple[int, ...] | None:
    """Places as numbers: a word stands for all tokens of all its occurrences. None for all places.

    Raises UsageError for a place that is not there, InputError for such a word. How long a translation becomes is not
    known yet, so that places of the target have no end.
    """
    if places is None:
        return None
    found: list[int] = []
    for place in listed(places) or ():
        found += _of_word(place, tokens, where) if isinstance(place, str) else [_checked(place, tokens, where)]
    return tuple(dict.fromkeys(found))


def _checked(place: int, tokens: Axis, where: str) -> int:
    if place < 0:
        raise UsageError(f"place {place} of the {where}: places begin with 0")
    if where == "source" and place >= (count := len(tokens["tokens"])):
        raise UsageError(f"place {place} of the source: its places are 0 to {count - 1}")
    return place


def _of_word(word: str, tokens: Axis, where: str) -> list[int]:
    words = words_of(tokens)
    wanted = bare(word).casefold()
    found = [place for place, one in enumerate(words) if one is not None and one.casefold() == wanted]
    found = found or [place for place, one in enumerate(tokens["tokens"]) if word in (one["text"], one["piece"])]
    if not found:
        known = list(dict.fromkeys(one for one in words if one))
        raise InputError(f"the {where} has no word '{word}'; {nearest(word, known)}")
    return found
