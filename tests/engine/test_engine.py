"""Engines on token ids: a cache, a batch and an order change nothing.

In double precision, where rounding does not hide a difference; what an engine returns is rounded to float32.
"""

import math
import random

import numpy as np
import pytest
import torch
from torch import nn

from glassformer.engine import SUPPRESSED, EagerEngine, generate
from glassformer.engine.choice import in_precision
from glassformer.errors import InputError, UsageError
from glassformer.model import ModelConfig, Transformer
from glassformer.model.observe import observed
from glassformer.search import SearchOptions
from glassformer.special import EOS

VOCABULARY = 20
SHAPES = {
    "post-norm": {},
    "pre-norm, rotary, shared heads": {
        "norm_position": "pre",
        "final_norm": True,
        "positions": "rotary",
        "num_kv_heads": 2,
        "norm": "rmsnorm",
    },
    "embeddings normalised, other sinusoids": {
        "embedding_norm": True,
        "position_exponent": "tensor2tensor",
        "position_layout": "halves",
        "first_position": 2,
    },
    "starts with </s>": {"decoder_start_id": EOS, "positions": "learned"},
}
SMALL = {"d_model": 16, "d_ff": 24, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 3, "max_length": 24}
WAYS = {
    "greedy": SearchOptions(beam=1),
    "beam": SearchOptions(beam=3, n_best=2),
    "sample": SearchOptions(sample=True, n_best=2, seed=5),
}
every_way = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)


class Stepwise:
    """An engine that leaves all search to `glassformer.search`."""

    def __init__(self, engine):
        self.start_id, self.max_length, self.batch_tokens = engine.start_id, engine.max_length, engine.batch_tokens
        self.encode, self.step = engine.encode, engine.step


SEARCHES = [
    SearchOptions(beam=1),
    SearchOptions(beam=1, min_length=5, max_length=7),
    SearchOptions(beam=2, length_penalty=0),
    SearchOptions(beam=3, n_best=3, length_penalty=-0.5),
    SearchOptions(beam=4, n_best=2, length_penalty=1.3, min_length=2, max_length_ratio=1, max_length_extra=3),
    SearchOptions(beam=VOCABULARY + 3, n_best=9, max_length=4),
]
every_search = pytest.mark.parametrize("way", SEARCHES, ids=lambda way: f"{way.beam}-{way.n_best}-{way.length_penalty}")


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def engine(request):
    """A model of random weights, loud enough to have opinions."""
    torch.manual_seed(3)
    model = Transformer(ModelConfig(vocab_size=VOCABULARY, **SMALL | request.param)).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 1.5
    return EagerEngine(model)


def sources(count=12, longest=9, seed=1):
    """Sentences of different lengths, closed by </s>."""
    generator = random.Random(seed)
    return [[*generator.choices(range(4, VOCABULARY), k=generator.randint(0, longest)), EOS] for _ in range(count)]


def close(engine):
    """How far numbers may be apart, relative or absolute: rotations are computed in float32."""
    error = 2e-5 if engine.model.config.positions == "rotary" else 1e-6
    return {"rel": error, "abs": error}


def assert_close(engine, found, expected):
    assert found.tolist() == pytest.approx(expected.tolist(), **close(engine))


def whole(engine, source, target):
    """log p of each next token, from the whole sentence without a cache, a batch or a search; (T, V)."""
    with torch.inference_mode():
        read = torch.tensor([[engine.start_id, *target[:-1]]])
        return engine.model(torch.tensor([source]), read)[0].log_softmax(-1)


def forced(engine, source, target):
    log_probs_TV = whole(engine, source, target)
    return [float(log_probs_TV[place, token]) for place, token in enumerate(target)]


# One token at a time


def test_steps_equal_a_whole_pass_without_a_cache(engine):
    generator = random.Random(2)
    batch = sources(6)
    targets = [generator.choices(range(4, VOCABULARY), k=7) for _ in batch]
    state, last_N = engine.encode(batch), np.full(len(batch), engine.start_id)
    expected = [whole(engine, *pair) for pair in zip(batch, targets, strict=True)]
    for place in range(7):
        following, state = engine.step(last_N, state)
        log_probs_NV = following.log_probs()
        assert log_probs_NV.dtype == np.float32
        for row, whole_TV in zip(log_probs_NV, expected, strict=True):
            assert_close(engine, row, whole_TV[place])
        last_N = np.array([target[place] for target in targets])


