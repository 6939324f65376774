"""The worked example of the lecture "Transformers", through the modules that the model runs.

The lecture prints ten decimals up to the scaled scores, four after them. From softmax * V on it errs
(it takes rows of K for rows of V, and adds PE instead of X + PE); there EXACT holds the values that
its own formulas give, computed in float64.
"""

import math

import pytest
import torch

from glassformer.model import ModelConfig
from glassformer.model.attention import Mask, MultiHeadAttention, Scores, Softmax, WeightedSum, look_ahead_mask
from glassformer.model.layers import AddNorm
from glassformer.model.observe import observed
from glassformer.model.positions import Positions, sinusoidal_table

from .helpers import close

X = [[1, 2, 1, 2], [3, 2, 1, 2], [4, 1, 2, 1]]  # Apple, Innovative, Company
W_Q = [[1, 2, 3, 1], [4, 1, 2, 3], [1, 1, 2, 2], [1, 2, 1, 1]]
W_K = [[1, 2, 2, 1], [1, 2, 2, 3], [1, 3, 4, 2], [1, 2, 3, 1]]
W_V = [[1, 2, 1, 1], [4, 1, 2, 1], [1, 2, 1, 2], [1, 2, 1, 1]]

X_PLUS_PE = [
    [1.0, 3.0, 1.0, 3.0],
    [3.8414709848, 2.5403023059, 1.0099998333, 2.9999500004],
    [4.9092974268, 0.5838531635, 2.0199986667, 1.9998000067],
]
PRINTED = {
    "query": [
        [17.0, 12.0, 14.0, 15.0],
        [18.0126300420, 17.2331441097, 21.6249672332, 16.4823275695],
        [11.2645087540, 16.4220466971, 21.9353959474, 12.7006542572],
    ],
    "key": [
        [8.0, 17.0, 21.0, 15.0],
        [10.3917231244, 21.7934460822, 25.8033959159, 16.4823275695],
        [9.5129492636, 21.0458971940, 25.0656958673, 12.7006542572],
    ],
    "value": [
        [17.0, 13.0, 11.0, 9.0],
        [18.0126300420, 18.2431439430, 12.9320254303, 11.4017229578],
        [11.2645087540, 18.4420453638, 10.0968024271, 11.5329479303],
    ],
    "scale": [
        [429.5, 523.3315512336, 477.8502299053],
        [569.2118578205, 696.2082872083, 642.7107052897],
        [510.2219963190, 625.1473476883, 581.9539944344],
    ],
    "softmax": [[0, 1, 0], [0, 1, 0], [0, 1, 0]],  # four decimals
}
PRINTED_SOFTMAX_V = [[10.3917, 21.7934, 25.8034, 16.4823]] * 3
EXACT = {
    "weighted_sum": [[18.0126300420, 18.2431439430, 12.9320254303, 11.4017229578]] * 3,
    "residual": [
        [19.0126300420, 21.2431439430, 13.9320254303, 14.4017229578],
        [21.8541010268, 20.7834462489, 13.9420252636, 14.4016729582],
        [22.9219274689, 18.8269971064, 14.9520240970, 13.4015229644],
    ],
    "norm": [
        [0.6041215131, 1.3265457624, -1.0413970246, -0.8892702508],
        [1.1422412768, 0.8445998339, -1.0573114592, -0.9295296515],
        [1.4626706195, 0.3527390517, -0.6975730384, -1.1178366328],
    ],
}
TEN_DECIMALS = 5.1e-11  # half of the last one, and float64's own rounding
CONFIG = ModelConfig(vocab_size=4, d_model=4, num_heads=1, d_ff=8, dropout=0.0, bias=False, norm_eps=1e-5)


def x_plus_pe(dtype):
    """X + PE; in float64 with PE from the formula, in float32 from the model's own module."""
    x_BTD = torch.tensor([X], dtype=dtype)
    if dtype == torch.float32:
        return Positions(sinusoidal_table(3, 4), learned=False)(x_BTD)
    pe = [[wave(p / 10000 ** (pair / 2)) for pair in (0, 1) for wave in (math.sin, math.cos)] for p in range(3)]
    return x_BTD + torch.tensor(pe, dtype=dtype)


