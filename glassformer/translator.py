"""A model, its tokenizers and an engine, as one object: text in, text out.

Axes: T target tokens, S source tokens.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, get_args

from glassformer.arguments import path_of, refuse_unequal, refuse_unknown_choice, refuse_wrong_type, shown, texts_of
from glassformer.data.shortlist import Shortlist
from glassformer.engine.choice import EngineName, Precision, in_precision, make_fast
from glassformer.engine.generation import generate
from glassformer.errors import InputError, UsageError, nearest
from glassformer.files import whole_directory, write_checksums
from glassformer.model.config import ModelConfig
from glassformer.model_directory import (
    StoredModel,
    open_model,
    parameters_of,
    read_lexicon,
    refuse_other_content,
    resolve,
    write_model,
)
from glassformer.quality_estimation.estimator import Estimator
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.quality_estimation.spelling import Speller
from glassformer.quality_estimation.warnings import TranslationWarning
from glassformer.search import Hypothesis, SearchOptions
from glassformer.search.protocol import Floats
from glassformer.settings import keys_of
from glassformer.special import EOS
from glassformer.text.tokenizer import Tokenizer, Tokenizers

if TYPE_CHECKING:  # torch takes a second to import, and the fast engine does without
    import torch

    from glassformer.engine.eager import EagerEngine
    from glassformer.engine.fast import FastEngine
    from glassformer.engine.protocol import Engine, TargetScore
    from glassformer.model import Transformer

_MADE_ONCE = RLock()  # held while a model is read, by whichever thread first asks for it

# The target or direction of all sentences, or of each; None where there is one at most.
Targets = str | Sequence[str] | None


@dataclass(frozen=True)
class Translation:
    """One translation, and what the model computed for it.

    - `tokens`, `source_tokens`: SentencePiece's pieces, `</s>` included.
    - `log_prob`: the model's log p(text | source); `score` is log_prob / length_penalty.
    - `alignment`: a NumPy array (target tokens, source tokens), cross-attention averaged over layers and heads, each
      row summing to 1; None without `align=True`.
    - `finished`: False where the length limit cut it off.
    - `parts`: where the source was translated in parts (`translate_texts`), their translations: of a text its
      sentences, of an over-long sentence its clauses. Tokens and alignments are then in the parts alone.
    - `inserted`: what `text` holds though the model did not write it so: copied addresses, terms, ... (`copying`).
      Tokens, scores and alignment are then those of what the model read and wrote, with stand-ins.
    - `warnings`: what speaks against it; see TranslationWarning.
    - `confidence`: the share of the good translations of the validation set for which less spoke, 0 to 1; None for a
      model whose training has not ended.
    - `error`: None; see FailedTranslation.
    """

    source: str
    text: str
    score: float
    log_prob: float
    tokens: tuple[str, ...] = ()
    token_log_probs: tuple[float, ...] = ()
    source_tokens: tuple[str, ...] = ()
    alignment: Floats | None = None
    finished: bool = True
    alternatives: tuple["Translation", ...] = ()  # the next best ones, where n_best is above 1
    parts: tuple["Translation | FailedTranslation", ...] = ()
    inserted: tuple[str, ...] = ()
    warnings: tuple[TranslationWarning, ...] = ()
    confidence: float | None = None
    error: ClassVar[None] = None

    def to_dict(self) -> dict[str, Any]:
        """The fields above as values for JSON, `alignment` as a list of rows rounded to six decimals."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["warnings"] = [one.to_dict() for one in self.warnings]
        if self.alignment is not None:
            values["alignment"] = [[round(w, 6) for w in row] for row in self.alignment.tolist()]
        return values | {key: [one.to_dict() for one in values[key]] for key in ("alternatives", "parts")}


