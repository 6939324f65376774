"""What every run is built of: its data, its model, and the replica and optimizer that train it."""

import platform
from pathlib import Path

import torch

from glassformer.data.prepare import PreparedData, prepare
from glassformer.device import memory_of
from glassformer.errors import InputError, UsageError
from glassformer.evaluation import check_tokenizer
from glassformer.model import ModelConfig, Transformer
from glassformer.model.shapes import num_parameters
from glassformer.model_directory import load_parameters, parameters_of
from glassformer.quality_estimation.estimator import Estimator
from glassformer.special import EOS
from glassformer.text.byte_level import of_its_kind
from glassformer.text.tokenizer import SMALLEST, Tokenizer, Tokenizers
from glassformer.training.config import RunConfig, TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.progress import TrainingProgress
from glassformer.training.run.checkpoint import restore_state
from glassformer.training.run.fingerprint import batching_key, data_changes, validation_key
from glassformer.training.run.run import Run
from glassformer.training.run.state import read_progress
from glassformer.training.update.compilation import agreed_compilation, refuse_compilation
from glassformer.training.update.determinism import make_deterministic
from glassformer.training.update.optimizer import adam
from glassformer.training.update.precision import agreed_precision, keep_small_attention_in_float32
from glassformer.training.update.replica import Replica
from glassformer.translator import Translator


def build_run(path: Path, config: RunConfig, group: Group, checkpoint: Path | None = None) -> Run:
    """A run before its first step, or as it was when `checkpoint` was saved. The same arguments give the same run.

    Raises InputError for what is wrong with the data, the checkpoint, or the model that `start_from` names, and where
    the tokenizer of `validate_tokenize` is not here.
    """
    check_tokenizer(config.training.validate_tokenize)
    refuse_compilation(config.training, group)
    if config.training.deterministic:
        make_deterministic()
    _refuse_too_large(config, group)
    origin = checkpoint or (Path(config.training.start_from) if config.training.start_from else None)
    translator = _load_translator(origin, config.model) if origin else None
    data = prepare_data(config, group, translator.tokenizers if translator else None)
    config, warnings = _fit_vocabulary(config, data.tokenizers[1])
    torch.manual_seed(config.training.seed)
    translator = translator or Translator(Transformer(config.model), *data.tokenizers)
    translator.estimator = Estimator(translator.estimator.lexicon | data.lexicon)
    group.separate_random_states()
    _refuse_probes(translator, config.training)
    if group.device.type == "cpu":
        keep_small_attention_in_float32(translator.model, config.training.batch_tokens)
    if config.training.precision == "auto":
        config = config.with_training(precision=agreed_precision(translator.model, data.train, config, group))
    compilation = agreed_compilation(translator.model, data, config, group)
    config = config.with_training(compile=compilation.how, batch_shapes=compilation.shapes)
    data = data.with_widths(compilation.widths) if compilation.widths else data
    replica = Replica(translator.model, config.training, group, compilation.widths)
    optimizer = adam(replica.model)
    if checkpoint:
        restore_state(checkpoint, replica.model, optimizer, group)
        progress = read_progress(checkpoint)
    else:
        keys = batching_key(config, data), validation_key(config, data)
        progress = TrainingProgress(processes=group.size, batching_key=keys[0], validation_key=keys[1])
    return Run(path, config, data, translator, replica, optimizer, progress, group, (*warnings, *compilation.notes))


def _refuse_too_large(config: RunConfig, group: Group) -> None:
    """Raise InputError for a model whose weights alone are more than the memory, before anything is made.

    Each takes 4 bytes, and as many for its gradient and for each of Adam's two moments, which fsdp divides. Where the
    text is to decide the vocabulary, the smallest is counted.
    """
    model = config.with_vocabulary(SMALLEST).model if config.fit_vocabulary else config.model
    weights, memory = num_parameters(model), memory_of(group.device)
    needed = weights * (16 if config.training.parallel == "ddp" else 4)
    if needed > memory:
        raise InputError(
            f"not enough memory: to train {weights:,} weights takes {needed / 1e9:,.0f} GB at least, and "
            f"{group.device} has {memory / 1e9:,.0f}; take a smaller model"
        )


def prepare_data(config: RunConfig, group: Group, tokenizers: Tokenizers | None = None) -> PreparedData:
    """Prepare the run's data: rank 0 first, which trains the tokenizers if none are given, then the others."""

    def prepared(tokenizers: Tokenizers | None) -> PreparedData:
        return prepare(config.data, config.vocabulary, config.model.max_length, config.training.seed, tokenizers)

    data = prepared(tokenizers) if group.is_main else None
    files = [tokenizer.to_bytes() for tokenizer in data.tokenizers] if data else [b"", b""]
    source, target = map(group.from_main, files)
    if data:
        return data
    joint = of_its_kind(Tokenizer(source))
    return prepared((joint, joint if target == source else of_its_kind(Tokenizer(target))))


def refuse_other_data(run: Run) -> None:
    """Raise InputError where this process, perhaps of another machine, reads other data than rank 0."""
    run.group.wait()
    if other := data_changes(run.path, run.config.data, run.data):
        raise InputError(
            f"the data on {platform.node()} is not that of the first process: {other}; copy the same files there"
        )


def _load_translator(path: Path, config: ModelConfig) -> Translator:
    """The model directory `path` with `config`, which may have another dropout."""
    saved = Translator.load(path)
    saved.require_floats("training")
    if saved.source_tokenizer.ending_ids != [EOS]:
        raise UsageError(f"{path}: cannot be trained: its sources end with their language's symbol behind </s>")
    model = Transformer(config)
    load_parameters(model, parameters_of(saved.model), path)
    return Translator(model, *saved.tokenizers, saved.card, saved.estimator.lexicon)


def _fit_vocabulary(config: RunConfig, tokenizer: Tokenizer) -> tuple[RunConfig, tuple[str, ...]]:
    """`config` with as many pieces as `tokenizer` has, and a line about it where the text decided."""
    if not config.fit_vocabulary:
        return config, ()
    size = tokenizer.vocab_size
    return config.with_vocabulary(size), (f"vocab_size = {size:,}, chosen to suit the text",)


def _refuse_probes(translator: Translator, settings: TrainingConfig) -> None:
    """Raise InputError for a sentence to probe that is longer than the model admits, UsageError for a wrong target."""
    probes = settings.probe
    translator.source_ids(probes, [f"probe '{text}'" for text in probes], settings.probe_targets)
