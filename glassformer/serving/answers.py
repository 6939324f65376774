"""What /v1 answers: translations as `translate --json` has them, and errors."""

from collections.abc import Sequence
from typing import Any

from glassformer.serving.bodies import Error, ErrorOf
from glassformer.serving.endpoint import Call, Interface
from glassformer.serving.models import Direction
from glassformer.serving.refusals import RefusedError
from glassformer.translator import FailedTranslation, Translation

SAID = {  # of each kind of warning; its words, if it has any, may follow after a colon
    "spelling": "words that the model was not trained on, read as others",
    "unknown": "words that the model was not trained on",
    "lost": "words without one of their usual translations",
    "added": "words in the translation that no word of the source asks for",
    "invented": "words in the translation that the training text does not have",
    "number": "numbers that only one side has",
    "repetition": "the translation repeats itself",
    "copied": "the translation is a copy of the source",
    "empty": "there is no translation",
    "cut off": "the length limit cut the translation off",
    "unsure": "the model was unsure of this translation",
}


def error(refusal: RefusedError, request_id: str) -> Error:
    """The form of an error."""
    return Error(error=ErrorOf(code=refusal.code, message=refusal.message), request_id=request_id)


OWN = Interface(error, Error)


def translations(call: Call, direction: Direction, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answer of /v1/translate."""
    return {
        "model": direction.model.name,
        "source": direction.source,
        "target": direction.target,
        "translations": found,
        "request_id": call.request_id,
    }


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
