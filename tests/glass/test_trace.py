"""A trace is the translation that it traces, to the last number, for every option of the config."""

import contextlib
import dataclasses
import functools
import io
import json
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rich.console import Console

import glassformer
from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.study.study import study
from glassformer.glass.graph import graph
from glassformer.glass.numbers import show
from glassformer.glass.ops import LEAVES
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.validity import schema
from glassformer.glass.views.terminal import TerminalOptions, render
from glassformer.model.cache import DecoderCache
from glassformer.special import BOS, EOS
from glassformer.text.normalization import normalizer
from glassformer.text.pairs import Pair
from glassformer.translator import Translator
from tests.model.helpers import named
from tests.strange import MAKERS

from .models import SENTENCE, cached, translator

CONFIGS = [
    {},
    {"norm_position": "pre"},
    {"positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "bias": False},
    {"positions": "learned", "activation": "gelu", "embedding_scale": False},
    {"num_kv_heads": 2, "activation": "silu", "position_layout": "halves"},
    {"num_kv_heads": 1, "positions": "rotary", "activation": "geglu", "norm_position": "pre"},
    {"tie_embeddings": False, "output_bias": True, "final_norm": True, "activation": "reglu"},
    {"source_vocab_size": 273, "encoder_layers": 1, "decoder_layers": 3, "num_heads": 1},
    {"source_vocab_size": 273, "tie_embeddings": False, "norm": "rmsnorm", "norm_position": "pre", "final_norm": False},
    {"decoder_start_id": 0, "d_model": 24, "num_heads": 3},
    {"position_exponent": "tensor2tensor", "first_position": 2, "embedding_norm": True},
    {"embedding_norm": True, "positions": "rotary", "norm_position": "pre", "norm": "rmsnorm"},
]
every_config = pytest.mark.parametrize("options", CONFIGS, ids=named)


def traced(options, **settings):
    return trace(cached(**options), SENTENCE, detail="full+weights", **settings)


def made(record):
    """The tensors that are made from others."""
    return [tensor for tensor in record.tensors.values() if tensor.op not in LEAVES]


def close(ours, stored):
    """1e-5, relative for large numbers."""
    return ours == stored or abs(ours - stored) <= 1e-5 * max(1.0, abs(stored))


def some_index(tensor, generator):
    *rows, width = tensor.shape
    column = generator.choice(tensor.columns) if tensor.columns else generator.randrange(width)
    return (*(generator.randrange(n) for n in rows), column)


@every_config
@given(seed=st.integers(0, 10_000))
def test_every_cell_comes_from_its_operands(options, seed):
    generator = random.Random(seed)
    record = _record(named(options))
    for tensor in made(record):
        index = some_index(tensor, generator)
        assert close(record.recompute(tensor, index), tensor.at(index)), (tensor.name, index)


_RECORDS = {}


def _record(name):
    if name not in _RECORDS:
        options = next(options for options in CONFIGS if named(options) == name)
        _RECORDS[name] = traced(options, pad=2)
    return _RECORDS[name]


@every_config
@pytest.mark.parametrize("beam", [1, 4])
def test_the_text_is_what_translate_gives(options, beam):
    record, best = traced(options, beam=beam), cached(**options).translate([SENTENCE], beam=beam)[0]
    assert record.decode["text"] == best.text
    assert record.decode["score"] == pytest.approx(best.score, abs=1e-6)
    chosen = [step["chosen"] for step in record.decode["steps"]]
    assert [one["piece"] for one in chosen] == list(best.tokens)
    assert [one["log_prob"] for one in chosen] == pytest.approx(best.token_log_probs, abs=1e-4)


@every_config
def test_the_cross_attention_is_that_of_the_fast_translation(options):
    record, best = traced(options), cached(**options).translate([SENTENCE], beam=1, align=True)[0]
    layers = [t.values.mean(0) for t in made(record) if t.name.endswith("cross_attention.weights")]
    assert np.abs(np.mean(layers, 0) - best.alignment).max() < 1e-5


@every_config
def test_logits_are_those_of_decoding_step_by_step(options):
    """With the cache and the fused kernel, one token at a time."""
    record, model = traced(options), cached(**options).model
    ids = [int(i) for i in record.tensor("source.ids").values]
    with torch.inference_mode():
        cache: DecoderCache = model.start(model.encode(torch.tensor([ids])))
        logits = record.tensor("logits")
        for row, token in enumerate(record.tensor("target.ids").values):
            hidden, cache = model.decode(torch.tensor([[int(token)]]), cache)
            stepwise = model.logits(hidden)[0, 0].numpy()[list(logits.columns)]
            assert np.abs(stepwise - logits.values[row]).max() < 5e-4


@every_config
def test_the_graph_names_every_weight_of_the_model_and_no_other(options):
    weights = {name for name, _ in cached(**options).model.named_parameters()}
    nodes = graph(cached(**options).model.config)
    assert {node.name for node in nodes if node.op == "parameter"} == weights
    seen = set()
    for node in nodes:
        assert set(node.operands.values()) <= seen, node.name
        seen.add(node.name)


@every_config
def test_the_record_follows_its_schema_and_comes_back(options):
    record = traced(options, beam=3, pad=1)
    for compact in (False, True):
        text = record.to_json(compact)
        Draft202012Validator(schema()).validate(json.loads(text))
        back = Trace.from_dict(json.loads(text))
        for tensor in record.tensors.values():
            stored = back.tensor(tensor.name)
            if tensor.op in ("scale", "mask", "relu"):
                np.testing.assert_allclose(back.values(tensor.name), tensor.values, rtol=1e-6, atol=1e-7)
            elif stored.values is not None:
                np.testing.assert_array_equal(stored.values, tensor.values)
        assert back.decode == record.decode and back.beam == record.beam and back.axes == record.axes


def test_a_trace_that_version_0_1_0_saved_loads_and_explains_itself():
    """Pre-norm, RMSNorm, rotary, gated, grouped heads; a forced target, without the parameters."""
    path = Path(__file__).with_name("trace_0.1.0.json")
    record = Trace.load(path)
    assert json.loads(record.to_json(compact=True)) == json.loads(path.read_text(encoding="utf-8"))
    for name in ("decoder.0.cross_attention.weights", "decoder.0.feed_forward.product", "log_probs"):
        tensor = record.tensor(name)
        for index in np.ndindex(record.values(name).shape):
            index = (*index[:-1], tensor.columns[index[-1]]) if tensor.columns else index
            cell = record.cell_at(name, index)
            assert cell.operands and close(record.recompute(tensor, index), cell.value)


def test_statistics_are_those_of_the_rows():
    record = traced({})
    weights = record.tensor("decoder.1.cross_attention.weights")
    norm = record.tensor("encoder.1.feed_forward_norm.norm")
    masked = record.values("decoder.1.cross_attention.masked").astype(np.float64)
    np.testing.assert_allclose(weights.statistics["max"], masked.max(-1))
    np.testing.assert_allclose(weights.statistics["sum"], np.exp(masked - masked.max(-1, keepdims=True)).sum(-1))
    x = record.values(norm.operands["x"]).astype(np.float64)
    np.testing.assert_allclose(norm.statistics["mean"], x.mean(-1), atol=1e-12)
    np.testing.assert_allclose(
        norm.statistics["deviation"], np.sqrt(((x - x.mean(-1, keepdims=True)) ** 2).mean(-1) + 1e-5)
    )


def test_padding_is_masked_with_its_reason_and_changes_nothing():
    plain, padded = traced({}), traced({}, pad=3)
    mask = padded.tensor("decoder.cross_mask").values
    assert mask[:, -3:].tolist() == [[1, 1, 1]] * len(mask) and not mask[:, :-3].any()
    assert padded.tensor("encoder.mask").values[:, -3:].all()
    size = plain.axes["target"]["size"]
    assert padded.tensor("decoder.self_mask").values.tolist() == [
        [2 if key > query else 0 for key in range(size)] for query in range(size)
    ]
    assert not padded.tensor("decoder.0.cross_attention.weights").values[..., -3:].any()
    np.testing.assert_allclose(padded.tensor("logits").values, plain.tensor("logits").values, atol=1e-4)


def test_a_forced_target_is_scored_as_score_does():
    record = trace(cached(), SENTENCE, target="c b a")
    (scored,) = cached().score([SENTENCE], ["c b a"])
    assert record.decode["strategy"] == "forced" and record.decode["text"] == "c b a"
    assert record.decode["log_prob"] == pytest.approx(scored.log_prob, abs=1e-4)
    assert [step["chosen"]["log_prob"] for step in record.decode["steps"]] == pytest.approx(
        scored.token_log_probs, abs=1e-4
    )


def test_candidates_are_the_likeliest_tokens_and_probabilities():
    record = traced({})
    with torch.inference_mode():
        source = torch.tensor([record.tensor("source.ids").values.tolist()])
        target = torch.tensor([record.tensor("target.ids").values.tolist()])
        probabilities = cached().model(source, target)[0].softmax(-1)
    for step, row in zip(record.decode["steps"], probabilities, strict=True):
        best = row.topk(10)
        assert [c["probability"] for c in step["candidates"]] == pytest.approx(best.values.tolist(), abs=1e-5)
        assert step["entropy"] == pytest.approx(float(torch.distributions.Categorical(row).entropy()), abs=1e-4)
        assert step["candidates"][step["chosen"]["rank"]]["id"] == step["chosen"]["id"]
        assert [c["forbidden"] for c in step["candidates"]] == [c["id"] in (0, 1, 2) for c in step["candidates"]]


@pytest.mark.parametrize(("beam", "alpha"), [(2, 0.6), (4, 0.0), (5, 1.3)])
def test_the_beam_is_a_tree_of_sums_and_penalties(beam, alpha):
    record = traced({}, beam=beam, length_penalty=alpha)
    nodes = {node["id"]: node for node in record.beam["nodes"]}
    for node in nodes.values():
        if node["parent"] is None:
            assert (node["token"], node["sum"], node["step"]) == (BOS, 0, 0)
            continue
        parent = nodes[node["parent"]]
        assert node["step"] == node["length"] == parent["length"] + 1
        assert node["sum"] == pytest.approx(parent["sum"] + node["log_prob"], abs=1e-9)
        assert node["score"] == pytest.approx(node["sum"] / ((5 + node["length"]) / 6) ** alpha, abs=1e-9)
        assert parent["state"] in ("kept", "best") and parent["token"] != EOS
        assert (node["token"] == EOS) == (node["state"] == "finished") or node["state"] in ("best", "pruned")
    for step in range(1, max(node["step"] for node in nodes.values())):
        alive = [
            n for n in nodes.values() if n["step"] == step and n["state"] in ("kept", "best") and n["token"] != EOS
        ]
        assert len(alive) <= beam
        assert len([n for n in nodes.values() if n["step"] == step]) <= 2 * beam
    best = [node for node in nodes.values() if node["state"] == "best"]
    assert [node["token"] for node in best[1:]] == [step["chosen"]["id"] for step in record.decode["steps"]]
    assert best[-1]["score"] == pytest.approx(record.decode["score"], abs=1e-5)
    ended = [node for node in nodes.values() if node["state"] == "finished"]
    assert all(node["score"] <= best[-1]["score"] for node in ended)


def test_tokens_stand_for_their_place_in_the_sentence():
    tokens = traced({}).axes["source"]["tokens"]
    assert "".join(SENTENCE[t["start"] : t["end"]] for t in tokens if t["piece"][:2] != "<0") + "ñ" == SENTENCE
    spelt = [t for t in tokens if t["piece"].startswith("<0x")]
    assert [t["piece"] for t in spelt] == ["<0xC3>", "<0xB1>"] and {(t["start"], t["end"]) for t in spelt} == {(6, 7)}
    assert [t["word"] for t in tokens] == [0, 1, 2, *[3] * (len(tokens) - 4), None]
    assert tokens[-1]["special"] and tokens[-1]["text"] == "</s>"
    axis = trace(cached(), "हाँ שלום").axes["source"]
    assert {(t["script"], t["direction"]) for t in axis["tokens"] if t["script"] != "Common"} == {
        ("Devanagari", "ltr"), ("Hebrew", "rtl"),
    }  # fmt: skip


def test_cell_explains_itself():
    record = traced({})
    cell = record.cell("decoder.1.cross_attention.scores", head=0, row=2, column=3)
    pairs = list(zip(cell.operands[::2], cell.operands[1::2], strict=True))
    assert len(pairs) == 4  # d_k
    assert sum(a.value * b.value for a, b in pairs) == pytest.approx(cell.value, abs=1e-5)
    assert {(a.tensor, a.index[:2]) for a, _ in pairs} == {("decoder.1.cross_attention.query_heads", (0, 2))}
    assert {(b.tensor, b.index[:2]) for _, b in pairs} == {("decoder.1.cross_attention.key_heads", (0, 3))}
    assert cell.substituted.count("·") == 4 and cell.formula == "S[0,2,3] = Σₖ Q[0,2,k] · K[0,3,k]"
    assert record.cell("decoder.1.cross_attention.scores", head=0, target=2, source=3) == cell


@every_config
def test_every_number_leads_down_to_weights_and_inputs(options):
    """Following any operand ends at a leaf, and each step says something."""
    record, generator = _record(named(options)), random.Random(3)
    for tensor in made(record):
        index = some_index(tensor, generator)
        while record.tensor(tensor.name).op not in LEAVES:
            axes = ("head", "row", "column")[3 - len(index) :] if len(index) > 1 else ("row",)
            cell = record.cell(tensor.name, **dict(zip(axes, index, strict=True)))
            assert cell.formula and cell.substituted
            assert close(cell.value, tensor.at(index))
            if not cell.operands:
                assert tensor.op == "positions"
                break
            step = generator.choice(cell.operands)
            tensor, index = record.tensor(step.tensor), step.index


def test_details():
    attention, full = trace(cached(), SENTENCE, detail="attention"), trace(cached(), SENTENCE, detail="full")
    assert {t.name.rpartition(".")[2] for t in attention.tensors.values()} == {
        "ids", "mask", "self_mask", "cross_mask", "scores", "scaled", "masked", "weights",
    }  # fmt: skip
    np.testing.assert_array_equal(
        attention.tensor("decoder.0.cross_attention.weights").values,
        full.tensor("decoder.0.cross_attention.weights").values,
    )
    assert Trace.from_dict(json.loads(attention.to_json(True))).decode == full.decode
    with pytest.raises(InputError, match=r"query\.weight is not carried .* --detail full\+weights"):
        full.cell("encoder.0.self_attention.query", row=0, column=0)
    assert full.cell("encoder.0.self_attention.scores", head=0, row=0, column=0).operands
    assert full.cell("log_probs", row=0, column=full.decode["steps"][0]["chosen"]["id"]).operands


def test_small_models_carry_their_weights_by_default():
    assert trace(cached(), SENTENCE).meta["detail"] == "full+weights"
    assert trace(translator(d_model=256, d_ff=2048, encoder_layers=1, decoder_layers=1), "a").meta["detail"] == "full"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda t: t.tensor("decoder.1.cross_atention.scores"),
            UsageError,
            "did you mean 'decoder.1.cross_attention.s",
        ),
        (lambda t: t.cell("logits", row=0, colum=1), UsageError, "logits has no axis 'colum'; did you mean"),
        (lambda t: t.cell("logits", row=0), UsageError, "logits: give one place along 'vocabulary'"),
        (lambda t: t.cell("encoder.0.self_attention.scores", head=9, row=0, column=0), UsageError, "no cell"),
        (lambda t: t.cell("encoder.0.self_attention.scores", head=0, row=-1, column=0), UsageError, "no cell"),
        (lambda t: trace(cached(), "  "), InputError, "blank"),
        (lambda t: trace(cached(), "a " * 60), InputError, "but the model admits 48"),
        (lambda t: trace(cached(), "a", target="b " * 60), InputError, "but the model admits 48"),
        (lambda t: trace(cached(), "a", pad=50), InputError, "use fewer"),
        (lambda t: trace(cached(), "a", pad=-1), UsageError, "at least 0"),
        (lambda t: trace(cached(), "a", detail="ful"), UsageError, "detail is 'ful'; set it to"),
        (lambda t: trace(cached(), "a", sample=True), UsageError, "does not sample"),
        (lambda t: trace(cached(), "a", beam=0), UsageError, "beam is 0"),
    ],
)
def test_mistakes(call, error, message):
    with pytest.raises(error, match=message.replace("+", r"\+")):
        call(_record(named({})))


