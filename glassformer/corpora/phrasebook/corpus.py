"""Draw the sentences and part them: two words that a test sentence is about are never trained on together."""

import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from glassformer.collector import no_collection
from glassformer.corpora.corpus import Corpus
from glassformer.text.pairs import Pair

from . import because, clauses, descriptions, frames, questions, requests, statements, unseen
from .balance import FLOOR, Balance
from .draw import Draw
from .holding import held_pair, part_of
from .lecture import lecture
from .lexicon import load_lexicon
from .units import Sentence
from .writing import every_way, varied

# How many distinct sentences to draw of each pattern.
QUOTAS: dict[Callable[[Draw], Sentence | None], int] = {
    because.because_subject: 22_000,
    because.because_object: 21_500,
    because.because_weather: 3_000,
    statements.transitive: 10_500,
    statements.intransitive: 7_500,
    statements.conjugated: 13_800,
    statements.of_several: 2_400,
    statements.giving: 6_000,
    statements.feeling: 3_500,
    descriptions.quality: 5_000,
    descriptions.comparison: 5_000,
    descriptions.identity: 5_500,
    descriptions.kinship: 2_000,
    descriptions.pointing: 3_000,
    descriptions.location: 4_000,
    descriptions.having: 4_500,
    descriptions.lacking: 2_000,
    questions.yes_no: 8_500,
    questions.intended: 5_500,
    questions.refused: 4_000,
    questions.is_it: 4_000,
    questions.what: 2_500,
    questions.where_when_why: 3_000,
    questions.why_act: 4_000,
    questions.who: 2_500,
    questions.where_is: 1_500,
    questions.polite: 2_500,
    requests.imperative: 4_500,
    requests.liking: 5_000,
    requests.duty: 6_000,
    questions.is_someone: 3_000,
    frames.everyday: 79_000,
    frames.of_two: 6_500,
    frames.of_trades: 4_000,
    frames.counted: 8_000,
    frames.tabled: 7_500,
    clauses.joined: 2_500,
    clauses.told: 3_000,
    clauses.addressed: 10_500,
    clauses.pairs: 2_500,
    clauses.relative: 4_500,
    clauses.thing_relative: 2_500,
}
# Patterns that are never trained on, made of what is: the second held-out set.
UNSEEN: tuple[Callable[[Draw], Sentence | None], ...] = (
    unseen.because_liked,
    unseen.why_like,
    unseen.is_it_more,
    unseen.owners_owner,
    unseen.must_give,
)
PER_PAIR = 4  # held-out sentences of one held-out pair of words, so that many pairs are tried
# Times that a sentence without a slot stands in the text in each way that it is written. A training that drops
# duplicates sees it once; its tokenizers see it as often.
REPEATED = 10
FEW = 24  # times that a frame stands in the text at least, with its sentences again and again where it has fewer
PART_SIZE = 2_000  # sentences kept of each held-out part


def generate(seed: int = 1, share: float = 1.0) -> list[Sentence]:
    """All sentences, distinct, in an order that depends on the seed alone; the lecture's first.

    `share` scales the quotas: 0.1 gives a tenth of the corpus.
    """
    draw, balance = Draw(load_lexicon(), seed), Balance()
    always = {sentence.source: sentence for sentence in (*lecture(), *frames.fixed())}
    found = dict(always)
    with no_collection():
        for pattern, quota in QUOTAS.items():
            for sentence in _new(found, partial(balance.draw, pattern, draw), int(share * quota)):
                balance.count(sentence)
        drawn = list(found.values())[len(always) :]
        return [*always.values(), *balance.known_well(drawn, share * FLOOR, always.values())]


def _new(found: dict[str, Sentence], pattern: Callable[[], Sentence | None], quota: int) -> Iterator[Sentence]:
    """Add up to `quota` new sentences of a pattern, one after the other; a small pattern may run dry before."""
    full = len(found) + quota
    for _ in range(2 * quota):
        sentence = pattern()
        if sentence is not None:
            known = found.setdefault(sentence.source, sentence)
            if known is sentence:
                yield sentence
            elif known.target != sentence.target:
                raise AssertionError(f"two translations: {known} and {sentence}")
            if len(found) >= full:
                return


