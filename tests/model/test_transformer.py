"""The whole model: what it may see, what it remembers, what it is made of."""

import dataclasses
import functools
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from glassformer.errors import InputError
from glassformer.model import ModelConfig, Transformer, preset
from glassformer.model.cache import DecoderCache, KeysValues
from glassformer.model.transformer import real_tokens, shift_right
from glassformer.special import BOS, EOS, PAD

from .helpers import SHAPES, VOCABULARY, WORDS, cached, close, make, sentences, small

# Every kind of position, norm and key sharing; drawn anew for each example.
kinds = st.fixed_dictionaries(
    {
        "positions": st.sampled_from(["sinusoidal", "learned", "rotary"]),
        "norm_position": st.sampled_from(["post", "pre"]),
        "norm": st.sampled_from(["layernorm", "rmsnorm"]),
        "num_kv_heads": st.sampled_from([1, 2, 4]),
        "embedding_norm": st.booleans(),
    }
)
lengths = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=3)
seeds = st.integers(0, 999)


def batch(lengths, seed):
    """Source and target ids for pairs of lengths."""
    sources, targets = zip(*lengths, strict=True)
    return sentences(sources, seed), sentences(targets, seed + 1)


# What is seen


@given(kinds, lengths, seeds, st.integers(0, 4), st.integers(0, 4), st.booleans())
@torch.no_grad()
def test_padding_and_neighbours_change_nothing(options, lengths, seed, more_source, more_target, explicit):
    model = cached(**options)
    source_BS, target_BT = batch(lengths, seed)
    together = model(functional.pad(source_BS, (0, more_source)), functional.pad(target_BT, (0, more_target)), explicit)
    for row, (source, target) in enumerate(lengths):
        alone = model(source_BS[row : row + 1, :source], target_BT[row : row + 1, :target], explicit)
        close(together[row, :target], alone[0], 1e-5)


@given(kinds, seeds, st.integers(0, 6), st.booleans())
@torch.no_grad()
def test_a_later_target_word_changes_nothing_before_it(options, seed, place, explicit):
    model = cached(**options)
    source_BS, target_BT = batch([(5, 7)], seed)
    changed_BT = target_BT.clone()
    changed_BT[0, place] = WORDS.start + (target_BT[0, place] - WORDS.start + 1) % len(WORDS)
    logits, changed = model(source_BS, target_BT, explicit)[0], model(source_BS, changed_BT, explicit)[0]
    close(changed[:place], logits[:place], 1e-6)
    assert ((changed[place:] - logits[place:]).abs().amax(-1) > 1e-4).all()


@given(kinds, seeds, st.integers(0, 4))
@torch.no_grad()
def test_every_source_word_is_seen_from_everywhere(options, seed, place):
    model = cached(**options)
    source_BS, target_BT = batch([(5, 4)], seed)
    changed_BS = source_BS.clone()
    changed_BS[0, place] = WORDS.start + (source_BS[0, place] - WORDS.start + 1) % len(WORDS)
    memory, changed = model.encode(source_BS).x_BSD, model.encode(changed_BS).x_BSD
    assert ((memory - changed).abs().amax(-1) > 1e-4).all()
    logits, changed = model(source_BS, target_BT), model(changed_BS, target_BT)
    assert ((logits - changed).abs().amax(-1) > 1e-4).all()


@given(kinds, seeds)
@torch.no_grad()
def test_word_order_matters(options, seed):
    """Without positions, attention takes its keys for a set: the other words would see no change."""
    model = cached(**options)
    source_BS = torch.tensor([[4, 5, 6]])
    memory, swapped = model.encode(source_BS).x_BSD, model.encode(source_BS[:, [1, 0, 2]]).x_BSD
    assert (memory[0, 2] - swapped[0, 2]).abs().max() > 1e-4


# The cache


