"""Draw the sentences and part them: no combination of words is both trained on and tested."""

import gc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from glassformer.corpora.corpus import Corpus
from glassformer.text.pairs import Pair

from . import because, descriptions, questions, requests, statements
from .draw import Draw
from .lecture import lecture
from .lexicon import load_lexicon
from .units import Sentence

# How many distinct sentences to draw of each pattern.
QUOTAS: dict[Callable[[Draw], Sentence | None], int] = {
    because.because_subject: 29_000,
    because.because_object: 29_000,
    because.because_weather: 4_000,
    statements.transitive: 38_000,
    statements.intransitive: 17_000,
    statements.giving: 8_500,
    statements.feeling: 5_000,
    descriptions.quality: 10_000,
    descriptions.comparison: 7_000,
    descriptions.identity: 3_000,
    descriptions.pointing: 6_000,
    descriptions.location: 8_500,
    descriptions.having: 8_000,
    descriptions.lacking: 3_000,
    questions.yes_no: 11_000,
    questions.is_it: 4_000,
    questions.what: 2_500,
    questions.where_when_why: 2_500,
    questions.why_act: 6_000,
    questions.who: 4_000,
    questions.where_is: 2_000,
    questions.polite: 5_000,
    requests.imperative: 6_000,
    requests.liking: 6_000,
    requests.duty: 6_000,
}
HELD_OUT = 20  # of every thousand keys, for validation and again for test
PART_SIZE = 2_000  # sentences kept of each of them


def generate(seed: int = 1, share: float = 1.0) -> list[Sentence]:
    """All sentences, distinct, in an order that depends on the seed alone; the lecture's first.

    `share` scales the quotas: 0.1 gives a tenth of the corpus.
    """
    draw = Draw(load_lexicon(), seed)
    found = {sentence.source: sentence for sentence in lecture()}
    with _no_collection():
        for pattern, quota in QUOTAS.items():
            _fill(found, pattern, draw, int(share * quota))
    return list(found.values())


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector off: a quarter of a million tuples, and none of them garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _fill(
    found: dict[str, Sentence],
    pattern: Callable[[Draw], Sentence | None],
    draw: Draw,
    quota: int,
) -> None:
    """Add up to `quota` new sentences of a pattern; a small pattern may run dry before."""
    full = len(found) + quota
    for _ in range(2 * quota):
        sentence = pattern(draw)
        if sentence is not None:
            known = found.setdefault(sentence.source, sentence)
            if known is not sentence and known.target != sentence.target:
                raise AssertionError(f"two translations: {known} and {sentence}")
            if len(found) >= full:
                return


def part_of(key: str, seed: int = 1) -> str:
    """As in "train", "valid" or "test", by a hash of the seed and the key."""
    at = zlib.crc32(f"{seed}|{key}".encode()) % 1000
    if at < HELD_OUT:
        return "test"
    return "valid" if at < 2 * HELD_OUT else "train"


def split(sentences: list[Sentence], seed: int) -> dict[str, list[Sentence]]:
    """Part the sentences by key; the lecture's keys are for training.

    A held-out sentence is left out where some word of it, in either language, is in no training
    sentence; of the rest at most PART_SIZE are kept, spread over the patterns.
    """
    parts: dict[str, list[Sentence]] = {"train": [], "valid": [], "test": []}
    forced = {sentence.key for sentence in lecture()}
    for sentence in sentences:
        part = "train" if sentence.key in forced else part_of(sentence.key, seed)
        parts[part].append(sentence)
    known: set[str] = set()
    for sentence in parts["train"]:
        known.update(sentence.source.split())
        known.update(sentence.target.split())
    for name in ("valid", "test"):
        covered = [
            sentence
            for sentence in parts[name]
            if known.issuperset(sentence.source.split()) and known.issuperset(sentence.target.split())
        ]
        step = max(1.0, len(covered) / PART_SIZE)
        kept = min(len(covered), PART_SIZE)
        parts[name] = [covered[int(i * step)] for i in range(kept)]
    return parts


@lru_cache(maxsize=1)
def _parts(seed: int) -> dict[str, list[Sentence]]:
    """Kept, because who trains on the corpus asks for its sentences again afterwards."""
    return split(generate(seed), seed)


def load_phrasebook(seed: int = 1) -> Corpus:
    """The corpus `phrasebook`: about 220,000 pairs for training, 2,000 to validate and to test."""
    pairs = {
        name: [
            Pair(sentence.source, sentence.target, f"phrasebook:{sentence.pattern}", number)
            for number, sentence in enumerate(sentences, 1)
        ]
        for name, sentences in _parts(seed).items()
    }
    return Corpus("phrasebook", pairs["train"], pairs["valid"], pairs["test"])


def held_out(seed: int = 1) -> list[Sentence]:
    """The test part as sentences, which know what their because-clauses refer to."""
    return _parts(seed)["test"]
