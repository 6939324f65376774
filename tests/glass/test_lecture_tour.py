"""The tour: stops in the lecture's order, for the example and for any model."""

import re

import pytest
import yaml

from glassformer.glass.graph import graph
from glassformer.glass.lecture import tour as module
from glassformer.glass.lecture.replay import replay
from glassformer.glass.lecture.tour import tour
from glassformer.glass.validity import schema
from glassformer.model import ModelConfig

ORDER = [
    "tokenization", "embeddings", "positions", "attention", "query_key_value", "scores", "residual",
    "normalization", "heads", "feed_forward", "encoder", "decoder", "output", "inference", "summary",
]  # fmt: skip
TRAINING = ["shifted_target", "loss", "gradient_step"]  # of a model: the lecture's example is not trained
FIELDS = {"id", "title", "motivation", "concept", "helps", "takeaway", "formula", "tensors", "view"}
SHAPE = {"vocab_size": 20, "d_model": 8, "num_heads": 2, "d_ff": 16, "encoder_layers": 2, "decoder_layers": 3}
CONFIGS = [
    {},
    {"positions": "rotary"},
    {"positions": "learned"},
    {"position_layout": "halves"},
    {"embedding_scale": False},
    {"norm": "rmsnorm", "norm_position": "pre"},
    {"activation": "swiglu"},
    {"activation": "gelu", "tie_embeddings": False},
    {"source_vocab_size": 9},
]


def of(options):
    return ModelConfig(**SHAPE, **options)


@pytest.mark.parametrize("options", [None, *CONFIGS], ids=str)
def test_the_stops_with_their_lines(options):
    stops = tour(None if options is None else of(options))
    assert [stop["id"] for stop in stops if stop["id"] not in TRAINING] == ORDER
    assert [stop["id"] for stop in stops if stop["id"] in TRAINING] == ([] if options is None else TRAINING)
    views = schema()["$defs"]["stop"]["properties"]["view"]["enum"]
    for stop in stops:
        assert stop.keys() == FIELDS
        assert all(stop[field].strip() for field in FIELDS - {"tensors"})
        assert stop["view"] in views
        assert stop["takeaway"].endswith((".", ".)"))


def test_the_lectures_stops_show_what_the_replay_has():
    trace = replay()
    assert {name for stop in trace.tour for name in stop["tensors"]} <= trace.tensors.keys()


@pytest.mark.parametrize("options", CONFIGS, ids=str)
def test_every_stop_shows_tensors_that_the_model_has(options):
    config = of(options)
    names = {node.name for node in graph(config)}
    for stop in tour(config):
        assert stop["tensors"], stop["id"]
        assert set(stop["tensors"]) <= names


def test_what_a_model_does_otherwise_is_told_otherwise():
    plain = {stop["id"]: stop["formula"] for stop in tour(of({}))}
    other = {"norm": "rmsnorm", "norm_position": "pre", "positions": "rotary", "activation": "swiglu"}
    different = {stop["id"] for stop in tour(of(other)) if stop["formula"] != plain[stop["id"]]}
    assert different == {"positions", "residual", "normalization", "feed_forward", "encoder"}


def test_conditions_name_values_that_a_config_can_have():
    """A misspelt condition would never hold, and nobody would notice."""
    for text in module._texts():
        for condition, replaced in text.get("when", {}).items():
            assert set(replaced) <= FIELDS
            if condition != "lecture":
                name, value = condition.split("=")
                value = yaml.safe_load(value.lower()) if value in ("True", "False") else value
                assert str(getattr(of({name: value}), name)) == condition.split("=")[1]


@pytest.mark.parametrize("options", [None, *CONFIGS], ids=str)
def test_no_stop_says_what_a_model_has_learnt(options):
    """That is measured, and the page tells it from the measurement: the text names no head or layer of a model."""
    stops = tour(None if options is None else of(options))
    lines = " ".join(stop[field] for stop in stops for field in ("motivation", "concept", "helps", "takeaway"))
    for claim in (r"head \d", r"layer \d", "means nothing", r"\bking\b", "has learned to"):
        assert not re.search(claim, lines), claim