def worked_example(dtype):
    """Every intermediate value of self-attention, add & norm, by the name of its submodule."""
    attention, add_norm = MultiHeadAttention(CONFIG).to(dtype), AddNorm(CONFIG).to(dtype)
    with torch.no_grad():
        for linear, columns in ((attention.query, W_Q), (attention.key, W_K), (attention.value, W_V)):
            linear.weight.copy_(torch.tensor(columns).T)  # x W is x @ weight.T
        attention.output.weight.copy_(torch.eye(4))  # the lecture has no output projection
    x_BTD = x_plus_pe(dtype)
    mask = torch.ones(1, 1, 1, 3, dtype=torch.bool)
    steps = ["query", "key", "value", "scores", "scale", "softmax", "weighted_sum"]
    with torch.no_grad(), observed(attention, steps) as attended, observed(add_norm, ["residual", "norm"]) as normed:
        result = attention(x_BTD, attention.keys_values(x_BTD), mask, explicit=True)
        add_norm(x_BTD, result)
    return {name: call.output.squeeze() for name, call in (attended | normed).items()}


@pytest.fixture(scope="module")
def values():
    return worked_example(torch.float64)


def test_positions_as_printed():
    close(x_plus_pe(torch.float64)[0], torch.tensor(X_PLUS_PE, dtype=torch.float64), TEN_DECIMALS)
    close(x_plus_pe(torch.float32)[0], torch.tensor(X_PLUS_PE), 5e-7)


@pytest.mark.parametrize("step", ["query", "key", "value", "scale"])
def test_step_as_printed(values, step):
    close(values[step], torch.tensor(PRINTED[step], dtype=torch.float64), TEN_DECIMALS)


def test_softmax_as_printed(values):
    close(values["softmax"], torch.tensor(PRINTED["softmax"], dtype=torch.float64), 5e-5)


def test_scores_are_divided_by_the_root_of_four(values):
    assert values["scores"].equal(values["scale"] * 2)


def test_what_the_lecture_prints_for_softmax_v_is_a_row_of_k(values):
    printed = torch.tensor(PRINTED_SOFTMAX_V, dtype=torch.float64)
    close(values["key"][1].expand(3, 4), printed, 5e-5)
    assert (values["weighted_sum"] - printed).abs().max() > 12


@pytest.mark.parametrize("step", EXACT)
def test_step_where_the_lecture_errs(values, step):
    close(values[step], torch.tensor(EXACT[step], dtype=torch.float64), TEN_DECIMALS)


@pytest.mark.parametrize("step", [*PRINTED, *EXACT])
def test_step_in_the_precision_the_model_runs_in(step):
    """float32 holds about seven digits."""
    expected = torch.tensor((PRINTED | EXACT)[step], dtype=torch.float32)
    torch.testing.assert_close(worked_example(torch.float32)[step], expected, rtol=1e-6, atol=1e-6)


def test_masked_attention_example():
    scores_TS = torch.tensor([[2, 4, 6], [3, 5, 7], [4, 6, 8]], dtype=torch.float64)
    mask_TS = look_ahead_mask(3, 3)
    weights_TS = Softmax()(Mask()(scores_TS, mask_TS), mask_TS)
    exact = [[1, 0, 0], [0.1192029220, 0.8807970780, 0], [0.0158762400, 0.1173104278, 0.8668133322]]
    close(weights_TS, torch.tensor(exact, dtype=torch.float64), TEN_DECIMALS)
    # The lecture prints 0.86 for the last, which rounds to 0.87.
    printed = [[1, 0, 0], [0.12, 0.88, 0], [0.02, 0.12, 0.87]]
    close(weights_TS, torch.tensor(printed, dtype=torch.float64), 0.005)


def test_cross_attention_example():
    """The projections are the identity and the scores are not scaled, as printed."""
    encoder_output = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]], dtype=torch.float64)
    decoder_state = torch.tensor([[1, 0, 0, 1], [0, 1, 1, 0]], dtype=torch.float64)
    mask = torch.ones(1, 3, dtype=torch.bool)
    scores_TS = Scores()(decoder_state, encoder_output)
    assert scores_TS.tolist() == [[1, 1, 1], [1, 1, 1]]
    weights_TS = Softmax()(Mask()(scores_TS, mask), mask)
    close(weights_TS, torch.full((2, 3), 1 / 3, dtype=torch.float64), 1e-15)
    exact = torch.tensor([[2 / 3, 2 / 3, 1 / 3, 1 / 3]] * 2, dtype=torch.float64)
    close(WeightedSum()(weights_TS, encoder_output), exact, 1e-15)
