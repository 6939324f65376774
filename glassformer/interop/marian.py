"""Marian in the layout of Hugging Face's transformers (MarianMTModel, MarianTokenizer), as OPUS-MT models come.

Junczys-Dowmunt et al. 2018. Post-norm, no norm after the stacks, sinusoidal positions with all sines before all
cosines, an output layer tied to the embeddings. Files: config.json, generation_config.json, model.safetensors,
source.spm, target.spm, vocab.json (and target_vocab.json), tokenizer_config.json.

Axes: V vocabulary.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from glassformer.arguments import shown
from glassformer.engine.generation import SUPPRESSED
from glassformer.errors import InputError, UsageError
from glassformer.files import write_whole
from glassformer.interop import configs, spm
from glassformer.interop.configs import activation_of, refuse_others, refuse_unequal_sides
from glassformer.interop.directories import checked_file, read_object, write_json
from glassformer.interop.pickles import unpickled_tensors
from glassformer.interop.tables import (
    Table,
    Weights,
    built,
    halves,
    refuse_other_numbers,
    reordered,
    shapes_of,
    to_ours,
    to_theirs,
)
from glassformer.interop.vocabularies import in_our_order
from glassformer.model import ModelConfig, Transformer
from glassformer.model.positions import Positions
from glassformer.model_directory import parameters_of, read_tensors
from glassformer.special import EOS, PAD, PIECES
from glassformer.text.tokenizer import Tokenizer, Tokenizers
from glassformer.translator import Translator

KIND = "marian"
CONFIG, WEIGHTS, PICKLED = "config.json", "model.safetensors", "pytorch_model.bin"
SOURCE, TARGET, VOCABULARY, TARGET_VOCABULARY = "source.spm", "target.spm", "vocab.json", "target_vocab.json"
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "silu": "swish"}  # ours: theirs
NEEDED = {  # what its class holds; all else is refused by name
    "norm_position": "post", "positions": "sinusoidal", "norm": "layernorm", "final_norm": False, "bias": True,
    "norm_eps": 1e-5, "position_exponent": "paper", "first_position": 0, "embedding_norm": False,
}  # fmt: skip
PLAIN = {  # settings of theirs that change the formulas; other values are of other models
    "normalize_before": False, "normalize_embedding": False, "add_final_layer_norm": False,
    "static_position_embeddings": True,
}  # fmt: skip
ROUNDED = 4e-3  # the most by which a sine is off in bfloat16
COMPUTED = ("embed_positions.weight", "embed_positions.weights", "embed_positions._float_tensor")  # no parameters
_LAYER = {
    "self_attention": "self_attn",
    "cross_attention": "encoder_attn",
    "self_attention_norm.norm": "self_attn_layer_norm",
    "cross_attention_norm.norm": "encoder_attn_layer_norm",
    "feed_forward.inner": "fc1",
    "feed_forward.outer": "fc2",
    "feed_forward_norm.norm": "final_layer_norm",
}
_ATTENTION = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "out_proj"}


def table(config: ModelConfig) -> Table:
    """Their name of each of our parameters."""
    joint = config.source_vocab_size is None
    outside = {
        "source_embedding.token.weight": "model.shared.weight" if joint else "model.encoder.embed_tokens.weight",
        "target_embedding.token.weight": "model.decoder.embed_tokens.weight",
        "generator.weight": "lm_head.weight",
        "generator.bias": "final_logits_bias",
    }
    for stack, side in (("encoder", "source"), ("decoder", "target")):  # which Marian has not, but its relatives have
        outside[f"{side}_embedding.position.table_PD"] = f"model.{stack}.embed_positions.weight"
        for kind in ("weight", "bias"):
            outside[f"{side}_embedding.norm.{kind}"] = f"model.{stack}.layernorm_embedding.{kind}"
            outside[f"{stack}_norm.{kind}"] = f"model.{stack}.layer_norm.{kind}"
    return {outside.get(name) or _in_layer(name): (name,) for name in shapes_of(config)}


def _in_layer(name: str) -> str:
    stack, layer, part, *inner, kind = name.split(".")
    if part.endswith("attention"):
        return f"model.{stack}.layers.{layer}.{_LAYER[part]}.{_ATTENTION[inner[0]]}.{kind}"
    return f"model.{stack}.layers.{layer}.{_LAYER['.'.join([part, *inner])]}.{kind}"


# Out


def check(translator: Translator) -> None:
    """Raise UsageError, by name, for what no MarianMTModel holds."""
    config = translator.model.config
    found = {name: getattr(config, name) for name in NEEDED}
    other = [f"{name} = {value}" for name, value in found.items() if value != NEEDED[name]]
    other += [f"activation = {config.activation}"] if config.activation not in ACTIVATIONS else []
    other += [f"num_kv_heads = {config.kv_heads}"] if config.kv_heads != config.num_heads else []
    if other:
        settings = " ".join(f"--set {name}={value}" for name, value in NEEDED.items() if found[name] != value)
        settings += " --set activation=relu" if config.activation not in ACTIVATIONS else ""
        settings += " --set num_kv_heads=null" if config.kv_heads != config.num_heads else ""
        raise UsageError(
            f"no class of transformers holds {', '.join(other)}; train with {settings.strip().lower()}, "
            "or export --to ctranslate2"
        )


def write(translator: Translator, directory: Path, _int8: bool = False) -> None:
    """Write a directory that transformers' MarianMTModel and MarianTokenizer load."""
    config = translator.model.config
    write_json(directory / CONFIG, _their_config(config))
    write_json(directory / "generation_config.json", _generation(config))
    write_whole(directory / WEIGHTS, save(_their_weights(translator.model), metadata={"format": "pt"}))
    _write_tokenizers(translator, directory)
    write_whole(directory / "README.md", model_card(translator).encode())


