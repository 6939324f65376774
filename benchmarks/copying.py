"""Measure what a model of the phrasebook copies: addresses, placeholders, emoji, tags, and a glossary's terms.

    python benchmarks/copying.py MODEL

The sentences are the phrasebook's held-out ones. Words to copy stand where a man's name stood, in the sentence and in
its right translation; tags stand around a unit whose translation is known; a term is a noun, or takes its place.

Prints, for each kind: how many translations hold it word for word, without and with copying; how many are then exactly
right, of those whose plain sentence is translated right; and how many with markup are well-formed.
"""

import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from glassformer.copying import Copying
from glassformer.corpora.phrasebook import Sentence, held_out, unseen_patterns
from glassformer.markup import translate_markup
from glassformer.search import SearchOptions
from glassformer.text.terms import Glossary, Term
from glassformer.translator import Translator
from glassformer.whole_texts import translate_texts

OPTIONS = SearchOptions()
MEN = {
    "Ravi": "रवि", "Mohan": "मोहन", "Amit": "अमित", "Rahul": "राहुल", "Arjun": "अर्जुन", "Raju": "राजू",
    "Vijay": "विजय", "Gopal": "गोपाल", "Imran": "इमरान", "Deepak": "दीपक",
}  # fmt: skip
WORDS = {
    "URL": "https://example.org/a?b=1",
    "e-mail address": "anna.lee@example.com",
    "placeholder {0}": "{0}",
    "placeholder %s": "%s",
    "word of a list": "Glassformer",
}
KEPT = Copying(glossary=Glossary((Term("Glassformer"),)))
FORM = "टर्म"  # no word: what a term is to become
MOST = 200  # sentences of a kind, drawn
TERMS = 100  # sentences with a term, each with a glossary of its own

Case = tuple[str, str, str]  # a source, what it must hold, its right translation


def texts(translator: Translator, sources: Sequence[str], copying: Copying | None) -> list[str]:
    """The translations."""
    return [one.text for one in translate_texts(translator, sources, OPTIONS, split=False, copying=copying)]


def report(kind: str, translator: Translator, cases: Sequence[Case], copying: Copying) -> None:
    """Print a line for the cases of a kind."""
    sources = [case[0] for case in cases]
    without, found = texts(translator, sources, None), texts(translator, sources, copying)
    held = [sum(item in text for (_, item, _), text in zip(cases, some, strict=True)) for some in (without, found)]
    exact = sum(text == wanted for (_, _, wanted), text in zip(cases, found, strict=True))
    print(f"{kind:24} of {len(cases):3}: held {held[0]:3} without, {held[1]:3} with copying; exactly right {exact:3}")


def right_ones(translator: Translator) -> list[Sentence]:
    """The held-out sentences that the model translates exactly right, in random order."""
    sentences = [*held_out(), *unseen_patterns()]
    found = translator.translate([sentence.source for sentence in sentences], OPTIONS)
    right = [sentence for sentence, one in zip(sentences, found, strict=True) if one.text == sentence.target]
    random.Random(1).shuffle(right)
    return right


def with_word(sentences: Sequence[Sentence], item: str) -> list[Case]:
    """The sentences with `item` for a man's name."""
    cases = []
    for sentence in sentences:
        for english, hindi in MEN.items():
            source, count = re.subn(rf"\b{english}\b", item, sentence.source)
            target = sentence.target.split()
            if count == target.count(hindi) == 1:
                cases.append((source, item, " ".join(item if word == hindi else word for word in target)))
    return cases[:MOST]


def with_emoji(sentences: Sequence[Sentence], place: Callable[[str, str], str]) -> list[Case]:
    """The sentences with an emoji before or behind them."""
    return [(place(one.source, "😀"), "😀", place(one.target, "😀")) for one in sentences[:MOST]]


def nouns(sentences: Sequence[Sentence]) -> list[tuple[Sentence, str, str]]:
    """Sentences with one noun behind an article or the like, the noun, and the word that it is in the translation."""
    found = []
    for sentence in sentences:
        for unit in sentence.units:
            words, target = unit.english.split(), unit.hindi.split()
            if unit.marked[0].count(":n") == 1 and "नहीं" not in target and words[0] in ("the", "this", "that", "a"):
                english, hindi = (words[unit.links[-1][0]], target[unit.links[-1][1]]) if unit.links else ("", "")
                if sentence.source.split().count(english) == sentence.target.split().count(hindi) == 1:
                    found.append((sentence, english, hindi))
                    break
    return found[:TERMS]


