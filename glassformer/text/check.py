"""What is wrong with sentence pairs, said before training rather than learnt by it.

`check-data` prints the report; training calls the same function, keeps what it returns, and
reports what was dropped. The pairs are held in memory, as training holds them.
"""

import math
import re
import statistics
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from glassformer.errors import InputError
from glassformer.text.pairs import Pair

EXAMPLES = 3  # of each problem, kept for the report
QUOTED = 60  # characters of a sentence shown in the report
RATIO_FACTOR = 3.0
RATIO_CHARACTERS = 10
BOM = "\ufeff"
RATIO_PAIRS = 10  # fewer have no ratio worth comparing with


class Problem(StrEnum):
    """What can be wrong with a pair. The order is that in which a dropped pair is attributed."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    DUPLICATE = "duplicate"
    IN_VALIDATION = "in_validation"
    LENGTH_RATIO = "length_ratio"
    UNTRANSLATED = "untranslated"
    ENCODING = "encoding"
    CONFLICT = "conflict"


MEANING = {
    Problem.EMPTY: "a side has no text",
    Problem.TOO_LONG: "a side is longer than the model's limit",
    Problem.DUPLICATE: "the same pair again",
    Problem.IN_VALIDATION: "the pair is in the validation set too",
    Problem.LENGTH_RATIO: "the lengths do not fit each other; misaligned?",
    Problem.UNTRANSLATED: "target equals source",
    Problem.ENCODING: "characters that text does not have",
    Problem.CONFLICT: "the source was seen with another target",
}
DROPPED = frozenset({Problem.EMPTY, Problem.TOO_LONG, Problem.DUPLICATE, Problem.IN_VALIDATION})


@dataclass(frozen=True)
class Finding:
    """One problem of one pair; `detail` says what exactly."""

    problem: Problem
    pair: Pair
    detail: str


@dataclass
class CheckReport:
    """What a check found.

    `counts` has, for each problem, the pairs that show it; a pair may show several. `dropped` has
    each dropped pair once, at its first problem, so that it sums to `pairs - kept`. Token totals
    are over the kept pairs, in `unit`; the longest sides are over all.
    """

    unit: str
    pairs: int = 0
    kept: int = 0
    source_tokens: int = 0
    target_tokens: int = 0
    longest_source: tuple[int, Pair] | None = None
    longest_target: tuple[int, Pair] | None = None
    counts: dict[Problem, int] = field(default_factory=lambda: dict.fromkeys(Problem, 0))
    dropped: dict[Problem, int] = field(default_factory=lambda: dict.fromkeys(Problem, 0))
    examples: dict[Problem, list[Finding]] = field(default_factory=lambda: {problem: [] for problem in Problem})

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it if it is among the first of its kind."""
        self.counts[finding.problem] += 1
        if len(self.examples[finding.problem]) < EXAMPLES:
            self.examples[finding.problem].append(finding)

    def to_dict(self) -> dict[str, object]:
        """The report for `--json`: every problem is there, found or not."""
        return {
            "pairs": self.pairs,
            "kept": self.kept,
            "unit": self.unit,
            "source_tokens": self.source_tokens,
            "target_tokens": self.target_tokens,
            "longest_source": _longest_dict(self.longest_source),
            "longest_target": _longest_dict(self.longest_target),
            "problems": {
                problem.value: {
                    "count": self.counts[problem],
                    "dropped": self.dropped[problem],
                    "examples": [_finding_dict(finding) for finding in self.examples[problem]],
                }
                for problem in Problem
            },
        }

    def render(self) -> str:
        """The report as text for a reader, without a final line end."""
        return "\n".join([*self._render_totals(), *self._render_counts(), *self._render_examples()])

    def _render_totals(self) -> list[str]:
        lines = [
            f"pairs    {self.pairs:,} read, {self.kept:,} kept",
            f"{self.unit:<8} {self.source_tokens:,} source, {self.target_tokens:,} target, in the pairs kept",
        ]
        if self.longest_source and self.longest_target:
            sides = ("source", self.longest_source), ("target", self.longest_target)
            lines.append("longest  " + ", ".join(f"{size} {side} ({place(pair)})" for side, (size, pair) in sides))
        return lines

    def _render_counts(self) -> list[str]:
        found = [problem for problem in Problem if self.counts[problem]]
        if not found:
            return ["", "no problem found"]
        rows = [
            f"{problem:<14} {self.counts[problem]:>9,} {self.dropped[problem]:>9,}  {MEANING[problem]}"
            for problem in found
        ]
        return ["", f"{'problem':<14} {'pairs':>9} {'dropped':>9}", *rows]

    def _render_examples(self) -> list[str]:
        lines = []
        for problem in Problem:
            if self.examples[problem]:
                lines += ["", f"{problem}, {self._how_many(problem)}:"]
            for finding in self.examples[problem]:
                lines.append(f"  {place(finding.pair)}: {finding.detail}")
                lines.append(f"    source  {quote(finding.pair.source)}")
                lines.append(f"    target  {quote(finding.pair.target)}")
        return lines

    def _how_many(self, problem: Problem) -> str:
        shown, count = len(self.examples[problem]), self.counts[problem]
        return f"the first {shown} of {count:,}" if shown < count else f"all {count}"


