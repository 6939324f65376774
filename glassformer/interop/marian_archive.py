"""Marian's own archive: a .npz of numpy arrays, one of which holds the settings as YAML (`special:model.yml`).

Junczys-Dowmunt et al. 2018; names and formulas as in Marian 1.12. Beside it stand decoder.yml, which names the model
and its vocabularies, and those: SentencePiece files (.spm), or lists of pieces (.yml), to which source.spm and
target.spm belong as in OPUS-MT's archives. Without them the pieces are words, and text is split at spaces, as Marian
itself does.

Marian has no `<pad>`: its decoder begins with a vector of zeros, which here is the row of `<pad>`.

Axes: V vocabulary, D d_model.
"""

import dataclasses
import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
import yaml
from numpy.lib import format as npy
from numpy.typing import NDArray
from torch import Tensor

from glassformer.arguments import shown
from glassformer.errors import InputError
from glassformer.interop import spm
from glassformer.interop.configs import activation_of, config_of
from glassformer.interop.directories import checked_file, refuse_packed
from glassformer.interop.tables import Table, Weights, built, shapes_of, to_ours
from glassformer.interop.vocabularies import NEVER, in_our_order
from glassformer.model import ModelConfig
from glassformer.special import PAD, PIECES
from glassformer.text.tokenizer import META, Tokenizers
from glassformer.translator import Translator
from glassformer.yaml_config import LARGEST, NOT_YAML, refuse_endless

KIND = "marian archive"
DECODER, SETTINGS, SOURCE, TARGET = "decoder.yml", "special:model.yml", "source.spm", "target.spm"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}  # by the version of a .npy
LENGTH = 1000  # tokens; sinusoidal positions know no limit, and this is Marian's own (`max-length`)
EVENTS: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # what reads vocabularies; PyYAML may be without its C
ACTIVATIONS = {"relu": "relu", "swish": "silu"}  # theirs: ours; its gelu is x * sigmoid(1.702 x), which is not ours
PLAIN = {  # settings that change the formulas; models with other values are others
    "type": ("transformer",), "transformer-decoder-autoreg": ("self-attention",), "transformer-ffn-depth": (2,),
    "transformer-decoder-ffn-depth": (0, 2), "transformer-no-projection": (False,), "transformer-pool": (False,),
    "transformer-no-bias": (False,), "transformer-no-affine": (False,), "transformer-attention-mask": ("default",),
    "transformer-disable-position-embeddings": (False,), "transformer-preprocess": ("", "n"),
    "transformer-postprocess-emb": ("", "d", "n", "nd"), "transformer-postprocess-top": ("", "n"),
    "lemma-dim-emb": (0,), "factors-dim-emb": (0,), "ulr": (False,), "right-left": (False,), "input-types": ([],),
}  # fmt: skip
POSTPROCESS = {"": "dan", "n": "da"}  # after a sublayer, by what is done before it: d dropout, a add, n norm
_ATTENTION = {"self_attention": "self", "cross_attention": "context"}
_LETTERS = {"query": "q", "key": "k", "value": "v", "output": "o", "inner": "1", "outer": "2"}
_KINDS = {"weight": "scale", "bias": "bias"}  # of a normalisation


def is_there(path: Path) -> bool:
    """Whether a path is an archive, or a directory with one."""
    return path.suffix == ".npz" or (path.is_dir() and any(path.glob("*.npz")))


def read(path: Path) -> Translator:
    """The model of an archive, or of a directory with decoder.yml; InputError for one that does not fit together."""
    model, vocabulary_files = _files(path)
    arrays = _arrays(model)
    settings = _settings(arrays, model)
    config = _our_config(settings, arrays, model)
    joint = config.source_vocab_size is None
    tables, tokenizers = _read_vocabularies(vocabulary_files, joint)
    for table_V, size, file in zip(
        tables, (config.source_vocab_size or config.vocab_size, config.vocab_size), vocabulary_files, strict=True
    ):
        if table_V.rows[PAD] != size:
            raise InputError(
                f"{file}: has {table_V.rows[PAD]} pieces but the model {size}; the files are not of one model"
            )
    weights = to_ours(table(config), _their_weights(arrays, settings, config), shapes_of(config), str(model))
    ours = in_our_order(*_with_pad(config, weights), *tables)
    return Translator(built(*ours), *tokenizers, {"imported": KIND})


def table(config: ModelConfig) -> Table:
    """Their name of each of our parameters."""
    return {_theirs(name, config): (name,) for name in shapes_of(config)}


