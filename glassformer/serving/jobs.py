"""Long texts that are translated in the background: POST, GET and DELETE /v1/jobs.

A job's state is a file in a folder of the server's own, so that each of its processes can tell how far it is. The
folder goes when the server ends.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from starlette.responses import Response

from glassformer.files import SavingError, write_whole
from glassformer.serving.answers import OWN, as_json
from glassformer.serving.bodies import FailedSentence, JobBody, JobState, Warned
from glassformer.serving.endpoint import Call, Endpoint, answer, failure
from glassformer.serving.limits import Limits
from glassformer.serving.refusals import RefusedError, busy, too_large, unavailable
from glassformer.serving.sentences import Sentences
from glassformer.serving.ticket import TICKET, Ticket, UnwantedError
from glassformer.serving.translating import Wanted
from glassformer.system import is_running
from glassformer.translator import FailedTranslation, Translation

log = logging.getLogger("glassformer.serving")
FOR_EVER = 1e9  # seconds
AT_A_TIME = 2  # jobs that run
EVERY = 0.5  # seconds between two files of a job's state
MOST = 256  # results that are kept
UNFINISHED = ("queued", "running")
KINDS = ("json", "open", "cancelled", "lost")  # of a job's files


class Jobs:
    """The jobs of a server, in a folder that its processes share."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._pool = ThreadPoolExecutor(AT_A_TIME, "job")
        self._tickets: dict[str, Ticket] = {}  # of the jobs of this process

    def start(self, text: str, sentences: Sentences, client: str) -> JobState:
        """Begin a job, or let it wait. Raises RefusedError: 429 where too many do, 503 where it cannot be kept."""
        if self._unfinished() >= self._limits.max_jobs:
            raise busy("too many jobs are waiting", 10)
        direction = sentences.direction
        state = JobState(
            id=secrets.token_hex(16),
            status="queued",
            model=direction.model.name,
            source=direction.source,
            target=direction.target,
            sentences=len(sentences.parts.parts),
        )
        try:
            with self._told(state.id):
                self._file(state.id, "open").write_text(str(os.getpid()))
                self._write(state)
        except RefusedError:
            self._forget(state.id)
            raise
        ticket = self._tickets[state.id] = Ticket(f"{client} (jobs)", FOR_EVER)
        self._pool.submit(self._run, state, text, sentences, ticket)
        return state

    def find(self, job: str) -> JobState:
        """A job's state. Raises RefusedError (404) without it."""
        try:
            state = msgspec.json.decode(self._file(job, "json").read_bytes(), type=JobState)
        except FileNotFoundError:
            raise _no_such_job() from None
        if state.status in UNFINISHED and self._file(job, "cancelled").exists():
            state.status = "cancelled"
        elif state.status in UNFINISHED and self._file(job, "lost").exists():
            state.status, state.error = "failed", "there was no room for its translation"
        elif state.status in UNFINISHED and not self._runs(job):
            state.status, state.error = "failed", "the process that ran it has ended"
        return state

    def cancel(self, job: str) -> JobState:
        """End a job; its state. Raises RefusedError: 404 without it, 503 where that cannot be noted."""
        if self.find(job).status in UNFINISHED:
            if ticket := self._tickets.get(job):
                ticket.cancel()
            with self._told(job):
                self._file(job, "cancelled").touch()
        return self.find(job)

    def close(self) -> None:
        """End all jobs of this process."""
        for ticket in list(self._tickets.values()):
            ticket.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, state: JobState, text: str, sentences: Sentences, ticket: Ticket) -> None:
        TICKET.set(ticket)
        try:
            self._translate(state, text, sentences, ticket)
        except UnwantedError:
            state.status, state.error = "cancelled", None
        except RefusedError as refusal:
            state.status, state.error = "failed", refusal.message
        except Exception as problem:
            state.status, state.error = "failed", failure(problem, state.id).message
        finally:
            self._tickets.pop(state.id, None)
            self._keep(state)

    def _translate(self, state: JobState, text: str, sentences: Sentences, ticket: Ticket) -> None:
        found: list[Translation | FailedTranslation] = []
        written = 0.0
        ticket.check()
        state.status = "running"
        for one in sentences.translated():
            found.append(one)
            state.translated = len(found)
            if one.error:
                state.failed.append(FailedSentence(sentence=len(found), source=one.source, error=str(one.error)))
            if time.monotonic() - written > EVERY:
                written = time.monotonic()
                if self._file(state.id, "cancelled").exists():  # by another process
                    raise UnwantedError
                with suppress(SavingError):  # how far it is may be told later
                    self._write(state)
        whole = sentences.joined(text, found, skip=True)
        state.text, state.score, state.confidence = whole.text, whole.score, whole.confidence
        state.warnings = [Warned(**one) for one in as_json(whole)["warnings"]]
        state.status = "done"

    def _file(self, job: str, kind: str) -> Path:
        """A job's file: `json` has its state; `open` the process that runs it, until it ends; others nothing."""
        if not re.fullmatch("[0-9a-f]{32}", job):
            raise _no_such_job()
        return self._folder / f"{job}.{kind}"

    def _keep(self, state: JobState) -> None:
        """Keep how a job ended; where there is no room for that, keep that it is lost, which takes none."""
        running = self._file(state.id, "open")
        try:
            self._write(state)
            running.unlink()
        except (OSError, SavingError) as error:
            log.error("job %s is lost: %s", state.id, error)
            with suppress(OSError):
                running.rename(self._file(state.id, "lost"))

    def _forget(self, job: str) -> None:
        for kind in KINDS:
            self._file(job, kind).unlink(missing_ok=True)

    @contextmanager
    def _told(self, job: str) -> Iterator[None]:
        """Turns a failure of the disk into a RefusedError (503) and a line of the log."""
        try:
            yield
        except (OSError, SavingError) as error:
            log.error("job %s: %s", job, error)
            raise unavailable("the server cannot keep jobs now; try again later") from error

    def _write(self, state: JobState) -> None:
        write_whole(self._file(state.id, "json"), msgspec.json.encode(state))

    def _runs(self, job: str) -> bool:
        """Whether the process that runs an unfinished job is there."""
        try:
            return is_running(int(self._file(job, "open").read_text()))
        except (FileNotFoundError, ValueError):  # it has just ended, or just begun
            return True

    def _unfinished(self) -> int:
        """How many jobs are waiting or running. Forgets results that were kept long enough, and those above MOST."""
        running = {path.stem for path in self._folder.glob("*.open") if self._runs(path.stem)}
        ended = [path for path in self._folder.glob("*.json") if path.stem not in running]
        times = sorted(((_written(path), path.stem) for path in ended), reverse=True)
        for number, (written, job) in enumerate(times):
            if number >= MOST or time.time() - written > self._limits.keep_jobs:
                self._forget(job)
        return len(running)