def _their_weights(model: Transformer) -> Weights:
    config, ours = model.config, parameters_of(model)
    if config.position_layout == "interleaved":
        ours = reordered(ours, halves(config.d_model))
    theirs = to_theirs(table(config), ours)
    bias_V = theirs.get("final_logits_bias", torch.zeros(config.vocab_size))
    theirs["final_logits_bias"] = bias_V[None]
    if not config.tie_embeddings and config.source_vocab_size is None:  # what is not tied there is not shared either
        shared = theirs["model.shared.weight"]
        theirs |= {f"model.{stack}.embed_tokens.weight": shared.clone() for stack in ("encoder", "decoder")}
    return {name: weight.contiguous() for name, weight in theirs.items()}


def _their_config(config: ModelConfig) -> dict[str, Any]:
    return {
        "architectures": ["MarianMTModel"],
        "model_type": KIND,
        "vocab_size": config.source_vocab_size or config.vocab_size,
        "decoder_vocab_size": config.vocab_size,
        "share_encoder_decoder_embeddings": config.source_vocab_size is None,
        "tie_word_embeddings": config.tie_embeddings,
        "d_model": config.d_model,
        **{f"{stack}_attention_heads": config.num_heads for stack in ("encoder", "decoder")},
        **{f"{stack}_ffn_dim": config.d_ff for stack in ("encoder", "decoder")},
        "encoder_layers": config.encoder_layers,
        "decoder_layers": config.decoder_layers,
        "activation_function": ACTIVATIONS[config.activation],
        "scale_embedding": config.embedding_scale,
        "max_position_embeddings": config.max_length,
        "dropout": config.dropout,
        "pad_token_id": PAD,
        "bos_token_id": None,
        "eos_token_id": EOS,
        "forced_eos_token_id": None,
        "decoder_start_token_id": config.decoder_start_id,
        "is_encoder_decoder": True,
        "dtype": "float32",
    } | PLAIN  # fmt: skip


def _generation(config: ModelConfig) -> dict[str, Any]:
    """Beam search as here, but for the length penalty: transformers divides by n^alpha, and 1 is its own default."""
    return {
        "decoder_start_token_id": config.decoder_start_id,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "suppress_tokens": list(SUPPRESSED),
        "num_beams": 4,
        "max_length": config.max_length,
    }


def _write_tokenizers(translator: Translator, directory: Path) -> None:
    source, target = translator.tokenizers
    separate = translator.model.config.source_vocab_size is not None
    write_whole(directory / SOURCE, source.to_bytes())
    write_whole(directory / TARGET, target.to_bytes())
    write_json(directory / VOCABULARY, _their_ids(source))
    if separate:
        write_json(directory / TARGET_VOCABULARY, _their_ids(target))
    write_json(directory / "tokenizer_config.json", {
        "tokenizer_class": "MarianTokenizer",
        "separate_vocabs": separate,
        "model_max_length": translator.model.config.max_length,
        "split_special_tokens": True,  # so that `</s>` in a user's text stays text
        **{f"{name}_token": PIECES[number] for number, name in ((PAD, "pad"), (1, "unk"), (EOS, "eos"))},
    })  # fmt: skip


