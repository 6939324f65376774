"""The learning rate, held to the paper's numbers."""

import pytest

from glassformer.training.update.schedule import learning_rate, paper_peak


def inverse_sqrt(step, peak=1.0, warmup=4000):
    return learning_rate(step, peak, warmup, "inverse_sqrt", max_steps=1)


def cosine(step, warmup=100, max_steps=1100):
    return learning_rate(step, 2.0, warmup, "cosine", max_steps)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(1, 1.746928e-7), (4000, 6.987712e-4), (8000, 4.941059e-4), (100_000, 1.397542e-4)],
)
def test_base_model_of_the_paper(step, rate):
    assert inverse_sqrt(step, paper_peak(512, 4000)) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("step", [1, 17, 3999, 4000, 4001, 100_000])
def test_formula_three_of_the_paper(step):
    """lrate = d_model^-0.5 * min(step^-0.5, step * warmup^-1.5)."""
    expected = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
    assert inverse_sqrt(step, paper_peak(512, 4000)) == pytest.approx(expected, rel=1e-12)


def test_peak_of_half_the_width():
    assert paper_peak(256, 4000) == pytest.approx(9.882118e-4, rel=1e-6)
    assert inverse_sqrt(4000, paper_peak(256, 4000)) == pytest.approx(9.882118e-4, rel=1e-6)


@pytest.mark.parametrize("schedule", ["inverse_sqrt", "cosine", "linear"])
def test_warm_up_is_a_straight_line_to_the_peak(schedule):
    rates = [learning_rate(step, 0.005, 2000, schedule, max_steps=8000) for step in (1, 500, 1000, 2000)]
    assert rates == pytest.approx([0.005 / 2000, 0.005 / 4, 0.005 / 2, 0.005], rel=1e-12)
    after = [learning_rate(step, 0.005, 2000, schedule, max_steps=8000) for step in range(2000, 8001, 100)]
    assert after == sorted(after, reverse=True) and len(set(after)) == len(after)


def test_four_times_the_warm_up_is_half_the_peak():
    assert inverse_sqrt(16_000) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("step", "rate"), [(100, 2.0), (350, 1 + 0.5**0.5), (600, 1.0), (850, 1 - 0.5**0.5), (1100, 0.0), (1200, 0.0)]
)
def test_cosine(step, rate):
    """The peak at the end of the warm-up, half of it half way, nothing at max_steps or beyond."""
    assert cosine(step) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(("step", "rate"), [(100, 2.0), (350, 1.5), (600, 1.0), (1000, 0.2), (1100, 0.0), (1200, 0.0)])
def test_linear(step, rate):
    assert learning_rate(step, 2.0, 100, "linear", max_steps=1100) == pytest.approx(rate, abs=1e-12)


def test_a_run_that_ends_with_its_warm_up_never_decays():
    assert cosine(100, warmup=100, max_steps=100) == 2.0
    assert cosine(50, warmup=100, max_steps=50) == 1.0