@given(kinds, lengths, seeds, st.lists(st.integers(1, 6), min_size=1, max_size=6), st.booleans())
@torch.no_grad()
def test_decoding_in_steps_equals_one_full_pass(options, lengths, seed, steps, explicit):
    model = cached(**options)
    source_BS, target_BT = batch(lengths, seed)
    cache, logits, done = model.start(model.encode(source_BS)), [], 0
    for step in [*steps, target_BT.shape[1]]:
        chunk_BT = target_BT[:, done : done + step]
        if chunk_BT.shape[1]:
            hidden_BTD, cache = model.decode(chunk_BT, cache, explicit)
            logits.append(model.logits(hidden_BTD))
            done += chunk_BT.shape[1]
            assert cache.length == done
    close(torch.cat(logits, dim=1), model(source_BS, target_BT), 1e-5)


@given(kinds, st.lists(st.integers(0, 2), min_size=1, max_size=5), seeds)
@torch.no_grad()
def test_selected_rows_go_on_as_if_they_had_been_alone(options, rows, seed):
    model = cached(**options)
    source_BS, target_BT = batch([(5, 4), (2, 4), (6, 4)], seed)
    cache, rows_N, hidden = model.start(model.encode(source_BS)).with_paths(), torch.tensor(rows), []
    for place in range(4):
        if place == 2:
            cache, target_BT = cache.select(rows_N), target_BT[rows_N]
        hidden_BPD, cache = model.decode_paths(target_BT[:, place].view(len(cache.source_mask_B11S), -1), cache)
        hidden += [hidden_BPD.flatten(0, 1)]
    close(model.logits(torch.stack(hidden[2:], 1)), model(source_BS[rows_N], target_BT)[:, 2:], 1e-5)


def walk(model, source_BS, moves):
    """Decode paths of two sentences by `moves`, each the rows to go on with and the next token of each of these.

    The tokens of each path so far, its logits, and the cache.
    """
    cache, said = model.start(model.encode(source_BS)).with_paths(), [[], []]
    for rows, tokens in moves:
        cache = cache.select(torch.tensor(rows))
        said = [[*said[row], token] for row, token in zip(rows, tokens, strict=True)]
        hidden_BPD, cache = model.decode_paths(torch.tensor(tokens).view(len(cache.source_mask_B11S), -1), cache)
    return said, model.logits(hidden_BPD.flatten(0, 1)), cache


SHARED = [
    ([0, 1], [4, 5]),
    ([0, 0, 0, 1, 1, 1], [6, 7, 8, 6, 7, 8]),
    ([2, 0, 0, 3, 4, 5], [9, 4, 5, 9, 4, 5]),
    ([1, 0, 4, 3], [7, 7, 8, 8]),
]
ENDINGS = {
    "as many of each": ([1, 1, 0, 2, 3, 2], [0, 0, 0, 1, 1, 1]),
    "one sentence": ([3, 2, 2], [1, 1, 1]),
    "sentences turned": ([2, 3, 0, 1], [1, 1, 0, 0]),
    "more of one": ([1, 2, 3], [0, 1, 1]),
    "apart": ([0, 2, 1], [0, 1, 0]),
}


@pytest.mark.parametrize("options", [{}, {"positions": "rotary", "num_kv_heads": 2}, {"positions": "learned"}])
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
@torch.no_grad()
def test_paths_go_on_as_if_each_had_been_alone(options, ending):
    model, source_BS = make(**options), sentences([5, 3])
    rows, of_sentence = ending
    said, logits_NV, _ = walk(model, source_BS, [*SHARED, (rows, [9] * len(rows)), (range(len(rows)), [5] * len(rows))])
    target_NT = torch.tensor(said)
    close(logits_NV, model(source_BS[of_sentence], target_NT)[:, -1], 1e-5)


@torch.no_grad()
def test_a_beam_moves_nothing_of_what_its_sentences_have():
    model = make()
    _, _, cache = walk(model, sentences([5, 3]), SHARED)
    beam = cache.select(torch.tensor([1, 1, 2, 3]))
    assert beam.past is cache.past and beam.memory is cache.memory
    _, longer = model.decode_paths(torch.tensor([[4, 5], [6, 7]]), beam)
    assert longer.past[0].keys_BGSK.data_ptr() == cache.past[0].keys_BGSK.data_ptr()


