"""What the three interfaces ask for, done by one function."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glassformer.copying import Copying
from glassformer.errors import GlassformerError
from glassformer.markup import translate_markup
from glassformer.quality_estimation.spelling import Spelling
from glassformer.search import SearchOptions
from glassformer.serving.endpoint import Call
from glassformer.serving.limits import Limits
from glassformer.serving.models import Direction
from glassformer.serving.refusals import invalid, too_large
from glassformer.serving.service import Service
from glassformer.text.terms import Glossary
from glassformer.translator import FailedTranslation, Translation
from glassformer.whole_texts import translate_texts

Found = list[Translation | FailedTranslation]
SHORT = 500  # characters of a request that shares a call with others, which wait for it then


@dataclass(frozen=True)
class Wanted:
    """Texts, and how they are to be translated.

    An interface whose answers have no place for warnings keeps the spelling, for nothing is corrected silently.
    """

    texts: Sequence[str]
    beam: int = 4
    alternatives: int = 0
    alignment: bool = False
    split: bool = True
    html: bool = False
    spelling: Spelling = "keep"
    glossary: Glossary | None = None

    def check(self, limits: Limits) -> None:
        """Raise RefusedError for more than the limits admit."""
        if len(self.texts) > limits.max_texts:
            raise too_large(f"{len(self.texts):,} texts; a request may have {limits.max_texts:,}")
        if self.characters > limits.max_characters:
            raise too_large(
                f"{self.characters:,} characters; a request may have {limits.max_characters:,}: "
                "use POST /v1/jobs for more"
            )
        if self.width > limits.max_beam:
            raise invalid(f"beam and alternatives + 1 may be at most {limits.max_beam}")
        if self.html and self.alternatives:
            raise invalid("markup has no alternatives; leave one of them out")

    @property
    def characters(self) -> int:
        """Those of all texts."""
        return sum(map(len, self.texts))

    @property
    def kind(self) -> Hashable:
        """All but the texts: what is wanted alike can be done by one call."""
        return self.beam, self.alternatives, self.alignment, self.split, self.html, self.spelling, id(self.glossary)

    @property
    def width(self) -> int:
        """The beam, which has room for the alternatives."""
        return max(self.beam, self.alternatives + 1)

    @property
    def options(self) -> SearchOptions:
        """The options of the search."""
        return SearchOptions(beam=self.width, n_best=self.alternatives + 1)

    @property
    def copying(self) -> Copying:
        """What is copied, and which terms are used."""
        return Copying(glossary=self.glossary or Glossary())


def texts_of(found: Found) -> list[Translation]:
    """The translations, for an interface that has no place for one that failed: RefusedError (422) then."""
    failed = [one.error for one in found if one.error]
    if failed:
        raise invalid(str(failed[0]))
    return [one for one in found if isinstance(one, Translation)]


async def translated(
    call: Call, direction: Direction, wanted: Wanted, told: Callable[[Any], Any] = lambda one: one
) -> Any:
    """The translations, each as `told` tells it. Short requests of a client that ask for the same share one call."""
    service = call.service

    def do(texts: Sequence[str]) -> list[Any]:
        return [told(one) for one in translate(service, direction, replace(wanted, texts=texts))]

    if wanted.html or wanted.characters > SHORT:
        return await call.work(lambda: do(wanted.texts))
    kind = call.client, direction.model.name, direction.to, told, wanted.kind
    return await service.admission.run_together(kind, do, wanted.texts, call.ticket(), call.request)


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
                copying=wanted.copying,
                spelling=wanted.spelling,
            )
        except GlassformerError as error:
            raise invalid(direction.model.without_paths(str(error))) from error
    service.count(direction.model.name, wanted.texts, found)
    return found
