"""Sweeps and paths: one batch says what one intervention after the other says, and patching is exact."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from glassformer.glass.causes.components import after, stream, sublayers
from glassformer.glass.causes.interventions import freeze, replace, zero
from glassformer.glass.causes.patching import patch
from glassformer.glass.causes.paths import path_effects
from glassformer.glass.causes.running import run
from glassformer.glass.causes.sweep import sweep
from glassformer.glass.trace import trace
from tests.glass.causes.configs import every_config
from tests.glass.causes.questions import FIRST, SECOND, TARGET, question
from tests.glass.models import cached


def model_of(options):
    return cached(**options).model


def cells(one):
    return itertools.chain.from_iterable(
        table[row] for table in (one.total, one.direct) for row in range(len(one.rows))
    )


@every_config
def test_a_sentence_patched_with_itself_changes_nothing(options):
    result = sweep(model_of(options), question(options, versus=FIRST))
    assert result.ablation == "patch" and result.clean == pytest.approx(result.other, abs=1e-5)
    assert max(abs(effect) for one in result.maps for effect in cells(one)) < 1e-4


@every_config
def test_everything_patched_is_the_other_sentence(options):
    """The whole encoder stream, at any depth; or the whole stream of the decoder at its end."""
    asked, model = question(options), model_of(options)
    names = [*stream(model.config, "encoder"), stream(model.config, "decoder")[-1]]
    with torch.inference_mode():
        other = run(model, asked.other.reading, [[]], names)
        everywhere = [(place, place) for place in range(5)]
        rows = [[patch(name, other.kept[name][0], everywhere[: other.kept[name].shape[1]])] for name in names]
        patched = run(model, asked.reading, rows)
    assert (patched.logits_BV - other.logits_BV).abs().max() < 1e-4
    result = sweep(model, asked)
    assert result.other == pytest.approx(float(asked.contrast(other.logits_BV)), abs=1e-4)
    assert abs(result.clean - result.other) > 1e-2


@every_config
@pytest.mark.parametrize("ablation", ["patch", "mean", "zero"])
def test_one_batch_is_one_intervention_after_the_other(options, ablation):
    """Each cell again by a trace of its own, which says in words what is changed and what is frozen."""
    translator, asked = cached(**options), question(options)
    config, result = translator.model.config, sweep(translator.model, asked, ablation)
    plain = trace(translator, FIRST, TARGET)
    others = trace(translator, SECOND, TARGET)

    def value(tensor, places, heads):
        if ablation == "zero":
            return 0.0
        x = (plain if ablation == "mean" else others).values(tensor)
        read = [place for place in range(x.shape[-2]) if _read(tensor, place, asked)]
        x = x[..., read, :].mean(-2, keepdims=True) if ablation == "mean" else x[..., places, :]
        return x if heads is None else x[heads]

    def effect(tensor, places, heads, direct):
        every = range(plain.values(tensor).shape[-2])
        places = [place for place in (every if places is None else places) if _read(tensor, place, asked)]
        changes = [replace(tensor, value(tensor, places, heads), places, heads)]
        changes += [freeze(name) for name in after(config, tensor)] if direct else []
        record = trace(translator, FIRST, TARGET, interventions=changes, detail="full")
        hidden = record.values("decoder_norm" if config.final_norm else stream(config, "decoder")[-1])
        logits = translator.model.generator(torch.tensor(hidden[asked.contrast.step]))
        return result.clean - float(asked.contrast(logits.detach()))

    generator = np.random.default_rng(5)
    for one in result.maps:
        row, column = (int(generator.integers(size)) for size in (len(one.rows), len(one.total[0])))
        stack, kind = one.name.split(".")
        if kind == "stream":
            arguments = (stream(config, stack)[row], [column], None)
        elif kind == "feed_forward":
            arguments = (f"{stack}.{row}.feed_forward.outer", None, None)
        else:
            arguments = (f"{stack}.{row}.{kind}.heads", None, [column])
        assert one.total[row][column] == pytest.approx(effect(*arguments, False), abs=2e-4), (one.name, row, column)
        assert one.direct[row][column] == pytest.approx(effect(*arguments, True), abs=2e-4), (one.name, row, column)


def _read(tensor, place, asked):
    """Whether the question's step has read that place yet: what comes later is no part of a sweep."""
    return tensor.startswith(("encoder", "source")) or place <= asked.contrast.step


