"""The interface of LibreTranslate, for programs that speak it: /translate, /languages, /detect and /health."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from glassformer.serving.bodies import Alternatives, State
from glassformer.serving.endpoint import Call, Endpoint, Interface, answer
from glassformer.serving.intake import listed
from glassformer.serving.languages import detected, name_of, served, targets
from glassformer.serving.refusals import RefusedError
from glassformer.serving.translating import Wanted, texts_of, translated

AUTO = "auto"  # a source that is to be detected


class LibreBody(Struct, kw_only=True):
    """What is to be translated, as LibreTranslate has it. Fields that it has besides are not read."""

    q: str | list[str]
    source: str
    target: str
    format: Literal["text", "html"] = "text"
    alternatives: Alternatives = 0
    api_key: str = ""


class LibreDetectBody(Struct, kw_only=True):
    """A text whose language is asked for."""

    q: str
    api_key: str = ""


class Detected(Struct, kw_only=True):
    """A language, and how many of 100 letters are of its script."""

    language: str
    confidence: float


class LibreTranslated(Struct, kw_only=True, omit_defaults=True):
    """The answer of /translate: a text for a text, a list for a list."""

    translatedText: str | list[str]
    alternatives: list[str | list[str]] | UnsetType = UNSET
    detectedLanguage: Detected | UnsetType = UNSET


class LibreLanguage(Struct, kw_only=True):
    """A language, and which it is translated to."""

    code: str
    name: str
    targets: list[str]


class LibreError(Struct):
    """What is wrong, in a sentence."""

    error: str


def error(refusal: RefusedError, request_id: str) -> LibreError:
    return LibreError(refusal.message)


LIBRE = Interface(error, LibreError, without_key=403)


async def translate_texts(call: Call) -> Response:
    """Translate a text or a list, as LibreTranslate does."""
    body: LibreBody = call.body
    texts = listed(body.q)
    wanted = Wanted(texts, alternatives=body.alternatives, html=body.format == "html", glossary=call.service.glossary)
    wanted.check(call.service.limits)
    found_language = _language_of(texts) if body.source == AUTO else UNSET
    source = found_language.language if found_language else body.source
    known = not found_language or source in served(call.service.models)
    direction = call.service.models.choose(None, source if known else None, body.target)
    found = texts_of(await translated(call, direction, wanted))
    spoken = [one.text for one in found]
    others = [[other.text for other in one.alternatives] for one in found]
    one_text = isinstance(body.q, str)
    return answer(
        LibreTranslated(
            translatedText=spoken[0] if one_text else spoken,
            alternatives=UNSET if not body.alternatives else [*(others[0] if one_text else others)],
            detectedLanguage=found_language,
        )
    )


def _language_of(texts: list[str]) -> Detected:
    language, share = detected(texts)
    return Detected(language=language, confidence=round(100 * share, 1))


async def detect(call: Call) -> Response:
    """The language of a text, by its script."""
    return answer([_language_of([call.body.q])])


async def languages(call: Call) -> Response:
    """The languages that are served."""
    pairs = served(call.service.models)
    codes = dict.fromkeys([*pairs, *targets(call.service.models)])
    return answer([LibreLanguage(code=code, name=name_of(code), targets=pairs.get(code, [])) for code in codes])


async def health(call: Call) -> Response:
    """Whether the server answers."""
    return answer(State(status="ok"))


ENDPOINTS = [
    Endpoint("POST", "/translate", translate_texts, LibreTranslated, LIBRE, LibreBody, forms=True),
    Endpoint("POST", "/detect", detect, list[Detected], LIBRE, LibreDetectBody, forms=True),
    Endpoint("GET", "/languages", languages, list[LibreLanguage], LIBRE, open=True),
    Endpoint("GET", "/health", health, State, LIBRE, open=True),
]