def split(sentences: list[Sentence], seed: int) -> dict[str, list[Sentence]]:
    """Part the sentences by the pairs of content words in them (see `holding`).

    A held-out sentence is left out where some word of it, in either language, is in no training
    sentence; of the rest at most PART_SIZE are kept, spread over the patterns.
    """
    parts: dict[str, list[Sentence]] = {"train": [], "valid": [], "test": []}
    for sentence in sentences:
        parts[part_of(sentence.source, seed)].append(sentence)
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
        spread = _a_few_of_each(covered, seed)
        parts[name] = sample(spread, Counter(sentence.pattern for sentence in parts["train"]), PART_SIZE)
    return parts


def _a_few_of_each(sentences: list[Sentence], seed: int) -> list[Sentence]:
    """The sentences less those whose held-out pair has PER_PAIR of them already."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for sentence in sentences:
        pair = held_pair(sentence.source, seed)
        seen[pair] += 1
        if seen[pair] <= PER_PAIR:
            kept.append(sentence)
    return kept


def sample(sentences: list[Sentence], shares: Counter[str], size: int) -> list[Sentence]:
    """Some `size` sentences, each pattern's share of them as in `shares`; fewer where there are not enough."""
    by_pattern: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        by_pattern.setdefault(sentence.pattern, []).append(sentence)
    total = sum(shares[pattern] for pattern in by_pattern)
    kept = []
    for pattern, found in by_pattern.items():
        wanted = min(len(found), max(1, int(size * shares[pattern] / total)))
        kept += [found[i * len(found) // wanted] for i in range(wanted)]
    return kept


def as_typed(sentences: list[Sentence], seed: int) -> list[Sentence]:
    """Training sentences as people type them; the lecture's and those without a slot in every way, several times, and
    those of a frame with few fillings several times."""
    always = {sentence.source for sentence in (*lecture(), *frames.fixed())}
    of_frames = Counter(sentence.key for sentence in sentences if sentence.key in frames.frame_keys())
    chance = random.Random(seed)
    typed: list[Sentence] = []
    for sentence in sentences:
        if sentence.source in always:
            typed += REPEATED * list(every_way(sentence))
        else:
            times = math.ceil(FEW / of_frames.get(sentence.key, FEW))
            typed += [varied(sentence, chance) for _ in range(times)]
    return typed


@lru_cache(maxsize=1)
def _parts(seed: int) -> dict[str, list[Sentence]]:
    """Kept, because who trains on the corpus asks for its sentences again afterwards."""
    with no_collection():
        parts = split(generate(seed), seed)
        return parts | {"train": as_typed(parts["train"], seed)}


@no_collection()
def load_phrasebook(seed: int = 1) -> Corpus:
    """The corpus `phrasebook`: about 300,000 pairs for training, some 1,500 to validate and to test."""
    pairs = {
        name: [
            Pair(sentence.source, sentence.target, f"phrasebook:{sentence.pattern}", number)
            for number, sentence in enumerate(sentences, 1)
        ]
        for name, sentences in _parts(seed).items()
    }
    return Corpus("phrasebook", pairs["train"], pairs["valid"], pairs["test"])


def held_out(seed: int = 1, part: str = "test") -> list[Sentence]:
    """A held-out part, "test" or "valid", as sentences, which know what their because-clauses refer to.

    They are written plainly, without a stop.
    """
    return _parts(seed)[part]


def unseen_patterns(seed: int = 1, each: int = 100) -> list[Sentence]:
    """The second held-out set: `each` sentences of every pattern of UNSEEN."""
    return _drawn(dict.fromkeys(UNSEEN, each), seed)


def unseen_names(seed: int = 1, size: int = 200) -> list[Sentence]:
    """The third held-out set: sentences about a name that no training sentence has."""
    return _drawn({unseen.new_name: size}, seed)


def _drawn(quotas: dict[Callable[[Draw], Sentence | None], int], seed: int) -> list[Sentence]:
    draw = Draw(load_lexicon(), seed)
    found: dict[str, Sentence] = {}
    for pattern, quota in quotas.items():
        deque(_new(found, partial(pattern, draw), quota), maxlen=0)
    return list(found.values())
