"""How to train, and how all settings are gathered into one flat config.

A config file is a flat YAML mapping of the fields of ModelConfig, TrainingConfig and DataConfig, and
`preset`. Later sources win: preset, file, command line.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from glassformer.data.config import DataConfig
from glassformer.data.tokenizers import VocabularySizes
from glassformer.errors import UsageError
from glassformer.files import write_whole
from glassformer.model import ModelConfig, preset
from glassformer.settings import build, keys_of, refuse_unknown
from glassformer.text.tokenizer import SMALLEST

SHAPE = keys_of(ModelConfig) - {"dropout"}  # what weights are for: another dropout only trains them otherwise
DEFAULT_PRESET = "tiny"
DEFAULT_VOCABULARY = 8000  # or as many as the text allows
# What the presets for few pairs train with where it is not TrainingConfig's default: of as many tokens, many small
# updates teach more than few large ones (benchmarks/README.md).
PRESET_SETTINGS = {"glass": {"batch_tokens": 1280}, "tiny": {"batch_tokens": 1280}}


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Defaults are the paper's (section 5) where it has one. Raises UsageError."""

    start_from: str | None = None  # a model directory, whose weights and tokenizers are trained on
    max_steps: int = 20_000
    max_minutes: float | None = None
    batch_tokens: int = 4096  # positions of one batch, on each side, padding included; see PRESET_SETTINGS
    accumulate: int = 1  # batches of one update
    learning_rate: float | None = None  # the peak; None: d_model^-0.5 * warmup_steps^-0.5, the paper's
    schedule: Literal["inverse_sqrt", "cosine"] = "inverse_sqrt"
    warmup_steps: int = 2000
    label_smoothing: float = 0.1
    # Two draws of dropout a batch shall agree: the weight of their divergence (R-Drop). Twice the work.
    r_drop: float = 0.0
    clip_norm: float | None = 1.0
    max_skipped: int = 10  # updates in a row that give no usable numbers, at which training stops
    log_every: int = 50  # steps of one record in log.jsonl
    validate_every: int = 500
    validate_sentences: int = 200  # how many of the validation set to translate
    checkpoint_every: int = 500
    keep_checkpoints: int = 5  # and what a stop left between them
    average_last: int = 5  # checkpoints
    metric: Literal["chrf", "bleu", "loss"] = "chrf"  # what `best` means; the lower loss breaks a tie
    patience: int = 10  # validations without a new best
    probe: tuple[str, ...] = ()  # sentences whose trace is kept while training, to watch it learn
    probe_every: int | None = None  # steps; None: at each validation
    precision: Literal["auto", "float32", "bfloat16"] = "auto"  # auto: whichever is measured faster
    parallel: Literal["ddp", "fsdp"] = "ddp"  # several processes: each a whole model, or each a part of every weight
    activation_checkpointing: bool = False  # less memory, more time: each layer is computed again for its gradient
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("max_steps", "batch_tokens", "accumulate", "warmup_steps", "validate_every",
                     "max_skipped", "log_every", "validate_sentences", "checkpoint_every", "keep_checkpoints",
                     "average_last", "patience"):  # fmt: skip
            if getattr(self, name) < 1:
                raise UsageError(f"{name} = {getattr(self, name)} must be at least 1")
        if any(not sentence.strip() for sentence in self.probe):
            raise UsageError("probe: a sentence is blank; leave it out")
        for name in ("max_minutes", "learning_rate", "clip_norm", "probe_every"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"{name} = {value} must be above 0, or null")
        if self.r_drop < 0:
            raise UsageError(f"r_drop = {self.r_drop} must be at least 0")
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(f"label_smoothing = {self.label_smoothing} must be at least 0 and below 1")
        if self.average_last > self.keep_checkpoints:
            raise UsageError(
                f"average_last = {self.average_last} needs as many checkpoints, but keep_checkpoints = "
                f"{self.keep_checkpoints}"
            )
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed = {self.seed} must be at least 0 and below 2**63")


@dataclass(frozen=True)
class RunConfig:
    """Everything a run is made from."""

    model: ModelConfig
    training: TrainingConfig
    data: DataConfig
    fit_vocabulary: bool = False  # vocab_size is only the default: fewer where the text allows no more

    @classmethod
    def from_flat(cls, values: Mapping[str, Any], where: str = "config") -> "RunConfig":
        """From a flat mapping; UsageError names an unknown key, a bad value, a contradiction."""
        refuse_unknown(values, keys_of(ModelConfig, TrainingConfig, DataConfig) | {"preset"}, where)
        given = dict(values)
        name = str(given.pop("preset", DEFAULT_PRESET))
        values = {"vocab_size": DEFAULT_VOCABULARY} | preset(name) | PRESET_SETTINGS.get(name, {}) | given
        run = cls(
            build(ModelConfig, values, where),
            build(TrainingConfig, values, where),
            build(DataConfig, values, where),
            fit_vocabulary="vocab_size" not in given,
        )
        for name in ("vocab_size", "source_vocab_size"):
            size = getattr(run.model, name)
            if size is not None and size < SMALLEST:
                raise UsageError(
                    f"{name} = {size} has no room for the 4 control tokens and 256 bytes; use {SMALLEST + 1} or more"
                )
            if size is not None and size >= 2**31:
                raise UsageError(f"{name} = {size} is more than any tokenizer has; use 2**31 - 1 or less")
        return run

    @property
    def vocabulary(self) -> VocabularySizes:
        """The sizes of its tokenizers."""
        return VocabularySizes(self.model.vocab_size, self.model.source_vocab_size, self.fit_vocabulary)

    def with_training(self, **changes: Any) -> "RunConfig":
        """The same run with some of its training settings changed."""
        return dataclasses.replace(self, training=dataclasses.replace(self.training, **changes))

    def with_vocabulary(self, size: int) -> "RunConfig":
        """The same run with another `vocab_size`."""
        return dataclasses.replace(self, model=dataclasses.replace(self.model, vocab_size=size))

    def flat(self) -> dict[str, Any]:
        """The resolved config as one mapping, which `from_flat` reads back."""
        parts = (self.data, self.model, self.training)
        values = {key: value for part in parts for key, value in dataclasses.asdict(part).items()}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    def write(self, path: Path) -> None:
        """Write the resolved config as YAML."""
        write_whole(path, yaml.safe_dump(self.flat(), sort_keys=False, allow_unicode=True).encode())