def _their_ids(tokenizer: Tokenizer) -> dict[str, int]:
    return {name: number for number, name in enumerate(spm.names_in_marian(tokenizer))}


def model_card(translator: Translator) -> str:
    """README.md of the export: how to run it, and what the model's own card says."""
    example = f'">>{translator.targets[0]}<< Hello"' if translator.targets else '"Hello"'
    validation = translator.card.get("validation", {})
    scores = "".join(f"- {name}: {validation[name]}\n" for name in ("bleu", "chrf", "loss") if name in validation)
    tags = "".join(f" `>>{target}<<`" for target in translator.targets)
    return f"""---
library_name: transformers
tags: [translation, marian]
---
# A translation model made with glassformer

{translator.model.num_parameters:,} parameters, {translator.model.config.encoder_layers} encoder and \
{translator.model.config.decoder_layers} decoder layers.

    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(".")
    model = AutoModelForSeq2SeqLM.from_pretrained(".")
    batch = tokenizer([{example}], return_tensors="pt", padding=True)
    print(tokenizer.batch_decode(model.generate(**batch), skip_special_tokens=True))
{f"{chr(10)}A source begins with its target:{tags}.{chr(10)}" if tags else ""}
Validation scores while it was trained:

{scores or "- none are known"}
"""


# In


def read(directory: Path) -> Translator:
    """The model in a directory of transformers' MarianMTModel; InputError for one that does not fit together."""
    values = read_object(directory, CONFIG)
    vocabularies, tokenizers = _read_vocabularies(directory, values)
    theirs, positions = parted(read_weights(directory))
    model = built(*_our_weights(*_with_own_tables(values, theirs), vocabularies, directory))
    refuse_other_positions(positions, model, directory)
    return Translator(model, *tokenizers, {"imported": KIND})


