"""M2M-100 and NLLB in the layout of Hugging Face's transformers (M2M100ForConditionalGeneration).

Fan et al. 2020; NLLB Team 2022. Pre-norm with a norm after each stack, tensor2tensor's sinusoids counted from the id of
`<pad>` plus 1. The source begins with its language's symbol and the translation, after `</s>`, with its own. Files:
config.json, model.safetensors or pytorch_model.bin, sentencepiece.bpe.model, tokenizer_config.json, and the ids in
vocab.json (M2M-100) or tokenizer.json (NLLB); without either they are fairseq's of the SentencePiece file.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from glassformer.arguments import shown
from glassformer.errors import InputError
from glassformer.interop import marian, spm
from glassformer.interop.configs import refuse_others
from glassformer.interop.directories import read_object
from glassformer.interop.tables import built, shapes_of, to_ours
from glassformer.interop.vocabularies import in_our_order
from glassformer.model import ModelConfig
from glassformer.text.directions import symbol_of
from glassformer.text.tokenizer import BEHIND, TWO_SIDED
from glassformer.translator import Translator

KIND = "m2m_100"
SPM, VOCABULARY, TOKENIZER = "sentencepiece.bpe.model", "vocab.json", "tokenizer.json"
TOKENIZER_CONFIG, SPECIAL = "tokenizer_config.json", "special_tokens_map.json"
# Of M2M-100, in the order of their ids (Fan et al. 2020, table 1), where no file lists them.
LANGUAGES = (
    "af", "am", "ar", "ast", "az", "ba", "be", "bg", "bn", "br", "bs", "ca", "ceb", "cs", "cy", "da", "de", "el",
    "en", "es", "et", "fa", "ff", "fi", "fr", "fy", "ga", "gd", "gl", "gu", "ha", "he", "hi", "hr", "ht", "hu",
    "hy", "id", "ig", "ilo", "is", "it", "ja", "jv", "ka", "kk", "km", "kn", "ko", "lb", "lg", "ln", "lo", "lt",
    "lv", "mg", "mk", "ml", "mn", "mr", "ms", "my", "ne", "nl", "no", "ns", "oc", "or", "pa", "pl", "ps", "pt",
    "ro", "ru", "sd", "si", "sk", "sl", "so", "sq", "sr", "ss", "su", "sv", "sw", "ta", "th", "tl", "tn", "tr",
    "uk", "ur", "uz", "vi", "wo", "xh", "yi", "yo", "zh", "zu",
)  # fmt: skip
MBART_25 = ("MBartTokenizer", "MBartTokenizerFast")
LANGUAGES_25 = (  # of mBART-25 (Liu et al. 2020, table 1), in the order of their ids
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT", "ja_XX",
    "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN",
    "zh_CN",
)  # fmt: skip
_LANGUAGE = re.compile(r"__([a-z]+)__|([a-z]{3}_[A-Z][a-z]{3})|([a-z]{2}_[A-Z]{2})")  # M2M-100's, NLLB's, mBART's


def read(directory: Path) -> Translator:
    """The model in such a directory; InputError for one that does not fit together."""
    values, path = read_object(directory, marian.CONFIG), directory / marian.CONFIG
    refuse_others(values, {"activation_function": "relu", "scale_embedding": True, "tie_word_embeddings": True}, path)
    start, pad = (id_of(values, name, path) for name in ("decoder_start_token_id", "pad_token_id"))
    config = marian.config_of(
        values, path, norm_position="pre", position_layout="halves", position_exponent="tensor2tensor",
        first_position=pad + 1, embedding_scale=True, decoder_start_id=start,
    )  # fmt: skip
    theirs, positions = marian.parted(marian.read_weights(directory))
    translator = translator_of(directory, config, marian.one_of_each(theirs, True, directory / marian.WEIGHTS), KIND)
    marian.refuse_other_positions(positions, translator.model, directory)
    return translator


def translator_of(
    directory: Path, config: ModelConfig, theirs: Mapping[str, Tensor], kind: str, language: str = ""
) -> Translator:
    """The model of a config and their weights, with its tokenizer, which is told both languages.

    `language`: of the sources, where each ends with its symbol and the decoder begins with the target's.
    """
    weights = to_ours(marian.table(config), theirs, shapes_of(config), str(directory / marian.WEIGHTS))
    model = spm.read_spm(directory, SPM)
    ids, symbols = _ids(directory, model)
    if language:
        symbols = _one_symbol(symbols, language, directory)
    vocabulary = spm.vocabulary(with_every_row(ids, config.vocab_size, directory), [model], directory / SPM, symbols)
    tokenizer = spm.tokenizer(model, vocabulary, BEHIND if language else TWO_SIDED)
    ours = in_our_order(config, weights, vocabulary, vocabulary)
    return Translator(built(*ours), tokenizer, tokenizer, {"imported": kind})


def _one_symbol(symbols: Mapping[str, str], language: str, directory: Path) -> dict[str, str]:
    """The symbol of this language alone, so that no other can be asked for."""
    own = {piece: symbol for piece, symbol in symbols.items() if symbol == symbol_of(language)}
    if not own:
        raise InputError(
            f"{directory / TOKENIZER_CONFIG}: src_lang = {shown(language)} is no language of the vocabulary"
        )
    return own


def id_of(values: Mapping[str, Any], name: str, path: Path) -> int:
    """The id that a config gives under a name."""
    number = values.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise InputError(f"{path}: {name} = {shown(number)} must be an id")
    return number


def _ids(directory: Path, model: Any) -> tuple[dict[str, int], dict[str, str]]:
    """The id of each piece, and the symbols of those that the files declare to be languages."""
    path = directory / (VOCABULARY if (directory / VOCABULARY).exists() else TOKENIZER)
    if path.name == TOKENIZER and path.exists():
        ids, added = tokenizer_ids(directory)
        ids |= added
    else:
        ids = read_object(directory, VOCABULARY) if path.exists() else spm.fairseq_ids(model)
        added = _languages(directory, len(ids))
        ids = added | ids
    spm.check_ids(ids, path)
    return ids, {piece: symbol for piece in added if (symbol := _symbol_of_language(piece))}


def tokenizer_ids(directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ids in a tokenizer.json: of its vocabulary (a mapping, or a list of pieces and scores), and of added ones."""
    values, path = read_object(directory, TOKENIZER), directory / TOKENIZER
    try:
        pieces = values["model"]["vocab"]
        ids = dict(pieces) if isinstance(pieces, dict) else {one[0]: number for number, one in enumerate(pieces)}
        return ids, {one["content"]: one["id"] for one in values["added_tokens"]}
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path}: has no model with a vocab, or no added_tokens; it is no tokenizer's") from error


