"""`--set NAME=MATRIX`: what is taken, and what is refused in one line."""

import pytest

from glassformer.errors import UsageError
from glassformer.glass.lecture import facts
from glassformer.glass.lecture.inputs import NAMES, parse_input, resolve_inputs
from glassformer.glass.lecture.replay import replay

IDENTITY = [[float(row == column) for column in range(4)] for row in range(4)]


@pytest.mark.parametrize("text", ["[[1, 2], [3, -4.5]]", "1,2;3,-4.5", " 1 , 2 ; 3 , -4.5 ;", "[[1,2],[3,-4.5e0]]"])
def test_both_ways_to_write_a_matrix(text):
    assert parse_input(f"W_Q={text}") == ("W_Q", [[1.0, 2.0], [3.0, -4.5]])


def test_the_name_may_be_written_in_any_case():
    assert parse_input("w_q=1")[0] == "W_Q"
    assert parse_input("DECODE.w=1")[0] == "decode.W"


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("W_Q", "NAME=MATRIX"),
        ("W_QQ=1", "did you mean 'W_Q'?"),
        ("cross.encoder=1", "did you mean 'cross.encoder_output'?"),
        ("W_Q=", "no matrix"),
        ("W_Q=one,two", "no matrix"),
        ("W_Q=[[1,2],[3,4]", "no matrix"),
        ("W_Q=[1,2]", "no matrix"),
        ("W_Q=[[true]]", "no matrix"),
        ("W_Q=[[[1]]]", "no matrix"),
        ('W_Q=["12"]', "no matrix"),
        ('W_Q=[["1"]]', "no matrix"),
        ('W_Q={"a":1}', "no matrix"),
        ("W_Q=" + "[" * 10_000, "no matrix"),
        ("W_Q=[]", "empty"),
        ("W_Q=[[]]", "empty"),
        ("W_Q=1,2;3", "rows of 2, 1 numbers"),
        ("W_Q=nan,1;1,1", "not between"),
        ("W_Q=[[Infinity,1],[1,1]]", "not between"),
        ("W_Q=1e300,1;1,1", "not between"),
        ("masked.scores=" + ";".join("1" * 65), "65 x 1"),
    ],
)
def test_what_is_no_matrix_is_refused_in_one_line(assignment, said):
    with pytest.raises(UsageError) as error:
        parse_input(assignment)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"W_Q": [[1, 2], [3, 4]]}, "W_Q is 2 x 2; it must be 4 x 4"),
        ({"embedding": [[1, 2, 3]]}, "even number"),
        ({"embedding": [[1, 2]]}, "W_Q is 4 x 4; it must be 2 x 2, as the embedding has 2 columns"),
        ({"masked.scores": [[1, 2]]}, "must be 1 x 1"),
        ({"cross.decoder_state": [[1, 2]]}, "as wide as cross.encoder_output"),
        ({"feed_forward.W_1": [[1]] * 4}, "feed_forward.W_2 is 16 x 4; it must be 1 x 4"),
        ({"decode.W": [[1] * 7]}, "must be 2 x 7"),
        ({"decode.embedding": [[1, 1]]}, "must be 7 x 2"),
        ({"W_K": [[1, 2, 3, 4], [1]]}, "rows of 4, 1 numbers"),
        ({"W_X": IDENTITY}, "no input 'W_X'"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_shape_that_would(overrides, said):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        replay(overrides)


def test_without_overrides_the_inputs_are_the_lectures():
    inputs = resolve_inputs({})
    assert inputs.keys() == set(NAMES)
    assert (inputs["embedding"], inputs["W_V"]) == (facts.EMBEDDING, facts.W_V)


def test_an_override_changes_what_follows_from_it_and_nothing_else():
    before, after = replay(), replay({"W_Q": IDENTITY})
    changed = {name for name in before.tensors if not (before.values(name) == after.values(name)).all()}
    heads = {"heads.query_heads", "heads.scores", "heads.scaled", "heads.weights", "heads.heads", "heads.merged"}
    follows = {"W_Q", "Q", "scores", "scaled", "weights", "attention", "add", "norm"}
    feed_forward = {f"feed_forward.{name}" for name in ("inner", "activation", "outer", "add", "norm")}
    assert {"W_Q", "Q", "scores", "scaled"} <= changed <= follows | heads | feed_forward
    assert (after.values("Q") == after.values("input")).all()
