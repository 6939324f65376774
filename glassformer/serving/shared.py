"""A translator that requests share: what they ask for at the same time is computed in the same batches."""

from collections.abc import Sequence
from typing import Any

from glassformer.engine.generation import generate
from glassformer.engine.protocol import Engine, TargetScore
from glassformer.search import Hypothesis, SearchOptions
from glassformer.serving.scheduler import Scheduler
from glassformer.serving.telling import Telling
from glassformer.serving.ticket import TICKET
from glassformer.translator import Translator


class SharedTranslator(Translator):
    """A `Translator` for threads that each work for the request of their TICKET.

    All of the package that translates through it (whole texts, markup, copying) shares batches so. A sentence's
    translation is what `Translator` gives, whatever it is batched with: to the last bit on the fast engine, in five
    digits of its log-probabilities on PyTorch's.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.scheduler = Scheduler(self._compute)

    def generate(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Sequence[Sequence[int]]
    ) -> list[list[Hypothesis]]:
        """As `Translator.generate`, together with what other threads ask for by the same options."""
        ticket, rows = TICKET.get(), options.n_best if options.sample else options.beam
        tokens = [len(source) * rows for source in sources]
        tell = ticket.tell if len(sources) == rows == 1 else None
        items = [(*pair, tell) for pair in zip(sources, prefixes, strict=True)]
        return self.scheduler.run(options, items, tokens, ticket)

    def score_ids(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool
    ) -> list[TargetScore]:
        """As `Translator.score_ids`, together with what other threads ask for."""
        pairs = list(zip(sources, targets, strict=True))
        return self.scheduler.run(align, pairs, [max(map(len, pair)) for pair in pairs], TICKET.get())

    def _compute(self, kind: SearchOptions | bool, items: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        """The results of items of one kind: searches with these options, or scores with (True) or without alignment."""
        sources, seconds = [item[0] for item in items], [item[1] for item in items]
        if isinstance(kind, bool):
            return super().score_ids(sources, seconds, kind)
        engine: Engine[Any] = self.fast or self.engine
        if tells := {id(source): tell for source, _, tell in items if tell}:
            engine = Telling(engine, tells)
        return generate(engine, sources, kind, prefixes=seconds)
