"""The settings of the data: where the sentence pairs are, and how they become ids."""

from dataclasses import dataclass
from typing import Literal

from glassformer.data.check.report import DEFAULT_DROP, Problem
from glassformer.errors import UsageError, nearest
from glassformer.text.normalization import Normalization


@dataclass(frozen=True)
class DataConfig:
    """Where the sentence pairs are, and how they become ids. One of `corpus`, `pairs`, or `source` and `target`.

    Raises UsageError if there is none, or more than one.
    """

    corpus: str | None = None  # a built-in one: phrasebook, names, gettext:LANGUAGE
    pairs: tuple[str, ...] = ()
    pair_weights: tuple[float, ...] = ()  # of each file of `pairs`: 2 is twice an epoch, 0.5 a random half; else all 1
    source: str | None = None
    target: str | None = None
    valid_pairs: tuple[str, ...] = ()
    valid_source: str | None = None
    valid_target: str | None = None
    tokenizer: Literal["unigram", "bpe"] = "bpe"
    normalize: Normalization = "standard"  # see text/normalization.py; none: text is taken as it is
    drop: tuple[str, ...] = tuple(map(str, DEFAULT_DROP))  # see check-data
    # Split the training text anew in every epoch: bpe with 0.1 makes Multi30k 1.4 times as many tokens. For unigram
    # it is the alpha of sampling, where smaller is wilder: 0.2 does about as much.
    subword_dropout: float = 0.0
    store: str | None = None  # where tokenized corpora are kept; None: glassformer/ in the user's cache directory
    stream: bool = False  # keep nothing: read and tokenize while training, shuffle within 131,072 pairs

    def __post_init__(self) -> None:
        given = [bool(self.corpus), bool(self.pairs), bool(self.source or self.target)]
        if sum(given) != 1:
            raise UsageError("give the training text as one of: --pairs, --source with --target, or --corpus")
        for source, target, prefix in (
            (self.source, self.target, ""),
            (self.valid_source, self.valid_target, "valid-"),
        ):
            if bool(source) != bool(target):
                raise UsageError(f"--{prefix}source and --{prefix}target go together; one of them is missing")
        if self.valid_pairs and self.valid_source:
            raise UsageError("give the validation text either as --valid-pairs or as --valid-source, not both")
        if self.corpus and (self.valid_pairs or self.valid_source):
            raise UsageError(f"corpus '{self.corpus}' brings its own validation part; leave the --valid options out")
        if self.pair_weights and len(self.pair_weights) != len(self.pairs):
            raise UsageError(
                f"pair_weights has {len(self.pair_weights)} numbers for {len(self.pairs)} files of pairs; give one each"
            )
        for weight in self.pair_weights:
            if weight <= 0:
                raise UsageError(f"pair_weights: {weight} must be above 0; leave a file out that should not be used")
        if self.stream and not (self.corpus or self.valid_pairs or self.valid_source):
            raise UsageError("stream = true holds no pairs back for validation; give some with --valid-pairs")
        if not 0 <= self.subword_dropout < 1:
            raise UsageError(f"subword_dropout = {self.subword_dropout} must be at least 0 and below 1")
        for problem in self.drop:
            if problem not in list(Problem):
                raise UsageError(f"drop: unknown problem '{problem}'; {nearest(problem, list(Problem))}")
