"""Each kind of warning, and the confidence."""

import pytest

from glassformer.cli.warnings import MEANINGS, GroupedWarnings
from glassformer.errors import InputError
from glassformer.quality_estimation.calibration import FEWEST, Calibration, Judged
from glassformer.quality_estimation.estimator import Estimator
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.quality_estimation.warnings import Kind, TranslationWarning, joined_warnings

LEXICON = Lexicon(
    {"cat": ("billi",), "not": ("nahi", "mat"), "is": (), "the": (), "0": ("0",)},
    {"billi": ("cat",), "nahi": ("not",), "mat": ("not",), "hai": (), "0": ("0",)},
    once=frozenset(("billi",)),
)
GOOD = [Judged(-number / 100, frozenset(), 80.0) for number in range(100)]


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("The cat is not", "billi mat hai", []),
        ("The Zebra is", "hai", [(Kind.UNKNOWN, "Zebra")]),
        ("The cat is NOT", "billi hai", [(Kind.LOST, "NOT")]),
        ("The cat is", "billi nahi hai", [(Kind.ADDED, "nahi")]),
        ("The cat is", "billi haihai", [(Kind.INVENTED, "haihai")]),
        ("Is 12", "hai १२", []),
        ("Is 12", "hai 21", [(Kind.NUMBER, "12", "21")]),
        ("Is", "hai hai hai", [(Kind.REPETITION, "hai")]),
        ("The cat is", "billi hai billi hai billi hai", [(Kind.REPETITION, "billi hai")]),
        ("Is is is", "hai", []),
        ("The cat is", "billi hai Billi", [(Kind.REPETITION, "billi")]),
        ("The cat is not", "nahi billi nahi", []),  # which may be said twice
        ("The cat is the cat", "billi billi hai", []),
        ("The cat is", " ", [(Kind.EMPTY,)]),
    ],
)
def test_each_kind_of_warning(source: str, text: str, found: list[tuple[str, ...]]) -> None:
    warnings = Estimator(LEXICON).estimate(source, text, [-0.1], True).warnings
    assert [(one.kind, *one.words) for one in warnings] == found


def test_a_copy_and_what_is_cut_off() -> None:
    without = Estimator()
    assert [one.kind for one in without.estimate("a b c", "a b c", [0.0], True).warnings] == [Kind.COPIED]
    assert not without.estimate("a b", "a b", [0.0], True).warnings  # perhaps a name
    assert [one.kind for one in without.estimate("a b c", "x", [0.0], False).warnings] == [Kind.CUT_OFF]


def test_a_model_without_calibration_has_no_confidence() -> None:
    assert Estimator().estimate("a", "b", [-9.0], True) == ((), None)


def test_confidence_is_the_share_of_good_translations_that_were_no_likelier() -> None:
    calibration = Calibration.from_validation([*GOOD, *[Judged(-5.0, frozenset(), 10.0)] * 40])
    assert calibration is not None
    for number in (10, 50, 90):
        assert calibration.confidence(-number / 100, 0) == pytest.approx(1 - number / 100, abs=0.02)
    values = [calibration.confidence(-number / 10, 0) for number in range(50)]
    assert values == sorted(values, reverse=True) and 0 < values[-1] < values[11] < 0.01
    assert calibration.confidence(0.0, 0) == 1
    assert calibration.confidence(-0.2, 1) == calibration.confidence(-1.2, 0)


def test_a_probability_as_few_good_translations_had_is_unsure() -> None:
    estimator = Estimator(LEXICON, Calibration.from_validation(GOOD))
    likely, unlikely = (estimator.estimate("Is", "hai", [mean], True) for mean in (-0.9, -0.98))
    assert not likely.warnings
    assert unlikely.warnings == (TranslationWarning(Kind.UNSURE),)


def test_a_kind_that_good_translations_often_have_is_not_given() -> None:
    often = [Judged(one.mean_log_prob, frozenset({Kind.ADDED}) if row < 10 else frozenset(), 80.0)
             for row, one in enumerate(GOOD)]  # fmt: skip
    calibration = Calibration.from_validation(often)
    assert calibration is not None and calibration.silent == {Kind.ADDED}
    assert not Estimator(LEXICON, calibration).estimate("The cat is", "billi nahi hai", [0.0], True).warnings


def test_too_few_translations_calibrate_nothing() -> None:
    assert Calibration.from_validation(GOOD[: FEWEST - 1]) is None
    assert Calibration.from_validation([]) is None


def test_a_calibration_on_a_card() -> None:
    calibration = Calibration.from_validation(GOOD)
    assert calibration is not None
    values = calibration.to_dict()
    assert Calibration.from_dict(values) == calibration
    for damaged in ({}, values | {"quantiles": [1]}, values | {"silent": ["loud"]}, []):
        with pytest.raises(InputError, match=r"card\.json"):
            Calibration.from_dict(damaged)  # type: ignore[arg-type]


def test_the_warnings_of_a_text_are_those_of_its_parts() -> None:
    lost, more = TranslationWarning(Kind.LOST, ("a", "b")), TranslationWarning(Kind.LOST, ("b", "c"))
    assert joined_warnings([lost, TranslationWarning(Kind.UNSURE), more]) == (
        TranslationWarning(Kind.LOST, ("a", "b", "c")), TranslationWarning(Kind.UNSURE),
    )  # fmt: skip


def test_many_warnings_are_a_line_for_each_kind() -> None:
    grouped = GroupedWarnings()
    for line in range(1, 6):
        grouped.add([TranslationWarning(Kind.UNKNOWN, ("hello",))] if line < 5 else [], line)
    assert grouped.taken() == [
        'warning: 4 of 5 lines have words that the model was not trained on: line 1 "hello", line 2 "hello", '
        'line 3 "hello", ...'
    ]
    assert not grouped.taken()
    assert {*MEANINGS, "cut off"} == {kind.value for kind in Kind}