def _theirs(name: str, config: ModelConfig) -> str:
    stack, *path, kind = name.split(".")
    if stack == "generator":
        return f"decoder_ff_logit_out_{'W' if kind == 'weight' else 'b'}"
    if stack in ("encoder_norm", "decoder_norm"):
        return f"{stack.removesuffix('_norm')}_top_ln_{_KINDS[kind]}"
    if stack.endswith("_embedding"):
        side = "encoder" if stack.startswith("source") else "decoder"
        if path == ["norm"]:
            return f"{side}_emb_ln_{_KINDS[kind]}_pre"
        return "Wemb" if config.source_vocab_size is None else f"{side}_Wemb"
    layer, part, inner = path
    block = f"{stack}_l{int(layer) + 1}_{_ATTENTION.get(part.removesuffix('_norm'), 'ffn')}"
    if part.endswith("_norm"):
        around = f"{block}_{'ffn' if block.endswith('ffn') else 'Wo'}"
        return f"{around}_ln_{_KINDS[kind]}{'_pre' if config.norm_position == 'pre' else ''}"
    return f"{block}_{'W' if kind == 'weight' else 'b'}{_LETTERS[inner]}"


# Files


def _files(path: Path) -> tuple[Path, list[Path]]:
    """The archive and the two vocabularies."""
    directory = path if path.is_dir() else path.parent
    names = [DECODER, *sorted(one.name for one in directory.glob(f"*.{DECODER}"))]
    name = next((one for one in names if (directory / one).exists()), DECODER)
    settings = _mapping(checked_file(directory, name).read_bytes(), directory / name)
    models, vocabularies = (_names(settings, key, directory / name) for key in ("models", "vocabs"))
    if path.is_dir() and len(models) != 1:
        raise InputError(f"{directory / name}: names {len(models)} models; give the path of one, not of the directory")
    if len(vocabularies) != 2:
        raise InputError(f"{directory / name}: vocabs must name two vocabularies, the source's and the target's")
    model = models[0] if path.is_dir() else path.name
    if not model.endswith(".npz"):
        raise InputError(f"{directory / model}: is no .npz; Marian's binary formats (.bin) are not read")
    return checked_file(directory, model), [checked_file(directory, one) for one in vocabularies]


def _names(settings: dict[str, Any], key: str, path: Path) -> list[str]:
    """File names, without the folders in which they once were."""
    names = settings.get(key)
    if not isinstance(names, list) or not all(isinstance(one, str) and Path(one).name for one in names):
        raise InputError(f"{path}: {key} must be a list of files")
    return [Path(one).name for one in names]


def _mapping(data: bytes, path: Path) -> dict[str, Any]:
    """The settings in YAML: a mapping, which may have lists as values, and no aliases."""
    if len(data) > LARGEST:
        raise InputError(f"{path}: has {len(data):,} bytes, but {LARGEST:,} are the most")
    try:
        refuse_endless(text := data.decode())
        node = yaml.compose(text, yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode) or not all(_is_flat(value) for _, value in node.value):
            raise ValueError("not flat")
        values: dict[str, Any] = yaml.SafeLoader("").construct_document(node)
    except (*NOT_YAML, TypeError) as error:
        raise InputError(f"{path}: truncated or not YAML with `key: value` lines; copy it again") from error
    if len(values) != len(node.value) or not all(isinstance(key, str) for key in values):
        raise InputError(f"{path}: a key comes twice, or is no text")
    return values


def _is_flat(node: yaml.Node) -> bool:
    if isinstance(node, yaml.SequenceNode):
        return all(isinstance(one, yaml.ScalarNode) for one in node.value)
    return isinstance(node, yaml.ScalarNode)


# Vocabularies


def _numbers(data: bytes, path: Path) -> dict[str, str]:
    """The number of each piece, as a text, in a vocabulary in YAML. There are many: it is read piece by piece."""
    words, mappings = [], 0
    try:
        for event in yaml.parse(data.decode(), EVENTS):
            if isinstance(event, yaml.ScalarEvent):
                words.append(event.value)
            elif isinstance(event, yaml.SequenceStartEvent | yaml.AliasEvent) or mappings > 1:
                raise ValueError("not flat")
            mappings += isinstance(event, yaml.MappingStartEvent)
        numbers = dict(zip(words[::2], words[1::2], strict=True))
    except NOT_YAML as error:
        raise InputError(f"{path}: truncated or not YAML with `piece: number` lines; copy it again") from error
    if mappings != 1 or 2 * len(numbers) != len(words):
        raise InputError(f"{path}: a piece comes twice, or the file is no mapping")
    if not all(one.isdecimal() for one in numbers.values()):
        raise InputError(f"{path}: must give each piece its number")
    return numbers


