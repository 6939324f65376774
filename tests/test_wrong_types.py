"""Every argument of every documented call, handed what it is not: it is taken, or refused by an error of ours.

STRANGE_EVERY=1 tries all values of strange.py, each in a list and a tuple and a mapping too, which takes minutes; by
default every twelfth, other ones for each argument.
"""

import inspect
import os
import re
import time
import warnings
from dataclasses import replace
from enum import Enum, StrEnum
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from glassformer import (
    Copying,
    EagerEngine,
    GlassformerError,
    Glossary,
    ModelConfig,
    SearchOptions,
    Trace,
    Transformer,
    Translator,
    UsageError,
    cause,
    embedding_map,
    generate,
    trace,
    train,
    translate_markup,
    translate_texts,
)
from glassformer.arguments import shown
from glassformer.data.config import DataConfig
from glassformer.glass.causes import interventions
from glassformer.glass.embedding_map import EmbeddingMap
from glassformer.interop import export_model, import_model
from glassformer.settings import keys_of
from glassformer.training.config import TrainingConfig
from tests.strange import MAKERS, Text, Thing, Whole

JUNK = [
    Thing(), None, True, 5, -1, 10**30, 1.5, float("nan"), np.float32(2), "zz", "", b"x", [], [5], ["x"], [None],
    [Thing()], [[Thing()]], {}, {"a": 1}, np.array([[1.5]]), int, [np.array([0, 1], dtype=np.uint8)],
    range(2**62), [[2**63]],
]  # fmt: skip
EVERY = int(os.environ.get("STRANGE_EVERY", "12"))
LONGEST = 120  # seconds of the processor for a call, after which it hangs; no measure of speed
NO_ARGUMENTS = {  # what is documented and takes no argument of a caller, or is made by calls alone
    "Callback", "Cause", "Translation", "FailedTranslation", "Hypothesis", "EmbeddingMap", "Trace", "Translator.device",
    "Cause.deciding", "Cause.effects", "ModelConfig.head_width", "ModelConfig.kv_heads", "GlassformerError",
    "InputError", "UsageError", "FastEngine", "interventions", "errors", "errors.GlassformerError",
    "errors.InputError", "errors.UsageError",
}  # fmt: skip


