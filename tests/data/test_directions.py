"""Several directions in one corpus: of files and of columns, their shares by temperature, and how they are checked."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.data.check.checker import Checker, check_pairs
from glassformer.data.check.report import Problem
from glassformer.data.pair_files import pair_files
from glassformer.data.prepare import ONE_AFTER_ANOTHER
from glassformer.data.prepare import prepare as prepare_data
from glassformer.data.shuffle import EpochOrder, temperature_weights
from glassformer.errors import InputError, UsageError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import Pair
from glassformer.training.config import RunConfig
from glassformer.training.run.fingerprint import batching_key
from tests.data.surveys import survey_of
from tests.letters import QUICK, letters, write_tsv

PAIRS = [(source, f"{target} f f") for source, target in letters(300)]


@pytest.fixture
def file(tmp_path):
    return str(write_tsv(tmp_path / "both.tsv", PAIRS))


@pytest.fixture
def both_ways(file, tmp_path):
    """One file, read in both directions."""
    return QUICK | {
        "vocab_size": 273,
        "pairs": [file, file],
        "columns": [1, 2, 2, 1],
        "directions": ["ab-cd", "cd-ab"],
        "store": str(tmp_path / "store"),
    }


def prepare(settings, tokenizers=None):
    config = RunConfig.from_flat(settings)
    return prepare_data(config.data, config.vocabulary, config.model.max_length, config.training.seed, tokenizers)


def texts_of(prepared, epoch=0):
    """(symbol, source, target) of each pair of an epoch."""
    source, target = prepared.tokenizers
    rows = [
        row
        for batch in prepared.train.batches(100, 1, epoch)
        for row in zip(batch.source_BS.tolist(), batch.target_BT.tolist(), strict=True)
    ]
    return [(source.piece(ids[0]), source.decode(ids), target.decode(other)) for ids, other in rows]


# Files


def test_columns_and_directions_are_of_all_files_or_of_each():
    assert [file.columns for file in pair_files(["a", "b"], [1, 2], [])] == [[1, 2], [1, 2]]
    assert [file.columns for file in pair_files(["a", "b"], [1, 2, 2, 1], [])] == [[1, 2], [2, 1]]
    assert [file.columns for file in pair_files(["a", "b"], ["x", "y", "z"], [])] == [["x", "y", "z"]] * 2
    assert [file.columns for file in pair_files(["a", "b", "c"], list(range(6)), [])] == [[0, 1], [2, 3], [4, 5]]
    assert [file.columns for file in pair_files(["a", "b"], list(range(6)), [])] == [[0, 1, 2], [3, 4, 5]]
    assert [file.direction for file in pair_files(["a", "b"], [], ["en-hi"])] == ["en-hi", "en-hi"]
    assert [file.direction for file in pair_files(["a", "b"], [], ["en-hi", "hi-en"])] == ["en-hi", "hi-en"]
    assert [file[1:] for file in pair_files(["a", "b"], [], [])] == [((), ""), ((), "")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"directions": ["en-hi"] * 3}, "directions are 3 for 2 files of pairs; give one each, or one for all"),
        ({"directions": ["en-pt-BR"]}, "directions: 'en-pt-BR' is no direction"),
        ({"columns": [1, 2, 3, 4, 5]}, "must be two that differ: source, target; a third has the direction; several"),
        ({"columns": [1, 2, 2, 2]}, "must be two that differ"),
        ({"columns": [1, 2, 3], "directions": ["hi"]}, "both give the direction; leave one out"),
        ({"valid_pairs": ["c"], "directions": ["hi", "en"]}, "directions are of 2 files; give valid_directions"),
        ({"valid_pairs": ["c"], "columns": [1, 2, 2, 1]}, "valid_columns = [1, 2, 2, 1] must be two"),
        ({"valid_columns": [1, 2]}, "valid_columns goes with files of --valid-pairs, and there is none"),
        ({"valid_directions": ["hi"]}, "valid_directions is of validation pairs, and there are none"),
        ({"pairs": [], "corpus": "phrasebook", "directions": ["en", "hi"]}, "directions are 2 for one text"),
        ({"pairs": ["a"], "sampling_temperature": 5}, "weighs files of pairs against each other; give several"),
        ({"pair_weights": [1, 2], "sampling_temperature": 5}, "both say how often pairs come; leave one out"),
        ({"stream": True, "valid_pairs": ["c"], "sampling_temperature": 5}, "which a stream does not know"),
    ],
)
def test_what_does_not_fit_is_refused(settings, words):
    with pytest.raises(UsageError) as refused:
        RunConfig.from_flat({"pairs": ["a", "b"]} | settings)
    assert words in str(refused.value)


def test_validation_files_are_as_the_training_files_unless_said():
    settings = {
        "pairs": ["a", "b"],
        "columns": [1, 2, 2, 1],
        "directions": ["en-hi", "hi-en"],
        "valid_pairs": ["c", "d"],
    }
    data = RunConfig.from_flat(settings).data
    assert [file[1:] for file in data.valid_files] == [file[1:] for file in data.train_files]
    own = {"valid_pairs": ["c"], "valid_columns": [2, 1], "valid_directions": ["hi-en"]}
    assert RunConfig.from_flat(settings | own).data.valid_files == [("c", (2, 1), "hi-en")]


def test_a_digest_is_another_for_another_direction():
    text = PairText.from_memory([Pair("a", "b")])
    assert text.directed("") is text
    digests = {text.digest(), text.directed("en-hi").digest(), text.directed("en-de").digest()}
    assert len(digests) == 3
    own = [PairText.from_memory([Pair("a", "b", direction=one)]).digest() for one in ("", "en-hi")]
    assert own[0] == text.digest() != own[1]


# Training


def test_one_file_is_read_both_ways(both_ways):
    prepared = prepare(both_ways)
    pairs = texts_of(prepared)
    assert prepared.tokenizers[0].targets == ("ab", "cd")
    there = {(source, target) for symbol, source, target in pairs if symbol == "<2cd>"}
    back = {(target, source) for symbol, source, target in pairs if symbol == "<2ab>"}
    held_out = {
        (pair.source, pair.target) if pair.to == "cd" else (pair.target, pair.source) for pair in prepared.valid
    }
    assert there == back == set(PAIRS) - held_out  # what is held out of one direction is not trained on in the other
    assert {pair.direction for pair in prepared.valid} == {"ab-cd", "cd-ab"}
    first = [prepared.tokenizers[0].piece(ids[0]) for ids in prepared.valid_ids.sources.to_lists()]
    assert first == [f"<2{pair.to}>" for pair in prepared.valid]


def test_a_column_gives_the_same_corpus_as_the_option(both_ways, tmp_path):
    rows = [*((*pair, "ab-cd") for pair in PAIRS), *((*reversed(pair), "cd-ab") for pair in PAIRS)]
    lines = "".join("\t".join(row) + "\n" for row in rows)
    (tmp_path / "mixed.tsv").write_text(lines, encoding="utf-8")
    mixed = both_ways | {"pairs": [str(tmp_path / "mixed.tsv")], "columns": [1, 2, 3], "directions": []}
    one, other = prepare(both_ways), prepare(mixed)
    assert sorted(texts_of(one)) == sorted(texts_of(other))
    assert [pair[:2] for pair in one.valid] == [pair[:2] for pair in other.valid]


def test_without_directions_no_symbol_is_learnt_and_nothing_is_put_before_a_source(both_ways, file):
    plain = prepare(both_ways | {"pairs": [file], "columns": [], "directions": []})
    assert plain.tokenizers[0].targets == ()
    starts = {ids[0] for ids in plain.train.sources.to_lists()}
    assert starts == {plain.tokenizers[0].encode(source)[0] for source, _ in PAIRS}


def test_a_symbol_outlives_subword_dropout(both_ways):
    plain, sampled = prepare(both_ways), prepare(both_ways | {"subword_dropout": 0.3})
    assert sorted(texts_of(plain)) == sorted(texts_of(sampled))
    assert plain.train.sources.ids.sum() != sum(batch.source_BS.sum() for batch in sampled.train.batches(100, 1, 0))


def test_a_stream_has_the_symbols_and_says_that_its_directions_do_not_mix(both_ways, tmp_path):
    valid = str(write_tsv(tmp_path / "valid.tsv", [("a b c d", "e f")]))
    streamed = prepare(both_ways | {"stream": True, "valid_pairs": [valid] * 2})
    stored = prepare(both_ways | {"valid_pairs": [valid] * 2})
    assert sorted(texts_of(streamed)) == sorted(texts_of(stored))
    assert ONE_AFTER_ANOTHER in streamed.notes
    assert ONE_AFTER_ANOTHER not in stored.notes


def test_a_model_is_trained_on_in_its_own_targets_alone(both_ways):
    tokenizers = prepare(both_ways).tokenizers
    prepare(both_ways | {"directions": ["xy-ab"]}, tokenizers)
    with pytest.raises(InputError, match=r"both\.tsv:1: no target 'fr': the model's targets are ab, cd"):
        prepare(both_ways | {"directions": ["en-ab", "en-fr"]}, tokenizers)
    with pytest.raises(InputError, match=r"both\.tsv:1: the model has the targets ab, cd; say which one"):
        prepare(both_ways | {"directions": []}, tokenizers)


# Temperature


def exact_share(sizes, number, temperature):
    """n^(1/T) / sum n^(1/T) with sizes that are T-th powers, so that it is a fraction."""
    roots = [round(size ** (1 / temperature)) for size in sizes]
    assert [root**temperature for root in roots] == list(sizes)
    return Fraction(roots[number], sum(roots))


@pytest.mark.parametrize(
    ("sizes", "temperature"), [((100, 900), 2), ((32, 1, 243), 5), ((64, 125000), 3), ((7, 9, 5), 1)]
)
def test_an_epoch_has_the_shares_of_the_formula(sizes, temperature):
    order = EpochOrder(sizes, temperature_weights(sizes, temperature), (1, 0))
    bounds = np.cumsum([0, *sizes])
    rows = order.rows(0, len(order))
    counts = np.histogram(rows, bins=bounds)[0].tolist()
    assert abs(len(order) - sum(sizes)) <= len(sizes) / 2  # each count is rounded
    for number, count in enumerate(counts):
        assert abs(count - float(sum(sizes) * exact_share(sizes, number, temperature))) <= 0.5


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any), st.floats(1, 1e6))
def test_a_small_corpus_gains_and_the_epoch_stays(sizes, temperature):
    weights = temperature_weights(sizes, temperature)
    total = sum(size * weight for size, weight in zip(sizes, weights, strict=True))
    assert total == pytest.approx(sum(sizes))
    by_size = [
        weight for _, weight in sorted((size, weight) for size, weight in zip(sizes, weights, strict=True) if size)
    ]
    assert all(one >= other * (1 - 1e-9) for one, other in pairwise(by_size))


def test_temperature_one_is_the_corpus_as_it_is():
    sizes = (17, 4000, 123)
    plain, warm = (EpochOrder(sizes, one, (3, 1)) for one in ((1.0,) * 3, temperature_weights(sizes, 1)))
    assert (plain.rows(0, len(plain)) == warm.rows(0, len(warm))).all()


def test_a_small_file_gets_its_share_of_a_training(both_ways, tmp_path):
    few = str(write_tsv(tmp_path / "few.tsv", [(f"e {source} e", "a") for source, _ in letters(30)]))
    valid = str(write_tsv(tmp_path / "valid.tsv", [("a b c d", "e f")]))
    settings = {"pairs": [both_ways["pairs"][0], few], "columns": [], "valid_pairs": [valid] * 2}
    prepared = prepare(both_ways | settings | {"sampling_temperature": 2})
    counts = Counter(symbol for symbol, _, _ in texts_of(prepared))
    roots = 300**0.5, 30**0.5
    assert counts["<2ab>"] == pytest.approx(330 * roots[1] / sum(roots), abs=0.5)
    assert counts["<2cd>"] == pytest.approx(330 * roots[0] / sum(roots), abs=0.5)
    share = 100 * roots[1] / sum(roots)
    (note,) = [note for note in prepared.notes if note.startswith("an epoch has")]
    assert f"{share:.1f} % from {few} cd-ab (which has 9.1 % of the pairs)" in note


def test_another_temperature_makes_other_batches(both_ways):
    config = RunConfig.from_flat(both_ways)
    data = prepare(both_ways)
    keys = {batching_key(RunConfig.from_flat(both_ways | {"sampling_temperature": t}), data) for t in (None, 2, 5)}
    assert len(keys) == 3
    assert batching_key(config, data) in keys


# The check


def numbered(texts, direction):
    return [Pair(*text, "t.tsv", line, direction) for line, text in enumerate(texts, start=1)]


def test_a_source_with_two_targets_is_a_conflict_only_in_one_direction():
    hindi, german = (
        numbered([("We are friends", target)], way) for target, way in (("हम दोस्त हैं", "en-hi"), ("Wir", "en-de"))
    )
    counts = check_pairs([*hindi, *german]).counts
    assert counts[Problem.CONFLICT] == counts[Problem.DUPLICATE] == 0
    assert check_pairs([*hindi, *numbered([("We are friends", "हम मित्र हैं")], "en-hi")]).counts[Problem.CONFLICT] == 1
    assert check_pairs([*hindi, *hindi]).counts[Problem.DUPLICATE] == 1


def test_a_pair_is_in_validation_the_other_way_round_too():
    validation = numbered([("a b c", "x y z")], "en-hi")
    for pairs, dropped in (
        (numbered([("x y z", "a b c")], "hi-en"), 1),
        (numbered([("a b c", "x y z")], "en-hi"), 1),
        ([Pair("x y z", "a b c")], 0),
    ):
        plain = [pair._replace(direction=pairs[0].direction and pair.direction) for pair in validation]
        checker = Checker(survey_of(pairs), plain, "words", None)
        assert [checker.keeps(0, pair, 3, 3) for pair in pairs] == [not dropped]
        assert checker.report.dropped[Problem.IN_VALIDATION] == dropped


def test_lengths_and_scripts_are_those_of_the_direction():
    long = [(f"{source} {'और ' * 20}", source) for source, _ in letters(60)]  # 80 characters to 5
    ways = [*numbered(long, "hi-en"), *numbered([pair[::-1] for pair in long], "en-hi")]
    assert check_pairs(ways).counts[Problem.LENGTH_RATIO] == 0
    assert check_pairs([pair._replace(direction="") for pair in ways]).counts[Problem.LENGTH_RATIO] > 0
    latin = numbered([("नमस्ते दुनिया", text) for text, _ in letters(60)], "hi-en")
    back = numbered([(text, "नमस्ते दुनिया") for text, _ in letters(60)], "en-hi")
    odd = numbered([("ok", "ok then")], "en-hi")
    report = check_pairs([*latin, *back, *odd])
    assert report.counts[Problem.SCRIPT] == 1
    assert not any(remark.kind == "swapped" for remark in report.remarks)
