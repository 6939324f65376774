"""`evaluate`: several references, another system, tokenizers, COMET, and a disk that is full."""

import json
import resource
import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from tests.commands import refusal, run, write

METRICS = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}


@pytest.fixture
def test_set(reversing, tmp_path, monkeypatch):
    """s.txt and t.txt, twenty pairs that the model was not trained on, in the working directory; and the pairs."""
    monkeypatch.chdir(tmp_path)
    pairs = reversing.held_out[:20]
    write_lines(tmp_path / "s.txt", [source for source, _ in pairs])
    write_lines(tmp_path / "t.txt", [target for _, target in pairs])
    return pairs


def write_lines(path, lines):
    return write(path, "".join(f"{line}\n" for line in lines))


def evaluate(model, *arguments):
    return run("evaluate", model, "--source", "s.txt", "--reference", "t.txt", *arguments)


def translations(model):
    return run("translate", model, "--no-split", "s.txt").lines


# Several references


def test_several_references_with_gaps(reversing, test_set, tmp_path):
    more = [f"{target} e" if number % 2 else "" for number, (_, target) in enumerate(test_set)]
    write_lines(tmp_path / "more.txt", more)
    outcome = evaluate(reversing.path, "--reference", "more.txt", "--json")
    values, texts = json.loads(outcome.out), translations(reversing.path)
    streams = [[target for _, target in test_set], [text or None for text in more]]
    for name, metric in METRICS.items():
        score = metric.corpus_score(texts, streams).score
        assert values[name] == {"score": round(score, 2), "signature": str(metric.get_signature())}
        assert values[name]["signature"].startswith("nrefs:var|")
    table = evaluate(reversing.path, "--reference", "more.txt").lines
    assert table[-1].endswith("of 20 sentences equal a reference")


def test_a_blank_first_reference_is_none_where_there_is_another(reversing, test_set, tmp_path):
    right = [target for _, target in test_set]
    write_lines(tmp_path / "one.txt", [text if number < 10 else "" for number, text in enumerate(right)])
    write_lines(tmp_path / "two.txt", [text if number >= 10 else "" for number, text in enumerate(right)])
    arguments = ("--source", "s.txt", "--reference", "one.txt", "--reference", "two.txt", "--json")
    both, whole = (
        json.loads(run("evaluate", reversing.path, *arguments).out),
        json.loads(evaluate(reversing.path, "--json").out),
    )
    assert both == whole  # one reference each, so even the signatures are the same


def test_references_that_are_not_aligned_are_refused(reversing, test_set, tmp_path):
    write_lines(tmp_path / "more.txt", ["a"] * 19)
    message = "s.txt has 20 lines but more.txt has 19; line n of one must belong to line n of the other: align them"
    assert refusal(evaluate(reversing.path, "--reference", "more.txt")) == message
    assert refusal(evaluate(reversing.path, "--against", "more.txt")) == message
    assert refusal(evaluate(reversing.path, "--reference", "no.txt")) == "no.txt does not exist; check the path"
    assert refusal(evaluate(reversing.path, "--against", "no.txt")) == "no.txt does not exist; check the path"


# Two systems


