"""`translate_markup`: HTML- or XML-like text, whose tags come out around the words that they were around."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from glassformer.arguments import checked, refuse_unequal, texts_of
from glassformer.copying.aligned import Unit, aligned_units, units_without_alignment
from glassformer.copying.marks import Mark, insertions
from glassformer.errors import UsageError
from glassformer.quality_estimation.calibration import lowest_confidence
from glassformer.quality_estimation.warnings import joined_warnings
from glassformer.search import SearchOptions
from glassformer.text.markup import Block, blocks_of, escape
from glassformer.translator import FailedTranslation, Translation, Translator
from glassformer.whole_texts import translate_texts

Translated = Translation | FailedTranslation


@checked
def translate_markup(
    translator: Translator, texts: Sequence[str], options: SearchOptions | None = None, **settings: Any
) -> list[Translated]:
    """`translate_texts` of texts with markup: every tag is in the translation, once, and pairs are nested as before.

    A block (a paragraph, a list's item, a table's cell) is a text of its own; within it a pair of tags goes around the
    words that attend most to those it was around, by the cross-attention. Tags, comments and attributes are not
    changed; a tag without its partner, and what else is no well-formed markup, stays as it is. Entities are decoded
    for the model; in the translation `&`, `<` and `>` are entities. `parts` has the blocks, without markup.

    Raises UsageError for `n_best` above 1 and for prefixes, which have no place here.
    """
    options = options or SearchOptions()
    if settings.get("n_best", options.n_best) > 1 or settings.get("prefixes"):
        raise UsageError("markup takes neither n_best above 1 nor a prefix; leave them out")
    texts = texts_of(texts, "texts")
    refuse_unequal(len(texts), "texts", places=settings.get("places"))
    places = settings.pop("places", None) or [f"text {row + 1}" for row in range(len(texts))]
    split = [blocks_of(text) for text in texts]
    found = translate_texts(
        translator,
        [block.text for blocks, _ in split for block in blocks],
        options,
        places=[place for place, (blocks, _) in zip(places, split, strict=True) for _ in blocks],
        **settings,
    )
    each = iter(zip(found, _all_units(translator, found), strict=True))
    return [
        _together(text, blocks, behind, list(islice(each, len(blocks))))
        for text, (blocks, behind) in zip(texts, split, strict=True)
    ]


def _together(
    text: str, blocks: Sequence[Block], behind: str, found: Sequence[tuple[Translated, list[Unit]]]
) -> Translated:
    failed = [one.error for one, _ in found if one.error]
    if failed:
        return FailedTranslation(text, failed[0])
    translations = [one for one, _ in found if isinstance(one, Translation)]
    pairs = zip(blocks, found, strict=True)
    marked_up = "".join(block.before + _with_tags(block, one.text, units) for block, (one, units) in pairs)
    return Translation(
        source=text,
        text=marked_up + behind,
        score=sum(one.score for one in translations),
        log_prob=sum(one.log_prob for one in translations),
        finished=all(one.finished for one in translations),
        parts=tuple(translations),
        inserted=tuple(original for one in translations for original in one.inserted),
        warnings=joined_warnings([warning.moved(None) for one in translations for warning in one.warnings]),
        confidence=lowest_confidence(one.confidence for one in translations),
    )


def _with_tags(block: Block, translation: str, units: Sequence[Unit]) -> str:
    """A block's translation as markup, with its tags."""
    marks = [
        Mark(at, text, block.text[:at][-1:].isspace(), block.text[at:][:1].isspace()) for at, text in block.tags
    ]  # fmt: skip
    text, end = "", 0
    for edit in insertions(marks, block.text, units, translation):
        text += escape(translation[end : edit.start]) + edit.text
        end = edit.end
    return text + escape(translation[end:])


def _all_units(translator: Translator, found: Sequence[Translated]) -> list[list[Unit]]:
    """The units of each translation. Its sentences are read once more, as they are in the end, for the alignment."""
    sentences = [list(_sentences(one)) for one in found]
    pairs = [(one.source, one.text) for some in sentences for one in some]
    aligned = iter(translator.score([source for source, _ in pairs], [text for _, text in pairs], align=True))
    return [
        list(_placed(translator, whole, zip(some, islice(aligned, len(some)), strict=True)))
        for whole, some in zip(found, sentences, strict=True)
    ]


def _sentences(found: Translated) -> Iterator[Translation]:
    """What was translated together: the innermost parts that have a text."""
    if isinstance(found, Translation) and found.parts:
        for part in found.parts:
            yield from _sentences(part)
    elif isinstance(found, Translation) and found.text:
        yield found


def _placed(
    translator: Translator, whole: Translated, sentences: Iterator[tuple[Translation, Translated]]
) -> Iterator[Unit]:
    """The units of a translation's sentences, where they stand in the whole texts."""
    start = at = 0
    for one, aligned in sentences:
        start, at = whole.text.index(one.text, start), whole.source.index(one.source, at)
        if isinstance(aligned, Translation) and aligned.text == one.text and aligned.alignment is not None:
            units = aligned_units(aligned, translator.tokenizers, one.source)
        else:  # too long, or not as the tokenizer writes it
            units = units_without_alignment(one.source, one.text)
        for unit in units:
            yield Unit(start + unit.start, start + unit.end, unit.attended_c, at)
        start, at = start + len(one.text), at + len(one.source)
