"""Paired bootstrap resampling: sacreBLEU's numbers, and what must hold of any test of two systems."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from glassformer.evaluation import compare_corpora, score_corpus

WORDS = np.array(["the", "a", "cat", "dog", "road", "mat", "sat", "ran", "crossed", "tired", "wide", "old"])
RANDOM = np.random.default_rng(5)
REFERENCES = [" ".join(RANDOM.choice(WORDS, 9)) for _ in range(80)]


def noisy(share):
    """The references, with this share of their words drawn anew."""
    return [
        " ".join(RANDOM.choice(WORDS) if RANDOM.random() < share else word for word in text.split())
        for text in REFERENCES
    ]


GOOD, POOR = noisy(0.1), noisy(0.4)


def test_the_numbers_are_those_of_sacrebleu():
    found = compare_corpora(GOOD, POOR, REFERENCES)
    metrics = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}
    signatures, results = PairedTest([("1", GOOD), ("2", POOR)], metrics, [REFERENCES], test_type="bs")()
    assert list(found) == list(metrics)
    for one in found.values():
        first, second = results[one.name]
        assert one.values == (first.score, second.score)
        assert one.margins == (first.ci, second.ci)
        assert one.p_value == second.p_value
        assert one.signature == str(signatures[one.name])
        assert "|bs:1000|seed:12345|" in one.signature


def test_the_scores_are_those_of_each_system():
    found = compare_corpora(GOOD, POOR, REFERENCES, POOR)
    for number, texts in enumerate((GOOD, POOR)):
        scores = score_corpus(texts, REFERENCES, POOR)
        assert {name: one.values[number] for name, one in found.items()} == {n: s.value for n, s in scores.items()}


def test_p_values_by_hand():
    """Every sentence of the one is right and none of the other's: each draw has the difference of all sentences."""
    wrong = ["x y z u v w p q r"] * len(REFERENCES)
    one = compare_corpora(REFERENCES, wrong, REFERENCES, metrics=["bleu"])["bleu"]
    assert one.values == pytest.approx((100, 0), abs=1e-6)
    assert one.margins == pytest.approx((0, 0), abs=1e-3)
    assert one.p_value == pytest.approx(1 / 1001)  # the lowest that 1,000 draws can give


def test_better_is_told_from_worse_and_equal_is_not():
    found = compare_corpora(GOOD, POOR, REFERENCES)
    assert all(one.p_value < 0.01 for one in found.values())
    assert all(one.margins[0] > 0 for one in found.values())
    assert all(one.p_value == 1 for one in compare_corpora(GOOD, GOOD, REFERENCES).values())
    twins = compare_corpora(noisy(0.3), noisy(0.3), REFERENCES)
    assert all(one.p_value > 0.05 for one in twins.values())


def test_it_does_not_matter_which_is_named_first():
    for one, other in zip(
        compare_corpora(GOOD, POOR, REFERENCES).values(), compare_corpora(POOR, GOOD, REFERENCES).values(), strict=True
    ):
        assert (one.values, one.margins) == (other.values[::-1], other.margins[::-1])
        assert one.p_value == other.p_value


def test_the_same_seed_gives_the_same_and_another_does_not(monkeypatch):
    found = compare_corpora(GOOD, POOR, REFERENCES, metrics=["bleu"])
    assert compare_corpora(GOOD, POOR, REFERENCES, metrics=["bleu"]) == found
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    other = compare_corpora(GOOD, POOR, REFERENCES, metrics=["bleu"])["bleu"]
    assert "|seed:7|" in other.signature
    assert other.values == found["bleu"].values and other.margins != found["bleu"].margins


def test_as_many_sentences_of_each():
    with pytest.raises(ValueError, match="80 hypotheses, but 79 references"):
        compare_corpora(GOOD, POOR[1:], REFERENCES)
