"""Reports training while it runs: a live display, `log.jsonl` and TensorBoard, with the same numbers."""

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from glassformer.files import saving, write_whole
from glassformer.reading import MIB, parse_json, read_regular
from glassformer.system import STDERR, open_itself
from glassformer.text.printable import replaced
from glassformer.training.distributed import Group
from glassformer.training.report.events import EventFile
from glassformer.training.report.validation import Validation

LOG = "log.jsonl"
LARGEST = 4096 * MIB  # bytes of it


class Reporter:
    """Reports to stderr, to the log and to TensorBoard. Bars are drawn only on a terminal.

    Training goes on after `step`: the records of later steps are removed, since these steps are done again.
    """

    def __init__(self, run: Path, max_steps: int, step: int) -> None:
        self._run, self._path, self._step = run, run / LOG, step
        self.console = Console(file=STDERR, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("", total=max_steps, completed=step)

    def __enter__(self) -> "Reporter":
        with saving(self._path):
            _cut_log(self._path, self._step)
            self._log = open(self._path, "a", encoding="utf-8", errors="backslashreplace", opener=open_itself)
            self._events = EventFile(self._run, self._step)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        with saving(self._path), ExitStack() as files:
            files.enter_context(closing(self._log))
            files.enter_context(closing(self._events))

    def show(self, numbers: dict[str, Any]) -> None:
        """The live line, from a Meter's numbers."""
        loss = "none" if numbers["loss"] is None else f"{numbers['loss']:.3f}"
        skipped = f"  {numbers['skipped']:,} skipped" if numbers["skipped"] else ""
        line = (
            f"epoch {numbers['epoch']}  loss {loss}  lr {numbers['learning_rate']:.2e}  "
            f"{numbers['target_tokens_per_second']:,.0f} tok/s  {100 * numbers['utilisation']:.0f}% of peak{skipped}"
        )
        self._bar.update(self._task, completed=numbers["step"], description=line)
        if not self.console.is_terminal:
            self.console.print(f"step {numbers['step']:,}  {line}")

    def train(self, numbers: dict[str, Any]) -> None:
        """A record of the log, from a Meter's numbers."""
        self._record("train", numbers)

    def validation(self, step: int, result: Validation, best: bool) -> None:
        numbers = result.numbers()
        mark = "  [bold]best so far[/bold]" if best else ""
        self.console.print(
            f"validation at step {step:,}: loss {numbers['loss']:.3f}  BLEU {numbers['bleu']:.1f}  "
            f"chrF {numbers['chrf']:.1f}{mark}"
        )
        for direction, one in result.directions.items():
            self.console.print(f"  {direction}: loss {one.loss:.3f}  BLEU {one.bleu:.1f}  chrF {one.chrf:.1f}")
        for source, translation, reference in result.samples:
            self.console.print(
                f"  {_shown(source)}\n    = {_shown(translation)}\n    [dim]reference[/dim] {_shown(reference)}"
            )
        self._record("validation", {"step": step, "best": best, **numbers, "samples": result.samples})

    def note(self, text: str) -> None:
        """One line for the reader and the log."""
        self.console.print(escape(text))
        self._record("note", {"text": text})

    def skipped(self, step: int, text: str) -> None:
        """Report that the update of `step` was skipped, and why."""
        self.console.print(escape(f"step {step:,} skipped: {text}"))
        self._record("skipped", {"step": step, "text": text})

    def sync(self) -> None:
        """Make the log outlast a power cut, as a checkpoint does."""
        with saving(self._path):
            os.fsync(self._log.fileno())

    def _record(self, event: str, numbers: dict[str, Any]) -> None:
        with saving(self._path):
            self._log.write(json.dumps({"event": event, **numbers}, ensure_ascii=False) + "\n")
            self._log.flush()
            for name, value in _curves(numbers):
                self._events.add(f"{event}/{name}", value, numbers["step"])


def _curves(numbers: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers that TensorBoard draws; those of a direction are `en-hi/chrf`."""
    of_each = {
        f"{one}/{key}": value for one, own in numbers.get("directions", {}).items() for key, value in own.items()
    }
    for name, value in (numbers | of_each).items():
        if isinstance(value, int | float) and name != "step":
            yield name, value


def make_reporter(run: Path, max_steps: int, step: int, group: Group) -> "Reporter | SilentReporter":
    """The reporter of this process: only the main one reports."""
    return Reporter(run, max_steps, step) if group.is_main else SilentReporter()


class SilentReporter:
    """Takes a Reporter's place in every process but the main one, which reports for all."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None

    def __enter__(self) -> "SilentReporter":
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _shown(text: str) -> str:
    """As it may stand on a terminal: a model that has learnt little also says control characters."""
    return escape(replaced(text))


def _cut_log(path: Path, step: int) -> None:
    """Keep the records up to `step` and those without a step; remove the others, and lines that are not whole."""
    if not path.exists():
        return
    lines = read_regular(path, LARGEST).splitlines(keepends=True)
    kept = [line for line in lines if _step_of(line) <= step]
    if len(kept) < len(lines):
        write_whole(path, b"".join(kept))


def _step_of(line: bytes) -> float:
    try:
        return int(parse_json(line).get("step", 0)) if line.endswith(b"\n") else math.inf
    except (ValueError, TypeError, OverflowError, AttributeError):
        return math.inf