def count_words(text: str) -> int:
    """The number of words between white space: the unit where no tokenizer is known."""
    return len(text.split())


def check_pairs(
    pairs: Iterable[Pair],
    validation: Iterable[Pair] = (),
    *,
    count_source: Callable[[str], int] = count_words,
    count_target: Callable[[str], int] = count_words,
    unit: str = "words",
    max_length: int | None = None,
    drop: Collection[Problem] = DROPPED,
) -> tuple[list[Pair], CheckReport]:
    """The pairs without any of the problems in `drop`, in order, and a report on all of them.

    `count_source` and `count_target` give a text's length in `unit`; a side longer than
    `max_length` is TOO_LONG. Training passes its tokenizers' counts.

    Texts are compared exactly. Of equal pairs the first is kept; a training pair that is in
    `validation` too is the one dropped, so the validation set stays whole. A pair with an empty
    side is judged no further. The other rules are told at `encoding_problem`, `length_problems`
    and `is_untranslated`.

    Raises nothing of its own: what is wrong is in the report. `refuse_same` and `refuse_too_few`
    are for data that cannot be trained on at all.
    """
    pairs = list(pairs)
    checker = _Checker(validation, count_source, count_target, max_length, CheckReport(unit))
    problems = [checker.check(pair) for pair in pairs]
    for index, detail in length_problems(pairs):
        problems[index].append(Problem.LENGTH_RATIO)
        checker.report.add(Finding(Problem.LENGTH_RATIO, pairs[index], detail))
    kept = []
    for pair, lengths, shown in zip(pairs, checker.lengths, problems, strict=True):
        reasons = [problem for problem in Problem if problem in shown and problem in drop]
        if reasons:
            checker.report.dropped[reasons[0]] += 1
            continue
        kept.append(pair)
        checker.report.source_tokens += lengths[0]
        checker.report.target_tokens += lengths[1]
    checker.report.pairs, checker.report.kept = len(pairs), len(kept)
    return kept, checker.report


