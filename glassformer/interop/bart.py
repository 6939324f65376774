"""BART in the layout of Hugging Face's transformers (BartForConditionalGeneration).

Lewis et al. 2020. Post-norm, learned positions, of whose table the first two rows are of no position, a norm of the
embeddings. Both sides begin with `<s>`; decoding starts from `</s>`. Files: config.json, model.safetensors or
pytorch_model.bin, and the byte-level BPE in vocab.json and merges.txt or in tokenizer.json.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.arguments import shown
from glassformer.errors import InputError
from glassformer.interop import marian, mbart, spm
from glassformer.interop.configs import refuse_others
from glassformer.interop.directories import read_object
from glassformer.interop.lists import read_lines
from glassformer.interop.m2m100 import TOKENIZER, TOKENIZER_CONFIG, with_every_row
from glassformer.interop.tables import built, shapes_of, to_ours
from glassformer.interop.vocabularies import in_our_order
from glassformer.special import PIECES
from glassformer.text.byte_level import LETTERS, letters_of_bytes
from glassformer.text.tokenizer import BYTE_LEVEL, META
from glassformer.translator import Translator

KIND = "bart"
VOCABULARY, MERGES, MASK = "vocab.json", "merges.txt", "<mask>"
PLAIN = {  # settings of theirs that change the formulas; other values are of other models
    "normalize_before": False, "normalize_embedding": True, "add_final_layer_norm": False,
    "static_position_embeddings": False, "tie_word_embeddings": True, "add_bias_logits": False,
}  # fmt: skip
_SPACE = letters_of_bytes()[ord(" ")]
_KINDS: Any = model_pb2.ModelProto.SentencePiece  # type: ignore[attr-defined]


def read(directory: Path) -> Translator:
    """The model in such a directory; InputError for one that does not fit together."""
    values, path = read_object(directory, marian.CONFIG), directory / marian.CONFIG
    refuse_others(values, PLAIN, path)
    if (directory / TOKENIZER_CONFIG).exists():
        settings = read_object(directory, TOKENIZER_CONFIG)
        refuse_others(settings, {"add_prefix_space": False}, directory / TOKENIZER_CONFIG)
    config, theirs = mbart.config_and_weights(directory, values, "post")
    weights = to_ours(marian.table(config), theirs, shapes_of(config), str(directory / marian.WEIGHTS))
    ids, merges, file = _ids_and_merges(directory)
    if ids.get(MASK) == config.vocab_size:
        del ids[MASK]  # of a model that was trained further without it
    ids = with_every_row(ids, config.vocab_size, directory)
    model = splitter(ids, merges, directory / file)
    vocabulary = spm.vocabulary(ids, [model], directory / file)
    tokenizer = spm.tokenizer(model, vocabulary, BYTE_LEVEL)
    return Translator(
        built(*in_our_order(config, weights, vocabulary, vocabulary)), tokenizer, tokenizer, {"imported": KIND}
    )


def _ids_and_merges(directory: Path) -> tuple[dict[str, int], list[list[str]], str]:
    """The id of each piece, the merges in their order, and the file that they are in."""
    if (directory / VOCABULARY).exists():
        ids = read_object(directory, VOCABULARY)
        merges: Sequence[Any] = [line for line in read_lines(directory, MERGES) if not line.startswith("#version")]
        file = VOCABULARY
    else:
        ids, merges = _of_tokenizer(read_object(directory, TOKENIZER), directory / TOKENIZER)
        file = TOKENIZER
    spm.check_ids(ids, directory / file)
    if len(merges) > len(ids):  # before they are taken apart
        raise InputError(f"{directory / file}: {len(merges):,} merges make {len(ids):,} pieces, though each its own")
    pairs = [one.split(" ") if isinstance(one, str) else one for one in merges]
    if strange := next((one for one in pairs if not _is_pair(one, ids)), None):
        raise InputError(f"{directory / file}: the merge {shown(strange)} is not of two of its pieces to one")
    letters = {piece: piece.replace(_SPACE, META) for piece in ids}
    return {letters[piece]: ids[piece] for piece in ids}, [[letters[one] for one in pair] for pair in pairs], file


def _is_pair(pair: Any, ids: Mapping[str, int]) -> bool:
    is_list = isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)
    return is_list and pair[0] in ids and pair[1] in ids and "".join(pair) in ids


def _of_tokenizer(values: dict[str, Any], path: Path) -> tuple[dict[str, Any], Sequence[Any]]:
    """The ids and merges in a tokenizer.json; InputError for one that is not GPT-2's kind."""
    try:
        model, cut = values["model"], values["pre_tokenizer"]
        plain = values.get("normalizer") is None and cut["type"] == "ByteLevel" and model["type"] == "BPE"
        if not plain or cut.get("add_prefix_space") or not cut.get("use_regex", True):
            raise InputError(f"{path}: is no byte-level BPE as GPT-2's (ByteLevel without add_prefix_space, no rules)")
        added = {one["content"]: one["id"] for one in values["added_tokens"]}
        return dict(model["vocab"]) | added, list(model["merges"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: has no model with a vocab and merges, or no added_tokens") from error


def splitter(ids: Mapping[str, int], merges: Sequence[Sequence[str]], path: Path) -> Any:
    """The SentencePiece model that merges letters of bytes in this order."""
    if missing := [letter for letter in LETTERS if letter not in ids]:
        raise InputError(f"{path}: has no piece for {len(missing)} of the 256 bytes, such as {missing[0]}")
    model: Any = model_pb2.ModelProto()  # type: ignore[attr-defined]
    model.trainer_spec.model_type = model_pb2.TrainerSpec.BPE  # type: ignore[attr-defined]
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = model.normalizer_spec.remove_extra_whitespaces = False
    places = {"".join(pair): place for place, pair in enumerate(merges)}
    if len(places) < len(merges):
        raise InputError(f"{path}: two merges make the same piece, which no BPE learns")
    for piece in dict.fromkeys([*LETTERS, *places]):
        model.pieces.add(piece=piece, type=_KINDS.NORMAL, score=-float(places.get(piece, len(places))))
    model.pieces.add(piece=PIECES[1], type=_KINDS.UNKNOWN)
    return model
