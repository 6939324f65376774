import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.errors import InputError, UsageError
from glassformer.search import SearchOptions, search

from .tables import END, START, Tree, bigram, find

WAYS = {
    "greedy": SearchOptions(beam=1),
    "beam": SearchOptions(beam=3, n_best=2),
    "sample": SearchOptions(sample=True, n_best=2),
    "nucleus": SearchOptions(sample=True, top_k=3, top_p=0.9, temperature=0.8),
    "penalised": SearchOptions(beam=3, n_best=3, repetition_penalty=1.7, no_repeat_ngram=2, min_length=2),
}
every_way = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)


@every_way
@given(seed=st.integers(0, 2**31), limits=st.lists(st.integers(1, 5), min_size=5, max_size=5))
def test_a_sentence_does_not_depend_on_its_batch(options, seed, limits):
    tree = Tree.random(seed, sentences=5)
    seeds, shuffled = [11, 12, 13, 14, 15], [3, 0, 4, 2, 1]
    together = find(tree, limits, options, seeds=seeds)
    alone = [find(tree, [limits[i]], options, seeds=[seeds[i]], state=tree.state([i]))[0] for i in range(5)]
    mixed = find(
        tree,
        [limits[i] for i in shuffled],
        options,
        seeds=[seeds[i] for i in shuffled],
        state=tree.state(shuffled),
    )
    assert together == alone
    assert mixed == [together[i] for i in shuffled]


@every_way
@given(seed=st.integers(0, 2**31))
def test_a_score_is_that_of_its_tokens_alone(options, seed):
    tree = Tree.random(seed, sentences=3)
    for sentence, hypotheses in enumerate(find(tree, [5, 3, 4], options)):
        for one in hypotheses:
            assert list(one.token_log_probs) == tree.log_probs(one.tokens, sentence)
            assert one.log_prob == pytest.approx(math.fsum(one.token_log_probs))
            penalty = ((5 + len(one.tokens)) / 6) ** options.length_penalty
            assert one.score == pytest.approx(one.log_prob / penalty)


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (SearchOptions(beam=1), [4, 3, 2, 1]),
        (SearchOptions(sample=True), [4, 3, 2, 1]),
        (SearchOptions(beam=2), [4, 6, 4, 2]),
    ],
)
def test_finished_sentences_cost_nothing(options, rows):
    tree = Tree.random(2, sentences=4)
    tree.table_BXV[:, :, END] = -50
    find(tree, [1, 2, 3, 4], options)
    assert tree.rows_seen == rows


@every_way
def test_limits_and_the_least_length_are_kept(options):
    tree = Tree.random(8, sentences=20)
    for hypotheses in find(tree, [4] * 20, options):
        for one in hypotheses:
            assert len(one.tokens) <= 4
            assert one.finished == (one.tokens[-1] == END)
            assert END not in one.tokens[:-1]
            assert len(one.tokens) - one.finished >= options.min_length


@every_way
def test_forbidden_tokens_are_never_said(options):
    found = find(Tree.random(9, sentences=20), [5] * 20, options, suppress_tokens=[1, START])
    said = {token for hypotheses in found for one in hypotheses for token in one.tokens}
    assert said == {END, 2}


@every_way
def test_a_prefix_is_said_first_and_scored_by_the_model(options):
    tree = Tree.random(10, sentences=3)
    prefixes = [(3, 3, 3), (), (1, 2, 1, 2)]
    found = find(tree, [5, 5, 4], options, prefixes=prefixes, suppress_tokens=[3])
    for sentence, hypotheses in enumerate(found):
        for one in hypotheses:
            assert one.tokens[: len(prefixes[sentence])] == prefixes[sentence]
            assert one.token_log_probs == pytest.approx(tree.log_probs(one.tokens, sentence))
    assert found[2][0].tokens == (1, 2, 1, 2) and not found[2][0].finished
    assert find(tree, [5], options, state=tree.state([1]), suppress_tokens=[3], seeds=[options.seed + 1]) == [found[1]]


def test_search_after_a_prefix_is_exhaustive_too():
    tree = Tree.random(11)
    expected = next(tokens for _, tokens in tree.ranking(5, 0.6) if tokens[:2] == (2, 1))
    (found,) = find(tree, [5], SearchOptions(beam=300), prefixes=[(2, 1)])
    assert found[0].tokens == expected


def test_no_ngram_comes_twice():
    tree = Tree.random(12, sentences=30, sharpness=4)
    for way in (SearchOptions(beam=1, no_repeat_ngram=1), SearchOptions(no_repeat_ngram=1)):
        for (one,) in find(tree, [5] * 30, way):
            assert len(set(one.tokens)) == len(one.tokens)


def test_a_repetition_penalty_steers_but_is_not_reported():
    tree = bigram([[1, 0, 0, 0], [0.3, 0.4, 0.3, 0], [0.4, 0.3, 0.3, 0], [0, 1, 0, 0]])
    ((plain,),) = find(tree, [3], SearchOptions(beam=1, min_length=2))
    assert plain.tokens == (1, 1, 1)
    for beam in (1, 2):
        ((steered,),) = find(tree, [3], SearchOptions(beam=beam, min_length=2, repetition_penalty=3))
        assert steered.tokens == (1, 2, END)
        assert steered.token_log_probs == pytest.approx([0, math.log(0.3), math.log(0.4)])


@every_way
def test_what_the_model_rules_out_everywhere_still_ends(options):
    tree = bigram([[0, 0, 0, 0]] * 4)
    ((one, *_),) = find(tree, [5], options)
    assert one.tokens == (END,) and one.log_prob == -math.inf


@every_way
def test_nan_is_refused(options):
    tree = Tree.random(1)
    tree.table_BXV[0, 0, 2] = math.nan
    with pytest.raises(InputError, match="the model gave NaN"):
        find(tree, [5], options)


@every_way
def test_nothing_to_do(options):
    tree = Tree.random(1)
    assert find(tree, [], options, state=tree.state([])) == []


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"limits": [0, 5]}, UsageError, "sentence 1: its limit is 0"),
        ({"limits": [5]}, UsageError, "1 limits, 2 prefixes"),
        ({"seeds": [1]}, UsageError, "1 seeds"),
        ({"suppress_tokens": [END]}, UsageError, "nothing could ever finish"),
        ({"prefixes": [(), (1, END)]}, UsageError, "sentence 2"),
        ({"prefixes": [(-1,), ()]}, UsageError, "sentence 1"),
        ({"prefixes": [(), (1,) * 6]}, InputError, "sentence 2: its prefix has 6 tokens"),
    ],
)
def test_wrong_calls_are_refused(more, error, said):
    tree = Tree.random(1, sentences=2)
    call = {"limits": [5, 5], "prefixes": [(), ()], "options": SearchOptions(), **more}
    with pytest.raises(error, match=said):
        search(tree.step, tree.state(), start=START, end=END, **call)
