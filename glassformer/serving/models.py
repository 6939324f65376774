"""The models that are served: which one translates what, loaded when it is asked for, replaced while others use it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

from glassformer.engine.choice import EngineName, Precision
from glassformer.errors import InputError, UsageError
from glassformer.model_directory import OF_A_RUN, WEIGHTS, StoredModel, open_model, resolve
from glassformer.serving.refusals import RefusedError, invalid, unavailable
from glassformer.serving.shared import SharedTranslator

BUILT_IN = re.compile("(phrasebook|names|gettext)(?::([a-z]+))?")  # corpora whose source is English
UNKNOWN = "und"  # ISO 639's code for a language that is not known
COPIES = 2  # of the weights in memory: the fast engine's, and PyTorch's for alignments and the glass


@dataclass(frozen=True)
class Source:
    """Where a model is and how it is run. `pair`: its languages, where `--as` names them."""

    path: Path
    pair: tuple[str, str] | None = None
    device: str = "cpu"
    engine: EngineName = "auto"
    precision: Precision | None = None

    @classmethod
    def parse(cls, text: str) -> "Source":
        """`en:hi=MODEL`. Raises UsageError for anything else."""
        pair, equals, path = text.partition("=")
        source, colon, target = pair.partition(":")
        if not (equals and colon and path and all(map(_is_code, (source, target)))):
            raise UsageError(f"--as {text}: expected SOURCE:TARGET=MODEL, such as en:hi=runs/mine")
        return cls(Path(path), (source, target))


@dataclass
class _Loaded:
    translator: SharedTranslator
    users: int = 0
    retired: bool = False  # another took its place; its scheduler ends with its last user


@dataclass
class Model:
    """A model that is served, by the name that clients know it by."""

    name: str
    source: Source
    stored: StoredModel
    loaded: _Loaded | None = None
    lock: Lock = field(default_factory=Lock)  # held while it is read

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Which languages it translates from and to; UNKNOWN where neither `--as` nor its card says so."""
        if self.source.pair:
            return [self.source.pair]
        built_in = BUILT_IN.fullmatch(str(self.stored.card.get("corpus", "")))
        if targets := self.stored.tokenizers[0].targets:
            return [(UNKNOWN, target) for target in targets]
        return [("en", built_in[2] or "hi")] if built_in else [(UNKNOWN, UNKNOWN)]

    @property
    def size(self) -> int:
        """Bytes of memory that it takes, about."""
        return COPIES * (self.stored.directory / WEIGHTS).stat().st_size

    def without_paths(self, message: str) -> str:
        """An error's message for clients: the model's name where its directory was."""
        for path in (self.stored.directory, self.source.path):
            message = message.replace(str(path), self.name)
        return message

    def facts(self) -> dict[str, Any]:
        """What clients may know of it: nothing of the machine."""
        card = public_card(self.stored.card)
        return {
            "name": self.name,
            "pairs": [{"source": source, "target": target} for source, target in self.pairs],
            "loaded": self.loaded is not None,
            "max_length": self.stored.config.max_length,
            "quantized": self.stored.is_quantized,
            "card": {key: card[key] for key in ("corpus", "steps", "validation", "versions") if key in card},
        }


