"""What a request may ask for, and how much work there may be at a time: `--set key=value` of `serve`."""

import dataclasses
from dataclasses import dataclass

from glassformer.arguments import take_fields
from glassformer.errors import UsageError
from glassformer.search.options import WIDEST


@dataclass(frozen=True)
class Limits:
    """Bounds of the server. Raises UsageError for a value below its range."""

    max_body: int = 4_194_304
    """Largest body of a request; a larger one is answered with 413.
    Range: at least 1. Unit: bytes. Source: ours."""

    max_texts: int = 128
    """Most texts of a request; more are answered with 413. Range: at least 1. Unit: texts. Source: ours."""

    max_characters: int = 20_000
    """Most characters of a request's texts together; more are answered with 413, and are for a job.
    Range: at least 1. Unit: characters. Source: ours."""

    max_job_characters: int = 1_000_000
    """Most characters of a job's text; more are answered with 413.
    Range: at least 1. Unit: characters. Source: ours."""

    max_explained: int = 300
    """Most characters of a sentence that is explained; more are answered with 413.
    Range: at least 1. Unit: characters. Source: ours."""

    max_beam: int = 16
    """Widest beam, and so the most translations of a text; more are answered with 422.
    Range: at least 1 and at most 10,000. Unit: hypotheses. Source: ours."""

    concurrent: int = 128
    """Requests that are worked on at a time, by all processes together; their sentences share batches. Others wait.
    Range: at least 1. Unit: requests. Source: ours."""

    queued: int = 1_024
    """Requests that may wait, in all processes together; more are answered with 429.
    Range: at least 0. Unit: requests. Source: ours."""

    rate: int = 0
    """Requests of one client in a minute, unless its key says otherwise; more are answered with 429; 0: any number.
    Range: at least 0. Unit: requests per minute. Source: ours."""

    max_jobs: int = 32
    """Jobs that are waiting or running; more are answered with 429. Range: at least 1. Unit: jobs. Source: ours."""

    keep_jobs: int = 3_600
    """How long the result of a job is kept. Range: at least 1. Unit: seconds. Source: ours."""

    max_wait: float = 30.0
    """How long a request may wait for its turn, if not `timeout`; then it is answered with 429.
    Range: above 0. Unit: seconds. Source: ours."""

    timeout: float = 60.0
    """How long a request may take, waiting included; then it is answered with 504.
    Range: above 0. Unit: seconds. Source: ours."""

    header_timeout: float = 10.0
    """How long the head of a request may take to come; then the connection is cut.
    Range: above 0. Unit: seconds. Source: ours."""

    body_timeout: float = 10.0
    """How long the body of a request may take to come; then it is answered with 408.
    Range: above 0. Unit: seconds. Source: ours."""

    drain: float = 30.0
    """How long requests may go on after SIGTERM; then they are answered with 503.
    Range: above 0. Unit: seconds. Source: ours."""

    def shared_by(self, workers: int) -> "Limits":
        """Those of one of so many processes: its share of the requests at a time, rounded up."""
        return dataclasses.replace(self, concurrent=-(-self.concurrent // workers), queued=-(-self.queued // workers))

    def __post_init__(self) -> None:
        take_fields(self)
        for field in dataclasses.fields(self):
            value, least = getattr(self, field.name), 0 if field.name in ("queued", "rate") else 1
            if isinstance(field.default, float):
                if not value > 0:
                    raise UsageError(f"{field.name} is {value}: it must be above 0")
            elif value < least:
                raise UsageError(f"{field.name} is {value}: it must be at least {least}")
        if self.max_beam > WIDEST:
            raise UsageError(f"max_beam is {self.max_beam}: it must be at most {WIDEST:,}")
