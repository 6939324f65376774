"""Sentences translated so that what is to be copied is there word for word, and terms as the glossary has them."""

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
    - `glossary`: its terms are translated as it says; those without a translation are copied.
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

    def concerns(self, sentence: str) -> bool:
        """Whether the sentence has anything to copy, or terms."""
        return bool(self.spans(sentence) or self.terms(sentence))

    def is_kept(self, sentence: str, translation: str) -> bool:
        """Whether all is there that must be: marks, such as tags, in their order, and each word as often."""
        words, at = [], 0
        for span in self.spans(sentence):
            original = sentence[span.start : span.end]
            if span.is_word:
                words.append(original)
            elif (at := translation.find(original, at)) < 0:
                return False
            else:
                at += len(original)
        enough = all(translation.count(word) >= words.count(word) for word in words)
        return enough and all(term.is_in(translation) for _, term in self.terms(sentence))

    def masked(self, sentence: str, stand_ins: Sequence[str]) -> Masked:
        """The sentence as a model may read it, with a stand-in for each word to copy."""
        return mask(sentence, self.spans(sentence), stand_ins)


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
    """`Translator.translate`, but each translation holds what it must; where it does so by itself, it is the same.

    Elsewhere the model reads a stand-in for each word to copy, and nothing for an emoji or a tag. The originals are
    then put into `text`, and are in `inserted`; tokens, scores and alignment are of what the model read and wrote.
    """
    sentences = [sentence.strip() for sentence in sentences]
    found = translator.translate(sentences, options, prefixes=prefixes, align=align, places=places)
    prefixes = prefixes or [""] * len(sentences)
    rows = [
        row for row, (sentence, one) in enumerate(zip(sentences, found, strict=True))
        if copying.concerns(sentence) and (one.error or not copying.is_kept(sentence, one.text))
    ]  # fmt: skip
    variants = [_variants(sentences[row], copying, translator) for row in rows]
    again = iter(
        translator.translate(
            [masked.text for some in variants for masked in some],
            options,
            prefixes=[prefixes[row] for row, some in zip(rows, variants, strict=True) for _ in some],
            align=True,
        )
    )
    for row, some in zip(rows, variants, strict=True):
        if best := _best(some, list(islice(again, len(some)))):
            masked, translation = best
            translation, forms = _with_terms(translator, masked.text, translation, copying, options, prefixes[row])
            found[row] = _whole(translator, sentences[row], masked, translation, forms, align)
    return found


def _variants(sentence: str, copying: Copying, translator: Translator) -> list[Masked]:
    """The sentence with each choice of stand-ins."""
    words = sum(span.is_word for span in copying.spans(sentence))
    variants = [copying.masked(sentence, names) for names in choices(sentence, words, translator.source_tokenizer)]
    return variants if variants[0].says_something else variants[:1]


def _best(variants: list[Masked], translations: list[Translated]) -> tuple[Masked, Translation] | None:
    """The variant whose stand-ins came out as they went in, else the one that the model is surest of."""
    pairs = [(masked, one) for masked, one in zip(variants, translations, strict=True) if isinstance(one, Translation)]
    return max(pairs, key=lambda pair: (pair[0].is_carried(pair[1].text), pair[1].score), default=None)


def _with_terms(
    translator: Translator, source: str, translation: Translation, copying: Copying, options: SearchOptions,
    prefix: str,
) -> tuple[Translation, tuple[str, ...]]:  # fmt: skip
    """The translation with an accepted form of each term, and the forms that had to be put there.

    A missing form goes to where the word stands that attends most to the term, and the model writes the rest anew
    behind it: with each accepted form, of which the likeliest is taken. What it writes may not lose another term.
    """
    kept: list[Term] = []
    forms: list[str] = []
    for span, term in copying.terms(source):
        kept.append(term)
        if term.is_in(translation.text):
            continue
        units = aligned_units(translation, translator.tokenizers, source)
        unit = max(units, key=lambda unit: unit.share(span.start, span.end), default=None)
        at = max(unit.start if unit else 0, len(prefix))
        begun = [translation.text[:at] + form for form in term.forms]
        tries = translator.translate([source] * len(begun), options, prefixes=begun, align=True)
        fitting = [
            (one, form)
            for one, form in zip(tries, term.forms, strict=True)
            if isinstance(one, Translation) and all(other.is_in(one.text) for other in kept)
        ]
        if fitting:
            translation, form = max(fitting, key=lambda pair: pair[0].score)
            forms.append(form)
    return translation, tuple(forms)


def _whole(
    translator: Translator, sentence: str, masked: Masked, translation: Translation, forms: tuple[str, ...], align: bool
) -> Translation:
    """The translation of the masked sentence, and its alternatives, as those of the sentence."""
    inserted = (*(place.original for place in masked.places), *(mark.text for mark in masked.marks), *forms)

    def whole(one: Translation) -> Translation:
        text = sentence
        if masked.says_something:
            text = restored(masked, one.text, aligned_units(one, translator.tokenizers, masked.text))
        return replace(
            one, source=sentence, text=text, alignment=one.alignment if align else None, inserted=inserted,
            alternatives=tuple(map(whole, one.alternatives)),
        )  # fmt: skip

    return whole(translation)
