"""Asking: which two words, at which step, of which sentence, and perhaps beside which other sentence.

Axes: T target tokens, V vocabulary.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from glassformer.arguments import checked
from glassformer.engine import SUPPRESSED, generate
from glassformer.engine.checking import refuse_other_ids
from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.contrast import Contrast, Measure
from glassformer.glass.causes.patching import Alignment, align
from glassformer.glass.causes.places import Axis, numbered, written_axis
from glassformer.glass.causes.running import Reading
from glassformer.glass.tokens import piece_of, source_axis
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.translator import Translator


@dataclass(frozen=True)
class Sentence:
    """A sentence as a model reads it: its text, its ids with `</s>`, and the ids that its translation begins with."""

    translator: Translator = field(repr=False)
    text: str
    ids: list[int]
    begins: list[int]

    @classmethod
    def of(cls, translator: Translator, text: str, to: str | None = None) -> "Sentence":
        """The text's sentence. Raises InputError where there is none."""
        (ids,) = translator.source_ids([text.strip()], to=to)
        if not ids:
            raise InputError("there is no sentence to ask about: it is blank")
        return cls(translator, text.strip(), ids, translator.target_tokenizer.beginning_ids(to))

    @property
    def axis(self) -> Axis:
        """Its tokens."""
        return source_axis(self.translator.source_tokenizer, self.text, self.ids)

    @cached_property
    def translation(self) -> list[int]:
        """The ids of its greedy translation, with `</s>`; made when first asked for, once."""
        ((found, *_),) = generate(self.translator.engine, [self.ids], SearchOptions(beam=1), prefixes=[self.begins])
        return list(found.tokens)

    def log_probs(self, ids: list[int]) -> Tensor:
        """log p of every token at every step (T, V) where it is translated by `ids`."""
        return log_probs(self.translator, self.ids, ids)


@dataclass(frozen=True)
class Other:
    """The second sentence: what the model reads of it, with the first one's translation so far, and its tokens.

    `places`: pairs of source places (first sentence, second sentence) that stand for each other. `says`: what the
    contrast is there.
    """

    sentence: Sentence
    reading: Reading
    source: Axis
    places: Alignment
    says: float

    @property
    def text(self) -> str:
        """The sentence."""
        return self.sentence.text


@dataclass(frozen=True)
class Question:
    """A contrast in its sentence. `target` are the tokens as written: place t is what step t says."""

    reading: Reading
    contrast: Contrast
    source: Axis
    target: Axis
    a: dict[str, Any]
    b: dict[str, Any]
    other: Other | None = None

    @property
    def text(self) -> str:
        """In words: थका or थकी?"""
        return f"{self.a['text']} or {self.b['text']}?"


class _Choice(NamedTuple):
    """A contrast that may be asked: at `step` token `a` stands, `b` could."""

    step: int
    a: int
    b: int


@checked
def ask(
    translator: Translator,
    source: str,
    *,
    target: str | Sequence[int] | None = None,
    word: str | None = None,
    step: int | None = None,
    against: str | None = None,
    versus: str | None = None,
    runner_up: bool = False,
    measure: Measure = "logit_difference",
    to: str | None = None,
) -> Question:
    """The question why the translation of `source` says one word and not another.

    The translation is the greedy one, or the `target` that is forced (text, or ids with `</s>`). Its word is `word`, or
    that of `step`; the other one is `against`, or what the translation of the second sentence `versus` has in that
    place, or the runner-up (with `runner_up` also where there is a second sentence). What is left open is decided by
    one rule: the place where the other word is the likeliest; with a second sentence, of the places where that has the
    other word rather, after the same words too, if there are any. Of words of several tokens the first ones that differ
    are compared. `to` is the target's language, where the model has several.

    Raises UsageError or InputError for what makes no question.
    """
    first = Sentence.of(translator, source, to)
    second = None if versus is None else Sentence.of(translator, versus, to)
    ids = first.translation if target is None else _forced(translator, target, to)
    written = written_axis(translator.target_tokenizer, ids)
    log_probs_TV = first.log_probs(ids)
    wanted = _wanted(written, word, step)
    if runner_up or (against is None and second is None):
        choices = list(_runners_up(log_probs_TV, ids, wanted))
    elif against is not None:
        choices = list(_against(translator, against, ids, written, wanted))
    else:
        assert second is not None
        choices = list(_of_second(translator, second.translation, ids, written, wanted))
    if not choices:
        raise InputError(_nothing(against, versus))
    second_TV = None if second is None else second.log_probs(ids)
    if second_TV is not None:
        choices = [one for one in choices if second_TV[one.step, one.b] > second_TV[one.step, one.a]] or choices
    best = max(choices, key=lambda one: float(log_probs_TV[one.step, one.b]))
    contrast = Contrast(best.step, best.a, best.b, measure)
    reading = Reading(tuple(first.ids), (translator.model.config.decoder_start_id, *ids[: best.step]))
    other = None
    if second is not None and second_TV is not None:
        says = float(contrast(second_TV[best.step]))
        there = Reading(tuple(second.ids), reading.read)
        other = Other(second, there, second.axis, align(first.axis, second.axis), says)
    return Question(
        reading=reading,
        contrast=contrast,
        source=first.axis,
        target=written,
        a=piece_of(translator.target_tokenizer, best.a),
        b=piece_of(translator.target_tokenizer, best.b),
        other=other,
    )


