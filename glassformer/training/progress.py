"""What training shows while it runs: a live display, `log.jsonl` and TensorBoard, the same numbers."""

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from glassformer.files import saving, write_whole
from glassformer.model import Transformer
from glassformer.text.printable import replaced
from glassformer.training.checkpoint import TrainingProgress, Window
from glassformer.training.config import TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.events import EventFile
from glassformer.training.gradients import Work
from glassformer.training.objective import passes_of
from glassformer.training.utilisation import peak_flops, step_flops
from glassformer.training.validation import Validation

LOG = "log.jsonl"
SHOW_EVERY = 5.0  # seconds


class Meter:
    """Sums what the updates did: since the latest line shown, and since the latest record of the log.

    The first goes by the clock. The second goes by steps and is part of the training's progress, so that
    the log of a run that was killed and resumed is that of one that was not.
    """

    def __init__(self, model: Transformer, settings: TrainingConfig, group: Group, progress: TrainingProgress) -> None:
        self._model, self._progress, self._passes = model, progress, passes_of(settings.r_drop)
        # The other processes show nothing, and would only make this one's measure less.
        self._peak = group.size * peak_flops(settings.precision, group.device) if group.is_main else math.inf
        self._unshown = Window()
        self._since = time.monotonic()

    def add(self, loss: float, grad_norm: float, work: Work) -> None:
        """One update: loss a target token, gradient norm before clipping, and what was read for them."""
        now = time.monotonic()
        for window in (self._unshown, self._progress.unlogged):
            window.updates += 1
            window.loss += loss
            window.grad_norm += grad_norm
            window.source_tokens += work.source_tokens
            window.target_tokens += work.target_tokens
            window.seconds += now - self._since
        self._since = now

    def due(self) -> bool:
        """Whether it is time to show something."""
        return self._unshown.seconds >= SHOW_EVERY

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the block runs, the time does not count as training's."""
        start = time.monotonic()
        yield
        self._since += time.monotonic() - start

    def to_show(self, rate: float) -> dict[str, Any]:
        """Means since the latest line shown; then starts over."""
        window, self._unshown = self._unshown, Window()
        return self._numbers(window, rate)

    def to_log(self, rate: float) -> dict[str, Any]:
        """Means since the latest record of the log; then starts over."""
        window, self._progress.unlogged = self._progress.unlogged, Window()
        return self._numbers(window, rate)

    def _numbers(self, window: Window, rate: float) -> dict[str, Any]:
        """Means are None where every update was skipped."""
        flops = self._passes * step_flops(self._model, window.source_tokens, window.target_tokens)
        seconds = window.seconds or math.inf
        return {
            "step": self._progress.step,
            "epoch": self._progress.epoch,
            "loss": round(window.loss / window.updates, 4) if window.updates else None,
            "learning_rate": rate,
            "grad_norm": round(window.grad_norm / window.updates, 4) if window.updates else None,
            "skipped": self._progress.skipped,
            "target_tokens_per_second": round(window.target_tokens / seconds, 1),
            "utilisation": round(flops / seconds / self._peak, 4),
            "seconds": round(self._progress.seconds, 1),
        }


class Reporter:
    """Reports to stderr, to the log and to TensorBoard. Bars are drawn only on a terminal.

    Training goes on after `step`: what was recorded of later steps is cut off, since they are done again.
    """

    def __init__(self, run: Path, max_steps: int, step: int) -> None:
        self._path = run / LOG
        with saving(self._path):
            _cut_log(self._path, step)
            self._log = self._path.open("a", encoding="utf-8", errors="backslashreplace")
            self._events = EventFile(run, step)
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
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
        """That the update of `step` was skipped, and why."""
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
            for name, value in numbers.items():
                if isinstance(value, int | float) and name != "step":
                    self._events.add(f"{event}/{name}", value, numbers["step"])


class Silence:
    """What the other processes of a group have for a Reporter: the first reports for all."""

    def __getattr__(self, report: str) -> Callable[..., None]:
        return lambda *_: None

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _shown(text: str) -> str:
    """As it may stand on a terminal: a model that has learnt little also says control characters."""
    return escape(replaced(text))


def _cut_log(path: Path, step: int) -> None:
    """Leave the records up to `step`, and those of no step; a line that a full disk cut off is no JSON and goes too."""
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if _step_of(line) <= step]
    if len(kept) < len(lines):
        write_whole(path, b"".join(kept))


def _step_of(line: bytes) -> float:
    try:
        return int(json.loads(line).get("step", 0)) if line.endswith(b"\n") else math.inf
    except (ValueError, AttributeError):
        return math.inf
