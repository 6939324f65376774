"""Sinusoidal, learned and rotary positions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glassformer.model import Transformer
from glassformer.model.positions import Positions, Rotary, sinusoidal_table

from .helpers import close, make, small

# The table that the lecture prints, d_model 4.
PRINTED = [
    [0.0, 1.0, 0.0, 1.0],
    [0.8414709848, 0.5403023059, 0.0099998333, 0.9999500004],
    [0.9092974268, -0.4161468365, 0.0199986667, 0.9998000067],
]

widths = st.integers(1, 40).map(lambda half: 2 * half)


def rate(pair, width):
    """By how much the angle of a pair of columns grows from one position to the next."""
    return 1 / 10000 ** (2 * pair / width)


def test_the_table_the_lecture_prints():
    close(sinusoidal_table(3, 4), torch.tensor(PRINTED), 1e-7)


@given(position=st.integers(0, 3000), width=widths)
def test_table_is_the_paper_s_formula(position, width):
    waves = [wave(position * rate(pair, width)) for pair in range(width // 2) for wave in (math.sin, math.cos)]
    table = sinusoidal_table(position + 1, width)
    assert table.dtype == torch.float32 and table.shape == (position + 1, width)
    close(table[position], torch.tensor(waves), 1e-7)


def test_halves_are_the_same_columns_in_another_order():
    interleaved, halves = (sinusoidal_table(50, 10, layout) for layout in ("interleaved", "halves"))
    assert halves.equal(interleaved[:, [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]])


@given(first=st.integers(0, 5), width=widths.filter(lambda width: width > 2))
def test_tensor2tensors_exponent_and_another_first_position(first, width):
    """Its code: timescales 10000^(i / (width / 2 - 1)), so that the last is 10000; fairseq counts from 2."""
    table = sinusoidal_table(9, width, "halves", "tensor2tensor", first).double()
    half, step = width // 2, math.log(10000) / (width // 2 - 1)
    angles = torch.tensor([[p * math.exp(-i * step) for i in range(half)] for p in range(first, first + 9)])
    close(table, torch.cat([angles.sin(), angles.cos()], dim=1).double(), 1e-6)


@given(position=st.integers(0, 400), offset=st.integers(-100, 100), width=widths)
def test_a_shift_is_a_rotation(position, offset, width):
    """PE(p + k) follows from PE(p) by a linear map that depends on k alone (section 3.5)."""
    if position + offset < 0:
        offset = -offset
    table = sinusoidal_table(position + abs(offset) + 1, width).double()
    for pair in range(width // 2):
        angle = offset * rate(pair, width)
        sine, cosine = table[position, 2 * pair : 2 * pair + 2].tolist()
        turned = [
            sine * math.cos(angle) + cosine * math.sin(angle),
            cosine * math.cos(angle) - sine * math.sin(angle),
        ]
        close(table[position + offset, 2 * pair : 2 * pair + 2], torch.tensor(turned, dtype=torch.float64), 3e-7)


def test_positions_are_added_from_the_start_on():
    table_PD = torch.randn(9, 4)
    x_BTD = torch.randn(2, 3, 4)
    positions = Positions(table_PD, learned=False)
    assert positions(x_BTD).equal(x_BTD + table_PD[:3])
    assert positions(x_BTD, start=5).equal(x_BTD + table_PD[5:8])


def test_only_learned_positions_are_weights():
    assert not list(Positions(sinusoidal_table(9, 4), learned=False).parameters())
    assert not Positions(sinusoidal_table(9, 4), learned=False).state_dict()
    assert [weight.shape for weight in Positions(sinusoidal_table(9, 4), learned=True).parameters()] == [(9, 4)]


def test_learned_positions_begin_random_and_differ_between_source_and_target():
    torch.manual_seed(0)
    model = Transformer(small(positions="learned", max_length=200))
    source, target = (each.position.table_PD for each in (model.source_embedding, model.target_embedding))
    assert source.std().item() == pytest.approx(16**-0.5, rel=0.1)
    assert not source.equal(target)


def test_rotary_positions_are_in_self_attention_only():
    model = make(positions="rotary")
    assert model.source_embedding.position is None and model.target_embedding.position is None
    for layer in [*model.encoder, *model.decoder]:
        assert layer.self_attention.rotary
    assert not any(layer.cross_attention.rotary for layer in model.decoder)


# Rotary

lengths, starts = st.integers(1, 6), st.integers(0, 90)
rotary = Rotary(200, 8)


def vectors(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(seed=st.integers(0, 99), length=lengths, start=starts)
def test_rotary_multiplies_complex_numbers(seed, length, start):
    x_BHTK = vectors(seed, 2, 3, length, 8)
    pairs_BHTP = torch.view_as_complex(x_BHTK.unflatten(-1, (4, 2)).contiguous())
    angle_TP = torch.tensor([[p * rate(pair, 8) for pair in range(4)] for p in range(start, start + length)])
    turned_BHTP = pairs_BHTP * torch.polar(torch.ones_like(angle_TP), angle_TP)
    close(rotary(x_BHTK, start), torch.view_as_real(turned_BHTP).flatten(-2), 2e-5)


@given(seed=st.integers(0, 99), query=starts, key=starts, shift=starts)
def test_rotary_scores_depend_on_the_distance_alone(seed, query, key, shift):
    q, k = vectors(seed, 2, 1, 1, 1, 8)
    here = (rotary(q, query) * rotary(k, key)).sum()
    there = (rotary(q, query + shift) * rotary(k, key + shift)).sum()
    close(here, there, 1e-5)
    if query == key:
        close(here, (q * k).sum(), 1e-5)


def test_rotary_scores_do_depend_on_the_distance():
    one = torch.ones(1, 1, 5, 8)
    scores = (rotary(one) * one[:, :, :1]).sum(-1).flatten()
    assert scores.diff().abs().min() > 0.1


@given(seed=st.integers(0, 99), start=starts)
def test_rotary_keeps_lengths(seed, start):
    x_BHTK = vectors(seed, 1, 2, 4, 8)
    torch.testing.assert_close(rotary(x_BHTK, start).norm(dim=-1), x_BHTK.norm(dim=-1), rtol=1e-6, atol=0)


@given(length=lengths, start=starts)
def test_rotary_from_a_start_is_a_slice_of_the_whole(length, start):
    x_BHTK = vectors(0, 1, 2, 100, 8)
    part = rotary(x_BHTK[:, :, start : start + length], start)
    torch.testing.assert_close(part, rotary(x_BHTK)[:, :, start : start + length], rtol=1e-6, atol=1e-6)