class Models:
    """All models that are served, of which those that were used last are in memory.

    `memory`: bytes that they may take together. One that is asked for is loaded whatever its size; those that were
    not used for longest make room, and go when their last request is done.
    """

    def __init__(self, sources: Sequence[Source], memory: int) -> None:
        """Raises InputError for what is no model; weights are not read yet."""
        self._by_name: dict[str, Model] = {}
        for source in sources:
            stored = open_model(resolve(source.path), source.device)
            name = _free_name(source.path, self._by_name)
            self._by_name[name] = Model(name, source, stored)
        self._memory, self._lock, self._closed = memory, Lock(), False
        self._recent: list[Model] = []  # those in memory, the last used at the end

    def __iter__(self) -> Iterator[Model]:
        return iter(self._by_name.values())

    def that_fit(self) -> list[Model]:
        """The first models that memory suffices for together."""
        sizes = accumulate(model.size for model in self)
        return [model for model, size in zip(self, sizes, strict=True) if size <= self._memory or model is self.first]

    @property
    def first(self) -> Model:
        """The one that translates what names none."""
        return next(iter(self))

    def named(self, name: str) -> Model:
        """The model of a name; RefusedError (404) without it."""
        if name not in self._by_name:
            raise RefusedError(
                404, "no_such_model", f"there is no model of that name; the models are: {', '.join(self._by_name)}"
            )
        return self._by_name[name]

    def choose(self, name: str | None, source: str | None, target: str | None) -> "Direction":
        """The model for what is asked: that of the name, else the first that has the languages.

        A model whose languages are not known takes any. Raises RefusedError: 404 for a name that there is not, 422 for
        languages.
        """
        candidates = [self.named(name)] if name else list(self)
        for exact in (True, False):
            for model in candidates:
                for pair in model.pairs:
                    if _fits(source, pair[0], exact) and _fits(target, pair[1], exact):
                        return Direction(model, _known(pair[0], source), _known(pair[1], target))
        known = ", ".join(f"{one}-{other}" for model in candidates for one, other in model.pairs)
        raise invalid(f"nothing here translates {source or 'this'} to {target or 'another language'}; there is {known}")

    @contextmanager
    def use(self, model: Model) -> Iterator[SharedTranslator]:
        """The model's translator, loaded if need be; it stays what it is while the block runs, whatever is replaced.

        Raises RefusedError (503) where it cannot be read.
        """
        loaded = self._taken(model)
        try:
            yield loaded.translator
        finally:
            self._release(loaded)

    def replace(self, model: Model) -> None:
        """Read the model's directory again, and let the next requests have it.

        Raises InputError where that is no whole model; the one that was there stays.
        """
        with model.lock:
            stored = open_model(resolve(model.source.path), model.source.device)
            loaded = self._read(model) if model.loaded else None
            with self._lock:
                before, model.stored, model.loaded = model.loaded, stored, loaded
                self._retire(before)

    def close(self) -> None:
        """Let all models go, each when its last user is done, and read no more."""
        with self._lock:
            self._closed = True
            for model in self:
                self._retire(model.loaded)
                model.loaded = None

    def _taken(self, model: Model) -> _Loaded:
        with self._lock:
            if loaded := model.loaded:
                return self._used(model, loaded)
        with model.lock:
            with self._lock:
                if loaded := model.loaded:  # another thread was faster
                    return self._used(model, loaded)
                if self._closed:
                    raise unavailable("the server is about to end")
            try:
                loaded = self._read(model)
            except (InputError, UsageError, OSError) as error:
                raise unavailable(f"the model {model.name} cannot be loaded") from error
            with self._lock:
                model.loaded = loaded
                return self._used(model, loaded)

    def _read(self, model: Model) -> _Loaded:
        source = model.source
        translator = SharedTranslator.load(
            source.path, source.device, engine=source.engine, precision=source.precision
        )  # fmt: skip
        translator.card = public_card(translator.card)
        return _Loaded(translator)  # type: ignore[arg-type]

    def _used(self, model: Model, loaded: _Loaded) -> _Loaded:
        """Count one more user, and make room for the model; the lock is held."""
        loaded.users += 1
        self._recent = [*(one for one in self._recent if one is not model), model]
        while len(self._recent) > 1 and sum(one.size for one in self._recent) > self._memory:
            oldest = self._recent.pop(0)
            self._retire(oldest.loaded)
            oldest.loaded = None
        return loaded

    def _release(self, loaded: _Loaded) -> None:
        with self._lock:
            loaded.users -= 1
            self._retire(loaded if loaded.retired or self._closed else None)

    def _retire(self, loaded: _Loaded | None) -> None:
        """End what was replaced, once nobody uses it; the lock is held."""
        if loaded:
            loaded.retired = True
            if not loaded.users:
                loaded.translator.scheduler.close()


@dataclass(frozen=True)
class Direction:
    """Which model translates, and from and to which language."""

    model: Model
    source: str
    target: str

    @property
    def to(self) -> str | None:
        """The target as the model is told it, with the source where it is told both; None where it has only one."""
        tokenizer = self.model.stored.tokenizers[0]
        if tokenizer.is_two_sided:
            spelt = (one for one in tokenizer.targets if one.lower() == self.source.lower())
            return f"{next(spelt, self.source)}-{self.target}"
        return self.target if self.target in tokenizer.targets else None


def public_card(card: dict[str, Any]) -> dict[str, Any]:
    """A model's card without the names of files."""
    files = set() if BUILT_IN.fullmatch(str(card.get("corpus", ""))) else {"corpus"}
    return {key: value for key, value in card.items() if key not in {*files, "start_from", "imported"}}


def _free_name(path: Path, taken: dict[str, Model]) -> str:
    """What clients call a model: the name of its directory, or of its run; numbered where two have one."""
    path = path.absolute()
    name = path.parent.name if path.name in OF_A_RUN else path.name
    name = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII) or "model"
    numbers = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbers) if one not in taken)


def _is_code(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*", text) is not None


def _fits(asked: str | None, has: str, exact: bool) -> bool:
    """Whether a language that is asked for, in any letter case and with or without a region, is the one there is."""
    if asked is None or (has == UNKNOWN and not exact):
        return True
    asked, has = asked.lower().replace("_", "-"), has.lower().replace("_", "-")
    return asked == has or (not exact and asked.split("-")[0] == has.split("-")[0])


def _known(language: str, asked: str | None) -> str:
    return language if language != UNKNOWN else (asked or UNKNOWN)
