"""Attributions agree with plain implementations of their papers, written here with loops and without hooks."""

import copy
import dataclasses
import functools

import numpy as np
import pytest
import torch

from glassformer.glass.causes.attribution.gradients import gradient_x_input, integrated_gradients
from glassformer.glass.causes.attribution.mixing import contributions, rollout
from glassformer.glass.causes.attribution.occlusion import occlusion
from glassformer.glass.trace import trace
from glassformer.model.attention import look_ahead_mask
from tests.glass.causes.configs import every_config
from tests.glass.causes.questions import FIRST, TARGET, question
from tests.glass.models import cached, translator


def embedded(model, asked):
    """The scaled token embeddings of both sides, of one sentence."""
    sides = ((model.source_embedding, asked.reading.source), (model.target_embedding, asked.reading.read))
    return [embedding.token.weight[list(ids)].detach() * embedding.scale for embedding, ids in sides]


def means(model):
    return [e.token.weight.mean(0).detach() * e.scale for e in (model.source_embedding, model.target_embedding)]


def answer(model, asked, source, target):
    """The contrast from embedded tokens on, through the layers themselves."""
    x = source[None] if model.source_embedding.position is None else model.source_embedding.position(source[None])
    mask = torch.ones(1, 1, 1, len(source), dtype=torch.bool)
    for layer in model.encoder:
        x = layer(x, mask)
    cache = model.start(type(model.encode(torch.tensor([asked.reading.source])))(model.encoder_norm(x), mask))
    y = target[None] if model.target_embedding.position is None else model.target_embedding.position(target[None])
    for layer, memory in zip(model.decoder, cache.memory, strict=True):
        y, _ = layer(y, None, memory, look_ahead_mask(len(target), len(target)), mask)
    return asked.contrast(model.logits(model.decoder_norm(y))[0, -1])


def flat(attribution):
    return [*attribution.source, *attribution.target]


@every_config
def test_gradient_x_input_is_autograds(options):
    model, asked = cached(**options).model, question(options)
    parts = [x.requires_grad_() for x in embedded(model, asked)]
    gradients = torch.autograd.grad(answer(model, asked, *parts), parts)
    expected = [float(one) for x, g in zip(parts, gradients, strict=True) for one in (x.detach() * g).sum(-1)]
    assert flat(gradient_x_input(model, asked)) == pytest.approx(expected, abs=1e-3, rel=1e-3)


@functools.cache
def double():
    """A smooth model in float64, at which an integral can be computed in many small steps."""
    return copy.deepcopy(translator(activation="gelu", norm_position="pre").model).double()


def test_integrated_gradients_are_the_integral():
    model = double()
    asked = question({"norm_position": "pre"})
    ends, starts = embedded(model, asked), means(model)
    total = [torch.zeros_like(x) for x in ends]
    steps = 300
    for step in range(steps):
        at = (step + 0.5) / steps
        parts = [(s + at * (x - s)).requires_grad_() for x, s in zip(ends, starts, strict=True)]
        gradients = torch.autograd.grad(answer(model, asked, *parts), parts)
        total = [t + g / steps for t, g in zip(total, gradients, strict=True)]
    expected = [float(v) for t, x, s in zip(total, ends, starts, strict=True) for v in (t * (x - s)).sum(-1)]
    found = integrated_gradients(model, asked)
    assert flat(found.attribution) == pytest.approx(expected, abs=0.02 * max(map(abs, expected)))


@every_config
def test_integrated_gradients_are_complete_or_say_by_how_much_not(options):
    model, asked = cached(**options).model, question(options)
    found = integrated_gradients(model, asked)
    with torch.no_grad():
        here = answer(model, asked, *embedded(model, asked))
        there = answer(
            model, asked, *(s.expand_as(x) for x, s in zip(embedded(model, asked), means(model), strict=True))
        )
    assert found.difference == pytest.approx(float(here - there), abs=1e-3)
    assert sum(flat(found.attribution)) + found.gap == pytest.approx(found.difference, abs=1e-4)
    assert abs(found.gap) <= 0.01 * abs(found.difference) or found.points == 256
    assert abs(found.gap) < 0.1 * sum(map(abs, flat(found.attribution)))


@every_config
def test_occlusion_is_one_word_after_the_other(options):
    model, asked = cached(**options).model, question(options)
    expected = []
    with torch.no_grad():
        before = answer(model, asked, *embedded(model, asked))
        for side, size in enumerate((len(asked.reading.source), len(asked.reading.read))):
            for place in range(size):
                parts = [x.clone() for x in embedded(model, asked)]
                parts[side][place] = means(model)[side]
                expected.append(float(before - answer(model, asked, *parts)))
    assert flat(occlusion(model, asked)) == pytest.approx(expected, abs=1e-3)


