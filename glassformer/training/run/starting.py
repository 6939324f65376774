"""A new run in its directory, and what every run is built of."""

import platform
from collections.abc import Sequence
from pathlib import Path

import torch

from glassformer.errors import InputError
from glassformer.model import ModelConfig, Transformer
from glassformer.model_directory import OF_A_RUN, load_weights, weights_of
from glassformer.text.tokenizer import Tokenizer, Tokenizers
from glassformer.training.config import RunConfig
from glassformer.training.data import Prepared, prepare
from glassformer.training.distributed import Group
from glassformer.training.run.checkpoint import CHECKPOINTS, TrainingProgress
from glassformer.training.run.fingerprint import batching_key, data_changes, judging_key, write_fingerprint
from glassformer.training.run.run import CONFIG, Run
from glassformer.training.update.optimizer import adam
from glassformer.training.update.precision import agreed_precision
from glassformer.training.update.replica import Replica
from glassformer.translator import Translator


def start(path: Path, config: RunConfig, group: Group) -> Run:
    """A new run in `path`. Raises InputError if it already holds one, or the data is no good."""
    held = [name for name in (CONFIG, CHECKPOINTS, *OF_A_RUN) if (path / name).exists()]
    if group.is_main and held:
        raise InputError(
            f"{path}: already holds a run ({', '.join(held)}); choose another --out, or go on with --resume"
        )
    run = begun(path, config, group)
    if group.is_main:
        write_fingerprint(path, config.data, run.data)
        run.config.write(path / CONFIG)
    refuse_other_data(run)
    return run


def begun(path: Path, config: RunConfig, group: Group) -> Run:
    """A run before its first step. The same config gives the same one."""
    settings, origin = config.training, None
    if settings.start_from:
        origin = loaded(Path(settings.start_from), config.model)
    data = prepared(config, group, (origin.source_tokenizer, origin.target_tokenizer) if origin else None)
    config, warnings = fitted(config, data.tokenizers[1])
    torch.manual_seed(settings.seed)
    translator = origin or Translator(Transformer(config.model), *data.tokenizers)
    group.part_randomness()
    refuse_long_probes(translator, settings.probe)
    if settings.precision == "auto":
        config = config.with_training(precision=agreed_precision(translator.model, data.train, config, group))
    replica = Replica(translator.model, config.training, group)
    progress = TrainingProgress(
        processes=group.size, batching=batching_key(config, data), judging=judging_key(config, data)
    )
    return Run(path, config, data, translator, replica, adam(replica.model), progress, group, warnings)


def fitted(config: RunConfig, tokenizer: Tokenizer) -> tuple[RunConfig, tuple[str, ...]]:
    """`config` with as many pieces as `tokenizer` has, and a line about it where the text allowed no more."""
    wanted, size = config.model.vocab_size, tokenizer.vocab_size
    if size == wanted:
        return config, ()
    return config.with_vocabulary(size), (f"vocab_size = {size}, not {wanted}: the text allows no more",)


def prepared(config: RunConfig, group: Group, tokenizers: Tokenizers | None) -> Prepared:
    """Rank 0 first, which trains the tokenizers if they are not given; the others then read as it did."""
    data = prepare(config, tokenizers) if group.is_main else None
    files = [tokenizer.to_bytes() for tokenizer in data.tokenizers] if data else [b"", b""]
    source, target = map(group.from_main, files)
    if data:
        return data
    joint = Tokenizer(source)
    return prepare(config, (joint, joint if target == source else Tokenizer(target)))


def refuse_long_probes(translator: Translator, probes: Sequence[str]) -> None:
    """Raise InputError for a sentence to probe that is longer than the model admits."""
    translator.source_ids(probes, [f"probe '{text}'" for text in probes])


def loaded(path: Path, config: ModelConfig) -> Translator:
    """The model directory `path` with `config`, which may have another dropout."""
    saved = Translator.load(path)
    model = Transformer(config)
    load_weights(model, weights_of(saved.model), path)
    return Translator(model, saved.source_tokenizer, saved.target_tokenizer, saved.card)


def refuse_other_data(run: Run) -> None:
    """Raise InputError where this process, perhaps of another machine, reads other data than rank 0."""
    run.group.wait()
    if other := data_changes(run.path, run.config.data, run.data):
        raise InputError(
            f"the data on {platform.node()} is not that of the first process: {other}; copy the same files there"
        )
