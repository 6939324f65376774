"""One Python file that trains and translates without any library, and the model's numbers beside it, as JSON.

The file is made from `transformer.py.template`, of which it takes the lines that this model needs: between `#if name`
(or `#if a or b`), `#elif`, `#else` and `#end`, which stand at the start of a line and may be nested. `$name` is
replaced.
"""

import base64
import importlib.util
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sentencepiece import sentencepiece_model_pb2 as model_pb2
from torch import Tensor

from glassformer.errors import UsageError
from glassformer.files import write_whole
from glassformer.interop.proof import Ids
from glassformer.model import ModelConfig
from glassformer.model.shapes import num_parameters
from glassformer.model_directory import parameters_of
from glassformer.special import EOS
from glassformer.text.directions import symbol_of
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

TEMPLATE = Path(__file__).with_name("transformer.py.template")
CODE, NUMBERS = "transformer.py", "model.json"
LARGEST = 8_000_000  # parameters: as lists of Python's numbers they take 32 bytes each, and 30 ns for each product
SENTENCES = 5  # that a proof takes, of which each takes seconds
SIZES = "d_model", "num_heads", "num_kv_heads", "encoder_layers", "decoder_layers", "d_ff", "max_length", "norm_eps"
_KINDS: Any = model_pb2.ModelProto.SentencePiece  # type: ignore[attr-defined]
_NAMES = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "reglu": "ReGLU", "geglu": "GEGLU", "swiglu": "SwiGLU"}


def check(translator: Translator) -> None:
    """Raise UsageError for a model that lists are too slow for, and for another program's tokenizer."""
    parameters = num_parameters(translator.model.config)
    if parameters > LARGEST:
        raise UsageError(
            f"the model has {parameters:,} parameters; in Python without a library a word takes too long: at most "
            f"{LARGEST:,} are exported"
        )
    foreign = {"position_exponent": "paper", "first_position": 0, "embedding_norm": False}
    if other := [name for name, plain in foreign.items() if getattr(translator.model.config, name) != plain]:
        raise UsageError(f"the file has no {', '.join(other)}; export --to ctranslate2")
    if any(one.is_imported for one in translator.tokenizers):
        raise UsageError("the tokenizer is another program's, whose rules the file has not; export --to hf or torch")


def write(translator: Translator, directory: Path, _int8: bool = False) -> None:
    """Write the file that this model needs, and the model's numbers."""
    config, (source, target) = translator.model.config, translator.tokenizers
    write_whole(directory / CODE, code(config, source, target).encode())
    sides = source, target
    numbers = {
        "config": {name: getattr(config, name) for name in SIZES}
        | {"source_pieces": source.vocab_size, "target_pieces": target.vocab_size},
        "pieces": [_pieces(one) for one in sides],
        "rules": [_rules(one) for one in sides],
        "parameters": {name: _rows(weight) for name, weight in parameters_of(translator.model).items()},
    }
    write_whole(directory / NUMBERS, json.dumps(numbers, ensure_ascii=False).encode())


def code(config: ModelConfig, source: Tokenizer, target: Tokenizer) -> str:
    """The text of the Python file."""
    text = "".join(
        _chosen(TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True), _flags(config, source, target))
    )
    values = {
        "shape": _in_words(config),
        "first": str(config.decoder_start_id),
        "small_kv": "2" if config.kv_heads < config.num_heads else "4",
        "targets": repr(source.targets),
        "symbols": repr(tuple(dict.fromkeys([*source.user_symbols, *target.user_symbols]))),
    }
    return re.sub(r"\$([a-z_]+)", lambda found: values[found[1]], text)


def _chosen(lines: Sequence[str], flags: frozenset[str]) -> Iterator[str]:
    """The lines whose conditions hold."""
    stack: list[tuple[bool, bool]] = []  # for each open #if: whether a branch was taken, and whether this one is
    for line in lines:
        word, *names = line.split() if line.startswith("#") else [""]
        holds = any(name in flags for name in names)
        if word == "#if":
            stack.append((holds, holds))
        elif word == "#elif":
            stack[-1] = (stack[-1][0] or holds, holds and not stack[-1][0])
        elif word == "#else":
            stack[-1] = (True, not stack[-1][0])
        elif word == "#end":
            stack.pop()
        elif all(taken for _, taken in stack):
            yield line


