"""A run's losses, read back from its log: what the page draws beside the sentence that is being learnt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glassformer.reading import parse_json, read_regular
from glassformer.training.report.reporter import LARGEST, LOG

Losses = dict[str, list[list[float]]]  # "train" and "validation": [step, loss], in the order of the steps


def read_losses(run: Path) -> Losses | None:
    """The losses that a run logged, in nats a token; None where it kept no log."""
    if not (run / LOG).is_file():
        return None
    found: Losses = {"train": [], "validation": []}
    for event in _events(run / LOG):
        if event.get("event") in found and isinstance(event.get("loss"), int | float):
            found[event["event"]].append([int(event["step"]), float(event["loss"])])
    return found


def _events(log: Path) -> Iterator[dict[str, Any]]:
    """The log's events; a line that was cut off, as the last of a killed training may be, is none."""
    for line in read_regular(log, LARGEST).splitlines():
        try:
            event = parse_json(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event
