import dataclasses
import math

import pytest

from glassformer.errors import UsageError
from glassformer.search import SearchOptions, length_penalty


def test_the_defaults_are_a_beam_of_four():
    options = SearchOptions()
    assert (options.beam, options.n_best, options.sample) == (4, 1, False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.beam = 5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"beam": 0}, "beam is 0"),
        ({"n_best": 0}, "n_best is 0"),
        ({"n_best": 5}, "widen the beam"),
        ({"top_k": 5}, "set sample too"),
        ({"top_p": 0.5}, "set sample too"),
        ({"temperature": 0.5}, "set sample too"),
        ({"sample": True, "temperature": 0}, "temperature is 0"),
        ({"sample": True, "temperature": math.nan}, "temperature is nan"),
        ({"sample": True, "top_k": -1}, "top_k is -1"),
        ({"sample": True, "top_p": 0}, "top_p is 0"),
        ({"sample": True, "top_p": 1.1}, "top_p is 1.1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**63}, "below 2"),
        ({"min_length": -1}, "min_length is -1"),
        ({"max_length": 0}, "max_length is 0"),
        ({"min_length": 5, "max_length": 5}, "counts </s> too"),
        ({"max_length_ratio": -1}, "max_length_ratio is -1"),
        ({"max_length_ratio": math.nan}, "max_length_ratio is nan"),
        ({"max_length_extra": -1}, "max_length_extra is -1"),
        ({"no_repeat_ngram": -1}, "no_repeat_ngram is -1"),
        ({"repetition_penalty": 0}, "repetition_penalty is 0"),
        ({"length_penalty": math.inf}, "length_penalty is inf"),
        ({"length_penalty": 1e9}, "length_penalty is 1000000000.0: its size must be at most 100"),
        ({"length_penalty": -101}, "length_penalty is -101"),
        ({"max_length_ratio": 1e308}, "max_length_ratio is 1e"),
    ],
)
def test_wrong_options_are_refused_in_one_line(wrong, said):
    with pytest.raises(UsageError, match=said) as caught:
        SearchOptions(**wrong)
    assert "\n" not in str(caught.value)


def test_sampling_may_return_more_than_the_beam_holds():
    assert SearchOptions(sample=True, n_best=9).n_best == 9


@pytest.mark.parametrize("alpha", [100, -100])
def test_the_largest_penalties_can_be_computed(alpha):
    assert 0 < length_penalty(4096.0, SearchOptions(length_penalty=alpha).length_penalty) < math.inf


def test_the_limit_follows_the_source_unless_it_is_absolute():
    assert SearchOptions().limit(7, most=100) == 24
    assert SearchOptions(max_length_ratio=1.5, max_length_extra=0).limit(5, most=100) == 7
    assert SearchOptions(max_length=9).limit(7, most=100) == 9
    assert SearchOptions().limit(100, most=50) == 50
    assert SearchOptions(max_length_ratio=0, max_length_extra=0).limit(5, most=50) == 1


def test_the_limit_leaves_room_for_the_least_length():
    assert SearchOptions(min_length=40).limit(7, most=100) == 41
    with pytest.raises(UsageError, match="the model holds 40"):
        SearchOptions(min_length=40).limit(7, most=40)
