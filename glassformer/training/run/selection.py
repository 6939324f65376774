"""Model selection: which parameters of a run are kept as `best/` and as `average/`, by validation."""

import dataclasses
import json
from pathlib import Path

from glassformer.files import integrity_problem, remove_directory
from glassformer.model_directory import load_parameters
from glassformer.training.progress import TrainingProgress
from glassformer.training.report.reporter import Reporter, SilentReporter
from glassformer.training.report.validation import Validation, quality, validate
from glassformer.training.run.checkpoint import average_parameters, regular_checkpoints
from glassformer.training.run.run import Run
from glassformer.training.run.saving import Saver


class ModelSelection:
    """Validates a run and keeps its best models. Every process must make the same calls; rank 0 does the work."""

    def __init__(self, run: Run, report: Reporter | SilentReporter, saver: Saver) -> None:
        self._run, self._report, self._saver, self._settings = run, report, saver, run.config.training

    def validate(self) -> None:
        """Score the parameters as they are, keep them as `best/` where no earlier score is higher, note it in the
        progress. Raises InputError for parameters or a loss that are not finite.
        """
        run = self._run
        run.gather_parameters()
        if run.group.is_main:
            self._compare_with_best()
        progress = run.group.from_main(json.dumps(dataclasses.asdict(run.progress)).encode())
        vars(run.progress).update(vars(TrainingProgress.from_dict(json.loads(progress))))

    def average_last(self) -> None:
        """Average the last checkpoints, and keep the average as `average/` where no saved model scores higher."""
        run, settings = self._run, self._settings
        paths = regular_checkpoints(run.path, run.progress.step, settings.checkpoint_every)[-settings.average_last :]
        undamaged = [path for path in paths if not integrity_problem(path)]
        if len(undamaged) < len(paths):
            self._report.note(
                f"{len(paths) - len(undamaged)} of the last checkpoints are damaged, and not in the average"
            )
        if run.group.is_main and len(undamaged) > 1:
            self._keep_average(undamaged)
        run.group.wait()

    def _compare_with_best(self) -> None:
        self._saver.refuse_ruined()
        result, progress, metric = self._scores(), self._run.progress, self._settings.metric
        progress.scores, progress.scores_step = result.numbers(), progress.step
        better = not progress.best or quality(progress.scores, metric) > quality(progress.best, metric)
        if better:
            progress.best, progress.best_step, progress.validations_since_best = progress.scores, progress.step, 0
            self._run.save_model("best", progress.scores)
            self._remove_beaten_average()
        else:
            progress.validations_since_best += 1
        self._report.validation(progress.step, result, better)

    def _remove_beaten_average(self) -> None:
        """An average/ that an earlier sitting left must not stand for the run once best/ is better."""
        average = self._run.saved_quality("average")
        if average is not None and average < quality(self._run.progress.best, self._settings.metric):
            remove_directory(self._run.path / "average")
            self._report.note("average/ of the earlier sitting is removed: best/ is better now")

    def _keep_average(self, paths: list[Path]) -> None:
        model, metric = self._run.translator.model, self._settings.metric
        last = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        load_parameters(model, average_parameters(paths), paths[-1])
        result = self._scores()
        rivals = [quality(self._run.progress.best, metric), self._run.saved_quality("average")]
        kept = all(quality(result.numbers(), metric) >= rival for rival in rivals if rival is not None)
        if kept:
            self._run.save_model("average", result.numbers())
        self._report.note(
            f"average of the last {len(paths)} checkpoints: loss {result.loss:.3f}  BLEU {result.bleu:.1f}  "
            f"chrF {result.chrf:.1f}; {'kept as average/' if kept else 'not kept: what is saved is better'}"
        )
        load_parameters(model, last, paths[-1])

    def _scores(self) -> Validation:
        data = self._run.data
        return validate(self._run.translator, data.valid_ids, data.valid, self._settings)
