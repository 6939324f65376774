"""`study`: what the heads of a model do, measured over sentence pairs that it has not seen."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from glassformer.errors import InputError
from glassformer.glass.causes.study.contrasts import Contrasts, Findings, measure
from glassformer.glass.causes.study.interval import Estimate, estimate
from glassformer.glass.causes.study.patterns import HeadName, looks
from glassformer.glass.observe import observe
from glassformer.special import EOS
from glassformer.text.pairs import Pair
from glassformer.translator import Translator

LIMIT = 100  # sentences for each finding: a share of one half is then known to a tenth


@dataclass(frozen=True)
class Study:
    """Each head's patterns, with the mean weight on each, over `sentences` pairs; and the contrasts' findings."""

    sentences: int
    patterns: dict[HeadName, dict[str, Estimate]]
    contrasts: tuple[Findings, ...]

    def to_dict(self) -> dict[str, Any]:
        """The study as values for JSON."""
        return {
            "sentences": self.sentences,
            "patterns": [
                {"attention": attention, "head": head, **{name: asdict(one) for name, one in some.items()}}
                for (attention, head), some in self.patterns.items()
            ],
            "contrasts": [_contrast(one) for one in self.contrasts],
        }


def _contrast(one: Findings) -> dict[str, Any]:
    return {
        "contrast": one.contrasts.text,
        "found": one.found,
        "asked": one.asked,
        "used": one.used,
        "heads": [{"attention": name, "head": head, **asdict(share)} for (name, head), share in one.heads().items()],
        "carriers": {
            depth: {"words": dict(words.most_common()), "share": asdict(estimate(one.carried[depth]))}
            for depth, words in one.carriers.items()
        },
    }


def study(
    translator: Translator,
    pairs: Sequence[Pair],
    contrasts: Sequence[Contrasts],
    limit: int = LIMIT,
    to: str | None = None,
) -> Study:
    """Measure what heads look at, on `limit` pairs with the target forced, and what they carry of each contrast.

    Pairs with a blank side, or that are too long for the model, are left out. `to`: the target's language, where the
    model has several. Raises InputError where no pair is left.
    """
    seen: dict[HeadName, dict[str, list[float]]] = {}
    count = 0
    for source, target in _ids(translator, pairs, to):
        if count == limit:
            break
        count += 1
        for head, name, mean in looks(observe(translator.model, source, target), translator.model.config):
            seen.setdefault(head, {}).setdefault(name, []).append(mean)
    if not count:
        raise InputError("there is no pair to study that the model admits")
    patterns = {head: {name: estimate(values) for name, values in some.items()} for head, some in seen.items()}
    sentences = [pair.source for pair in pairs]
    return Study(count, patterns, tuple(measure(translator, one, sentences, limit, to) for one in contrasts))


def _ids(translator: Translator, pairs: Iterable[Pair], to: str | None) -> Iterator[tuple[list[int], list[int]]]:
    """Source and target of each pair that the model admits, with `</s>`, as they are asked for."""
    symbol, first = translator.source_tokenizer.target_ids(to), translator.target_tokenizer.beginning_ids(to)
    end, most = translator.source_tokenizer.ending_ids, translator.model.config.max_length
    for pair in pairs:
        source = translator.source_tokenizer.encode(pair.source.strip())
        target = translator.target_tokenizer.encode(pair.target.strip())
        if source and target and max(len(symbol) + len(source) + len(end), len(first) + len(target) + 1) <= most:
            yield [*symbol, *source, *end], [*first, *target, EOS]
