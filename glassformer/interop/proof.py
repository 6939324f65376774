"""An export proves itself: the other program reads it, and must say the same as we do, token for token."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from glassformer.engine.generation import generate
from glassformer.errors import GlassformerError, InputError, is_out_of_memory
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

SENTENCES = 200  # that an export is proven on, where so many are given
LENGTH = 64  # tokens, at most, of their translations
TOLERANCE = 1e-5  # the most by which a log-probability may differ in float32
SAME_INT8 = 0.99  # the share of the tokens that int8 must leave as they are
LONGEST_REASON = 200  # characters of another program's message that are shown

Ids = list[list[int]]


class OtherEngine(Protocol):
    """Another program with the exported model, on our ids; sources and targets end with `</s>`."""

    name: str

    def source_ids(self, texts: Sequence[str], to: str | None) -> Ids:
        """Its own tokenization of the texts."""
        ...

    def greedy(self, sources: Ids, most: int) -> Ids:
        """Its greedy translations, of at most so many tokens, `</s>` included."""
        ...

    def log_probs(self, sources: Ids, targets: Ids) -> list[list[float]]:
        """Its log-probability of each token of the targets."""
        ...


class Int8Engine(OtherEngine, Protocol):
    """One with weights of 8 bits, which may differ a little."""

    def next_tokens(self, sources: Ids, targets: Ids) -> Ids:
        """The token it would write at each place of the targets, after what stands before it there."""
        ...


@dataclass(frozen=True)
class Proof:
    """What a comparison found: so many tokens, so many of them the same, and the largest difference of a log p."""

    engine: str
    sentences: int
    tokens: int
    same: int
    difference: float

    def __str__(self) -> str:
        return (
            f"proven by {self.engine} on {self.sentences} sentences: {self.same:,} of {self.tokens:,} tokens are the "
            f"same, log-probabilities differ by at most {self.difference:.1e}"
        )


@contextmanager
def running(program: str) -> Iterator[None]:
    """Around what another program computes: where it fails, an InputError says so in one line.

    It may be of another version, damaged or without memory, or not know what the export asks for. Errors of the system,
    such as a full disk, stay what they are. PanicException, which libraries in Rust raise, is no Exception.
    """
    try:
        yield
    except (GlassformerError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        if isinstance(error, OSError) and error.errno:
            raise
        if is_out_of_memory(error):
            raise InputError(f"not proven, so not exported: {program} has not enough memory for the model") from None
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "without a reason")
        raise InputError(
            f"not proven, so not exported: {program} fails ({type(error).__name__}: {reason[:LONGEST_REASON]}); update "
            "it or install it again"
        ) from error


def prove(
    translator: Translator,
    other: OtherEngine,
    sentences: Sequence[str],
    next_tokens: Callable[[Ids, Ids], Ids] | None = None,
) -> Proof:
    """Compare greedy translations and the log-probabilities of ours; the targets of the model take turns.

    `next_tokens` is for an engine with int8 weights: which token it would write at each place of our translation. Its
    own translation says less, for after one other word all others differ.
    Raises InputError where they differ more than they may, by float32's standard or by int8's.
    """
    config, targets = translator.model.config, translator.targets or (None,)
    most = max(1, min(LENGTH, config.max_length - 1))  # CTranslate2 scores `</s>` after what was cut off too
    tokens = same = counted = 0
    difference = 0.0
    for number, to in enumerate(targets):
        texts, ids = _usable(translator, sentences[number :: len(targets)], to)
        if not texts:
            continue
        with running(other.name):
            theirs = other.source_ids(texts, to)
        if wrong := next((t for t, own, their in zip(texts, ids, theirs, strict=True) if own != their), None):
            raise InputError(f"not exported: {other.name} tokenizes a sentence in another way: {wrong}")
        found = generate(translator.engine, ids, SearchOptions(beam=1, max_length=most))
        ours = [list(hypotheses[0].tokens) for hypotheses in found]
        with running(other.name):
            written = next_tokens(ids, ours) if next_tokens else other.greedy(ids, most)
            found_log_probs = other.log_probs(ids, ours)
        for own, their in zip(ours, written, strict=True):
            tokens += max(len(own), len(their))
            same += sum(one == another for one, another in zip(own, their, strict=False))
        expected = [score.token_log_probs for score in translator.engine.score(ids, ours)]
        difference = max(difference, _largest(expected, found_log_probs))
        counted += len(texts)
    proof = Proof(other.name, counted, tokens, same, difference)
    if not tokens:
        raise InputError("not exported: no sentence to prove it on fits the model; give some with --sentences")
    enough = same >= SAME_INT8 * tokens if next_tokens else same == tokens and difference <= TOLERANCE
    if not enough:
        raise InputError(f"not exported: it does not compute the same; {str(proof).removeprefix('proven ')}")
    return proof


def _usable(translator: Translator, texts: Sequence[str], to: str | None) -> tuple[list[str], Ids]:
    """The texts that are not blank and not too long, and their ids with `</s>`."""
    tokenizer = translator.source_tokenizer
    stripped = [text.strip() for text in texts]
    ids = source_ids(tokenizer, stripped, to)
    fits = [
        bool(text) and len(one) <= translator.model.config.max_length for text, one in zip(stripped, ids, strict=True)
    ]
    return ([text for text, fit in zip(stripped, fits, strict=True) if fit],
            [one for one, fit in zip(ids, fits, strict=True) if fit])  # fmt: skip


def source_ids(tokenizer: Tokenizer, texts: Sequence[str], to: str | None) -> Ids:
    """The ids of each text, with the symbol of its target in front and `</s>` behind."""
    return [[*tokenizer.target_ids(to), *ids, EOS] for ids in tokenizer.encode_all(texts)]


def _largest(expected: Iterable[Sequence[float]], found: Iterable[Sequence[float]]) -> float:
    pairs = ((a, b) for row, other in zip(expected, found, strict=True) for a, b in zip(row, other, strict=True))
    return max((abs(a - b) if math.isfinite(b) else math.inf for a, b in pairs), default=0.0)