def _written(path: Path) -> float:
    """When a file was written; 0 where another process has just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _no_such_job() -> RefusedError:
    return RefusedError(
        404,
        "no_such_job",
        "there is no job of that id: its result was kept long enough, or the server was started again",
    )


async def start(call: Call) -> Response:
    """Begin to translate a long text in the background; GET of the answer's Location says how far it is."""
    body: JobBody = call.body
    service = call.service
    if len(body.text) > service.limits.max_job_characters:
        raise too_large(f"{len(body.text):,} characters; a job may have {service.limits.max_job_characters:,}")
    wanted = Wanted([], body.beam, spelling=body.spelling, glossary=service.glossary)
    wanted.check(service.limits)
    direction = service.models.choose(body.model, body.source, body.target)

    def started() -> JobState:
        sentences = Sentences.of(service, direction, wanted, body.text)
        return service.jobs.start(body.text, sentences, call.client)

    state = await call.work(started)
    return answer(state, 202, {"Location": f"/v1/jobs/{state.id}"})


async def look(call: Call) -> Response:
    """How far a job is, and in the end its translation."""
    return answer(call.service.jobs.find(call.request.path_params["id"]))


async def cancel(call: Call) -> Response:
    """End a job that is not done."""
    return answer(call.service.jobs.cancel(call.request.path_params["id"]))


ID = {"id": "A job's id."}
ENDPOINTS = [
    Endpoint("POST", "/v1/jobs", start, JobState, OWN, JobBody, status=202),
    Endpoint("GET", "/v1/jobs/{id}", look, JobState, OWN, path_parameters=ID),
    Endpoint("DELETE", "/v1/jobs/{id}", cancel, JobState, OWN, path_parameters=ID),
]
