"""Writes what the page's recomputing is tested against: small random models, torch's numbers before and after edits.

Run `python -m tests.glass.make_page_fixture` where a rule of the record changes. The record of a fixture
carries the leaves only, so that the page has to compute all else; torch runs in float64.
"""

import base64
import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from glassformer.glass.observe import observe
from glassformer.glass.ops import LEAVES
from glassformer.glass.record import TracedTensor
from glassformer.glass.trace import conventions
from glassformer.model import ModelConfig, Transformer
from glassformer.special import EOS, PAD, PIECES

FOLDER = Path(__file__).parents[2] / "glassformer/glass/web/test/fixtures"
SOURCE, TARGET = [5, 9, 17, 12, EOS], [7, 21, 30, EOS]
HIDDEN, HEAD, ATTENTION = 2, 1, "decoder.0.cross_attention"

SHAPE: dict[str, Any] = {"vocab_size": 34, "d_model": 8, "num_heads": 4, "encoder_layers": 1, "decoder_layers": 1,
                         "d_ff": 12, "max_length": 8, "dropout": 0.0}  # fmt: skip
MODELS: dict[str, dict[str, Any]] = {
    "post_sinusoidal_relu": {},
    "pre_rotary_swiglu_rmsnorm_grouped": {
        "norm_position": "pre", "norm": "rmsnorm", "positions": "rotary", "activation": "swiglu", "num_kv_heads": 2,
        "bias": False, "tie_embeddings": False, "source_vocab_size": 20,
    },
    "pre_learned_gelu": {"norm_position": "pre", "positions": "learned", "activation": "gelu", "output_bias": True,
                         "embedding_scale": False},
    "post_halves_geglu": {"position_layout": "halves", "position_exponent": "tensor2tensor", "first_position": 2,
                          "embedding_norm": True, "activation": "geglu", "num_kv_heads": 1},
}  # fmt: skip

Traced = dict[str, TracedTensor]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, fields) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        model = Transformer(ModelConfig(**SHAPE | fields)).eval().double()
        _shake(model)
        text = json.dumps(_fixture(model), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {len(text) / 1000:.0f} KB")


def _shake(model: Transformer) -> None:
    """Random numbers everywhere, float32 exact, so that no bias is 0 and no gain 1."""
    for weight in model.parameters():
        weight.data = (torch.randn_like(weight) * 0.4 + (weight.data == 1)).float().double()


def _fixture(model: Transformer) -> dict[str, Any]:
    before = observe(model, SOURCE, TARGET)
    return {
        "record": _record(model.config, before),
        "before": _numbers(before, _made(before)),
        "edits": [_weight(model), _source_token(model), _target_token(model), _hidden(model), _head(model)],
    }


def _record(config: ModelConfig, tensors: Traced) -> dict[str, Any]:
    read = [config.decoder_start_id, *TARGET[:-1]]
    return {
        "schema": "glassformer-trace/1",
        "meta": {"kind": "translation", "title": "fixture", "version": "0", "card": {}, "seed": 0, "kernel": "explicit",
                 "dtype": "float32", "detail": "full+weights"},
        "model": dataclasses.asdict(config),
        "conventions": conventions(config),
        "axes": {
            "source": {"size": len(SOURCE), "text": "", "tokens": list(map(_token, SOURCE))},
            "target": {"size": len(TARGET), "text": "", "tokens": list(map(_token, read))},
        },
        "vocabulary": {"source": None, "target": [_piece(i) for i in range(config.vocab_size)]},
        "tensors": [one.to_dict(with_data=one.op in LEAVES) for one in tensors.values()],
        "decode": None,
        "beam": None,
        "checks": [],
        "tour": [],
    }  # fmt: skip


def _piece(token: int) -> str:
    return PIECES[token] if token < len(PIECES) else f"▁{chr(ord('a') + token % 26)}{token}"


def _token(token: int) -> dict[str, Any]:
    return {"id": token, "piece": _piece(token), "text": _piece(token).removeprefix("▁"), "start": 0, "end": 0,
            "byte_start": 0, "byte_end": 0, "word": None, "special": token < len(PIECES), "direction": "ltr",
            "script": "Latin"}  # fmt: skip


def _made(tensors: Traced) -> list[str]:
    """What is computed, one result of every part."""
    kept = ("softmax", "add", "layernorm", "rmsnorm", "multiply", "relu", "gelu", "silu", "log_softmax")
    return [name for name, one in tensors.items() if one.op in kept]


def _numbers(tensors: Traced, names: list[str]) -> dict[str, str]:
    return {name: _text(tensors[name].values) for name in names}


def _text(values: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def _edit(kind: str, cells: list[tuple[str, int, float]], after: Traced, **where: Any) -> dict[str, Any]:
    """An edit, as cells of leaves with their new values, and what torch says then."""
    return {
        "kind": kind,
        **where,
        "cells": cells,
        "after": _numbers(after, ["log_probs"]),
    }


def _weight(model: Transformer) -> dict[str, Any]:
    name, flat, value = "encoder.0.feed_forward.outer.weight", 13, 1.5
    weight = model.get_parameter(name).data.view(-1)
    old, weight[flat] = weight[flat].item(), value
    edit = _edit("weight", [(name, flat, value)], observe(model, SOURCE, TARGET))
    weight[flat] = old
    return edit


def _source_token(model: Transformer) -> dict[str, Any]:
    changed = [*SOURCE[:1], 11, *SOURCE[2:]]
    return _edit("source token", [("source.ids", 1, 11)], observe(model, changed, TARGET))


def _target_token(model: Transformer) -> dict[str, Any]:
    """The second token of the translation is the third that the decoder reads."""
    changed = [*TARGET[:1], 14, *TARGET[2:]]
    return _edit("target token", [("target.ids", 2, 14)], observe(model, SOURCE, changed))


def _hidden(model: Transformer) -> dict[str, Any]:
    """A source word that nobody may look at, as if it were padding."""
    padded = [PAD if place == HIDDEN else token for place, token in enumerate(SOURCE)]
    return _edit("hidden word", [], observe(model, padded, TARGET), word=HIDDEN)


def _head(model: Transformer) -> dict[str, Any]:
    """A head whose result is set to zero as it goes into W_O."""
    with _silenced(model.get_submodule(f"{ATTENTION}.output"), HEAD, model.config.head_width):
        after = observe(model, SOURCE, TARGET)
    return _edit("silent head", [], after, attention=ATTENTION, head=HEAD)


@contextlib.contextmanager
def _silenced(output: nn.Module, head: int, width: int) -> Iterator[None]:
    def silence(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        silent = inputs[0].clone()
        silent[..., head * width : (head + 1) * width] = 0
        return (silent,)

    handle = output.register_forward_pre_hook(silence)
    yield
    handle.remove()


if __name__ == "__main__":
    main()
