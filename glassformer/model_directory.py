"""A model directory on disk: what every command accepts as MODEL. It holds no pickle.

config.json (ModelConfig), model.safetensors (parameters), source.spm and target.spm, or one tokenizer.spm where they
are the same, card.json (where the model comes from), lexicon.tsv (the words it was trained on, if that is known), and
shortlist.safetensors (the target tokens that may follow from each source token, if they were learnt).
"""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from glassformer.data.shortlist import NONE, Shortlist
from glassformer.errors import GlassformerError, InputError, is_out_of_memory
from glassformer.files import CHECKSUMS, integrity_problem, standing, write_whole
from glassformer.model import ModelConfig
from glassformer.model.quantization import Quantized
from glassformer.model.shapes import parameter_shapes
from glassformer.quality_estimation.lexicon import LARGEST as LARGEST_LEXICON
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.reading import MIB, is_there, open_regular, parse_json, read_regular
from glassformer.settings import build, keys_of, refuse_unknown
from glassformer.text.byte_level import of_its_kind
from glassformer.text.tokenizer import Tokenizer

if TYPE_CHECKING:  # torch is imported where parameters become tensors; to translate, the fast engine needs none
    from torch import Tensor

    from glassformer.model import Transformer

CONFIG, WEIGHTS, CARD, LEXICON = "config.json", "model.safetensors", "card.json", "lexicon.tsv"
SHORTLIST = "shortlist.safetensors"
SCALES = ".scales"  # ends the name of the scales of a matrix of integers
Array = NDArray[np.float32]
JOINT, SOURCE, TARGET = "tokenizer.spm", "source.spm", "target.spm"
FILES = CONFIG, WEIGHTS, CARD, LEXICON, SHORTLIST, JOINT, SOURCE, TARGET
LARGEST_JSON = 4 * MIB  # bytes of a config or card; with all settings and scores of a training they have some kilobytes
LARGEST_WEIGHTS = 1 << 40  # bytes, of which only what the config asks for is read
LARGEST_SHORTLIST = 256 * MIB
FLOATS = "F64", "F32", "F16", "BF16"  # safetensors' names
ARRAYS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I8": "i1"}  # NumPy's, which has no bfloat16
OF_A_RUN = ("average", "best", "last")  # the first that is there is what a run directory means

Header = Mapping[str, tuple[tuple[int, ...], bool]]  # by name: shape, and whether they are numbers that a model has


def resolve(path: Path) -> Path:
    """The model directory that `path` names: itself, or the run's `average/`, else `best/`, else `last/`.

    Raises InputError if there is none, or if it may not be seen.
    """
    try:
        path = standing(path)
        if not is_there(path):
            raise InputError(f"{path}: no such model; give a model directory or a run directory")
        if is_there(path / CONFIG):
            return path
        for name in OF_A_RUN:
            directory = standing(path / name)
            if is_there(directory / CONFIG):
                return directory
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path and its rights") from error
    raise InputError(f"{path}: not a model directory (no {CONFIG}), and no run with a saved model")


def parameters_of(model: "Transformer") -> "dict[str, Tensor]":
    """The model's weights by name; a table that is shared appears once."""
    return {name: weight.detach() for name, weight in model.named_parameters()}


def write_model(
    directory: Path, config: ModelConfig, weights: "dict[str, Tensor]", tokenizers: tuple[Tokenizer, Tokenizer],
    card: dict[str, Any], lexicon: Lexicon,
) -> None:  # fmt: skip
    """Write the files of a model directory into `directory`, which exists."""
    from safetensors.torch import save

    write_whole(directory / WEIGHTS, save({name: weight.contiguous() for name, weight in weights.items()}))
    _write_rest(directory, config, tokenizers, card, lexicon)