def test_against_another_model(reversing, copying, test_set):
    outcome = evaluate(reversing.path, "--against", copying.path, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    values = json.loads(outcome.out)
    systems = [("1", translations(reversing.path)), ("2", translations(copying.path))]
    references = [[target for _, target in test_set]]
    signatures, results = PairedTest(systems, METRICS, references, test_type="bs")()
    assert values["against"].pop("name") == str(copying.path)
    for (key, _), (name, (first, second)) in zip(METRICS.items(), list(results.items())[1:], strict=True):
        assert values[key] == {
            "score": round(first.score, 2),
            "margin": round(first.ci, 2),
            "signature": str(signatures[name]),
            "p_value": second.p_value,
        }
        assert values["against"][key] == {"score": round(second.score, 2), "margin": round(second.ci, 2)}
    assert values["exact_match"] > 80 > 20 > values["against"]["exact_match"]
    assert values["bleu"]["p_value"] < 0.01


def test_against_a_file_of_translations(reversing, copying, test_set, tmp_path):
    write_lines(tmp_path / "copied.txt", translations(copying.path))
    values = json.loads(evaluate(reversing.path, "--against", "copied.txt", "--json").out)
    models = json.loads(evaluate(reversing.path, "--against", copying.path, "--json").out)
    assert values.pop("against") == models.pop("against") | {"name": "copied.txt"}
    assert values == models
    assert values.keys() == {*METRICS, "exact_match", "failed", "sentences"}


def test_the_table_of_two_systems(reversing, test_set, tmp_path):
    write_lines(tmp_path / "same.txt", translations(reversing.path))
    head, *rows, exact, note = evaluate(reversing.path, "--against", "same.txt").lines
    assert head.split() == [str(reversing.path), "same.txt"]
    assert [row.split()[0] for row in rows] == ["BLEU", "chrF2", "chrF2++", "TER"]
    for row in rows:
        _, first, _, margin, second, _, other, p, p_value, signature = row.split()
        assert (first, margin) == (second, other)
        assert (p, p_value) == ("p", "1.000")
        assert "|bs:1000|seed:12345|" in signature
    assert exact.endswith("of 20 sentences equal their reference")
    assert "paired bootstrap" in note


def test_what_fails_is_said_of_each_system(reversing, copying, test_set, tmp_path):
    write_lines(tmp_path / "s.txt", ["a " * 200, *(source for source, _ in test_set[1:])])
    outcome = evaluate(reversing.path, "--against", copying.path, "--json")
    assert outcome.status == 1
    lines = outcome.err.splitlines()
    for model, line in zip((reversing, copying), lines, strict=True):
        assert line.startswith(
            f"glassformer: {model.path}: 1 of 20 not translated, scored as empty; the first is s.txt:1"
        )
    values = json.loads(outcome.out)
    assert values["failed"] == values["against"]["failed"] == 1


# Tokenizers


def test_the_tokenizer_suits_the_references(reversing, test_set, tmp_path, monkeypatch):
    write_lines(tmp_path / "t.txt", ["我们是朋友。"] * 20)
    outcome = evaluate(reversing.path, "--json")
    assert "|tok:zh|" in json.loads(outcome.out)["bleu"]["signature"] and not outcome.err
    assert "|tok:13a|" in evaluate(reversing.path, "--tokenize", "13a").lines[0]
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None, raising=False)
    write_lines(tmp_path / "t.txt", ["私たちは友達です。"] * 20)
    outcome = evaluate(reversing.path)
    assert "|tok:char|" in outcome.lines[0]
    assert outcome.err == (
        "glassformer: BLEU is by the tokenizer char: ja-mecab, which suits the text better, is not installed; "
        "install it: pip install 'glassformer[ja]'\n"
    )
    line = refusal(evaluate(reversing.path, "--tokenize", "ja-mecab"))
    assert line == "BLEU's tokenizer ja-mecab is not installed; install it: pip install 'glassformer[ja]'"


def test_no_tokenizer_is_fetched(reversing, test_set, tmp_path, monkeypatch):
    monkeypatch.setattr("glassformer.evaluation.tokenizers.SACREBLEU_DIR", str(tmp_path / "home"))
    line = refusal(evaluate(reversing.path, "--tokenize", "flores200", "--output", "out.txt"))
    assert line.startswith("BLEU's tokenizer flores200 needs its model, which is not here, and nothing is fetched")
    assert {path.name for path in tmp_path.iterdir()} == {"s.txt", "t.txt"}


# COMET, by a module that has the interface of unbabel-comet 2.2. The real package is NOT tried by any test.


