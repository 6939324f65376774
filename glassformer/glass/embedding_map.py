"""A map of an embedding table: where the real words lie, which are near, and what can be read off a row.

    centred row      c_w = E[w] - mean over the words' rows
    place            (c_w · p₁, c_w · p₂), p the first two principal directions, along which the rows differ most
                     (Pearson 1901)
    nearness         cos(c_v, c_w); the mean, which all rows share, would make all of them alike
    walk             the words nearest to c_king - c_man + c_woman (Mikolov, Yih & Zweig 2013)
    probe            ridge regression of the classes on the rows, tested on rows it did not see (Alain & Bengio 2016)

Axes: N words, D d_model, C classes.
"""

import dataclasses
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glassformer.arguments import checked
from glassformer.corpora.phrasebook.dictionary import dictionary
from glassformer.errors import UsageError
from glassformer.glass.record import Trace
from glassformer.text.tokenizer import META
from glassformer.translator import Translator

Side = Literal["source", "target"]
Floats = NDArray[np.float64]
Words = Mapping[str, Mapping[str, str]]  # by word: gloss, part_of_speech, gender, where they are known
NEAREST = 6  # words listed as near to a word
MOST = 1500  # words of a map: the first of the vocabulary, which are the most frequent
FEWEST = 3  # words that a map needs
FOLDS = 5  # of a probe's cross-validation
LEAST_OF_A_CLASS = 10  # words of a class that a probe takes in
RIDGE = 1.0  # added to the diagonal of the rows' Gram matrix, rows having unit variance on average
WALKS = (("king", "man", "woman"), ("brother", "boy", "girl"), ("राजा", "आदमी", "औरत"), ("भाई", "लड़का", "लड़की"))
FEATURES = "part_of_speech", "gender"


@dataclass(frozen=True)
class Probe:
    """How well a feature can be read off the rows: `accuracy` on rows that were held out, and beside it `majority`, the
    share of the most frequent class, which anybody can guess."""

    feature: str
    classes: dict[str, int]
    accuracy: float
    majority: float