@torch.no_grad()
def test_paths_too_are_a_value():
    """Going on from one cache in two ways, and then along both: neither has written into the other."""
    model, source_BS = make(), sentences([5, 3])
    said, _, cache = walk(model, source_BS, SHARED)
    ways = []
    for token in (4, 5):
        tokens_BP = torch.full((2, 2), token)
        _, grown = model.decode_paths(tokens_BP, cache)
        ways.append((token, grown))
    for token, grown in ways:
        hidden_BPD, _ = model.decode_paths(torch.full((2, 2), 6), grown)
        target_NT = torch.tensor([[*path, token, 6] for path in said])
        close(model.logits(hidden_BPD.flatten(0, 1)), model(source_BS[[0, 0, 1, 1]], target_NT)[:, -1], 1e-5)


@torch.no_grad()
def test_a_cache_is_a_value():
    """Going on twice from one cache gives the same twice: the first time left no mark on it."""
    model = make()
    target_BT = sentences([4, 4])
    empty = model.start(model.encode(sentences([5, 3])))
    assert empty.length == 0
    _, cache = model.decode(target_BT[:, :2], empty)
    assert (empty.length, cache.length) == (0, 2)
    once, again = (model.decode(target_BT[:, 2:], cache)[0] for _ in range(2))
    assert once.equal(again)


# Lengths


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary"])
@torch.no_grad()
def test_max_length_is_admitted_and_one_more_is_refused(positions):
    model = make(max_length=6, positions=positions)
    whole, too_long = sentences([6]), sentences([7])
    assert model(whole, whole).shape == (1, 6, VOCABULARY)
    for source_BS, target_BT in ((too_long, whole), (whole, too_long)):
        with pytest.raises(InputError, match=r"7 tokens, but the model admits 6 \(max_length\)"):
            model(source_BS, target_BT)
    _, cache = model.decode(whole[:, :4], model.start(model.encode(whole)))
    assert model.decode(whole[:, 4:], cache)[1].length == 6
    with pytest.raises(InputError, match=r"7 tokens, but the model admits 6 \(max_length\)"):
        model.decode(whole[:, :3], cache)


# The target's two views

TARGET = torch.tensor([[5, 6, 7, EOS], [8, EOS, PAD, PAD]])


@pytest.mark.parametrize("start", [BOS, PAD, 7])
def test_shift_right_begins_with_the_start_token(start):
    before = TARGET.clone()
    assert shift_right(TARGET, start).tolist() == [[start, 5, 6, 7], [start, 8, EOS, PAD]]
    assert TARGET.equal(before)


def test_real_tokens_are_all_but_padding():
    assert real_tokens(TARGET).tolist() == [[True] * 4, [True, True, False, False]]


@torch.no_grad()
def test_decoding_may_begin_with_padding():
    """Some checkpoints begin with <pad>; that place is then read like any other."""
    model = make(decoder_start_id=PAD)
    source_BS, target_BT = sentences([4]), shift_right(sentences([4], seed=1), PAD)
    logits = model(source_BS, target_BT)
    with_bos = model(source_BS, shift_right(sentences([4], seed=1), BOS))
    assert logits.isfinite().all()
    assert ((logits - with_bos).abs().amax(-1) > 1e-4).all()


# Weights


def count(model):
    return sum(weight.numel() for weight in model.parameters())


@functools.cache
def counted(**values):
    with torch.device("meta"):  # counts without memory
        return count(Transformer(ModelConfig(**values)))


def formula(
    vocab_size, d_model, d_ff, num_heads, encoder_layers, decoder_layers, num_kv_heads=None, gated=False, bias=True,
    norm_weights=2, final_norms=0, tables=1, position_rows=0, output_bias=False,
):  # fmt: skip
    """The number of weights, counted on paper."""
    kv_width = d_model // num_heads * (num_kv_heads or num_heads)
    attention = 2 * d_model * d_model + 2 * d_model * kv_width + bias * (2 * d_model + 2 * kv_width)
    feed_forward = (3 if gated else 2) * d_model * d_ff + bias * ((2 if gated else 1) * d_ff + d_model)
    norm = norm_weights * d_model
    return (
        encoder_layers * (attention + feed_forward + 2 * norm)
        + decoder_layers * (2 * attention + feed_forward + 3 * norm)
        + final_norms * norm
        + tables * vocab_size * d_model
        + position_rows * d_model
        + output_bias * vocab_size
    )