def write_quantized(
    directory: Path, stored: "StoredModel", weights: Mapping[str, Array | Quantized], card: dict[str, Any],
    shortlist: Shortlist | None = None,
) -> None:  # fmt: skip
    """Write a model directory of a stored model with these weights instead of its own, matrices as integers."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {}
    for name, weight in weights.items():
        tensors |= {name: weight[0], name + SCALES: weight[1]} if isinstance(weight, Quantized) else {name: weight}
    write_whole(directory / WEIGHTS, save(tensors))
    if shortlist:
        write_whole(directory / SHORTLIST, save({"likely": shortlist.likely_SK, "always": shortlist.always_A}))
    _write_rest(directory, stored.config, stored.tokenizers, card, read_lexicon(stored.directory))


def _write_rest(
    directory: Path, config: ModelConfig, tokenizers: tuple[Tokenizer, Tokenizer], card: dict[str, Any],
    lexicon: Lexicon,
) -> None:  # fmt: skip
    write_whole(directory / CONFIG, _json(dataclasses.asdict(config)))
    source, target = tokenizers
    if source is target:
        write_whole(directory / JOINT, source.to_bytes())
    else:
        write_whole(directory / SOURCE, source.to_bytes())
        write_whole(directory / TARGET, target.to_bytes())
    write_whole(directory / CARD, _json(card))
    if lexicon:
        write_whole(directory / LEXICON, lexicon.to_bytes())


@dataclass(frozen=True)
class StoredModel:
    """A model directory whose small files were read and fit each other; parameters come when they are asked for."""

    directory: Path
    config: ModelConfig
    tokenizers: tuple[Tokenizer, Tokenizer]
    card: dict[str, Any]
    device: str = "cpu"

    @cached_property
    def is_quantized(self) -> bool:
        """Whether its matrices are stored as integers (`glassformer quantize`): the card may be another model's."""
        with _reading(self.directory / WEIGHTS), safe_open(self.directory / WEIGHTS, framework="numpy") as file:
            return any(name.endswith(SCALES) for name in file.keys())  # noqa: SIM118 (it is no mapping)

    def load(self) -> "Transformer":
        """The model on its device, in evaluation mode. InputError for parameters that are broken or do not fit."""
        from glassformer.device import choose_device
        from glassformer.model import Transformer

        where = self.directory / WEIGHTS
        self._refuse_misfit()
        device, model = choose_device(self.device), Transformer(self.config)
        if self.is_quantized:
            _with_integers(model, dict(self.weights()))
        else:
            load_parameters(model, read_tensors(where), where)
        return model.to(device).eval()

    def weights(self) -> Iterator[tuple[str, Array | Quantized]]:
        """The parameters by name as arrays, integers with their scales, each read when it is asked for.

        InputError where they hold NaN or infinity.
        """
        where = self.directory / WEIGHTS
        self._refuse_misfit()
        scales: dict[str, Array] = {}
        for name, array in _read_arrays(where):
            _refuse_infinite(name, bool(np.isfinite(array).all()), where)
            if name.endswith(SCALES):
                scales[name.removesuffix(SCALES)] = array
            else:
                yield name, Quantized(array, scales[name]) if name in scales else array

    def shortlist(self) -> Shortlist:
        """The model's shortlist; InputError where it has none, or one that does not fit."""
        where = self.directory / SHORTLIST
        if not where.exists():
            raise InputError(
                f"{self.directory}: has no shortlist; glassformer quantize --shortlist PAIRS makes a model with one"
            )
        with _reading(where, LARGEST_SHORTLIST), safe_open(where, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        likely, always = (arrays.get(name, np.empty(0)) for name in ("likely", "always"))
        sources, targets = self.config.source_vocab_size or self.config.vocab_size, self.config.vocab_size
        fits = likely.ndim == 2 and len(likely) == sources and always.ndim == 1 and always.size > 0
        if not fits or any(one.dtype != np.int32 or not _within(one, least, targets) for one, least in
                           ((likely, NONE), (always, 0))):  # fmt: skip
            raise InputError(f"{where}: does not fit {CONFIG}; copy the model again")
        return Shortlist(likely, always)

    def _refuse_misfit(self) -> None:
        """Raise InputError where the file of weights does not fit the config, before its numbers take memory."""
        where = self.directory / WEIGHTS
        refuse_misfit(self.config, header_of(where), where)


def _within(ids: NDArray[Any], least: int, behind: int) -> bool:
    return bool(((ids >= least) & (ids < behind)).all())


def open_model(directory: Path, device: str = "cpu") -> StoredModel:
    """The model in a directory, without its parameters.

    Raises InputError for a file that is missing, truncated, or does not fit the others.
    """
    _refuse_altered(directory)
    config = read_config(directory / CONFIG)
    tokenizers = _read_tokenizers(directory)
    for name, tokenizer, size in (
        ("source", tokenizers[0], config.source_vocab_size or config.vocab_size),
        ("target", tokenizers[1], config.vocab_size),
    ):
        if tokenizer.vocab_size != size:
            raise InputError(
                f"{directory}: the {name} tokenizer has {tokenizer.vocab_size} pieces but {CONFIG} says {size}; "
                "the files are not of one model"
            )
    source, target = tokenizers
    if config.source_vocab_size is None and source is not target and source.pieces != target.pieces:
        raise InputError(
            f"{directory}: {SOURCE} and {TARGET} have other pieces than each other, but the model has one vocabulary; "
            "the files are not of one model"
        )
    if config.source_vocab_size is None:
        target.pieces = source.pieces  # one list for both
    return StoredModel(directory, config, tokenizers, read_json(directory / CARD), device)


def _refuse_altered(directory: Path) -> None:
    """Raise InputError for a file that is not as it was saved, where the checksums are known."""
    problem = integrity_problem(directory, FILES) if (directory / CHECKSUMS).exists() else ""
    if problem:
        advice = f"copy the model again, readable (or, if you altered it yourself, remove {CHECKSUMS})"
        raise InputError(f"{directory}: {problem}; {advice}")


def read_lexicon(directory: Path) -> Lexicon:
    """The model's lexicon, empty where it has none; InputError for a damaged one."""
    path = directory / LEXICON
    try:
        return Lexicon.from_bytes(read_regular(path, LARGEST_LEXICON), str(path))
    except FileNotFoundError:
        return Lexicon()
    except OSError as error:
        raise InputError(f"{path}: cannot read the lexicon: {error.strerror}") from error


def _read_arrays(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """The tensors of a safetensors file that `header_of` has read, scales first; bfloat16 becomes float32.

    Each is read from its place in the file when it is asked for: of a mapped file all that was read counts as memory.
    The file is the length of its header, eight bytes, the header in JSON, and the numbers.
    """
    with _reading(path), open_regular(path, LARGEST_WEIGHTS) as file:
        try:
            yield from _arrays_in(file, path)
        except (ValueError, LookupError, TypeError) as error:  # though its header was checked
            raise InputError(f"{path}: was changed while it was read; load it again") from error


def _arrays_in(file: BinaryIO, path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    start = 8 + int.from_bytes(file.read(8), "little")
    header = json.loads(file.read(start - 8))
    header.pop("__metadata__", None)
    has_bfloat16 = any(one["dtype"] == "BF16" for one in header.values())
    tensors = read_tensors(path) if has_bfloat16 else {}
    for name, one in sorted(header.items(), key=lambda item: not item[0].endswith(SCALES)):
        if has_bfloat16:
            yield name, (tensors[name].float() if one["dtype"] in FLOATS else tensors[name]).numpy()
            continue
        file.seek(start + one["data_offsets"][0])
        numbers = np.fromfile(file, ARRAYS[one["dtype"]], math.prod(one["shape"]))
        yield name, numbers.reshape(one["shape"])


def read_tensors(path: Path) -> "dict[str, Tensor]":
    """The tensors of a safetensors file; InputError if it is missing or broken."""
    from safetensors.torch import load_file

    with _reading(path):
        return load_file(path)


def header_of(path: Path) -> Header:
    """What a safetensors file says of its tensors, which are not read; InputError if it is missing or broken.

    A matrix of bytes with a scale for each of its rows counts as one of numbers; its scales are no tensor of their own.
    """
    with _reading(path), safe_open(path, framework="numpy") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    found = {name: (tuple(one.get_shape()), one.get_dtype()) for name, one in slices.items()}
    scales = {name + SCALES for name in found if not name.endswith(SCALES)}
    return {
        name: (shape, kind in FLOATS if name + SCALES not in found else _are_scaled(shape, kind, found[name + SCALES]))
        for name, (shape, kind) in found.items()
        if name not in scales
    }


def _are_scaled(shape: tuple[int, ...], kind: str, scales: tuple[tuple[int, ...], str]) -> bool:
    """Whether it is a matrix of bytes, and its scales are as many numbers as it has rows."""
    return len(shape) == 2 and kind == "I8" and scales == (shape[:1], "F32")


def refuse_other_content(directory: Path) -> None:
    """Raise InputError where `directory` holds anything that is not of a model: it would be lost."""
    if directory.is_dir():
        others = sorted(path.name for path in directory.iterdir() if path.name not in (*FILES, CHECKSUMS))
        if others:
            raise InputError(
                f"{directory}: holds other files ('{others[0]}'), which would be lost; choose another folder"
            )


@contextmanager
def _reading(path: Path, largest: int = LARGEST_WEIGHTS) -> Iterator[None]:
    """Turns what is wrong with a safetensors file into one line."""
    try:
        open_regular(path, largest).close()
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: missing; copy the whole model directory") from error
    except OSError as error:
        if is_out_of_memory(error):
            raise
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except SafetensorError as error:
        raise InputError(f"{path}: truncated or not a safetensors file ({error}); copy it again") from error


def load_parameters(model: "Transformer", weights: "dict[str, Tensor]", where: Path) -> None:
    """Copy `weights` into the model; InputError unless names and shapes agree and all are finite."""
    import torch

    refuse_misfit(
        model.config, {name: (tuple(one.shape), one.is_floating_point()) for name, one in weights.items()}, where
    )
    for name, parameter in model.named_parameters():
        _refuse_infinite(name, bool(weights[name].isfinite().all()), where)
        with torch.no_grad():
            parameter.copy_(weights[name])


def _with_integers(model: "Transformer", weights: Mapping[str, Array | Quantized]) -> "Transformer":
    """The model with stored matrices of integers in the place of its linear maps, and stored vectors."""
    import torch

    from glassformer.model.int8 import with_integers

    matrices = {name: weight for name, weight in weights.items() if isinstance(weight, Quantized)}
    floats = {name: weight for name, weight in weights.items() if not isinstance(weight, Quantized)}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in floats:
                parameter.copy_(torch.from_numpy(floats[name]))
    # A table that is shared was stored once, by its first name.
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    everywhere = model.named_parameters(remove_duplicate=False)
    return with_integers(
        model, {name: matrices[first] for name, each in everywhere if (first := names[id(each)]) in matrices}
    )


def refuse_misfit(config: ModelConfig, found: Header, where: Path) -> None:
    """InputError unless the tensors `found` have the config's names and shapes, and hold numbers that a model has.

    No model is needed, so that a wrong file is refused before its numbers take memory.
    """
    wanted = parameter_shapes(config)
    for name in sorted(wanted.keys() ^ found.keys()):
        state = "is missing" if name in wanted else "does not belong to this model"
        raise InputError(f"{where}: tensor '{name}' {state}; the file does not fit {CONFIG}")
    for name in wanted:
        shape, is_float = found[name]
        if shape != wanted[name]:
            raise InputError(
                f"{where}: tensor '{name}' is {shape} but {CONFIG} makes it {wanted[name]}; the files are not of one "
                "model"
            )
        if not is_float:
            raise InputError(
                f"{where}: tensor '{name}' holds no floating-point numbers, nor bytes with a scale for each row; copy "
                "the model again"
            )


def _refuse_infinite(name: str, finite: bool, where: Path) -> None:
    if not finite:
        raise InputError(f"{where}: tensor '{name}' holds NaN or infinity; use an earlier checkpoint")


def read_config(path: Path) -> ModelConfig:
    """The shape saved at `path`, a `config.json`; InputError if the file is missing or no such config."""
    values = read_json(path)
    try:
        refuse_unknown(values, keys_of(ModelConfig), str(path))
        return build(ModelConfig, values, str(path))
    except GlassformerError as error:  # a wrong file is the input's fault, not the usage's
        raise InputError(f"{path}: not a config of this version: {error}") from error


def _read_tokenizers(directory: Path) -> tuple[Tokenizer, Tokenizer]:
    if (directory / JOINT).exists():
        joint = of_its_kind(Tokenizer.load(directory / JOINT))
        return joint, joint
    for name in (SOURCE, TARGET):
        if not (directory / name).exists():
            raise InputError(f"{directory / name}: missing, and so is {JOINT}; copy the whole model directory")
    source, target = (of_its_kind(Tokenizer.load(directory / name)) for name in (SOURCE, TARGET))
    return source, target


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; InputError if the file is missing or broken."""
    try:
        values = parse_json(read_regular(path, LARGEST_JSON))
    except FileNotFoundError as error:
        raise InputError(f"{path}: missing; copy the whole model directory") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: truncated or not JSON; copy it again") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a JSON object")
    return values


def _json(value: dict[str, Any]) -> bytes:
    # A file's name may hold bytes that are no UTF-8; written \udcXX they are still JSON.
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode(errors="backslashreplace")
