"""A study: patterns of constructed attentions, intervals, swaps, and the command."""

import json
from collections import Counter

import numpy as np
import pytest
from rich.console import Console

from glassformer.errors import UsageError
from glassformer.glass.causes.study.contrasts import Contrasts, measure
from glassformer.glass.causes.study.interval import estimate
from glassformer.glass.causes.study.patterns import PATTERNS, looks
from glassformer.glass.causes.study.study import study
from glassformer.glass.causes.sweep import sweep
from glassformer.glass.observe import observe
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.terminal.study import print_study
from glassformer.text.pairs import Pair
from tests.commands import refusal, run, write
from tests.glass.models import cached
from tests.glass.models import translator as translator_of

PAIRS = [Pair(a, b) for a, b in (("a b c", "c b a"), ("b b d", "d e"), ("a c e f", "f"), ("c", "c"), (" ", "a"))]


def constructed(weights, queries, keys, kind):
    """The tensors that `looks` reads, all other attentions even."""
    config = cached().model.config
    ids = {"source": keys if "cross" in kind or "encoder" in kind else [1], "target": queries}
    tensors = {
        f"{side}.ids": TracedTensor(f"{side}.ids", "input", (side,), (len(x),), values=np.array(x))
        for side, x in ids.items()
    }
    sizes = {
        "encoder.self": ("source", "source"),
        "decoder.self": ("target", "target"),
        "decoder.cross": ("target", "source"),
    }
    for layer in (0, 1):
        for stack, (q, k) in sizes.items():
            name = f"{stack.replace('.', f'.{layer}.')}_attention.weights"
            shape = (4, len(ids[q]), len(ids[k]))
            tensors[name] = TracedTensor(name, "softmax", ("head", q, k), shape, values=np.full(shape, 1 / shape[2]))
    name = f"{kind.replace('.', '.0.', 1)}.weights"
    tensors[name].values[1] = weights
    return {
        name: mean
        for (one, head), name, mean in looks(tensors, config)
        if (one, head) == (f"{kind.replace('.', '.0.', 1)}", 1)
    }


def test_patterns_of_an_encoder_head():
    source = [7, 8, 7, 3]
    previous = constructed(np.eye(4, k=-1), [1], source, "encoder.self_attention")
    assert previous == {
        "itself": 0, "previous token": 1, "same word elsewhere": 0, "next token": 0, "last (</s>)": 0,
    }  # fmt: skip
    same = np.zeros((4, 4))
    same[0, 2] = same[2, 0] = 0.75
    same[1, 1] = 1
    found = constructed(same, [1], source, "encoder.self_attention")
    assert found["same word elsewhere"] == 0.75  # of the two queries that have such a word
    assert found["itself"] == 0.25 and found["previous token"] == 0
    ends = np.zeros((4, 4))
    ends[:, 3] = 1
    assert constructed(ends, [1], source, "encoder.self_attention")["last (</s>)"] == 1


def test_patterns_of_decoder_heads():
    target = [2, 8, 8]
    found = constructed(np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0.25, 0.75]]), target, [1, 1], "decoder.self_attention")
    assert found["same word elsewhere"] == 0.25  # the second 8 sees the first, which does not see it
    assert found["itself"] == 0.75 and found["previous token"] == 0.375 and found["first (<s>)"] == 0.5
    cross = constructed(np.array([[0.2, 0.8], [1, 0], [0.6, 0.4]]), target, [5, 3], "decoder.cross_attention")
    assert cross == {"first token": pytest.approx(0.6), "last (</s>)": pytest.approx(0.4)}


def test_the_patterns_of_a_model_are_those_of_its_weights():
    translator = cached()
    result = study(translator, PAIRS, [], limit=10)
    assert result.sentences == 4  # a blank side is left out
    weights = []
    for pair in PAIRS[:4]:
        ids = (
            [*translator.source_tokenizer.encode(pair.source), 3],
            [*translator.target_tokenizer.encode(pair.target), 3],
        )
        weights.append(
            observe(translator.model, *ids)["encoder.1.self_attention.weights"].values[2][1:].diagonal().mean()
        )
    assert result.patterns["encoder.1.self_attention", 2]["previous token"].mean == pytest.approx(np.mean(weights))
    assert {name for some in result.patterns.values() for name in some} == {
        n for some in PATTERNS.values() for n in some
    }


def test_an_interval_holds_the_mean_as_often_as_it_says():
    """Of a normal distribution, 40 values each: about 95 of 100 intervals (binomial, far in its tails)."""
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(100):
        one = estimate(generator.normal(5.0, 2.0, 40).tolist())
        assert one.low < one.mean < one.high
        hits += one.low <= 5.0 <= one.high
    assert 85 <= hits <= 100
    assert estimate([2.0]).low is None and estimate([2.0]).mean == 2.0
    assert estimate([1.0, 1.0, 1.0]).low == estimate([1.0, 1.0, 1.0]).high == 1.0


