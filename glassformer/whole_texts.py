"""Whole texts: split into sentences, translated, and put together again."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from heapq import nlargest
from itertools import islice, product
from typing import Any, Literal

from glassformer.arguments import checked, refuse_unequal, texts_of
from glassformer.copying import Copying, translate_copying
from glassformer.quality_estimation.calibration import lowest_confidence
from glassformer.quality_estimation.spelling import Reading, Spelling
from glassformer.quality_estimation.warnings import joined_warnings
from glassformer.search import SearchOptions
from glassformer.text.clauses import split_clauses
from glassformer.text.sentences import Parts, check_language, split_sentences
from glassformer.translator import FailedTranslation, Translation, Translator, search_options

Long = Literal["split", "skip", "fail"]


@checked
def translate_texts(
    translator: Translator,
    texts: Sequence[str],
    options: SearchOptions | None = None,
    *,
    split: bool = True,
    language: str | None = None,
    long: Long = "split",
    prefixes: Sequence[str] | None = None,
    align: bool = False,
    places: Sequence[str] | None = None,
    copying: Copying | None = Copying(),  # noqa: B008 - it is frozen
    spelling: Spelling = "correct",
    to: str | None = None,
    **overrides: Any,
) -> list[Translation | FailedTranslation]:
    """Translate texts of any number of sentences, each sentence by itself; the white space between them is kept.

    `split=False` takes each text as one sentence. `language` is that of the texts, an ISO 639 code whose rules split
    them; without it the script decides, and Latin is English. `long` says what becomes of a sentence that is longer
    than the model admits: it is split at clauses, skipped, or fails. Where a sentence fails (one word may be too long
    too) its whole text is a FailedTranslation; with `skip` it leaves no text, and its error is in `parts`. `copying`
    says what is copied, as addresses are, and which terms are used; None: whatever the model writes. `spelling` says
    whether a word that the model was not trained on is read as the trained word that one typing error makes of it,
    which is a warning then, or is kept (`quality_estimation/spelling.py`). The rest is as in `Translator.translate`; a
    prefix begins the first sentence.

    A text of several sentences has them in `parts`; its score and log-probability are the sums of theirs, its
    warnings are theirs together, its confidence is their lowest, and its
    n_best are the best of all their combinations. An over-long sentence has its clauses in its own `parts`.
    """
    if language:
        check_language(language)
    options = search_options(options, overrides)
    texts = texts_of(texts, "texts")
    refuse_unequal(len(texts), "texts", prefixes=prefixes, places=places)
    splits = [split_sentences(text, language) if split else Parts([text.strip()], []) for text in texts]
    places = places or [f"text {row + 1}" for row in range(len(texts))]
    sentences = _translate_sentences(
        translator,
        [sentence for parts, _ in splits for sentence in parts],
        options,
        long == "split",
        _of_the_first(prefixes, splits),
        align,
        copying or Copying(protect=False),
        spelling,
        to,
        [f"{place}{which}" for place, (parts, _) in zip(places, splits, strict=True) for which in _which(parts)],
    )
    return together(texts, splits, sentences, options.n_best, skip=long == "skip")


def _translate_sentences(
    translator: Translator, sentences: list[str], options: SearchOptions, split_long: bool, prefixes: list[str] | None,
    align: bool, copying: Copying, spelling: Spelling, to: str | None, places: list[str],
) -> list[Translation | FailedTranslation]:  # fmt: skip
    """Translate each sentence, in clauses where it is too long and that is wanted."""
    tokenizer = translator.source_tokenizer

    @cache
    def read(text: str) -> Reading:
        return translator.speller.read(text, copying.given) if spelling == "correct" else Reading(text)

    # Without </s>, and the symbol of the target.
    most = translator.config.max_length - len(tokenizer.ending_ids) - len(tokenizer.target_ids(to))

    def fits(text: str) -> bool:
        return tokenizer.fits(copying.shortened(read(text).text, tokenizer), most)

    clauses = [
        split_clauses(sentence, fits) if split_long and not fits(sentence) else Parts([sentence], [])
        for sentence in sentences
    ]
    typed = [clause for parts, _ in clauses for clause in parts]
    translations = translate_copying(
        translator,
        [read(clause).text for clause in typed],
        options,
        copying,
        prefixes=_of_the_first(prefixes, clauses),
        align=align,
        to=to,
        places=[place for place, (parts, _) in zip(places, clauses, strict=True) for _ in parts],
    )
    as_typed = [_as_typed(translator, *one, read(one[0])) for one in zip(typed, translations, strict=True)]
    return together(sentences, clauses, as_typed, options.n_best)


def _as_typed(
    translator: Translator, typed: str, found: Translation | FailedTranslation, reading: Reading
) -> Translation | FailedTranslation:
    """The translation of a reading as that of the text that was typed, with a warning that says what was corrected."""
    if not reading.corrections:
        return found
    if isinstance(found, FailedTranslation):
        return replace(found, source=typed)

    def whole(one: Translation) -> Translation:
        warnings = *reading.warnings, *one.warnings
        confidence = translator.estimator.confidence(one.token_log_probs, warnings)
        alternatives = tuple(map(whole, one.alternatives))
        return replace(one, source=typed, warnings=warnings, confidence=confidence, alternatives=alternatives)

    return whole(found)


def _of_the_first(prefixes: Sequence[str] | None, splits: list[Parts]) -> list[str] | None:
    """The prefix of each text for the first of its parts, none for the others."""
    if prefixes is None:
        return None
    pairs = zip(prefixes, splits, strict=True)
    return [prefix if index == 0 else "" for prefix, (parts, _) in pairs for index in range(len(parts))]


def _which(parts: list[str]) -> list[str]:
    return [f", sentence {number}" for number in range(1, len(parts) + 1)] if len(parts) > 1 else [""]


def together(
    texts: Sequence[str], splits: list[Parts], translations: list[Translation | FailedTranslation], n_best: int = 1,
    skip: bool = False,
) -> list[Translation | FailedTranslation]:  # fmt: skip
    """The translation of each text, from those of the parts of all. `skip`: what failed leaves no text."""
    each = iter(translations)
    return [
        _whole(text.strip(), split, list(islice(each, len(split.parts))), n_best, skip)
        for text, split in zip(texts, splits, strict=True)
    ]


def _whole(
    text: str, split: Parts, found: list[Translation | FailedTranslation], n_best: int, skip: bool
) -> Translation | FailedTranslation:
    """The translation of a text, from those of its parts."""
    failed = [one.error for one in found if one.error]
    if failed and not skip:
        return FailedTranslation(text, failed[0])
    if len(found) == 1 and not failed and not found[0].parts:
        return found[0]
    choices = [(one, *one.alternatives) if isinstance(one, Translation) else (None,) for one in found]
    best, *others = (_joined(text, split, chosen) for chosen in _best_choices(choices, n_best))
    return replace(best, alternatives=tuple(others), parts=tuple(found))


Choice = Sequence[Translation | None]


def _best_choices(choices: Sequence[Choice], count: int) -> list[Choice]:
    """The `count` ways to choose one translation of each part whose scores have the highest sums, the best first."""
    best: list[Choice] = [()]
    for some in choices:
        both = ((*before, one) for before, one in product(best, some))
        best = nlargest(count, both, key=lambda chosen: math.fsum(one.score for one in chosen if one))
    return best


def _joined(text: str, split: Parts, chosen: Choice) -> Translation:
    placed = [(at, one) for at, one in zip(split.starts, chosen, strict=True) if one]
    spoken = [one for _, one in placed]
    return Translation(
        source=text,
        text=split.joined([one.text if one else "" for one in chosen]),
        score=math.fsum(one.score for one in spoken),
        log_prob=math.fsum(one.log_prob for one in spoken),
        finished=all(one.finished for one in spoken),
        inserted=tuple(original for one in spoken for original in one.inserted),
        warnings=joined_warnings([warning.moved(at) for at, one in placed for warning in one.warnings]),
        confidence=lowest_confidence(one.confidence for one in spoken),
    )
