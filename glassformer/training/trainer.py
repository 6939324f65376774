"""The training loop."""

import dataclasses
import json
import shutil
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from glassformer.errors import InputError
from glassformer.model_directory import load_weights
from glassformer.text.batches import Batch
from glassformer.training.checkpoint import (
    average_weights,
    checkpoint_path,
    checkpoints,
    save_checkpoint,
    state_tensors,
)
from glassformer.training.gradients import Gradients, Work
from glassformer.training.probes import keep_probes
from glassformer.training.progress import Meter, Reporter, Silence
from glassformer.training.replica import whole_tensor
from glassformer.training.run import Run
from glassformer.training.schedule import learning_rate, paper_peak
from glassformer.training.signals import Interrupted, StopSignals
from glassformer.training.validation import Validation, validate


class Trainer:
    """Trains one run to its end: the only loop there is.

    Every process of a group goes through it in step. Rank 0 alone validates, writes and speaks; the others wait.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.data, self.progress, self.group = run, run.data, run.progress, run.group
        self.translator, self.replica, self.optimizer = run.translator, run.replica, run.optimizer
        self.settings = run.config.training
        source_tokenizer = run.translator.source_tokenizer
        self.gradients = Gradients(self.replica, self.settings.precision, self.group, source_tokenizer)
        self.peak_rate = self.settings.learning_rate or paper_peak(run.config.model.d_model, self.settings.warmup_steps)
        self.started = time.monotonic() - self.progress.seconds

    def fit(self) -> None:
        """Train until max_steps, max_minutes or patience; leaves best/, last/ and perhaps average/.

        Raises Interrupted, after saving, where SIGINT or SIGTERM says stop; InputError where the
        loss is no longer a number.
        """
        with self._reporter() as self.report, StopSignals() as stop:
            for note in self.run.notes():
                self.report.note(note)
            meter = Meter(self.translator.model, self.settings.precision, self.group)
            self.replica.model.train()
            if self.progress.step == 0:
                self._keep_probes()
            for batches in self._updates():
                meter.add(self._update(batches), self.grad_norm)
                # Read once: a signal may come at any moment, and to one process only.
                number, self.progress.seconds = self.group.largest(stop.received, time.monotonic() - self.started)
                stopping = int(number)
                # At the end too, before that step's checkpoint: it must know what is best.
                validating = self.progress.step % self.settings.validate_every == 0 or bool(self._ended())
                if validating or stopping or meter.due():
                    self.report.step(meter.numbers(self.progress, self.rate))
                with meter.paused():
                    if validating:
                        self._validate()
                    if self._probing(validating):
                        self._keep_probes()
                    if stopping or self.progress.step % self.settings.checkpoint_every == 0:
                        self._checkpoint()
                if stopping:
                    raise Interrupted(stopping, self.run.path)
            self.report.note(f"ended at step {self.progress.step:,}: {self._ended()}")
            self._finish()

    def _reporter(self) -> Reporter | Silence:
        if not self.group.is_main:
            return Silence()
        return Reporter(self.run.path, self.settings.max_steps, self.progress.step)

    def _updates(self) -> Iterator[list[Batch]]:
        """The batches of each update to come, epoch after epoch, until the run has ended."""
        settings, progress = self.settings, self.progress
        while True:
            batches = self.data.train.batches(settings.batch_tokens, settings.seed, progress.epoch, progress.batch)
            while not self._ended() and (update := list(islice(batches, settings.accumulate))):
                progress.batch += len(update)
                yield update
            if self._ended():
                return
            progress.epoch, progress.batch = progress.epoch + 1, 0

    def _ended(self) -> str:
        """Why the run has ended, or nothing."""
        settings, progress = self.settings, self.progress
        if progress.step >= settings.max_steps:
            return f"max_steps = {settings.max_steps:,}"
        if progress.stale >= settings.patience:
            return f"no better {settings.metric} in {progress.stale} validations (patience = {settings.patience})"
        if settings.max_minutes is not None and progress.seconds >= 60 * settings.max_minutes:
            return f"max_minutes = {settings.max_minutes:g}"
        return ""

    def _update(self, batches: list[Batch]) -> Work:
        """One step of Adam."""
        self.progress.step += 1
        self.rate = learning_rate(
            self.progress.step,
            self.peak_rate,
            self.settings.warmup_steps,
            self.settings.schedule,
            self.settings.max_steps,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        work = self.gradients.of(batches)
        if work.splits:
            self.report.note(
                f"step {self.progress.step:,}: memory did not suffice for a batch, which was halved "
                f"({work.splits} x); no pair is lost, and batches as large are halved at once from now on"
            )
        clip_norm = self.settings.clip_norm or float("inf")
        self.grad_norm = whole_tensor(torch.nn.utils.clip_grad_norm_(self.replica.model.parameters(), clip_norm))
        self._refuse_nan(work.loss, self.grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return work

    def _refuse_nan(self, *numbers: Tensor) -> None:
        if not all(bool(number.isfinite().all()) for number in numbers):
            raise InputError(
                f"training gives no numbers any more at step {self.progress.step}; what was saved before is intact: "
                "try a lower learning_rate, more warmup_steps, or precision=float32"
            )

    def _validate(self) -> None:
        """Rank 0's verdict, which is everybody's."""
        self.replica.write_to(self.translator.model)
        if self.group.is_main:
            self._judge()
        verdict = self.group.from_main(json.dumps(dataclasses.asdict(self.progress)).encode())
        vars(self.progress).update(json.loads(verdict))

    def _judge(self) -> None:
        self._refuse_nan(*self.translator.model.parameters())
        result = self._scores()
        value = result.metric(self.settings.metric)
        better = self.progress.best is None or value > self.progress.best
        self.progress.scores, self.progress.validated = result.numbers(), self.progress.step
        if better:
            self.progress.best, self.progress.best_step, self.progress.stale = value, self.progress.step, 0
            self.run.save_model("best", self.progress.scores)
            self._remove_beaten_average()
        else:
            self.progress.stale += 1
        self.report.validation(self.progress.step, result, better)

    def _probing(self, validating: bool) -> bool:
        every = self.settings.probe_every
        return validating if every is None else self.progress.step % every == 0

    def _keep_probes(self) -> None:
        if not self.settings.probe:
            return
        self.replica.write_to(self.translator.model)
        if self.group.is_main:
            keep_probes(self.run.path, self.translator, self.settings.probe, self.progress.step)
        self.group.wait()

    def _scores(self) -> Validation:
        data, settings = self.data, self.settings
        return validate(
            self.translator,
            data.valid_ids,
            data.valid,
            settings.validate_sentences,
            settings.batch_tokens,
            settings.precision,
        )

    def _checkpoint(self) -> None:
        self.replica.write_to(self.translator.model)
        tensors = state_tensors(self.replica.model, self.optimizer, self.group)
        if self.group.is_main:
            self._refuse_nan(*self.translator.model.parameters())
            save_checkpoint(self.run.path, self.translator, tensors, self.progress, self.settings.keep_checkpoints)
            self.run.save_model("last", self.progress.scores if self.progress.validated == self.progress.step else {})
        self.group.wait()

    def _finish(self) -> None:
        """Validate and save the last step; keep the average of the last checkpoints where it is no worse than best/."""
        validated = self.progress.validated == self.progress.step
        if not validated:  # a signal came at the last step
            self._validate()
        if not validated or not checkpoint_path(self.run.path, self.progress.step).exists():
            self._checkpoint()
        paths = checkpoints(self.run.path)[-self.settings.average_last :]
        if len(paths) > 1 and self.group.is_main:
            self._keep_average(paths)
        self.group.wait()

    def _keep_average(self, paths: list[Path]) -> None:
        model = self.translator.model
        last = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        load_weights(model, average_weights(paths), paths[-1])
        result, metric = self._scores(), self.settings.metric
        rivals = [self.progress.best, self.run.saved_score("average", metric)]
        kept = all(result.metric(metric) >= rival for rival in rivals if rival is not None)
        if kept:
            self.run.save_model("average", result.numbers())
        self.report.note(
            f"average of the last {len(paths)} checkpoints: loss {result.loss:.3f}  BLEU {result.bleu:.1f}  "
            f"chrF {result.chrf:.1f}; {'kept as average/' if kept else 'not kept: what is saved is better'}"
        )
        load_weights(model, last, paths[-1])

    def _remove_beaten_average(self) -> None:
        """An average/ that an earlier sitting left must not stand for the run once best/ is better."""
        average = self.run.saved_score("average", self.settings.metric)
        if average is not None and self.progress.best is not None and average < self.progress.best:
            shutil.rmtree(self.run.path / "average")
            self.report.note("average/ of the earlier sitting is removed: best/ is better now")
