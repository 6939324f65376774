"""Splits drawn at random: of the same text, the same for the same seed, and never too long."""

import numpy as np
import pytest

from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.data.resampling import Resampling
from glassformer.text.tokenizer import Tokenizer
from tests.letters import letters

ODD = ["", "a ▁ b", "▁", "  two  spaces ", "नमस्ते 🙂", "a▁a▁"]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def tokenizer(request):
    return Tokenizer.train([text.replace(" ", "") for text, _ in letters(400)], 290, request.param)


def texts_of(tokenizer, sentences):
    return tokenizer.decode_all(sentences.to_lists())


def pairs_of(tokenizer, texts):
    sides = [tokenizer.encode_all(side) for side in zip(*texts, strict=True)]
    return TokenizedPairs(*map(Sentences.from_lists, sides))


def test_the_text_stays_and_its_split_changes(tokenizer):
    texts = [text.replace(" ", "") for text, _ in letters(300)] + ODD
    plain, sampled = tokenizer.encode_all(texts), tokenizer.sample_all(texts, 0.3, seed=1)
    assert [tokenizer.decode(ids) for ids in sampled] == texts == tokenizer.decode_all(sampled)
    assert sum(new != old for new, old in zip(sampled, plain, strict=True)) > 30
    assert sum(map(len, sampled)) > sum(map(len, plain))


def test_same_seed_same_split(tokenizer):
    texts = [text.replace(" ", "") for text, _ in letters(300)] + ODD
    first = tokenizer.sample_all(texts, 0.3, seed=1)
    assert tokenizer.sample_all(texts, 0.3, seed=2) != first
    assert tokenizer.sample_all(texts, 0.3, seed=1) == first


def test_bpe_without_dropout_is_the_plain_split():
    tokenizer = Tokenizer.train([text for text, _ in letters(100)], 273, "bpe")
    texts = [text for text, _ in letters(100)] + ODD
    assert tokenizer.sample_all(texts, 0.0, seed=1) == tokenizer.encode_all(texts) == list(map(tokenizer.encode, texts))


def test_nothing_to_sample(tokenizer):
    assert tokenizer.sample_all([], 0.1, seed=1) == tokenizer.decode_all([]) == []


def test_both_sides_are_split_anew_each_by_its_own_draw(tokenizer):
    texts = [(text.replace(" ", ""),) * 2 for text, _ in letters(300)]
    pairs = pairs_of(tokenizer, texts)
    dropout = Resampling(tokenizer, tokenizer, 0.3, max_length=100)
    sampled = dropout(pairs, [1, 0])
    for side in (sampled.sources, sampled.targets):
        assert texts_of(tokenizer, side) == [text for text, _ in texts]
    assert not np.array_equal(sampled.sources.ids, sampled.targets.ids)
    assert not np.array_equal(sampled.sources.ids, dropout(pairs, [1, 1]).sources.ids)
    assert np.array_equal(sampled.sources.ids, dropout(pairs, [1, 0]).sources.ids)


def test_what_would_become_too_long_keeps_its_plain_split(tokenizer):
    texts = [(text.replace(" ", ""), text.replace(" ", "")[::-1]) for text, _ in letters(300)]
    pairs = pairs_of(tokenizer, texts)
    free = Resampling(tokenizer, tokenizer, 0.3, max_length=100)(pairs, [7])
    longest = np.maximum(free.sources.lengths, free.targets.lengths)
    limit = int(np.median(longest))
    held = Resampling(tokenizer, tokenizer, 0.3, max_length=limit)(pairs, [7])
    assert 0 < (longest > limit).sum() < len(pairs)
    for row in range(len(pairs)):
        expected = pairs if longest[row] > limit else free
        assert held.sources[row].tolist() == expected.sources[row].tolist()
        assert held.targets[row].tolist() == expected.targets[row].tolist()


def test_an_epoch_samples_anew_and_a_resumed_one_goes_on_the_same(tokenizer):
    texts = [(text.replace(" ", ""),) * 2 for text, _ in letters(200)]
    plain = pairs_of(tokenizer, texts)
    dropout = Resampling(tokenizer, tokenizer, 0.3, max_length=100)
    corpus = TokenizedPairs(plain.sources, plain.targets, resample=dropout)

    def epoch(number, first=0):
        return [batch.source_BS.tolist() for batch in corpus.batches(100, seed=1, epoch=number, first=first)]

    assert epoch(0) == epoch(0) != epoch(1)
    assert epoch(1, first=3) == epoch(1)[3:]
    assert sorted(row for batch in corpus.batches(100, 1, 0) for row in batch.rows.tolist()) == list(range(200))
