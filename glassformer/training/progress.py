"""What training shows while it runs: a live display, `log.jsonl` and TensorBoard, the same numbers."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from glassformer.files import saving
from glassformer.model import Transformer
from glassformer.training.checkpoint import TrainingProgress
from glassformer.training.distributed import Group
from glassformer.training.events import EventFile
from glassformer.training.gradients import Work
from glassformer.training.utilisation import peak_flops, step_flops
from glassformer.training.validation import Validation

LOG = "log.jsonl"
REPORT_EVERY = 5.0  # seconds
JOINERS = "\u200c\u200d"  # unprintable to Python, needed by Hindi


class Meter:
    """Sums what the updates did since the last report."""

    def __init__(self, model: Transformer, precision: str, group: Group) -> None:
        self._model = model
        self._peak = group.size * peak_flops(precision, group.device)
        self._reset()

    def _reset(self) -> None:
        self._since, self._updates, self._source_tokens, self._target_tokens = time.monotonic(), 0, 0, 0
        self._loss = torch.zeros(())
        self._grad_norm = torch.zeros(())

    def add(self, work: Work, grad_norm: Tensor) -> None:
        """One update, and the norm of its gradient before clipping."""
        self._updates += 1
        self._loss += work.loss.cpu()
        self._grad_norm += grad_norm.detach().cpu()
        self._source_tokens += work.source_tokens
        self._target_tokens += work.target_tokens

    def due(self) -> bool:
        return time.monotonic() - self._since >= REPORT_EVERY

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the block runs, the time does not count as training's."""
        start = time.monotonic()
        yield
        self._since += time.monotonic() - start

    def numbers(self, progress: TrainingProgress, rate: float) -> dict[str, Any]:
        """Means since the last report; then starts over."""
        seconds = time.monotonic() - self._since
        flops = step_flops(self._model, self._source_tokens, self._target_tokens)
        result = {
            "step": progress.step,
            "epoch": progress.epoch,
            "loss": round(float(self._loss) / self._updates, 4),
            "learning_rate": rate,
            "grad_norm": round(float(self._grad_norm) / self._updates, 4),
            "target_tokens_per_second": round(self._target_tokens / seconds, 1),
            "utilisation": round(flops / seconds / self._peak, 4),
            "seconds": round(progress.seconds, 1),
        }
        self._reset()
        return result


class Reporter:
    """Reports to stderr, to the log and to TensorBoard. Bars are drawn only on a terminal."""

    def __init__(self, run: Path, max_steps: int, step: int) -> None:
        self._path = run / LOG
        with saving(self._path):
            _remove_cut_line(self._path)
            self._log = self._path.open("a", encoding="utf-8", errors="backslashreplace")
            self._events = EventFile(run)
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

    def step(self, numbers: dict[str, Any]) -> None:
        """`numbers`: step, epoch, loss, learning_rate, grad_norm, target_tokens_per_second, utilisation, seconds."""
        line = (
            f"epoch {numbers['epoch']}  loss {numbers['loss']:.3f}  lr {numbers['learning_rate']:.2e}  "
            f"{numbers['target_tokens_per_second']:,.0f} tok/s  {100 * numbers['utilisation']:.0f}% of peak"
        )
        self._bar.update(self._task, completed=numbers["step"], description=line)
        if not self.console.is_terminal:
            self.console.print(f"step {numbers['step']:,}  {line}")
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

    def _record(self, event: str, numbers: dict[str, Any]) -> None:
        with saving(self._path):
            self._log.write(json.dumps({"event": event, **numbers}, ensure_ascii=False) + "\n")
            self._log.flush()
            for name, value in numbers.items():
                if isinstance(value, int | float) and name != "step":
                    self._events.add(f"{event}/{name}", value, numbers["step"])


class Silence:
    """What the other processes have for a Reporter: rank 0 reports for all."""

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def step(self, numbers: dict[str, Any]) -> None:
        pass

    def validation(self, step: int, result: Validation, best: bool) -> None:
        pass

    def note(self, text: str) -> None:
        pass


def _shown(text: str) -> str:
    """As it may stand on a terminal: a model that has learnt little also says control characters."""
    return escape("".join(c if c.isprintable() or c in JOINERS else "\ufffd" for c in text))


def _remove_cut_line(path: Path) -> None:
    """A last line that a full disk or a lost machine cut off is no JSON; it goes."""
    if path.exists():
        data = path.read_bytes()
        os.truncate(path, data.rfind(b"\n") + 1)