class _Checker:
    """What must be remembered from pair to pair: the texts seen, and where."""

    def __init__(
        self,
        validation: Iterable[Pair],
        count_source: Callable[[str], int],
        count_target: Callable[[str], int],
        max_length: int | None,
        report: CheckReport,
    ) -> None:
        self.validation = {(pair.source, pair.target): pair for pair in validation}
        self.count_source, self.count_target = count_source, count_target
        self.max_length = math.inf if max_length is None else max_length
        self.report = report
        self.lengths: list[tuple[int, int]] = []
        self.pairs_seen: dict[tuple[str, str], Pair] = {}
        self.sources_seen: dict[str, Pair] = {}

    def check(self, pair: Pair) -> list[Problem]:
        """Report the pair's problems, all but its length ratio, and name them."""
        if not pair.source.strip() or not pair.target.strip():
            self.lengths.append((0, 0))
            findings = [Finding(Problem.EMPTY, pair, _which_is_empty(pair))]
        else:
            self.lengths.append((self.count_source(pair.source), self.count_target(pair.target)))
            self._note_longest(pair)
            details = {
                Problem.TOO_LONG: self._too_long(),
                **self._seen_before(pair),
                Problem.UNTRANSLATED: "target equals source" if is_untranslated(pair) else "",
                Problem.ENCODING: _encoding_of_pair(pair),
            }
            findings = [Finding(problem, pair, detail) for problem, detail in details.items() if detail]
        for finding in findings:
            self.report.add(finding)
        return [finding.problem for finding in findings]

    def _note_longest(self, pair: Pair) -> None:
        source, target = self.lengths[-1]
        if self.report.longest_source is None or source > self.report.longest_source[0]:
            self.report.longest_source = source, pair
        if self.report.longest_target is None or target > self.report.longest_target[0]:
            self.report.longest_target = target, pair

    def _too_long(self) -> str:
        sides = zip(("source", "target"), self.lengths[-1], strict=True)
        long = [f"{side} has {size} {self.report.unit}" for side, size in sides if size > self.max_length]
        return f"{', '.join(long)}; the limit is {self.max_length}" if long else ""

    def _seen_before(self, pair: Pair) -> dict[Problem, str]:
        key = pair.source, pair.target
        same, near = self.pairs_seen.setdefault(key, pair), self.sources_seen.setdefault(pair.source, pair)
        held_out = self.validation.get(key)
        return {
            Problem.DUPLICATE: "" if same is pair else f"same as {place(same)}",
            Problem.IN_VALIDATION: "" if held_out is None else f"same as {place(held_out)}",
            # A repeated pair has had its conflict told the first time.
            Problem.CONFLICT: ""
            if same is not pair or near.target == pair.target
            else f"{place(near)} has the target {quote(near.target)}",
        }


def refuse_same(training: Sequence[Pair], validation: Sequence[Pair]) -> None:
    """Raise InputError if the two hold the same pairs: such a validation set measures nothing.

    Sets that merely overlap pass, since `check_pairs` takes the overlap out of training.
    """
    training_pairs = {(pair.source, pair.target) for pair in training}
    if training_pairs and training_pairs == {(pair.source, pair.target) for pair in validation}:
        raise InputError(
            f"the validation set is the training set: {origins(validation)} has the same pairs as "
            f"{origins(training)}; validate on pairs that are not trained on (move some lines out)"
        )


def refuse_too_few(kept: Sequence[Pair], report: CheckReport, origin: str = "the training data") -> None:
    """Raise InputError if fewer than two pairs are kept, with what became of the others."""
    if len(kept) >= 2:
        return
    lost = ", ".join(f"{count} {problem}" for problem, count in report.dropped.items() if count)
    left = "no usable pair" if not kept else "one usable pair"
    raise InputError(
        f"{left} in {origin} ({report.pairs} read{'; dropped: ' + lost if lost else ''}); "
        "training needs at least two: give more pairs"
    )


def origins(pairs: Iterable[Pair]) -> str:
    """The files the pairs are from, each once."""
    return ", ".join(dict.fromkeys(pair.origin for pair in pairs if pair.origin)) or "it"


# Rules


def is_untranslated(pair: Pair) -> bool:
    """Whether target equals source, case aside; a number or a sign, having no letter, may."""
    return pair.source.casefold() == pair.target.casefold() and any(map(str.isalpha, pair.source))


def length_problems(pairs: Sequence[Pair]) -> list[tuple[int, str]]:
    """(index, detail) of the pairs whose two lengths do not fit each other.

    The median of target over source length, in characters, says how long a target of this corpus
    should be. A pair is an outlier if its target is more than 3 times longer or shorter than that
    and at least 10 characters away from it: so much is rarely a free translation, and often a
    misaligned line. The median is not moved by the outliers while they are under half. With fewer
    than 10 pairs nothing is judged.
    """
    sides = [(len(pair.source.strip()), len(pair.target.strip())) for pair in pairs]
    ratios = [target / source for source, target in sides if source and target]
    if len(ratios) < RATIO_PAIRS:
        return []
    median = statistics.median(ratios)
    found = []
    for index, (source, target) in enumerate(sides):
        expected = median * source
        low, high = sorted((expected, float(target)))
        if source and target and high > RATIO_FACTOR * low and high - low >= RATIO_CHARACTERS:
            found.append(
                (index, f"target has {target} characters, source {source}: about {expected:.0f} are usual here")
            )
    return found


