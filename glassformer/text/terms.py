"""A glossary: how terms are to be translated, and words that are to stay as they are."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from glassformer.arguments import checked, path_of, refuse_wrong_type
from glassformer.errors import InputError
from glassformer.text.protected import Span, without_overlap
from glassformer.text.readers.lines import name_of, read_lines
from glassformer.text.sentences import WITHOUT_SPACES, language_of

MOST_FORMS = 1000  # of a term: no language has more, and the model scores a translation with each


class Term(NamedTuple):
    """A term of the source and its accepted translations, the first of which is preferred; none: it is copied."""

    source: str
    forms: tuple[str, ...] = ()

    def is_in(self, translation: str) -> bool:
        """Whether the translation has one of the accepted forms, in any letter case."""
        return any(next(find(form, translation), None) for form in self.forms)


@dataclass(frozen=True)
class Glossary:
    """Terms to use. Where two begin at one place of a text, the longer one counts."""

    terms: Sequence[Term] = ()

    def __post_init__(self) -> None:
        refuse_wrong_type(self.terms, Sequence[Term], "terms")

    @classmethod
    def read(cls, path: str | Path) -> "Glossary":
        """Read a `.tsv`: a term, a tab, its translation, and perhaps more columns with inflected forms of it.

        A line of one column is a term to leave untranslated. Blank lines, and those that begin with `#`, are no terms.
        Raises InputError for an empty column, more than MOST_FORMS forms, and a term given twice, by file and line.
        """
        terms: dict[str, Term] = {}
        lines: dict[str, int] = {}
        for number, line in read_lines(path_of(path, "path")):
            if not line.strip() or line.startswith("#"):
                continue
            place, columns = f"{name_of(path)}:{number}", [column.strip() for column in line.split("\t")]
            if "" in columns:
                at = columns.index("") + 1
                raise InputError(f"{place}: column {at} is empty; a line is term, tab, translation, more forms of it")
            source, *forms = columns
            if len(forms) > MOST_FORMS:
                raise InputError(f"{place}: '{source}' has {len(forms):,} forms; at most {MOST_FORMS:,}, each is tried")
            if source in terms:
                raise InputError(
                    f"{place}: '{source}' is also in line {lines[source]}; give all its forms in one line, tabs between"
                )
            terms[source], lines[source] = Term(source, tuple(forms)), number
        if not terms:
            raise InputError(f"{name_of(path)}: no terms in it; a line is term, tab, translation")
        return cls(tuple(terms.values()))

    @checked
    def find(self, text: str) -> list[tuple[Span, Term]]:
        """Where the terms occur in `text`, in order, none over another.

        They are whole words, in any letter case; a term with a capital letter is found as it is written only.
        """
        terms = {Span(*place): term for term in self.terms for place in find(term.source, text, exact_capitals=True)}
        return [(span, terms[span]) for span in without_overlap(list(terms))]


def find(words: str, text: str, exact_capitals: bool = False) -> Iterator[tuple[int, int]]:
    """The places [start, end) of `words` in `text` that neither begin nor end within a word, in any letter case.

    `exact_capitals`: where `words` has a capital letter, its letter case counts.
    """
    if not (exact_capitals and words != _lower(words)):
        words, text = _lower(words), _lower(text)
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not (_is_within_word(text, start) or _is_within_word(text, end)):
            yield start, end
        start = text.find(words, start + 1)


def _lower(text: str) -> str:
    """`text` in small letters, each character for one; those that become several stay."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)


def _is_within_word(text: str, place: int) -> bool:
    """Whether letters, marks or digits stand on both sides of a place, in a script with spaces between words."""
    around = text[max(place - 1, 0) : place + 1]
    if len(around) < 2 or not place:
        return False
    in_words = all(unicodedata.category(character)[0] in "LMN" for character in around)
    return in_words and all(language_of(character) not in WITHOUT_SPACES for character in around)