def _read_vocabularies(files: list[Path], joint: bool) -> tuple[list[spm.Vocabulary], Tokenizers]:
    ids = [_ids(file, side) for file, side in zip(files, (SOURCE, TARGET), strict=True)]
    models = [_splitter(file, side, one) for file, side, one in zip(files, (SOURCE, TARGET), ids, strict=True)]
    return spm.of_two_sides(ids, models, files, joint, tagged=True)


def _ids(file: Path, side: str) -> dict[str, int]:
    """The id of each piece, and after them one for `<pad>`. Words get the sign that SentencePiece puts before them."""
    if file.suffix == ".spm":
        ids = {one.piece: number for number, one in enumerate(spm.read_spm(file.parent, file.name).pieces)}
    else:
        start = "" if (file.parent / side).exists() else META
        ids = {
            piece if piece in PIECES or spm.symbol_of_tag(piece) else start + piece: int(number)
            for piece, number in _numbers(file.read_bytes(), file).items()
        }
    if PIECES[PAD] in ids:
        raise InputError(f"{file}: has a {PIECES[PAD]}, which Marian's vocabularies have not")
    return ids | {PIECES[PAD]: len(ids)}


def _splitter(file: Path, side: str, ids: dict[str, int]) -> Any:
    """The SentencePiece model by which text is split: the vocabulary itself, the file beside it, or one of words."""
    if file.suffix == ".spm":
        return spm.read_spm(file.parent, file.name)
    if (file.parent / side).exists():
        return spm.read_spm(file.parent, side)
    return spm.of_words(ids)


# Settings and arrays


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz; none that is a pickle."""
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_packed(archive, path)
            for one in archive.infolist():
                with archive.open(one) as file:
                    _refuse_other_size(file, one, path)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of zipfile, zlib, NumPy and Python's tokenizer, which reads the arrays' headers
        raise InputError(f"{path}: truncated, or not a .npz of numbers; copy it again") from error


def _refuse_other_size(file: IO[bytes], one: zipfile.ZipInfo, path: Path) -> None:
    """Raise InputError for an array that has not the size that its header names: NumPy would make room for that.

    An array of objects, which have no size of their own, NumPy refuses itself.
    """
    shape, _, kind = HEADERS[npy.read_magic(file)](file)
    there = one.file_size - file.tell()
    if not kind.hasobject and math.prod(shape) * kind.itemsize != there:
        name = shown(one.filename.removesuffix(".npy"))
        raise InputError(
            f"{path}: {name} should be {kind.name} of the shape {shown(shape)}, but has {there:,} bytes; copy it again"
        )


def _settings(arrays: dict[str, NDArray[Any]], path: Path) -> dict[str, Any]:
    """The YAML inside; the text ends with a byte of zero."""
    inside = arrays.pop(SETTINGS, None)
    if inside is None:
        raise InputError(f"{path}: has no {SETTINGS}; it is not a model of Marian's")
    return _mapping(inside.tobytes().rstrip(b"\0"), Path(f"{path}:{SETTINGS}"))


def _our_config(settings: dict[str, Any], arrays: dict[str, NDArray[Any]], path: Path) -> ModelConfig:
    """Their shape as our config, with their ids; InputError for what the model here does not compute."""
    for name, values in PLAIN.items():
        if settings.get(name, values[0]) not in values:
            known = " or ".join(map(repr, values))
            raise InputError(f"{path}: {name} = {shown(settings[name])} is not supported, only {known}")
    before, after = settings.get("transformer-preprocess", ""), settings.get("transformer-postprocess", "dan")
    if after != POSTPROCESS[before]:
        raise InputError(
            f"{path}: transformer-preprocess = {shown(before)} with transformer-postprocess = {shown(after)} is not "
            "supported, only '' with 'dan' and 'n' with 'da'"
        )
    of_decoder = settings.get("transformer-decoder-dim-ffn", 0)
    if of_decoder not in (0, settings.get("transformer-dim-ffn")):
        raise InputError(
            f"{path}: transformer-decoder-dim-ffn = {shown(of_decoder)} is not supported, only one for both"
        )
    if not isinstance(settings.get("transformer-tied-layers") or [], list):
        raise InputError(f"{path}: transformer-tied-layers must be a list of layers")
    options = {
        "activation": activation_of(settings, "transformer-ffn-activation", ACTIVATIONS, path, "swish"),
        "norm_position": "pre" if before else "post",
        "norm_eps": 1e-6,
        "final_norm": settings.get("transformer-postprocess-top", "") == "n",
        "position_layout": "halves",
        "position_exponent": "tensor2tensor",
        "embedding_norm": "n" in settings.get("transformer-postprocess-emb", "d"),
        "tie_embeddings": not _outputs(arrays),
        "output_bias": "decoder_ff_logit_out_b" in arrays,
    }
    return config_of(_sizes(settings, arrays, path) | options, path)


def _sizes(settings: dict[str, Any], arrays: dict[str, NDArray[Any]], path: Path) -> dict[str, Any]:
    vocabularies, joint = settings.get("dim-vocabs"), "Wemb" in arrays
    if not isinstance(vocabularies, list) or len(vocabularies) != 2:
        raise InputError(f"{path}: dim-vocabs must be two sizes; models with more inputs are not supported")
    return {
        "vocab_size": vocabularies[1],
        "source_vocab_size": None if joint else vocabularies[0],
        "d_model": settings.get("dim-emb"),
        "num_heads": settings.get("transformer-heads"),
        "encoder_layers": settings.get("enc-depth"),
        "decoder_layers": settings.get("dec-depth"),
        "d_ff": settings.get("transformer-dim-ffn"),
        "max_length": LENGTH,
    }


def _outputs(arrays: Mapping[str, Any]) -> list[str]:
    """The output layer's own matrix, under either of its names (the second is transposed already)."""
    return [name for name in ("decoder_ff_logit_out_W", "decoder_ff_logit_out_Wt") if name in arrays]


