"""Fine-tuning: training that begins with a trained model."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from glassformer.arguments import path_of
from glassformer.errors import UsageError
from glassformer.model import ModelConfig, preset
from glassformer.model_directory import CONFIG, read_config, resolve
from glassformer.settings import build
from glassformer.training.config import SHAPE
from glassformer.training.run.changes import described


def with_shape(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` completed by the shape of the model that `start_from` names, if it names one.

    Raises InputError if there is no such model, UsageError if settings contradict its shape (the error names all).
    """
    given = dict(settings)
    origin = given.get("start_from")
    if not isinstance(origin, str):
        return given
    own = dataclasses.asdict(read_config(resolve(path_of(origin, "start_from")) / CONFIG))
    if "preset" in given:
        given = preset(str(given.pop("preset"))) | given
    wanted = dataclasses.asdict(build(ModelConfig, own | given, "config"))
    different = {key: (own[key], wanted[key]) for key in sorted(SHAPE) if own[key] != wanted[key]}
    if different:
        raise UsageError(f"a model is trained on in its own shape, not {described(different)}; leave these out")
    return own | given