@pytest.mark.parametrize(
    ("text", "sentence", "swapped"),
    [
        ("animal:cat", "The animal, it was tired", "The cat, it was tired"),
        ("animal:cat", "Animal!", "Cat!"),
        ("animal:cat", "animals", None),
        ("a:b,c:d", "c", "d"),
        ("did not:did", "It did not cross", "It did cross"),
        ("not:", "It is not here", "It is here"),
        ("थका:थकी", "वह थका है", "वह थकी है"),
        ("थक:थकी", "वह थका है", None),
    ],
)
def test_swaps(text, sentence, swapped):
    assert Contrasts.parse(text).swapped(sentence) == swapped


@pytest.mark.parametrize("text", ["animal", ":cat", "a:b:c", "a:a", "a:b=c", ""])
def test_what_is_no_contrast(text):
    with pytest.raises(UsageError, match="write WORD:WORD"):
        Contrasts.parse(text)


def test_shares_are_effects_over_the_whole_change(monkeypatch):
    """Of the sentences in which the swap changes what is preferred; the others are counted, not measured."""
    swept = []
    monkeypatch.setattr(
        "glassformer.glass.causes.study.contrasts.sweep",
        lambda *args: swept.append(sweep(*args)) or swept[-1],
    )
    translator = cached(norm_position="pre")
    sentences = [f"{x} {y} {z}" for x in "abc" for y in "abf" for z in "ad"]
    found = measure(translator, Contrasts.parse("a:e,c:d"), sentences, limit=12)
    mind_changed = [one for one in swept if one.clean > 0 > one.other]
    assert found.found == 12 and found.asked == len(swept) and found.used == len(mind_changed) > 0
    head = ("encoder.1.self_attention", 2)
    expected = [one.map("encoder.self_attention").total[1][2] / (one.clean - one.other) for one in mind_changed]
    assert found.shares[head] == pytest.approx(expected)
    assert found.carriers["embedding"] == {"(the swapped word)": found.used}
    assert all(sum(words.values()) == found.used for words in found.carriers.values())
    assert found.carried["embedding"][0] == pytest.approx(
        max(mind_changed[0].map("encoder.stream").total[0], key=abs) / (mind_changed[0].clean - mind_changed[0].other)
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model"
    cached(norm_position="pre").save(path)
    return path


@pytest.fixture
def pairs(tmp_path):
    return write(tmp_path / "pairs.tsv", "a b c\tc b a\nb a d\td a\na c e f\tf a\n")


def test_the_command(model, pairs):
    asked = ("study", model, "--pairs", pairs, "--contrast", "a:e", "--contrast", "zebra:horse")
    shown = run(*asked)
    assert shown.status == 0 and shown.err == "" and "\x1b" not in shown.out
    assert "Encoder's self-attention: what the heads look at  mean weight [95 % interval], 3 pairs" in shown.out
    assert "Contrast a:e" in shown.lines and "0 sentences have such a word" in shown.out
    data = json.loads(run(*asked, "--json").out)
    assert data["sentences"] == 3 and len(data["patterns"]) == 2 * 3 * 4
    assert [one["found"] for one in data["contrasts"]] == [3, 0]
    assert json.loads(run(*asked, "--json", "--limit", "2").out)["sentences"] == 2


def test_words_of_the_text_are_told_from_those_around_them(capsys):
    result = study(cached(norm_position="pre"), PAIRS, [Contrasts.parse("a:e")], limit=10)
    (found,) = result.contrasts
    found.used, found.carried = 8, {"layer 0": [0.5] * 8}
    found.carriers = {"layer 0": Counter({"the": 5, "(the swapped word)": 2, "at": 1})}
    print_study(Console(width=120), result)
    assert 'encoder, after layer 0, at "the" (5), the swapped word (2), "at" (1)' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--contrast", "animal"), 2, "write WORD:WORD"),
        (("--limit", "0"), 2, "--limit is 0"),
        (("--pairs", "nowhere.tsv"), 1, "nowhere.tsv"),
    ],
)
def test_mistakes(model, pairs, options, status, message):
    assert message in refusal(run("study", model, "--pairs", pairs, *options), status)


def test_pairs_that_are_all_too_long(model, tmp_path):
    pairs = write(tmp_path / "long.tsv", f"{'a ' * 90}\tb\n")
    assert "no pair to study" in refusal(run("study", model, "--pairs", pairs))


def test_a_sentence_that_is_too_long_does_not_end_the_others(model, tmp_path):
    """Neither one that has the word, nor one that the swap makes too long."""
    long = " ".join("abc" * 30)
    pairs = write(tmp_path / "long.tsv", f"{long}\tb\na b c\tc b a\n")
    asked = ("study", model, "--pairs", pairs, "--json", "--contrast", "a:e", "--contrast", f"b:{long}")
    data = json.loads(run(*asked).out)
    assert data["sentences"] == 1
    assert [(one["found"], one["asked"]) for one in data["contrasts"]] == [(2, 1), (2, 0)]


def test_only_the_pairs_that_are_studied_are_tokenized(monkeypatch):
    """Of a million pairs all took a gigabyte more."""
    translator = translator_of(norm_position="pre")
    encode, seen = translator.source_tokenizer.encode, []
    monkeypatch.setattr(translator.source_tokenizer, "encode", lambda text: seen.append(text) or encode(text))
    study(translator, PAIRS, [], limit=1)
    assert seen == ["a b c", "c b a", "b b d", "d e"]
