"""Sentences translated so that what is to be copied is there word for word, and terms as the glossary has them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from glassformer.copying.aligned import aligned_units
from glassformer.copying.stand_ins import Masked, choices, mask, restored
from glassformer.search import SearchOptions
from glassformer.text.protected import Span, find_protected
from glassformer.text.terms import Glossary, Term
from glassformer.translator import FailedTranslation, Translation, Translator

Translated = Translation | FailedTranslation


@dataclass(frozen=True)
class Copying:
    """What translations must hold.

    - `protect`: addresses, placeholders, tags and emoji are copied.
    - `glossary`: its terms are translated as it says, those without a translation copied.
    """

    protect: bool = True
    glossary: Glossary = field(default_factory=Glossary)

    def spans(self, sentence: str) -> list[Span]:
        """What is to be copied, in order."""
        kept = [span for span, term in self.glossary.find(sentence) if not term.forms]
        return find_protected(sentence, kept) if self.protect else kept

    def terms(self, sentence: str) -> list[tuple[Span, Term]]:
        """The terms to translate as the glossary says."""
        return [(span, term) for span, term in self.glossary.find(sentence) if term.forms]

    def is_kept(self, sentence: str, translation: str) -> bool:
        """Whether the translation of the whole sentence is as wanted."""
        at = 0
        marks, words = [], []
        for span in self.spans(sentence):
            (words if span.is_word else marks).append(sentence[span.start : span.end])
        for mark in marks:
            at = translation.find(mark, at) + len(mark)
            if at < len(mark):
                return False
        enough = all(translation.count(word) >= words.count(word) for word in words)
        return enough and all(term.is_in(translation) for _, term in self.terms(sentence))


def translate_copying(
    translator: Translator,
    sentences: Sequence[str],
    options: SearchOptions,
    copying: Copying,
    *,
    prefixes: Sequence[str] | None = None,
    align: bool = False,
    places: Sequence[str] | None = None,
) -> list[Translated]:
    """`Translator.translate`, but each translation holds what it must; else it is as it would be without.

    Where the model does not copy a span by itself, it reads a stand-in instead. The translation then has the original
    in `text`, and in `inserted`; its tokens, scores and alignment are of what the model read and wrote.
    """
    sentences = [sentence.strip() for sentence in sentences]
    found = translator.translate(sentences, options, prefixes=prefixes, align=align, places=places)
    rows = [
        row for row, (sentence, one) in enumerate(zip(sentences, found, strict=True))
        if one.error or not copying.is_kept(sentence, one.text)
    ]  # fmt: skip
    prefixes = prefixes or [""] * len(sentences)
    masked = [_variants(sentences[row], copying, translator) for row in rows]
    each = iter(
        translator.translate(
            [one.text for variants in masked for one in variants],
            options,
            prefixes=[prefixes[row] for row, variants in zip(rows, masked, strict=True) for _ in variants],
            align=True,
        )
    )
    for row, variants in zip(rows, masked, strict=True):
        chosen = _best(variants, list(islice(each, len(variants))))
        if chosen:
            with_terms = _with_terms(translator, *chosen, copying, options, prefixes[row])
            found[row] = _finished(sentences[row], chosen[0], with_terms, translator, align)
    return found


def _variants(sentence: str, copying: Copying, translator: Translator) -> list[Masked]:
    spans = copying.spans(sentence)
    words = sum(span.is_word for span in spans)
    return [mask(sentence, spans, names) for names in choices(sentence, words, translator.source_tokenizer)]


def _best(variants: list[Masked], translations: list[Translated]) -> tuple[Masked, Translation] | None:
    """The one whose stand-ins came out as they went in, else the one that the model is surest of."""
    pairs = [(masked, one) for masked, one in zip(variants, translations, strict=True) if isinstance(one, Translation)]
    return max(pairs, key=lambda pair: (pair[0].is_carried(pair[1].text), pair[1].score), default=None)


def _with_terms(
    translator: Translator, masked: Masked, translation: Translation, copying: Copying, options: SearchOptions,
    prefix: str,
) -> Translation:  # fmt: skip
    """The translation with an accepted form of each term.

    A missing one is put where the word stands that attends most to the term, and the rest is translated anew behind it:
    with each form, of which the likeliest counts.
    """
    kept: list[Term] = []
    for span, term in copying.terms(masked.text):
        if not term.is_in(translation.text):
            tries = [(translation, form) for form in term.forms]
            units = aligned_units(translation, translator.tokenizers, masked.text)
            unit = max(units, key=lambda unit: unit.share(span.start, span.end))
            begun = [translation.text[: max(unit.start, len(prefix))] + form for form in term.forms]
            again = translator.translate([masked.text] * len(begun), options, prefixes=begun, align=True)
            fit = [one for one in again if not one.error and all(t.is_in(one.text) for t in [*kept, term])]
            if fit:
                translation = max(fit, key=lambda one: one.score)
        kept.append(term)
    return translation


def _finished(sentence, masked, translation, translator, align):
    def one(t):
        units = aligned_units(t, translator.tokenizers, masked.text)
        return replace(t, source=sentence, text=restored(masked, t.text, units), alignment=t.alignment if align else None)
    return replace(one(translation), alternatives=tuple(map(one, translation.alternatives)))