@dataclass(frozen=True)
class FailedTranslation:
    """What a list of translations holds for a sentence that could not be translated or scored; `error` says why.

    It has no text and no score. Reading one, or any other field of a `Translation`, raises the error, so that a
    failure is never taken for an empty text. `[one for one in translations if one.error]` lists the failures.
    """

    source: str
    error: InputError  # without its traceback, which would keep all other sentences in memory

    def __getattr__(self, name: str) -> NoReturn:
        if name in {field.name for field in dataclasses.fields(Translation)}:
            raise self.error
        raise AttributeError(name)

    def to_dict(self) -> dict[str, Any]:
        """The source and the error as values for JSON; there is no text."""
        return {"source": self.source, "error": str(self.error)}


class Translator:
    """Translates sentences. `Translator.load(path)` reads a model directory or a run directory.

    `fast` translates, scores and aligns if there is one, else `engine`. Any number of threads may use one translator at
    a time. A forked process may not, where several threads compute (UsageError): it loads its own.
    """

    def __init__(
        self,
        model: "Transformer | StoredModel",
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        card: dict[str, Any] | None = None,
        lexicon: Lexicon | None = None,
        *,
        fast: "FastEngine | None" = None,
        precision: Precision | None = None,
        shortlist: Shortlist | None = None,
        recorded: bool = False,
    ) -> None:
        if not isinstance(getattr(model, "config", None), ModelConfig):
            raise UsageError(f"model is {shown(model)}: it must be a Transformer; Translator.load reads one from disk")
        refuse_wrong_type(source_tokenizer, Tokenizer, "source_tokenizer")
        refuse_wrong_type(target_tokenizer, Tokenizer, "target_tokenizer")
        refuse_wrong_type(card, dict | None, "card")
        refuse_wrong_type(lexicon, Lexicon | None, "lexicon")
        self._given, self._precision, self._shortlist, self._recorded = model, precision, shortlist, recorded
        self._model: Transformer | None = None
        self._engine: EagerEngine | None = None
        self.config = model.config
        self.fast = fast
        self.source_tokenizer = source_tokenizer
        self.target_tokenizer = target_tokenizer
        self.card = card or {}
        self.estimator = Estimator.of_model(lexicon or Lexicon(), self.card)

    @classmethod
    def load(
        cls, path: "str | Path", device: "str | torch.device" = "cpu", *, engine: EngineName = "eager",
        precision: Precision | None = None, shortlist: bool = False,
    ) -> "Translator":  # fmt: skip
        """Read a model or run directory; InputError if a file is missing or does not fit.

        `engine` and `precision` are those of translations; see `engine/choice.py`. Without a precision it is that of
        the stored parameters. With `shortlist` the next token is chosen among those of the model's shortlist.
        """
        refuse_unknown_choice(engine, get_args(EngineName), "engine")
        refuse_unknown_choice(precision, (None, *get_args(Precision)), "precision")
        refuse_wrong_type(shortlist, bool, "shortlist")
        if shortlist and engine == "graphs":
            raise UsageError("a shortlist has no place in the engine graphs; take another engine, or leave it out")
        stored = open_model(resolve(path_of(path, "path")), str(device))
        few = stored.shortlist() if shortlist else None
        fast = make_fast(stored.config, stored.weights(), stored.is_quantized, engine, precision, str(device), few)
        lexicon = read_lexicon(stored.directory)
        recorded = engine == "graphs"
        how: dict[str, Any] = {"fast": fast, "precision": precision, "shortlist": few, "recorded": recorded}
        translator = cls(stored, *stored.tokenizers, stored.card, lexicon, **how)
        if not fast:
            _ = translator.model  # what is wrong with it is said now
        return translator

    @property
    def model(self) -> "Transformer":
        """The model in PyTorch, read from disk when it is first asked for. UsageError in a forked process."""
        from glassformer.device import refuse_forked

        refuse_forked()
        with _MADE_ONCE:
            if self._model is None:
                self._model = self._given.load() if isinstance(self._given, StoredModel) else self._given
        return self._model

    @property
    def engine(self) -> "EagerEngine":
        """The engine that runs `model`."""
        with _MADE_ONCE:
            if self._engine is None:
                stored = isinstance(self._given, StoredModel) and self._given.is_quantized
                precision = None if stored else self._precision
                self._engine = in_precision(self.model, precision, self._shortlist, self._recorded)
        return self._engine

    @property
    def _fastest(self) -> "EagerEngine | FastEngine":
        """The engine that translates, and scores."""
        return self.fast or self.engine

    def require_floats(self, purpose: str) -> None:
        """InputError if the model was quantised: `purpose` needs its parameters as they were."""
        if isinstance(self._given, StoredModel) and self._given.is_quantized:
            raise InputError(f"{self._given.directory}: was quantised; {purpose} needs the model that it was made from")

    def save(self, directory: str | Path) -> None:
        """Write a model directory: whole, or not at all. InputError where something else than a model is there."""
        path = path_of(directory, "directory")
        refuse_other_content(path)
        with whole_directory(path) as partial:
            self.write(partial)
            write_checksums(partial)

    def write(self, directory: Path) -> None:
        """Write the files of a model directory into `directory`, which exists."""
        weights, lexicon = parameters_of(self.model), self.estimator.lexicon
        write_model(directory, self.config, weights, self.tokenizers, self.card, lexicon)

    @property
    def tokenizers(self) -> Tokenizers:
        """The source's and the target's tokenizer; one, twice, where they are joint."""
        return self.source_tokenizer, self.target_tokenizer

    @property
    def targets(self) -> tuple[str, ...]:
        """What it can be told to translate to; none where it was trained in one direction, without saying which."""
        return self.source_tokenizer.targets

    @cached_property
    def speller(self) -> Speller:
        """What corrects typing errors by the words that the model was trained on. `translate` itself does not."""
        return Speller(self.estimator.lexicon.counts, self.source_tokenizer)

    @property
    def device(self) -> "torch.device":
        """Where the model is."""
        return self.engine.device

    def translate(
        self,
        sentences: Sequence[str],
        options: SearchOptions | None = None,
        *,
        prefixes: Sequence[str] | None = None,
        align: bool = False,
        places: Sequence[str] | None = None,
        to: Targets = None,
        **overrides: Any,
    ) -> list[Translation | FailedTranslation]:
        """Translate each sentence; no result depends on the other sentences.

        `overrides` are fields of SearchOptions (`beam=4`, `n_best=2`, ...). `prefixes`: text that each translation
        must begin with. `align` gives alignments too, for one more pass over the model. `places` names the
        sentences in errors ("input.txt:7"). A blank sentence gives an empty translation. `to`: the target of all
        sentences or of each, one of `targets`, or source and target as `en-hi`, which some imported models must be
        told; UsageError for another, and for none where the model has several.

        Raises UsageError for what is no list of texts, or has not one item for each sentence.

        Nothing is cut off: a sentence that is longer than the model admits, or whose prefix leaves no room for a
        translation, has a FailedTranslation in its place, and the others are translated.
        """
        refuse_wrong_type(align, bool, "align")
        options = search_options(options, overrides)
        texts = [sentence.strip() for sentence in texts_of(sentences, "sentences")]
        prefixes, places = _given(prefixes, "prefixes"), _given(places, "places")
        refuse_unequal(len(texts), "sentences", prefixes=prefixes, places=places)
        ids = self._encoded(texts, to)
        written = self.target_tokenizer.encode_all(prefixes) if prefixes else [[]] * len(texts)
        beginnings = [first + prefix for first, prefix in zip(self._first(len(texts), to), written, strict=True)]
        results: list[Translation | FailedTranslation] = [Translation(text, "", 0.0, 0.0) for text in texts]
        rows = []  # those to translate
        for row, (source, prefix) in enumerate(zip(ids, beginnings, strict=True)):
            try:
                self._check_sentence(source, prefix, options, _place(places, row))
            except InputError as error:
                results[row] = FailedTranslation(texts[row], error.with_traceback(None))
                continue
            if source:
                rows.append(row)
        sources = [ids[row] for row in rows]
        found = self.generate(sources, options, [beginnings[row] for row in rows])
        alignments = self._alignments(sources, found) if align else repeat(None)
        read = self.source_tokenizer.decode_all(sources)  # one by one it takes three times as long
        spoken = iter(self.target_tokenizer.decode_all(one.tokens for hypotheses in found for one in hypotheses))
        for row, normalized, hypotheses in zip(rows, read, found, strict=True):
            best, *others = (
                self._translation(texts[row], normalized, ids[row], one, next(spoken), next(alignments))
                for one in hypotheses
            )
            if not math.isfinite(best.log_prob):
                results[row] = _without_numbers(texts[row], _place(places, row))
                continue
            results[row] = dataclasses.replace(best, alternatives=tuple(others)) if others else best
        return results

    def score(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        length_penalty_alpha: float = 0.0,
        places: Sequence[str] | None = None,
        *,
        align: bool = False,
        to: Targets = None,
    ) -> list[Translation | FailedTranslation]:
        """Compute the model's log-probability of each target as the translation of its source.

        `score` is log_prob / length_penalty(n, alpha), n counting `</s>`, as in search. `align` gives alignments
        too. A pair with a side longer than the model admits has a FailedTranslation in its place. `to` is as in
        `translate`.
        """
        refuse_wrong_type(align, bool, "align")
        SearchOptions(length_penalty=length_penalty_alpha)  # raises UsageError for a value out of range
        texts = [source.strip() for source in texts_of(sources, "sources")]
        targets = [target.strip() for target in texts_of(targets, "targets")]
        places = _given(places, "places")
        refuse_unequal(len(texts), "sources", targets=targets, places=places)
        source_ids = [ids or [EOS] for ids in self._encoded(texts, to)]
        encoded = zip(self._first(len(texts), to), self.target_tokenizer.encode_all(targets), strict=True)
        target_ids = [[*first, *ids, EOS] for first, ids in encoded]
        results: dict[int, Translation | FailedTranslation] = {}
        for row, (source, target) in enumerate(zip(source_ids, target_ids, strict=True)):
            try:
                self.config.check_length(len(source), _place(places, row))
                self.config.check_length(len(target), f"{_place(places, row)}, target")
            except InputError as error:
                results[row] = FailedTranslation(texts[row], error.with_traceback(None))
        rows = [row for row in range(len(texts)) if row not in results]
        scores = self.score_ids([source_ids[row] for row in rows], [target_ids[row] for row in rows], align)
        for row, score in zip(rows, scores, strict=True):
            if not all(map(math.isfinite, score.token_log_probs)):
                results[row] = _without_numbers(texts[row], _place(places, row))
                continue
            forced = Hypothesis.from_tokens(target_ids[row], score.token_log_probs, EOS, length_penalty_alpha)
            ids, spoken = source_ids[row], self.target_tokenizer.decode(target_ids[row])
            normalized = self.source_tokenizer.decode(ids)
            results[row] = self._translation(texts[row], normalized, ids, forced, spoken, score.alignment_TS)
        return [results[row] for row in range(len(texts))]

    def generate(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Sequence[Sequence[int]]
    ) -> list[list[Hypothesis]]:
        """Search for translations of ids with `</s>`; see `engine/generation.py`."""
        engine: Engine[Any] = self._fastest
        return generate(engine, sources, options, prefixes=prefixes)

    def score_ids(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], align: bool
    ) -> "list[TargetScore]":
        """What the model thinks of each target as the translation of its source, both ids with `</s>`."""
        return self._fastest.score(sources, targets, align)

    def source_ids(
        self, texts: Sequence[str], places: Sequence[str] | None = None, to: Targets = None
    ) -> list[list[int]]:
        """Each text's ids with its target's symbol and `</s>`; none at all for a blank one.

        Raises InputError for one too long, by its place, and UsageError for a target as in `translate`.
        """
        texts, places = texts_of(texts, "texts"), _given(places, "places")
        refuse_unequal(len(texts), "texts", places=places)
        result = self._encoded(texts, to)
        for row, ids in enumerate(result):
            self.config.check_length(len(ids), _place(places, row))
        return result

    def _encoded(self, texts: Sequence[str], to: Targets) -> list[list[int]]:
        """Each text's ids with its target's symbol and `</s>`; none at all for a blank one."""
        tokenizer, targets = self.source_tokenizer, _of_each(to, len(texts))
        symbols = {target: tokenizer.target_ids(target) for target in set(targets)}
        encoded = zip(targets, tokenizer.encode_all(texts), strict=True)
        return [[*symbols[target], *ids, *tokenizer.ending_ids] if ids else [] for target, ids in encoded]

    def _first(self, count: int, to: Targets) -> list[list[int]]:
        """What the translations of so many texts begin with: none, or the symbol of the target (`is_two_sided`)."""
        return [self.target_tokenizer.beginning_ids(target) for target in _of_each(to, count)]

    def _check_sentence(self, source: list[int], prefix: list[int], options: SearchOptions, place: str) -> None:
        """Raise InputError for a source that is too long, or a prefix that leaves no room for more."""
        self.config.check_length(len(source), place)
        if not (source and prefix):
            return
        most = options.limit(len(source), self.config.max_length)
        if len(prefix) >= most:
            raise InputError(
                f"{place}: the prefix has {len(prefix)} tokens, but the translation may have "
                f"{most} with </s>; shorten the prefix or raise max_length"
            )

    def _alignments(self, sources: list[list[int]], found: list[list[Hypothesis]]) -> Iterator[Floats | None]:
        """The alignment of each hypothesis of each source, one after the other."""
        pairs = [(source, one.tokens) for source, hypotheses in zip(sources, found, strict=True) for one in hypotheses]
        scores = self.score_ids([source for source, _ in pairs], [tokens for _, tokens in pairs], True)
        return (score.alignment_TS for score in scores)

    def _translation(
        self, text: str, normalized: str, ids: list[int], hypothesis: Hypothesis, spoken: str, alignment: Floats | None
    ) -> Translation:
        """The hypothesis, `spoken` as text, as the translation of a text, which the ids' tokenizer `normalized`."""
        quality = self.estimator.estimate(normalized, spoken, hypothesis.token_log_probs, hypothesis.finished)
        return Translation(
            source=text,
            text=spoken,
            score=hypothesis.score,
            log_prob=hypothesis.log_prob,
            tokens=self.target_tokenizer.pieces_of(hypothesis.tokens),
            token_log_probs=hypothesis.token_log_probs,
            source_tokens=self.source_tokenizer.pieces_of(ids),
            alignment=alignment,
            finished=hypothesis.finished,
            warnings=quality.warnings,
            confidence=quality.confidence,
        )