def _languages(directory: Path, first: int) -> dict[str, Any]:
    """The ids of the languages of M2M-100, which no vocabulary lists: they follow it, in the order of the settings."""
    for name in (TOKENIZER_CONFIG, SPECIAL):
        values = read_object(directory, name) if (directory / name).exists() else {}
        for key in ("additional_special_tokens", "extra_special_tokens"):
            given = values.get(key)
            names = given if isinstance(given, list) else []
            if listed := [one for one in names if isinstance(one, str) and _LANGUAGE.fullmatch(one)]:
                return {piece: first + number for number, piece in enumerate(listed)}
    settings = read_object(directory, TOKENIZER_CONFIG)
    if settings.get("tokenizer_class") in MBART_25:
        return {piece: first + number for number, piece in enumerate(LANGUAGES_25)}
    if settings.get("language_codes", "m2m100") == "m2m100":
        return {f"__{code}__": first + number for number, code in enumerate(LANGUAGES)}
    raise InputError(f"{directory / TOKENIZER_CONFIG}: lists no languages; copy the whole directory")


def _symbol_of_language(piece: str) -> str | None:
    """Our symbol for a language's piece, `<2de>` for `__de__`; None for other pieces that were added."""
    found = _LANGUAGE.fullmatch(piece)
    return symbol_of(next(filter(None, found.groups()))) if found else None


def with_every_row(ids: Mapping[str, int], rows: int, directory: Path) -> dict[str, int]:
    """The ids, and a piece for each row of the model that none of them names, for it counts in every softmax."""
    if len(ids) > rows or any(not 0 <= number < rows for number in ids.values()):
        raise InputError(f"{directory}: has {len(ids):,} pieces but the model {rows:,}; the files are not of one model")
    free = sorted(set(range(rows)) - set(ids.values()))
    return dict(ids) | {f"<row {number}>": number for number in free}