def test_a_selected_row_goes_on_as_the_row_it_was(engine):
    """Rows repeated, reordered and dropped, also where each keeps its source, as when a beam reorders."""
    batch = sources(3)
    twice_N, within_N, some_N = (np.array(rows) for rows in ([0, 0, 1, 1, 2, 2], [1, 0, 3, 3, 4, 5], [5, 0, 3]))
    _, state = engine.step(np.full(3, engine.start_id), engine.encode(batch))
    first_N = np.array([4, 5, 6, 7, 8, 9])
    _, state = engine.step(first_N, state.select(twice_N))
    read = [first_N.tolist(), first_N[within_N].tolist()]
    second_N = np.array([9, 8, 7, 6, 5, 4])
    following, state = engine.step(second_N, state.select(within_N))
    targets = [[first, second, EOS] for first, second in zip(read[1], second_N.tolist(), strict=True)]
    for row, target in enumerate(targets):
        expected = whole(engine, batch[row // 2], target)[2]
        assert_close(engine, following.log_probs()[row], expected)
    third_N = np.array([4, 4, 4])
    following, _ = engine.step(third_N, state.select(some_N))
    for row, kept in enumerate(some_N.tolist()):
        expected = whole(engine, batch[kept // 2], [*targets[kept][:2], 4, EOS])[3]
        assert_close(engine, following.log_probs()[row], expected)


def test_candidates_are_the_best_of_all_tokens(engine):
    """Equal ones by id; what is suppressed is left out, and counts in log Z all the same."""
    following, _ = engine.step(np.full(4, engine.start_id), engine.encode(sources(4)))
    with torch.inference_mode():
        following.logits_NV[:, 9] = following.logits_NV[:, 15]
        following.logits_NV[2], following.logits_NV[3, 4:] = 1, following.logits_NV[3, 4:].round()  # many are equal
    log_probs_NV = following.log_probs()
    allowed_NV = log_probs_NV.copy()
    allowed_NV[:, [0, 2]] = -math.inf
    for count in (1, 5, 18):
        ids_NM, log_probs_NM = following.best(count, [0, 2])
        expected = np.argsort(-allowed_NV, axis=1, kind="stable")[:, :count]
        assert ids_NM.tolist() == expected.tolist()
        assert np.array_equal(log_probs_NM, np.take_along_axis(log_probs_NV, expected, axis=1))


# Whole translations


@every_way
def test_no_translation_depends_on_its_batch(engine, options, monkeypatch):
    batch = sources(9)
    together = generate(engine, batch, options)
    order = random.Random(1).sample(range(len(batch)), len(batch))
    shuffled = generate(engine, [batch[row] for row in order], options)
    monkeypatch.setattr("glassformer.engine.eager.BATCH_TOKENS", 20)
    small = generate(engine, batch, options)
    for row, expected in enumerate(together):
        [alone] = generate(engine, [batch[row]], options)
        for other in (alone, shuffled[order.index(row)], small[row]):
            assert [one.tokens for one in other] == [one.tokens for one in expected]
            for one, same in zip(expected, other, strict=True):
                assert one.token_log_probs == pytest.approx(same.token_log_probs, **close(engine))
    assert len({one.tokens for found in together for one in found}) > 4


@every_way
def test_its_log_probabilities_are_those_of_the_whole_sentence(engine, options):
    batch = sources()
    for source, found in zip(batch, generate(engine, batch, options), strict=True):
        for one in found:
            assert one.token_log_probs == pytest.approx(forced(engine, source, one.tokens), **close(engine))
            assert not set(SUPPRESSED) & set(one.tokens)
            assert len(one.tokens) <= min(2 * len(source) + 10, engine.max_length)


def test_greedy_is_the_argmax_of_what_is_not_suppressed(engine):
    for source in sources(4):
        [[found]] = generate(engine, [source], SearchOptions(beam=1, max_length=6))
        log_probs_TV = whole(engine, source, found.tokens).clone()
        log_probs_TV[:, list(SUPPRESSED)] = -math.inf
        assert log_probs_TV.argmax(-1).tolist() == list(found.tokens)


def test_prefixes_come_first(engine):
    batch = sources(5)
    prefixes = [[], [7, 8], [9], [4, 4, 4], []]
    free = generate(engine, batch)
    for prefix, without, found in zip(prefixes, free, generate(engine, batch, prefixes=prefixes), strict=True):
        assert list(found[0].tokens[: len(prefix)]) == prefix
        assert prefix or found == without


def test_a_watch_sees_each_step_of_a_beam(engine):
    steps = []
    [[found]] = generate(engine, [[5, 6, EOS]], SearchOptions(beam=2), watch=steps.append)
    assert len(steps) >= len(found.tokens)
    assert [step.continued.tokens_BKT.shape[2] for step in steps] == list(range(1, len(steps) + 1))


def test_nothing_gives_nothing(engine):
    assert generate(engine, []) == engine.score([], []) == []


def test_too_long_is_refused(engine):
    with pytest.raises(InputError, match="25 tokens, but the model admits 24"):
        generate(engine, [[5] * 25])
    with pytest.raises(InputError, match="25 tokens, but the model admits 24"):
        engine.score([[5, EOS]], [[5] * 25])
    with pytest.raises(UsageError, match="the model holds 24"):
        generate(engine, [[5, EOS]], SearchOptions(min_length=24))


# Given targets


@pytest.mark.parametrize("align", [False, True])
def test_scores_are_those_of_each_pair_alone(engine, align, monkeypatch):
    batch, targets = sources(9), sources(9, seed=2)
    scores = engine.score(batch, targets, align)
    monkeypatch.setattr("glassformer.engine.eager.SCORED_TOKENS", 20)
    small = engine.score(batch, targets, align)
    for source, target, score, other in zip(batch, targets, scores, small, strict=True):
        [alone] = engine.score([source], [target], align)
        expected = pytest.approx(forced(engine, source, target), **close(engine))
        for one in (score, other, alone):
            assert one.token_log_probs == expected
            if align:
                assert one.alignment_TS.shape == (len(target), len(source))
                np.testing.assert_allclose(one.alignment_TS, alone.alignment_TS, rtol=0, atol=close(engine)["abs"])
            else:
                assert one.alignment_TS is None


def test_an_alignment_is_the_mean_of_all_attentions_to_the_source(engine):
    source, target = [5, 9, 7, EOS], [6, 5, EOS]
    [score] = engine.score([source], [target], align=True)
    names = [f"decoder.{layer}.cross_attention.softmax" for layer in range(3)]
    with observed(engine.model, names) as seen, torch.inference_mode():
        engine.model(torch.tensor([source]), torch.tensor([[engine.start_id, *target[:-1]]]), explicit=True)
    scores = np.stack([seen[name].inputs[0][0].numpy() for name in names])  # layers, heads, T, S
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(score.alignment_TS, weights.mean((0, 1)), rtol=0, atol=close(engine)["abs"])


def test_padding_is_never_looked_at(engine):
    [padded, _] = engine.score([[5, EOS], [5, 6, 7, 8, 9, EOS]], [[5, 6, EOS], [5, EOS]], align=True)
    assert padded.alignment_TS.shape == (3, 2)
    assert padded.alignment_TS.sum(-1).tolist() == pytest.approx([1] * 3)


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")  # of PyTorch's fused norm
@pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
def test_bfloat16_is_what_autocast_computes(options):
    """Linear maps that were rounded before give the bits of those that autocast rounds in each step."""
    torch.manual_seed(1)
    model = Transformer(ModelConfig(vocab_size=VOCABULARY, **SMALL | options)).eval()
    engine, sources = EagerEngine(model, bfloat16=True), [[5, 6, 7, EOS], [8, EOS]]
    following, _ = engine.step(np.array([2, 2]), engine.encode(sources))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        cache = model.start(model.encode(torch.tensor([[5, 6, 7, EOS], [8, EOS, 0, 0]])))
        hidden_N1D, _ = model.decode(torch.tensor([[2], [2]]), cache)
        expected_NV = model.logits(hidden_N1D[:, -1]).float().log_softmax(-1)
    assert torch.allclose(torch.from_numpy(following.log_probs()), expected_NV, rtol=0, atol=1e-6)
    assert model.generator.weight.dtype == torch.float32


@pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
def test_packed_matrices_give_what_the_model_gives(options):
    torch.manual_seed(1)
    model = Transformer(ModelConfig(vocab_size=VOCABULARY, **SMALL | options)).eval()
    engine, sources = in_precision(model, "float32"), [[5, 6, 7, EOS], [8, EOS]]
    following, _ = engine.step(np.array([2, 2]), engine.encode(sources))
    expected, _ = EagerEngine(model).step(np.array([2, 2]), EagerEngine(model).encode(sources))
    assert np.allclose(following.log_probs(), expected.log_probs(), rtol=0, atol=1e-5)
    assert engine.model.target_embedding.token.weight is model.target_embedding.token.weight
    assert all(isinstance(one.generator, nn.Linear) == (one is model) for one in (model, engine.model))