def with_term(sentences: Sequence[Sentence], unknown: str) -> list[tuple[Case, Copying]]:
    """The sentences with a term for a noun: the noun itself, or a word that the model does not know."""
    cases = []
    for sentence, english, hindi in nouns(sentences):
        term = unknown or english
        source = " ".join(term if word == english else word for word in sentence.source.split())
        wanted = " ".join(FORM if word == hindi else word for word in sentence.target.split())
        cases.append(((source, FORM, wanted), Copying(glossary=Glossary((Term(term, (FORM,)),)))))
    return cases


def report_terms(kind: str, translator: Translator, cases: Sequence[tuple[Case, Copying]]) -> None:
    """Print a line for the terms, each with a glossary of its own."""
    found = [texts(translator, [case[0]], copying)[0] for case, copying in cases]
    used = sum(FORM in text.split() for text in found)
    exact = sum(text == case[2] for (case, _), text in zip(cases, found, strict=True))
    print(f"{kind:24} of {len(cases):3}: used {used:3}; exactly right {exact:3}")


def with_tags(sentence: Sentence, names: Sequence[str], generator: random.Random) -> tuple[str, str]:
    """The sentence and its translation with a pair of tags around as many of its units."""
    both = [index for index, unit in enumerate(sentence.units) if unit.english and unit.hindi]
    tagged = dict(zip(generator.sample(both, len(names)), names, strict=True))

    def write(side: str, order: Sequence[int]) -> str:
        pieces = []
        for index in order:
            text = getattr(sentence.units[index], side)
            pieces.append(f"<{tagged[index]}>{text}</{tagged[index]}>" if index in tagged else text)
        return " ".join(piece for piece in pieces if piece)

    return write("english", range(len(sentence.units))), write("hindi", sentence.order)


def is_well_formed(text: str, names: Sequence[str]) -> bool:
    """Whether XML's parser reads it, and each element is there once."""
    try:
        tree = ElementTree.fromstring(f"<s>{text}</s>")
    except ElementTree.ParseError:
        return False
    return sorted(element.tag for element in tree.iter()) == sorted(["s", *names])


def report_tags(translator: Translator, sentences: Sequence[Sentence], names: Sequence[str]) -> None:
    """Print a line for as many pairs of tags."""
    generator = random.Random(1)
    plain = [one for one in sentences if sum(bool(unit.english and unit.hindi) for unit in one.units) >= len(names)]
    pairs = [with_tags(sentence, names, generator) for sentence in plain[:MOST]]
    sources = [source for source, _ in pairs]
    right = [one.text for one in translate_texts(translator, list(map(plain_text, sources)), OPTIONS, split=False)]
    pairs = [pair for pair, text in zip(pairs, right, strict=True) if text == plain_text(pair[1])]
    found = [one.text for one in translate_markup(translator, [source for source, _ in pairs], OPTIONS, split=False)]
    formed = sum(is_well_formed(text, names) for text in found)
    placed = sum(text == wanted for text, (_, wanted) in zip(found, pairs, strict=True))
    words = [
        own == other for text, (_, wanted) in zip(found, pairs, strict=True)
        for own, other in zip(tag_of_words(text), tag_of_words(wanted), strict=True)
    ]  # fmt: skip
    print(
        f"{len(names)} pair(s) of tags{'':8} of {len(pairs):3}: well-formed {formed:3}; placed exactly {placed:3}; "
        f"words in the right tag {sum(words) / len(words):.1%}"
    )


def tag_of_words(text: str) -> list[str]:
    """For each word of a translation the tag that it stands in, or nothing."""
    tags, inside = [], ""
    for piece in re.findall(r"<[^>]*>|[^\s<]+", text):
        if piece.startswith("<"):
            inside = "" if piece.startswith("</") else piece
        else:
            tags.append(inside)
    return tags


def plain_text(text: str) -> str:
    """The text without tags."""
    return re.sub(r"<[^>]*>", "", text)


def main(model: Path) -> None:
    """Print every measure."""
    translator = Translator.load(model)
    right = right_ones(translator)
    for kind, item in WORDS.items():
        report(kind, translator, with_word(right, item), KEPT)
    report("emoji behind", translator, with_emoji(right, lambda text, emoji: f"{text} {emoji}"), KEPT)
    report("emoji before", translator, with_emoji(right, lambda text, emoji: f"{emoji} {text}"), KEPT)
    for names in (["b"], ["b", "i"], ["b", "i", "a"]):
        report_tags(translator, right, names)
    report_terms("term, a known noun", translator, with_term(right, ""))
    report_terms("term, an unknown word", translator, with_term(right, "glimmer"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
