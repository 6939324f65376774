"""Translations as server-sent events: sentences as they are done, and words as a greedy search chooses them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import msgspec
from starlette.responses import StreamingResponse

from glassformer.serving.answers import as_json, error, translations
from glassformer.serving.endpoint import Call, failure
from glassformer.serving.models import Direction
from glassformer.serving.refusals import RefusedError
from glassformer.serving.sentences import Sentences
from glassformer.serving.ticket import UnwantedError
from glassformer.serving.translating import Wanted
from glassformer.translator import FailedTranslation, Translation

EVENT_STREAM = "text/event-stream"
Send = Callable[[str, Any], None]


def stream(call: Call, direction: Direction, wanted: Wanted) -> StreamingResponse:
    """The answer of /v1/translate in events: `words`, `sentence`, and in the end `done` or `error`."""
    loop, events = asyncio.get_running_loop(), asyncio.Queue[tuple[str, Any]]()
    ticket = call.ticket()

    def send(name: str, data: Any) -> None:
        with suppress(RuntimeError):  # of a loop that has ended
            loop.call_soon_threadsafe(events.put_nowait, (name, data))

    def work() -> None:
        try:
            send("done", translations(call, direction, list(_translations(call, direction, wanted, send))))
        except (Exception, UnwantedError) as problem:
            send("error", error(_refusal(problem, call), call.request_id))

    def ended(future: "Future[Any]") -> None:
        if future.cancelled() or future.exception():  # before it began
            send("error", error(_refusal(UnwantedError(), call), call.request_id))

    call.service.admission.start(work, ticket).add_done_callback(ended)

    async def lines() -> AsyncIterator[bytes]:
        try:
            name = ""
            while name not in ("done", "error"):
                name, data = await events.get()
                yield b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
        finally:
            ticket.cancel()

    return StreamingResponse(lines(), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


def _translations(call: Call, direction: Direction, wanted: Wanted, send: Send) -> Any:
    for number, text in enumerate(wanted.texts):
        sentences = Sentences.of(call.service, direction, wanted, text)
        found: list[Translation | FailedTranslation] = []
        for one in sentences.translated(_words(send, number, found) if wanted.options.beam == 1 else None):
            send("sentence", {"text": number, "sentence": len(found), "translation": as_json(one)})
            found.append(one)
        yield as_json(sentences.joined(text, found))


def _words(send: Send, number: int, found: list[Any]) -> Callable[[str], None]:
    return lambda words: send("words", {"text": number, "sentence": len(found), "words": words})


def _refusal(problem: BaseException, call: Call) -> RefusedError:
    if isinstance(problem, RefusedError):
        return problem
    if isinstance(problem, UnwantedError):
        return RefusedError(504, "timeout", f"not done within {call.service.limits.timeout:g} seconds")
    return failure(problem, call.request_id)  # type: ignore[arg-type]