def changed(**changes):
    record = json.loads(_record(named({})).to_json(True))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = record
        for step in parents:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value
    return record


NODE = {
    "id": 0, "piece": "a", "text": "a", "parent": None, "step": 0, "token": 2, "log_prob": 0, "sum": 0, "length": 0,
    "penalty": 1, "score": 0, "state": "best",
}  # fmt: skip
BEAM = {"width": 2, "length_penalty": 0.6, "nodes": [NODE, NODE | {"id": 1, "parent": 7}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "truncated or not JSON"),
        ('{"schema": "glassformer-trace/1"', "truncated or not JSON"),
        ("[" * 100_000, "truncated or not JSON"),
        ("[]", "not a trace of this version"),
        (json.dumps({"schema": "glassformer-trace/2"}), "not a trace of this version"),
        (json.dumps({"schema": "glassformer-trace/1"}), "not a valid trace"),
        (lambda: changed(tensors__0__op="eval"), "not a valid trace: tensors/0/op"),
        (lambda: changed(tensors__0__name="<img src=x>"), "not a valid trace: tensors/0/name"),
        (lambda: changed(tensors__0__data="AAAA"), "its data are not"),
        (lambda: changed(tensors__1__data="%%%%"), "not a valid trace"),
        (lambda: changed(tensors__9__operands={"x": "nowhere"}), "made from 'nowhere'"),
        (lambda: changed(tensors__9__name="source.ids"), "comes twice"),
        (lambda: changed(tensors__0__shape=[0]), "not a valid trace: tensors/0/shape"),
        (lambda: changed(axes__source__size=99), "the axis 'source' has"),
        (lambda: changed(beam=BEAM), "node 1 of the beam"),
        (lambda: changed(decode__steps__0__entropy="high"), "not a valid trace: decode/steps/0/entropy"),
    ],
)
def test_a_file_that_is_no_trace(tmp_path, content, message):
    path = tmp_path / "trace.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content()), encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        Trace.load(path)
    assert str(path) in str(error.value) and len(str(error.value)) < 400 and "\n" not in str(error.value)


