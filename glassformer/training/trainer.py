"""The training loop, and the callbacks that may follow it."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from glassformer.data.batches import Batch
from glassformer.errors import InputError
from glassformer.training.report.meter import Meter
from glassformer.training.report.reporter import make_reporter
from glassformer.training.run.calibrating import calibrate_models
from glassformer.training.run.probes import save_probes
from glassformer.training.run.run import Run
from glassformer.training.run.saving import Saver
from glassformer.training.run.selection import ModelSelection
from glassformer.training.run.signals import Interrupted, StopSignals
from glassformer.training.update.faults import ADVICE
from glassformer.training.update.processors import Processors
from glassformer.training.update.updater import Update, Updater


class Callback:
    """Is called by the loop, in every process. Override what you need; the methods here do nothing.

    What a method raises ends the training; what was saved before stays.
    """

    def on_train_start(self, trainer: "Trainer") -> None:
        """Before the first update of this sitting. `trainer.run` holds the model, the data and the progress."""

    def on_update_start(self, trainer: "Trainer", batches: list[Batch]) -> None:
        """Before the update of step `trainer.progress.step` is made with `batches`."""

    def on_update_end(self, trainer: "Trainer", update: Update) -> None:
        """After an update, before it is reported, validated or saved."""


class Trainer:
    """Trains one run to its end: the only loop there is.

    Every process of a group goes through it in step. Rank 0 alone validates, writes and reports; the others wait.
    """

    def __init__(self, run: Run, callbacks: Sequence[Callback] = ()) -> None:
        self.run, self.progress, self.settings = run, run.progress, run.config.training
        self.callbacks = callbacks
        self.report = make_reporter(run.path, self.settings.max_steps, self.progress.step, run.group)
        self.updater = Updater(run.replica, run.optimizer, run.config, run.group, run.translator.source_tokenizer)
        # Not of several processes, which wait for each other too.
        self.processors = Processors(run.group.device.type == "cpu" and run.group.size == 1)
        self.meter = Meter(run.translator.model, self.settings, run.group, self.progress)
        self.saver = Saver(run, self.report)
        self.selection = ModelSelection(run, self.report, self.saver)
        self.started = time.monotonic() - self.progress.seconds
        # A GPU makes an update while the next is prepared: its numbers are read after the next has begun, not awaited.
        self.ahead = 0 if run.group.device.type == "cpu" else 1
        self.uncounted: deque[Update] = deque()

    def fit(self) -> None:
        """Train until max_steps, max_minutes or patience; leave best/, last/ and perhaps average/.

        Raises Interrupted, after saving, where a signal of `STOPPING` says stop; InputError where max_skipped
        updates in a row gave no usable numbers.
        """
        with self.report, StopSignals() as stop, self.processors:
            for note in self.run.notes():
                self.report.note(note)
            self.run.replica.objective.train()
            if self.progress.step == 0:
                self._save_probes()
            for callback in self.callbacks:
                callback.on_train_start(self)
            for batches in self._batches_of_updates():
                self._update(batches)
                self._after_update(self._agreed_signal(stop))
            self.report.note(f"ended at step {self.progress.step:,}: {self._reason_to_end()}")
            self._finish()

    def _batches_of_updates(self) -> Iterator[list[Batch]]:
        """The batches of each update to come, epoch after epoch, until the run has ended."""
        settings, progress, data = self.settings, self.progress, self.run.data
        while True:
            batches = data.train.batches(settings.batch_tokens, settings.seed, progress.epoch, progress.batch)
            while not self._reason_to_end() and (update := list(islice(batches, settings.accumulate))):
                progress.batch += len(update)
                yield update
            if read := data.stream_report():
                self.report.note(f"epoch {progress.epoch} of the stream: {read}")
            if self._reason_to_end():
                return
            progress.epoch, progress.batch = progress.epoch + 1, 0

    def _reason_to_end(self) -> str:
        """Why the run has ended; empty if it has not."""
        settings, progress = self.settings, self.progress
        if progress.step >= settings.max_steps:
            return f"max_steps = {settings.max_steps:,}"
        if (since := progress.validations_since_best) >= settings.patience:
            return f"no better {settings.metric} in {since} validations (patience = {settings.patience})"
        if settings.max_minutes is not None and progress.seconds >= 60 * settings.max_minutes:
            return f"max_minutes = {settings.max_minutes:g}"
        return ""

    def _update(self, batches: list[Batch]) -> None:
        self.progress.step += 1
        for callback in self.callbacks:
            callback.on_update_start(self, batches)
        with self.processors.measured():
            update = self.updater.update(self.progress.step, batches)
        for callback in self.callbacks:
            callback.on_update_end(self, update)
        self.uncounted.append(update)
        self._count_updates(self.ahead)

    def _count_updates(self, ahead: int = 0) -> None:
        """Count what the updates did, but for the latest `ahead`."""
        while len(self.uncounted) > ahead:
            self._count(self.uncounted.popleft())

    def _count(self, update: Update) -> None:
        self.meter.add(update)
        if splits := update.splits:
            self.report.note(
                f"step {update.step:,}: memory did not suffice; batches that were halved: {splits}; "
                "no pair is lost, and as large ones are halved from now on"
            )
        if update.applied:
            self.progress.skipped_in_row = 0
        else:
            self._count_skipped(update)

    def _count_skipped(self, update: Update) -> None:
        """Count and report an update that was skipped; InputError after max_skipped of them in a row."""
        progress = self.progress
        progress.skipped += 1
        progress.skipped_in_row += 1
        numbers = (
            f"loss {update.loss:.4g}, gradient norm {update.grad_norm:.4g}, learning rate {update.learning_rate:.3g}"
        )
        self.report.skipped(update.step, numbers)
        in_row = progress.skipped_in_row
        if in_row % self.settings.max_skipped:  # a run that is resumed may skip as many again
            return
        self._count_updates()
        self.saver.save()
        raise InputError(
            f"training gives no numbers any more at step {update.step} ({numbers}; {in_row} updates in a row skipped); "
            f"{self.saver.last_good()}: {ADVICE}; with --resume --allow KEY such a change is taken"
        )

    def _agreed_signal(self, stop: StopSignals) -> int:
        """The signal that says stop, or 0. Read once, as it may come at any moment and to one process only."""
        number, self.progress.seconds = self.run.group.largest(stop.received, time.monotonic() - self.started)
        return int(number)

    def _after_update(self, signal: int) -> None:
        """Report, validate, probe and save where it is time for it; raise Interrupted if a signal says stop."""
        settings, step = self.settings, self.progress.step
        # At the end too, before that step's checkpoint: it must know what is best.
        validating = step % settings.validate_every == 0 or bool(self._reason_to_end())
        logging, saving = step % settings.log_every == 0, step % settings.checkpoint_every == 0
        if validating or signal or logging or saving:
            self._count_updates()
        if validating or signal or self.meter.due():
            self.report.show(self.meter.to_show())
        if validating or logging:
            self.report.train(self.meter.to_log())
        with self.meter.paused():
            if validating:
                self.selection.validate()
            if validating if settings.probe_every is None else step % settings.probe_every == 0:
                self._save_probes()
            if signal or saving:
                self.saver.save()
        if signal:
            raise Interrupted(signal, "stopped and saved", ("train", "--out", str(self.run.path), "--resume"))

    def _save_probes(self) -> None:
        self.run.gather_parameters()
        if self.run.group.is_main:
            settings = self.settings
            save_probes(self.run.path, self.run.translator, settings.probe, self.progress.step, settings.probe_targets)
        self.run.group.wait()

    def _finish(self) -> None:
        """Validate and save the last step, and average the last checkpoints."""
        validated = self.progress.scores_step == self.progress.step
        if not validated:  # resumed with a max_steps that was passed already
            self.selection.validate()
        if not self.saver.is_saved() or not validated:
            self.saver.save()
        self.selection.average_last()
        calibrate_models(self.run)