@every_config
def test_the_shape_of_the_maps(options):
    config = model_of(options).config
    sizes = {one.name: (len(one.total), len(one.total[0])) for one in sweep(model_of(options), question(options)).maps}
    encoder, decoder, heads = config.encoder_layers, config.decoder_layers, config.num_heads
    assert sizes == {
        "encoder.stream": (encoder + 1, 5),
        "encoder.self_attention": (encoder, heads),
        "encoder.feed_forward": (encoder, 1),
        "decoder.stream": (decoder + 1, 3),
        "decoder.self_attention": (decoder, heads),
        "decoder.cross_attention": (decoder, heads),
        "decoder.feed_forward": (decoder, 1),
    }


def test_a_word_without_a_counterpart_has_no_effect_to_tell():
    asked = question({}, versus="a c d")
    (embedding, *_) = sweep(model_of({}), asked).map("encoder.stream").total
    assert [effect is None for effect in embedding] == [False, True, False, False, False]


@every_config
def test_a_direct_effect_is_the_path_to_the_logits(options):
    model, asked = model_of(options), question(options)
    result = sweep(model, asked, "zero")
    heads = [zero("decoder.0.cross_attention.heads", heads=[head]) for head in range(model.config.num_heads)]
    effects = path_effects(model, asked, heads, "logits")
    assert effects == pytest.approx(list(result.map("decoder.cross_attention").direct[0]), abs=1e-4)


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
def test_a_path_is_what_arithmetic_says(norm):
    """From a head of the encoder's first layer to the values of the decoder's first cross-attention, by hand."""
    options = {"norm_position": "pre", "norm": norm}
    translator = cached(**options)
    model, asked = translator.model, dataclasses.replace(question_of(translator))
    sender = zero("encoder.0.self_attention.heads", heads=[1])
    (effect,) = path_effects(model, asked, [sender], "decoder.0.cross_attention.value")
    record = trace(translator, FIRST, TARGET, detail="full+weights")
    head = torch.tensor(record.values("encoder.0.self_attention.heads")[1])
    width = head.shape[1]
    with torch.inference_mode():
        output = model.encoder[0].self_attention.output.weight
        stream_of = torch.tensor(record.values("encoder.1.feed_forward_norm.residual"))
        memory = model.encoder_norm(stream_of - head @ output[:, width : 2 * width].T)
        heard = model.decoder[0].cross_attention.value(memory)
        rows = [[], [replace("decoder.0.cross_attention.value", heard)]]
        before, then = asked.contrast(run(model, asked.reading, rows).logits_BV)
    assert effect == pytest.approx(float(before - then), abs=1e-4) and abs(effect) > 1e-3


def question_of(translator):
    from glassformer.glass.causes.asking import ask

    return ask(translator, FIRST, target=TARGET, step=2, against="f")


def test_there_is_no_path_upwards():
    asked, model = question({}), model_of({})
    assert path_effects(model, asked, [zero("decoder.1.feed_forward.outer")], "decoder.0.feed_forward.outer") == [0.0]


@every_config
def test_what_stands_above_a_tensor(options):
    config = model_of(options).config
    encoder = [one.output for one in sublayers(config, "encoder")]
    assert after(config, stream(config, "encoder")[0]) == encoder
    assert after(config, "encoder.0.self_attention.heads") == encoder[1:]
    assert after(config, stream(config, "encoder")[1]) == encoder[2:]
    assert after(config, stream(config, "decoder")[-1]) == []