def _their_weights(arrays: dict[str, NDArray[Any]], settings: dict[str, Any], config: ModelConfig) -> dict[str, Tensor]:
    """Their arrays as torch has them: matrices are (outputs, inputs), vectors have one axis, layers stand alone."""
    found = {name: _tensor(name, array) for name, array in arrays.items() if not name.startswith("special:")}
    if "decoder_ff_logit_out_Wt" in found:
        found["decoder_ff_logit_out_W"] = found.pop("decoder_ff_logit_out_Wt")
    return dict(_untied(found, settings.get("transformer-tied-layers") or [], config.decoder_layers))


def _tensor(name: str, array: NDArray[Any]) -> Tensor:
    if array.dtype.kind != "f":
        raise InputError(f"array '{name}' holds no floating-point numbers but {array.dtype}; it is a quantised model")
    with np.errstate(over="ignore"):  # what becomes infinite is refused by name later
        tensor = torch.from_numpy(array.astype(np.float32))
    stem = name.rpartition("_")[2]
    if stem in ("Wemb", "Wt"):
        return tensor
    return tensor.T if stem.startswith("W") and tensor.dim() == 2 else tensor.flatten()


def _untied(found: dict[str, Tensor], tied: list[Any], layers: int) -> Iterator[tuple[str, Tensor]]:
    """Decoder layers that are one (`transformer-tied-layers`), each under its own number."""
    for name, tensor in found.items():
        start, _, rest = name.removeprefix("decoder_l").partition("_")
        if tied and name.startswith("decoder_l") and start.isdecimal():
            owners = [layer + 1 for layer in range(min(layers, len(tied))) if tied[layer] == int(start)]
            yield from ((f"decoder_l{layer}_{rest}", tensor) for layer in owners)
        else:
            yield name, tensor


def _with_pad(config: ModelConfig, weights: Weights) -> tuple[ModelConfig, Weights]:
    """The model with one more id, `<pad>`: a vector of zeros, with which decoding begins and which is never written."""
    zeros_1D = torch.zeros(1, config.d_model)
    bias_V = weights.get("generator.bias", torch.zeros(config.vocab_size))
    rows = {name for name in weights if name.endswith(("token.weight", "generator.weight"))}
    weights = weights | {name: torch.cat([weights[name], zeros_1D]) for name in rows}
    weights["generator.bias"] = torch.cat([bias_V, torch.tensor([NEVER])])
    config = dataclasses.replace(
        config,
        vocab_size=config.vocab_size + 1,
        source_vocab_size=None if config.source_vocab_size is None else config.source_vocab_size + 1,
        decoder_start_id=config.vocab_size,
        output_bias=True,
    )
    return config, weights
