"""Corpora on disk: what is written comes back, under a key that changes with all it was made from."""

import errno
import json
import os
import zlib
from mmap import mmap

import numpy as np
import pytest

from glassformer.data import store
from glassformer.data.check.checker import Checker
from glassformer.data.store import ARRAYS, open_store, write_store
from glassformer.errors import InputError
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizer
from tests.commands import options, run
from tests.data.surveys import survey_of
from tests.letters import QUICK, letters

PAIRS = [Pair(*pair, "a.tsv", line) for line, pair in enumerate(letters(50), start=1)]


@pytest.fixture(scope="module")
def tokenizers(tokenizer):
    return tokenizer, tokenizer


def written(path, texts, tokenizers, held_out=(), valid=()):
    survey = survey_of([pair for text in texts for pair in text])
    held_out = {row: PAIRS[row] for row in held_out}
    survey.leave_out(held_out)
    checker = Checker(survey, [*valid, *held_out.values()], "tokens", 30)
    write_store(path, texts, tokenizers, checker, held_out)
    return open_store(path)


def texts_of(found, tokenizers):
    sides = zip(tokenizers, (found.pairs.sources, found.pairs.targets), strict=True)
    return list(zip(*(tokenizer.decode_all(side.to_lists()) for tokenizer, side in sides), strict=True))


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_what_is_kept_comes_back_in_order(tmp_path, tokenizers, monkeypatch, chunk):
    monkeypatch.setattr(store, "CHUNK", chunk)
    found = written(tmp_path / "s", [PAIRS[:20], [*PAIRS[20:], Pair("", "x"), PAIRS[3]]], tokenizers)
    assert texts_of(found, tokenizers) == [pair[:2] for pair in PAIRS]
    assert found.pairs.sizes == (20, 30)
    assert (found.read, found.dropped, found.held_out) == (52, {"empty": 1, "duplicate": 1}, [])


def test_pairs_held_out_are_not_in_it_but_with_it(tmp_path, tokenizers):
    found = written(tmp_path / "s", [[*PAIRS, PAIRS[7]]], tokenizers, held_out=[30, 7])
    assert texts_of(found, tokenizers) == [pair[:2] for row, pair in enumerate(PAIRS) if row not in (7, 30)]
    assert found.held_out == [PAIRS[30], PAIRS[7]]
    assert (found.read, found.dropped) == (51, {"in_validation": 1})


def test_ids_take_two_bytes_where_the_vocabulary_admits_it(tmp_path, tokenizers, monkeypatch):
    assert written(tmp_path / "s", [PAIRS], tokenizers).pairs.sources.ids.dtype == np.uint16
    monkeypatch.setattr(Tokenizer, "vocab_size", (1 << 16) + 1)
    wide = written(tmp_path / "w", [PAIRS], tokenizers)
    assert wide.pairs.sources.ids.dtype == np.int32
    assert texts_of(wide, tokenizers) == [pair[:2] for pair in PAIRS]


def test_the_files_are_plain_arrays(tmp_path, tokenizers):
    found = written(tmp_path / "s", [PAIRS], tokenizers)
    for side, sentences in (("source", found.pairs.sources), ("target", found.pairs.targets)):
        assert np.array_equal(np.load(tmp_path / "s" / f"{side}.ids.npy"), sentences.ids)
        assert np.array_equal(np.load(tmp_path / "s" / f"{side}.starts.npy"), sentences.starts)
        assert isinstance(sentences.ids, np.memmap)
        assert isinstance(sentences.ids.base, mmap)  # so that `take` can let its pages go


def test_too_few_pairs_leave_no_store(tmp_path, tokenizers):
    with pytest.raises(InputError, match=r"one usable pair in a\.tsv \(2 read; dropped: 1 duplicate\)"):
        written(tmp_path / "s", [[PAIRS[0], PAIRS[0]]], tokenizers)
    assert list(tmp_path.iterdir()) == []


def cut(path):
    path.write_bytes(path.read_bytes()[:-2])


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: cut(s / "source.ids.npy"),
        lambda s: cut(s / "target.starts.npy"),
        lambda s: cut(s / "store.json"),
        lambda s: (s / "target.ids.npy").unlink(),
        lambda s: (s / "store.json").write_text("[]"),
        lambda s: (s / "store.json").write_text(json.dumps({"sizes": [49], "read": 1, "dropped": {}, "held_out": []})),
        lambda s: np.save(s / "source.ids.npy", np.zeros(3, np.uint16)),
        lambda s: np.save(s / "source.ids.npy", np.array([None, 1]), allow_pickle=True),
    ],
)
def test_a_store_that_is_not_whole_is_none(tmp_path, tokenizers, damage):
    written(tmp_path / "s", [PAIRS], tokenizers)
    damage(tmp_path / "s")
    assert open_store(tmp_path / "s") is None


