"""fairseq's translation models (Ott et al. 2019): a checkpoint and dict.LANGUAGE.txt of each side.

Of the checkpoint (.pt) only tensors and plain values are read, with the options as a Namespace or a mapping. Names are
those of its relatives in transformers, without what those put in front. SentencePiece files may stand beside it as
source.spm and target.spm. LayerNorm's epsilon is torch's; decoding begins with `</s>`.
"""

import argparse
import re
from pathlib import Path
from typing import Any

from torch import Tensor

from glassformer.arguments import shown
from glassformer.errors import InputError
from glassformer.interop import marian
from glassformer.interop.configs import activation_of, config_of, refuse_others, refuse_unequal_sides
from glassformer.interop.directories import checked_file
from glassformer.interop.lists import read_lines, translator_of, vocabularies
from glassformer.interop.pickles import are_tensors, unpickled
from glassformer.model import ModelConfig
from glassformer.translator import Translator

KIND = "fairseq"
SPLITTERS = ("source.spm", "target.spm")
FIRST = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3, which no dictionary lists
PAD, EOS = 1, 2
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "swish": "silu"}
PLAIN = {  # options that change the formulas; models with other values are others
    "no_token_positional_embeddings": False, "adaptive_softmax_cutoff": None, "no_cross_attention": False,
    "cross_self_attention": False, "encoder_layers_to_keep": None, "decoder_layers_to_keep": None,
    "tie_adaptive_weights": False, "no_decoder_final_norm": False, "adaptive_input": False,
}  # fmt: skip


def is_there(path: Path) -> bool:
    """Whether a path is a fairseq checkpoint, or a directory with one."""
    return path.suffix == ".pt" or (path.is_dir() and any(path.glob("dict.*.txt")) and any(path.glob("*.pt")))


def read(path: Path) -> Translator:
    """The model of a directory or checkpoint; InputError for one that does not fit together."""
    directory = path if path.is_dir() else path.parent
    names = [path.name] if path.suffix == ".pt" else sorted(one.name for one in directory.glob("*.pt"))
    if len(names) != 1:
        raise InputError(f"{directory}: has {len(names)} checkpoints (.pt); give the path of one")
    checkpoint = checked_file(directory, names[0])
    values = unpickled(checkpoint)
    options, state = _options(values, checkpoint), values.get("model")
    if not are_tensors(state, checkpoint):
        raise InputError(f"{checkpoint}: has no model with tensors; it is no checkpoint of fairseq's")
    languages = [str(options.get(side)) for side in ("source_lang", "target_lang")]
    if strange := [one for one in languages if not re.fullmatch(r"[\w-]+", one)]:
        raise InputError(f"{checkpoint}: {shown(strange[0])} is no name of a language")
    files = [f"dict.{language}.txt" for language in languages]
    pieces = [[*FIRST, *(line.rsplit(" ", 1)[0] for line in read_lines(directory, name))] for name in files]
    joint = bool(options.get("share_all_embeddings"))
    config, theirs = _our_model(options, state, [len(one) for one in pieces], joint, checkpoint)
    found, tokenizers = vocabularies(
        pieces, [directory / name for name in SPLITTERS], [directory / name for name in files], joint
    )
    return translator_of(config, marian.table(config), theirs, checkpoint, found, tokenizers, KIND)


def _options(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """The options of the model and of its task, by name; one that is no plain value is the text that shows it."""
    found: dict[str, Any] = {}
    cfg = values.get("cfg")
    parts = [cfg.get("task"), cfg.get("model")] if isinstance(cfg, dict) else []
    for part in (values.get("args"), *parts):
        found |= vars(part) if isinstance(part, argparse.Namespace) else part if isinstance(part, dict) else {}
    if "encoder_embed_dim" not in found:
        raise InputError(f"{path}: has no options of a model (args or cfg); it is no checkpoint of fairseq's")
    plain = (str, int, float, type(None))
    return {name: one if isinstance(one, plain) else shown(one) for name, one in found.items()}


def _our_model(
    options: dict[str, Any], state: dict[str, Tensor], sizes: list[int], joint: bool, path: Path
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The config, and their tensors under the names of `marian.table`."""
    refuse_others({name: one for name, one in options.items() if one is not None}, PLAIN, path)
    refuse_unequal_sides(
        options, ("embed_dim", "ffn_embed_dim", "attention_heads", "normalize_before", "learned_pos"), path
    )
    computed = (*marian.COMPUTED, ".version") if not options.get("encoder_learned_pos") else (".version",)
    theirs = {f"model.{name}": one for name, one in state.items() if not name.endswith(computed)}
    output = theirs.pop("model.decoder.output_projection.weight", None)
    tied = joint or bool(options.get("share_decoder_input_output_embed"))
    if output is not None and not tied:
        theirs["lm_head.weight"] = output
    theirs = marian.one_of_each(theirs, joint, path)
    learned = bool(options.get("encoder_learned_pos"))
    if learned:
        theirs = marian.from_position(theirs, PAD + 1)
    before = bool(options.get("encoder_normalize_before"))
    lengths = [options.get(f"max_{side}_positions", 1024) for side in ("source", "target")]
    if lengths[0] != lengths[1]:
        raise InputError(f"{path}: max_source_positions and max_target_positions differ; only equal ones are supported")
    config = config_of(
        {
            "vocab_size": sizes[1],
            "source_vocab_size": None if joint else sizes[0],
            "d_model": options.get("encoder_embed_dim"),
            "num_heads": options.get("encoder_attention_heads"),
            "encoder_layers": options.get("encoder_layers"),
            "decoder_layers": options.get("decoder_layers"),
            "d_ff": options.get("encoder_ffn_embed_dim"),
            "max_length": lengths[0],
            "activation": activation_of(options, "activation_fn", ACTIVATIONS, path, "relu"),
            "norm_position": "pre" if before else "post",
            "positions": "learned" if learned else "sinusoidal",
            "position_layout": "halves",
            "position_exponent": "tensor2tensor",
            "first_position": 0 if learned else PAD + 1,
            "embedding_scale": not options.get("no_scale_embedding", False),
            "embedding_norm": bool(options.get("layernorm_embedding", False)),
            "tie_embeddings": "lm_head.weight" not in theirs,
            "decoder_start_id": EOS,
        },
        path,
    )
    return config, theirs
