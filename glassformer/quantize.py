"""`glassformer quantize`: a model with matrices of eight-bit integers, and what that costs, measured on given pairs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glassformer.engine.choice import EngineName
from glassformer.engine.generation import likeliest_tokens
from glassformer.engine.protocol import Engine
from glassformer.errors import InputError, UsageError
from glassformer.evaluation.scores import score_corpus
from glassformer.files import whole_directory
from glassformer.model.quantization import quantize_weights
from glassformer.model_directory import WEIGHTS, open_model, resolve, write_quantized
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.text.pairs import Pair
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

    @property
    def loss(self) -> float:
        """How much BLEU falls."""
        return self.bleu[0] - self.bleu[1]


def quantize(
    model: Path, out: Path, pairs: Sequence[Pair], search: SearchOptions | None = None, *,
    largest_loss: float = LARGEST_LOSS, engine: EngineName = "auto", to: str | None = None,
) -> Cost:  # fmt: skip
    """Write the quantised model to `out`, with its cost in its card. Nothing is written where BLEU falls by more.

    Raises InputError then, and for a model that is quantised already.
    """
    if not pairs:
        raise UsageError("no pairs to measure on")
    stored = open_model(resolve(model))
    if stored.is_quantized:
        raise InputError(f"{stored.directory}: is quantised already")
    cost = measure(stored.directory, pairs, search, engine, to)
    if cost.loss > largest_loss:
        raise InputError(
            f"{stored.directory}: with eight bits BLEU falls from {cost.bleu[0]:.2f} to {cost.bleu[1]:.2f}, by more "
            f"than {largest_loss}; not written. Raise --max-loss to have it all the same"
        )
    card: dict[str, Any] = stored.card | {"quantized": asdict(cost)}
    with whole_directory(out) as partial:
        write_quantized(partial, stored, quantize_weights(stored.weights()), card)
    return cost


def measure(
    directory: Path, pairs: Sequence[Pair], search: SearchOptions | None, engine: EngineName, to: str | None
) -> Cost:
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
    sides = zip(
        translator.source_tokenizer.encode_all([pair.source for pair in pairs]),
        translator.target_tokenizer.encode_all([pair.target for pair in pairs]),
        strict=True,
    )
    symbols, first = translator.source_tokenizer.target_ids(to), translator.target_tokenizer.beginning_ids(to)
    whole = [([*symbols, *source, EOS], [*first, *target, EOS]) for source, target in sides]
    fitting = [pair for pair in whole if max(map(len, pair)) <= translator.config.max_length]
    engine: Engine[Any] = translator.fast or translator.engine
    found = likeliest_tokens(engine, [source for source, _ in fitting], [target for _, target in fitting])
    return [token for tokens in found for token in tokens]


def _agreement(one: Sequence[object], other: Sequence[object]) -> float:
    return round(100 * sum(a == b for a, b in zip(one, other, strict=True)) / max(len(one), 1), 2)
