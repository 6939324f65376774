"""The server's own interface, /v1: all that the package knows of a translation."""

from typing import Any

from starlette.responses import Response

from glassformer.errors import GlassformerError
from glassformer.explain import traced
from glassformer.glass.views.html import page
from glassformer.serving.bodies import Error, ErrorOf, ExplainBody, ModelList, TranslateBody, Translations
from glassformer.serving.endpoint import Call, Endpoint, answer
from glassformer.serving.page import script_policy
from glassformer.serving.refusals import RefusedError, invalid, too_large
from glassformer.serving.translating import Wanted, translate
from glassformer.translator import FailedTranslation, Translation

SAID = {  # of each kind of warning, by the translation
    "unknown": "has words that the model was not trained on",
    "lost": "has words without one of their usual translations",
    "added": "has words in the translation that no word of the source asks for",
    "invented": "has words in the translation that the training text does not have",
    "number": "has other numbers than its translation",
    "repetition": "is translated by something that repeats itself",
    "copied": "is only copied",
    "empty": "has no translation",
    "cut off": "has a translation that the length limit cut off",
    "unsure": "has a translation that the model was unsure of",
}


def error(refusal: RefusedError, request_id: str) -> Error:
    return Error(error=ErrorOf(code=refusal.code, message=refusal.message), request_id=request_id)


async def translate_texts(call: Call) -> Response:
    """Translate a text, or several."""
    body: TranslateBody = call.body
    texts = [body.text] if isinstance(body.text, str) else body.text
    wanted = Wanted(texts, body.beam, body.alternatives, body.alignment, body.split, body.markup == "html")
    wanted.check(call.service.limits)
    direction = call.service.models.choose(body.model, body.source, body.target)
    found = await call.work(lambda: [as_json(one) for one in translate(call.service, direction, wanted)])
    return answer({
        "model": direction.model.name,
        "source": direction.source,
        "target": direction.target,
        "translations": found,
        "request_id": call.request_id,
    })  # fmt: skip


def as_json(one: Translation | FailedTranslation) -> dict[str, Any]:
    """What `translate --json` gives, and of each warning what it says."""
    return _with_messages(one.to_dict())


def _with_messages(values: dict[str, Any]) -> dict[str, Any]:
    for warning in values.get("warnings", ()):
        warning["message"] = SAID[warning["kind"]]
    for key in ("alternatives", "parts"):
        for inner in values.get(key, ()):
            _with_messages(inner)
    return values


async def explain(call: Call) -> Response:
    """The live glass page of a translation: every number of it, with what made it."""
    body: ExplainBody = call.body
    limits = call.service.limits
    if len(body.text) > limits.max_explained or len(body.target_text or "") > limits.max_explained:
        raise too_large(f"a sentence that is explained may have {limits.max_explained:,} characters")
    if body.beam > limits.max_beam:
        raise invalid(f"beam may be at most {limits.max_beam}")
    direction = call.service.models.choose(body.model, body.source, body.target)
    target = {"target": body.target_text} if body.target_text else {"beam": body.beam}
    why = None if body.step is None else {"step": body.step, "runner_up": True}

    def explained() -> str:
        with call.service.models.use(direction.model) as translator, call.service.explaining:
            try:
                record = traced(translator, body.text, why, to=direction.to, **target)
                return page([(direction.model.name, record)])
            except GlassformerError as problem:
                raise invalid(direction.model.without_paths(str(problem))) from problem

    html = await call.work(explained)
    return Response(html, media_type="text/html", headers={"Content-Security-Policy": script_policy(html)})


async def models(call: Call) -> Response:
    """The models that are served, and what they translate."""
    return answer({"models": [model.facts() for model in call.service.models]})


ENDPOINTS = [
    Endpoint("POST", "/v1/translate", translate_texts, Translations, error, Error, TranslateBody),
    Endpoint("POST", "/v1/explain", explain, "text/html", error, Error, ExplainBody, forms=True),
    Endpoint("GET", "/v1/models", models, ModelList, error, Error),
]
