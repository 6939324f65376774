"""`cause`, its record, and `explain --cause` as a user meets it."""

import dataclasses
import io
import json
import re

import pytest
import torch
from jsonschema import Draft202012Validator
from rich.console import Console

import glassformer
from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.attribution.comparison import deciding, rank_correlation
from glassformer.glass.causes.cause import cause
from glassformer.glass.causes.study.contrasts import Contrasts
from glassformer.glass.causes.study.study import study
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.validity import schema
from glassformer.glass.views.terminal.cause import print_cause
from glassformer.model import ModelConfig, Transformer
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator
from tests.commands import refusal, run
from tests.glass.causes.configs import every_config
from tests.glass.causes.questions import FIRST, SECOND, TARGET
from tests.glass.models import cached
from tests.letters import letters

ASKED = {"target": TARGET, "step": 2, "against": "f"}


def record_of(options, **asked):
    found = cause(cached(**options), FIRST, **ASKED | asked)
    return dataclasses.replace(trace(cached(**options), FIRST, TARGET), cause=found.to_dict())


def printed(record, width=100):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_cause(console, record)
    return console.file.getvalue()


@every_config
@pytest.mark.parametrize("asked", [{"versus": SECOND}, {}, {"versus": "a c d", "measure": "probability"}])
def test_the_record_carries_a_cause(options, asked):
    record = record_of(options, **asked)
    data = json.loads(record.to_json())
    Draft202012Validator(schema()).validate(data)
    assert Trace.from_dict(data).cause == record.cause
    shown = printed(Trace.from_dict(data))
    assert ("The logit difference as a sum" in shown) == ("measure" not in asked)
    assert ("second sentence" in shown) == ("versus" in asked)


@every_config
def test_a_map_names_the_tensors_that_were_changed(options):
    """By the trace's names, so that the page can do what the sweep did."""
    translator = cached(**options)
    record = record_of(options, versus=SECOND)
    for one in record.cause["maps"]:
        assert len(one["tensors"]) == len(one["rows"])
        for name in one["tensors"]:
            side = "source" if one["name"].startswith("encoder") else "target"
            assert record.tensor(name).axes[-2] == side
            assert (record.tensor(name).axes[0] == "head") == (one["columns"] == "head")
    assert record.cause["second"]["tokens"][0]["id"] == record.axes["source"]["tokens"][0]["id"]
    assert record.cause["second"]["translation"] == translator.translate([SECOND], beam=1)[0].text


def test_the_printed_sum_is_the_contrast():
    record = record_of({"norm_position": "pre"}, versus=SECOND)
    lines = printed(record).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("The logit difference as a sum"))
    values = [float(line.split()[0].replace("−", "-")) for line in lines[start + 1 : start + 11]]
    assert lines[start + 10].endswith("sum")
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.06)
    assert values[-1] == pytest.approx(record.cause["clean"], abs=0.01)


def test_a_narrow_window_and_the_words_of_the_question():
    text = printed(record_of({}, versus=SECOND), width=50)
    assert re.search(r"^A  d$", text, re.MULTILINE) and re.search(r"^B  f$", text, re.MULTILINE)
    assert text.count("embedding") >= 3


def test_a_word_that_has_no_counterpart_has_a_dot():
    assert "·" in printed(record_of({}, versus="a c d"))


def test_a_trace_without_a_cause_says_how_to_get_one():
    with pytest.raises(UsageError, match="explain MODEL SENTENCE --cause"):
        printed(trace(cached(), FIRST))


@pytest.mark.parametrize(
    "alter",
    [
        lambda cause: cause["maps"].pop(),
        lambda cause: cause["maps"].append(cause["maps"][0]),
        lambda cause: cause["maps"][0].update(columns="head"),
        lambda cause: cause["maps"][0]["rows"].pop(),
        lambda cause: cause["maps"][0]["tensors"].pop(),
        lambda cause: cause["maps"][1]["total"][0].pop(),
        lambda cause: cause["maps"][1]["direct"][0].append(1.0),
        lambda cause: [table.append(0.0) for one in (0,) for table in cause["maps"][one]["total"]],
        lambda cause: cause["maps"][3].update(total=[]),
        lambda cause: cause["deciding"].append(99),
        lambda cause: cause["lens"].pop(),
        lambda cause: cause["attributions"][0].update(source=[]),
        lambda cause: cause["attributions"][0]["source"].extend([0.0] * 99),
        lambda cause: cause["decomposition"][-5].update(by_key=[0.0] * 99),
    ],
)
def test_a_cause_that_was_altered_is_refused(alter):
    data = json.loads(record_of({}, versus=SECOND).to_json())
    alter(data["cause"])
    with pytest.raises(InputError, match="its cause does not fit its tokens"):
        Trace.from_dict(data)


