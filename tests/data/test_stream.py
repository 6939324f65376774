"""Pairs read while training goes on: each epoch whole, reproducible, and skipped exactly."""

from collections import Counter

import pytest

from glassformer.data import batches, stream
from glassformer.data.check.report import DEFAULT_DROP
from glassformer.data.resampling import Resampling
from glassformer.data.stream import StreamedPairs
from glassformer.errors import InputError
from glassformer.text.pair_text import PairText
from glassformer.text.pairs import Pair
from tests.letters import letters

PAIRS = [Pair(*pair) for pair in letters(60)]


@pytest.fixture(scope="module")
def tokenizers(tokenizer):
    return tokenizer, tokenizer


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(stream, "POOL", 25)
    monkeypatch.setattr(stream, "CHUNK", 7)
    assert batches.POOL > 25


def streamed(tokenizers, *texts, weights=None, validation=(), **options):
    texts = [PairText.from_memory(text) for text in texts]
    return StreamedPairs(texts, weights or [1.0] * len(texts), tokenizers, validation, 30, DEFAULT_DROP, **options)


def epoch_of(pairs, epoch=0, first=0):
    return [(b.source_BS.tolist(), b.target_BT.tolist()) for b in pairs.batches(60, 1, epoch, first)]


def texts_in(pairs, tokenizers, epoch=0):
    sources = [row for batch in pairs.batches(60, 1, epoch) for row in batch.source_BS.tolist()]
    return [tokenizers[0].decode(row) for row in sources]


def test_an_epoch_has_every_pair_once(tokenizers):
    stream = streamed(tokenizers, PAIRS[:20], PAIRS[20:])
    assert stream.report() == ""
    texts = texts_in(stream, tokenizers)
    assert sorted(texts) == sorted(pair.source for pair in PAIRS)
    assert set(texts[:25]) == {pair.source for pair in PAIRS[:25]}  # a pool after the other
    assert texts[:25] != [pair.source for pair in PAIRS[:25]]
    assert stream.report() == "60 pairs read; dropped: none"


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_what_was_used_can_be_skipped(tokenizers, dropout):
    resample = Resampling(*tokenizers, dropout, max_length=30) if dropout else None
    pairs = streamed(tokenizers, PAIRS, weights=[1.5], resample=resample)
    whole = epoch_of(pairs, epoch=2)
    assert whole == epoch_of(pairs, epoch=2) != epoch_of(pairs, epoch=3)
    for first in (1, 5, len(whole) - 1, len(whole)):
        assert epoch_of(pairs, 2, first) == whole[first:]


def test_weights_say_how_often_a_pair_comes(tokenizers):
    pairs = streamed(tokenizers, PAIRS[:20], PAIRS[20:], weights=[2.0, 0.5])
    counts = Counter(texts_in(pairs, tokenizers))
    assert all(counts[pair.source] == 2 for pair in PAIRS[:20])
    assert all(counts[pair.source] <= 1 for pair in PAIRS[20:])
    assert 8 <= sum(counts[pair.source] for pair in PAIRS[20:]) <= 32


def test_what_is_dropped_is_told(tokenizers):
    odd = [Pair("", "a"), Pair("a " * 40, "b"), *PAIRS, PAIRS[0]]
    stream = streamed(tokenizers, odd, validation=PAIRS[1:3])
    texts = texts_in(stream, tokenizers)
    assert Counter(texts) == Counter(pair.source for pair in [*PAIRS[:1], *PAIRS[3:], PAIRS[0]])
    assert stream.report() == "63 pairs read; dropped: 1 empty, 1 too_long, 2 in_validation"


def test_a_stream_of_nothing_is_refused(tokenizers):
    with pytest.raises(InputError, match=r"no usable pair in the stream \(1 pairs read; dropped: 1 empty\)"):
        epoch_of(streamed(tokenizers, [Pair("", "a")]))
