"""Ids in flat arrays, and batches by token budget."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.data import batches
from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.special import EOS, PAD

words = st.integers(4, 99)
pairs = st.lists(
    st.tuples(st.lists(words, max_size=12), st.lists(words, max_size=12)), min_size=1, max_size=40
)  # fmt: skip
budgets, seeds, epochs = st.integers(1, 60), st.integers(0, 2**31), st.integers(0, 1000)


def tokenized(pairs):
    sources, targets = zip(*pairs, strict=True)
    return TokenizedPairs(Sentences.from_lists(sources), Sentences.from_lists(targets))


def many(count=500):
    draw = np.random.default_rng(0)
    lengths = draw.integers(0, 30, size=(count, 2))
    return tokenized([([5] * source, [6] * target) for source, target in lengths.tolist()])


# Sentences


@settings(max_examples=100)
@given(st.lists(st.lists(words, max_size=9), max_size=9))
def test_sentences_come_back_closed(originals):
    sentences = Sentences.from_lists(iter(originals))
    assert len(sentences) == len(originals)
    assert [sentences[index].tolist() for index in range(len(sentences))] == [[*ids, EOS] for ids in originals]
    assert sentences.lengths.tolist() == [len(ids) + 1 for ids in originals]
    assert sentences.to_lists() == originals


def test_ids_take_four_bytes_each():
    sentences = Sentences.from_lists([[2**31 - 1], []])
    assert sentences.ids.tolist() == [2**31 - 1, EOS, EOS] and sentences.ids.dtype == np.int32


@settings(max_examples=100)
@given(pairs, st.data())
def test_padding_is_on_the_right_and_nowhere_else(pairs, data):
    originals = [source for source, _ in pairs]
    rows = data.draw(st.lists(st.integers(0, len(originals) - 1), min_size=1))
    matrix = Sentences.from_lists(originals).padded(np.array(rows))
    width = max(len(originals[row]) for row in rows) + 1
    expected = [[*originals[row], EOS] + [PAD] * (width - len(originals[row]) - 1) for row in rows]
    assert matrix.tolist() == expected
    assert matrix.dtype == np.int64


@settings(max_examples=100)
@given(pairs, st.data())
def test_taken_sentences_are_those_of_the_rows(pairs, data):
    originals = [source for source, _ in pairs]
    rows = sorted(data.draw(st.lists(st.integers(0, len(originals) - 1), min_size=1)))
    assert Sentences.from_lists(originals).take(np.array(rows)).to_lists() == [originals[row] for row in rows]


def test_a_mapped_file_is_read_as_an_array_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "TAKEN", 7)
    corpus = many()
    for name in ("ids", "starts"):
        np.save(tmp_path / f"{name}.npy", getattr(corpus.sources, name))
    mapped = Sentences(*(np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("ids", "starts")))
    rows = np.arange(3, 499, 3)
    assert mapped.take(rows).to_lists() == corpus.sources.take(rows).to_lists()
    assert mapped.take(rows).to_lists() == corpus.sources.take(rows).to_lists()  # its pages come again


# Plans


def plan_of(corpus, budget, seed, epoch):
    return [batch.rows.tolist() for batch in corpus.batches(budget, seed, epoch)]


def test_a_batch_of_chosen_rows():
    batch = tokenized([([5], [6, 7]), ([8, 9, 10], []), ([], [11])]).batch(np.array([2, 1]))
    assert batch.source_BS.tolist() == [[EOS, PAD, PAD, PAD], [8, 9, 10, EOS]]
    assert batch.target_BT.tolist() == [[11, EOS], [EOS, PAD]]
    assert batch.rows.tolist() == [2, 1]


def test_a_batch_knows_its_rows(monkeypatch):
    monkeypatch.setattr(batches, "POOL", 2)
    originals = [([5], [6, 7]), ([8, 9, 10], []), ([], [11]), ([12], [13])]
    corpus = tokenized(originals)
    assert len(corpus) == 4
    for batch in corpus.batches(100, seed=1, epoch=0):
        for row, source, target in zip(*map(np.ndarray.tolist, (batch.rows, *batch[:2])), strict=True):
            assert source[: len(originals[row][0]) + 1] == [*originals[row][0], EOS]
            assert target[: len(originals[row][1]) + 1] == [*originals[row][1], EOS]
            assert not any(source[len(originals[row][0]) + 1 :])


@settings(max_examples=100)
@given(pairs, budgets, seeds, epochs)
def test_every_pair_comes_once_in_an_epoch(pairs, budget, seed, epoch):
    plan = plan_of(tokenized(pairs), budget, seed, epoch)
    assert sorted(row for rows in plan for row in rows) == list(range(len(pairs)))
    assert all(plan)


@settings(max_examples=100)
@given(pairs, budgets, seeds, epochs)
def test_a_batch_keeps_to_the_budget_on_both_sides(pairs, budget, seed, epoch):
    corpus = tokenized(pairs)
    for batch in corpus.batches(budget, seed, epoch):
        assert len(batch.rows) == 1 or max(batch.source_BS.size, batch.target_BT.size) <= budget


@settings(max_examples=100)
@given(pairs, budgets, seeds, epochs)
def test_same_arguments_same_plan(pairs, budget, seed, epoch):
    corpus = tokenized(pairs)
    assert plan_of(corpus, budget, seed, epoch) == plan_of(corpus, budget, seed, epoch)


def test_another_epoch_or_seed_is_another_plan():
    corpus = many()
    plans = [plan_of(corpus, 300, seed, epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0), (0, 1))]
    for index, plan in enumerate(plans):
        for other in plans[:index]:
            assert plan != other  # the order of batches differs
            assert {tuple(sorted(rows)) for rows in plan} != {tuple(sorted(rows)) for rows in other}  # and their rows


def test_little_is_padding():
    corpus = many()
    epoch = list(corpus.batches(300, seed=1, epoch=0))
    share = np.mean(np.concatenate([batch.target_BT.ravel() == PAD for batch in epoch]))
    assert share < 0.1  # nearly half, were lengths mixed
    full = sum(batch.target_BT.size for batch in epoch) / (300 * len(epoch))
    assert full > 0.5


def test_batches_do_not_go_from_short_to_long():
    corpus = many()
    widths = [batch.target_BT.shape[1] for batch in corpus.batches(300, seed=1, epoch=0)]
    assert abs(np.corrcoef(widths, np.arange(len(widths)))[0, 1]) < 0.5


@pytest.mark.parametrize(
    ("budget", "sizes"), [(1, [1, 1, 1]), (5, [1, 1, 1]), (6, [1, 2]), (9, [3]), (1000, [3])]
)  # fmt: skip
def test_three_pairs_three_wide(budget, sizes):
    corpus = tokenized([([5, 5], [6]), ([5], [6, 6]), ([5, 5], [6, 6])])
    assert sorted(map(len, plan_of(corpus, budget, seed=1, epoch=0))) == sizes


# More than one pool


@settings(max_examples=100)
@given(pairs, budgets, seeds, st.integers(1, 9), st.integers(0, 9))
def test_pools_make_one_epoch_and_any_part_of_it_can_be_skipped(pairs, budget, seed, pool, first):
    with mock.patch.object(batches, "POOL", pool):
        corpus = tokenized(pairs)
        plan = plan_of(corpus, budget, seed, epoch=3)
        assert sorted(row for rows in plan for row in rows) == list(range(len(pairs)))
        assert [batch.rows.tolist() for batch in corpus.batches(budget, seed, 3, first)] == plan[first:]


def test_a_pool_is_of_pairs_from_everywhere(monkeypatch):
    monkeypatch.setattr(batches, "POOL", 100)
    rows = [row for rows in plan_of(many(), 300, seed=1, epoch=0) for row in rows]
    assert all(min(part) < 50 and max(part) >= 450 for part in (rows[:100], rows[-100:]))


@settings(max_examples=100)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=3), seeds, st.data())
def test_weights_say_how_often_a_pair_comes(sizes, seed, data):
    weights = data.draw(st.lists(st.sampled_from([0.1, 0.5, 1.0, 2.0, 2.5]), min_size=len(sizes), max_size=len(sizes)))
    plain = tokenized([([5], [6])] * sum(sizes))
    corpus = TokenizedPairs(plain.sources, plain.targets, tuple(sizes), tuple(weights))
    with mock.patch.object(batches, "POOL", 7):
        counts = np.bincount(np.concatenate(plan_of(corpus, 16, seed, 0)), minlength=len(plain))
    for weight, part in zip(weights, np.split(counts, np.cumsum(sizes)[:-1]), strict=True):
        assert part.sum() == max(1, round(weight * len(part)))
        assert set(part) <= {int(weight), int(weight) + 1}


def test_another_half_comes_in_another_epoch():
    plain = many()
    corpus = TokenizedPairs(plain.sources, plain.targets, (400, 100), (0.5, 2.0))
    halves = [{row for rows in plan_of(corpus, 300, 1, epoch) for row in rows if row < 400} for epoch in range(8)]
    assert all(len(half) == 200 for half in halves)
    assert len(set.union(*halves)) > 390  # each is left out with probability 1/2: of 400, in 8 epochs, one or two


# Parts of a batch


@settings(max_examples=100)
@given(pairs, st.integers(1, 5))
def test_the_parts_of_a_batch_are_batches_of_their_pairs(pairs, size):
    """Every size-th pair from each first one on: all pairs once, padded as if they had come so."""
    corpus = tokenized(pairs)
    batch = corpus.batch(np.arange(len(pairs)))
    for rank in range(size):
        part, rows = batch.select(slice(rank, None, size)), np.arange(rank, len(pairs), size)
        assert part.rows.tolist() == rows.tolist()
        if len(rows):
            alone = corpus.batch(rows)
            assert np.array_equal(part.source_BS, alone.source_BS)
            assert np.array_equal(part.target_BT, alone.target_BT)