def _flags(config: ModelConfig, source: Tokenizer, target: Tokenizer) -> frozenset[str]:
    """What the conditions of the template may ask for."""
    kinds = {"reglu": "relu", "geglu": "gelu", "swiglu": "silu"}
    yes = {
        "gated": config.gated,
        "pre": config.norm_position == "pre",
        "final_norm": config.final_norm,
        "bias": config.bias,
        "output_bias": config.output_bias,
        "not_tied": not config.tie_embeddings,
        "shared": config.source_vocab_size is None,
        "scaled": config.embedding_scale,
        "grouped": config.kv_heads < config.num_heads,
        "halves": config.positions == "sinusoidal" and config.position_layout == "halves",
        "bpe": _is_bpe(source),
        "targets": source.targets,
        "spaces": "  " in source.rules,
        "symbols": source.user_symbols or target.user_symbols,
    }
    named = {config.norm, config.positions, kinds.get(config.activation, config.activation)}
    return frozenset(named | {name for name, value in yes.items() if value})


def _is_bpe(tokenizer: Tokenizer) -> bool:
    model: Any = model_pb2.ModelProto.FromString(tokenizer.to_bytes())  # type: ignore[attr-defined]
    return bool(model.trainer_spec.model_type == model_pb2.TrainerSpec.BPE)  # type: ignore[attr-defined]


def _in_words(config: ModelConfig) -> str:
    norm = "LayerNorm" if config.norm == "layernorm" else "RMSNorm"
    where = "before" if config.norm_position == "pre" else "after"
    return f"{config.positions} positions, {norm} {where} each sublayer, and {_NAMES[config.activation]}"


def _pieces(tokenizer: Tokenizer) -> list[list[Any]]:
    """Each piece with its score; None for what no text becomes by its own: control tokens, bytes, unused pieces."""
    model: Any = model_pb2.ModelProto.FromString(tokenizer.to_bytes())  # type: ignore[attr-defined]
    largest = max((one.score for one in model.pieces if one.type == _KINDS.NORMAL), default=0.0)

    def score(one: Any) -> float | None:
        if one.type == _KINDS.USER_DEFINED:  # SentencePiece gives them this score, so that they always win
            return float(len(one.piece) * largest - 0.1)
        return float(one.score) if one.type == _KINDS.NORMAL else None

    return [[one.piece, score(one)] for one in model.pieces]


def _rules(tokenizer: Tokenizer) -> dict[str, str]:
    """The characters that the tokenizer reads as something else, without what NFC does."""
    return {
        key: value
        for key, value in tokenizer.rules.items()
        if len(key) == 1 and unicodedata.normalize("NFC", key) != value
    }


def _rows(weight: Tensor) -> list[str]:
    """Each row's numbers as base64 of little-endian float32; a vector is one row."""
    matrix = weight.float().reshape(-1, weight.shape[-1]).numpy().astype("<f4")
    return [base64.b64encode(row.tobytes()).decode() for row in matrix]


def load(directory: Path) -> ModuleType:
    """The exported file as a module."""
    spec = importlib.util.spec_from_file_location("exported_transformer", directory / CODE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


class PythonEngine:
    """What the exported file computes."""

    name = f"Python {sys.version.split()[0]} without a library"

    def __init__(self, directory: Path) -> None:
        self.module = load(directory)
        self.model, (self.source, _) = self.module.load(directory / NUMBERS)

    def source_ids(self, texts: Sequence[str], to: str | None) -> Ids:
        """The file's own tokenization."""
        symbol = [self.source.ids[symbol_of(to)]] if to else []
        return [[*symbol, *self.source.encode(text), EOS] for text in texts]

    def greedy(self, sources: Ids, most: int) -> Ids:
        """Greedy translations, a sentence at a time."""
        return [self.model.translate(ids, most) for ids in sources]

    def log_probs(self, sources: Ids, targets: Ids) -> list[list[float]]:
        """Each target forced."""
        return [self._log_probs(*pair) for pair in zip(sources, targets, strict=True)]

    def _log_probs(self, source: list[int], target: list[int]) -> list[float]:
        logits = self.model.decode([self.module.FIRST, *target[:-1]], self.model.encode(source), {})
        return [
            -self.module.Matrix([row]).cross_entropy([right]).rows[0][0]
            for row, right in zip(logits.rows, target, strict=True)
        ]
