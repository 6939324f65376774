"""What a record carries so that the page can translate a sentence that its reader types: the tokenizers, as their
`.spm` files have them, and the rules of greedy search. The weights it has already.
"""

import base64
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.engine import SUPPRESSED
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

KINDS = {1: "unigram", 2: "bpe"}  # SentencePiece's TrainerSpec.ModelType; the page knows no other
UNUSED = 5  # SentencePiece's type of pieces that are only stepping stones of merges
LARGEST_RULES = 1_000_000  # bytes of a tokenizer's rules of normalisation, compressed


def translator_data(translator: Translator, options: SearchOptions) -> dict[str, Any] | None:
    """The record's `translator`; None where the page could not encode a sentence as the model's tokenizer does."""
    if translator.source_tokenizer.is_framed_otherwise:
        return None  # the page puts a target's symbol before a source and `</s>` behind it, no more
    source, target = (tokenizer_data(tokenizer) for tokenizer in translator.tokenizers)
    if source is None or target is None:
        return None
    joint = translator.source_tokenizer.to_bytes() == translator.target_tokenizer.to_bytes()
    return {
        "source": source,
        "target": None if joint else target | {"scores": None, "rules": None},  # it only decodes
        "end": EOS,
        "forbidden": list(SUPPRESSED),
        "max_length": translator.config.max_length,
        "max_length_ratio": options.max_length_ratio,
        "max_length_extra": options.max_length_extra,
        "length_penalty": options.length_penalty,
    }


@lru_cache(maxsize=4)
def tokenizer_data(tokenizer: Tokenizer) -> dict[str, Any] | None:
    """One tokenizer as the record has it; None where the page could not follow it."""
    model: Any = model_pb2.ModelProto.FromString(tokenizer.to_bytes())  # type: ignore[attr-defined]
    rules, spec, kind = model.normalizer_spec, model.trainer_spec, KINDS.get(model.trainer_spec.model_type)
    packed = zlib.compress(rules.precompiled_charsmap, 9) if rules.precompiled_charsmap else b""
    types = [piece.type for piece in model.pieces]
    unknown_to_the_page = kind is None or not rules.escape_whitespaces or (kind == "bpe" and UNUSED in types)
    if unknown_to_the_page or len(packed) > LARGEST_RULES:
        return None
    return {
        "kind": kind,
        "scores": _base64(np.array([piece.score for piece in model.pieces], "<f4").tobytes()),
        "types": _base64(bytes(types)),
        "control": [token for token in range(len(types)) if tokenizer.is_control(token)],
        "byte_fallback": spec.byte_fallback,
        "add_dummy_prefix": rules.add_dummy_prefix,
        "remove_extra_whitespaces": rules.remove_extra_whitespaces,
        "whitespace_as_suffix": spec.treat_whitespace_as_suffix,
        "rules": _base64(packed) if packed else None,
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
