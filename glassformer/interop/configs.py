"""Another program's settings as our config; what the model here does not compute is refused by name."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glassformer.arguments import shown
from glassformer.errors import GlassformerError, InputError
from glassformer.interop.directories import check_sizes
from glassformer.model import ModelConfig
from glassformer.settings import build

SIZES = ("vocab_size", "d_model", "num_heads", "encoder_layers", "decoder_layers", "d_ff", "max_length")


def config_of(values: Mapping[str, Any], path: Path) -> ModelConfig:
    """A config of these values, which have our names; InputError for what makes none."""
    for name in SIZES:
        if values.get(name) is None:
            raise InputError(f"{path}: says nothing of {name}")
    check_sizes(values, path)
    try:
        return build(ModelConfig, values, str(path))
    except GlassformerError as error:  # a wrong file is the input's fault, not the usage's
        said = str(error)
        raise InputError(said if said.startswith(str(path)) else f"{path}: {said}") from error


def refuse_others(values: Mapping[str, Any], plain: Mapping[str, Any], path: Path) -> None:
    """Raise InputError for a setting that has another value than this one; one that is not there has it."""
    for name, value in plain.items():
        if values.get(name, value) != value:
            raise InputError(f"{path}: {name} = {shown(values[name])} is not supported, only {value!r}")


def refuse_unequal_sides(values: Mapping[str, Any], names: Iterable[str], path: Path) -> None:
    """Raise InputError for a setting that encoder and decoder have apart."""
    for name in names:
        if values.get(f"encoder_{name}") != values.get(f"decoder_{name}"):
            raise InputError(f"{path}: encoder_{name} and decoder_{name} differ; only equal ones are supported")


def activation_of(values: Mapping[str, Any], name: str, ours: Mapping[str, str], path: Path, default: str = "") -> str:
    """Our name of the activation that a setting names; InputError for one that is not here."""
    theirs = str(values.get(name, default))
    if theirs not in ours:
        raise InputError(f"{path}: {name} = {shown(theirs)} is not supported, only {', '.join(ours)}")
    return ours[theirs]
