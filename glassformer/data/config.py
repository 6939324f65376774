"""The settings of the data: where the sentence pairs are, and how they become ids."""

from dataclasses import dataclass
from typing import Literal

from glassformer.data.augmentation import Augment, probabilities_of
from glassformer.data.check.report import DEFAULT_DROP, Problem
from glassformer.data.pair_files import PairFile, directions_of_each, pair_files
from glassformer.errors import UsageError, nearest
from glassformer.text.normalization import Normalization
from glassformer.text.tokenizer import check_user_symbols

MOST_TIMES = 1_000_000  # that a pair may come in an epoch


@dataclass(frozen=True)
class DataConfig:
    """Where the sentence pairs are, and how they become ids. One of `corpus`, `pairs`, or `source` and `target`.

    Raises UsageError if there is none, or more than one.
    """

    corpus: str | None = None
    """A built-in corpus: `phrasebook`, `names[:LANGUAGE]` or `gettext:LANGUAGE`. It brings its own validation part.
    Source: ours.
    """

    pairs: tuple[str, ...] = ()
    """Files of training pairs: `.tsv` (source, tab, target), `.csv`, `.jsonl`, `.json`, `.tmx` or `.parquet`, any of
    them packed by gzip, bzip2, xz or zstd; `-` is standard input. Source: ours.
    """

    columns: tuple[str | int, ...] = ()
    """The source's and the target's column, key or language in all files of pairs, as in `[en, hi]`, where a file does
    not say it itself. Of a `.tsv` or `.csv` it may be their numbers from 1, as in `[2, 4]`; names are those of the
    first line, which then is no pair. A third is the column of each pair's direction. So many for each file, one after
    the other, give each file its own: `[1, 2, 2, 1]` reads the second the other way round.
    Range: none; two or three, which differ; so many for each file of `pairs`. Source: ours.
    """

    directions: tuple[str, ...] = ()
    """The direction of each file of `pairs`, as in `[en-hi, hi-en]`, or of all: one model learns them all. A token
    before the source, `<2hi>`, tells it what comes after the hyphen. `[hi, en]` names targets alone; a code's own
    hyphen is written `_`. Range: none; one, for all; one for each file. Source: Johnson et al. 2017, section 3.
    """

    pair_weights: tuple[float, ...] = ()
    """How often the pairs of each file of `pairs` come in an epoch: 2 is twice, 0.5 a random half, another each time.
    Range: above 0 and at most 1,000,000, one number for each file; none: all 1. Unit: times per epoch. Source: ours.
    """

    sampling_temperature: float | None = None
    """How evenly the files of `pairs` are drawn from, in place of `pair_weights`: a file of n pairs has a share of the
    epoch proportional to n^(1/T). 1: as they are; 5 is usual; 1,000: almost all alike. An epoch stays as long.
    Range: at least 1; null: as 1. Unit: none. Source: Arivazhagan et al. 2019.
    """

    source: str | None = None
    """File of training sentences, one a line, in place of `pairs`. It goes with `target`. Source: ours."""

    target: str | None = None
    """File of their translations, on the same lines. Source: ours."""

    valid_pairs: tuple[str, ...] = ()
    """Files of pairs to validate on, as `pairs`. Without any, some training pairs are held out, the same ones for every
    seed. Source: ours.
    """

    valid_columns: tuple[str | int, ...] = ()
    """`columns` of the files of `valid_pairs`. Range: as `columns`; none: as those of `pairs`. Source: ours."""

    valid_directions: tuple[str, ...] = ()
    """`directions` of the files of `valid_pairs`. Range: as `directions`; none: as those of `pairs`. Source: ours."""

    valid_source: str | None = None
    """File of sentences to validate on, one a line, in place of `valid_pairs`. It goes with `valid_target`.
    Source: ours.
    """

    valid_target: str | None = None
    """File of their translations, on the same lines. Source: ours."""

    tokenizer: Literal["unigram", "bpe"] = "bpe"
    """How the vocabulary is learned from the training text, by SentencePiece (Kudo & Richardson 2018), and text split.
    Source: section 5.1, Sennrich et al. 2016 (bpe); Kudo 2018 (unigram); measured in docs/benchmarks/quickstart.md.
    """

    normalize: Normalization = "standard"
    """How text is normalised before it is split: `standard` reads typographic quotes, apostrophes, dashes and spaces,
    full-width forms, the spellings of an accent or a nukta and invisible characters as one; of the target only what is
    safe to write back. `casefold` reads the source's upper and lower case as one besides. `none` takes text as it is.
    Source: Unicode's NFC and case folding, and ours: glassformer/text/normalization.py.
    """

    character_coverage: float = 0.9998
    """Share of the text's characters, the commonest first, that get a piece in new tokenizers; the rest are spelt in
    bytes. Range: at least 0.98 and at most 1. Unit: share.
    Source: SentencePiece's option (Kudo & Richardson 2018); its default is 0.9995.
    """

    split_digits: bool = True
    """Whether every digit, of any script, is a piece of its own in new tokenizers, so that a number never seen is made
    of what was. Source: SentencePiece's option (Kudo & Richardson 2018), which sees only 0 to 9.
    """

    user_symbols: tuple[str, ...] = ()
    """Texts that new tokenizers have as one piece each, wherever they stand and whatever `normalize` says, such as
    `<2hi>` or `｟NUM｠`. They are no control tokens: who types one gives the model that piece.
    Range: distinct texts without white space. Source: SentencePiece's user_defined_symbols (Kudo & Richardson 2018).
    """

    drop: tuple[str, ...] = tuple(map(str, DEFAULT_DROP))
    """Problems whose pairs are left out of training, of those that `check-data` finds; all are counted and reported.
    Range: the problems in docs/how_to/prepare_text.md. Source: ours.
    """

    subword_dropout: float = 0.0
    """Splits the training text into other tokens in every epoch; 0: always the same. With bpe it is the probability of
    leaving a merge out, with unigram the exponent alpha of sampling, where smaller is wilder: 0.2 does about as much as
    0.1 with bpe, which makes Multi30k 1.4 times as many tokens.
    Range: at least 0 and below 1. Unit: probability, or with unigram none.
    Source: Provilkov et al. 2020, section 3 (bpe); Kudo 2018 (unigram); measured in docs/benchmarks/multi30k.md.
    """

    augment: Augment = "none"
    """How training pairs are modified, anew in every epoch, so that the model learns to read text as people type it:
    letter case, final punctuation, typos, doubled spaces, several sentences in one, and things to be copied.
    `standard`: each modifier with the probability of docs/how_to/robust_training.md; or a mapping of modifiers to
    probabilities, as in `{UpperCase: 0.05, Typos: 0.1}`. Validation is never modified.
    Range: each probability at least 0 and at most 1.
    Source: OpusTrainer's modifiers (Bogoychev et al. 2023); measured in docs/benchmarks/robust_training.md.
    """

    store: str | None = None
    """Folder where tokenizers and tokenized corpora are kept for the next training on the same text; null:
    `glassformer/` in your cache directory. Source: ours.
    """

    stream: bool = False
    """Whether to keep nothing: text is read and tokenized while training and shuffled within 131,072 pairs; duplicates
    are not looked for. It needs pairs to validate on. Source: ours.
    """

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
        self._check_files()
        self._check_weights()
        if self.stream and not (self.corpus or self.valid_pairs or self.valid_source):
            raise UsageError("stream = true holds no pairs back for validation; give some with --valid-pairs")
        check_user_symbols(self.user_symbols)
        probabilities_of(self.augment)
        if not 0.98 <= self.character_coverage <= 1:
            raise UsageError(f"character_coverage = {self.character_coverage} must be at least 0.98 and at most 1")
        if not 0 <= self.subword_dropout < 1:
            raise UsageError(f"subword_dropout = {self.subword_dropout} must be at least 0 and below 1")
        for problem in self.drop:
            if problem not in list(Problem):
                raise UsageError(f"drop: unknown problem '{problem}'; {nearest(problem, list(Problem))}")

    @property
    def train_files(self) -> list[PairFile]:
        """The files of `pairs`, each with its columns and direction."""
        return pair_files(self.pairs, self.columns, self.directions)

    @property
    def valid_files(self) -> list[PairFile]:
        """The files of `valid_pairs`, likewise."""
        columns, directions = self.valid_columns or self.columns, self.valid_directions or self.directions
        if len(directions) > 1 and not self.valid_directions and len(directions) != len(self.valid_pairs):
            raise UsageError(
                f"directions are of {len(directions)} files; give valid_directions for those of valid_pairs"
            )
        return pair_files(self.valid_pairs, columns, directions, "valid_")

    @property
    def direction(self) -> str:
        """The direction of a training text that is no files of pairs."""
        return directions_of_each(self.directions, 1)[0]

    @property
    def valid_direction(self) -> str:
        """The direction of a validation text that is no files of pairs."""
        return directions_of_each(self.valid_directions or self.directions, 1, "valid_")[0]

    def _check_files(self) -> None:
        """Raise UsageError where the settings of files do not fit these."""
        if self.columns and not (self.pairs or self.valid_pairs):
            raise UsageError("columns goes with files of --pairs, and there is none; leave it out")
        if self.valid_columns and not self.valid_pairs:
            raise UsageError("valid_columns goes with files of --valid-pairs, and there is none; leave it out")
        if self.valid_directions and not (self.valid_pairs or self.valid_source):
            raise UsageError("valid_directions is of validation pairs, and there are none; leave it out")
        _ = self.train_files if self.pairs else self.direction
        if self.valid_pairs:
            _ = self.valid_files
        elif self.valid_source:
            _ = self.valid_direction

    def _check_weights(self) -> None:
        """Raise UsageError for weights or a temperature that fit no files of pairs."""
        if self.pair_weights and len(self.pair_weights) != len(self.pairs):
            raise UsageError(
                f"pair_weights has {len(self.pair_weights)} numbers for {len(self.pairs)} files of pairs; give one each"
            )
        for weight in self.pair_weights:
            if weight <= 0:
                raise UsageError(f"pair_weights: {weight} must be above 0; leave a file out that should not be used")
            if weight > MOST_TIMES:
                raise UsageError(f"pair_weights: {weight} must be at most {MOST_TIMES:,}")
        if self.sampling_temperature is None:
            return
        if self.sampling_temperature < 1:
            raise UsageError(f"sampling_temperature = {self.sampling_temperature} must be at least 1")
        if len(self.pairs) < 2:
            raise UsageError("sampling_temperature weighs files of pairs against each other; give several, or leave it")
        if self.pair_weights:
            raise UsageError("sampling_temperature and pair_weights both say how often pairs come; leave one out")
        if self.stream:
            raise UsageError(
                "sampling_temperature goes by the sizes of files, which a stream does not know; give pair_weights"
            )