def test_a_trace_survives_the_disk(tmp_path):
    record = traced({}, beam=2)
    record.save(tmp_path / "trace.json")
    assert Trace.load(tmp_path / "trace.json").to_json() == record.to_json()


@pytest.mark.parametrize("weight", ["source_embedding.token.weight", "decoder.1.cross_attention.key.weight"])
@pytest.mark.parametrize(
    "record",
    [
        lambda loud: trace(loud, SENTENCE, target="b a"),
        lambda loud: glassformer.cause(loud, SENTENCE, target="b a"),
        lambda loud: study(loud, [Pair(SENTENCE, "b a")], []),
    ],
)
def test_numbers_that_become_too_large_are_told(weight, record):
    """Each weight is a number, and what is computed with them is none; nothing is warned of beside that."""
    loud = translator()
    with torch.no_grad():
        dict(loud.model.named_parameters())[weight].fill_(3e38)
    with warnings.catch_warnings(), pytest.raises(InputError, match=f"NaN or infinity in {weight.partition('.')[0]}"):
        warnings.simplefilter("error")
        record(loud)


def test_tracing_leaves_the_model_as_it_was():
    made_here = translator()
    hooks = [len(module._forward_hooks) for module in made_here.model.modules()]
    before = {name: weight.clone() for name, weight in made_here.model.state_dict().items()}
    trace(made_here, SENTENCE, beam=3)
    assert [len(module._forward_hooks) for module in made_here.model.modules()] == hooks
    assert all(torch.equal(before[name], weight) for name, weight in made_here.model.state_dict().items())


