"""What heads carry: a word of the source is swapped, and each head's part in what then changes is measured."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.asking import Question, Sentence, ask
from glassformer.glass.causes.attribution.comparison import NOTHING
from glassformer.glass.causes.places import bare
from glassformer.glass.causes.study.interval import Estimate, estimate
from glassformer.glass.causes.study.patterns import HeadName
from glassformer.glass.causes.sweep import Sweep, sweep
from glassformer.translator import Translator

Swap = tuple[str, str]
SWAPPED = "(the swapped word)"


@dataclass(frozen=True)
class Contrasts:
    """Words of the source to swap, and words of the translation to compare; none: where the translations differ.

    As `--contrast` has it: `animal:cat`, `boy:girl,man:woman`, `animal:cat=थका:थकी`. An empty word after the colon of
    the source leaves the word out; after that of the translation it stands for the runner-up: `not:=नहीं:`.
    """

    text: str
    source: tuple[Swap, ...]
    target: tuple[Swap, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Contrasts":
        """UsageError where the text is written otherwise."""
        source, _, target = text.partition("=")
        return cls(text, _swaps(source, text), _swaps(target, text) if target else ())

    def swapped(self, sentence: str) -> str | None:
        """The sentence with the first of the swaps that it has a word for; None where it has none."""
        for old, new in self.source:
            if (found := _replaced(sentence.split(), old, new)) != sentence.split():
                return " ".join(" ".join(found).split())
        return None


def _replaced(words: list[str], old: str, new: str) -> list[str]:
    """The words with `new` for each `old`, which may be several words; punctuation around them stays."""
    size, place = len(old.split()), 0
    result = []
    while place < len(words):
        some = " ".join(words[place : place + size])
        fits = bare(some).casefold() == old.casefold()
        result.append(some.replace(bare(some), _cased(some, new)) if fits else words[place])
        place += size if fits else 1
    return result


def _swaps(text: str, whole: str) -> tuple[Swap, ...]:
    pairs = [tuple(word.strip() for word in one.split(":")) for one in text.split(",")]
    if not all(len(pair) == 2 and pair[0] and pair[0] != pair[1] for pair in pairs):
        raise UsageError(f"--contrast '{whole}': write WORD:WORD, or WORD:WORD=WORD:WORD, such as animal:cat=थका:थकी")
    return tuple((pair[0], pair[1]) for pair in pairs)


def _cased(old: str, new: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


@dataclass
class Findings:
    """What was found of one contrast.

    `found`: sentences with a word to swap; `asked`: those of them whose translation has a word to compare. `shares`: of
    each head, of each sentence, the share of the change that comes with this head alone. A sentence counts (`used`)
    where the swap changes the model's mind: where it prefers A, and after the swap B. `carriers`: for
    each depth of the encoder's stream, how often each word was the one that carried the most; `carried`: its shares.
    """

    contrasts: Contrasts
    found: int = 0
    asked: int = 0
    used: int = 0
    shares: dict[HeadName, list[float]] = field(default_factory=dict)
    carriers: dict[str, Counter[str]] = field(default_factory=dict)
    carried: dict[str, list[float]] = field(default_factory=dict)

    def heads(self) -> dict[HeadName, Estimate]:
        """The mean share of each head, the largest first."""
        means = {head: estimate(values) for head, values in self.shares.items()}
        return dict(sorted(means.items(), key=lambda one: -abs(one[1].mean)))

    def add(self, question: Question, swept: Sweep) -> None:
        """Count a sentence in, among those used if the swap changes what the model prefers."""
        self.asked += 1
        if swept.other is None or not swept.clean > 0 > swept.other:
            return
        self.used += 1
        whole = swept.clean - swept.other
        for one in swept.maps:
            if one.columns == "head":
                stack, kind = one.name.split(".")
                for layer, row in enumerate(one.total):
                    for head, effect in enumerate(row):
                        name = f"{stack}.{layer}.{kind}", head
                        self.shares.setdefault(name, []).append((effect or 0.0) / whole)
        stream = swept.map("encoder.stream")
        for depth, row in zip(stream.rows, stream.total, strict=True):
            effects = [effect or 0.0 for effect in row]
            place = max(range(len(row)), key=lambda at: abs(effects[at]))
            if abs(effects[place]) > NOTHING:  # a word that was left out has no counterpart, and leaves none at first
                self.carriers.setdefault(depth, Counter())[_carrier(question, place)] += 1
                self.carried.setdefault(depth, []).append(effects[place] / whole)


def _carrier(question: Question, place: int) -> str:
    """The token at a place of the source; the swapped word, whichever it is, as such."""
    own, other = question.source["tokens"], question.other
    same = other is not None and any(
        one == place and other.source["tokens"][two]["piece"] == own[place]["piece"] for one, two in other.places
    )
    return str(own[place]["text"]) if same else SWAPPED


def measure(
    translator: Translator, contrasts: Contrasts, sentences: Iterable[str], limit: int, to: str | None = None
) -> Findings:
    """What each head carries of the contrasts, over at most `limit` sentences that have one of the words."""
    result = Findings(contrasts)
    for sentence in sentences:
        if result.found == limit:
            break
        other = contrasts.swapped(sentence)
        if other is None:
            continue
        result.found += 1
        if question := _question(translator, contrasts, sentence, other, to):
            result.add(question, sweep(translator.model, question))
    return result


def _question(
    translator: Translator, contrasts: Contrasts, sentence: str, other: str, to: str | None
) -> Question | None:
    """The first question that the contrast's words make of the sentence; None where they make none.

    Nor does a sentence that is blank or too long for the model, before or after the swap.
    """
    try:
        ids = Sentence.of(translator, sentence, to).translation
    except InputError:
        return None
    said = {bare(word).casefold() for word in translator.target_tokenizer.decode(ids).split()}
    for a, b in contrasts.target or ((None, None),):
        if a is not None and a.casefold() not in said:
            continue
        try:
            return ask(translator, sentence, target=ids, versus=other, word=a, against=b, runner_up=b == "", to=to)
        except InputError:  # both have the same word there, or the other sentence is none
            continue
    return None
