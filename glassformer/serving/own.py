"""The server's own interface, /v1: all that the package knows of a translation."""

import logging
from contextvars import copy_context
from typing import Any

from starlette.responses import Response

from glassformer.errors import GlassformerError
from glassformer.serving.answers import OWN, as_json, translations
from glassformer.serving.bodies import ExplainBody, ModelFacts, ModelList, TranslateBody, Translations
from glassformer.serving.endpoint import Call, Endpoint, answer
from glassformer.serving.intake import listed, query_as
from glassformer.serving.models import Direction
from glassformer.serving.page import policy_of
from glassformer.serving.refusals import RefusedError, invalid, too_large
from glassformer.serving.shared import SharedTranslator
from glassformer.serving.stream import EVENT_STREAM, stream
from glassformer.serving.ticket import TICKET
from glassformer.serving.translating import Wanted, translated

log = logging.getLogger("glassformer.serving")


async def translate_texts(call: Call) -> Response:
    """Translate a text, or several."""
    body: TranslateBody = call.body
    wanted = Wanted(
        listed(body.text),
        body.beam,
        body.alternatives,
        body.alignment,
        body.split,
        body.markup == "html",
        body.spelling,
        call.service.glossary,
    )
    wanted.check(call.service.limits)
    direction = call.service.models.choose(body.model, body.source, body.target)
    if body.stream or EVENT_STREAM in call.request.headers.get("accept", ""):
        if wanted.html:
            raise invalid("markup cannot be streamed; leave one of them out")
        return stream(call, direction, wanted)
    return answer(translations(call, direction, await translated(call, direction, wanted, as_json)))


async def explain(call: Call) -> Response:
    """The live glass page of a translation: every number of it, with what made it."""
    body: ExplainBody = call.body
    service, limits = call.service, call.service.limits
    if max(len(body.text), len(body.target_text or "")) > limits.max_explained:
        raise too_large(f"a sentence that is explained may have {limits.max_explained:,} characters")
    if body.beam > limits.max_beam:
        raise invalid(f"beam may be at most {limits.max_beam}")
    direction = service.models.choose(body.model, body.source, body.target)
    why = None if body.step is None else {"step": body.step, "runner_up": True}

    def explained() -> Response:
        from glassformer.explain import traced  # these load torch, which a server that translates does without
        from glassformer.glass.views.html import page

        TICKET.get().check()  # its turn has come
        with service.models.use(direction.model) as translator:
            try:
                how = _search(translator, body, direction)
                record = traced(translator, body.text, why, spelling=body.spelling, to=direction.to, **how)
                html = page([(direction.model.name, record)])
            except GlassformerError as problem:
                raise invalid(direction.model.without_paths(str(problem))) from problem
        return Response(html, media_type="text/html", headers={"Content-Security-Policy": policy_of(html)})

    def in_turn() -> Response:
        return service.explaining.submit(copy_context().run, explained).result()

    response: Response = await call.work(in_turn)
    return response


def _search(translator: SharedTranslator, body: ExplainBody, direction: Direction) -> dict[str, Any]:
    """How a trace comes to the translation that is asked about: by the search that found it, in its very tokens.

    Where another text is asked about, that is forced, in the tokens that the tokenizer makes of it.
    """
    read = translator.speller.read(body.text).text if body.spelling == "correct" else body.text
    (best,) = translator.translate([read], beam=body.beam, to=direction.to)
    return {"beam": body.beam} if body.target_text in (None, best.text) else {"target": body.target_text}


async def explain_link(call: Call) -> Response:
    """The same, as an address that can be kept and sent on."""
    call.body = query_as(call.request, ExplainBody)
    return await explain(call)


async def models(call: Call) -> Response:
    """The models that are served, and what they translate."""
    return answer({"models": [model.facts() for model in call.service.models]})


async def replace(call: Call) -> Response:
    """Read a model's directory again; where that is no whole model, the one that was there stays (409)."""
    service = call.service
    model = service.models.named(call.request.path_params["name"])

    def replaced() -> None:
        try:
            service.models.replace(model)
        except (GlassformerError, OSError) as problem:
            log.error("the model %s stays as it was: %s", model.name, problem)
            raise RefusedError(
                409, "bad_model", "the model stays as it was: what is in its directory now is no whole model"
            ) from problem

    await call.work(replaced)
    service.tell_others()
    return answer(model.facts())


NAME = {"name": "A name of /v1/models."}
EXPLAINED = {
    "text": "One sentence.",
    "target_text": "This translation of it; else the one that is found.",
    "step": "Say also why its token here, and not the runner-up.",
    "source": "A language's code.",
    "target": "A language's code.",
    "model": "A name of /v1/models; else the languages choose.",
    "beam": "Of the search, without target_text.",
    "spelling": "keep: words that it was not trained on are read as they are.",
}
ENDPOINTS = [
    Endpoint("POST", "/v1/translate", translate_texts, Translations, OWN, TranslateBody, also=EVENT_STREAM),
    Endpoint("POST", "/v1/explain", explain, "text/html", OWN, ExplainBody, forms=True),
    Endpoint("GET", "/v1/explain", explain_link, "text/html", OWN, query=EXPLAINED),
    Endpoint("GET", "/v1/models", models, ModelList, OWN),
    Endpoint("PUT", "/v1/models/{name}", replace, ModelFacts, OWN, path_parameters=NAME, more=(409,)),
]
