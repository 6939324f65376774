"""What is wrong with sentence pairs, said before training rather than learnt by it.

`check-data` prints the report; training judges its pairs by the same `Checker`, keeps what it keeps, and
reports what was dropped. The pairs are read twice and never held: memory does not grow with the texts.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from glassformer.data.check.overview import Overview
from glassformer.data.check.repeats import CONFLICT, DUPLICATE
from glassformer.data.check.report import DEFAULT_DROP, CheckReport, Finding, Problem
from glassformer.data.check.rules import (
    encoding_of_pair,
    header_problem,
    invisible_problem,
    is_untranslated,
    length_problem,
    likeness,
    markup_problem,
    mixed_problem,
    quotes_problem,
    script_problem,
    which_is_empty,
)
from glassformer.data.check.survey import Survey
from glassformer.errors import InputError
from glassformer.text.pairs import Pair
from glassformer.text.printable import quote


def check_pairs(
    pairs: Iterable[Pair],
    validation: Iterable[Pair] = (),
    *,
    count: Callable[[str], int] = lambda text: len(text.split()),
    unit: str = "words",
    max_length: int | None = None,
    drop: Collection[Problem] = DEFAULT_DROP,
) -> CheckReport:
    """A report on all pairs, as `Checker` judges them; `count` gives a text's length in `unit`.

    `pairs` is read twice. Raises nothing of its own: what is wrong is in the report. `refuse_same` and
    `refuse_too_few` are for data that cannot be trained on at all.
    """
    survey, overview = Survey(), Overview()
    for pair in pairs:
        survey.add(pair)
        overview.add(pair)
    checker = Checker(survey, validation, unit, max_length, drop)
    for row, pair in enumerate(pairs):
        checker.keeps(row, pair, count(pair.source), count(pair.target))
    checker.report.remarks = tuple(overview.remarks())
    return checker.report


RULES: dict[Problem, Callable[[Pair], str]] = {
    Problem.HEADER: header_problem,
    Problem.QUOTES: quotes_problem,
    Problem.MARKUP: markup_problem,
    Problem.INVISIBLE: invisible_problem,
    Problem.MIXED_SCRIPT: mixed_problem,
}


class Checker:
    """Judges pairs one by one, in order, and keeps the report on them.

    Texts are compared exactly. Of equal pairs the first is kept; a training pair that is in
    `validation` too is the one dropped, so the validation set stays whole. Where pairs have directions, it is so too
    if it is there the other way round, and lengths and scripts are those of its direction. A side longer than
    `max_length`, in `unit`, is TOO_LONG. A pair with an empty side is judged no further. The other rules
    are in `rules`.

    Of the rules that only `check-data` needs, those outside `judged` are not tried: NEAR_VALIDATION, SCRIPT and those
    in RULES. Without a `survey` of all pairs, nothing is known of duplicates, conflicts and usual lengths.
    """

    def __init__(
        self,
        survey: Survey | None,
        validation: Iterable[Pair],
        unit: str,
        max_length: int | None,
        drop: Collection[Problem] = DEFAULT_DROP,
        judged: Collection[Problem] = tuple(Problem),
    ) -> None:
        self.report = CheckReport(unit)
        self._validation = _by_sides(list(validation))
        self._max_length = math.inf if max_length is None else max_length
        self._drop = drop
        self._repeated = survey.repeated() if survey else None
        self._rules = {problem: rule for problem, rule in RULES.items() if problem in judged}
        near = self._validation.values() if Problem.NEAR_VALIDATION in judged else ()
        self._alike = {alike: pair for pair in near if (alike := likeness(pair))}
        self._usual = survey.usual_ratios() if survey else {}
        self._scripts = survey.usual_scripts() if survey and Problem.SCRIPT in judged else {}
        self._earlier = self._repeated.earlier if self._repeated else {}
        self._wanted = set(self._earlier.values())
        self._shown: dict[int, Pair] = {}  # those wanted that have come, by row

    def keeps(self, row: int, pair: Pair, source_length: int, target_length: int) -> bool:
        """Whether the pair shows none of the problems in `drop`; the report tells of it in any case."""
        report = self.report
        report.pairs += 1
        if row in self._wanted:
            self._shown[row] = pair
        reason = None
        for problem, detail in self._problems(row, pair, source_length, target_length):
            report.add(Finding(problem, pair, detail))
            if reason is None and problem in self._drop:
                reason = problem
        if reason:
            report.dropped[reason] += 1
            return False
        report.kept += 1
        if pair.source.strip() and pair.target.strip():
            report.source_tokens += source_length
            report.target_tokens += target_length
        return True

    def _problems(self, row: int, pair: Pair, source_length: int, target_length: int) -> Iterator[tuple[Problem, str]]:
        """What is wrong with the pair, in the order of `Problem`."""
        source, target = pair.source.strip(), pair.target.strip()
        if not source or not target:
            yield Problem.EMPTY, which_is_empty(pair)
            return
        self._note_longest(pair, source_length, target_length)
        if max(source_length, target_length) > self._max_length:
            yield Problem.TOO_LONG, self._too_long(source_length, target_length)
        kind = self._repeated.kind(row) if self._repeated else 0
        if kind == DUPLICATE:
            earlier = self._before(row)
            yield Problem.DUPLICATE, f"same as {earlier.place}" if earlier else ""
        if held_out := self._validation.get((pair.source, pair.target)):
            yield Problem.IN_VALIDATION, f"same as {held_out.place}"
        if detail := length_problem(len(source), len(target), self._usual.get(pair.direction)):
            yield Problem.LENGTH_RATIO, detail
        if is_untranslated(pair):
            yield Problem.UNTRANSLATED, "target equals source"
        if detail := encoding_of_pair(pair):
            yield Problem.ENCODING, detail
        if kind == CONFLICT:  # a repeated pair has had its conflict told the first time
            earlier = self._before(row)
            yield Problem.CONFLICT, f"{earlier.place} has the target {quote(earlier.target)}" if earlier else ""
        if self._alike and not held_out and (near := self._alike.get(likeness(pair))):
            yield Problem.NEAR_VALIDATION, f"like {near.place}"
        for problem, rule in self._rules.items():
            if detail := rule(pair):
                yield problem, detail
        if detail := script_problem(pair, self._scripts.get(pair.direction, ("", ""))):
            yield Problem.SCRIPT, detail

    def _note_longest(self, pair: Pair, source: int, target: int) -> None:
        if self.report.longest_source is None or source > self.report.longest_source[0]:
            self.report.longest_source = source, pair
        if self.report.longest_target is None or target > self.report.longest_target[0]:
            self.report.longest_target = target, pair

    def _too_long(self, *lengths: int) -> str:
        sides = zip(("source", "target"), lengths, strict=True)
        long = [f"{side} has {size} {self.report.unit}" for side, size in sides if size > self._max_length]
        return f"{', '.join(long)}; the limit is {self._max_length}"

    def _before(self, row: int) -> Pair | None:
        """The pair that `row` repeats; remembered for the few that the report shows."""
        return self._shown.get(self._earlier.get(row, -1))


def _by_sides(pairs: Sequence[Pair]) -> dict[tuple[str, str], Pair]:
    """Each pair by its source and target, and if it has a direction, where no other is, the other way round."""
    other_way = {(pair.target, pair.source): pair for pair in pairs if pair.direction}
    return other_way | {(pair.source, pair.target): pair for pair in pairs}


def refuse_same(training: Iterable[Pair], validation: Iterable[Pair]) -> None:
    """Raise InputError if the two hold the same pairs: such a validation set measures nothing.

    Sets that merely overlap pass, since `Checker` takes the overlap out of training. `training` is read
    no further than to its first pair that is not in `validation`.
    """
    held_out = {(pair.source, pair.target) for pair in validation}
    seen = set()
    for pair in training:
        if (pair.source, pair.target) not in held_out:
            return
        seen.add((pair.source, pair.target))
    if seen and seen == held_out:
        raise InputError(
            f"the validation set is the training set: {origins(validation)} has the same pairs as "
            f"{origins(training)}; validate on pairs that are not trained on (move some lines out)"
        )


def refuse_too_few(report: CheckReport, pairs: Iterable[Pair]) -> None:
    """Raise InputError if fewer than two of `pairs` are kept, with what became of the others."""
    if report.kept >= 2:
        return
    lost = ", ".join(f"{count} {problem}" for problem, count in report.dropped.items() if count)
    left = "no usable pair" if not report.kept else "one usable pair"
    raise InputError(
        f"{left} in {origins(pairs)} ({report.pairs} read{'; dropped: ' + lost if lost else ''}); "
        "training needs at least two: give more pairs"
    )


def origins(pairs: Iterable[Pair]) -> str:
    """The files the pairs are from, each once."""
    return ", ".join(dict.fromkeys(pair.origin for pair in pairs if pair.origin)) or "it"
