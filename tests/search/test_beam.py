import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.search import SearchOptions, length_penalty
from glassformer.search.beam import Paths, grow, search_beam
from glassformer.search.constraints import Candidates, Rules

from .tables import END, START, Tree, bigram, find

ALPHAS = [-1.0, -0.3, 0.0, 0.6, 1.0, 2.0]
seeds = st.integers(0, 2**31)


@given(seed=seeds, alpha=st.sampled_from(ALPHAS), limit=st.integers(1, 5), n_best=st.sampled_from([1, 3, 7]))
def test_a_beam_wide_enough_is_exhaustive(seed, alpha, limit, n_best):
    tree = Tree.random(seed)
    expected = tree.ranking(limit, alpha)[:n_best]
    (found,) = find(tree, [limit], SearchOptions(beam=4**5, n_best=n_best, length_penalty=alpha))
    finished = [one for one in found if one.finished]
    assert [one.tokens for one in finished] == [tokens for _, tokens in expected]
    assert [one.score for one in finished] == pytest.approx([score for score, _ in expected])


def test_every_sequence_there_is():
    tree = Tree.random(3)
    expected = tree.ranking(4, 0.6)
    (found,) = find(tree, [4], SearchOptions(beam=500, n_best=500))
    finished = found[: len(expected)]
    assert [one.tokens for one in finished] == [tokens for _, tokens in expected]
    cut = found[len(expected) :]
    assert len(cut) == 3**4 and not any(one.finished for one in cut)
    assert [one.score for one in cut] == sorted((one.score for one in cut), reverse=True)
    assert {len(one.tokens) for one in cut} == {4}


@given(seed=seeds, beam=st.integers(1, 6), alpha=st.sampled_from(ALPHAS))
def test_what_a_narrow_beam_returns_is_in_order_and_distinct(seed, beam, alpha):
    tree = Tree.random(seed)
    (found,) = find(tree, [5], SearchOptions(beam=beam, n_best=beam, length_penalty=alpha))
    assert 1 <= len(found) <= beam
    assert len({one.tokens for one in found}) == len(found)
    for finished in (True, False):
        scores = [one.score for one in found if one.finished is finished]
        assert scores == sorted(scores, reverse=True)
    assert [one.finished for one in found] == sorted((one.finished for one in found), reverse=True)


@given(seed=seeds, alpha=st.sampled_from(ALPHAS), penalty=st.sampled_from([0.5, 1.5]))
def test_with_a_repetition_penalty_the_best_is_by_the_steered_score(seed, alpha, penalty):
    tree = Tree.random(seed)

    def steered(tokens):
        pairs = enumerate(zip(tokens, tree.log_probs(tokens), strict=True))
        total = sum(own * penalty if token in tokens[:place] else own for place, (token, own) in pairs)
        return total / length_penalty(float(len(tokens)), alpha)

    options = SearchOptions(beam=500, n_best=5, length_penalty=alpha, repetition_penalty=penalty)
    (found,) = find(tree, [4], options)
    assert [one.tokens for one in found] == sorted(tree.every(4), key=steered, reverse=True)[:5]


def naive_beam(tree: Tree, limit: int, beam: int, n_best: int, alpha: float) -> list[tuple[int, ...]]:
    """The same rules in plain Python, with no early end: what a beam should give to the letter."""
    live, finished = [(0.0, ())], []
    for length in range(1, limit + 1):
        grown = [(sum(tree.log_probs((*past, t))), (*past, t)) for _, past in live for t in range(4)]
        grown.sort(key=lambda one: -one[0])
        for total, tokens in grown[:beam]:
            if tokens[-1] == END:
                finished.append((total / ((5 + length) / 6) ** alpha, tokens))
        live = [one for one in grown[: 2 * beam] if one[1][-1] != END][:beam]
    finished.sort(key=lambda one: -one[0])
    return ([tokens for _, tokens in finished] + [tokens for _, tokens in live])[:n_best]


@given(seed=seeds, beam=st.integers(1, 5), alpha=st.sampled_from(ALPHAS), more=st.booleans())
def test_against_the_plain_definition(seed, beam, alpha, more):
    tree, n_best = Tree.random(seed), beam if more else 1
    options = SearchOptions(beam=beam, n_best=n_best, length_penalty=alpha)
    limit_B = np.array([5])
    rules = Rules(options, END, (), np.empty((1, 0), dtype=np.int64))
    (found,) = search_beam(tree.step, tree.state(), START, limit_B, rules)
    assert [one.tokens for one in found] == naive_beam(tree, 5, beam, n_best, alpha)