@pytest.mark.parametrize("number", [None, 1e308, -1e308])
def test_a_cause_without_an_effect_or_of_the_largest_ones_is_shown(number):
    """In the terminal: what the schema takes, such as maps in which nothing corresponds."""
    data = json.loads(record_of({}, versus=SECOND).to_json())
    for one in data["cause"]["maps"]:
        one.update({table: [[number for _ in row] for row in one[table]] for table in ("total", "direct")})
    if number is not None:
        for one in data["cause"]["attributions"]:
            one.update({side: [number for _ in one[side]] for side in ("source", "target")})
        for one in data["cause"]["decomposition"]:
            one["value"] = number
    assert "Attributions" in printed(Trace.from_dict(data))


def test_which_words_decide():
    assert deciding([0.1, 5.0, 2.4, 2.5]) == [1, 3]
    assert deciding([0.0, 1e-5]) == []
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 35]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    # Of the ranks 1 2.5 2.5 4 and 1 2 3 4: cov 4.5 / sqrt(4.5 * 5).
    assert rank_correlation([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert rank_correlation([1, 1], [1, 2]) is None


def test_of_a_model_with_several_targets_the_source_begins_with_its_symbol():
    tokenizer = Tokenizer.train([text for pair in letters(60) for text in pair], 275, targets=["de", "hi"])
    torch.manual_seed(1)
    shape = {"d_model": 16, "d_ff": 16, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1, "max_length": 32}
    several = Translator(
        Transformer(ModelConfig(vocab_size=tokenizer.vocab_size, **shape)).eval(), tokenizer, tokenizer
    )
    found = cause(several, FIRST, versus=SECOND, target=TARGET, against="f", to="hi")
    assert [one["text"] for one in found.question.source["tokens"]][:2] == ["<2hi>", "a"]
    assert len(found.sweep.map("encoder.stream").total[0]) == 6
    assert not any(tokenizer.is_control(one.token) for depth in found.nearest for some in depth for one in some)
    assert study(several, [Pair("a b", "b a")], [Contrasts.parse("a:c")], to="de").contrasts[0].found == 1
    with pytest.raises(UsageError):
        cause(several, FIRST)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model directory."""
    path = tmp_path_factory.mktemp("model") / "model"
    cached().save(path)
    return path


def test_explain_cause_and_the_saved_trace(model, tmp_path):
    file = tmp_path / "cause.json"
    asked = ("explain", model, FIRST, "--target", TARGET, "--cause", "--word", "d", "--against", "f")
    shown = run(*asked)
    assert shown.status == 0 and shown.err == "" and "\x1b" not in shown.out
    assert "Question  at step 2 of the translation: why word A, and not word B?" in shown.lines
    assert run(*asked, "--json", file).status == 0
    assert run("explain", file, "--cause").out == shown.out
    assert "Cross-attention" in run("explain", file).out
    assert "A  d" in run(*asked, "--versus", SECOND).lines
    expected = cause(cached(), FIRST, **ASKED).sweep.clean
    assert json.loads(file.read_text())["cause"]["clean"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--against", "f"), 2, "--against belongs to a question: add --cause"),
        (("--cause", "--word", "zebra"), 1, "the translation has no word 'zebra'"),
        (("--cause", "--measure", "logits"), 2, "measure is 'logits'; set it to logit_difference"),
        (("--cause", "--ablation", "none"), 2, "ablation is 'none'; set it to patch"),
        (("--cause", "--ablation", "patch"), 2, "a second sentence"),
    ],
)
def test_mistakes(model, options, status, message):
    assert message in refusal(run("explain", model, FIRST, "--target", TARGET, *options), status)


def test_the_package_offers_it():
    assert glassformer.cause is cause
