"""For whoever watches the server: whether it lives, and whether it is ready."""

from starlette.responses import Response

from glassformer.serving.answers import OWN
from glassformer.serving.bodies import State
from glassformer.serving.endpoint import Call, Endpoint, answer
from glassformer.serving.refusals import unavailable


async def live(call: Call) -> Response:
    """Whether the server answers at all."""
    return answer(State(status="ok"))


async def ready(call: Call) -> Response:
    """Whether it translates: 503 while models are loaded for the first time, and while it ends."""
    if call.service.admission.draining:
        raise unavailable("the server is about to end")
    if not call.service.ready:
        raise unavailable("models are being loaded")
    return answer(State(status="ok"))


async def metrics(call: Call) -> Response:
    """What the server counts, as Prometheus reads it."""
    return Response(call.service.counted(), media_type="text/plain")


ENDPOINTS = [
    Endpoint("GET", "/livez", live, State, OWN, open=True),
    Endpoint("GET", "/readyz", ready, State, OWN, open=True),
    Endpoint("GET", "/metrics", metrics, "text/plain", OWN),
]
