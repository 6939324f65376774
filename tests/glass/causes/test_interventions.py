"""Interventions: what is written is what the modules go on with, and nothing else changes."""

import json

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator

from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.interventions import cut, force, freeze, hide, mean, replace, scale, zero
from glassformer.glass.causes.running import Reading, run
from glassformer.glass.graph import graph
from glassformer.glass.ops import LEAVES
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.validity import schema
from glassformer.model.transformer import shift_right
from tests.glass.causes.configs import every_config
from tests.glass.models import SENTENCE, cached, translator
from tests.glass.test_trace import close

TARGET = "a b a"


def forced(options, *interventions, **settings):
    return trace(cached(**options), SENTENCE, TARGET, detail="full+weights", interventions=interventions, **settings)


def reachable(options):
    return [node for node in graph(cached(**options).model.config) if node.hook and node.hook.view.write]


def gap(record, other):
    """The largest difference of two records' logits, where both carry them."""
    ids = sorted({*record.tensor("logits").columns} & {*other.tensor("logits").columns})
    one, two = (
        each.values("logits")[:, [each.tensor("logits").columns.index(i) for i in ids]] for each in (record, other)
    )
    return np.abs(one - two).max()


@every_config
def test_writing_what_is_there_changes_nothing_and_something_else_changes_the_logits(options):
    """Every tensor that can be reached, a row each: with its own numbers in its place, and with others."""
    model, nodes = cached(**options).model, reachable(options)
    reading = Reading((4, 5, 6, 7, 3), (2, 8, 9))
    names = [node.name for node in nodes]
    torch.manual_seed(1)
    with torch.inference_mode():
        plain = run(model, reading, [[]], names)
        same = run(model, reading, [[replace(name, plain.kept[name][0])] for name in names])
        other = [[replace(name, torch.randn(plain.kept[name].shape[1:-1])[..., None])] for name in names]
        changed = run(model, reading, other)
    assert (same.logits_BV - plain.logits_BV).abs().max() < 1e-4
    moved = (changed.logits_BV - plain.logits_BV).abs().amax(-1)
    assert [name for name, far in zip(names, moved.tolist(), strict=True) if far < 1e-3] == []


