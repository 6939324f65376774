"""The worked example, held against plain numpy in float64 and against what is known of the lecture."""

import itertools
import json
import math

import numpy as np
import pytest

from glassformer.glass.lecture import facts
from glassformer.glass.lecture.inputs import resolve_inputs
from glassformer.glass.lecture.replay import replay
from glassformer.glass.record import Trace


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def layer_norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def in_heads(x):
    return np.stack(np.split(x, 2, axis=1))


def by_hand(inputs):
    """Every tensor of the example by its textbook formula."""
    x = {name: np.array(matrix, np.float64) for name, matrix in inputs.items()}
    rows, width = x["embedding"].shape
    x["positions"] = np.array([
        [(math.cos if c % 2 else math.sin)(p / 10000 ** (2 * (c // 2) / width)) for c in range(width)]
        for p in range(rows)
    ])  # fmt: skip
    x["input"] = x["embedding"] + x["positions"]
    for letter, name in zip("QKV", ("query", "key", "value"), strict=True):
        x[letter] = x["input"] @ x[f"W_{letter}"]
        x[f"heads.{name}_heads"] = in_heads(x[letter])
    x["scores"] = x["Q"] @ x["K"].T
    x["scaled"] = x["scores"] / math.sqrt(width)
    x["weights"] = softmax(x["scaled"])
    x["attention"] = x["weights"] @ x["V"]
    x["add"] = x["input"] + x["attention"]
    x["norm"] = layer_norm(x["add"])
    x["heads.scores"] = x["heads.query_heads"] @ x["heads.key_heads"].transpose(0, 2, 1)
    x["heads.scaled"] = x["heads.scores"] / math.sqrt(width / 2)
    x["heads.weights"] = softmax(x["heads.scaled"])
    x["heads.heads"] = x["heads.weights"] @ x["heads.value_heads"]
    x["heads.merged"] = np.concatenate(list(x["heads.heads"]), axis=1)
    x["feed_forward.inner"] = x["norm"] @ x["feed_forward.W_1"]
    x["feed_forward.activation"] = np.maximum(x["feed_forward.inner"], 0)
    x["feed_forward.outer"] = x["feed_forward.activation"] @ x["feed_forward.W_2"]
    x["feed_forward.add"] = x["norm"] + x["feed_forward.outer"]
    x["feed_forward.norm"] = layer_norm(x["feed_forward.add"])
    x["masked.mask"] = np.triu(np.full(x["masked.scores"].shape, 2), 1)
    x["masked.masked"] = np.where(x["masked.mask"] == 0, x["masked.scores"], -np.inf)
    x["masked.weights"] = softmax(x["masked.masked"])
    x["cross.scores"] = x["cross.decoder_state"] @ x["cross.encoder_output"].T
    x["cross.weights"] = softmax(x["cross.scores"])
    x["cross.output"] = x["cross.weights"] @ x["cross.encoder_output"]
    x["decode.ids"] = np.arange(6)  # each word is followed by the next one of the sentence
    x["decode.last"] = x["decode.embedding"][:6]
    x["decode.logits"] = x["decode.last"] @ x["decode.W"]
    x["decode.probabilities"] = softmax(x["decode.logits"])
    return x


EXPECTED = by_hand(resolve_inputs({}))


@pytest.fixture
def trace(lecture):
    return lecture


def test_every_tensor_is_the_one_computed_by_hand(trace):
    assert trace.tensors.keys() == EXPECTED.keys()
    for name, expected in EXPECTED.items():
        np.testing.assert_allclose(trace.values(name), expected, rtol=1e-12, atol=1e-12, err_msg=name)


def test_other_inputs_give_what_hand_computation_gives():
    rng = np.random.default_rng(1)
    shapes = {"embedding": (5, 6), "W_Q": (6, 6), "W_K": (6, 6), "W_V": (6, 6), "masked.scores": (4, 4),
              "cross.encoder_output": (5, 3), "cross.decoder_state": (2, 3)}  # fmt: skip
    overrides = {name: rng.normal(size=shape).tolist() for name, shape in shapes.items()}
    trace = replay(overrides)
    for name, expected in by_hand(resolve_inputs(overrides)).items():
        np.testing.assert_allclose(trace.values(name), expected, rtol=1e-10, atol=1e-10, err_msg=name)
    assert [token["text"] for token in trace.axes["source"]["tokens"]][2:] == ["Company", "word4", "word5"]


@pytest.mark.parametrize("printed", facts.PRINTED, ids=lambda one: one.name)
def test_printed_numbers_follow_from_the_formulas_or_are_errata(printed):
    computed = EXPECTED[printed.tensor]
    value = np.array(printed.value)
    agrees = computed.shape == value.shape and np.abs(computed - value).max() <= 0.5 * 10.0**-printed.decimals + 1e-12
    assert agrees == (printed.erratum is None)
    if printed.erratum:
        assert np.abs(computed - np.array(printed.right)).max() <= 0.5e-10 + 1e-12


# What the errata say


def test_only_without_the_fifth_row_there_is_a_product_and_it_is_the_printed_q():
    shown = printed_as("W_Q")
    assert shown.shape == (5, 4) and EXPECTED["input"].shape == (3, 4)
    fits = [
        rows for rows in itertools.combinations(shown, 4)
        if np.allclose(EXPECTED["input"] @ np.array(rows), printed_as("Q"), atol=1e-9)
    ]  # fmt: skip
    assert len(fits) == 1 and [1, 3, 4, 2] not in np.array(fits[0]).tolist()


def printed_as(name):
    return np.array(next(one.value for one in facts.PRINTED if one.name == name))


def test_what_is_printed_for_softmax_v_is_a_row_of_k():
    np.testing.assert_allclose(printed_as("softmax · V"), np.tile(EXPECTED["K"][1], (3, 1)), atol=1e-4)


def test_what_is_printed_for_the_sum_is_that_row_and_pe_alone():
    np.testing.assert_allclose(printed_as("add"), printed_as("softmax · V") + EXPECTED["positions"], atol=1.1e-4)


def test_the_norm_of_the_printed_sum_is_the_printed_norm():
    np.testing.assert_allclose(printed_as("layer norm"), layer_norm(printed_as("add")), atol=1e-4)


def test_the_printed_masked_row_adds_up_to_one_only_with_the_wrong_number():
    assert printed_as("masked softmax")[2].sum() == pytest.approx(1.0, abs=1e-12)
    assert round(EXPECTED["masked.weights"][2, 2], 2) == 0.87


def test_w_v_is_the_only_matrix_of_small_whole_numbers_that_gives_v():
    """Every column of four numbers from 0 to 9 is tried."""
    columns = np.array(list(itertools.product(range(10), repeat=4)), np.float64)
    assert printed_as("W_V").tolist() == facts.W_K
    for place in range(4):
        fits = np.abs(columns @ EXPECTED["input"].T - printed_as("V")[:, place]).max(1) < 1e-8
        assert columns[fits].tolist() == [[row[place] for row in facts.W_V]]


def test_v_inside_the_softmax_could_not_give_the_printed_rows():
    """Rows of a softmax add up to 1, whatever stands inside."""
    np.testing.assert_allclose(softmax(EXPECTED["scaled"] @ EXPECTED["V"]).sum(1), 1)
    assert (printed_as("softmax · V").sum(1) > 70).all()


def test_the_feed_forward_network_of_published_models_is_four_times_as_wide():
    assert all(d_ff == 4 * d_model for d_model, d_ff in facts.FEED_FORWARD_WIDTHS.values())


# The record


def test_the_record_is_valid_and_comes_back(trace):
    record = json.loads(trace.to_json())
    again = Trace.from_dict(record)
    assert again.tensors.keys() == trace.tensors.keys()
    assert record["meta"]["kind"] == "lecture"
    np.testing.assert_allclose(again.values("scaled"), trace.values("scaled"), rtol=1e-7)


def test_every_cell_follows_from_its_operands(trace):
    for tensor in trace.tensors.values():
        if tensor.op in ("input", "parameter"):
            continue
        for index in np.ndindex(tensor.shape):
            assert trace.recompute(tensor, index) == pytest.approx(tensor.at(index), rel=1e-11, abs=1e-12), tensor.name


def test_a_cell_leads_back_to_the_embedding(trace):
    cell = trace.cell("scores", row=1, column=2)
    pairs = zip(cell.operands[::2], cell.operands[1::2], strict=True)
    assert math.fsum(a.value * b.value for a, b in pairs) == pytest.approx(cell.value)
    name, seen = "norm", []
    while trace.tensor(name).operands:
        name = next(iter(trace.tensor(name).operands.values()))
        seen.append(name)
    assert seen == ["add", "input", "embedding"]


def test_axes_have_the_sizes_of_the_tensors(trace):
    for tensor in trace.tensors.values():
        assert tuple(trace.axes[axis]["size"] for axis in tensor.axes) == tensor.shape
    for axis in trace.axes.values():
        assert len(axis.get("tokens", range(axis["size"]))) == axis["size"]
        for token in axis.get("tokens", ()):
            assert token["special"] or axis["text"][token["start"] : token["end"]] == token["text"]


# The decode loop


def test_the_loop_says_the_sentence(trace):
    steps = trace.decode["steps"]
    assert [step["read"]["text"] for step in steps] == ["<SOS>", "I", "love", "you", "very", "much"]
    assert [step["chosen"]["text"] for step in steps] == ["I", "love", "you", "very", "much", "<EOS>"]
    assert (trace.decode["text"], trace.decode["finished"]) == ("I love you very much", True)


def test_candidates_have_the_probabilities_of_a_softmax(trace):
    for step, probabilities in zip(trace.decode["steps"], EXPECTED["decode.probabilities"], strict=True):
        assert [one["logit"] for one in step["candidates"]] == sorted(
            EXPECTED["decode.logits"][step["step"]], reverse=True
        )
        for one in step["candidates"]:
            assert one["probability"] == pytest.approx(probabilities[one["id"]])
            assert one["log_prob"] == pytest.approx(math.log(probabilities[one["id"]]))
            assert one["forbidden"] == (one["text"] == "<SOS>")
        assert step["entropy"] == pytest.approx(-(probabilities * np.log(probabilities)).sum())
    chosen = [math.log(EXPECTED["decode.probabilities"][i, i + 1]) for i in range(6)]
    assert trace.decode["log_prob"] == pytest.approx(math.fsum(chosen))


def test_a_loop_that_never_ends_is_cut_off():
    trace = replay({"decode.W": [[0.0] * 7] * 2})
    assert trace.decode["finished"] is False
    assert set(trace.decode["text"].split()) == {"I"}  # all are equally likely, and <SOS> is forbidden
    assert trace.tensor("decode.logits").shape == (len(trace.decode["steps"]), 7)
    Trace.from_dict(json.loads(trace.to_json()))
