"""Splits drawn at random: from the distribution that the papers give, without any draw as always, and reproducible."""

import io
import math
import subprocess
import sys
from collections import Counter
from itertools import combinations

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.special import BOS, EOS, PAD, PIECES, UNK
from glassformer.text.normalization import normalizer
from glassformer.text.tokenizer import Tokenizer
from tests.text.test_tokenizer import SYMBOLS, corpus, texts

DRAWS = 20_000
SURE = 1000.0  # so large an alpha leaves no split a chance but the best
LONG = "".join(corpus()[:6]).replace(" ", "")


def trained(kind, symbols=()):
    return Tokenizer.train(corpus(), 480, kind, user_symbols=symbols)


TOKENIZERS = {(kind, symbols): trained(kind, symbols) for kind in ("bpe", "unigram") for symbols in ((), SYMBOLS)}
BPE, UNIGRAM = TOKENIZERS["bpe", ()], TOKENIZERS["unigram", ()]
WITH_RULES = {
    kind: TOKENIZERS[kind, SYMBOLS].with_rules(normalizer("source").serialized_normalizer_spec())
    for kind in ("bpe", "unigram")
}


def library(tokenizer):
    """SentencePiece itself, with the same model."""
    return sentencepiece.SentencePieceProcessor(model_proto=tokenizer.to_bytes())


def frequencies(tokenizer, text, strength):
    """How often each split came, as pieces."""
    ids = Counter(map(tuple, tokenizer.sample_all([text] * DRAWS, strength, seed=1)))
    return {tuple(map(tokenizer.piece, split)): count / DRAWS for split, count in ids.items()}


def assert_drawn_from(expected, found):
    """Every frequency is within five standard deviations of its probability, and nothing else came."""
    assert sum(expected.values()) == pytest.approx(1)
    assert found.keys() <= expected.keys()
    for split, probability in expected.items():
        deviation = math.sqrt(probability * (1 - probability) / DRAWS)
        assert found.get(split, 0) == pytest.approx(probability, abs=5 * deviation + 2 / DRAWS), split


# As SentencePiece splits, where nothing is left to chance

symbolic = st.lists(st.sampled_from([*SYMBOLS, "<2h", "hi>", "don’t", "NUM", "the", " ", "▁", "ज"]) | texts).map(
    "".join
)


@settings(max_examples=200)
@given(text=texts | symbolic)
def test_no_merge_left_out_is_the_plain_split(text):
    for tokenizer in (BPE, TOKENIZERS["bpe", SYMBOLS], WITH_RULES["bpe"]):
        assert tokenizer.sample_all([text], 0.0, seed=1) == [tokenizer.encode(text)]


@settings(max_examples=200)
@given(text=texts)
def test_the_best_split_is_the_plain_one(text):
    assert UNIGRAM.sample_all([text], SURE, seed=1) == [UNIGRAM.encode(text)]


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM], ids=["bpe", "unigram"])
def test_the_plain_split_of_every_line_and_of_text_without_spaces(tokenizer):
    lines = [*corpus(), LONG, *(line.replace(" ", "") for line in corpus())]
    strength = 0.0 if tokenizer is BPE else SURE
    assert tokenizer.sample_all(lines, strength, seed=1) == tokenizer.encode_all(lines)


def test_pieces_may_reach_across_spaces():
    """As in a tokenizer that was trained elsewhere."""
    model, (pad, unk, bos, eos) = io.BytesIO(), PIECES
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat and the cat sat on it"] * 50), model_writer=model,
        model_type="bpe", vocab_size=320, split_by_whitespace=False, byte_fallback=True, minloglevel=2,
        pad_id=PAD, unk_id=UNK, bos_id=BOS, eos_id=EOS, pad_piece=pad, unk_piece=unk, bos_piece=bos, eos_piece=eos,
    )  # fmt: skip
    tokenizer, text = Tokenizer(model.getvalue()), "the cat sat on the mat"
    assert any("▁" in piece[1:] for piece in map(tokenizer.piece, tokenizer.encode(text)))
    assert tokenizer.sample_all([text], 0.0, seed=1) == [tokenizer.encode(text)]


# The distribution


def bpe_dropout(scores, pieces, p, left_out=frozenset()):
    """The probability of each split that merges lead to, by going through all of them."""
    places = [sum(map(len, pieces[:number])) for number in range(len(pieces))]
    pairs = [
        (-scores[left + right], place, left, right)
        for place, left, right in zip(places, pieces, pieces[1:], strict=False)
        if left + right in scores and (place, left, right) not in left_out
    ]
    if not pairs:
        return {tuple(pieces): 1.0}
    _, place, left, right = min(pairs)
    at, found = places.index(place), Counter()
    merged = [*pieces[:at], left + right, *pieces[at + 2 :]]
    for probability, outcome in (
        (1 - p, bpe_dropout(scores, merged, p, left_out)),
        (p, bpe_dropout(scores, pieces, p, left_out | {(place, left, right)})),
    ):
        for split, given_outcome in outcome.items():
            found[split] += probability * given_outcome
    return dict(found)


