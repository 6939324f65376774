"""The scores are sacreBLEU's, with the signatures that say how they were computed."""

import pytest
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER

from glassformer.evaluation import exact_match, score_corpus

HYPOTHESES = [
    "The cat sat on its mat.",
    "We are friends, aren't we?",
    "",
    "The animal did not cross the road because it was tired.",
]
REFERENCES = [
    "The cat sat on its mat.",
    "We are good friends, are we not?",
    "Nothing was said.",
    "The animal didn't cross the street because it was too tired.",
]


def test_scores_are_those_of_sacrebleu():
    scores = score_corpus(HYPOTHESES, REFERENCES)
    assert list(scores) == ["bleu", "chrf", "chrf++", "ter"]
    assert scores["bleu"].value == sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score
    assert scores["chrf"].value == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    assert scores["chrf++"].value == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES], word_order=2).score
    assert scores["ter"].value == sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES]).score
    assert 0 < scores["bleu"].value < 100
    assert [score.name for score in scores.values()] == ["BLEU", "chrF2", "chrF2++", "TER"]


def test_scores_by_hand():
    """One sentence of six words, five right and one wrong at the end: precisions 5/6, 4/5, 3/4, 2/3."""
    scores = score_corpus(["a b c d e x"], ["a b c d e f"])
    assert scores["bleu"].value == pytest.approx(100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25)
    assert scores["ter"].value == pytest.approx(100 / 6)


def test_a_perfect_corpus_has_the_best_scores():
    scores = score_corpus(REFERENCES, REFERENCES)
    assert [round(score.value, 6) for score in scores.values()] == [100, 100, 100, 0]
    assert exact_match(REFERENCES, REFERENCES) == 100


@pytest.mark.parametrize("tokenize", ["13a", "none", "intl", "char"])
def test_signatures_say_how_it_was_computed(tokenize):
    scores = score_corpus(HYPOTHESES, REFERENCES, tokenize=tokenize)
    metrics = {"bleu": BLEU(tokenize=tokenize), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}
    for name, metric in metrics.items():
        value = metric.corpus_score(HYPOTHESES, [REFERENCES])
        assert (scores[name].value, scores[name].signature) == (value.score, str(metric.get_signature()))
    assert f"|tok:{tokenize}|" in scores["bleu"].signature
    assert scores["bleu"].signature.endswith(f"|version:{sacrebleu.__version__}")
    assert "|nw:0|" in scores["chrf"].signature and "|nw:2|" in scores["chrf++"].signature


def test_the_tokenizer_makes_a_difference():
    raw, split = (
        score_corpus(["Hello, world!"], ["Hello , world !"], tokenize=name)["bleu"].value for name in ("none", "13a")
    )
    assert raw < split


def test_the_wanted_metrics_alone():
    assert score_corpus(HYPOTHESES, REFERENCES, metrics=["ter"]) == {"ter": score_corpus(HYPOTHESES, REFERENCES)["ter"]}


# Several references

MORE = ["A cat sat on its mat.", None, None, "As it was tired, the animal did not cross the road."]


def test_scores_by_several_references_are_those_of_sacrebleu():
    scores = score_corpus(HYPOTHESES, REFERENCES, MORE)
    metrics = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}
    for name, metric in metrics.items():
        assert scores[name].value == metric.corpus_score(HYPOTHESES, [REFERENCES, MORE]).score
        assert scores[name].signature == str(metric.get_signature())
        assert scores[name].signature.startswith("nrefs:var|")
    assert score_corpus(HYPOTHESES, REFERENCES, REFERENCES)["bleu"].signature.startswith("nrefs:2|")


def test_each_reference_counts_by_hand():
    """Either reference has three of the six words in a row: 6/6, 4/5, 2/4, and 0/3, smoothed to 1/6."""
    scores = score_corpus(["a b c d e f"], ["a b c x y z"], ["u v w d e f"], metrics=["bleu", "ter"])
    assert scores["bleu"].value == pytest.approx(100 * (6 / 6 * 4 / 5 * 2 / 4 * 1 / (2 * 3)) ** 0.25)
    assert scores["ter"].value == 50


def test_no_sentence_is_dropped():
    for references in ([REFERENCES[1:]], [REFERENCES, MORE[1:]]):
        with pytest.raises(ValueError, match="4 hypotheses, but 3 references"):
            score_corpus(HYPOTHESES, *references)


def test_exact_match_is_a_share_in_percent():
    assert exact_match(HYPOTHESES, REFERENCES) == 25
    assert exact_match(["a", "b ", "C"], ["a", "b", "c"]) == pytest.approx(100 / 3)
    assert exact_match([], []) == 0
    assert exact_match(["a", "b", "c"], ["x", "b", "y"], ["a", None, "z"]) == pytest.approx(200 / 3)
    with pytest.raises(ValueError, match="shorter"):
        exact_match(["a", "b"], ["a"])
