"""One gradient step beside finite differences, beside the record, and beside what a step must do."""

import copy

import pytest
import torch

from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.training_step import training_step, with_training_step
from glassformer.model.transformer import shift_right
from glassformer.special import EOS
from tests.interop.models import translator

SOURCE, TARGET = [5, 260, 270, EOS], [6, 265, 8, EOS]


def loss(model):
    """The mean of -ln p, by hand."""
    target = torch.tensor([TARGET])
    logits = model(torch.tensor([SOURCE]), shift_right(target, model.config.decoder_start_id))[0]
    return -logits.log_softmax(-1)[range(len(TARGET)), TARGET].mean().item()


@pytest.mark.parametrize(
    "options", [{}, {"norm_position": "pre", "positions": "rotary", "activation": "swiglu"}], ids=str
)
def test_the_gradient_is_the_sum_of_its_terms_and_that_of_finite_differences(options):
    ours = translator(**options)
    before = copy.deepcopy(ours.model.state_dict())
    step = training_step(ours.model, SOURCE, TARGET)
    assert all(torch.equal(weight, before[name]) for name, weight in ours.model.state_dict().items())
    weight = step["weight"]
    assert len(weight["slopes"]) == len(weight["inputs"]) == len(TARGET)
    terms = [slope * x for slope, x in zip(weight["slopes"], weight["inputs"], strict=True)]
    assert sum(terms) == pytest.approx(weight["gradient"], abs=1e-14)
    model = copy.deepcopy(ours.model).double()
    matrix, place, nudge = model.get_parameter(weight["name"]), (weight["row"], weight["column"]), 1e-5
    losses = []
    with torch.no_grad():
        for value in (weight["before"] + nudge, weight["before"] - nudge):
            matrix[place] = value
            losses.append(loss(model))
    assert (losses[0] - losses[1]) / (2 * nudge) == pytest.approx(weight["gradient"], rel=1e-6)
    assert weight["after"] == pytest.approx(weight["before"] - step["rate"] * weight["gradient"], abs=1e-15)


def test_the_losses_are_those_of_the_probabilities_and_fall():
    ours = translator()
    step = training_step(ours.model, SOURCE, TARGET, rate=0.01)
    assert sum(step["losses"]) / len(TARGET) == pytest.approx(loss(ours.model.double()), abs=1e-12)
    assert sum(step["losses_after"]) < sum(step["losses"])


def test_a_record_carries_it(tmp_path):
    ours = translator("separate")
    record = trace(ours, "the cat sees", "die katze sieht")
    found = with_training_step(record, ours)
    found.save(tmp_path / "trace.json")
    step = Trace.load(tmp_path / "trace.json").training_step
    expected = [-one["chosen"]["log_prob"] for one in record.decode["steps"]]
    assert step["losses"] == pytest.approx(expected, abs=1e-5)
    assert with_training_step(trace(ours, "the cat", detail="full"), ours).training_step is None