@pytest.mark.parametrize("name", SHAPES)
def test_weights_of_a_preset(name):
    encoder_layers, decoder_layers, d_model, d_ff, heads = SHAPES[name]
    expected = formula(
        8000, d_model, d_ff, heads, encoder_layers, decoder_layers, final_norms=2 * (name == "deep-shallow")
    )
    assert counted(vocab_size=8000, **preset(name)) == expected


@pytest.mark.parametrize(("name", "published"), [("base", 65e6), ("big", 213e6)])
def test_weights_of_the_paper(name, published):
    """Table 3, with the 37,000 shared pieces of section 5.1."""
    assert counted(vocab_size=37_000, **preset(name)) == pytest.approx(published, rel=0.05)


@pytest.mark.parametrize(
    ("options", "in_formula"),
    [
        ({}, {}),
        ({"num_kv_heads": 1}, {"num_kv_heads": 1}),
        ({"activation": "swiglu"}, {"gated": True}),
        ({"activation": "geglu", "bias": False}, {"gated": True, "bias": False}),
        ({"norm": "rmsnorm", "norm_position": "pre"}, {"norm_weights": 1, "final_norms": 2}),
        ({"norm_position": "pre", "final_norm": False}, {}),
        ({"final_norm": True}, {"final_norms": 2}),
        ({"positions": "learned", "max_length": 50}, {"position_rows": 100}),
        ({"positions": "rotary"}, {}),
        ({"tie_embeddings": False}, {"tables": 2}),
        ({"source_vocab_size": VOCABULARY}, {"tables": 2}),
        ({"source_vocab_size": VOCABULARY, "tie_embeddings": False}, {"tables": 3}),
        ({"output_bias": True}, {"output_bias": True}),
    ],
)
def test_weights_of_an_option(options, in_formula):
    assert count(Transformer(small(**options))) == formula(VOCABULARY, 16, 24, 4, 2, 2, **in_formula)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("source_vocabulary", [None, 17])
def test_which_tables_are_one(tied, source_vocabulary):
    model = make(tie_embeddings=tied, source_vocab_size=source_vocabulary)
    source, target = model.source_embedding.token.weight, model.target_embedding.token.weight
    assert (source is target) == (source_vocabulary is None)
    assert (model.generator.weight is target) == tied
    assert source.shape == (source_vocabulary or VOCABULARY, 16)
    assert target.shape == model.generator.weight.shape == (VOCABULARY, 16)


def test_a_source_vocabulary_of_its_own():
    model = make(source_vocab_size=17)
    assert model(torch.tensor([[16, 14, EOS]]), torch.tensor([[BOS, 5]])).shape == (1, 2, VOCABULARY)


def test_output_bias_is_added_to_the_logits():
    model = make(output_bias=True)
    hidden_ND = torch.randn(3, 16)
    bias_V = torch.randn(VOCABULARY)
    model.generator.bias.data = bias_V
    close(model.logits(hidden_ND), hidden_ND @ model.target_embedding.token.weight.T + bias_V, 1e-6)
    assert make().generator.bias is None


@pytest.mark.parametrize(("embedding_scale", "factor"), [(True, 4.0), (False, 1.0)])  # 4 = sqrt(16)
def test_embedding_is_scaled_before_positions_are_added(embedding_scale, factor):
    model = make(embedding_scale=embedding_scale)
    ids_BT = sentences([5])
    for embedding in (model.source_embedding, model.target_embedding):
        table = embedding.token.weight[ids_BT[0]]
        close(embedding(ids_BT, start=2)[0], table * factor + embedding.position.table_PD[2:7], 1e-6)


