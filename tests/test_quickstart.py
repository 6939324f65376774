"""The quickstart from end to end, with a model too small to learn: it measures, translates, and writes its page."""

import io
import json
import os
import re
import shlex
import signal
from types import SimpleNamespace

import pytest
import torch
import yaml
from rich.console import Console

from glassformer import quickstart
from glassformer.corpora.phrasebook import generate
from glassformer.glass.views.terminal.console import Listened
from glassformer.quickstart import recipe, scores
from glassformer.training.config import RunConfig
from glassformer.training.report.meter import Meter
from tests.commands import run

TINY = {"encoder_layers": 1, "decoder_layers": 1, "d_model": 16, "d_ff": 16, "num_heads": 2, "max_length": 48,
        "max_steps": 4, "probe_every": 2, "validate_every": 4, "validate_sentences": 2,
        "checkpoint_every": 4}  # fmt: skip


@pytest.mark.parametrize("corpus", recipe.RECIPES)
def test_recipes_are_configs(corpus):
    config = RunConfig.from_flat(recipe.RECIPES[corpus] | {"corpus": corpus})
    assert config.training.probe and config.training.max_steps > 1000


@pytest.mark.parametrize(
    "has, expected", [({"avx512_bf16": True}, "bfloat16"), ({"avx512_bf16": False, "avx512_f": True}, "float32")]
)
def test_its_precision_is_what_the_processor_has_units_for(monkeypatch, has, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    assert recipe.precision() == expected
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # as of torch 2.10
    assert recipe.precision() == "float32"


def test_it_ends_with_a_page_of_the_trained_model(tmp_path, monkeypatch):
    monkeypatch.setitem(recipe.RECIPES, "names", recipe.RECIPES["names"] | TINY)
    outcome = run("quickstart", "--corpus", "names", "--out", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("Making the text and its vocabularies")  # nothing else is said for a while
    assert "exactly right" in outcome.out and str(tmp_path / "run" / "page.html") in outcome.out
    page = (tmp_path / "run" / "page.html").read_text(encoding="utf-8")
    document = json.loads(page.split('id="document">')[1].split("</script")[0])
    assert [one["label"] for one in document["traces"]] == ["step 0", "step 2", "step 4", "trained"]
    trained = document["traces"][-1]["record"]
    assert trained["meta"]["detail"] == "full+weights" and trained["beam"]["width"] == 4
    assert document["kind"] == "training" and document["title"] == trained["meta"]["title"]


def test_a_reader_that_goes_away_ends_it_as_it_ends_other_commands():
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError), open(writer, "w") as left:  # noqa: PTH123
        Listened(file=left).print("a score")


class Answers:
    """Translates by heart: the text it was given for a source."""

    def __init__(self, texts):
        self.texts = texts

    def translate(self, sources, *_, **__):
        return [SimpleNamespace(text=self.texts[source]) for source in sources]


def test_the_phrasebook_s_scores_are_shares_of_sentences(monkeypatch):
    """Of eight sentences, four with a because-clause, one of those is left out: 7 of 8 and 3 of 4 are right.

    Of the patterns that were never trained on, one of two sentences is; of the names, one of four."""
    sentences = generate(share=0.001)
    referring, others = ([one for one in sentences if bool(one.reference) is has][:4] for has in (True, False))
    answers = Answers({one.source: one.target for one in (*referring, *others)} | {referring[0].source: ""})
    monkeypatch.setattr(scores, "held_out", lambda: [*referring, *others])
    monkeypatch.setattr(scores, "unseen_patterns", lambda: [referring[0], others[0]])
    monkeypatch.setattr(scores, "unseen_names", lambda: [referring[0]] * 3 + [others[0]])
    said = io.StringIO()
    scores.report_phrasebook(Console(file=said, width=200), answers)
    assert re.findall(r"(\d+\.\d) %", said.getvalue()) == ["87.5", "75.0", "50.0", "25.0"]


@pytest.mark.parametrize("stage", ["training", "page"])
def test_stopped_at_any_stage_it_names_the_command_that_goes_on_to_the_page(tmp_path, monkeypatch, stage):
    monkeypatch.setitem(recipe.RECIPES, "names", recipe.RECIPES["names"] | TINY)
    out = tmp_path / "a run"

    def stop(*_, **__):
        signal.raise_signal(signal.SIGINT)
        return ()  # in training the step ends first

    with monkeypatch.context() as patch:
        patch.setattr(quickstart, "precision", lambda: "bfloat16")
        place = {"training": (Meter, "due"), "page": (quickstart, "quickstart_page")}
        patch.setattr(*place[stage], stop)
        stopped = run("quickstart", "--corpus", "names", "--out", out)
    assert stopped.status == 130
    told, named = stopped.err.splitlines()[-1].split("; go on with: glassformer ")
    assert told == ("glassformer: stopped and saved" if stage == "training" else "glassformer: stopped")
    assert not (out / "page.html").exists()
    monkeypatch.setattr(quickstart, "precision", lambda: "float32")  # of another machine, on which it goes on as it was
    assert run(*shlex.split(named)).status == 0
    assert yaml.safe_load((out / "config.yaml").read_text(encoding="utf-8"))["precision"] == "bfloat16"
    assert (out / "page.html").is_file()
