"""JoeyNMT's model directories (Kreutzer et al. 2019), as its version 2 writes them.

Files: config.yaml, a checkpoint (.ckpt, of which only tensors and plain values are read), src_vocab.txt, trg_vocab.txt,
and the SentencePiece files that config.yaml names, if it does. LayerNorm's epsilon is 1e-6.
"""

from pathlib import Path
from typing import Any

from glassformer.errors import InputError
from glassformer.interop.configs import config_of, refuse_others
from glassformer.interop.directories import checked_file
from glassformer.interop.lists import read_lines, translator_of, vocabularies
from glassformer.interop.pickles import are_tensors, unpickled
from glassformer.interop.tables import Table, shapes_of
from glassformer.model import ModelConfig
from glassformer.translator import Translator
from glassformer.yaml_config import read_yaml

KIND = "joeynmt"
CONFIG, VOCABULARIES = "config.yaml", ("src_vocab.txt", "trg_vocab.txt")
LENGTH = 5000  # rows of its table of positions
PLAIN = {"alpha": 1.0, "activation": "relu", "type": "transformer"}  # of encoder and decoder; other values are others
_OUTSIDE = {
    "source_embedding.token.weight": "src_embed.lut.weight",
    "target_embedding.token.weight": "trg_embed.lut.weight",
    "generator.weight": "decoder.output_layer.weight",
}
_LAYER = {
    "encoder": {"self_attention": "src_src_att", "self_attention_norm": "layer_norm"},
    "decoder": {
        "self_attention": "trg_trg_att", "self_attention_norm": "x_layer_norm",
        "cross_attention": "src_trg_att", "cross_attention_norm": "dec_layer_norm",
    },
}  # fmt: skip
_INNER = {
    "query": "q_layer", "key": "k_layer", "value": "v_layer", "output": "output_layer", "inner": "pwff_layer.0",
    "outer": "pwff_layer.3",
}  # fmt: skip


def is_there(path: Path) -> bool:
    """Whether a path is a JoeyNMT checkpoint, or a directory with one."""
    return path.suffix == ".ckpt" or (path.is_dir() and (path / CONFIG).exists() and any(path.glob("*.ckpt")))


def read(path: Path) -> Translator:
    """The model of a directory or checkpoint; InputError for one that does not fit together."""
    directory = path if path.is_dir() else path.parent
    values = read_yaml(checked_file(directory, CONFIG))
    checkpoint = checked_file(directory, path.name if path.suffix == ".ckpt" else _checkpoint(directory))
    state = unpickled(checkpoint).get("model_state")
    if not are_tensors(state, checkpoint):
        raise InputError(f"{checkpoint}: has no model_state with tensors; it is no checkpoint of JoeyNMT's")
    theirs = {name: one for name, one in state.items() if not name.endswith(".pe")}
    pieces = [read_lines(directory, name) for name in VOCABULARIES]
    config = _our_config(values, [len(one) for one in pieces], pieces[1], directory / CONFIG)
    joint = config.source_vocab_size is None
    if joint:
        theirs.pop("trg_embed.lut.weight", None)
    if config.tie_embeddings:
        theirs.pop("decoder.output_layer.weight", None)
    splitters = [_splitter(values, side, directory) for side in ("src", "trg")]
    found, tokenizers = vocabularies(pieces, splitters, [directory / name for name in VOCABULARIES], joint)
    return translator_of(config, table(config), theirs, checkpoint, found, tokenizers, KIND)


def table(config: ModelConfig) -> Table:
    """Their name of each of our parameters."""
    return {_OUTSIDE.get(name) or _theirs(name): (name,) for name in shapes_of(config)}


def _theirs(name: str) -> str:
    stack, *path, kind = name.split(".")
    if stack in ("encoder_norm", "decoder_norm"):
        return f"{stack.removesuffix('_norm')}.layer_norm.{kind}"
    layer, part, inner = path
    start = f"{stack}.layers.{layer}"
    if part.startswith("feed_forward"):
        return f"{start}.feed_forward.{_INNER.get(inner, 'layer_norm')}.{kind}"
    if part.endswith("_norm"):
        return f"{start}.{_LAYER[stack][part]}.{kind}"
    return f"{start}.{_LAYER[stack][part]}.{_INNER[inner]}.{kind}"


def _checkpoint(directory: Path) -> str:
    """The directory's only checkpoint, or best.ckpt; links, as JoeyNMT makes, stand for one of the others."""
    names = sorted(one.name for one in directory.glob("*.ckpt") if not one.is_symlink())
    if "best.ckpt" in names:
        return "best.ckpt"
    if len(names) != 1:
        raise InputError(f"{directory}: has {len(names)} checkpoints (.ckpt); give the path of one, no link")
    return names[0]


def _splitter(values: dict[str, Any], side: str, directory: Path) -> Path:
    """The SentencePiece file that the settings name for a side."""
    of_side = _mapping(_mapping(values, "data"), side)
    if of_side.get("level") == "char":
        raise InputError(f"{directory / CONFIG}: level = char is not supported")
    name = Path(str(_mapping(of_side, "tokenizer_cfg").get("model_file", ""))).name
    if of_side.get("tokenizer_type") == "sentencepiece":
        return checked_file(directory, name or "(model_file)")
    return directory / "no SentencePiece file"


def _mapping(values: dict[str, Any], name: str) -> dict[str, Any]:
    inner = values.get(name)
    return inner if isinstance(inner, dict) else {}


def _our_config(values: dict[str, Any], sizes: list[int], target: list[str], path: Path) -> ModelConfig:
    model = _mapping(values, "model")
    encoder, decoder = _mapping(model, "encoder"), _mapping(model, "decoder")
    for side in (encoder, decoder):
        refuse_others(side, PLAIN, path)
    for name in ("num_heads", "hidden_size", "ff_size", "layer_norm"):
        if encoder.get(name) is None or encoder.get(name) != decoder.get(name):
            raise InputError(f"{path}: {name} must be given for encoder and decoder, and be the same")
    scales = {bool(_mapping(side, "embeddings").get("scale", False)) for side in (encoder, decoder)}
    if len(scales) > 1:
        raise InputError(f"{path}: scale of the embeddings must be the same on both sides")
    joint = bool(model.get("tied_embeddings", False))
    return config_of(
        {
            "vocab_size": sizes[1],
            "source_vocab_size": None if joint else sizes[0],
            "d_model": encoder["hidden_size"],
            "num_heads": encoder["num_heads"],
            "encoder_layers": encoder.get("num_layers"),
            "decoder_layers": decoder.get("num_layers"),
            "d_ff": encoder["ff_size"],
            "max_length": LENGTH,
            "norm_position": encoder["layer_norm"],
            "norm_eps": 1e-6,
            "embedding_scale": scales.pop(),
            "tie_embeddings": bool(model.get("tied_softmax", False)),
            "decoder_start_id": target.index("<s>") if "<s>" in target else 0,
        },
        path,
    )
