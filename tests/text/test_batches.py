"""Ids in flat arrays, and batches by token budget."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.special import EOS, PAD
from glassformer.text.batches import Sentences, TokenizedPairs

steadily = settings(deadline=None)
words = st.integers(4, 99)
pairs = st.lists(
    st.tuples(st.lists(words, max_size=12), st.lists(words, max_size=12)), min_size=1, max_size=40
)  # fmt: skip
budgets, seeds, epochs = st.integers(1, 60), st.integers(0, 2**31), st.integers(0, 1000)


def tokenized(pairs):
    sources, targets = zip(*pairs, strict=True)
    return TokenizedPairs(Sentences.of(sources), Sentences.of(targets))


def many(count=500):
    draw = np.random.default_rng(0)
    lengths = draw.integers(0, 30, size=(count, 2))
    return tokenized([([5] * source, [6] * target) for source, target in lengths.tolist()])


def as_lists(plan):
    return [rows.tolist() for rows in plan]


# Sentences


@steadily
@given(st.lists(st.lists(words, max_size=9), max_size=9))
def test_sentences_come_back_closed(originals):
    sentences = Sentences.of(iter(originals))
    assert len(sentences) == len(originals)
    assert [sentences[index].tolist() for index in range(len(sentences))] == [[*ids, EOS] for ids in originals]
    assert sentences.lengths.tolist() == [len(ids) + 1 for ids in originals]
    assert sentences.open() == originals


def test_ids_take_four_bytes_each():
    sentences = Sentences.of([[2**31 - 1], []])
    assert sentences.ids.tolist() == [2**31 - 1, EOS, EOS] and sentences.ids.dtype == np.int32


@steadily
@given(pairs, st.data())
def test_padding_is_on_the_right_and_nowhere_else(pairs, data):
    originals = [source for source, _ in pairs]
    rows = data.draw(st.lists(st.integers(0, len(originals) - 1), min_size=1))
    matrix = Sentences.of(originals).padded(np.array(rows))
    width = max(len(originals[row]) for row in rows) + 1
    expected = [[*originals[row], EOS] + [PAD] * (width - len(originals[row]) - 1) for row in rows]
    assert matrix.tolist() == expected
    assert matrix.dtype == np.int64


def test_a_batch_knows_its_rows():
    corpus = tokenized([([5], [6, 7]), ([8, 9, 10], []), ([], [11])])
    batch = corpus.batch(np.array([2, 1]))
    assert batch.source_BS.tolist() == [[EOS, PAD, PAD, PAD], [8, 9, 10, EOS]]
    assert batch.target_BT.tolist() == [[11, EOS], [EOS, PAD]]
    assert batch.rows.tolist() == [2, 1]
    assert len(corpus) == 3


# Plans


@steadily
@given(pairs, budgets, seeds, epochs)
def test_every_pair_comes_once_in_an_epoch(pairs, budget, seed, epoch):
    plan = tokenized(pairs).plan(budget, seed, epoch)
    assert sorted(row for rows in plan for row in rows.tolist()) == list(range(len(pairs)))
    assert all(len(rows) for rows in plan)


@steadily
@given(pairs, budgets, seeds, epochs)
def test_a_batch_keeps_to_the_budget_on_both_sides(pairs, budget, seed, epoch):
    corpus = tokenized(pairs)
    for rows in corpus.plan(budget, seed, epoch):
        batch = corpus.batch(rows)
        assert len(rows) == 1 or max(batch.source_BS.size, batch.target_BT.size) <= budget


@steadily
@given(pairs, budgets, seeds, epochs)
def test_same_arguments_same_plan(pairs, budget, seed, epoch):
    corpus = tokenized(pairs)
    assert as_lists(corpus.plan(budget, seed, epoch)) == as_lists(corpus.plan(budget, seed, epoch))


def test_another_epoch_or_seed_is_another_plan():
    corpus = many()
    plans = [as_lists(corpus.plan(300, seed, epoch)) for seed, epoch in ((1, 0), (1, 1), (2, 0), (0, 1))]
    for index, plan in enumerate(plans):
        for other in plans[:index]:
            assert plan != other  # the order of batches differs
            assert {tuple(sorted(rows)) for rows in plan} != {tuple(sorted(rows)) for rows in other}  # and their rows


def test_little_is_padding():
    corpus = many()
    batches = [corpus.batch(rows) for rows in corpus.plan(300, seed=1, epoch=0)]
    share = np.mean(np.concatenate([batch.target_BT.ravel() == PAD for batch in batches]))
    assert share < 0.1  # nearly half, were lengths mixed
    full = sum(batch.target_BT.size for batch in batches) / (300 * len(batches))
    assert full > 0.5


def test_batches_do_not_go_from_short_to_long():
    corpus = many()
    widths = [corpus.batch(rows).target_BT.shape[1] for rows in corpus.plan(300, seed=1, epoch=0)]
    assert abs(np.corrcoef(widths, np.arange(len(widths)))[0, 1]) < 0.5


@pytest.mark.parametrize(
    ("budget", "sizes"), [(1, [1, 1, 1]), (5, [1, 1, 1]), (6, [1, 2]), (9, [3]), (1000, [3])]
)  # fmt: skip
def test_three_pairs_three_wide(budget, sizes):
    corpus = tokenized([([5, 5], [6]), ([5], [6, 6]), ([5, 5], [6, 6])])
    assert sorted(map(len, corpus.plan(budget, seed=1, epoch=0))) == sizes