@every_config
def test_every_cell_still_comes_from_its_operands(options):
    """What was written to stands as given; all else is made by its operation, now from other numbers."""
    cases = [
        zero("encoder.0.self_attention.heads", positions=[1], heads=[0]),
        scale("decoder.1.cross_attention.query_heads", 2.0, heads=[0]),
        replace("decoder.0.feed_forward.activation", 0.5, positions=[2]),
        zero("encoder.0.self_attention.value_heads", heads=0),
        cut("decoder.cross_attention", keys=[1, 2], heads=[0]),
        cut("encoder.0.self_attention", queries=[3]),
    ]
    if options.get("positions") == "rotary":
        cases.append(zero("decoder.1.self_attention.key_rotated", positions=[0], heads=[0]))
    record = forced(options, *cases)
    given = {one.name for one in record.tensors.values() if one.op == "input" and one.name not in plain_inputs(options)}
    assert "encoder.0.self_attention.heads" in given and "encoder.0.self_attention.weights" in given
    assert "decoder.1.cross_attention.weights" not in given
    for tensor in record.tensors.values():
        if tensor.op in LEAVES:
            continue
        for index in list(np.ndindex(tensor.shape))[:: max(1, int(np.prod(tensor.shape)) // 7)]:
            index = index if tensor.columns is None else (*index[:-1], tensor.columns[index[-1] % len(tensor.columns)])
            assert close(record.recompute(tensor, index), tensor.at(index)), (tensor.name, index)


def plain_inputs(options):
    return {node.name for node in graph(cached(**options).model.config) if node.op == "input"}


@every_config
def test_a_hidden_word_is_as_if_it_were_padding(options):
    """Independently: the model itself with a mask that hides that place."""
    model, record = cached(**options).model, forced(options, hide([1]))
    source = torch.from_numpy(record.values("source.ids").astype(np.int64))[None]
    read = torch.from_numpy(record.values("target.ids").astype(np.int64))[None]
    with torch.inference_mode():
        x, mask = model.source_embedding(source), torch.ones_like(source, dtype=torch.bool)[:, None, None]
        mask[..., 1] = False
        for layer in model.encoder:
            x = layer(x, mask)
        cache = model.start(type(model.encode(source))(model.encoder_norm(x), mask))
        expected = model.logits(model.decode(read, cache)[0])[0].numpy()
    np.testing.assert_allclose(record.values("logits"), expected[:, record.tensor("logits").columns], atol=1e-4)


@every_config
def test_a_cut_edge_is_a_weight_of_zero_and_the_others_share_the_rest(options):
    name = "decoder.1.cross_attention"
    plain, record = forced(options), forced(options, cut(name, queries=[1], keys=[0, 2], heads=[0]))
    before, after = plain.values(f"{name}.weights").copy(), record.values(f"{name}.weights")
    before[0, 1, [0, 2]] = 0
    before[0, 1] /= before[0, 1].sum()
    np.testing.assert_allclose(after, before, atol=1e-5)


@every_config
def test_freezing_holds_what_a_change_would_move(options):
    """With all that reads the embedding frozen, its change cannot reach the output."""
    change = replace(next(n.name for n in reachable(options) if n.name.startswith("source_embedding")), 1.0)
    everything = [freeze(f"decoder.{n}.cross_attention.{part}") for n in (0, 1) for part in ("key", "value")]
    everything += [freeze("decoder.2.cross_attention.output")] if options.get("decoder_layers") == 3 else []
    plain = forced(options)
    assert gap(forced(options, change, *everything), plain) < 1e-4
    assert gap(forced(options, change), plain) > 1e-3


def test_the_mean_is_that_of_the_sentence_without_the_change():
    name = "encoder.1.self_attention.heads"
    plain, record = forced({}), forced({}, mean(name, positions=[0, 2], heads=[1]))
    expected = plain.values(name).copy()
    expected[1, [0, 2]] = plain.values(name)[1].mean(0)
    np.testing.assert_allclose(record.values(name), expected, atol=1e-6)


def test_scaling_and_zero():
    name = "encoder.0.feed_forward.outer"
    plain = forced({}).values(name)
    np.testing.assert_allclose(forced({}, scale(name, -2.0)).values(name), -2 * plain, rtol=1e-6)
    halved = forced({}, scale(name, 0.5, positions=[1]), scale(name, 0.5, positions=[1])).values(name)
    np.testing.assert_allclose(halved[1], plain[1] / 4, rtol=1e-6)
    assert not forced({}, zero(name)).values(name).any()


@every_config
@pytest.mark.parametrize("beam", [1, 3])
def test_what_is_said_under_a_change_is_what_the_changed_model_says(options, beam):
    """Without cache and with it: where a layer's output is zero for good, its weights can be zero too."""
    name = "decoder.1.feed_forward.outer"
    record = trace(cached(**options), SENTENCE, beam=beam, interventions=[zero(name)])
    other = translator(**options)
    layer = other.model.get_submodule(name)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    assert record.decode["text"] == other.translate([SENTENCE], beam=beam)[0].text
    assert record.interventions["without"] == cached(**options).translate([SENTENCE], beam=beam)[0].text
    assert record.interventions["changes"] == [
        {"kind": "zero", "tensor": name, "positions": None, "heads": None, "factor": 0.0}
    ]


def test_words_name_places_and_a_forced_token_is_said():
    record = trace(cached(), SENTENCE, interventions=[hide("b", within="decoder"), force(1, "c")])
    assert record.decode["steps"][1]["chosen"]["text"] == "c"
    assert [one["kind"] for one in record.interventions["changes"]] == ["cut", "force"]
    assert record.interventions["changes"][0]["keys"] == [1]
    weights = record.values("decoder.0.cross_attention.weights")
    assert not weights[..., 1].any() and record.values("encoder.0.self_attention.weights")[..., 1].all()


def test_the_record_carries_it(tmp_path):
    record = forced({}, zero("encoder.0.feed_forward.outer", positions=[1]), force(0, 5))
    for compact in (False, True):
        data = json.loads(record.to_json(compact))
        Draft202012Validator(schema()).validate(data)
        assert Trace.from_dict(data).interventions == record.interventions
    assert "interventions" not in json.loads(forced({}).to_json())


@pytest.mark.parametrize(
    ("intervention", "error", "message"),
    [
        (zero("encoder.0.feed_forward.outr"), UsageError, "no tensor 'encoder.0.feed_forward.outr' in this model; did"),
        (zero("log_probs"), UsageError, "log_probs is not computed by a module"),
        (zero("encoder.0.feed_forward.outer", heads=[0]), UsageError, "has no heads"),
        (zero("encoder.0.self_attention.heads", heads=[4]), UsageError, "has the heads 0 to 3, not 4"),
        (zero("encoder.0.feed_forward.outer", positions=[-1]), UsageError, "places begin with 0"),
        (zero("encoder.0.feed_forward.outer", positions="zebra"), InputError, "the source has no word 'zebra'"),
        (cut("decoder.self_atention"), UsageError, "no attention 'decoder.self_atention'"),
        (force(0, "a b c"), UsageError, "force each at a step of its own"),
        (force(0, 9999), UsageError, "the vocabulary has the ids"),
        (force(-1, 5), UsageError, "steps begin with 0"),
    ],
)
def test_mistakes(intervention, error, message):
    with pytest.raises(error, match=message):
        forced({}, intervention)


def test_the_model_is_left_as_it_was():
    made = translator()
    before = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in made.model.modules()]
    trace(made, SENTENCE, interventions=[zero("encoder.0.feed_forward.outer"), hide([0])])
    with pytest.raises(UsageError):
        trace(made, SENTENCE, interventions=[zero("encoder.0.self_attention.heads", heads=[9])])
    assert [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in made.model.modules()] == before


def test_shift_right_is_what_the_forced_target_reads():
    record = forced({})
    chosen = torch.tensor([[step["chosen"]["id"] for step in record.decode["steps"]]])
    assert shift_right(chosen, 2)[0].tolist() == record.values("target.ids").tolist()


@pytest.mark.parametrize("name", ["decoder.0.self_attention.weights", "decoder.0.cross_attention.masked"])
def test_what_is_held_is_held_while_a_translation_is_made(name):
    """Of the whole translation, while the first steps have fewer queries and keys: of one without a change, itself."""
    plain = trace(cached(), SENTENCE, detail="full")
    held = trace(cached(), SENTENCE, detail="full", interventions=[freeze(name)])
    assert held.decode["text"] == plain.decode["text"]
    np.testing.assert_allclose(held.values(name), plain.values(name), atol=1e-6)


def test_numbers_that_do_not_fit_are_told():
    with pytest.raises(UsageError, match=r"numbers of the shape \(7,\) do not fit its"):
        trace(cached(), SENTENCE, interventions=[replace("encoder.0.feed_forward.outer", [1.0] * 7)])


@pytest.mark.parametrize("detail", ["attention", "full"])
@pytest.mark.parametrize(
    "change", [cut("decoder.cross_attention", keys=[0]), hide([0]), zero("encoder.0.self_attention.weights")]
)
def test_a_changed_record_comes_back(change, detail):
    record = trace(cached(), SENTENCE, detail=detail, interventions=[change])
    back = Trace.from_dict(json.loads(record.to_json()))
    assert back.tensors.keys() == record.tensors.keys()
    assert "encoder.0.self_attention.weights" in back.tensors
