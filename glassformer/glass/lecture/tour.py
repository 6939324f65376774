"""The lecture's stops in its order: what each says (`tour.yaml`), and the tensors that show it."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from glassformer.glass.graph import graph
from glassformer.model import ModelConfig

Stop = dict[str, Any]

IN_LECTURE = {
    "tokenization": [],
    "embeddings": ["embedding"],
    "positions": ["positions", "input"],
    "attention": ["input"],
    "query_key_value": ["W_Q", "W_K", "W_V", "Q", "K", "V"],
    "scores": ["scores", "scaled", "weights", "attention"],
    "residual": ["add"],
    "normalization": ["norm"],
    "heads": [
        "heads.query_heads", "heads.key_heads", "heads.value_heads",
        "heads.scores", "heads.scaled", "heads.weights", "heads.heads", "heads.merged",
    ],
    "feed_forward": [
        "feed_forward.W_1", "feed_forward.inner", "feed_forward.activation", "feed_forward.W_2", "feed_forward.outer",
    ],
    "encoder": ["input", "norm", "feed_forward.outer", "feed_forward.add", "feed_forward.norm"],
    "decoder": [
        "masked.scores", "masked.masked", "masked.weights",
        "cross.encoder_output", "cross.decoder_state", "cross.scores", "cross.weights", "cross.output",
    ],
    "output": ["decode.embedding", "decode.last", "decode.W", "decode.logits", "decode.probabilities"],
    "inference": ["decode.probabilities"],
    "summary": ["masked.weights", "cross.weights"],
}  # fmt: skip


def tour(config: ModelConfig | None) -> list[Stop]:
    """The stops for a trace of a model of this config; without one, for the lecture's example.

    Each is {id, title, motivation, concept, helps, takeaway, formula, tensors, view}, as in the record.
    """
    shown = IN_LECTURE if config is None else _in_model(config)
    return [_stop(text, config) | {"tensors": shown[text["id"]]} for text in _texts() if config or not text.get("only")]


@cache
def _texts() -> list[Stop]:
    text = files("glassformer.glass.lecture").joinpath("tour.yaml").read_text(encoding="utf-8")
    stops: list[Stop] = yaml.safe_load(text)
    return stops


def _stop(text: Stop, config: ModelConfig | None) -> Stop:
    """The stop's fields, with those that `when` replaces."""
    stop = {name: value for name, value in text.items() if name not in ("when", "only")}
    for condition, replaced in text.get("when", {}).items():
        if _holds(condition, config):
            stop |= replaced
    return stop


def _holds(condition: str, config: ModelConfig | None) -> bool:
    """Whether this is the lecture (`lecture`), or a model with that value (`norm=rmsnorm`)."""
    if config is None or condition == "lecture":
        return config is None and condition == "lecture"
    name, _, value = condition.partition("=")
    return str(getattr(config, name)) == value


def _in_model(config: ModelConfig) -> dict[str, list[str]]:
    """By stop, the tensors of a translation: of the last layers, where words have met their sentence."""
    encoder, decoder = f"encoder.{config.encoder_layers - 1}", f"decoder.{config.decoder_layers - 1}"
    own, masked, cross = f"{encoder}.self_attention", f"{decoder}.self_attention", f"{decoder}.cross_attention"
    wanted = {
        "tokenization": ["source.ids", "target.ids"],
        "embeddings": ["source_embedding.lookup", "source_embedding.scaled"],
        "positions": ["source_embedding.position", "source_embedding.output"]
        + [f"encoder.0.self_attention.{part}" for part in ("query_heads", "query_rotated", "key_heads", "key_rotated")]
        * (config.positions == "rotary"),
        "attention": [f"{own}.weights", f"{cross}.weights"],
        "query_key_value": [f"{own}.{part}" for part in ("query", "key", "value")],
        "scores": [f"{cross}.{part}" for part in ("scores", "scaled", "masked", "weights", "heads")],
        "residual": [f"{own}.output", f"{own}_norm.residual"],
        "normalization": [f"{own}_norm.residual", f"{own}_norm.norm"],
        "heads": [f"{cross}.{part}" for part in ("query_heads", "key_heads", "weights", "heads", "merged", "output")],
        "feed_forward": [f"{encoder}.feed_forward.{p}" for p in ("inner", "gate", "activation", "product", "outer")],
        "encoder": [
            f"{own}_norm.residual",
            f"{own}_norm.norm",
            f"{encoder}.feed_forward.outer",
            f"{encoder}.feed_forward_norm.residual",
            f"{encoder}.feed_forward_norm.norm",
            "encoder_norm",
        ],
        "decoder": [f"{masked}.masked", f"{masked}.weights", f"{cross}.weights"],
        "output": ["logits", "log_probs"],
        "inference": ["log_probs"],
        "shifted_target": ["target.ids"],
        "loss": ["log_probs"],
        "gradient_step": [f"{decoder}.feed_forward.outer"],
        "summary": [f"{masked}.weights", f"{cross}.weights"],
    }
    there = {node.name for node in graph(config)}
    return {stop: [name for name in names if name in there] for stop, names in wanted.items()}
