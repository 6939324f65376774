"""Splits drawn at random: of the same text, the same for the same seed, and never too long."""

import numpy as np
import pytest

from glassformer.data.batches import Sentences, TokenizedPairs
from glassformer.data.modifiers import MODIFIERS, STANDARD
from glassformer.data.resampling import Resampling
from glassformer.special import EOS
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


# Modified texts

WORDS = Tokenizer.train([f"{text}. {text.upper()}" for pair in letters(300) for text in pair], 280, "bpe")
SENTENCES = [(f"{source}.", f"{target}.") for source, target in letters(300)]


def modifying(modifiers, dropout=0.0, max_length=200):
    return Resampling(WORDS, WORDS, dropout, max_length, modifiers)


def pair_texts(pairs):
    return list(zip(texts_of(WORDS, pairs.sources), texts_of(WORDS, pairs.targets), strict=True))


def test_texts_are_modified_and_the_others_keep_their_ids():
    plain = pairs_of(WORDS, SENTENCES)
    after = modifying({"UpperCase": 0.3})(plain, [1, 0])
    shouted = [(source.upper(), target.upper()) for source, target in SENTENCES]
    texts = pair_texts(after)
    assert 50 < sum(one == other for one, other in zip(texts, shouted, strict=True)) < 130
    for row, (text, before, loud) in enumerate(zip(texts, SENTENCES, shouted, strict=True)):
        assert text in (before, loud)
        assert text == loud or after.sources[row].tolist() == plain.sources[row].tolist()


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_modified_the_same_for_the_same_seed_alone(dropout):
    plain, resampling = pairs_of(WORDS, SENTENCES), modifying(STANDARD, dropout)
    first, again, other = (resampling(plain, seed).sources.ids.tolist() for seed in ([1, 0], [1, 0], [1, 1]))
    assert first == again != other


def test_dropout_splits_as_it_did_without_modifiers():
    """A run that begins again as it was draws the same numbers."""
    plain = pairs_of(WORDS, SENTENCES)
    one, other = (modifying(modifiers, 0.3)(plain, [1, 0]) for modifiers in ({}, {"InlineNoise": 1e-9}))
    assert one.sources.ids.tolist() == other.sources.ids.tolist()


def test_a_pair_that_would_become_too_long_or_empty_stays():
    plain = pairs_of(WORDS, SENTENCES)
    limit = int(plain.sources.lengths.max()) + 1
    after = modifying({"Merge": 1.0}, max_length=limit)(plain, [1, 0])
    assert max(after.sources.lengths.max(), after.targets.lengths.max()) <= limit
    kept = sum(text == before for text, before in zip(pair_texts(after), SENTENCES, strict=True))
    assert 0 < kept < len(SENTENCES)


def test_joined_pairs_count_as_one_and_every_pair_comes_once():
    plain = pairs_of(WORDS, SENTENCES)
    corpus = TokenizedPairs(plain.sources, plain.targets, resample=modifying({"Merge": 0.5}))
    batches = list(corpus.batches(300, seed=1, epoch=0))
    assert sorted(row for batch in batches for row in batch.rows.tolist()) == list(range(len(SENTENCES)))
    rows = {}
    for batch in batches:
        sides = batch.source_BS.tolist(), batch.target_BT.tolist()
        rows |= dict(
            zip(batch.rows.tolist(), zip(*(map(WORDS.decode, side) for side in sides), strict=True), strict=True)
        )
    assert all(text[0].startswith(before[0]) for text, before in zip(map(rows.get, range(300)), SENTENCES, strict=True))
    assert 100 < sum(rows[row] != before for row, before in enumerate(SENTENCES)) < 200
    for batch in batches:
        assert len(batch.rows) == 1 or max(batch.source_BS.size, batch.target_BT.size) <= 300


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_modified_batches_go_on_the_same_from_any_number_on(dropout):
    plain = pairs_of(WORDS, SENTENCES)
    corpus = TokenizedPairs(plain.sources, plain.targets, resample=modifying(STANDARD, dropout))

    def epoch(number, first=0):
        batches = corpus.batches(200, seed=1, epoch=number, first=first)
        return [(batch.source_BS.tolist(), batch.target_BT.tolist()) for batch in batches]

    assert epoch(0) == epoch(0) != epoch(1)
    for first in (1, 7, len(epoch(1)) - 1):
        assert epoch(1, first) == epoch(1)[first:]


def test_nothing_becomes_a_control_token():
    texts = [("<s> a </s> b.", "<pad> <unk> c.")] * 200
    after = modifying(dict.fromkeys(MODIFIERS, 0.5))(pairs_of(WORDS, texts), [1, 0])
    for side in (after.sources, after.targets):
        assert all(min(ids) >= 4 for ids in side.to_lists())
        assert (side.ids == EOS).sum() == len(texts)
