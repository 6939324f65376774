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
from glassformer.data.vocabulary import MOST
from glassformer.errors import UsageError
from glassformer.files import write_whole
from glassformer.model import ModelConfig, preset
from glassformer.settings import build, keys_of, refuse_unknown
from glassformer.text.tokenizer import SMALLEST

SHAPE = keys_of(ModelConfig) - {"dropout"}  # what parameters are for: another dropout only trains them otherwise
DEFAULT_PRESET = "tiny"
LARGEST = 2**53  # of all that counts: up to here floating-point numbers are exact
# Where the presets for low-resource training differ from TrainingConfig: of as many tokens, many small updates teach
# more than few large ones (docs/benchmarks/hindi_visual_genome.md).
PRESET_SETTINGS = {"glass": {"batch_tokens": 1280}, "tiny": {"batch_tokens": 1280}}


@dataclass(frozen=True)
class TrainingConfig:
    """How to train ("Attention Is All You Need", section 5). Raises UsageError for a value out of range."""

    start_from: str | None = None
    """Model or run directory whose parameters, tokenizers and shape training begins with, to fine-tune it.
    Source: ours.
    """

    teacher: str | None = None
    """Model or run directory that translates the training text once, before the first update; what it says takes the
    place of the targets (sequence-level knowledge distillation). The validation pairs stay.
    Source: not in the paper; Kim & Rush 2016, section 3.2.
    """

    max_steps: int = 20_000
    """Updates at which training ends, and at which a cosine or a line of `schedule` has come down to zero.
    Range: at least 1 and at most `2**53`. Unit: updates.
    Source: ours; section 5.2 has 100,000 (base) and 300,000 (big).
    """

    max_minutes: float | None = None
    """Time at which training ends, of all its sittings together, validation included; null: no limit.
    Range: above 0. Unit: minutes. Source: ours.
    """

    batch_tokens: int = 4096
    """Most positions of a batch on each side, padding included, of all processes together. A longer pair comes alone.
    Range: at least 1 and at most `2**53`. Unit: positions.
    Source: section 5.1 has about 25,000 per side; the 1,280 of `glass` and `tiny` are measured in
    docs/benchmarks/hindi_visual_genome.md.
    """

    accumulate: int = 1
    """Batches whose gradients make one update, as one batch as large as all of them would.
    Range: at least 1 and at most `2**53`. Unit: batches. Source: not in the paper; Ott et al. 2018.
    """

    learning_rate: float | None = None
    """Highest rate of the schedule; null: the paper's, d_model^-0.5 * warmup_steps^-0.5.
    Range: above 0. Unit: none. Source: section 5.3, formula 3.
    """

    schedule: Literal["inverse_sqrt", "cosine", "linear"] = "inverse_sqrt"
    """What follows the warm-up: peak * sqrt(warmup_steps / step), or half a cosine or a straight line down to zero at
    `max_steps`.
    Source: section 5.3, formula 3 (inverse_sqrt); Loshchilov & Hutter 2017, without restarts (cosine); Devlin et al.
    2019, appendix A.2 (linear).
    """

    warmup_steps: int = 2000
    """Updates over which the rate rises linearly to its peak. Where `learning_rate` is null, fewer also mean a higher
    peak.
    Range: at least 1 and at most `2**53`. Unit: updates.
    Source: section 5.3 has 4,000; 2,000 is that of Wu et al. 2021.
    """

    label_smoothing: float = 0.1
    """Share of the target distribution that is spread evenly over all tokens of the vocabulary, the right one included.
    Validation is without it.
    Range: at least 0 and below 1. Unit: probability. Source: section 5.4; Szegedy et al. 2016, section 7.
    """

    r_drop: float = 0.0
    """Weight alpha of the divergence between two passes over a batch, each with its own dropout (R-Drop), which takes
    twice the work per update; 0: one pass.
    Range: at least 0. Unit: none.
    Source: not in the paper; Liang, Wu et al. 2021, section 2.1; measured in docs/benchmarks/multi30k.md.
    """

    clip_norm: float | None = 1.0
    """Largest norm of an update's gradient; a longer one is scaled down to it. null: never.
    Range: above 0. Unit: that of the gradient, nats per target token. Source: not in the paper; Pascanu et al. 2013.
    """

    max_skipped: int = 10
    """Updates in a row without a usable loss or gradient at which training stops. Each of them is skipped: parameters
    and Adam's moments stay. Not usable is what is not finite, and a loss of ten times log(vocab_size) or more.
    Range: at least 1 and at most `2**53`. Unit: updates. Source: ours.
    """

    log_every: int = 50
    """Updates between two records in `log.jsonl`.
    Range: at least 1 and at most `2**53`. Unit: updates. Source: ours.
    """

    validate_every: int = 500
    """Updates between two validations. Range: at least 1 and at most `2**53`. Unit: updates. Source: ours."""

    validate_sentences: int = 200
    """Sentences of the validation set, drawn evenly from all of it and always the same, that are translated for BLEU
    and chrF; the loss is of all of it.
    Range: at least 1 and at most `2**53`. Unit: sentences. Source: ours.
    """

    validate_tokenize: Literal[
        "auto",
        "13a",
        "zh",
        "ja-mecab",
        "ko-mecab",
        "intl",
        "char",
        "none",
        "flores101",
        "flores200",
        "spBLEU-1K",
        "spm",
    ] = "auto"
    """What BLEU's words are: one of sacreBLEU's tokenizers. auto takes the one that suits the language, told by the
    script of the references: `zh`, `ja-mecab` (`char` without its package), `ko-mecab` (`13a` without its package),
    `char` for Thai, Lao, Khmer and Burmese, `13a` for all others.
    Source: Post 2018.
    """

    checkpoint_every: int = 500
    """Updates between two checkpoints, from which a run can go on.
    Range: at least 1 and at most `2**53`. Unit: updates.
    Source: ours; section 6.1 has one every 10 minutes.
    """

    keep_checkpoints: int = 5
    """Latest checkpoints that are kept, and with them what a stop left between them.
    Range: at least 1, and not below `average_last`. Unit: checkpoints. Source: ours.
    """

    average_last: int = 5
    """Latest checkpoints whose parameters are averaged at the end; the average is kept as `average/` if it validates no
    worse than `best/`.
    Range: at least 1, and at most `keep_checkpoints`. Unit: checkpoints.
    Source: section 6.1: 5 (base), 20 (big).
    """

    metric: Literal["chrf", "bleu", "loss"] = "chrf"
    """What decides which validation is best, and its model kept as `best/`; the lower loss breaks a tie.
    Source: ours; Popović 2015 (chrf), Papineni et al. 2002 (bleu), both as sacreBLEU has them (Post 2018).
    """

    patience: int = 10
    """Validations in a row without a new best at which training ends.
    Range: at least 1 and at most `2**53`. Unit: validations.
    Source: ours; the paper trains for a set number of updates.
    """

    probe: tuple[str, ...] = ()
    """Source sentences whose traces are kept while training, to see attention form. Source: ours."""

    probe_to: tuple[str, ...] = ()
    """The target of each probe, as in `[hi]`, where the model has several (see `directions`).
    Range: none; one, for all; one for each probe. Source: ours.
    """

    probe_every: int | None = None
    """Updates between two traces of each probe; null: one at each validation.
    Range: above 0 and at most `2**53`. Unit: updates. Source: ours.
    """

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The dtype of matrix products; parameters and sums are in float32, and so is attention on a CPU where batch_tokens
    times d_model is at most 2^17. auto measures both when a run begins, and takes bfloat16 if it is at least 1.1 times
    as fast.
    Source: not in the paper; Micikevicius et al. 2018, Kalamkar et al. 2019; loss curves of both are in
    docs/benchmarks/training_speed.md.
    """

    compile: Literal["auto", "none", "kernels", "graphs"] = "auto"
    """Whether torch compiles forward and backward pass. kernels: into kernels that do several operations at once;
    graphs: these and the update, recorded as CUDA graphs; auto: on CUDA graphs, or kernels with several processes, if
    it can be compiled and `max_steps` repays it, else none. What auto has found is kept.
    Source: not in the paper; Ansel et al. 2024 (torch.compile); how to measure it is in
    docs/benchmarks/device_speed.md.
    """

    batch_shapes: int | None = None
    """Most different shapes of batches, each of which is filled up with padding to one of them (and one more, for pairs
    longer than a sample's); 0: no limit, and least padding. null: 8 where the step is compiled, which it is for each
    shape anew, else 0.
    Range: at least 0 and at most 64. Unit: shapes. Source: ours.
    """

    bfloat16_weights: bool = False
    """Whether forward and backward pass read a copy of the weights in bfloat16, made anew after each update. The
    update itself, all sums of gradients, and what is saved are in float32.
    Source: not in the paper; Micikevicius et al. 2018, section 3.1.
    """

    parallel: Literal["ddp", "fsdp"] = "ddp"
    """What each of several processes holds: a whole model (ddp), or one shard of every parameter, of its gradient and
    of its Adam state (fsdp).
    Source: Li et al. 2020 (ddp); Rajbhandari et al. 2020, Zhao et al. 2023 (fsdp, which is PyTorch's FSDP2).
    """

    activation_checkpointing: bool = False
    """Whether each layer keeps only its input and is computed again for its gradient: less memory, about a third more
    work, the same numbers. Source: Chen et al. 2016; measured in docs/benchmarks/interruptions.md.
    """

    deterministic: bool = False
    """Whether the same run gives the same numbers again to the bit on a GPU too, straight or stopped and resumed, at
    the cost of slower kernels there. On the CPU it always does.
    Source: ours; torch.use_deterministic_algorithms.
    """

    seed: int = 1
    """Where random draws begin: initial parameters, order of the pairs, dropout, a built-in corpus's sentences.
    Range: at least 0 and below `2**63`. Unit: none. Source: ours.
    """

    def __post_init__(self) -> None:
        for name in ("max_steps", "batch_tokens", "accumulate", "warmup_steps", "validate_every",
                     "max_skipped", "log_every", "validate_sentences", "checkpoint_every", "keep_checkpoints",
                     "average_last", "patience"):  # fmt: skip
            if not 1 <= getattr(self, name) <= LARGEST:
                raise UsageError(f"{name} = {getattr(self, name)} must be at least 1 and at most 2**53")
        if any(not sentence.strip() for sentence in self.probe):
            raise UsageError("probe: a sentence is blank; leave it out")
        for name in ("max_minutes", "learning_rate", "clip_norm", "probe_every"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"{name} = {value} must be above 0, or null")
        if self.probe_every is not None and self.probe_every > LARGEST:
            raise UsageError(f"probe_every = {self.probe_every} must be at most 2**53")
        if self.batch_shapes is not None and not 0 <= self.batch_shapes <= 64:
            raise UsageError(f"batch_shapes = {self.batch_shapes} must be at least 0 and at most 64, or null")
        if self.batch_shapes == 0 and self.compile in ("kernels", "graphs"):
            raise UsageError(f"compile={self.compile} is for each shape of a batch anew: give batch_shapes above 0")
        if self.bfloat16_weights and self.precision == "float32":
            raise UsageError("bfloat16_weights is for bfloat16; leave it out, or set precision=bfloat16")
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
        if len(self.probe_to) not in (0, 1, len(self.probe)):
            raise UsageError(f"probe_to has {len(self.probe_to)} for {len(self.probe)} probes; give one each, or one")

    @property
    def probe_targets(self) -> tuple[str, ...]:
        """The target of each probe; "" where none is given."""
        return self.probe_to if len(self.probe_to) == len(self.probe) else (*self.probe_to, "")[:1] * len(self.probe)


@dataclass(frozen=True)
class RunConfig:
    """Everything a run is made from."""

    model: ModelConfig
    training: TrainingConfig
    data: DataConfig
    fit_vocabulary: bool = False  # vocab_size is only the most there can be: the text will decide

    @classmethod
    def from_flat(cls, values: Mapping[str, Any], where: str = "config") -> "RunConfig":
        """From a flat mapping; UsageError names an unknown key, a bad value, a contradiction."""
        refuse_unknown(values, keys_of(ModelConfig, TrainingConfig, DataConfig) | {"preset"}, where)
        given = dict(values)
        name = str(given.pop("preset", DEFAULT_PRESET))
        fit_vocabulary = given.get("vocab_size") is None
        if fit_vocabulary:
            given["vocab_size"] = MOST
        values = preset(name) | PRESET_SETTINGS.get(name, {}) | given
        run = cls(
            build(ModelConfig, values, where),
            build(TrainingConfig, values, where),
            build(DataConfig, values, where),
            fit_vocabulary=fit_vocabulary,
        )
        for name in ("vocab_size", "source_vocab_size"):
            size = getattr(run.model, name)
            if size is not None and size < SMALLEST and run.training.start_from is None:
                raise UsageError(
                    f"{name} = {size} has no room for the 4 control tokens and 256 bytes; use {SMALLEST + 1} or more"
                )
        return run

    @property
    def vocabulary(self) -> VocabularySizes:
        """The sizes of its tokenizers."""
        size = None if self.fit_vocabulary else self.model.vocab_size
        return VocabularySizes(size, self.model.source_vocab_size)

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
