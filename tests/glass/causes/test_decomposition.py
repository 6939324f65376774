"""Sums that are exact: direct logit attribution; and the lenses."""

import dataclasses

import numpy as np
import pytest
import torch

from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.components import stream
from glassformer.glass.causes.decomposition import direct_attribution
from glassformer.glass.causes.interventions import freeze, zero
from glassformer.glass.causes.lens import encoder_lens, logit_lens
from glassformer.glass.trace import trace
from glassformer.special import PIECES
from tests.glass.causes.configs import every_config
from tests.glass.causes.questions import FIRST, TARGET, question
from tests.glass.models import cached


def traced(options, **settings):
    return trace(cached(**options), FIRST, TARGET, detail="full+weights", **settings)


def contrast_of(record, step):
    """Two tokens whose logits the trace carries."""
    a, b = record.tensor("logits").columns[3:5]
    return dataclasses.replace(question({}).contrast, step=step, a=a, b=b)


def difference(record, contrast):
    columns = record.tensor("logits").columns
    a, b = (record.values("logits")[contrast.step, columns.index(i)] for i in (contrast.a, contrast.b))
    return float(a - b)


@every_config
@pytest.mark.parametrize("step", [0, 2])
def test_the_terms_add_up_to_the_logit_difference(options, step):
    record = traced(options)
    contrast = contrast_of(record, step)
    terms = direct_attribution(record.tensors, contrast)
    assert sum(term.value for term in terms) == pytest.approx(difference(record, contrast), abs=1e-4)
    for term in terms:
        if term.head is not None:
            assert sum(term.by_key) == pytest.approx(term.value, abs=1e-4)


@every_config
def test_every_part_of_the_decoder_has_its_term_once(options):
    config, record = cached(**options).model.config, traced(options)
    terms = direct_attribution(record.tensors, contrast_of(record, 1))
    heads = {(t.tensor, t.head) for t in terms if t.head is not None}
    kinds = ("self_attention", "cross_attention")
    assert heads == {
        (f"decoder.{layer}.{kind}.heads", head)
        for layer in range(config.decoder_layers) for kind in kinds for head in range(config.num_heads)
    }  # fmt: skip
    names = [(t.tensor, t.head) for t in terms]
    assert len(set(names)) == len(names)
    assert {f"decoder.{layer}.feed_forward.outer" for layer in range(config.decoder_layers)} <= {
        t.tensor for t in terms
    }
    biases = {t.tensor for t in terms if t.tensor.startswith("decoder.") and t.tensor.endswith("output.bias")}
    assert len(biases) == (2 * config.decoder_layers if config.bias else 0)


def test_without_a_norm_a_term_is_what_zeroing_takes_away():
    """Pre-norm without a last norm: the logits are linear in the stream, so a frozen rest makes terms effects."""
    options = {
        "source_vocab_size": 273, "tie_embeddings": False, "norm": "rmsnorm", "norm_position": "pre",
        "final_norm": False, "output_bias": True, "decoder_layers": 3, "encoder_layers": 1,
    }  # fmt: skip
    record = traced(options)
    contrast = contrast_of(record, 1)
    terms = {(t.tensor, t.head): t.value for t in direct_attribution(record.tensors, contrast)}
    name = "decoder.1.cross_attention.heads"
    above = ["decoder.1.feed_forward.outer", *(f"decoder.2.{kind}" for kind in
             ("self_attention.output", "cross_attention.output", "feed_forward.outer"))]  # fmt: skip
    changed = traced(options, interventions=[zero(name, heads=[2]), *map(freeze, above)])
    hidden = [
        torch.tensor(each.values(stream(cached(**options).model.config, "decoder")[-1])) for each in (record, changed)
    ]
    with torch.no_grad():
        before, after = (float(contrast(cached(**options).model.generator(x[1]))) for x in hidden)
    assert terms[name, 2] == pytest.approx(before - after, abs=1e-4) and abs(terms[name, 2]) > 1e-3


def test_what_has_no_sum_is_refused():
    record = traced({})
    contrast = dataclasses.replace(contrast_of(record, 0), measure="probability")
    with pytest.raises(UsageError, match="only a logit difference"):
        direct_attribution(record.tensors, contrast)
    small = trace(cached(), FIRST, TARGET, detail="full")
    with pytest.raises(InputError, match=r"--detail full\+weights"):
        direct_attribution(small.tensors, contrast_of(small, 0))


@every_config
def test_the_last_row_of_the_lens_is_what_the_model_says(options):
    model, record = cached(**options).model, traced(options)
    lens = logit_lens(model, record.tensors, 1)
    assert lens.shape == (model.config.decoder_layers + 1, model.config.vocab_size)
    columns = list(record.tensor("logits").columns)
    np.testing.assert_allclose(lens[-1, columns], record.values("logits")[1], atol=1e-4)


def test_words_are_nearest_to_themselves_where_no_position_is_added():
    translator = cached(positions="rotary", norm="rmsnorm", activation="swiglu", bias=False)
    record = trace(translator, FIRST, TARGET, detail="full")
    depths = encoder_lens(translator.model, record.tensors, translator.source_tokenizer, count=2)
    assert [len(places) for places in depths] == [5, 5, 5]
    ids = record.values("source.ids").tolist()
    for token, (nearest, second) in zip(ids[:-1], depths[0], strict=False):
        assert nearest.token == token and nearest.cosine == pytest.approx(1, abs=1e-5) and second.cosine < 1
    pieces = translator.source_tokenizer.pieces
    found = {one.token for places in depths for some in places for one in some}
    assert all(i >= len(PIECES) and not pieces[i].startswith("<0x") for i in found)
