"""Worked solutions for teachers: the lecture's example as a sheet, and one number followed back."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassformer.errors import InputError, UsageError
from glassformer.glass.cell import Cell, parse_cell
from glassformer.glass.lecture.checks import passes
from glassformer.glass.numbers import show
from glassformer.glass.ops import LEAVES, OPS
from glassformer.glass.ops.mask import REASONS
from glassformer.glass.ops.op import Index
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.views.labels import cell_name, equation, is_product, words
from glassformer.glass.views.latex.formulas import fitted, matrices, tex_math
from glassformer.glass.views.latex.text import document, tex_text

LINE = 70  # characters of a formula, about as many as fit
MOST_TERMS, FIRST, LAST = 24, 12, 4  # of a sum: more are cut to the first and the last


def worked_solution(trace: Trace, answers: bool = True) -> str:
    """The lecture's example, step by step, as a LaTeX document.

    Each step has its formula, its matrices, and a number or two worked out term by term. Without
    `answers` only what is given has its numbers; the results are empty matrices to fill in.

    Raises UsageError for a trace that is not of the lecture (see `cell_solution`).
    """
    if trace.meta["kind"] != "lecture":
        raise UsageError("a worked solution is of the lecture's example; of a translation, export one cell's")
    body, shown = [_introduction(trace, answers)], set[str]()
    for stop in trace.tour:
        steps = list(_ready(trace, stop["tensors"], shown))
        if steps:
            body += _section(trace, stop, steps, answers)
    title = trace.meta["title"] + (": worked solution" if answers else ": exercise")
    return document(title, body)


def cell_solution(trace: Trace, cell: str, depth: int = 2) -> str:
    """Where one number, named as in `decoder.0.cross_attention.scores[0,2,3]`, comes from: a LaTeX document.

    First the number itself; then, `depth` levels deep, the largest operand of each role, as far as
    the trace carries what they are made from. Raises UsageError where there is no such cell, InputError
    where the trace does not carry what it is made from.
    """
    asked = trace.cell_at(*parse_cell(cell))
    title = f"{trace.tensor(asked.tensor).label}[{', '.join(map(str, asked.index))}] = {show(asked.value)}"
    body = [_derivation(trace, one) for one in _followed(trace, asked, depth)]
    return document(title, [tex_text(trace.meta["title"]), *body])


def _ready(trace: Trace, names: Sequence[str], shown: set[str]) -> Iterator[TracedTensor]:
    """The tensors that can be shown now, each after the given ones it is made from.

    A stop may point at a result before the steps that make it; it then comes with a later stop.
    """
    for name in names:
        tensor = trace.tensor(name)
        given = [one for one in trace.operands(tensor).values() if one.op in LEAVES]
        if name in shown or not {*tensor.operands.values()} - {one.name for one in given} <= shown:
            continue
        for one in (*given, tensor):
            if one.name not in shown:
                shown.add(one.name)
                yield one


def _introduction(trace: Trace, answers: bool) -> str:
    variance, eps = trace.conventions["variance"], tex_math(show(trace.conventions["norm_eps"]))
    tokens = ", ".join(token["text"] for token in trace.axes["source"]["tokens"])
    task = "Rows are tokens." if answers else "Rows are tokens. Fill in the empty matrices, with four decimals."
    return (
        f"The tokens are {tex_text(tokens)}. {task} The norm stands after the residual, divides by the "
        f"{tex_text(variance)} variance, and has $\\varepsilon = {eps}$ inside its root."
    )


def _section(trace: Trace, stop: dict[str, Any], steps: list[TracedTensor], answers: bool) -> list[str]:
    formula = fitted(*map(tex_math, stop["formula"].split(",  ")))
    parts = [f"\\subsection*{{{tex_text(stop['title'])}}}", tex_text(stop["concept"]), formula]
    for tensor in steps:
        parts += _step(trace, tensor, answers)
    if answers:
        derived = [tensor for tensor in steps if _is_worked(tensor)]
        parts += [_terms(trace, tensor) for tensor in (derived if len(derived) < 3 else (derived[0], derived[-1]))]
    return parts


def _is_worked(tensor: TracedTensor) -> bool:
    """Whether a cell of it is worked out term by term."""
    return tensor.op in OPS and OPS[tensor.op].term_by_term


def _step(trace: Trace, tensor: TracedTensor, answers: bool) -> list[str]:
    """A tensor's matrix, or one for each head, with the equation it comes from."""
    values = trace.values(tensor.name)
    rows = words(trace, tensor, -2 if values.ndim > 1 else 0)
    parts = []
    for head, one in enumerate(values if values.ndim == 3 else [values.reshape(len(values), -1)]):
        name = f"\\text{{head {head}: }} " if values.ndim == 3 else ""
        left = f"{name}{_equation(trace, tensor)} = "
        parts += [
            fitted(left + part) + _note(where) for part, where in matrices(one, rows, answers or tensor.op in LEAVES)
        ]
    if tensor.dtype == "uint8":
        parts.append(", ".join(f"{number}: {reason}" for number, reason in enumerate(REASONS)) + ".")
    return parts + (_errata(trace, tensor) if answers else [])