@pytest.fixture(scope="module")
def calls(copying, tmp_path_factory):
    """By its documented name, a call and arguments that are right, or refused for another reason than their type."""
    folder, model = tmp_path_factory.mktemp("calls"), Translator.load(copying.path)
    ids, prefix = [[5, 3]], {"translator": model, "source": "a b"}
    eager, found, record = EagerEngine(model.model), cause(model, "a b"), trace(model, "a b")
    words = EmbeddingMap("source", ("a", "b", "c"), np.eye(3), {})
    fast = Translator.load(copying.path, engine="auto").fast
    config = ModelConfig(vocab_size=300, d_model=8, d_ff=8, num_heads=2, encoder_layers=1, decoder_layers=1)
    at = {"tensor": "logits", "positions": None, "heads": None}
    found_calls = {
        "train": (train, {"out": folder / "run", "pairs": [str(folder / "none.tsv")]}),
        "Translator": (Translator, dict(zip(("model", "source_tokenizer", "target_tokenizer"),
                                            (model.model, *model.tokenizers), strict=True))),
        "Translator.load": (Translator.load, {"path": folder / "none"}),
        "Translator.translate": (model.translate, {"sentences": ["a b"], "beam": 1}),
        "Translator.score": (model.score, {"sources": ["a"], "targets": ["b"]}),
        "Translator.save": (model.save, {"directory": folder / "saved"}),
        "translate_texts": (translate_texts, {"translator": model, "texts": ["a b"], "beam": 1}),
        "translate_markup": (translate_markup, {"translator": model, "texts": ["<b>a</b> b"], "beam": 1}),
        "Copying": (lambda **given: translate_texts(model, ["a"], copying=Copying(**given)),
                    {"protect": True, "glossary": Glossary()}),
        "Glossary": (lambda **given: translate_texts(model, ["a"], copying=Copying(glossary=Glossary(**given))),
                     {"terms": ()}),
        "Glossary.read": (Glossary.read, {"path": folder / "none"}),
        "SearchOptions": (SearchOptions, {"beam": 4}),
        "SearchOptions.limit": (SearchOptions().limit, {"source_length": 5, "most": 7}),
        "export_model": (export_model, {"translator": model, "to": "nothing", "out": folder / "exported"}),
        "import_model": (import_model, {"path": folder / "none", "out": folder / "imported"}),
        "trace": (trace, {**prefix, "detail": "attention"}),
        "Trace.tensor": (record.tensor, {"name": "logits"}),
        "Trace.values": (record.values, {"name": "logits"}),
        "Trace.cell": (record.cell, {"name": "logits", "row": 0, "column": 0}),
        "Trace.display": (record.display, {"detail": None}),
        "Trace.with_detail": (record.with_detail, {"detail": "attention"}),
        "Trace.to_json": (record.to_json, {"compact": True}),
        "Trace.save": (record.save, {"path": folder / "trace.json"}),
        "Trace.load": (Trace.load, {"path": folder / "none"}),
        "Trace.from_dict": (Trace.from_dict, {"record": {}}),
        "cause": (cause, {**prefix, "word": None, "step": None, "against": None, "versus": None, "target": None,
                          "measure": "logit_difference", "to": None}),
        "Cause.agreement": (found.agreement, {"attribution": found.attributions[0]}),
        "interventions.replace": (interventions.replace, {**at, "value": 1.0}),
        "interventions.zero": (interventions.zero, at),
        "interventions.mean": (interventions.mean, at),
        "interventions.scale": (interventions.scale, {**at, "factor": 1.0}),
        "interventions.freeze": (interventions.freeze, at),
        "interventions.cut": (interventions.cut, {"attention": "encoder.self_attention"}),
        "interventions.hide": (interventions.hide, {"positions": None}),
        "interventions.force": (interventions.force, {"step": 0, "token": "a"}),
        "embedding_map": (embedding_map, {"translator": model}),
        "EmbeddingMap.principal": (words.principal, {"words": None}),
        "EmbeddingMap.nearest": (words.nearest, {"word": "a", "count": 1}),
        "EmbeddingMap.walk": (words.walk, {"start": "a", "minus": "b", "plus": "c", "count": 1}),
        "EmbeddingMap.probe": (words.probe, {"feature": "gender"}),
        "ModelConfig": (ModelConfig, {"vocab_size": 300}),
        "Transformer": (Transformer, {"config": config}),
        "EagerEngine": (EagerEngine, {"model": model.model}),
        "EagerEngine.encode": (eager.encode, {"sources": ids}),
        "EagerEngine.step": (eager.step, {"tokens_N": np.array([2]), "state": eager.encode(ids)}),
        "EagerEngine.score": (eager.score, {"sources": ids, "targets": ids}),
        "generate": (generate, {"engine": eager, "sources": ids, "options": SearchOptions(beam=1)}),
    }  # fmt: skip
    if fast:
        found_calls["FastEngine.encode"] = fast.encode, {"sources": ids}
        found_calls["FastEngine.step"] = fast.step, {"tokens_N": np.array([2]), "state": fast.encode(ids)}
        found_calls["FastEngine.score"] = fast.score, {"sources": ids, "targets": ids}
    return found_calls