def test_embeddings_begin_at_unit_size_and_biases_at_zero():
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=500, **preset("tiny")))
    assert model.target_embedding.token.weight.std().item() * 128**0.5 == pytest.approx(1, rel=0.02)
    for layer in [*model.encoder, *model.decoder]:
        bound = (6 / (128 + 256)) ** 0.5  # Xavier's
        assert 0.95 * bound < layer.feed_forward.inner.weight.abs().max() <= bound
        assert not layer.feed_forward.inner.bias.any() and not layer.self_attention.query.bias.any()


@pytest.mark.parametrize("norm_position", ["post", "pre"])
@pytest.mark.parametrize("final_norm", [True, False, None])
def test_final_norm(norm_position, final_norm):
    """After each stack; by default only where a layer does not end in a norm."""
    model = make(norm_position=norm_position, final_norm=final_norm)
    there = norm_position == "pre" if final_norm is None else final_norm
    for norm in (model.encoder_norm, model.decoder_norm):
        assert bool(list(norm.parameters())) == there
    if norm_position == "pre":
        memory_BSD = model.encode(sentences([6])).x_BSD
        plain = (memory_BSD - model.encoder_norm.bias) / model.encoder_norm.weight if there else memory_BSD
        assert (plain.mean(-1).abs().max() < 1e-5) == there


def test_dropout_is_on_the_embedded_input_and_on_each_sublayer():
    model = make(dropout=0.9).train()
    source_BS = sentences([20])
    embedded = model.source_embedding(source_BS)
    assert (embedded == 0).float().mean() > 0.8
    sublayer = model.encoder[0].feed_forward_norm
    x_BTD, fx_BTD = torch.zeros(1, 20, 16), torch.ones(1, 20, 16)
    assert sublayer.dropout(fx_BTD).unique().numel() == 2
    assert not sublayer(x_BTD, fx_BTD).equal(sublayer(x_BTD, fx_BTD))
    model.eval()
    assert model.encode(source_BS).x_BSD.equal(model.encode(source_BS).x_BSD)


def test_a_step_can_be_traced_for_any_number_of_positions_held():
    """As the export to ONNX does it: torch refuses a program that would hold for the traced lengths alone."""
    model = make().eval()
    held = [torch.zeros(2, model.config.kv_heads, length, model.config.head_width) for length in (5, 5, 3, 3)]

    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids_BT, mask_B11S, own, others):
            layers = len(model.decoder)
            cache = DecoderCache((KeysValues(*own),) * layers, (KeysValues(*others),) * layers, mask_B11S)
            return self.model.decode(ids_BT, cache)[0]

    past, source = torch.export.Dim("past", min=2, max=9), torch.export.Dim("source", min=2, max=9)
    inputs = torch.ones(2, 2, dtype=torch.int64), torch.ones(2, 1, 1, 3, dtype=torch.bool), held[:2], held[2:]
    sizes = {"ids_BT": None, "mask_B11S": {3: source}, "own": [{2: past}] * 2, "others": [{2: source}] * 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.export.export(Step(), inputs, dynamic_shapes=sizes).module()
    longer = [torch.randn(2, model.config.kv_heads, length, model.config.head_width) for length in (7, 7, 4, 4)]
    again = inputs[0], torch.ones(2, 1, 1, 4, dtype=torch.bool), longer[:2], longer[2:]
    torch.testing.assert_close(traced(*again), Step()(*again))


# Memory


def test_more_weights_than_the_memory_holds_are_refused_before_any_is_made(monkeypatch):
    config = ModelConfig(vocab_size=1000, d_model=64, d_ff=128, num_heads=4, encoder_layers=2, decoder_layers=2)
    needed = 4 * counted(**dataclasses.asdict(config))
    monkeypatch.setattr("glassformer.device.memory", lambda: needed)
    Transformer(config)
    monkeypatch.setattr("glassformer.device.memory", lambda: needed - 1)
    monkeypatch.setattr(torch.nn, "Embedding", lambda *sizes: pytest.fail("it is being made"))
    with pytest.raises(InputError, match=r"^not enough memory: the [0-9,]+ weights of this config .*; take fewer"):
        Transformer(config)
