"""mBART-50 and mBART-25 in the layout of Hugging Face's transformers (MBartForConditionalGeneration).

Tang et al. 2020; Liu et al. 2020. Pre-norm with a norm after each stack and one of the embeddings, learned positions,
of whose table the first two rows are of no position. mBART-50 is told its languages as M2M-100. A source of mBART-25
ends with its language's symbol, behind `</s>`, and the decoder begins with the target's: config.json fixes that, so a
model has one direction.

Axes: V vocabulary.
"""

from pathlib import Path
from typing import Any

from torch import Tensor

from glassformer.errors import InputError
from glassformer.interop import marian
from glassformer.interop.configs import refuse_others
from glassformer.interop.directories import read_object
from glassformer.interop.m2m100 import MBART_25, TOKENIZER_CONFIG, id_of, translator_of
from glassformer.model import ModelConfig
from glassformer.translator import Translator

KIND = "mbart"
OFFSET = 2  # rows of the table of positions before that of the first token


def read(directory: Path) -> Translator:
    """The model in such a directory; InputError for one that does not fit together."""
    values, path = read_object(directory, marian.CONFIG), directory / marian.CONFIG
    settings = read_object(directory, TOKENIZER_CONFIG)
    name = str(settings.get("tokenizer_class"))
    if not name.startswith("MBart50Tokenizer") and name not in MBART_25:
        known = ", ".join(("MBart50Tokenizer", *MBART_25))
        raise InputError(f"{directory / TOKENIZER_CONFIG}: tokenizer_class = {name} is not supported, only {known}")
    language = str(settings.get("src_lang") or "en_XX") if name in MBART_25 else ""
    refuse_others(values, {"tie_word_embeddings": True}, path)
    config, theirs = config_and_weights(directory, values, "pre")
    return translator_of(directory, config, theirs, KIND, language)


def config_and_weights(
    directory: Path, values: dict[str, Any], norm_position: str
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The config and their tensors, of a family whose only bias outside the layers is final_logits_bias."""
    theirs = marian.one_of_each(marian.read_weights(directory), True, directory / marian.WEIGHTS)
    bias_V = theirs.pop("final_logits_bias", None)
    has_bias = bias_V is not None and bool(bias_V.any())
    path = directory / marian.CONFIG
    config = marian.config_of(
        values, path, norm_position=norm_position, positions="learned", embedding_norm=True,
        embedding_scale=values.get("scale_embedding", False), output_bias=has_bias,
        decoder_start_id=id_of(values, "decoder_start_token_id", path),
    )  # fmt: skip
    if has_bias and bias_V is not None:
        theirs["final_logits_bias"] = bias_V.flatten()
    return config, marian.from_position(theirs, OFFSET)