def test_no_wrong_argument_ends_in_an_error_of_another_kind(calls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some of it is a path, which is then written to
    wrong, tried = [], 0
    for name, (call, right) in calls.items():
        for number, key in enumerate({**right, **dict.fromkeys(arguments_of(call))}):
            for junk in (*JUNK, *strange(number + len(wrong) + tried)):
                wrong += [f"{name}({key}={shown(junk)}) {problem}" for problem in problems(call, right, key, junk)]
                tried += 1
    print(f"{tried:,} calls")
    assert not wrong, "\n".join(wrong)


def test_no_wrong_setting_ends_in_an_error_of_another_kind(tmp_path):
    right = {"out": tmp_path / "run", "pairs": [str(tmp_path / "none.tsv")], "device": "cpu"}
    keys = sorted(keys_of(ModelConfig, TrainingConfig, DataConfig))
    wrong = [
        f"{key}={shown(junk)} {problem}"
        for number, key in enumerate(keys)
        for junk in (10**5000, np.array([]), np.array([2, 1]), "x" * 300, *[*strange(number)][:: min(EVERY, 3)])
        for problem in problems(train, right, key, junk)
    ]
    assert not wrong, "\n".join(wrong)


def strange(first):
    """Every EVERY-th strange value, from one that depends on `first`; if all are wanted, within others too."""
    for make in MAKERS[first % EVERY :: EVERY]:
        yield make()
        if EVERY == 1:
            yield from ([make()], (make(), make()), {"a": make()}, [[make()]], (make() for _ in range(2)))


def problems(call, right, key, junk):
    """What is wrong with a call that is handed `junk`, if anything."""
    before, start = shown(junk), time.process_time()
    try:
        with warnings.catch_warnings(action="ignore"):
            call(**{**right, key: junk})
    except GlassformerError as error:
        if "\n" in str(error):
            yield "told in several lines"
    except Exception as error:
        yield f"{error!r:.90}"
    if shown(junk) != before:
        yield "is changed"
    if time.process_time() - start > LONGEST:
        yield "took long"


def arguments_of(call):
    """The names of a call's arguments, but for a function that is called back: its errors are its caller's."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = [one.name for one in inspect.signature(call).parameters.values() if one.kind in kinds]
    return [name for name in names if name != "watch"]


@pytest.mark.parametrize("settings", [SearchOptions(sample=True, temperature=0.5), ModelConfig(300, 300)], ids=repr)
def test_a_value_of_a_derived_type_is_taken_as_the_plain_one(settings):
    for name, value in vars(settings).items():
        for other in derived(value):
            taken = replace(settings, **{name: other})
            assert taken == settings and type(vars(taken)[name]) is type(value), name


def test_what_was_asked_for_by_derived_types_can_be_saved(calls, tmp_path):
    translator = calls["trace"][1]["translator"]
    plain = {"source": "a b", "detail": "attention", "beam": 2, "length_penalty": 0.5, "seed": 3}
    expected = trace(translator, **plain).to_json()
    for name, value in plain.items():
        for other in derived(value):
            assert trace(translator, **{**plain, name: other}).to_json() == expected, name
    expected = trace(translator, "a b", interventions=interventions.hide([0, 1])).to_json()
    for places in ([np.int64(0), Whole(1)], range(2)):
        assert trace(translator, "a b", interventions=interventions.hide(places)).to_json() == expected
    for number, place in enumerate(derived(str(tmp_path / "model"))):
        translator.save(place)
        (tmp_path / "model").rename(tmp_path / f"saved-{number}")


def derived(value):
    """The value by other types, of which it is one."""
    kind = type(value)
    if kind in (str, int, float):
        yield Enum("Mine", {"it": value}, type=kind).it
    if kind is str:
        yield from (StrEnum("Mine", {"it": value}).it, np.str_(value), Text(value))
    if kind is int:
        yield from (np.int64(value), np.uint16(value), Whole(value))
    if kind is float:
        yield from (np.float64(value), Fraction(value))


def test_every_documented_call_is_tried(calls):
    documented = set()
    page = (Path(__file__).parent.parent / "docs/reference/python.md").read_text(encoding="utf-8")
    for name, options in re.findall(r"^::: glassformer\.(?:\w+\.)*(\w+)\n((?:    .*\n)*)", page, re.MULTILINE):
        members = re.search(r"members: \[(.*?)\]", options)
        documented |= {name, *(f"{name}.{one}" for one in (members[1].split(", ") if members else ()))}
    tried = calls.keys() | ({"FastEngine.encode", "FastEngine.step"} - calls.keys())
    assert documented - NO_ARGUMENTS <= tried
    assert documented >= NO_ARGUMENTS


def test_an_id_or_a_room_that_would_be_read_past_its_end_is_refused(calls):
    if "FastEngine.step" not in calls:
        pytest.skip("no fast engine")
    step, right = calls["FastEngine.step"]
    for given in ({"tokens_N": np.array([2, 2])}, {"tokens_N": np.array([], dtype=np.int64)},
                  {"attended_NS": np.empty((0, 2), dtype=np.float32)},
                  {"attended_NS": np.empty((1, 4), dtype=np.float32)[:, ::2]},
                  {"attended_NS": np.empty((1, 2))}):  # fmt: skip
        with pytest.raises(UsageError, match="must be an array"):
            step(**{**right, **given})