def _note(where: str) -> str:
    return f"\\hfill{{\\footnotesize {where}}}\\par" if where else ""


def _equation(trace: Trace, tensor: TracedTensor) -> str:
    """`Q = (X+PE) · W_Q`, in mathematics."""
    label = tensor.label or tensor.name
    labels = {role: trace.tensor(name).label for role, name in tensor.operands.items()}
    symbols = {role: _factor(one) if is_product(tensor) else one for role, one in labels.items()}
    left, right = tex_math(label), tex_math(equation(tensor, symbols) or "")
    return left if not right or left == right.replace(" ", "") else f"{left} = {right}"


def _factor(label: str) -> str:
    """A symbol as a factor of a product: one that is a sum or a quotient gets brackets."""
    return f"({label})" if any(sign in label for sign in " +/") else label


def _errata(trace: Trace, tensor: TracedTensor) -> list[str]:
    found = [one for one in trace.checks if one["tensor"] == tensor.name and one["erratum"] and passes(one)]
    return [f"\\emph{{The lecture differs here: {tex_text(one['erratum'])}.}}" for one in found]


def _terms(trace: Trace, tensor: TracedTensor) -> str:
    """One cell of the second row (the first is often too plain), term by term."""
    *head, rows, _ = tensor.shape
    return _derivation(trace, trace.cell_at(tensor.name, (*(0 for _ in head), min(1, rows - 1), 0)))


def _followed(trace: Trace, cell: Cell, depth: int) -> Iterator[Cell]:
    yield cell
    if depth <= 0:
        return
    largest: dict[str, tuple[float, str, Index]] = {}
    for operand in cell.operands:
        size = abs(operand.value) if np.isfinite(operand.value) else 0.0
        if trace.tensor(operand.tensor).op not in LEAVES and size > largest.get(operand.role, (-1.0,))[0]:
            largest[operand.role] = (size, operand.tensor, operand.index)
    for _, name, index in largest.values():
        try:
            found = trace.cell_at(name, index)
        except InputError:  # made from parameters that the trace does not carry
            continue
        yield from _followed(trace, found, depth - 1)


def _derivation(trace: Trace, cell: Cell) -> str:
    left, equals, right = cell.formula.partition(" = ")
    lines = [f"{tex_math(left)} &= {tex_math(right)}" if equals else f"&{tex_math(left)}"]
    if cell.substituted != show(cell.value):
        first, *more = _lines(cell.substituted)
        lines += [f"&= {first}", *(f"&\\quad {line}" for line in more)]
    lines.append(f"&= {tex_math(show(cell.value))}")
    place = tex_text(f"{cell.tensor}: {cell_name(trace, trace.tensor(cell.tensor), cell.index)}")
    body = " \\\\\n".join(lines)
    return f"\\textbf{{{place}}}\n\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _lines(text: str) -> list[str]:
    """A sum, broken where it is longer than a line; of very many terms only the first and the last."""
    terms = _split(text)
    if len(terms) > MOST_TERMS:
        left_out = len(terms) - FIRST - LAST
        terms = [*terms[:FIRST], f"… ({left_out} more) …", *terms[-LAST:]]
    lines = [""]
    for number, term in enumerate(terms):
        sign = " + " if number else ""
        if lines[-1] and len(lines[-1]) + len(sign) + len(term) > LINE:
            lines.append("")
        lines[-1] += sign + term
    return [tex_math(line) for line in lines]


def _split(text: str) -> list[str]:
    """The terms of a sum: parts between plus signs, but not those under a root or in a power."""
    terms, depths = [""], list[bool]()
    place = 0
    while place < len(text):
        if text.startswith(" + ", place) and not any(depths):
            terms.append("")
            place += 3
            continue
        if text[place] == "(":
            depths.append(text[place - 1 : place] in ("√", "^"))
        elif text[place] == ")" and depths:
            depths.pop()
        terms[-1] += text[place]
        place += 1
    return terms
