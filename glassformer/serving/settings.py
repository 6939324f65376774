"""How `serve` was called."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from glassformer.serving.limits import Limits
from glassformer.serving.models import Source

Logged = Literal["errors", "requests", "texts"]


@dataclass(frozen=True)
class ServeSettings:
    """What a server needs to know; it goes to each of its processes.

    `folder` is for what the processes share while they run; it goes with the server.
    """

    sources: tuple[Source, ...]
    folder: Path
    memory: int = 4 << 30  # bytes
    limits: Limits = field(default_factory=Limits)
    host: str = "127.0.0.1"
    port: int = 8000
    host_names: tuple[str, ...] = ()
    workers: int = 1
    keys: Path | None = None
    terms: Path | None = None
    cors: tuple[str, ...] = ()
    log: Logged = "errors"
