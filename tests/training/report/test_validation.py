"""Which validation pairs are translated, how they are scored, and that it is said."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from glassformer.text.pairs import Pair
from glassformer.training.config import TrainingConfig
from glassformer.training.report.validation import validation_notes, validation_sample
from tests.commands import options, refusal, run
from tests.letters import QUICK, letters, write_tsv
from tests.training.runs import notes_of, records_of


def pairs_of(count, target="t"):
    return [Pair(str(number), target) for number in range(count)]


@given(st.integers(1, 400), st.integers(1, 400))
def test_one_pair_of_each_stretch(count, sentences):
    pairs = pairs_of(count)
    sample = validation_sample(pairs, sentences)
    assert sample == validation_sample(pairs, sentences)
    if sentences >= count:
        assert sample == pairs
        return
    ends = [number * count / sentences for number in range(sentences + 1)]
    assert len(sample) == sentences
    for (start, end), pair in zip(pairwise(ends), sample, strict=True):
        assert start - 1 < int(pair.source) < end


def test_a_period_of_the_text_is_none_of_the_sample():
    """Every second pair is of one direction: half of the sample too, not all or nothing of it."""
    even = sum(int(pair.source) % 2 == 0 for pair in validation_sample(pairs_of(400), 200))
    assert 80 < even < 120


def test_the_notes_say_how_many_and_by_which_tokenizer(monkeypatch):
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None, raising=False)
    settings = TrainingConfig(validate_sentences=200)
    assert validation_notes(pairs_of(1014), settings) == [
        "BLEU and chrF are of 200, drawn evenly, of the 1,014 validation pairs; BLEU's tokenizer is 13a"
    ]
    assert validation_notes(pairs_of(200, "我们是朋友。"), settings) == [
        "BLEU and chrF are of all 200 validation pairs; BLEU's tokenizer is zh"
    ]
    whole, note = validation_notes(pairs_of(200, "私たちは友達です。"), settings)
    assert whole.endswith("BLEU's tokenizer is char") and "'glassformer[ja]'" in note
    named = TrainingConfig(validate_tokenize="intl")
    assert validation_notes(pairs_of(9), named)[0].endswith("BLEU's tokenizer is intl")


def test_a_training_scores_by_its_setting_and_keeps_it(tmp_path):
    pairs = letters(60)
    write_tsv(tmp_path / "train.tsv", pairs[20:])
    write_tsv(tmp_path / "valid.tsv", pairs[:20])
    data = ("--pairs", tmp_path / "train.tsv", "--valid-pairs", tmp_path / "valid.tsv")
    command = ("train", "--out", tmp_path / "run", "--device", "cpu", *data)
    settings = QUICK | {"validate_every": 2, "checkpoint_every": 2, "max_steps": 2}
    assert run(*command, *options(settings)).status == 0
    record = records_of(tmp_path / "run", "validation")[-1]
    assert "|tok:13a|" in record["signatures"]["bleu"] and record["signatures"].keys() == {"bleu", "chrf"}
    note = "BLEU and chrF are of 4, drawn evenly, of the 20 validation pairs; BLEU's tokenizer is 13a"
    assert note in notes_of(tmp_path / "run")
    drawn = validation_sample([Pair(*pair) for pair in pairs[:20]], 4)
    assert [source for source, _, _ in record["samples"]] == [pair.source for pair in drawn[:3]]

    again = (*command, "--resume", "--set", "validate_tokenize=char", "--max-steps", 4)
    assert "--allow validate_tokenize" in refusal(run(*again), status=2)
    outcome = run(*again, "--allow", "validate_tokenize")
    assert outcome.status == 0
    assert "scored in another way: what is best is found anew" in outcome.err
    card = json.loads((tmp_path / "run/best/card.json").read_text())
    assert card["steps"] == 4 and "|tok:char|" in card["validation"]["signatures"]["bleu"]


def test_a_tokenizer_that_is_not_here_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ko_mecab.MeCab", None, raising=False)
    write_tsv(tmp_path / "train.tsv", letters(9))
    command = ("train", "--pairs", tmp_path / "train.tsv", "--out", tmp_path / "run", "--set")
    line = refusal(run(*command, "validate_tokenize=ko-mecab"))
    assert line == "BLEU's tokenizer ko-mecab is not installed; install it: pip install 'glassformer[ko]'"
    assert "did you mean 'zh'?" in refusal(run(*command, "validate_tokenize=zz"), status=2)
    assert list((tmp_path / "run").glob("*.yaml")) == []
