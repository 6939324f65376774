"""The training loop."""

import dataclasses
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from glassformer.data.batches import Batch
from glassformer.errors import InputError
from glassformer.files import damage, remove_directory
from glassformer.model_directory import load_weights
from glassformer.training.report.reporter import Meter, Reporter, Silence
from glassformer.training.report.validation import Validation, rank, validate, validation_loss
from glassformer.training.run.checkpoint import (
    TrainingProgress,
    average_weights,
    checkpoint_path,
    checkpoints,
    prune_checkpoints,
    regular_checkpoints,
    save_checkpoint,
    state_tensors,
)
from glassformer.training.run.probes import keep_probes
from glassformer.training.run.run import Run
from glassformer.training.run.signals import Interrupted, StopSignals
from glassformer.training.update.faults import ADVICE, usable, usable_loss
from glassformer.training.update.gradients import Gradients
from glassformer.training.update.replica import whole_tensor
from glassformer.training.update.schedule import learning_rate, paper_peak


class Trainer:
    """Trains one run to its end: the only loop there is.

    Every process of a group goes through it in step. Rank 0 alone validates, writes and speaks; the others wait.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.data, self.progress, self.group = run, run.data, run.progress, run.group
        self.translator, self.replica, self.optimizer = run.translator, run.replica, run.optimizer
        self.settings = run.config.training
        tokenizer = run.translator.source_tokenizer
        self.gradients = Gradients(self.replica, self.settings.precision, self.group, tokenizer)
        self.peak_rate = self.settings.learning_rate or paper_peak(run.config.model.d_model, self.settings.warmup_steps)
        self.started = time.monotonic() - self.progress.seconds

    def fit(self) -> None:
        """Train until max_steps, max_minutes or patience; leaves best/, last/ and perhaps average/.

        Raises Interrupted, after saving, where SIGINT or SIGTERM says stop; InputError where max_skipped
        updates in a row gave no usable numbers.
        """
        with self._reporter() as self.report, StopSignals() as stop:
            for note in self.run.notes():
                self.report.note(note)
            self.meter = Meter(self.translator.model, self.settings, self.group, self.progress)
            self.replica.model.train()
            if self.progress.step == 0:
                self._keep_probes()
            for batches in self._updates():
                self._update(batches)
                # Read once: a signal may come at any moment, and to one process only.
                number, self.progress.seconds = self.group.largest(stop.received, time.monotonic() - self.started)
                stopping = int(number)
                # At the end too, before that step's checkpoint: it must know what is best.
                validating = self.progress.step % self.settings.validate_every == 0 or bool(self._ended())
                if validating or stopping or self.meter.due():
                    self.report.show(self.meter.to_show(self.rate))
                if validating or self.progress.step % self.settings.log_every == 0:
                    self.report.train(self.meter.to_log(self.rate))
                with self.meter.paused():
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
            if streamed := self.data.streamed():
                self.report.note(f"epoch {progress.epoch} of the stream: {streamed}")
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

    def _update(self, batches: list[Batch]) -> None:
        """One step of Adam, or none where loss or gradient are not to be trusted: weights and moments then stay."""
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
                f"step {self.progress.step:,}: memory did not suffice; batches that were halved: {work.splits}; "
                "no pair is lost, and as large ones are halved from now on"
            )
        clip_norm = self.settings.clip_norm or float("inf")
        norm = whole_tensor(torch.nn.utils.clip_grad_norm_(self.replica.model.parameters(), clip_norm))
        loss, grad_norm = torch.stack([work.loss, norm]).tolist()  # the step's one wait for the device
        if usable(loss, grad_norm, self.run.config.model.vocab_size):
            self.optimizer.step()
            self.progress.skipped_in_row = 0
            self.meter.add(loss, grad_norm, work)
        else:
            self._skip(loss, grad_norm)
        self.optimizer.zero_grad(set_to_none=True)

    def _skip(self, loss: float, grad_norm: float) -> None:
        """Count and tell an update that is not made; InputError after max_skipped of them in a row."""
        progress = self.progress
        progress.skipped += 1
        progress.skipped_in_row += 1
        told = f"loss {loss:.4g}, gradient norm {grad_norm:.4g}, learning rate {self.rate:.3g}"
        self.report.skipped(progress.step, told)
        if progress.skipped_in_row % self.settings.max_skipped:  # whoever resumes is given as many again
            return
        self._checkpoint()
        raise InputError(
            f"training gives no numbers any more at step {progress.step} ({told}; {progress.skipped_in_row} updates in "
            f"a row skipped); {self._last_good()}: {ADVICE}; with --resume --allow KEY such a change is taken"
        )

    def _last_good(self) -> str:
        saved = [path for path in checkpoints(self.run.path, self.progress.step) if not damage(path)]
        return f"the last good weights are in {saved[-1]}" if saved else "there is no checkpoint yet"

    def _validate(self) -> None:
        """Rank 0's verdict, which is everybody's."""
        self.replica.write_to(self.translator.model)
        if self.group.is_main:
            self._judge()
        verdict = self.group.from_main(json.dumps(dataclasses.asdict(self.progress)).encode())
        vars(self.progress).update(vars(TrainingProgress.of(json.loads(verdict))))

    def _judge(self) -> None:
        self._refuse_ruined()
        result, progress, metric = self._scores(), self.progress, self.settings.metric
        progress.scores, progress.validated = result.numbers(), progress.step
        better = not progress.best or rank(progress.scores, metric) > rank(progress.best, metric)
        if better:
            progress.best, progress.best_step, progress.stale = progress.scores, progress.step, 0
            self.run.save_model("best", progress.scores)
            self._remove_beaten_average()
        else:
            progress.stale += 1
        self.report.validation(progress.step, result, better)

    def _refuse_ruined(self) -> None:
        if not all(bool(weight.isfinite().all()) for weight in self.translator.model.parameters()):
            raise InputError(
                f"training gives no numbers any more at step {self.progress.step} (in the weights); "
                f"{self._last_good()}: {ADVICE}"
            )

    def _probing(self, validating: bool) -> bool:
        every = self.settings.probe_every
        return validating if every is None else self.progress.step % every == 0

    def _keep_probes(self) -> None:
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
            self._save(tensors)
        self.group.wait()

    def _save(self, tensors: dict[str, Tensor]) -> None:
        """Save last/, then the checkpoint: that stands for all that was saved up to its step. Only good weights."""
        self._refuse_ruined()
        progress = self.progress
        if progress.skipped_in_row and not self._still_good():
            self.report.note(f"step {progress.step:,} is not saved: its weights give no usable loss")
            return
        self.run.save_model("last", progress.scores if progress.validated == progress.step else {})
        self.report.sync()
        save_checkpoint(self.run.path, self.translator, tensors, progress)
        settings = self.settings
        prune_checkpoints(self.run.path, progress.step, settings.checkpoint_every, settings.keep_checkpoints)

    def _still_good(self) -> bool:
        """Whether the weights, the latest updates of which were skipped, still say what they have learnt."""
        ids, settings = self.data.valid_ids, self.settings
        loss = validation_loss(self.translator, ids, settings.batch_tokens, settings.precision)
        return usable_loss(loss, self.run.config.model.vocab_size)

    def _finish(self) -> None:
        """Validate and save the last step; keep the average of the last checkpoints where it is no worse than best/."""
        validated = self.progress.validated == self.progress.step
        if not validated:  # resumed with a max_steps that was passed already
            self._validate()
        saved = self.group.largest(checkpoint_path(self.run.path, self.progress.step).exists())[0]
        if not validated or not saved:
            self._checkpoint()
        found = regular_checkpoints(self.run.path, self.progress.step, self.settings.checkpoint_every)
        paths = found[-self.settings.average_last :]
        whole = [path for path in paths if not damage(path)]
        if len(whole) < len(paths):
            self.report.note(f"{len(paths) - len(whole)} of the last checkpoints are damaged, and not in the average")
        if self.group.is_main and len(whole) > 1:
            self._keep_average(whole)
        self.group.wait()

    def _keep_average(self, paths: list[Path]) -> None:
        model = self.translator.model
        last = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        load_weights(model, average_weights(paths), paths[-1])
        result, metric = self._scores(), self.settings.metric
        rivals = [rank(self.progress.best, metric), self.run.saved_rank("average")]
        kept = all(rank(result.numbers(), metric) >= rival for rival in rivals if rival is not None)
        if kept:
            self.run.save_model("average", result.numbers())
        self.report.note(
            f"average of the last {len(paths)} checkpoints: loss {result.loss:.3f}  BLEU {result.bleu:.1f}  "
            f"chrF {result.chrf:.1f}; {'kept as average/' if kept else 'not kept: what is saved is better'}"
        )
        load_weights(model, last, paths[-1])

    def _remove_beaten_average(self) -> None:
        """An average/ that an earlier sitting left must not stand for the run once best/ is better."""
        average = self.run.saved_rank("average")
        if average is not None and average < rank(self.progress.best, self.settings.metric):
            remove_directory(self.run.path / "average")
            self.report.note("average/ of the earlier sitting is removed: best/ is better now")