def test_the_package_offers_it():
    assert glassformer.trace(cached(), "a b").decode["text"] == cached().translate(["a b"], beam=1)[0].text
    assert dataclasses.is_dataclass(glassformer.Trace)


def test_the_formula_names_the_cells_it_is_made_from():
    """Also where several heads share a key: the key's head is then another than the query's."""
    record = traced({"num_kv_heads": 2, "positions": "learned"})
    for name in ("decoder.1.cross_attention.scores", "decoder.1.cross_attention.heads"):
        cell = record.cell(name, head=3, row=1, column=2)
        assert cell.operands[1].index[0] == 1
        assert re.search(rf"[KV]\[{cell.operands[1].index[0]},", cell.formula), cell.formula
    assert "the row of place 2" in record.cell("source_embedding.position", row=2, column=5).formula
    assert "the row of token" in record.cell("source_embedding.lookup", row=2, column=5).formula


@every_config
def test_no_two_signs_meet_in_a_formula(options):
    generator = random.Random(1)
    record = traced(options)
    for tensor in made(record):
        text = record.cell_at(tensor.name, some_index(tensor, generator)).substituted
        assert not re.search(r"[−+·/] [−+]|e-\d", text), (tensor.name, text)


@pytest.mark.parametrize("penalty", [1.0, 1.5])
def test_the_beams_sums_are_the_translations(penalty):
    record = traced({}, beam=3, repetition_penalty=penalty)
    nodes = record.beam["nodes"]
    for node in nodes[1:]:
        assert node["sum"] == pytest.approx(nodes[node["parent"]]["sum"] + node["log_prob"], abs=1e-9)
    best = [node for node in nodes if node["state"] == "best"][-1]
    assert best["score"] == pytest.approx(record.decode["score"], abs=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["axes"]["source"].pop("tokens"), "tokens"),
        (lambda r: r["axes"]["target"].pop("text"), "text"),
        (lambda r: r["axes"].pop("target"), "target"),
        (lambda r: r["model"].update(d_model={}), "d_model"),
        (lambda r: r["model"].pop("d_ff"), "d_ff"),
        (lambda r: r["model"].update(positions=["rotary"]), "positions"),
        (lambda r: r["model"].update(num_heads=0), "num_heads"),
        (lambda r: r["tensors"][0].update(shape=[1e300]), "integer"),
        (lambda r: r["tensors"][-1].update(shape=[10**30, 3]), "but its axes"),
        (lambda r: r["beam"]["nodes"][3].update(parent=1.0), "not a valid trace"),
        (lambda r: r["beam"]["nodes"].clear(), "beam/nodes"),
    ],
)
def test_an_altered_record_is_refused(change, message):
    record = json.loads(traced({}, beam=2).to_json())
    change(record)
    with pytest.raises(InputError, match=message):
        Trace.from_dict(record, "t.json")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("source_embedding.scaled", {"attributes": {}}),
        ("source_embedding.scaled", {"attributes": {"factor": "x", "text": "x"}}),
        ("encoder.0.self_attention.query_heads", {"attributes": {"heads": 0}}),
        ("encoder.0.self_attention.query_heads", {"op": "lookup"}),
        ("decoder.0.self_attention.weights", {"operands": {}}),
    ],
)
def test_a_number_that_its_operation_does_not_make_is_refused(name, change):
    record = json.loads(traced({}).to_json())
    next(one for one in record["tensors"] if one["name"] == name).update(change)
    altered = Trace.from_dict(record)
    with pytest.raises(InputError, match="not made by its operation"):
        altered.cell_at(name, (0,) * len(altered.tensor(name).shape))


