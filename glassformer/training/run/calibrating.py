"""The end of a run: what its models' confidence is measured against, written on their cards."""

from collections.abc import Sequence

from glassformer.evaluation import sentence_chrf
from glassformer.model_directory import OF_A_RUN
from glassformer.quality_estimation.calibration import Calibration, Judged, mean_log_prob
from glassformer.quality_estimation.estimator import CONFIDENCE, Estimator
from glassformer.search import SearchOptions
from glassformer.text.pairs import Pair
from glassformer.training.run.run import Run
from glassformer.translator import Translator

SENTENCES = 500  # of the validation set, evenly drawn
GREEDY = SearchOptions(beam=1)


def calibrate_models(run: Run) -> None:
    """Write the calibration of each model directory of the run on its card; rank 0 does the work."""
    if run.group.is_main:
        for name in OF_A_RUN:
            if (run.path / name).exists():
                translator = Translator.load(run.path / name, run.group.device)
                if calibration := calibrate(translator, run.data.valid):
                    translator.card |= {CONFIDENCE: calibration.to_dict()}
                    translator.save(run.path / name)
    run.group.wait()


def calibrate(translator: Translator, pairs: Sequence[Pair]) -> Calibration | None:
    """Translate up to SENTENCES of the pairs and see how sure the model is of the good translations."""
    chosen = pairs[:: -(-len(pairs) // SENTENCES)]
    translator.estimator = Estimator(translator.estimator.lexicon)
    targets = [pair.direction for pair in chosen]
    translations = translator.translate([pair.source for pair in chosen], GREEDY, to=targets)
    return Calibration.from_validation(
        [
            Judged(
                mean_log_prob(one.token_log_probs),
                frozenset(warning.kind for warning in one.warnings),
                sentence_chrf(one.text, pair.target),
            )
            for one, pair in zip(translations, chosen, strict=True)
        ]
    )