@given(seed=seeds, alpha=st.sampled_from([-1.0, -0.3, 0.0]))
def test_a_beam_of_one_is_greedy_unless_length_is_rewarded(seed, alpha):
    tree, options = Tree.random(seed), SearchOptions(beam=1, length_penalty=alpha)
    limit_B = np.array([5])
    rules = Rules(options, END, (), np.empty((1, 0), dtype=np.int64))
    assert search_beam(tree.step, tree.state(), START, limit_B, rules) == find(tree, [5], options)


def test_a_beam_sees_past_the_first_choice():
    # Token 1 looks better at first (0.6), but 2 (0.4) ends for sure: 0.4 beats 0.6 * 0.5.
    tree = bigram([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0], [0, 0.6, 0.4, 0]])
    (greedy,) = find(tree, [5], SearchOptions(beam=1, length_penalty=0))
    (wide,) = find(tree, [5], SearchOptions(beam=2, length_penalty=0))
    assert greedy[0].tokens == (1, END)
    assert wide[0].tokens == (2, END)
    assert wide[0].log_prob == pytest.approx(math.log(0.4))


def test_the_length_penalty_decides_between_short_and_long():
    # 0.52 for "end", 0.45 for "1 2 end": per token the append one is better.
    tree = bigram([[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0.52, 0.45, 0.03, 0]])
    best = {alpha: find(tree, [5], SearchOptions(length_penalty=alpha))[0][0].tokens for alpha in (0.0, 1.0)}
    assert best == {0.0: (END,), 1.0: (1, 2, END)}


def test_where_length_is_punished_the_next_token_is_the_best_hope():
    options = SearchOptions(length_penalty=-1)
    near = bigram([[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0.45, 0.55, 0, 0]])
    assert find(near, [5], options)[0][0].tokens == (1, END)  # log 0.55 * 7/6 is above log 0.45
    beyond = bigram([[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0.52, 0.55, 0, 0]])
    assert find(beyond, [5], options)[0][0].tokens == (END,)  # but below log 0.52
    assert beyond.rows_seen == [1]


def test_equal_scores_go_to_the_lowest_token():
    tree = bigram([[0.25] * 4] * 4)
    (found,) = find(tree, [2], SearchOptions(beam=4, n_best=4, length_penalty=0), suppress_tokens=[START])
    assert [one.tokens for one in found] == [(0,), (1, 0), (2, 0), (1, 1)]
    assert [one.finished for one in found] == [True, True, True, False]


def test_the_search_stops_when_nothing_better_can_come():
    certain = bigram([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.9, 0.1, 0, 0]])
    find(certain, [5], SearchOptions(beam=2, length_penalty=0))
    assert len(certain.rows_seen) == 1


def test_dead_places_of_the_beam_cost_nothing():
    tree = bigram([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
    (found,) = find(tree, [5], SearchOptions(beam=4))
    assert tree.rows_seen == [1] * 5
    assert [one.tokens for one in found] == [(1, 2, 1, 2, 1)]


def test_one_step_is_a_record_that_a_tree_can_be_drawn_from():
    live = Paths.blank(1, 1, 0.0)
    own_NV = np.log(np.array([[0.4, 0.3, 0.2, 0.1]], dtype=np.float32))
    one = Candidates(np.arange(4)[None], own_NV, own_NV)
    two = Candidates(*(each.repeat(2, axis=0) for each in one))
    first = grow(live, one, beam=2, end=END)
    assert first.continued.tokens_BKT[0, :, 0].tolist() == [0, 1, 2, 3]
    assert first.live.tokens_BKT[0, :, 0].tolist() == [1, 2]
    second = grow(first.live, two, beam=2, end=END)
    # "1 2" and "2 1" are equally good: the one from the better beginning comes first.
    assert second.continued.tokens_BKT[0].tolist() == [[1, 0], [1, 1], [2, 0], [1, 2]]
    assert second.parent_BM.tolist() == [[0, 0, 1, 0]]
    assert second.live.tokens_BKT[0].tolist() == [[1, 1], [1, 2]]
    assert second.live_parent_BK.tolist() == [[0, 0]]