def all_splits(word):
    """Every way to cut `word`."""
    for count in range(len(word)):
        for cuts in combinations(range(1, len(word)), count):
            yield tuple(word[a:b] for a, b in zip((0, *cuts), (*cuts, len(word)), strict=True))


def scores_of(tokenizer):
    processor = library(tokenizer)
    return {tokenizer.piece(id): processor.get_score(id) for id in range(260, tokenizer.vocab_size)}


@pytest.mark.parametrize("p", [0.1, 0.5])
@pytest.mark.parametrize("word", ["Straße", "बिल्ली", "दोस्तने"])
def test_bpe_dropout_leaves_out_each_merge_with_its_probability(word, p):
    expected = bpe_dropout(scores_of(BPE), list(f"▁{word}"), p)
    assert len(expected) > 5
    assert_drawn_from(expected, frequencies(BPE, word, p))


@pytest.mark.parametrize("alpha", [0.1, 0.5])
@pytest.mark.parametrize("word", ["Freunden", "friending", "ihren"])
def test_unigram_splits_have_the_probability_of_their_pieces_to_the_alpha(word, alpha):
    scores = scores_of(UNIGRAM)
    splits = [split for split in all_splits(f"▁{word}") if all(piece in scores for piece in split)]
    weights = [math.prod(math.exp(alpha * scores[piece]) for piece in split) for split in splits]
    assert len(splits) > 5
    expected = {split: weight / sum(weights) for split, weight in zip(splits, weights, strict=True)}
    assert_drawn_from(expected, frequencies(UNIGRAM, word, alpha))


@pytest.mark.parametrize(("tokenizer", "strength"), [(BPE, 0.1), (UNIGRAM, 0.2)], ids=["bpe", "unigram"])
@pytest.mark.parametrize("lines", [corpus(), [LONG] * 30], ids=["words", "without spaces"])
def test_as_many_pieces_as_the_library_draws(tokenizer, strength, lines):
    processor = library(tokenizer)
    options = {"enable_sampling": True, "alpha": strength, "nbest_size": -1}
    theirs = sum(map(len, processor.encode(lines * 10, num_threads=1, **options)))
    ours = sum(map(len, tokenizer.sample_all(lines * 10, strength, seed=1)))
    assert ours == pytest.approx(theirs, rel=0.02)
    assert ours > 10 * sum(map(len, tokenizer.encode_all(lines)))


@pytest.mark.parametrize(("kind", "strength"), [("bpe", 0.9), ("unigram", 0.0)])
def test_a_user_symbol_stays_one_piece_in_the_wildest_split(kind, strength):
    """SentencePiece's own sampling cuts it up, of a unigram model, once in a while."""
    tokenizer, text = TOKENIZERS[kind, SYMBOLS], '<2hi> the cat｟NUM｠s don’t,<2hi>"'
    for ids in tokenizer.sample_all([text] * 300, strength, seed=1):
        symbols = [piece for piece in map(tokenizer.piece, ids) if piece in SYMBOLS]
        assert symbols == ["<2hi>", "｟NUM｠", "don’t,", "<2hi>", '"']
        assert tokenizer.decode(ids) == text


# The same draws

SAMPLE = """
import sys
from glassformer.text.tokenizer import Tokenizer
tokenizer = Tokenizer(sys.stdin.buffer.read())
print(tokenizer.sample_all([f"the cats slept yesterday दोस्त बिल्ली {n} ж▁" for n in range(50)], 0.2, seed=5))
"""


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM], ids=["bpe", "unigram"])
def test_the_same_splits_in_every_process(tokenizer):
    command = [sys.executable, "-c", SAMPLE]
    one, other = (
        subprocess.run(command, input=tokenizer.to_bytes(), capture_output=True, check=True).stdout for _ in range(2)
    )
    assert len(one) > 5000 and one == other


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM], ids=["bpe", "unigram"])
def test_what_was_drawn_before_changes_nothing(tokenizer):
    lines, fresh = [*corpus()[:50], LONG], Tokenizer(tokenizer.to_bytes())
    tokenizer.sample_all(corpus(), 0.4, seed=3)
    assert tokenizer.sample_all(lines, 0.2, seed=4) == fresh.sample_all(lines, 0.2, seed=4)
