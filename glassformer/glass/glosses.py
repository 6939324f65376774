"""Glosses: what words of the target mean, kept in a record for a reader who does not know that language."""

import dataclasses
import re
from collections.abc import Iterator, Mapping

from glassformer.glass.causes.places import bare
from glassformer.glass.record import Trace
from glassformer.text.tokenizer import META


def with_glosses(trace: Trace, glosses: Mapping[str, str]) -> Trace:
    """The trace with the glosses of those words that its views can show: of its vocabulary, or else of what it says."""
    known = {word: glosses[word] for word in _words(trace) if word in glosses}
    return dataclasses.replace(trace, glosses=known or None)


ASIDE = re.compile(r" \([^)]{8,}\)")  # longer than a gender or a number: when the word is used


def meaning(trace: Trace, word: str) -> str | None:
    """What fits below a word: the first of its meanings, without asides; None where none is known."""
    known = (trace.glosses or {}).get(bare(word))
    return ASIDE.sub("", known.split("; ")[0]) if known else None


def _words(trace: Trace) -> Iterator[str]:
    """The words that a piece of the vocabulary is, and those of translations, candidates and beams."""
    if trace.vocabulary is not None:
        yield from (piece.removeprefix(META) for piece in trace.vocabulary["target"] or ())
    cause, decode, beam = trace.cause or {}, trace.decode or {}, trace.beam or {}
    second = cause.get("second") or {}
    texts = [trace.axes["target"].get("text", ""), decode.get("text", ""), second.get("translation", "")]
    texts += [one["text"] for step in decode.get("steps", ()) for one in (*step["candidates"], step["chosen"])]
    texts += [node["text"] for node in beam.get("nodes", ())]
    texts += [one["text"] for depth in cause.get("lens", ()) for one in depth["candidates"]]
    texts += [cause["contrast"][side]["text"] for side in "ab" if cause]
    for text in texts:
        yield from map(bare, text.split())
