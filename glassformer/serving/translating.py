"""What the three interfaces ask for, done by one function."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glassformer.errors import GlassformerError
from glassformer.markup import translate_markup
from glassformer.search import SearchOptions
from glassformer.serving.limits import Limits
from glassformer.serving.models import Direction
from glassformer.serving.refusals import invalid, too_large
from glassformer.serving.service import Service
from glassformer.translator import FailedTranslation, Translation
from glassformer.whole_texts import translate_texts

Found = list[Translation | FailedTranslation]


@dataclass(frozen=True)
class Wanted:
    """Texts, and how they are to be translated."""

    texts: Sequence[str]
    beam: int = 4
    alternatives: int = 0
    alignment: bool = False
    split: bool = True
    html: bool = False

    def check(self, limits: Limits) -> None:
        """Raise RefusedError for more than the limits admit."""
        if len(self.texts) > limits.max_texts:
            raise too_large(f"{len(self.texts):,} texts; a request may have {limits.max_texts:,}")
        characters = sum(map(len, self.texts))
        if characters > limits.max_characters:
            raise too_large(
                f"{characters:,} characters; a request may have {limits.max_characters:,}: use POST /v1/jobs for more"
            )
        if self.options.beam > limits.max_beam:
            raise invalid(f"beam and alternatives + 1 may be at most {limits.max_beam}")
        if self.html and self.alternatives:
            raise invalid("markup has no alternatives; leave one of them out")

    @property
    def options(self) -> SearchOptions:
        """The options of the search, whose beam has room for the alternatives."""
        return SearchOptions(beam=max(self.beam, self.alternatives + 1), n_best=self.alternatives + 1)


def translate(service: Service, direction: Direction, wanted: Wanted) -> Found:
    """The translations; blocks until they are there. Raises RefusedError for what the model or its search refuses."""
    with service.models.use(direction.model) as translator:
        do: Any = translate_markup if wanted.html else translate_texts
        try:
            found: Found = do(
                translator,
                wanted.texts,
                wanted.options,
                split=wanted.split,
                align=wanted.alignment and not wanted.html,
                to=direction.to,
            )
        except GlassformerError as error:
            raise invalid(direction.model.without_paths(str(error))) from error
    return found
