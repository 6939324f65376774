"""Traces of a few sentences, kept while a model learns."""

import json

import pytest

from glassformer.glass.record import Trace
from glassformer.translator import Translator
from tests.commands import options, refusal, run, write
from tests.letters import QUICK

PROBED = QUICK | {"max_steps": 6, "validate_every": 3, "checkpoint_every": 3, "probe_every": 2}


def train(folder, out, *probes, **settings):
    words = [word for probe in probes for word in ("--probe", probe)]
    return run(
        "train", "--pairs", folder / "train.tsv", "--valid-pairs", folder / "valid.tsv", "--out", out,
        "--device", "cpu", *words, *options(PROBED | settings),
    )  # fmt: skip


@pytest.fixture(scope="module")
def probed(small_corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("probed") / "run"
    assert train(small_corpus, out, "a b c", "d").status == 0
    return out


def test_a_trace_for_each_sentence_at_each_step(probed):
    assert sorted(path.name for path in (probed / "probes").iterdir()) == [
        f"{sentence}-{step:08d}.json" for sentence in (0, 1) for step in (0, 2, 4, 6)
    ]
    assert Trace.load(probed / "probes" / "1-00000004.json").axes["source"]["text"] == "d"


def test_the_last_one_is_of_the_last_weights(probed):
    kept, model = Trace.load(probed / "probes" / "0-00000006.json"), Translator.load(probed / "last")
    best = model.translate(["a b c"], beam=1)[0]
    assert kept.decode["text"] == best.text
    assert kept.decode["log_prob"] == pytest.approx(best.log_prob, abs=1e-4)


def test_probing_does_not_change_what_is_learnt(probed, small_corpus, tmp_path):
    assert train(small_corpus, tmp_path / "plain").status == 0
    weights = [(path / "last" / "model.safetensors").read_bytes() for path in (probed, tmp_path / "plain")]
    assert weights[0] == weights[1]
    assert not (tmp_path / "plain" / "probes").exists()


def test_without_probe_every_they_are_kept_at_each_validation(small_corpus, tmp_path):
    assert train(small_corpus, tmp_path / "run", "a", probe_every="null").status == 0
    assert sorted(path.name for path in (tmp_path / "run" / "probes").iterdir()) == [
        f"0-{step:08d}.json" for step in (0, 3, 6)
    ]


def test_explain_shows_a_run_that_was_probed(probed, tmp_path):
    stray = write(probed / "probes" / "my-notes.json", "{}")
    told = run("explain", probed)
    stray.unlink()
    assert told.status == 0 and told.out.count("step 4") == 2
    assert run("explain", probed, "--html", tmp_path / "page.html").status == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    content = json.loads(text.split('id="document">')[1].split("</script")[0])
    assert content["kind"] == "training"
    assert [one["label"] for one in content["traces"]] == [f"step {step}" for _ in range(2) for step in (0, 2, 4, 6)]


def test_a_probe_too_long_is_refused_before_anything_is_learnt(small_corpus, tmp_path):
    outcome = train(small_corpus, tmp_path / "run", "a " * 40)
    assert "the model admits 32" in refusal(outcome, notes=True)


def test_a_run_without_probes(small_corpus, tmp_path, reversing):
    assert "say what to translate" in refusal(run("explain", reversing.path), 2)
    write(tmp_path / "run" / "probes" / "0-00000001.json", "{")
    assert "truncated or not JSON" in refusal(run("explain", tmp_path / "run"))


def test_a_refused_probe_leaves_no_run_behind(small_corpus, tmp_path):
    assert train(small_corpus, tmp_path / "run", "a " * 40).status == 1
    assert train(small_corpus, tmp_path / "run", "a").status == 0