@every_config
def test_shares_add_up_to_one_and_none_is_of_the_future(options):
    record = trace(cached(**options), FIRST, TARGET, detail="full+weights")
    for shares in (rollout(record.tensors, cached(**options).model.config),
                   contributions(record.tensors, cached(**options).model.config)):  # fmt: skip
        np.testing.assert_allclose(shares.source_TS.sum(1) + shares.target_TT.sum(1), 1, atol=1e-6)
        assert not np.triu(shares.target_TT, 1).any()
        assert shares.source_TS.min() >= 0 and shares.target_TT.min() >= 0
        at = shares.at(1, "some")
        assert len(at.source) == 5 and len(at.target) == 2


@every_config
def test_rollout_is_the_product_of_half_mixed_attentions(options):
    """Abnar & Zuidema 2020, equation 1, for one encoder-decoder as one sequence of source and target."""
    config = cached(**options).model.config
    record = trace(cached(**options), FIRST, TARGET, detail="full+weights")
    source, target = len(record.values("source.ids")), len(record.values("target.ids"))
    total = np.eye(source + target)
    weights = {name: record.values(name).mean(0) for name in record.tensors if name.endswith(".weights")}
    for layer in range(config.encoder_layers):
        step = np.eye(source + target)
        step[:source, :source] = (step[:source, :source] + weights[f"encoder.{layer}.self_attention.weights"]) / 2
        total = step @ total
    for layer in range(config.decoder_layers):
        for kind, keys in (("self", slice(source, None)), ("cross", slice(0, source))):
            step = np.eye(source + target)
            step[source:] /= 2
            step[source:, keys] += weights[f"decoder.{layer}.{kind}_attention.weights"] / 2
            total = step @ total
    shares = rollout(record.tensors, config)
    np.testing.assert_allclose(np.hstack([shares.source_TS, shares.target_TT]), total[source:], atol=1e-6)


@every_config
def test_alti_is_that_of_the_paper_key_by_key(options):
    """Ferrando et al. 2022, each row and key in a loop of its own, with the model's modules and parameters."""
    model = cached(**options).model
    config, record = model.config, trace(cached(**options), FIRST, TARGET, detail="full+weights")

    def mix(name, row):
        layer, attention = model.get_submodule(name.rpartition(".")[0]), model.get_submodule(name)
        norm = layer.get_submodule(f"{name.rpartition('.')[2]}_norm.norm")
        post = config.norm_position == "post"
        total = torch.tensor(record.values(f"{name}_norm.residual"))[row].double()
        mean = total.mean() if config.norm == "layernorm" else 0.0
        scale = (((total - mean) ** 2).mean() + config.norm_eps).sqrt()

        def through(x):
            if not post:
                return x
            x = x - x.mean() if config.norm == "layernorm" else x
            return x / scale * norm.weight.double()

        y = norm(total.float()[None])[0].double() if post else total
        weights = torch.tensor(record.values(f"{name}.weights"))
        values = torch.tensor(record.values(f"{name}.value_heads"))
        own = torch.tensor(record.tensors[record.tensor(f"{name}_norm.residual").operands["a"]].values)[row].double()
        parts = [through(own)]
        for key in range(weights.shape[-1]):
            heads = [weights[h, row, key] * values[h * len(values) // len(weights), key] for h in range(len(weights))]
            parts.append(through((attention.output.weight @ torch.cat(heads)).double()))
        near = [max(0.0, float(y.abs().sum() - (y - part).abs().sum())) for part in parts]
        return [one / sum(near) for one in near] if sum(near) else [1.0] + [0.0] * (len(near) - 1)

    def rolled(name, rows, below, others):
        """The new shares of each row: of its own before, and of the rows it looks at."""
        result = []
        for row in range(rows):
            own, *keys = mix(name, row)
            result.append(own * below[row] + sum(share * others[key] for key, share in enumerate(keys)))
        return np.array(result)

    source, target = len(record.values("source.ids")), len(record.values("target.ids"))
    with torch.no_grad():
        x, y = np.eye(source + target)[:source], np.eye(source + target)[source:]
        for layer in range(config.encoder_layers):
            x = rolled(f"encoder.{layer}.self_attention", source, x, x)
        for layer in range(config.decoder_layers):
            y = rolled(f"decoder.{layer}.self_attention", target, y, y)
            y = rolled(f"decoder.{layer}.cross_attention", target, y, x)
    shares = contributions(record.tensors, config)
    np.testing.assert_allclose(np.hstack([shares.source_TS, shares.target_TT]), y, atol=1e-5)


def test_a_probability_can_be_attributed_too():
    asked = question({})
    asked = dataclasses.replace(asked, contrast=dataclasses.replace(asked.contrast, measure="log_probability"))
    found = integrated_gradients(cached().model, asked)
    assert abs(found.gap) <= 0.01 * abs(found.difference) or found.points == 256
