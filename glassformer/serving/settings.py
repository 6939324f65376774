"""How `serve` was called."""

from dataclasses import dataclass, field

from glassformer.serving.limits import Limits
from glassformer.serving.models import Source


@dataclass(frozen=True)
class ServeSettings:
    """What a server needs to know; it goes to each of its processes."""

    sources: tuple[Source, ...]
    memory: int = 4 << 30  # bytes
    limits: Limits = field(default_factory=Limits)
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