# Text read in the wrong encoding: UTF-8 bytes shown as Windows-1252 (or Latin-1).
_CONTINUATION = "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0)) + "".join(
    map(chr, range(0x80, 0xA0))
)
# Those that rightly follow a letter with an accent: French and German closing quotes, dashes.
_ORDINARY = "\xa0‚„…†‡‹‘’“”•–—›«»·"
_STRANGE = "".join(character for character in _CONTINUATION if character not in _ORDINARY)
_FOLLOW = f"[{re.escape(_CONTINUATION)}]"
_ODD = f"[{re.escape(_STRANGE)}]"
_MOJIBAKE = re.compile(
    f"[ÂÃ]{_ODD}"  # two bytes, Latin: é, ö
    f"|(?<![^\\W\\d_a-zß-öø-ÿ])[ÂÃ]{_FOLLOW}"  # the same, unless it ends a word in capitals: IRMÃ”
    f"|(?<=[a-z])[ÄÅÈ]{_FOLLOW}|[ÄÅÈ]{_FOLLOW}(?=[a-z])"  # within a word: Polish, Romanian, Turkish
    f"|[à-ï](?:{_ODD}{_FOLLOW}|{_FOLLOW}{_ODD})"  # three: Devanagari, typographic quotes, CJK
    f"|ð{_FOLLOW}{{3}}"  # four: emoji
    f"|(?:[Ä-ß]{_FOLLOW}){{3}}"  # two, Cyrillic, Greek, Arabic; one alone may be honest text
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_PLANE_ENDS = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(15))
_DAMAGED = re.compile(
    f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff{_PLANE_ENDS}\U000f0000-\U0010ffff]"
)
_CATEGORIES = {"Cc": "control character", "Co": "private-use character", "Cs": "half a surrogate pair"}


def encoding_problem(text: str) -> str:
    """What shows that the text was damaged on its way here, or "".

    Found are: U+FFFD (undecodable bytes were replaced), UTF-8 read as Windows-1252 or Latin-1
    ("Ã©" for "é", "à¤¨" for "न"), control characters, private-use characters, noncharacters, a
    byte order mark within the text, and HTML entities. Joiners (U+200C, U+200D), which Hindi
    needs, are not.
    """
    if text.isascii() and text.isprintable() and "&" not in text:
        return ""
    if "\ufffd" in text:
        return "U+FFFD where a character was lost"
    if found := _MOJIBAKE.search(text):
        return f"{quote(found.group())}: UTF-8 read as Windows-1252"
    if found := _DAMAGED.search(text):
        return _name_damage(found.group())
    if found := _ENTITY.search(text):
        return f"HTML entity {found.group()}"
    return ""


def _name_damage(character: str) -> str:
    kind = _CATEGORIES.get(unicodedata.category(character), "noncharacter")
    return f"{'byte order mark' if character == BOM else kind} U+{ord(character):04X}"


def _encoding_of_pair(pair: Pair) -> str:
    sides = ("source", encoding_problem(pair.source)), ("target", encoding_problem(pair.target))
    return ", ".join(f"{side}: {problem}" for side, problem in sides if problem)


def _which_is_empty(pair: Pair) -> str:
    empty = [side for side, text in zip(("source", "target"), pair[:2], strict=True) if not text.strip()]
    return f"{' and '.join(empty)} {'are' if len(empty) == 2 else 'is'} empty"


# Showing


def place(pair: Pair) -> str:
    """Where a pair is from, as `file:line`."""
    origin = pair.origin or "pair"
    return f"{origin}:{pair.line}" if pair.line else origin


def quote(text: str) -> str:
    """The text in quotation marks, shortened, with what cannot or should not be shown escaped."""
    cut = text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
    return '"' + "".join(map(_shown, cut)) + '"'


def _shown(character: str) -> str:
    if character.isprintable() or character in "\u200c\u200d":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _longest_dict(longest: tuple[int, Pair] | None) -> dict[str, object] | None:
    if longest is None:
        return None
    return {"length": longest[0], "origin": longest[1].origin, "line": longest[1].line}


def _finding_dict(finding: Finding) -> dict[str, object]:
    pair = finding.pair
    return {
        "origin": pair.origin,
        "line": pair.line,
        "detail": finding.detail,
        "source": pair.source,
        "target": pair.target,
    }
