"""Saving a run: its checkpoints, and the latest model as `last/`."""

from torch import Tensor

from glassformer.errors import InputError
from glassformer.files import integrity_problem
from glassformer.training.report.reporter import Reporter, SilentReporter
from glassformer.training.report.validation import validation_loss
from glassformer.training.run.checkpoint import (
    checkpoint_path,
    checkpoints,
    prune_checkpoints,
    save_checkpoint,
    state_tensors,
)
from glassformer.training.run.run import Run
from glassformer.training.update.faults import ADVICE, usable_loss


class Saver:
    """Saves a run where it stands, unless its parameters are ruined. Every process must make the same calls."""

    def __init__(self, run: Run, report: Reporter | SilentReporter) -> None:
        self._run, self._report, self._settings = run, report, run.config.training

    def save(self) -> None:
        """Save `last/` and a checkpoint of this step. Raises InputError for parameters that are not finite."""
        run = self._run
        run.gather_parameters()
        tensors = state_tensors(run.replica.model, run.optimizer, run.group)
        if run.group.is_main:
            self._write(tensors)
        run.group.wait()

    def is_saved(self) -> bool:
        """Whether this step has a checkpoint; every process gets the same answer."""
        run = self._run
        return bool(run.group.largest(checkpoint_path(run.path, run.progress.step).exists())[0])

    def last_good(self) -> str:
        """Where the latest undamaged parameters are, in words."""
        saved = [path for path in checkpoints(self._run.path, self._run.progress.step) if not integrity_problem(path)]
        return f"the last good weights are in {saved[-1]}" if saved else "there is no checkpoint yet"

    def refuse_ruined(self) -> None:
        """Raise InputError if a parameter is not finite."""
        if not all(bool(parameter.isfinite().all()) for parameter in self._run.translator.model.parameters()):
            raise InputError(
                f"training gives no numbers any more at step {self._run.progress.step} (in the weights); "
                f"{self.last_good()}: {ADVICE}"
            )

    def _write(self, tensors: dict[str, Tensor]) -> None:
        """Write last/, then the checkpoint, which stands for all that was saved up to its step."""
        self.refuse_ruined()
        run, progress, settings = self._run, self._run.progress, self._settings
        if progress.skipped_in_row and not self._has_usable_loss():
            self._report.note(f"step {progress.step:,} is not saved: its weights give no usable loss")
            return
        run.save_model("last", progress.scores if progress.scores_step == progress.step else {})
        self._report.sync()
        save_checkpoint(run.path, run.translator, tensors, progress)
        prune_checkpoints(run.path, progress.step, settings.checkpoint_every, settings.keep_checkpoints)

    def _has_usable_loss(self) -> bool:
        """Whether the parameters, of which the latest updates were skipped, still give a usable validation loss."""
        run, settings = self._run, self._settings
        loss = validation_loss(run.translator, run.data.valid_ids, settings.batch_tokens, settings.precision)
        return usable_loss(loss, run.config.model.vocab_size)
