"""The beam as a tree, with the arithmetic of every score."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.views.terminal.text import BLUE, DIM, ORANGE, flow, heading, print_line, visible
from glassformer.special import EOS
from glassformer.text.tokenizer import META

Node = Mapping[str, Any]
SIGNS = {"best": ("◆", ORANGE), "kept": ("●", BLUE), "finished": ("■", BLUE), "pruned": ("○", DIM)}


def print_beam(console: Console, trace: Trace) -> None:
    """The tree; then every finished hypothesis, the best first, with its score written out."""
    if trace.beam is None:
        return
    nodes = trace.beam["nodes"]
    heading(
        console, "Beam", f"width {trace.beam['width']}; " + ", ".join(f"{s} {name}" for name, (s, _) in SIGNS.items())
    )
    names = f"{'ln p':>9} {'sum':>9} / {'penalty':>7} = {'score':>9}"
    print_line(console, (f"{'step':>4} {names}  a branch ├─ is another choice", DIM))
    for node, branch in _lines(nodes):
        sign, style = SIGNS[node["state"]]
        numbers = f"{show(node['sum']):>9} / {show(node['penalty']):>7} = {show(node['score']):>9}"
        text = (visible(node["text"]), style if node["state"] in ("best", "pruned") else "")
        print_line(
            console,
            f"{node['step']:>4} {show(node['log_prob']):>9} {numbers}  ",
            (branch, DIM),
            (f"{sign} ", style),
            text,
        )
    _print_scores(console, nodes, trace.beam["length_penalty"])


def _lines(nodes: list[Node]) -> Iterator[tuple[Node, str]]:
    """Each node with the branches drawn before it.

    The last child of a node continues its line, the others branch off above it: the tree grows wider
    with its branches, not with the length of the sentence. The longest line of descent comes last.
    """
    children: dict[int, list[Node]] = {node["id"]: [] for node in nodes}
    for node in nodes[1:]:
        children[node["parent"]].append(node)
    reach: dict[int, tuple[bool, int]] = {}
    for node in reversed(nodes):  # parents come before their children
        deepest = max((reach[child["id"]][1] for child in children[node["id"]]), default=node["step"])
        reach[node["id"]] = (node["state"] == "best", deepest)
    waiting = [(nodes[0], "", "")]
    while waiting:
        node, indent, branch = waiting.pop()
        yield node, indent + branch
        inner = indent + ("│ " if branch else "")
        ordered = sorted(children[node["id"]], key=lambda child: reach[child["id"]])
        waiting += [(child, inner, "") for child in ordered[-1:]]
        waiting += [(child, inner, "├─") for child in ordered[:-1]]


def _print_scores(console: Console, nodes: list[Node], alpha: float) -> None:
    inner = {node["parent"] for node in nodes}
    ends = [n for n in nodes if n["state"] == "finished" or (n["state"] == "best" and n["id"] not in inner)]
    heading(console, "Scores", "of what is finished: sum of ln p / ((5 + length) / 6)^length penalty")
    for node in sorted(ends, key=lambda node: (node["state"] != "best", -node["score"])):
        path = _path(nodes, node)
        sign, style = SIGNS[node["state"]]
        text = "".join(one["piece"] for one in path if one["token"] != EOS).replace(META, " ").strip()
        print_line(console, (f"{sign} ", style), visible(text))
        flow(console, score_terms(path, alpha), 4, "  ")


def score_terms(path: list[Node], alpha: float) -> list[str]:
    """score = (−0.12 − 0.08) / ((5+2)/6)^0.6 = −0.2 / 1.097 = −0.1823, in parts that belong on one line."""
    node = path[-1]
    first, *others = [one["log_prob"] for one in path]
    terms = [f"({show(first)}", *(f"{'−' if term < 0 else '+'} {show(abs(term))}" for term in others)]
    terms[-1] += ")"
    penalty = f"/ ((5+{node['length']})/6)^{alpha:g}"
    result = f"= {show(node['sum'])} / {show(node['penalty'])} = {show(node['score'])}"
    return ["score =", *terms, penalty, result]


def _path(nodes: list[Node], node: Node) -> list[Node]:
    """From the first token said to this one."""
    path = [node]
    while (number := path[-1]["parent"]) is not None and nodes[number]["parent"] is not None:
        path.append(nodes[number])
    return path[::-1]