def with_fact(key, value):
    def changed(path):
        facts = json.loads((path / "store.json").read_text())
        (path / "store.json").write_text(json.dumps(facts | {key: value}))

    return changed


def with_array(name, change):
    def changed(path):
        np.save(path / name, change(np.load(path / name)))
        sums = json.loads((path / "store.json").read_text())["sums"]
        with_fact("sums", sums | {name: zlib.crc32((path / name).read_bytes())})(path)

    return changed


@pytest.mark.parametrize(
    "damage",
    [
        *(with_fact("held_out", value) for value in (None, [None], {"a": 1}, [[1, 2]], [["a"]], ["abcd"], [["a"] * 6])),
        *(with_fact("dropped", value) for value in (None, [], "a", {"empty": "x"}, {"empty": [1]})),
        *(with_fact("read", value) for value in (None, "x", {}, [1])),
        *(
            with_array(f"{side}.starts.npy", change)
            for side in ("source", "target")
            for change in (
                lambda starts: np.concatenate([starts[:1], starts[-2:0:-1], starts[-1:]]),
                lambda starts: np.concatenate([starts[:1], starts[1:-1] + 10**15, starts[-1:]]),
                lambda starts: np.concatenate([starts[:1], starts[1:-1] - 10**15, starts[-1:]]),
                lambda starts: np.concatenate([starts[:1], 0 * starts[1:-1], starts[-1:]]),
                lambda starts: starts.astype(np.uint64),
            )
        ),
    ],
)
def test_a_store_that_was_sealed_again_is_none(tmp_path, tokenizers, damage):
    written(tmp_path / "s", [PAIRS], tokenizers, held_out=[30])
    damage(tmp_path / "s")
    assert open_store(tmp_path / "s") is None


@pytest.mark.parametrize(("side", "value"), [("source", -1), ("target", 1 << 15)])
def test_ids_that_no_vocabulary_has_are_made_again(small_corpus, tmp_path, side, value):
    settings = options(QUICK | {"store": f"{tmp_path}/s", "max_steps": 1})
    words = ["train", "--pairs", small_corpus / "train.tsv", *settings]
    assert run(*words, "--out", tmp_path / "first").status == 0
    (path,) = tmp_path.glob("s/corpus-*")
    with_array(f"{side}.ids.npy", lambda ids: np.full(len(ids), value, np.int32))(path)
    second = run(*words, "--out", tmp_path / "second")
    assert second.status == 0
    assert f"{path} was damaged" in " ".join(second.err.split())


def test_no_store_is_none(tmp_path):
    assert open_store(tmp_path / "s") is None


@pytest.mark.parametrize("name", ARRAYS)
def test_a_flipped_bit_is_told(tmp_path, tokenizers, name):
    """Another id of the vocabulary, which only a checksum tells, would be trained on silently."""
    written(tmp_path / "s", [PAIRS], tokenizers)
    content = bytearray((tmp_path / "s" / name).read_bytes())
    content[-2] ^= 1
    (tmp_path / "s" / name).write_bytes(content)
    assert open_store(tmp_path / "s") is None


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))])
def test_one_that_finds_no_memory_is_not_taken_for_damaged(tmp_path, tokenizers, monkeypatch, error):
    written(tmp_path / "s", [PAIRS], tokenizers)

    def load(*given, **named):
        raise error

    monkeypatch.setattr("numpy.load", load)
    with pytest.raises(type(error)) as raised:
        open_store(tmp_path / "s")
    assert raised.value is error


@pytest.mark.parametrize("name", ARRAYS)
def test_a_store_that_is_cut_off_after_its_checksum_was_taken(tmp_path, tokenizers, monkeypatch, name):
    written(tmp_path / "s", [PAIRS], tokenizers)
    sum_of = store._sum

    def sum_and_cut(path):
        total = sum_of(path)
        if path.name == name:
            os.truncate(path, path.stat().st_size // 2)
        return total

    monkeypatch.setattr(store, "_sum", sum_and_cut)
    assert open_store(tmp_path / "s") is None