class StandIn(ModuleType):
    """Scores a sentence 1 where translation and reference are equal, else 0.25; remembers what it was asked."""

    __version__ = "2.2.7"

    def __init__(self):
        super().__init__("comet")
        self.loaded, self.samples = [], []

    def load_from_checkpoint(self, checkpoint_path, reload_hparams=False, strict=False, local_files_only=False):
        self.loaded.append((checkpoint_path, local_files_only))
        return self

    def predict(self, samples, batch_size=16, gpus=1, devices=None, mc_dropout=0, progress_bar=True):
        assert gpus == 0
        self.samples = samples
        scores = [1.0 if one["mt"] == one["ref"] else 0.25 for one in samples]
        return SimpleNamespace(scores=scores, system_score=sum(scores) / len(scores))


@pytest.fixture
def comet(monkeypatch, tmp_path):
    """The stand-in, and a folder wmt with an empty checkpoint."""
    module = StandIn()
    monkeypatch.setitem(sys.modules, "comet", module)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # restored afterwards
    write(tmp_path / "wmt/checkpoints/model.ckpt", "")
    return module


def test_comet_beside_the_others(comet, reversing, test_set, tmp_path):
    texts, right = translations(reversing.path), [target for _, target in test_set]
    write_lines(tmp_path / "t.txt", ["", *right[1:]])
    write_lines(tmp_path / "more.txt", [texts[0], *["x"] * 19])
    arguments = ("--reference", "more.txt", "--comet", "wmt")
    value = json.loads(evaluate(reversing.path, *arguments, "--json").out)["comet"]
    assert comet.loaded == [("wmt/checkpoints/model.ckpt", True)]
    sources = [source for source, _ in test_set]
    assert (
        comet.samples
        == [  # of several references the first
            {"src": source, "mt": text, "ref": reference}
            for source, text, reference in zip(sources, texts, [texts[0], *right[1:]], strict=True)
        ]
    )
    equal = 1 + sum(text == one for text, one in zip(texts[1:], right[1:], strict=True))
    assert value == {
        "score": round(100 * (equal + 0.25 * (20 - equal)) / 20, 2),
        "signature": "model:wmt|ref:first|scale:100|version:2.2.7",
    }
    assert f"COMET   {value['score']:6.2f}  {value['signature']}" in evaluate(reversing.path, *arguments).lines


def test_comet_of_two_systems(comet, reversing, test_set, tmp_path):
    write_lines(tmp_path / "right.txt", [target for _, target in test_set])
    values = json.loads(evaluate(reversing.path, "--against", "right.txt", "--comet", "wmt", "--json").out)
    assert values["against"]["comet"] == {"score": 100.0}
    assert values["comet"].keys() == {"score", "signature"}  # no test: sacreBLEU's knows its own metrics alone
    table = evaluate(reversing.path, "--against", "right.txt", "--comet", "wmt").lines
    assert any(line.startswith("COMET ") and " 100.00 " in line and " p " not in line for line in table)


def test_what_comet_misses_is_said_before_the_work(comet, reversing, test_set, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    line = "empty: no COMET model (no checkpoints/model.ckpt); give the folder of one"
    assert refusal(evaluate(reversing.path, "--comet", "empty", "--output", "out.txt")) == line

    def spoilt(*_, **__):
        raise KeyError("class_identifier\nof what")

    monkeypatch.setattr(comet, "predict", spoilt)
    assert (
        refusal(evaluate(reversing.path, "--comet", "wmt"))
        == "wmt: COMET cannot use this model: 'class_identifier\\nof what'"
    )
    monkeypatch.setitem(sys.modules, "comet", None)  # not installed
    assert refusal(evaluate(reversing.path, "--comet", "wmt")).startswith("COMET needs the package unbabel-comet (")
    assert not (tmp_path / "out.txt").exists()


# A disk that is full


@contextmanager
def files_no_larger_than(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_half_a_file(reversing, test_set, tmp_path):
    before = write(tmp_path / "out.txt", "before\n")
    for name in ("out.txt", "new.txt"):
        with files_no_larger_than(10):
            line = refusal(evaluate(reversing.path, "--output", name))
        assert line.startswith(f"{name}: cannot save: ") or f"/{name}: cannot save: " in line
    assert before.read_text() == "before\n"
    assert {path.name for path in tmp_path.iterdir()} == {"s.txt", "t.txt", "out.txt"}