@dataclass(frozen=True)
class EmbeddingMap:
    """The words of one side with their rows; what is measured of them is computed when it is asked for."""

    side: Side
    words: tuple[str, ...]
    rows_ND: Floats
    known: Words

    @property
    def centred(self) -> Floats:
        """The rows without their mean."""
        centred: Floats = self.rows_ND - self.rows_ND.mean(axis=0)
        return centred

    @checked
    def principal(self, words: Sequence[str] | None = None) -> tuple[Floats, Floats]:
        """Places (N, 2) of the words, or of some, and the two shares of the variance that they show.

        The sign of a direction means nothing; here the number of the largest size is positive. Raises UsageError for
        fewer than three words.
        """
        if (count := len(self.words if words is None else words)) < FEWEST:
            raise UsageError(f"{count} words of the {self.side} make no map; it needs {FEWEST}")
        at = [self._at(word) for word in words] if words is not None else slice(None)
        centred_ND = self.rows_ND[at] - self.rows_ND[at].mean(axis=0)
        u, size, _ = np.linalg.svd(centred_ND, full_matrices=False)
        places: Floats = u[:, :2] * size[:2]
        places *= np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])
        shares: Floats = size[:2] ** 2 / (size**2).sum()
        return places, shares

    @checked
    def nearest(self, word: str, count: int = NEAREST) -> list[tuple[str, float]]:
        """The words whose centred rows have the largest cosine with that of `word`, which is left out."""
        cosines = self._cosines(self.centred[self._at(word)])
        return [one for one in self._ranked(cosines, count + 1) if one[0] != word][:count]

    @checked
    def walk(self, start: str, minus: str, plus: str, count: int = NEAREST) -> list[tuple[str, float]]:
        """The words nearest to start - minus + plus, the three themselves among them, as they fall."""
        a, b, c = (self.centred[self._at(word)] for word in (start, minus, plus))
        return self._ranked(self._cosines(a - b + c), count)

    @checked
    def probe(self, feature: str) -> Probe | None:
        """How well `feature` can be read off the rows; None where fewer than two classes have ten words."""
        labels = {word: self.known[word][feature] for word in self.words if feature in self.known.get(word, {})}
        classes = sorted(set(labels.values()))
        counts = {one: list(labels.values()).count(one) for one in classes}
        counts = {one: count for one, count in counts.items() if count >= LEAST_OF_A_CLASS}
        if len(counts) < 2:
            return None
        kept = [word for word in self.words if labels.get(word) in counts]
        x_ND = self.rows_ND[[self.words.index(word) for word in kept]]
        y_N = np.array([list(counts).index(labels[word]) for word in kept])
        meanings = [self.known[word].get("gloss", word) for word in kept]
        return Probe(feature, counts, cross_validated(x_ND, y_N, meanings), max(counts.values()) / len(kept))

    @checked
    def glossed(self, glosses: Mapping[str, str]) -> "EmbeddingMap":
        """The map with these glosses in the place of its own; words that are not in it are left out."""
        known = {word: {**self.known.get(word, {}), "gloss": glosses[word]} for word in self.words if word in glosses}
        return dataclasses.replace(self, known={**self.known, **known})

    def _at(self, word: str) -> int:
        if word not in self.words:
            raise UsageError(f"'{word}' is no word of the {self.side}'s map: the vocabulary has no piece for all of it")
        return self.words.index(word)

    def _cosines(self, vector_D: Floats) -> Floats:
        centred_ND = self.centred
        lengths = np.linalg.norm(centred_ND, axis=1) * np.linalg.norm(vector_D)
        cosines: Floats = centred_ND @ vector_D / np.where(lengths == 0, 1, lengths)
        return cosines

    def _ranked(self, cosines: Floats, count: int) -> list[tuple[str, float]]:
        return [(self.words[i], float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:count]]

    def to_dict(self) -> dict[str, Any]:
        """What a record carries, numbers to four decimals."""
        nouns = [word for word in self.words if self.known.get(word, {}).get("part_of_speech") == "noun"]
        groups = {"all words": list(self.words)} | ({"nouns": nouns} if FEWEST <= len(nouns) < len(self.words) else {})
        unit_ND = self.centred / np.maximum(np.linalg.norm(self.centred, axis=1, keepdims=True), 1e-30)
        cosines_NN = unit_ND @ unit_ND.T
        np.fill_diagonal(cosines_NN, -np.inf)
        order_NN = np.argsort(-cosines_NN, axis=1, kind="stable")[:, :NEAREST]
        return {
            "words": [{"text": word, **self.known.get(word, {})} for word in self.words],
            "nearest": [[[int(j), _rounded(cosines_NN[i, j])] for j in near if j != i]
                        for i, near in enumerate(order_NN)],
            "groups": [self._group(name, words) for name, words in groups.items()],
            "walks": [{"start": walk[0], "minus": walk[1], "plus": walk[2],
                       "found": [[word, _rounded(cosine)] for word, cosine in self.walk(*walk)]}
                      for walk in WALKS if set(walk) <= set(self.words)],
            "probes": [{"feature": one.feature, "classes": one.classes, "accuracy": _rounded(one.accuracy),
                        "majority": _rounded(one.majority), "folds": FOLDS}
                       for one in map(self.probe, FEATURES) if one],
        }  # fmt: skip

    def _group(self, name: str, words: Sequence[str]) -> dict[str, Any]:
        places, shares = self.principal(words)
        return {
            "name": name,
            "words": [self.words.index(word) for word in words],
            "places": [[_rounded(number) for number in place] for place in places],
            "shares": [_rounded(share) for share in shares],
        }


