"""The default size of a vocabulary, and how many pieces a word has."""

import random
from collections import Counter
from math import isqrt

import numpy as np
import pytest

from glassformer.data.check.survey import Survey
from glassformer.data.config import DataConfig
from glassformer.data.first_reading import FirstReading
from glassformer.data.tokenizers import VocabularySizes, train_tokenizers
from glassformer.data.vocabulary import FACTOR, MOST, fertility, size_for
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import SMALLEST, Tokenizer

DATA = DataConfig(pairs=("train.tsv",))


def settings(**values):
    return DataConfig(pairs=("train.tsv",), **values)


def regular_chinese(count):
    """Sentences of one pattern, without spaces, as a learner would make them up."""
    draw = random.Random(0)
    things, colours, does = "树猫狗车船鱼鸟房子", ["红色的", "蓝色的", "大的", "小的", "老的"], ["看见", "听到", "喜欢"]
    parts = colours, things, does, colours, things, "。"
    return ["".join(map(draw.choice, parts)) for _ in range(count)]


def test_pieces_beyond_the_characters_grow_with_the_root_of_the_text():
    text = ["abcd efgh"] * 1000
    for times in (1, 4, 100):
        assert size_for(text * times, DATA) == SMALLEST + 9 + FACTOR * isqrt(9000 * times)
    assert size_for(text, DATA, share=0.01) == size_for(text * 100, DATA)
    assert size_for(text, settings(user_symbols=("<a>", "<b>"))) == size_for(text, DATA) + 2
    assert size_for(text, DATA, share=1e-9) == MOST


@pytest.mark.parametrize("coverage", [0.98, 0.999, 0.9998, 1.0])
def test_the_characters_are_those_that_sentencepiece_gives_a_piece(coverage):
    draw = random.Random(1)
    texts = ["".join(chr(0x4E00 + min(300, int(draw.expovariate(0.05)))) for _ in range(9)) for _ in range(300)]
    data = settings(character_coverage=coverage)
    alphabet = size_for(texts, data) - FACTOR * isqrt(2700) - SMALLEST
    trained = Tokenizer.train(texts, size_for(texts, data), "bpe", coverage)
    single = [piece for piece in trained.pieces[260:] if len(piece) == 1 and piece != "▁"]
    counts = Counter("".join(texts))
    counts[" "] += len(texts)  # it puts one before each text, and counts it
    reached, wanted = 0, 0
    for _, count in counts.most_common():
        wanted += reached < coverage * counts.total()
        reached += count
    assert len(single) == wanted - 1
    assert abs(alphabet - wanted) <= 1


def test_few_sentences_of_a_small_corpus_are_one_piece_or_two():
    """As many pieces as the text allows would make whole sentences of it."""
    chinese = regular_chinese(600)
    reading = FirstReading(Survey(), {}, [Pair(text, text) for text in chinese], ())
    reading.survey.pairs = 600
    whole = {}
    for size in (None, 1500):
        tokenizer, _ = train_tokenizers(reading, VocabularySizes(size), DATA)
        whole[size] = sum(len(ids) <= 2 for ids in tokenizer.encode_all(chinese))
    assert whole[None] < 60
    assert whole[1500] > 300


def test_the_text_may_allow_fewer():
    reading = FirstReading(Survey(), {}, [Pair("a b", "b a")] * 50_000, ())
    reading.survey.pairs = 50_000
    tokenizer, _ = train_tokenizers(reading, VocabularySizes(None), DATA)
    assert tokenizer.vocab_size < 270 < size_for(["a b"] * 100_000, DATA)


def test_fertility():
    lengths = np.array([4, 6])  # with </s>: 3 and 5 pieces
    assert fertility(["we are", "you see me"], lengths) == "1.60 a word"
    assert fertility(["우리는 친구", "너는 나를 봐"], lengths) == "1.60 a word"  # Korean has spaces
    assert fertility(["我们是朋友", "你们 看我"], lengths) == "0.89 a character"
    assert fertility(["", ""], np.array([1, 1])) == "0.00 a word"