def _forced(translator: Translator, target: str | Sequence[int], to: str | None) -> list[int]:
    tokenizer = translator.target_tokenizer
    if isinstance(target, str):
        ids = [*tokenizer.beginning_ids(to), *tokenizer.encode(target.strip()), EOS]
    else:
        ids = np.asarray(target).tolist()
        refuse_other_ids(ids, translator.config.vocab_size, "target")
    translator.model.config.check_length(len(ids), "the target", "shorten it")
    return ids


@torch.inference_mode()
def log_probs(translator: Translator, source: list[int], ids: list[int]) -> Tensor:
    """log p of every token at every step (T, V)."""
    device = translator.device
    read = [translator.model.config.decoder_start_id, *ids[:-1]]
    logits = translator.model(torch.tensor([source], device=device), torch.tensor([read], device=device))
    log_probs_TV: Tensor = logits[0].float().log_softmax(-1).cpu()
    return log_probs_TV


def _wanted(written: Axis, word: str | None, step: int | None) -> range | tuple[int, ...]:
    """The steps that may be asked about: that of the word, the given one, or all."""
    count = len(written["tokens"])
    if step is not None and not 0 <= step < count:
        raise UsageError(f"step is {step}: the translation has the steps 0 to {count - 1}")
    if word is not None:
        steps = numbered(word, written, "translation") or ()
        if step is not None and step not in steps:
            raise UsageError(f"step {step} does not write '{word}', but step {', '.join(map(str, steps))} does")
        return (step,) if step is not None else steps
    return range(count) if step is None else (step,)


def _runners_up(log_probs_TV: Tensor, ids: list[int], wanted: Sequence[int]) -> Iterator[_Choice]:
    allowed_TV = log_probs_TV.clone()
    allowed_TV[:, list(SUPPRESSED)] = -torch.inf
    for step in wanted:
        allowed_TV[step, ids[step]] = -torch.inf
        yield _Choice(step, ids[step], int(allowed_TV[step].argmax()))


def _against(
    translator: Translator, word: str, ids: list[int], written: Axis, wanted: Sequence[int]
) -> Iterator[_Choice]:
    """The given word in the place of each of the translation's words."""
    others = translator.target_tokenizer.encode(word)
    spans = _words(written)
    for first, end in spans:
        if others and any(first <= step < end for step in wanted):
            yield from _difference(ids, first, end, others)


def _difference(ids: list[int], first: int, end: int, others: list[int]) -> Iterator[_Choice]:
    """The first token in which ids[first:end] and another word differ; nothing where they do not."""
    own, follows = ids[first:end], ids[end : end + 1]
    for offset, (a, b) in enumerate(zip([*own, *follows], [*others, *follows], strict=False)):
        if a != b:
            yield _Choice(first + offset, a, b)
            return


def _words(written: Axis) -> list[tuple[int, int]]:
    """The tokens [first, end) of each word; a control token is one of its own."""
    tokens = written["tokens"]
    starts = [
        place
        for place, one in enumerate(tokens)
        if place == 0 or one["word"] is None or one["word"] != tokens[place - 1]["word"]
    ]
    return list(zip(starts, [*starts[1:], len(tokens)], strict=True))


def _of_second(
    translator: Translator, other_ids: list[int], ids: list[int], written: Axis, wanted: Sequence[int]
) -> Iterator[_Choice]:
    """Where the second sentence's translation has other words: those, in the place of the first one's."""
    other = written_axis(translator.target_tokenizer, other_ids)
    spans, other_spans = _words(written), _words(other)
    names, other_names = (
        [tuple(some[first:end]) for first, end in each] for some, each in ((ids, spans), (other_ids, other_spans))
    )
    for kind, i, i_end, j, j_end in difflib.SequenceMatcher(None, names, other_names, autojunk=False).get_opcodes():
        if kind != "replace":
            continue
        # Words after a first difference correspond to each other only where there are as many.
        for one, two in list(zip(range(i, i_end), range(j, j_end), strict=False))[
            : None if i_end - i == j_end - j else 1
        ]:
            if any(spans[one][0] <= step < spans[one][1] for step in wanted):
                yield from _difference(ids, *spans[one], list(other_names[two]))


def _nothing(against: str | None, versus: str | None) -> str:
    if against is not None:
        return f"the translation says '{against}' there itself; name another word"
    if versus is not None:
        return "both sentences have the same word there; ask about another, or name the other word (--against)"
    return "there is no other word to compare with"