def parted(theirs: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters, and the tables of positions, which are computed here."""
    positions = {name: one for name, one in theirs.items() if name.endswith(COMPUTED)}
    return {name: one for name, one in theirs.items() if name not in positions}, positions


def refuse_other_positions(positions: dict[str, Tensor], model: Transformer, directory: Path) -> None:
    """Raise InputError for a stored table of positions that is not the model's sinusoids."""
    embedding = model.source_embedding.position
    assert isinstance(embedding, Positions)
    for name, stored in positions.items():
        if stored.dim() < 2:  # fairseq's relatives store a single number there
            continue
        refuse_other_numbers(name, stored, str(directory))
        rows_PD = stored.float()[model.config.first_position :][: model.config.max_length]
        same = rows_PD.shape == embedding.table_PD.shape and (rows_PD - embedding.table_PD).abs().max() <= ROUNDED
        if not same:
            raise InputError(f"{directory}: tensor '{name}' is no table of sinusoids as {CONFIG} has it; not supported")


def _with_own_tables(values: dict[str, Any], theirs: dict[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The same where nothing is tied and each side has a table of its own, though both have one vocabulary."""
    tied = values.get("tie_word_embeddings", True) or not values.get("share_encoder_decoder_embeddings", True)
    both = [theirs.get(f"model.{stack}.embed_tokens.weight") for stack in ("encoder", "decoder")]
    if tied or both[0] is None or both[1] is None or torch.equal(both[0], both[1]):
        return values, theirs
    own = {"share_encoder_decoder_embeddings": False, "decoder_vocab_size": values.get("vocab_size")}
    return values | own, {name: one for name, one in theirs.items() if name != "model.shared.weight"}


def _read_vocabularies(
    directory: Path, values: dict[str, Any]
) -> tuple[tuple[spm.Vocabulary, spm.Vocabulary], Tokenizers]:
    models = [spm.read_spm(directory, name) for name in (SOURCE, TARGET)]
    sizes = [values.get("vocab_size"), values.get("decoder_vocab_size") or values.get("vocab_size")]
    if values.get("share_encoder_decoder_embeddings", True):
        one = _vocabulary(directory, VOCABULARY, sizes[0], models)
        both = (one, one)
    else:
        both = (
            _vocabulary(directory, VOCABULARY, sizes[0], models[:1]),
            _vocabulary(directory, TARGET_VOCABULARY, sizes[1], models[1:]),
        )
    return both, spm.tokenizers(models, both)


def _vocabulary(directory: Path, name: str, size: Any, models: Sequence[Any]) -> spm.Vocabulary:
    ids, path = read_object(directory, name), directory / name
    if len(ids) != size:
        raise InputError(
            f"{path}: has {len(ids):,} pieces but {CONFIG} says {shown(size)}; the files are not of one model"
        )
    return spm.vocabulary(ids, models, path, spm.symbols_of_tags(ids))


def read_weights(directory: Path) -> dict[str, Tensor]:
    """The tensors by name."""
    if (directory / WEIGHTS).exists() or not (directory / PICKLED).exists():
        return dict(read_tensors(checked_file(directory, WEIGHTS)))
    return unpickled_tensors(checked_file(directory, PICKLED))


def _our_weights(
    values: dict[str, Any], theirs: dict[str, Tensor], vocabularies: Sequence[spm.Vocabulary], directory: Path
) -> tuple[ModelConfig, Weights]:
    path = directory / WEIGHTS
    shared = bool(values.get("share_encoder_decoder_embeddings", True))
    theirs = one_of_each(theirs, shared, path)
    bias_V = theirs.pop("final_logits_bias", torch.zeros(1)).flatten()
    refuse_others(values, PLAIN, directory / CONFIG)
    config = config_of(
        values, directory / CONFIG, position_layout="halves", tie_embeddings="lm_head.weight" not in theirs,
        output_bias=bool(bias_V.any()), embedding_scale=values.get("scale_embedding", False),
        decoder_start_id=values.get("decoder_start_token_id", values.get("pad_token_id")),
    )  # fmt: skip
    if config.output_bias:
        theirs["final_logits_bias"] = bias_V
    weights = to_ours(table(config), theirs, shapes_of(config), str(path))
    source, target = vocabularies
    start_row = config.decoder_start_id
    if start_row not in target.rows:
        raise InputError(f"{directory / CONFIG}: decoder_start_token_id = {start_row} is no id of the vocabulary")
    return in_our_order(config, weights, source, target)


def one_of_each(theirs: dict[str, Tensor], shared: bool, path: Path) -> dict[str, Tensor]:
    """Tables that are the same one stand under several names, or under any of them; here under one."""
    theirs = dict(theirs)
    encoder, decoder = "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight"
    main = "model.shared.weight" if shared else decoder
    same = (main, *((encoder, decoder) if shared else ()))
    for name in (*same, "lm_head.weight"):
        if name in theirs:
            refuse_other_numbers(name, theirs[name], str(path))
    copies = [theirs.pop(name) for name in same if name in theirs]
    if not copies and "lm_head.weight" in theirs:
        copies = [theirs.pop("lm_head.weight")]
    if not copies:
        raise InputError(f"{path}: tensor '{main}' is missing; the file does not fit its {CONFIG}")
    if any(not torch.equal(copies[0], other) for other in copies[1:]):
        raise InputError(
            f"{path}: the embeddings of encoder and decoder differ, but {CONFIG} says that they are shared"
        )
    output = theirs.pop("lm_head.weight", copies[0])
    theirs[main] = copies[0]
    return theirs if torch.equal(output, copies[0]) else theirs | {"lm_head.weight": output}


def from_position(theirs: dict[str, Tensor], first: int) -> dict[str, Tensor]:
    """The tensors, without the first rows of tables of positions, which are of no position."""
    learned = {name: one for name, one in theirs.items() if name.endswith("embed_positions.weight") and one.dim()}
    return theirs | {name: one[first:] for name, one in learned.items()}


def config_of(values: dict[str, Any], path: Path, **options: Any) -> ModelConfig:
    """Their shape, with these options and their ids; InputError for what the model here does not compute."""
    refuse_unequal_sides(values, ("attention_heads", "ffn_dim"), path)
    ours = {their: our for our, their in ACTIVATIONS.items()} | {"silu": "silu"}
    shared = values.get("share_encoder_decoder_embeddings", True)
    settings = {
        "vocab_size": values.get("vocab_size") if shared else values.get("decoder_vocab_size"),
        "source_vocab_size": None if shared else values.get("vocab_size"),
        "d_model": values.get("d_model"),
        "num_heads": values.get("encoder_attention_heads"),
        "encoder_layers": values.get("encoder_layers"),
        "decoder_layers": values.get("decoder_layers"),
        "d_ff": values.get("encoder_ffn_dim"),
        "max_length": values.get("max_position_embeddings"),
        "activation": activation_of(values, "activation_function", ours, path),
        "dropout": values.get("dropout", 0.1),
    }
    return configs.config_of(settings | options, path)
