"""A translator that requests share: what they ask for at the same time is computed in the same batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from glassformer.search import Hypothesis, SearchOptions
from glassformer.serving.scheduler import Scheduler
from glassformer.serving.ticket import TICKET
from glassformer.translator import Translator

if TYPE_CHECKING:
    from glassformer.engine.eager import TargetScore


class SharedTranslator(Translator):
    """A `Translator` for threads that each work for the request of their TICKET.

    All of the package that translates through it (whole texts, markup, copying) shares batches so. A sentence's
    translation is what `Translator` gives, whatever it is batched with.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.scheduler = Scheduler(self._compute)

    def generate(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Sequence[Sequence[int]]
    ) -> list[list[Hypothesis]]:
        """As `Translator.generate`, together with what other threads ask for by the same options."""
        rows = options.n_best if options.sample else options.beam
        tokens = [len(source) * rows for source in sources]
        return self.scheduler.run(options, list(zip(sources, prefixes, strict=True)), tokens, TICKET.get())

    def score_ids(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool
    ) -> "list[TargetScore]":
        """As `Translator.score_ids`, together with what other threads ask for."""
        pairs = list(zip(sources, targets, strict=True))
        return self.scheduler.run(align, pairs, [max(map(len, pair)) for pair in pairs], TICKET.get())

    def _compute(self, kind: SearchOptions | bool, pairs: Sequence[tuple[Any, Any]]) -> Sequence[Any]:
        firsts, seconds = [first for first, _ in pairs], [second for _, second in pairs]
        if isinstance(kind, SearchOptions):
            return super().generate(firsts, kind, seconds)
        return super().score_ids(firsts, seconds, kind)
