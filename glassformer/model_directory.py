"""A model directory on disk: what every command accepts as MODEL. It holds no pickle.

config.json (ModelConfig), model.safetensors (parameters), source.spm and target.spm, or one tokenizer.spm where they
are the same, card.json (where the model comes from), lexicon.tsv (the words it was trained on, if that is known), and
shortlist.safetensors (the target tokens that may follow from each source token, if they were learnt).
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassformer.data.shortlist import NONE, Shortlist
from glassformer.errors import GlassformerError, InputError, is_out_of_memory
from glassformer.files import CHECKSUMS, integrity_problem, standing, write_whole
from glassformer.model import ModelConfig
from glassformer.model.quantization import Quantized
from glassformer.model.shapes import parameter_shapes
from glassformer.quality_estimation.lexicon import LARGEST as LARGEST_LEXICON
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.reading import MIB, is_there, parse_json, read_regular
from glassformer.settings import build, keys_of, refuse_unknown
from glassformer.tensor_file import DTYPES, LARGEST, NotWholeError, TensorFile, open_tensors
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
LARGEST_SHORTLIST = 256 * MIB
FLOATS = "F64", "F32", "F16", "BF16"  # safetensors' names
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
        with _opened(self.directory / WEIGHTS) as file:
            return _has_integers(file)

    def load(self) -> "Transformer":
        """The model on its device, in evaluation mode. InputError for parameters that are broken or do not fit."""
        from glassformer.device import choose_device
        from glassformer.model import Transformer

        where = self.directory / WEIGHTS
        with _opened(where) as file:
            refuse_misfit(self.config, _header(file), where)
            device, model = choose_device(self.device), Transformer(self.config)
            if _has_integers(file):
                _with_integers(model, dict(self._weights(file)))
            else:
                _fill(model, lambda name: _tensor(file, name), where)
        return model.to(device).eval()

    def weights(self) -> Iterator[tuple[str, Array | Quantized]]:
        """The parameters by name as arrays, integers with their scales, each read when it is asked for.

        InputError where they hold NaN or infinity.
        """
        where = self.directory / WEIGHTS
        with _opened(where) as file:
            refuse_misfit(self.config, _header(file), where)  # before its numbers take memory
            yield from self._weights(file)

    def _weights(self, file: TensorFile) -> Iterator[tuple[str, Array | Quantized]]:
        scales: dict[str, Array] = {}
        for name in sorted(file.entries, key=lambda name: not name.endswith(SCALES)):
            array = _array(file, name)
            _refuse_infinite(name, bool(np.isfinite(array).all()), self.directory / WEIGHTS)
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
        with _opened(where, LARGEST_SHORTLIST) as file:
            arrays = {name: _array(file, name) for name, entry in file.entries.items() if entry.dtype == "I32"}
        likely, always = (arrays.get(name, np.empty(0)) for name in ("likely", "always"))
        sources, targets = self.config.source_vocab_size or self.config.vocab_size, self.config.vocab_size
        fits = likely.ndim == 2 and len(likely) == sources and always.ndim == 1 and always.size > 0
        if not fits or not _within(likely, NONE, targets) or not _within(always, 0, targets):
            raise InputError(f"{where}: does not fit {CONFIG}; copy the model again")
        return Shortlist(likely, always)


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


def _array(file: TensorFile, name: str) -> NDArray[Any]:
    """A tensor of numbers that NumPy has, or of bfloat16, which become float32."""
    entry = file.entries[name]
    data = file.read(name)
    if entry.dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(entry.shape)
    return np.frombuffer(data, DTYPES[entry.dtype][0]).reshape(entry.shape)


def _tensor(file: TensorFile, name: str) -> "Tensor":
    import torch

    entry = file.entries[name]
    dtype: torch.dtype = getattr(torch, DTYPES[entry.dtype][0])
    data = file.read(name)
    return torch.frombuffer(data, dtype=dtype).reshape(entry.shape) if data else torch.empty(entry.shape, dtype=dtype)


def read_tensors(path: Path) -> "Iterator[tuple[str, Tensor]]":
    """The tensors of a safetensors file by name, each read when it is asked for.

    InputError if the file is missing, broken, or cut off meanwhile.
    """
    with _opened(path) as file:
        for name in file.entries:
            yield name, _tensor(file, name)


def header_of(path: Path) -> Header:
    """What a safetensors file says of its tensors, which are not read; InputError if it is missing or broken.

    A matrix of bytes with a scale for each of its rows counts as one of numbers; its scales are no tensor of their own.
    """
    with _opened(path) as file:
        return _header(file)


def _header(file: TensorFile) -> Header:
    found = {name: (one.shape, one.dtype) for name, one in file.entries.items()}
    scales = {name + SCALES for name in found if not name.endswith(SCALES)}
    return {
        name: (shape, kind in FLOATS if name + SCALES not in found else _are_scaled(shape, kind, found[name + SCALES]))
        for name, (shape, kind) in found.items()
        if name not in scales
    }


def _has_integers(file: TensorFile) -> bool:
    return any(name.endswith(SCALES) for name in file.entries)


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
def _opened(path: Path, largest: int = LARGEST) -> Iterator[TensorFile]:
    """A safetensors file; what is wrong with it is an InputError."""
    try:
        with open_tensors(path, largest) as file:
            yield file
    except FileNotFoundError as error:
        raise InputError(f"{path}: missing; copy the whole model directory") from error
    except OSError as error:
        if is_out_of_memory(error):
            raise
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except NotWholeError as error:
        raise InputError(f"{path}: truncated or not a safetensors file ({error}); copy it again") from error


def load_parameters(model: "Transformer", weights: "dict[str, Tensor]", where: Path) -> None:
    """Copy `weights` into the model; InputError unless names and shapes agree and all are finite."""
    refuse_misfit(
        model.config, {name: (tuple(one.shape), one.is_floating_point()) for name, one in weights.items()}, where
    )
    _fill(model, weights.__getitem__, where)


def _fill(model: "Transformer", weight_of: "Callable[[str], Tensor]", where: Path) -> None:
    import torch

    for name, parameter in model.named_parameters():
        weight = weight_of(name)
        _refuse_infinite(name, bool(weight.isfinite().all()), where)
        with torch.no_grad():
            parameter.copy_(weight)


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
