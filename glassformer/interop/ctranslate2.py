"""CTranslate2's format, written through its own specifications of a Transformer, and its engine.

It holds every shape of model that there is here. Its names are the paths within its specification; a matrix that it
fuses has the rows of several of ours.

Axes: P positions, D d_model.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from glassformer.engine.generation import SUPPRESSED
from glassformer.errors import UsageError, importing
from glassformer.files import write_whole
from glassformer.interop.proof import Ids, source_ids
from glassformer.interop.tables import Table, shapes_of, to_theirs
from glassformer.model import ModelConfig, Transformer
from glassformer.model.positions import Positions, sinusoidal_table
from glassformer.model_directory import parameters_of
from glassformer.special import BOS, EOS, PIECES, UNK
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

SOURCE, TARGET = "source.spm", "target.spm"
LONGEST = (1024, 256)  # tokens of a source and of a translation at which it stops by default
_ACTIVATIONS = {  # ours: the name in its enumeration
    "relu": "RELU", "gelu": "GELU", "silu": "SWISH", "reglu": "RELU", "geglu": "GELU", "swiglu": "SWISH",
}  # fmt: skip
_KINDS = {"weight": "gamma", "bias": "beta"}  # of a normalisation


def table(config: ModelConfig) -> Table:
    """Their name, a path within the specification, of each of our parameters; several of ours where they fuse."""
    found: dict[str, tuple[str, ...]] = {}
    for name in shapes_of(config):
        for theirs in _theirs(name, config):
            found[theirs] = (*found.get(theirs, ()), name)
    return found


def _theirs(name: str, config: ModelConfig) -> Iterator[str]:
    """Where a parameter stands; a table of embeddings that is shared stands at several places."""
    stack, *path, kind = name.split(".")
    if name == "source_embedding.token.weight":
        yield "encoder.embeddings_0.weight"
    if name == f"{'target' if config.source_vocab_size else 'source'}_embedding.token.weight":
        yield "decoder.embeddings.weight"
        if config.tie_embeddings:
            yield "decoder.projection.weight"
    if stack == "generator":
        yield f"decoder.projection.{kind}"
    if path == ["norm"] and stack.endswith("_embedding"):
        yield f"{'encoder' if stack.startswith('source') else 'decoder'}.layernorm_embedding.{_KINDS[kind]}"
    if stack in ("encoder_norm", "decoder_norm"):
        yield f"{stack.removesuffix('_norm')}.layer_norm.{_KINDS[kind]}"
    if stack in ("encoder", "decoder"):
        yield f"{stack}.layer_{path[0]}.{_in_layer(path[1], path[2], kind, config)}"


def _in_layer(part: str, inner: str, kind: str, config: ModelConfig) -> str:
    block = {"self_attention": "self_attention", "cross_attention": "attention", "feed_forward": "ffn"}[
        part.removesuffix("_norm")
    ]
    if part.endswith("_norm"):
        return f"{block}.layer_norm.{_KINDS[kind]}"
    linear = _LINEAR[block][inner]
    return f"{block}.{'linear_0_noact' if inner == 'inner' and config.gated else linear}.{kind}"


_LINEAR = {
    "self_attention": {"query": "linear_0", "key": "linear_0", "value": "linear_0", "output": "linear_1"},
    "attention": {"query": "linear_0", "key": "linear_1", "value": "linear_1", "output": "linear_2"},
    "ffn": {"inner": "linear_0", "gate": "linear_0", "outer": "linear_1"},
}


def check(translator: Translator) -> None:
    """Raise UsageError where the library that writes the format is not installed."""
    needed = "--to ctranslate2 needs its library: pip install 'glassformer[ctranslate2]'"
    with importing(lambda error: UsageError(f"{needed} ({error})")):
        import ctranslate2  # noqa: F401


def write(translator: Translator, directory: Path, int8: bool = False, beyond: bool = False) -> None:
    """Write model.bin, config.json, the vocabulary and the SentencePiece files; `int8`: with weights of 8 bits.

    `beyond`: with sinusoidal positions for all lengths that it tries by default, also those that our model does not
    admit. At a position without a vector it fails, and a whole batch with it.
    """
    source, target = translator.tokenizers
    spec = _specification(translator.model, LONGEST if beyond else (0, 0))
    spec.register_source_vocabulary(source.pieces)
    spec.register_target_vocabulary(target.pieces)
    config = spec.config
    config.unk_token, config.bos_token, config.eos_token = PIECES[UNK], PIECES[BOS], PIECES[EOS]
    config.decoder_start_token = target.piece(translator.model.config.decoder_start_id)
    config.add_source_eos = True
    config.layer_norm_epsilon = translator.model.config.norm_eps
    spec.validate()
    spec.optimize(quantization="int8" if int8 else None)
    spec.save(str(directory))
    write_whole(directory / SOURCE, source.to_bytes())
    write_whole(directory / TARGET, target.to_bytes())


def _specification(model: Transformer, positions: tuple[int, int]) -> Any:
    from ctranslate2.specs import TransformerSpec, common_spec, transformer_spec

    config = model.config
    rotary = config.positions == "rotary"
    shape = {
        "pre_norm": config.final_norm,  # whether there is a norm after the stack; where the others are, comes below
        "activation": getattr(common_spec.Activation, _ACTIVATIONS[config.activation]),
        "ffn_glu": config.gated,
        "layernorm_embedding": config.embedding_norm,
        "rms_norm": config.norm == "rmsnorm",
        "num_heads_kv": config.kv_heads if config.kv_heads != config.num_heads else None,
        "rotary_dim": 0 if rotary else None,  # 0: all columns of a head, in adjacent pairs
    }
    encoder = transformer_spec.TransformerEncoderSpec(config.encoder_layers, config.num_heads, **shape)
    decoder = transformer_spec.TransformerDecoderSpec(config.decoder_layers, config.num_heads, **shape)
    sides = zip((encoder, decoder), (model.source_embedding, model.target_embedding), positions, strict=True)
    for spec, embedding, length in sides:
        spec.pre_norm = config.norm_position == "pre"
        spec.scale_embeddings = float(config.embedding_factor)
        if isinstance(embedding.position, Positions):
            table_PD = embedding.position.table_PD
            if config.positions == "sinusoidal" and length > len(table_PD):
                table_PD = sinusoidal_table(
                    length, config.d_model, config.position_layout, config.position_exponent, config.first_position
                )
            spec.position_encodings.encodings = _array(table_PD)
    spec = TransformerSpec(encoder, decoder)
    for path, weight in to_theirs(table(config), parameters_of(model)).items():
        _set(spec, path, _array(weight))
    return spec


def _array(weight: torch.Tensor) -> np.ndarray:
    return weight.detach().cpu().numpy().copy()  # a copy, because quantisation writes into what it is given


def _set(spec: Any, path: str, value: np.ndarray) -> None:
    *way, last = path.split(".")
    for name in way:
        stem, _, number = name.rpartition("_")
        listed = stem in ("layer", "embeddings") or (stem == "linear" and hasattr(spec, "linear"))
        spec = getattr(spec, stem)[int(number)] if listed and number.isdigit() else getattr(spec, name)
    setattr(spec, last, value)


class CTranslate2Engine:
    """`ctranslate2.Translator` on an exported directory."""

    def __init__(self, directory: Path, source: Path | None = None) -> None:
        """`source`: the source's SentencePiece file, where it stands elsewhere."""
        import ctranslate2

        self.name = f"ctranslate2 {ctranslate2.__version__}"
        # One thread and a fixed order of sums; `default` keeps the type of the file.
        self.model = ctranslate2.Translator(str(directory), device="cpu", intra_threads=1, compute_type="default")
        self.source = Tokenizer.load(source or directory / SOURCE)
        shared = (directory / "shared_vocabulary.json").is_file()
        self.pieces = json.loads((directory / f"{'shared' if shared else 'target'}_vocabulary.json").read_bytes())
        self.ids = {piece: number for number, piece in enumerate(self.pieces)}

    def source_ids(self, texts: Sequence[str], to: str | None) -> Ids:
        """The ids of the exported SentencePiece file: tokenization is the caller's there."""
        return source_ids(self.source, texts, to)

    def greedy(self, sources: Ids, most: int) -> Ids:
        """`translate_batch` with one beam."""
        found = self.model.translate_batch(
            self._pieces(sources), beam_size=1, max_decoding_length=most, min_decoding_length=0, max_input_length=0,
            suppress_sequences=[[PIECES[one]] for one in SUPPRESSED], return_end_token=True,
        )  # fmt: skip
        return [[self.ids[piece] for piece in one.hypotheses[0]] for one in found]

    def log_probs(self, sources: Ids, targets: Ids) -> list[list[float]]:
        """`score_batch`, which adds `</s>` itself; a target that was cut off has one score too many."""
        written = [[self.pieces[one] for one in ids if one != EOS] for ids in targets]
        found = self.model.score_batch(self._pieces(sources), written, max_input_length=0)
        return [list(one.log_probs[: len(ids)]) for one, ids in zip(found, targets, strict=True)]

    def next_tokens(self, sources: Ids, targets: Ids) -> Ids:
        """The token it would write at each place of the targets, after what stands before it there."""
        found: Ids = [[] for _ in targets]
        for place in range(max(map(len, targets), default=0)):
            rows = [row for row, target in enumerate(targets) if len(target) > place]
            written = self.model.translate_batch(
                self._pieces([sources[row] for row in rows]),
                [[self.pieces[one] for one in targets[row][:place]] for row in rows],
                beam_size=1, max_decoding_length=place + 1, min_decoding_length=0, max_input_length=0,
                suppress_sequences=[[PIECES[one]] for one in SUPPRESSED], return_end_token=True,
            )  # fmt: skip
            for row, one in zip(rows, written, strict=True):
                found[row].append(self.ids[one.hypotheses[0][place]])
        return found

    def _pieces(self, sources: Ids) -> list[list[str]]:
        return [[self.source.piece(one) for one in ids[:-1]] for ids in sources]  # it adds `</s>` itself
