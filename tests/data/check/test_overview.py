"""What is told of a text as a whole: shifted, shuffled and swapped lines are found, and honest text is left alone."""

import random
from collections import Counter
from functools import cache

import pytest

from glassformer.corpora import load_corpus
from glassformer.data.check.checker import check_pairs
from glassformer.data.check.order import BLOCK, FEWEST
from glassformer.data.check.overview import SHORT_TEXT, Overview
from glassformer.data.check.sides import swapped
from glassformer.text.pairs import Pair
from tests.letters import letters

ENGLISH = [
    "the",
    "big",
    "small",
    "red",
    "blue",
    "green",
    "old",
    "new",
    "cat",
    "dog",
    "tree",
    "house",
    "car",
    "boat",
    "bird",
    "sees",
    "hears",
    "likes",
    "wants",
]
GERMAN = [
    "das",
    "große",
    "kleine",
    "rote",
    "blaue",
    "grüne",
    "alte",
    "neue",
    "Katze",
    "Hund",
    "Baum",
    "Haus",
    "Auto",
    "Boot",
    "Vogel",
    "sieht",
    "hört",
    "mag",
    "will",
]
HINDI = [
    "वह",
    "बड़ा",
    "छोटा",
    "लाल",
    "नीला",
    "हरा",
    "पुराना",
    "नया",
    "बिल्ली",
    "कुत्ता",
    "पेड़",
    "घर",
    "गाड़ी",
    "नाव",
    "चिड़िया",
    "देखता",
    "सुनता",
    "चाहता",
    "माँगता",
]


def sentences(language, count=600, seed=1):
    """Sentences of one form, whose lengths in words are all the same, and their word-by-word translations."""
    draw = random.Random(seed)
    for _ in range(count):
        words = [0, draw.randrange(1, 8), draw.randrange(8, 15), draw.randrange(15, 19), 0, draw.randrange(8, 15)]
        yield " ".join(ENGLISH[word] for word in words), " ".join(language[word] for word in words)


def numbered(texts):
    return [Pair(source, target, "train.tsv", number) for number, (source, target) in enumerate(texts, start=1)]


@cache
def names():
    return [pair[:2] for pair in load_corpus("names:hi", 1).train][:1000]


CORPORA = {
    "German": lambda: list(sentences(GERMAN)),
    "Hindi": lambda: list(sentences(HINDI)),
    "names": names,
    "letters": lambda: [tuple(pair) for pair in letters(600)],
}
corpora = pytest.mark.parametrize("corpus", CORPORA)


def remarks(texts):
    overview = Overview()
    for pair in numbered(texts):
        overview.add(pair)
    return {remark.kind: remark.detail for remark in overview.remarks() if remark.kind != "rare"}


def shifted(texts, lines):
    """The targets so many lines further down, or up."""
    sources, targets = zip(*texts, strict=True)
    return (
        list(zip(sources[lines:], targets, strict=False))
        if lines > 0
        else list(zip(sources, targets[-lines:], strict=False))
    )


@corpora
def test_honest_text_has_no_remark(corpus):
    assert remarks(CORPORA[corpus]()) == {}


@corpora
@pytest.mark.parametrize("lines", [1, -1, 2, -3])
def test_a_shifted_file_is_found_with_the_shift(corpus, lines):
    found = remarks(shifted(CORPORA[corpus](), lines))
    assert found.keys() == {"shifted"}
    way = f"{abs(lines)} line{'s' if abs(lines) > 1 else ''} {'below' if lines > 0 else 'above'} it"
    assert way in found["shifted"] and found["shifted"].startswith("train.tsv:1 to ")


def test_a_shift_in_mid_file_is_placed():
    texts = list(sentences(GERMAN, 4 * BLOCK))
    detail = remarks(texts[: 2 * BLOCK] + shifted(texts[2 * BLOCK :], 1))["shifted"]
    assert detail.startswith(f"train.tsv:{2 * BLOCK + 1} to {3 * BLOCK} and 1 more parts")


@corpora
def test_shuffled_lines_are_found(corpus):
    texts = CORPORA[corpus]()
    sources, targets = map(list, zip(*texts, strict=True))
    random.Random(2).shuffle(targets)
    assert remarks(list(zip(sources, targets, strict=True))).keys() >= {"shuffled"}


def test_a_shuffled_half_is_found():
    texts = list(sentences(HINDI, 2 * BLOCK))
    sources, targets = map(list, zip(*texts[BLOCK:], strict=True))
    random.Random(2).shuffle(targets)
    found = remarks(texts[:BLOCK] + list(zip(sources, targets, strict=True)))
    assert found.keys() == {"shuffled"} and found["shuffled"].startswith(f"train.tsv:{BLOCK + 1} to {2 * BLOCK}:")


def test_too_few_lines_have_no_verdict():
    assert remarks(shifted(list(sentences(GERMAN, FEWEST - 1)), 1)) == {}


@pytest.mark.parametrize("corpus", ["German", "Hindi", "names"])
@pytest.mark.parametrize("share", [0.03, 0.2, 0.45])
def test_swapped_sides_are_found_pair_by_pair(corpus, share):
    texts = CORPORA[corpus]()
    draw = random.Random(3)
    turned = {row for row in range(len(texts)) if draw.random() < share}
    pairs = numbered((pair[1], pair[0]) if row in turned else pair for row, pair in enumerate(texts))
    found = {pair.line - 1 for pair in swapped(pairs)}
    assert len(found - turned) <= 0.01 * len(texts)
    assert len(turned - found) <= 0.1 * len(turned)


def test_swapped_halves_are_remarked_with_their_share():
    texts = list(sentences(GERMAN))
    found = remarks(texts[:300] + [(target, source) for source, target in texts[300:]])
    assert found.keys() == {"swapped"} and "about 50 % of the pairs" in found["swapped"]


def test_two_sides_of_one_language_are_not_swapped():
    one, other = (list(sentences(GERMAN, seed=seed)) for seed in (1, 2))
    assert swapped(numbered((a[0], b[0]) for a, b in zip(one, other, strict=True))) == []
    assert swapped([]) == []


def test_quoted_text_is_remarked():
    assert remarks([(f'"{source}"', f'"{target}"') for source, target in sentences(GERMAN)]).keys() == {"quoted"}


def test_rare_characters_are_counted():
    texts = [*sentences(GERMAN), *[("ж", "x")] * 4, *[("щ", "x")] * 5, ("\u0301", "q")]
    counts = Counter("".join(source + target for source, target in texts))
    assert counts.total() >= SHORT_TEXT
    report = check_pairs(numbered(texts))
    detail = next(remark.detail for remark in report.remarks if remark.kind == "rare")
    rare = sorted(character for character, count in counts.items() if count < 5)
    assert detail.startswith(f"{len(rare)} characters come fewer than 5 times")
    shown = detail.rpartition(": ")[2].split()
    assert set(shown) == {character if character != "\u0301" else "U+0301" for character in rare}


def test_remarks_are_in_the_report_and_in_json():
    report = check_pairs(numbered(shifted(list(sentences(GERMAN)), 1)))
    assert [remark["kind"] for remark in report.to_dict()["remarks"]] == ["shifted"]
    assert "\nshifted: train.tsv:1 to 250" in report.render() and "no problem found" not in report.render()
