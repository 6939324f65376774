"""The lecture's worked example as a trace. Axes: S source tokens, D d_model."""

from collections.abc import Mapping
from typing import Any

import torch

from glassformer import __version__
from glassformer.glass.lecture import steps
from glassformer.glass.lecture.checks import check_printed
from glassformer.glass.lecture.decoding import decode
from glassformer.glass.lecture.facts import DECODED, Matrix
from glassformer.glass.lecture.inputs import resolve_inputs
from glassformer.glass.lecture.recorder import Recorder
from glassformer.glass.lecture.tour import tour
from glassformer.glass.lecture.words import numbered_axis, source_words, words_axis
from glassformer.glass.record import Trace
from glassformer.glass.trace import conventions
from glassformer.model import ModelConfig

UNNAMED = {"masked_word": "word", "encoder_word": "source", "decoder_word": "target"}


@torch.no_grad()
def replay(overrides: Mapping[str, Matrix] | None = None) -> Trace:
    """The worked example, step by step; `overrides` replace any of `inputs.NAMES`.

    Raises UsageError for an unknown name and for a matrix that does not fit the others.
    """
    inputs = {
        name: torch.tensor(matrix, dtype=torch.float64) for name, matrix in resolve_inputs(overrides or {}).items()
    }
    config = steps.config_of(*inputs["feed_forward.W_1"].shape)
    record = Recorder()
    x_SD = steps.add_positions(record, inputs["embedding"])
    n_SD = steps.attend(record, config, x_SD, inputs)
    steps.attend_by_heads(record, config, x_SD, inputs)
    steps.feed_forward(record, config, n_SD, inputs)
    steps.attend_masked(record, inputs["masked.scores"])
    steps.attend_across(record, inputs["cross.encoder_output"], inputs["cross.decoder_state"])
    decoded = decode(record, inputs["decode.embedding"], inputs["decode.W"])
    words = source_words(len(x_SD))
    unnamed = {axis: numbered_axis(word, record.axes[axis]["size"]) for axis, word in UNNAMED.items()}
    return Trace(
        meta=_meta(),
        model=_model(config),
        conventions=conventions(config),
        axes={**record.axes, **unnamed, "source": words_axis(words, range(len(words))), "target": decoded.target},
        tensors=record.tensors,
        vocabulary={"source": words, "target": list(DECODED)},
        decode=decoded.record,
        checks=check_printed(record.tensors),
        tour=tour(None),
    )


def _meta() -> dict[str, Any]:
    return {
        "kind": "lecture",
        "title": "The lecture's worked example",
        "version": __version__,
        "card": {},
        "seed": 0,
        "kernel": "explicit",
        "dtype": "float64",
        "detail": "full+weights",
    }


def _model(config: ModelConfig) -> dict[str, Any]:
    names = ("d_model", "num_heads", "d_ff", "activation", "norm", "norm_position", "norm_eps", "positions",
             "position_layout", "embedding_scale", "bias")  # fmt: skip
    return {name: getattr(config, name) for name in names}
