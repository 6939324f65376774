"""`glassformer quantize`: a model with matrices of eight-bit integers, and what that costs, measured on given pairs.

It may have a shortlist too, of the tokens that may follow from each token of the source; what that costs is measured
alike.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glassformer.data.shortlist import Shortlist, learn
from glassformer.engine.choice import EngineName
from glassformer.engine.generation import likeliest_tokens
from glassformer.engine.protocol import Engine
from glassformer.errors import InputError, UsageError
from glassformer.evaluation.scores import score_corpus
from glassformer.files import whole_directory, write_checksums
from glassformer.model.quantization import quantize_weights
from glassformer.model_directory import WEIGHTS, open_model, refuse_other_content, resolve, write_quantized
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizers
from glassformer.translator import Translator

LARGEST_LOSS = 0.3  # of BLEU, above which a model is not quantised unless it is asked for


@dataclass(frozen=True)
class Cost:
    """What eight bits cost on some pairs; each quality is that in float32, then that in int8.

    - `same_tokens`: at how many places of the references, in percent, both have the same likeliest token.
    - `same_sentences`: how many translations are the same, in percent.
    """

    sentences: int
    bleu: tuple[float, float]
    chrf: tuple[float, float]
    same_tokens: float
    same_sentences: float
    shortlist: "ShortlistCost | None" = None

    @property
    def loss(self) -> float:
        """How much BLEU falls, with the shortlist if there is one."""
        return self.bleu[0] - min(self.bleu[1], self.shortlist.bleu if self.shortlist else self.bleu[1])


@dataclass(frozen=True)
class ShortlistCost:
    """The quality in int8 with a shortlist.

    - `tokens`: how many tokens a source's shortlist has, on average.
    - `same_sentences`: how many translations are those without it, in percent.
    """

    tokens: float
    bleu: float
    chrf: float
    same_sentences: float


def quantize(
    model: Path, out: Path, pairs: Sequence[Pair], search: SearchOptions | None = None, *,
    largest_loss: float = LARGEST_LOSS, engine: EngineName = "auto", to: str | None = None,
    shortlist_pairs: Sequence[Pair] = (),
) -> Cost:  # fmt: skip
    """Write the quantised model to `out`, with its cost in its card. Nothing is written where BLEU falls by more.

    Of `shortlist_pairs`, which should be those that it was trained on, it learns a shortlist.

    Raises InputError where nothing is written, and for a model that is quantised already.
    """
    if not pairs:
        raise UsageError("no pairs to measure on")
    refuse_other_content(out)  # before the long work
    stored = open_model(resolve(model))
    vocabulary = stored.config.source_vocab_size or stored.config.vocab_size
    if out.resolve() == stored.directory.resolve():
        raise UsageError(f"{out}: is the model itself, which would be lost; choose another folder")
    if stored.is_quantized:
        raise InputError(f"{stored.directory}: is quantised already")
    shortlist = learn(*_encoded(stored.tokenizers, shortlist_pairs), vocabulary) if shortlist_pairs else None
    cost = measure(stored.directory, pairs, search, engine, to, shortlist)
    if cost.loss > largest_loss:
        raise InputError(
            f"{stored.directory}: with eight bits{' and a shortlist' if shortlist else ''} BLEU falls from "
            f"{cost.bleu[0]:.2f} to {cost.bleu[0] - cost.loss:.2f}, by more than {largest_loss}; not "
            "written. Raise --max-loss to have it all the same"
        )
    card: dict[str, Any] = stored.card | {"quantized": asdict(cost)}
    with whole_directory(out) as partial:
        write_quantized(partial, stored, quantize_weights(stored.weights()), card, shortlist)
        write_checksums(partial)
    return cost


def measure(
    directory: Path, pairs: Sequence[Pair], search: SearchOptions | None, engine: EngineName, to: str | None,
    shortlist: Shortlist | None = None,
) -> Cost:  # fmt: skip
    """Translate and force the pairs with float32 and with int8, and compare; `to` as in `Translator.translate`."""
    exact, small = (Translator.load(directory, engine=engine, precision=name) for name in ("float32", "int8"))
    targets = [pair.target for pair in pairs]
    texts = [_texts(translator, pairs, search, to) for translator in (exact, small)]
    scores = [score_corpus(found, targets) for found in texts]
    tokens = [_likeliest(translator, pairs, to) for translator in (exact, small)]
    return Cost(
        sentences=len(pairs),
        bleu=(round(scores[0]["bleu"].value, 2), round(scores[1]["bleu"].value, 2)),
        chrf=(round(scores[0]["chrf"].value, 2), round(scores[1]["chrf"].value, 2)),
        same_tokens=_agreement(*tokens),
        same_sentences=_agreement(*texts),
        shortlist=_with_shortlist(small, shortlist, pairs, texts[1], search, to) if shortlist else None,
    )


def _with_shortlist(
    translator: Translator, shortlist: Shortlist, pairs: Sequence[Pair], without: list[str],
    search: SearchOptions | None, to: str | None,
) -> ShortlistCost:  # fmt: skip
    """Translate once more; `without` are the translations without a shortlist."""
    (translator.fast or translator.engine).shortlist = shortlist
    texts = _texts(translator, pairs, search, to)
    scores = score_corpus(texts, [pair.target for pair in pairs])
    sizes = [len(shortlist.of(source)) for source in translator.source_tokenizer.encode_all([p.source for p in pairs])]
    return ShortlistCost(
        tokens=round(sum(sizes) / len(sizes), 1),
        bleu=round(scores["bleu"].value, 2),
        chrf=round(scores["chrf"].value, 2),
        same_sentences=_agreement(without, texts),
    )


def size(model: Path) -> int:
    """Bytes of the parameters' file."""
    return (resolve(model) / WEIGHTS).stat().st_size


def _texts(translator: Translator, pairs: Sequence[Pair], search: SearchOptions | None, to: str | None) -> list[str]:
    sources, places = [pair.source for pair in pairs], [pair.place for pair in pairs]
    found = translator.translate(sources, search, places=places, to=to)
    return ["" if one.error else one.text for one in found]


def _likeliest(translator: Translator, pairs: Sequence[Pair], to: str | None) -> list[int]:
    """The likeliest token at each place of the targets, one after the other; pairs that are too long are left out."""
    sides = zip(*_encoded(translator.tokenizers, pairs), strict=True)
    symbols, first = translator.source_tokenizer.target_ids(to), translator.target_tokenizer.beginning_ids(to)
    end = translator.source_tokenizer.ending_ids
    whole = [([*symbols, *source, *end], [*first, *target, EOS]) for source, target in sides]
    fitting = [pair for pair in whole if max(map(len, pair)) <= translator.config.max_length]
    engine: Engine[Any] = translator.fast or translator.engine
    found = likeliest_tokens(engine, [source for source, _ in fitting], [target for _, target in fitting])
    return [token for tokens in found for token in tokens]


def _encoded(tokenizers: Tokenizers, pairs: Sequence[Pair]) -> tuple[list[list[int]], list[list[int]]]:
    """The ids of both sides, without `</s>`."""
    source, target = tokenizers
    return source.encode_all([pair.source for pair in pairs]), target.encode_all([pair.target for pair in pairs])


def _agreement(one: Sequence[object], other: Sequence[object]) -> float:
    return round(100 * sum(a == b for a, b in zip(one, other, strict=True)) / max(len(one), 1), 2)
