"""Sentences translated so that what is to be copied is there word for word, and terms as the glossary has them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from glassformer.arguments import refuse_wrong_type
from glassformer.copying.aligned import Unit, aligned_units
from glassformer.copying.stand_ins import Masked, choices, mask, restored
from glassformer.search import SearchOptions
from glassformer.text.protected import Span, find_protected, without_overlap
from glassformer.text.terms import Glossary, Term
from glassformer.text.tokenizer import Tokenizer
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

    def __post_init__(self) -> None:
        refuse_wrong_type(self.protect, bool, "protect")
        refuse_wrong_type(self.glossary, Glossary, "glossary")

    def spans(self, sentence: str) -> list[Span]:
        """What is to be copied, in order."""
        kept = [span for span, term in self._found(sentence) if not term.forms]
        return find_protected(sentence, kept) if self.protect else kept

    def terms(self, sentence: str) -> list[tuple[Span, Term]]:
        """The terms to translate as the glossary says."""
        return [(span, term) for span, term in self._found(sentence) if term.forms]

    def _found(self, sentence: str) -> list[tuple[Span, Term]]:
        return self.glossary.find(sentence) if self.glossary.terms else []

    def given(self, sentence: str) -> list[Span]:
        """The terms and what is to be copied: what no correction of typing errors may touch."""
        return without_overlap([*self.spans(sentence), *(span for span, _ in self.terms(sentence))])

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
        enough = all(translation.count(word) >= count for word, count in Counter(words).items())
        return enough and all(term.is_in(translation) for _, term in self.terms(sentence))

    def variants(self, sentence: str, tokenizer: Tokenizer, with_terms: bool = False) -> list[Masked]:
        """The sentence as a model may read it, with each choice of stand-ins for the words to copy.

        `with_terms`: for the terms too, each of which is to become the first of its accepted translations.
        """
        spans = self.spans(sentence)
        if with_terms:
            terms = [Span(span.start, span.end, becomes=term.forms[0]) for span, term in self.terms(sentence)]
            spans = without_overlap([*spans, *terms])
        names = choices(sentence, sum(span.is_word for span in spans), tokenizer)
        variants = [mask(sentence, spans, some) for some in names]
        return variants if variants[0].says_something else variants[:1]

    def kinds_of_variants(self, sentence: str, tokenizer: Tokenizer) -> list[list[Masked]]:
        """The variants with the terms as they are and, where there are any, those with stand-ins for terms."""
        kinds = (False, True) if self.terms(sentence) else (False,)
        return [self.variants(sentence, tokenizer, with_terms) for with_terms in kinds]

    def shortened(self, sentence: str, tokenizer: Tokenizer) -> str:
        """The sentence as a model may read it, where it has anything to copy."""
        return self.variants(sentence, tokenizer)[0].text if self.spans(sentence) else sentence


def translate_copying(
    translator: Translator,
    sentences: Sequence[str],
    options: SearchOptions,
    copying: Copying,
    *,
    prefixes: Sequence[str] | None = None,
    align: bool = False,
    places: Sequence[str] | None = None,
    to: str | None = None,
) -> list[Translated]:
    """`Translator.translate`, but each translation holds what it must; where it does so by itself, it is the same.

    Elsewhere the model reads a stand-in for each word to copy, and nothing for an emoji or a tag. The originals are
    then put into `text`, and are in `inserted`; tokens, scores and alignment are of what the model read and wrote.
    """
    sentences = [sentence.strip() for sentence in sentences]
    found = translator.translate(sentences, options, prefixes=prefixes, align=align, places=places, to=to)
    prefixes = prefixes or [""] * len(sentences)
    rows = [
        row for row, (sentence, one) in enumerate(zip(sentences, found, strict=True))
        if copying.concerns(sentence) and (one.error or not copying.is_kept(sentence, one.text))
    ]  # fmt: skip
    if not rows:
        return found
    tokenizer = translator.source_tokenizer
    variants = [copying.kinds_of_variants(sentences[row], tokenizer) for row in rows]
    again = iter(
        translator.translate(
            [masked.text for kinds in variants for some in kinds for masked in some],
            options,
            prefixes=[prefixes[row] for row, kinds in zip(rows, variants, strict=True) for some in kinds for _ in some],
            align=True,
            to=to,
        )
    )
    for row, kinds in zip(rows, variants, strict=True):
        best = [_best(some, list(islice(again, len(some)))) for some in kinds]
        if one := max(filter(None, best), key=lambda pair: pair[1].score, default=None):
            masked, translation = one
            translation, forms = _with_terms(translator, masked.text, translation, copying, options.length_penalty, to)
            found[row] = _whole(translator, sentences[row], masked, translation, forms, align)
    return found


def _best(variants: list[Masked], translations: list[Translated]) -> tuple[Masked, Translation] | None:
    """The variant whose stand-ins came out as they went in, else the one that the model is surest of."""
    pairs = [(masked, one) for masked, one in zip(variants, translations, strict=True) if isinstance(one, Translation)]
    return max(pairs, key=lambda pair: (pair[0].is_carried(pair[1].text), pair[1].score), default=None)


def _with_terms(
    translator: Translator, source: str, translation: Translation, copying: Copying, alpha: float, to: str | None
) -> tuple[Translation, tuple[str, ...]]:
    """The translation with an accepted form of each term, and the forms that had to be put there.

    A missing one takes the place of the word that attends most to the term; of its forms the one is taken with which
    the model finds the translation likeliest. `alpha` is the length penalty's.
    """
    kept: list[Term] = []
    forms: list[str] = []
    for span, term in copying.terms(source):
        kept.append(term)
        if term.is_in(translation.text):
            continue
        units = aligned_units(translation, translator.tokenizers, source)
        texts = [_with_form(form, translation.text, units, span, kept) for form in term.forms]
        scored = translator.score([source] * len(texts), texts, alpha, align=True, to=to)
        fitting = [
            (one, form) for one, form in zip(scored, term.forms, strict=True) if isinstance(one, Translation)
        ]  # fmt: skip
        if fitting:
            translation, form = max(fitting, key=lambda pair: pair[0].score)
            forms.append(form)
    return translation, tuple(forms)


def _with_form(form: str, text: str, units: Sequence[Unit], span: Span, kept: Sequence[Term]) -> str:
    """`text` with `form` for the word that attends most to the span and is no term itself; else with it at the end."""
    words = [unit for unit in units if any(map(str.isalnum, text[unit.start : unit.end]))]
    for unit in sorted(words, key=lambda unit: unit.share(span.start, span.end), reverse=True):
        changed = text[: unit.start] + form + text[unit.end :]
        if all(term.is_in(changed) for term in kept):
            return changed
    return f"{text} {form}".strip()


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
