"""Beam search in tensors of fixed shape finds what `glassformer.search` finds, to the last bit of a score."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glassformer.engine.beam import Beam, Kind
from glassformer.search import SearchOptions
from glassformer.search.beam import hypotheses
from glassformer.search.constraints import Rules
from tests.search.tables import END, START, Tree, bigram, find

ROOM = 6
alphas = st.sampled_from([-1.0, -0.3, 0.0, 0.6, 1.0, 2.0])


def table(seed, sentences, sharpness, ties):
    """Log-probabilities of 5 tokens; some are minus infinity, and with `ties` many are equal."""
    tree = Tree.random(seed, sentences, vocabulary=5, sharpness=sharpness)
    if ties:
        np.round(tree.table_BXV, out=tree.table_BXV)
    impossible = np.random.default_rng(seed).random(tree.table_BXV.shape) < 0.2
    impossible[..., 1] = False  # one token may always come
    tree.table_BXV[impossible] = -np.inf
    return tree


def grown(tree, limits, options):
    """The same search, step by step in tensors, beside a sentence that there is only room for."""
    kind, rows = Kind(options.beam, options.n_best, END), np.repeat([*range(len(limits)), 0], options.beam)
    beam = Beam(kind, len(limits) + 1, ROOM, ROOM, torch.device("cpu"))
    rules = Rules(options, END, (), np.empty((len(limits) + 1, 0), dtype=np.int64))
    for _ in range(2):  # of what was there before nothing is left
        beam.begin(limits, options.length_penalty)
        state, tokens_N = tree.state(rows.tolist()), torch.full((len(rows),), START)
        for length in range(max(limits)):
            following, state = tree.step(tokens_N.numpy(), state)
            found = map(torch.from_numpy, following.best(kind.continuations, rules.suppressed_at(length)))
            tokens_N, rows_N = beam.grow(*found, torch.tensor(length))
            state = state.select(rows_N.numpy())
    assert beam.done_B.all() and not beam.odd_1
    return hypotheses(beam.finished.numpy(), beam.live.numpy(), rules)[: len(limits)]


@given(
    seed=st.integers(0, 2**31), beam=st.integers(1, 7), n_best=st.integers(1, 7), alpha=alphas, ties=st.booleans(),
    limits=st.lists(st.integers(1, 5), min_size=1, max_size=4), least=st.integers(0, 2),
    sharpness=st.sampled_from([1, 5]),
)  # fmt: skip
def test_a_beam_grows_as_search_says(seed, beam, n_best, alpha, ties, limits, least, sharpness):
    """Of all lengths, with `</s>` forbidden at first, with paths of equal score and places that no path fills."""
    options = SearchOptions(beam=beam, n_best=min(n_best, beam), length_penalty=alpha, min_length=least)
    tree = table(seed, len(limits), sharpness, ties)
    assert grown(tree, limits, options) == find(tree, limits, options)


def test_shorter_translations_are_not_taken_too_early_where_longer_ones_are_not_favoured():
    """`</s>` at once has log 0.45; 0.55 and then 0.99 is more, though over 7/6 of a length: but not over 10/6 of it."""
    tree = bigram([[0, 1, 0, 0], [0.99, 0.01, 0, 0], [0, 1, 0, 0], [0.45, 0.55, 0, 0]])
    [[found]] = grown(tree, [5], SearchOptions(beam=2, length_penalty=-1.0))
    assert found.tokens == (1, END)


@pytest.mark.parametrize("wrong", [-np.inf, np.nan])
def test_a_path_that_nothing_may_follow_is_odd(wrong):
    """In a sentence that goes on; where there is no path, or no sentence, it does not count."""
    beam = Beam(Kind(2, 1, END), 2, ROOM, ROOM, torch.device("cpu"))
    ids_NC = torch.tensor([[1, 2, 3, 4]] * 4)
    for row, odd in enumerate((True, False, False, False)):
        beam.begin([4], 0.6)
        log_probs_NC = torch.full((4, 4), -1.0)
        log_probs_NC[row] = wrong
        beam.grow(ids_NC, log_probs_NC, torch.tensor(0))
        assert beam.odd_1.item() is odd