@functools.cache
def written():
    return trace(cached(), SENTENCE, beam=2, detail="attention").to_json()


def places(node, path=()):
    """Every place of a JSON value, of a list those of its first items."""
    items = node.items() if isinstance(node, dict) else enumerate(node[:3]) if isinstance(node, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


@settings(max_examples=100)
@given(st.data())
def test_a_record_with_a_strange_value_is_taken_or_refused(data):
    record = json.loads(written())
    if path := data.draw(st.sampled_from(places(record))):
        node = record
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = data.draw(st.sampled_from(MAKERS))()
    else:
        record = data.draw(st.sampled_from(MAKERS))()
    with contextlib.suppress(InputError):
        taken = Trace.from_dict(record)
        assert repr(taken)
        assert Trace.from_dict(json.loads(taken.to_json())).meta == taken.meta


def test_where_a_record_was_found_is_a_text():
    with pytest.raises(UsageError, match="where is 5"):
        Trace.from_dict({}, 5)


def test_a_logit_that_is_not_carried_is_refused_by_its_token():
    record = trace(cached(), SENTENCE)
    logits = record.tensor("logits")
    missing = next(token for token in range(logits.shape[1]) if token not in logits.columns)
    with pytest.raises(InputError, match=f"logits: this trace carries the likeliest tokens only, not {missing}"):
        record.cell_at("logits", (0, missing))


def test_a_cell_is_printed_as_its_formula_with_letters_then_with_numbers_then_its_value():
    cell = trace(cached(), SENTENCE).cell_at("encoder.0.self_attention.scores", (0, 1, 2))
    assert str(cell).split("\n= ") == [cell.formula, cell.substituted, show(cell.value)]


def test_what_a_sentence_is_read_as_is_said_where_it_differs():
    one = cached()
    rules = normalizer("source").serialized_normalizer_spec()
    normal = Translator(one.model, one.source_tokenizer.with_rules(rules), one.target_tokenizer)
    record = trace(normal, "a\u00a0b \u2019")
    assert record.axes["source"]["read_as"] == "a b '"
    assert record.axes["source"]["text"] == "a\u00a0b \u2019"
    console = Console(file=io.StringIO(), width=100)
    render(record, console, TerminalOptions())
    assert "read as  a b '" in console.file.getvalue()
    assert "read_as" not in trace(normal, "a b '").axes["source"]