def search_options(options: SearchOptions | None, overrides: Mapping[str, Any]) -> SearchOptions:
    """The options with others in their place; UsageError for a name that is no option."""
    if not isinstance(options, SearchOptions | None):
        raise UsageError(f"options is {shown(options)}: it must be SearchOptions; give single ones by name, as beam=4")
    known = keys_of(SearchOptions)
    for name in overrides.keys() - known:
        raise UsageError(f"there is no option '{name}' of translating; {nearest(name, known)}")
    options = options or SearchOptions()
    return dataclasses.replace(options, **overrides) if overrides else options


def _given(values: Sequence[str] | None, name: str) -> list[str] | None:
    """The texts, where there are any."""
    return None if values is None else texts_of(values, name)


def _of_each(to: Targets, count: int) -> Sequence[str | None]:
    """The target of each of so many texts."""
    targets = [to] * count if to is None or isinstance(to, str) else texts_of(to, "to")
    refuse_unequal(count, "texts", to=targets)
    return targets


def _without_numbers(text: str, place: str) -> FailedTranslation:
    return FailedTranslation(
        text, InputError(f"{place}: the model gave NaN instead of log-probabilities: check its weights")
    )


def _place(places: Sequence[str] | None, index: int) -> str:
    return places[index] if places else f"sentence {index + 1}"
