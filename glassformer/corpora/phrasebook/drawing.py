"""Draw the sentences of all patterns: those of the frames in a process of their own, while the others are drawn."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from subprocess import DEVNULL, PIPE

from glassformer.collector import no_collection

from . import because, clauses, descriptions, frames, questions, requests, statements
from .balance import FLOOR, Balance
from .draw import Draw
from .lecture import lecture
from .lexicon import load_lexicon
from .units import Sentence

Pattern = Callable[[Draw], Sentence | None]

# How many distinct sentences to draw of each pattern.
OF_GRAMMAR: dict[Pattern, int] = {
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
    clauses.joined: 2_500,
    clauses.told: 3_000,
    clauses.addressed: 10_500,
    clauses.pairs: 2_500,
    clauses.relative: 4_500,
    clauses.thing_relative: 2_500,
}
OF_FRAMES: dict[Pattern, int] = {
    frames.everyday: 79_000,
    frames.of_two: 6_500,
    frames.of_trades: 4_000,
    frames.counted: 8_000,
    frames.tabled: 7_500,
}
SAMPLED = 20  # one sentence in so many tells how often a word is in the others


def generate(seed: int = 1, share: float = 1.0) -> list[Sentence]:
    """All sentences, distinct, in an order that depends on the seed alone; the lecture's first.

    `share` scales the quotas: 0.1 gives a tenth of the corpus.
    """
    always = list(said_always().values())
    with no_collection(), _other_process(seed, share) as process:
        balance = Balance()
        found = _drawn(OF_GRAMMAR, balance, seed, share)
        for sentence in _read_from(process, seed, share):
            if _added(found, sentence):
                balance.count(sentence)
        drawn = list(found.values())[len(always) :]
        return [*always, *balance.known_well(drawn, share * FLOOR, always)]


def said_always() -> dict[str, Sentence]:
    """The sentences that are in every text, by their source: the lecture's and those without a slot."""
    return {sentence.source: sentence for sentence in (*lecture(), *frames.fixed())}


def _drawn(quotas: dict[Pattern, int], balance: Balance, seed: int, share: float) -> dict[str, Sentence]:
    """Sentences of these patterns by their source, after those that are said always. They are counted in `balance`."""
    draw, found = Draw(load_lexicon(), seed), said_always()
    for pattern, quota in quotas.items():
        for sentence in new_sentences(found, partial(balance.draw, pattern, draw), int(share * quota)):
            balance.count(sentence)
    return found


def new_sentences(found: dict[str, Sentence], pattern: Callable[[], Sentence | None], quota: int) -> Iterator[Sentence]:
    """Add up to `quota` new sentences of a pattern, one after the other; a small pattern may run dry before."""
    full = len(found) + quota
    for _ in range(2 * quota):
        sentence = pattern()
        if sentence is not None:
            if _added(found, sentence):
                yield sentence
            if len(found) >= full:
                return


def _added(found: dict[str, Sentence], sentence: Sentence) -> bool:
    """Whether the sentence is new. AssertionError where it has another translation than before."""
    known = found.setdefault(sentence.source, sentence)
    if known.target != sentence.target:
        raise AssertionError(f"two translations: {known} and {sentence}")
    return known is sentence


@contextmanager
def _other_process(seed: int, share: float) -> Iterator[subprocess.Popen[bytes] | None]:
    """A process that draws the sentences of frames, and ends with the context; None where there can be none."""
    call = f"from {__name__} import write_of_frames; write_of_frames({seed!r}, {share!r})"
    command = (sys.executable, "-P", "-c", call)  # -P: no module of the user's working directory
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = None
    # An embedded Python has no program of its own, and a frozen program would start itself.
    if sys.executable and not getattr(sys, "frozen", False):
        with suppress(OSError):
            process = subprocess.Popen(
                command, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
    try:
        yield process
    finally:
        if process:
            with process:
                process.kill()


def _read_from(process: subprocess.Popen[bytes] | None, seed: int, share: float) -> Iterator[Sentence]:
    """The sentences that the process has drawn; drawn here, and the same, where there is none or it failed."""
    written = process.communicate()[0] if process else b""
    rows = _of_frames(seed, share) if process is None or process.returncode else json.loads(written)
    return (frames.sentence_of(*row) for row in rows)


def _of_frames(seed: int, share: float) -> list[tuple[str, str, str]]:
    """The sentences of frames, each as its frame's key and both sides with their marks.

    Which words the others have often is not known yet: it is taken from a few of them.
    """
    with no_collection():
        balance = Balance()
        _drawn(OF_GRAMMAR, balance, seed, share / SAMPLED)
        balance.multiply(SAMPLED)
        found = _drawn(OF_FRAMES, balance, seed, share)
    return [(sentence.key, *sentence.units[0].marked) for sentence in list(found.values())[len(said_always()) :]]


def write_of_frames(seed: int, share: float) -> None:
    """Write them to standard output, as JSON: what the other process does."""
    json.dump(_of_frames(seed, share), sys.stdout)
