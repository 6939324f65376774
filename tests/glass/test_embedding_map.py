"""The embedding map beside independent computations, and on rows whose answer is known."""

import dataclasses
import json

import numpy as np
import pytest

from glassformer.corpora.phrasebook.dictionary import dictionary
from glassformer.errors import UsageError
from glassformer.glass.embedding_map import EmbeddingMap, embedding_map, embedding_maps, with_embeddings
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from tests.interop.models import ENGLISH, translator

WORDS = tuple(f"w{i}" for i in range(60))


def made(rows, known=None, words=WORDS):
    return EmbeddingMap("source", words[: len(rows)], np.asarray(rows, np.float64), known or {})


RANDOM = np.random.default_rng(1).normal(size=(60, 8))


def test_places_are_those_of_the_covariances_eigenvectors():
    """Up to the sign; the shares are the eigenvalues'."""
    places, shares = made(RANDOM + 5).principal()
    centred = RANDOM - RANDOM.mean(0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    for column in (0, 1):
        expected = centred @ vectors[:, -1 - column]
        sign = np.sign(expected @ places[:, column])
        np.testing.assert_allclose(places[:, column], sign * expected, atol=1e-9)
    np.testing.assert_allclose(shares, values[::-1][:2] / values.sum(), atol=1e-12)


def test_nearest_are_those_of_the_largest_cosine_after_the_mean_is_taken_away():
    one = made(RANDOM + 5)
    centred = RANDOM - RANDOM.mean(0)
    cosines = {
        word: centred[3] @ row / np.linalg.norm(centred[3]) / np.linalg.norm(row)
        for word, row in zip(WORDS, centred, strict=True) if word != "w3"
    }  # fmt: skip
    expected = sorted(cosines, key=cosines.get, reverse=True)[:6]
    found = one.nearest("w3")
    assert [word for word, _ in found] == expected
    assert [cosine for _, cosine in found] == pytest.approx([cosines[word] for word in expected])


def test_a_walk_ends_where_rows_are_made_to_end():
    """king = royal, man = male: king - man + woman is queen, to the last number."""
    royal, male, female, cat = np.eye(4)
    rows = [royal + male, male, female, royal + female, cat]
    one = made(rows, words=("king", "man", "woman", "queen", "cat"))
    assert one.walk("king", "man", "woman")[0] == ("queen", pytest.approx(1))


def test_a_probe_finds_what_is_there_and_nothing_in_noise():
    labels = ["m" if i % 3 else "f" for i in range(60)]
    known = {word: {"gender": label} for word, label in zip(WORDS, labels, strict=True)}
    plain = RANDOM.copy()
    plain[:, 0] = [5 if label == "m" else -5 for label in labels]
    there = made(plain, known).probe("gender")
    assert (there.accuracy, there.majority) == (1.0, pytest.approx(40 / 60))
    assert there.classes == {"f": 20, "m": 40}
    noise = [made(np.random.default_rng(seed).normal(size=(60, 8)), known).probe("gender") for seed in range(20)]
    assert np.mean([one.accuracy for one in noise]) < 0.7  # the majority's share is 0.67


def test_words_of_one_meaning_are_held_out_together():
    """Pairs with equal rows and labels at random: from its twin each is known, from others by chance."""
    rng = np.random.default_rng(2)
    rows = np.repeat(rng.normal(size=(30, 40)), 2, axis=0)
    labels = np.repeat(rng.permutation(["a", "b"] * 15), 2)
    twins = {
        word: {"gender": label, "gloss": f"g{i // 2}"}
        for i, (word, label) in enumerate(zip(WORDS, labels, strict=True))
    }
    alone = {word: {"gender": entry["gender"]} for word, entry in twins.items()}
    assert made(rows, alone).probe("gender").accuracy > 0.8
    assert made(rows, twins).probe("gender").accuracy < 0.7


def test_few_words_of_a_class_are_no_probe():
    known = {word: {"gender": "f" if i < 9 else "m"} for i, word in enumerate(WORDS)}
    assert made(RANDOM, known).probe("gender") is None


def test_only_whole_words_are_on_a_models_map():
    ours = translator("separate")
    one = embedding_map(ours)
    assert {"cat", "dog"} <= set(one.words) <= {word for text in ENGLISH for word in text.split()} | set(one.words)
    table = ours.model.source_embedding.token.weight.detach().numpy()
    for word, row in zip(one.words, one.rows_ND, strict=True):
        assert word.isalpha()
        number = ours.source_tokenizer.pieces.index(f"▁{word}")
        np.testing.assert_array_equal(row, table[number].astype(np.float64))
    only = embedding_map(ours, words={"cat": {"gloss": "Katze"}, "dog": {}, "house": {}})
    assert set(only.words) == {"cat", "dog", "house"}
    with pytest.raises(UsageError, match="'zebra' is no word"):
        one.nearest("zebra")
    with pytest.raises(UsageError, match="1 words of the source make no map"):
        embedding_map(ours, words={"cat": {}}).principal()


def test_a_record_carries_it_and_says_what_the_functions_say(tmp_path):
    ours = translator("separate")
    record = with_embeddings(trace(ours, ENGLISH[0]), ours)
    record.save(tmp_path / "trace.json")
    kept = Trace.load(tmp_path / "trace.json").embeddings["source"]
    one = embedding_map(ours)
    assert [word["text"] for word in kept["words"]] == list(one.words)
    i = one.words.index("cat")
    near = [(kept["words"][j]["text"], cosine) for j, cosine in kept["nearest"][i]]
    assert near == [(word, round(cosine, 4)) for word, cosine in one.nearest("cat")]
    assert with_embeddings(trace(ours, ENGLISH[0], detail="full"), ours).embeddings is None
    assert json.loads(json.dumps(embedding_maps(ours))) == dataclasses.asdict(record)["embeddings"]


def test_the_phrasebooks_dictionary():
    english, hindi = dictionary()
    assert english["cat"] == {"gloss": "बिल्ली", "part_of_speech": "noun", "gender": "feminine"}
    assert hindi["बिल्ली"] == {"gloss": "cat", "part_of_speech": "noun", "gender": "feminine"}
    assert english["tired"]["part_of_speech"] == "adjective" and "gender" not in english["tired"]
    assert english["ate"] == {"gloss": "खा", "part_of_speech": "verb"}
    assert hindi["थकी"] == hindi["थका"] == {"gloss": "tired", "part_of_speech": "adjective"}
    assert hindi["बिल्लियों"] == hindi["बिल्ली"] and hindi["खाया"] == {"gloss": "eat", "part_of_speech": "verb"}


def test_the_glosses_that_a_user_gives_are_the_target_maps():
    ours = translator("separate")
    plain = embedding_maps(ours)
    word = plain["target"]["words"][0]["text"]
    glossed = embedding_maps(ours, {word: "something; else", "no such word": "nothing"})
    assert glossed["target"]["words"][0] == plain["target"]["words"][0] | {"gloss": "something; else"}
    for one in (plain, glossed):
        one["target"]["words"] = one["target"]["words"][1:]
    assert glossed == plain
