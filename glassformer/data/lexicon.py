"""The lexicon of a corpus: learnt from it, or found where an earlier training kept it."""

from collections.abc import Iterable

from glassformer.data.cache import FORMAT, building, cache_folder, key_of
from glassformer.data.config import DataConfig
from glassformer.data.texts import Texts
from glassformer.errors import InputError
from glassformer.files import write_whole
from glassformer.quality_estimation.lexicon import LARGEST, VERSION, Lexicon
from glassformer.reading import read_regular
from glassformer.text.normalization import VERSION as RULES_VERSION
from glassformer.text.normalization import normalizers
from glassformer.text.pairs import Pair


def cached_lexicon(texts: Texts, data: DataConfig) -> Lexicon:
    """The lexicon of the pairs that the tokenizers are trained on, checked on the validation pairs.

    Of a stream, nothing is kept.
    """
    if data.stream:
        return learn_lexicon(texts, data)
    key = key_of(FORMAT, VERSION, *texts.digests, RULES_VERSION, data.normalize)
    path = cache_folder(data.store) / f"lexicon-{key}"
    with building(path):
        try:
            return Lexicon.from_bytes(read_regular(path, LARGEST), str(path))
        except (OSError, InputError):  # not there, or damaged
            lexicon = learn_lexicon(texts, data)
            write_whole(path, lexicon.to_bytes())
            return lexicon


def learn_lexicon(texts: Texts, data: DataConfig) -> Lexicon:
    """Learn the lexicon from the text as the tokenizers normalise it."""
    reading = texts.first_reading
    train, valid = _sides(reading.sample, data), _sides(texts.valid or reading.held_out.values(), data)
    return Lexicon.from_pairs(*train).checked(*valid)


def _sides(pairs: Iterable[Pair], data: DataConfig) -> tuple[list[str], list[str]]:
    sources, targets = map(list, zip(*(pair[:2] for pair in pairs), strict=True))
    rules = normalizers(data.normalize)
    return (rules[0].normalize(sources), rules[1].normalize(targets)) if rules else (sources, targets)