@checked
def embedding_map(translator: Translator, side: Side = "source", words: Words | None = None) -> EmbeddingMap:
    """The map of a model's words: pieces of letters that are a whole word; no byte, no control token, no part of one.

    Which pieces are whole words the model's own lexicon says, or else `words`; where there is neither, each piece that
    begins a word counts. `words` tells what words mean and are; without it the phrasebook's own dictionary does, for a
    model of it, and the model's lexicon gives glosses. A vocabulary of small pieces may have no whole word.
    """
    lexicon, is_source = translator.estimator.lexicon, side == "source"
    tokenizer = translator.source_tokenizer if is_source else translator.target_tokenizer
    table = translator.model.source_embedding if is_source else translator.model.target_embedding
    trained = lexicon.source if is_source else lexicon.target
    known = dict(words) if words is not None else _dictionary(translator, side)
    glossed = {word: {"gloss": " / ".join(expected)} for word, expected in trained.items() if expected}
    known = {word: {**glossed.get(word, {}), **known.get(word, {})} for word in {**glossed, **known}}
    real = {**trained, **known}
    found = dict(_pieces(tokenizer.pieces))
    chosen = [(word, i) for word, i in found.items() if not real or word in real or word.lower() in trained][:MOST]
    rows_ND = table.token.weight.detach().double().cpu().numpy()[[i for _, i in chosen]]
    return EmbeddingMap(side, tuple(word for word, _ in chosen), rows_ND, known)


def with_embeddings(record: Trace, translator: Translator, glosses: Mapping[str, str] | None = None) -> Trace:
    """The record with the maps of both sides, where it carries the weights that they are made of.

    `glosses`: what words of the target mean, where the user says it.
    """
    full = record.meta["detail"] == "full+weights"
    return dataclasses.replace(record, embeddings=embedding_maps(translator, glosses)) if full else record


def embedding_maps(translator: Translator, glosses: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """The record's `embeddings`: the map of each side that has one; None where neither has."""
    source, target = embedding_map(translator), embedding_map(translator, "target").glossed(glosses or {})
    return {one.side: one.to_dict() for one in (source, target) if len(one.words) >= FEWEST} or None


def _dictionary(translator: Translator, side: Side) -> Words:
    if translator.card.get("corpus") != "phrasebook":
        return {}
    return dictionary()[side == "target"]


def _pieces(pieces: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The pieces that begin a word and are letters and their marks, without the sign for the space, and their ids."""
    for number, piece in enumerate(pieces):
        word = piece.removeprefix(META)
        if word and word != piece and all(unicodedata.category(letter)[0] in "LM" for letter in word):
            yield word, number


def cross_validated(x_ND: Floats, y_N: NDArray[np.int64], meanings: Sequence[str]) -> float:
    """The share of rows whose class a ridge regression from the other folds finds.

    Words of one meaning (king, kings) are in one fold: else the test would be on rows that are half known.
    """
    distinct = sorted(set(meanings))
    fold_of = dict(zip(distinct, np.random.default_rng(0).permutation(len(distinct)) % FOLDS, strict=True))
    fold_N = np.array([fold_of[meaning] for meaning in meanings])
    right = sum(_right(x_ND, y_N, fold_N == fold) for fold in range(FOLDS))
    return right / len(y_N)


def _right(x_ND: Floats, y_N: NDArray[np.int64], held_N: NDArray[np.bool_]) -> int:
    mean_D, spread = x_ND[~held_N].mean(axis=0), x_ND[~held_N].std() or 1.0
    a_ND, b_ND = ((x_ND[rows] - mean_D) / spread for rows in (~held_N, held_N))
    y_NC = np.eye(y_N.max() + 1)[y_N[~held_N]]
    w_DC = np.linalg.solve(a_ND.T @ a_ND + RIDGE * np.eye(x_ND.shape[1]), a_ND.T @ (y_NC - y_NC.mean(axis=0)))
    guess_N = (b_ND @ w_DC + y_NC.mean(axis=0)).argmax(axis=1)
    return int((guess_N == y_N[held_N]).sum())


def _rounded(number: float) -> float:
    return round(float(number), 4)
