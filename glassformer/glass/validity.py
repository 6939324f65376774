"""Which records are traces: what the schema says (`trace.schema.json`), and what it cannot say."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from glassformer.arguments import shown
from glassformer.errors import InputError, UsageError
from glassformer.model.config import ModelConfig
from glassformer.reading import refuse_no_json
from glassformer.settings import build

SCHEMA = "glassformer-trace/1"
MAPS = {  # of a cause, and what their columns are
    "encoder.stream": "source",
    "encoder.self_attention": "head",
    "encoder.feed_forward": "all",
    "decoder.stream": "target",
    "decoder.self_attention": "head",
    "decoder.cross_attention": "head",
    "decoder.feed_forward": "all",
}


def refuse_invalid(record: Any, where: str) -> None:
    """InputError, by `where` it was found, for a record of another version, or that is no trace."""
    if isinstance(record, dict):  # of a caller from Python: what is read from a file is JSON already
        try:
            refuse_no_json(record)
        except ValueError as problem:
            raise InputError(f"{where}: not a valid trace: {problem}") from problem
    version = record.get("schema") if isinstance(record, dict) else None
    if version != SCHEMA:
        raise InputError(f"{where}: not a trace of this version ({SCHEMA}), but {shown(version)}; write it again")
    error = best_match(_validator().iter_errors(record))
    if error:
        place = "/".join(map(str, error.absolute_path)) or "the record"
        raise InputError(f"{where}: not a valid trace: {place[:120]}: {error.message[:120]}; write it again")
    _refuse_contradictions(record, where)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the record."""
    text = files("glassformer.glass").joinpath("trace.schema.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


@cache
def _validator() -> Draft202012Validator:
    def is_integer(_: object, value: object) -> bool:
        return type(value) is int  # to JSON Schema 1.0 and 1e300 are integers too, but they index nothing

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    result: Draft202012Validator = extend(Draft202012Validator, type_checker=types)(schema())
    return result


def _refuse_contradictions(record: dict[str, Any], where: str) -> None:
    """What the schema cannot say: the model is one, an axis as long as its tokens, parents and operands come first."""
    try:
        build(ModelConfig, {"vocab_size": 300, **record["model"]}, "model")  # the lecture's has none
    except UsageError as error:
        raise InputError(f"{where}: not a valid trace: {error}; write it again") from error
    for name, axis in record["axes"].items():
        if "tokens" in axis and len(axis["tokens"]) != axis["size"]:
            raise InputError(
                f"{where}: the axis {shown(name)} has {len(axis['tokens'])} tokens but the size {axis['size']}"
            )
    for place, node in enumerate(record["beam"]["nodes"] if record["beam"] else ()):
        parent = -1 if node["parent"] is None else node["parent"]
        if node["step"] != (record["beam"]["nodes"][parent]["step"] + 1 if 0 <= parent < place else 0):
            raise InputError(f"{where}: node {place} of the beam is no step after its parent; write the trace again")
        if node["id"] != place or not (parent == -1 if place == 0 else 0 <= parent < place):
            raise InputError(f"{where}: node {place} of the beam stands before its parent; write the trace again")
    if cause := record.get("cause"):
        _refuse_misfit_cause(cause, record["axes"], where)
    before = set[str]()
    for one in record["tensors"]:
        _refuse_misfit(one, before, record["axes"], where)
        before.add(one["name"])


def _refuse_misfit_cause(cause: dict[str, Any], axes: dict[str, dict[str, Any]], where: str) -> None:
    """A cause's maps are those of a sweep, and all that is said of tokens, heads and layers fits them."""
    maps = {one["name"]: one for one in cause["maps"]}
    tables = [(one, table) for one in maps.values() for table in (one["total"], one["direct"])]
    sizes = {side: len(axes[side]["tokens"]) for side in ("source", "target")}
    fits = len(maps) == len(cause["maps"]) and set(maps) == set(MAPS)
    fits = fits and all(
        maps[name]["columns"] == columns and 0 < len(maps[name]["rows"]) == len(maps[name]["tensors"])
        for name, columns in MAPS.items()
    )
    fits = fits and all(
        len(table) == len(one["rows"]) and 0 < len(table[0]) <= sizes.get(one["columns"], len(table[0]))
        and len({len(row) for row in table} | {len(one["total"][0])}) == 1
        for one, table in tables
    )  # fmt: skip
    fits = fits and all(place < len(maps["encoder.stream"]["total"][0]) for place in cause["deciding"])
    fits = fits and len(cause["lens"]) == len(maps["decoder.stream"]["rows"])
    fits = fits and all(0 < len(one[side]) <= sizes[side] for one in cause["attributions"] for side in sizes)
    for term in cause["decomposition"]:
        side = "source" if "cross_attention" in term["tensor"] else "target"
        fits = fits and len(term["by_key"] or ()) <= sizes[side]
    if not fits:
        raise InputError(f"{where}: its cause does not fit its tokens and layers; write the trace again")


def _refuse_misfit(one: dict[str, Any], before: set[str], axes: dict[str, dict[str, Any]], where: str) -> None:
    if one["name"] in before:
        raise InputError(f"{where}: tensor {shown(one['name'])} comes twice; write the trace again")
    sizes = [axes.get(axis, {}).get("size") for axis in one["axes"]]
    if sizes != one["shape"]:
        raise InputError(
            f"{where}: {shown(one['name'])} has the shape {shown(one['shape'])}, but its axes {shown(sizes)}; "
            "write it again"
        )
    for name in one["operands"].values():
        if name not in before:
            raise InputError(f"{where}: {shown(one['name'])} is made from {shown(name)}, which does not come before it")
