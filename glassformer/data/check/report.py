"""What a check of sentence pairs found: the problems there are, and the report on them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from glassformer.text.pairs import Pair
from glassformer.text.printable import quote

EXAMPLES = 3  # of each problem, kept for the report


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
    NEAR_VALIDATION = "near_validation"
    HEADER = "header"
    QUOTES = "quotes"
    MARKUP = "markup"
    INVISIBLE = "invisible"
    SCRIPT = "script"
    MIXED_SCRIPT = "mixed_script"


MEANING = {
    Problem.EMPTY: "a side has no text",
    Problem.TOO_LONG: "a side is longer than the model's limit",
    Problem.DUPLICATE: "the same pair again",
    Problem.IN_VALIDATION: "the pair is in the validation set too",
    Problem.LENGTH_RATIO: "the lengths do not fit each other; misaligned?",
    Problem.UNTRANSLATED: "target equals source",
    Problem.ENCODING: "characters that text does not have",
    Problem.CONFLICT: "the source was seen with another target",
    Problem.NEAR_VALIDATION: "in the validation set but for case, punctuation or spaces",
    Problem.HEADER: "the first line names the columns",
    Problem.QUOTES: "quotes of a CSV file, which are trained on",
    Problem.MARKUP: "a tag of HTML or XML",
    Problem.INVISIBLE: "no-break spaces and the like; training's default normalisation mends them",
    Problem.SCRIPT: "a side is in another script than is usual for it",
    Problem.MIXED_SCRIPT: "a word has letters of two scripts",
}
# What training leaves out unless its config says otherwise.
DEFAULT_DROP = (Problem.EMPTY, Problem.TOO_LONG, Problem.DUPLICATE, Problem.IN_VALIDATION)


def listed(dropped: Mapping[Problem, int] | Mapping[str, int]) -> str:
    """How many pairs each problem cost, in one line; `none` where it cost none."""
    return ", ".join(f"{count:,} {problem}" for problem, count in dropped.items() if count) or "none"


@dataclass(frozen=True)
class Finding:
    """One problem of one pair; `detail` says what exactly."""

    problem: Problem
    pair: Pair
    detail: str


@dataclass(frozen=True)
class Remark:
    """What was found of the text as a whole: the kind, and what exactly."""

    kind: str
    detail: str


@dataclass
class CheckReport:
    """What a check found.

    `counts` has, for each problem, the pairs that show it; a pair may show several. `dropped` has
    each dropped pair once, at its first problem, so that it sums to `pairs - kept`. Token totals
    are over the kept pairs, in `unit`; the longest sides are over all. `remarks` are about the whole text.
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
    remarks: tuple[Remark, ...] = ()

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
            "remarks": [asdict(remark) for remark in self.remarks],
        }

    def render(self) -> str:
        """The report as text for a reader, without a final line end."""
        remarks = ["", *(f"{remark.kind}: {remark.detail}" for remark in self.remarks)] if self.remarks else []
        return "\n".join([*self._render_totals(), *remarks, *self._render_counts(), *self._render_examples()])

    def _render_totals(self) -> list[str]:
        lines = [
            f"pairs    {self.pairs:,} read, {self.kept:,} kept",
            f"{self.unit:<8} {self.source_tokens:,} source, {self.target_tokens:,} target, in the pairs kept",
        ]
        if self.longest_source and self.longest_target:
            sides = ("source", self.longest_source), ("target", self.longest_target)
            lines.append("longest  " + ", ".join(f"{size} {side} ({pair.place})" for side, (size, pair) in sides))
        return lines

    def _render_counts(self) -> list[str]:
        found = [problem for problem in Problem if self.counts[problem]]
        if not found:
            return [] if self.remarks else ["", "no problem found"]
        rows = [
            f"{problem:<15} {self.counts[problem]:>9,} {self.dropped[problem]:>9,}  {MEANING[problem]}"
            for problem in found
        ]
        return ["", f"{'problem':<15} {'pairs':>9} {'dropped':>9}", *rows]

    def _render_examples(self) -> list[str]:
        lines = []
        for problem in Problem:
            if self.examples[problem]:
                lines += ["", f"{problem}, {self._how_many(problem)}:"]
            for finding in self.examples[problem]:
                lines.append(f"  {finding.pair.place}: {finding.detail}")
                lines.append(f"    source  {quote(finding.pair.source)}")
                lines.append(f"    target  {quote(finding.pair.target)}")
        return lines

    def _how_many(self, problem: Problem) -> str:
        shown, count = len(self.examples[problem]), self.counts[problem]
        return f"the first {shown} of {count:,}" if shown < count else f"all {count}"


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
