"""The interface of DeepL, version 2, for programs that speak it: /v2/translate, languages, usage and glossaries."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import PlainTextResponse, Response

from glassformer.serving.endpoint import Call, Endpoint, Interface, answer
from glassformer.serving.forms import form_of
from glassformer.serving.intake import listed, read_body
from glassformer.serving.languages import name_of, served, targets
from glassformer.serving.models import UNKNOWN
from glassformer.serving.refusals import RefusedError, invalid
from glassformer.serving.translating import Wanted, texts_of, translated
from glassformer.text.terms import Glossary

UNLIMITED = 1_000_000_000_000  # characters, which is how DeepL says so


class DeeplBody(Struct, kw_only=True):
    """What is to be translated, as DeepL has it. Fields that it has besides (formality, context) are not read."""

    text: str | list[str]
    target_lang: str
    source_lang: str | None = None
    split_sentences: Literal["0", "1", "nonewlines"] | bool | int = "1"
    tag_handling: Literal["html", "xml", ""] = ""
    glossary_id: str | None = None
    show_billed_characters: bool = False


class DeeplTranslated(Struct, kw_only=True):
    """A translation."""

    detected_source_language: str
    text: str
    billed_characters: int | UnsetType = UNSET


class DeeplTranslations(Struct):
    """The answer of /v2/translate."""

    translations: list[DeeplTranslated]


class DeeplLanguage(Struct, kw_only=True):
    """A language."""

    language: str
    name: str
    supports_formality: bool = False


class Usage(Struct, kw_only=True):
    """How many characters the client has had translated since the server began."""

    character_count: int
    character_limit: int = UNLIMITED


class GlossaryFacts(Struct, kw_only=True):
    """A glossary: the one that the server was started with."""

    glossary_id: str
    name: str
    ready: bool
    source_lang: str
    target_lang: str
    creation_time: str
    entry_count: int


class Glossaries(Struct):
    """The glossaries that there are."""

    glossaries: list[GlossaryFacts]


class DeeplError(Struct):
    """What is wrong, in a sentence."""

    message: str


def error(refusal: RefusedError, request_id: str) -> DeeplError:
    return DeeplError(refusal.message)


DEEPL = Interface(error, DeeplError, without_key=403)


async def translate_texts(call: Call) -> Response:
    """Translate texts, as DeepL does."""
    body: DeeplBody = call.body
    wanted = Wanted(
        listed(body.text),
        split=str(body.split_sentences) not in ("0", "False"),
        html=bool(body.tag_handling),
        glossary=_glossary(call, body.glossary_id),
    )
    wanted.check(call.service.limits)
    direction = call.service.models.choose(None, body.source_lang, body.target_lang)
    found = texts_of(await translated(call, direction, wanted))
    call.service.clients.count(_counted(call), sum(map(len, wanted.texts)))
    return answer(
        DeeplTranslations([
            DeeplTranslated(
                detected_source_language=direction.source.upper(),
                text=one.text,
                billed_characters=len(text) if body.show_billed_characters else UNSET,
            )
            for text, one in zip(wanted.texts, found, strict=True)
        ])
    )  # fmt: skip


def _counted(call: Call) -> str:
    """Whose characters are counted: those of a key, or all together where there are none."""
    return call.client if call.service.keys else ""


def _glossary(call: Call, glossary_id: str | None) -> Glossary | None:
    if glossary_id and glossary_id != call.service.glossary_id:
        raise invalid("there is no glossary of that id; GET /v2/glossaries lists what there is")
    return call.service.glossary if glossary_id else None


async def languages(call: Call) -> Response:
    """The languages that are served: sources, or with type=target targets."""
    sent = form_of(await read_body(call.request, call.service.limits))  # where DeepL's own client puts it
    kind = call.request.query_params.get("type") or sent.get("type", "source")
    if kind not in ("source", "target"):
        raise invalid("type is source or target")
    codes = targets(call.service.models) if kind == "target" else list(served(call.service.models))
    return answer([DeeplLanguage(language=code.upper(), name=name_of(code)) for code in codes])


async def usage(call: Call) -> Response:
    """How many characters the client has had translated."""
    return answer(Usage(character_count=call.service.clients.characters(_counted(call))))


async def glossaries(call: Call) -> Response:
    """The glossary that the server was started with, if it was."""
    return answer(Glossaries([_facts(call)] if call.service.glossary else []))


async def glossary(call: Call) -> Response:
    """A glossary by its id."""
    _known(call)
    return answer(_facts(call))


async def entries(call: Call) -> Response:
    """A glossary's terms: a line is a term, a tab, its translation."""
    terms = _known(call).terms
    lines = "".join(f"{term.source}\t{term.forms[0] if term.forms else term.source}\n" for term in terms)
    return PlainTextResponse(lines, media_type="text/tab-separated-values")


def _known(call: Call) -> Glossary:
    found = call.service.glossary
    if not found or call.request.path_params["id"] != call.service.glossary_id:
        raise RefusedError(404, "not_found", "there is no glossary of that id")
    return found


def _facts(call: Call) -> GlossaryFacts:
    service = call.service
    source, target = service.models.first.pairs[0]
    return GlossaryFacts(
        glossary_id=service.glossary_id,
        name="terms",
        ready=True,
        source_lang=source if source != UNKNOWN else "en",
        target_lang=target if target != UNKNOWN else "en",
        creation_time=service.started.isoformat(),
        entry_count=len(service.glossary.terms) if service.glossary else 0,
    )


ID = {"id": "A glossary's id."}
ENDPOINTS = [
    Endpoint("POST", "/v2/translate", translate_texts, DeeplTranslations, DEEPL, DeeplBody, forms=True),
    Endpoint("GET", "/v2/languages", languages, list[DeeplLanguage], DEEPL, query={"type": ("source", "target")}),
    Endpoint("GET", "/v2/usage", usage, Usage, DEEPL),
    Endpoint("GET", "/v2/glossaries", glossaries, Glossaries, DEEPL),
    Endpoint("GET", "/v2/glossaries/{id}", glossary, GlossaryFacts, DEEPL, path_parameters=ID),
    Endpoint(
        "GET",
        "/v2/glossaries/{id}/entries",
        entries,
        "text/tab-separated-values",
        DEEPL,
        path_parameters=ID,
    ),
]
