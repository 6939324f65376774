"""The state dict of torch.nn.Transformer, with what it has not: embeddings, positions, output layer.

Its attention fuses the matrices of query, key and value. It has a norm after each stack, which is taken away where the
model has none. Files: config.json (our config), model.safetensors, source.spm, target.spm, and run.py, which runs them.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save

from glassformer.errors import InputError, UsageError
from glassformer.files import write_whole
from glassformer.interop import run_torch
from glassformer.interop.configs import config_of
from glassformer.interop.directories import checked_file, read_object, write_json
from glassformer.interop.proof import Ids, source_ids
from glassformer.interop.tables import Table, built, shapes_of, to_ours, to_theirs
from glassformer.model import ModelConfig
from glassformer.model.layers import PLAIN
from glassformer.model.positions import Positions
from glassformer.model_directory import parameters_of, read_tensors
from glassformer.settings import keys_of, refuse_unknown
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

KIND = "torch.nn.Transformer"
CONFIG, WEIGHTS, SOURCE, TARGET = "config.json", "model.safetensors", "source.spm", "target.spm"
NEEDED = {
    "norm": "layernorm",
    "bias": True,
    "embedding_norm": False,
}  # besides positions that are added, and plain activations
_LAYER = {
    "self_attention": "self_attn", "cross_attention": "multihead_attn", "self_attention_norm": "norm1",
    "cross_attention_norm": "norm2",
}  # fmt: skip
_OUTSIDE = {
    "source_embedding.token.weight": "source_embedding.weight",
    "target_embedding.token.weight": "target_embedding.weight",
    "source_embedding.position.table_PD": "source_positions",
    "target_embedding.position.table_PD": "target_positions",
}


def table(config: ModelConfig) -> Table:
    """Their name of each of our parameters; three of ours where it fuses them."""
    found: dict[str, tuple[str, ...]] = {}
    for name in shapes_of(config):
        theirs = _theirs(name)
        found[theirs] = (*found.get(theirs, ()), name)
    return found


def _theirs(name: str) -> str:
    stack, *path, kind = name.split(".")
    if stack in ("encoder_norm", "decoder_norm"):
        return f"transformer.{stack.replace('_', '.')}.{kind}"
    if stack not in ("encoder", "decoder"):
        return _OUTSIDE.get(name, name)
    return f"transformer.{stack}.layers.{path[0]}.{_in_layer(stack, path[1], path[2], kind)}"


def _in_layer(stack: str, part: str, inner: str, kind: str) -> str:
    if part == "feed_forward_norm":
        return f"norm{2 if stack == 'encoder' else 3}.{kind}"
    if part == "feed_forward":
        return f"linear{1 if inner == 'inner' else 2}.{kind}"
    if part.endswith("attention"):
        return f"{_LAYER[part]}.{f'out_proj.{kind}' if inner == 'output' else f'in_proj_{kind}'}"
    return f"{_LAYER[part]}.{kind}"


def check(translator: Translator) -> None:
    """Raise UsageError, by name, for what no torch.nn.Transformer holds."""
    config = translator.model.config
    other = [f"{name} = {getattr(config, name)}" for name in NEEDED if getattr(config, name) != NEEDED[name]]
    other += ["positions = rotary"] if config.positions == "rotary" else []
    other += [f"activation = {config.activation}"] if config.activation not in PLAIN else []
    other += [f"num_kv_heads = {config.kv_heads}"] if config.kv_heads != config.num_heads else []
    if other:
        raise UsageError(
            f"{KIND} does not hold {', '.join(other)}; train a model with layernorm, biases, sinusoidal or learned "
            "positions, relu, gelu or silu and num_kv_heads=null, or export --to ctranslate2"
        )


def write(translator: Translator, directory: Path, _int8: bool = False) -> None:
    """Write the state dict, the config, the SentencePiece files, and run.py."""
    model, (source, target) = translator.model, translator.tokenizers
    weights = to_theirs(table(model.config), parameters_of(model))
    for side, embedding in (("source", model.source_embedding), ("target", model.target_embedding)):
        assert isinstance(embedding.position, Positions)
        weights[f"{side}_positions"] = embedding.position.table_PD.detach().clone()
    write_json(directory / CONFIG, {"model_type": KIND} | dataclasses.asdict(model.config))
    write_whole(directory / WEIGHTS, save({name: weight.contiguous() for name, weight in weights.items()}))
    write_whole(directory / SOURCE, source.to_bytes())
    write_whole(directory / TARGET, target.to_bytes())
    write_whole(directory / "run.py", Path(run_torch.__file__).read_bytes())


def read(directory: Path) -> Translator:
    """The model in such a directory; InputError for one that does not fit together."""
    values, path = read_object(directory, CONFIG), directory / CONFIG
    del values["model_type"]
    try:
        refuse_unknown(values, keys_of(ModelConfig), str(path))
    except UsageError as error:  # a wrong file is the input's fault, not the usage's
        raise InputError(str(error)) from error
    config = config_of(values, path)
    theirs = dict(read_tensors(checked_file(directory, WEIGHTS)))
    names = table(config)
    theirs = {name: one for name, one in theirs.items() if name in names or not name.endswith("_positions")}
    weights = to_ours(names, theirs, shapes_of(config), str(directory / WEIGHTS))
    model = built(config, weights)
    source, target = (Tokenizer.load(checked_file(directory, name)) for name in (SOURCE, TARGET))
    if source.is_framed_otherwise or target.is_framed_otherwise:
        raise InputError(f"{directory}: a tokenizer puts more than `</s>` around a text, which no export holds")
    target = source if source.to_bytes() == target.to_bytes() else target
    for tokenizer, size in ((source, config.source_vocab_size or config.vocab_size), (target, config.vocab_size)):
        if tokenizer.vocab_size != size:
            raise InputError(f"{directory}: a tokenizer has {tokenizer.vocab_size} pieces, but {CONFIG} says {size}")
    return Translator(model, source, target, {"imported": KIND})


class TorchEngine:
    """What run.py computes, which is a copy of the module `run_torch`."""

    name = f"torch.nn.Transformer of torch {torch.__version__}"

    def __init__(self, directory: Path) -> None:
        self.model = run_torch.Model(directory)
        self.source = Tokenizer.load(directory / SOURCE)

    def source_ids(self, texts: Sequence[str], to: str | None) -> Ids:
        """The ids of the exported SentencePiece file: tokenization is the caller's there."""
        return source_ids(self.source, texts, to)

    def greedy(self, sources: Ids, most: int) -> Ids:
        """Greedy translations, a sentence at a time."""
        return [self.model.greedy(ids, most) for ids in sources]

    def log_probs(self, sources: Ids, targets: Ids) -> list[list[float]]:
        """Each target forced."""
        return [
            self.model.log_probs(source, target).gather(1, torch.tensor(target)[:, None])[:, 0].tolist()
            for source, target in zip(sources, targets, strict=True)
        ]
