"""A translation on the terminal: tokens with probability and runners-up, and the decode loop step by step."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.glass.views.terminal.attention import Attention
from glassformer.glass.views.terminal.text import BLUE, DIM, ORANGE, STRONG, heading, print_line, visible

Token = Mapping[str, Any]
RUNNERS_UP = 2  # shown with a token
LISTED = 5  # candidates of a step
MOST_ATTENDED = 3  # tokens of the source, of a step
BAR = 20  # characters of a probability of 1


def print_tokens(console: Console, title: str, axis: Mapping[str, Any]) -> None:
    """A line for each token of an axis: its place, its id, its characters and its word in the text."""
    tokens = axis["tokens"]
    heading(console, title, f"{len(tokens)} tokens")
    print_line(console, visible(axis["text"]))
    if "typed" in axis:
        print_line(console, ("typed as  ", DIM), visible(axis["typed"]))
    if "read_as" in axis:
        print_line(console, ("read as  ", DIM), visible(axis["read_as"]))
    print_line(console, (f"{_SPAN_NAMES}  token", DIM))
    for place, token in enumerate(tokens):
        print_line(console, _span(place, token), "  ", visible(token["text"]))


_SPAN_NAMES = f"{'#':>3}  {'id':>6}  {'chars':>7}  {'word':>4}"


def _span(place: int, token: Token) -> str:
    """A special token stands for no characters, and is no part of a word."""
    empty = token["start"] == token["end"]
    chars = "-" if empty else f"{token['start']}-{token['end']}"
    word = "-" if token["word"] is None else str(token["word"])
    return f"{place:>3}  {token['id']:>6}  {chars:>7}  {word:>4}"


def print_translation(console: Console, trace: Trace) -> None:
    """The text, and for each of its tokens the probability, the rank if it was not the likeliest, the runners-up."""
    decode, tokens = trace.decode, trace.axes["target"]["tokens"]
    if decode is None:
        print_tokens(console, "Target", trace.axes["target"])
        return
    heading(console, "Translation" if trace.meta["kind"] == "translation" else "Decoding", _summary(decode))
    print_line(console, (visible(decode["text"]), STRONG))
    print_line(console, (f"{_SPAN_NAMES}  {'p':>9}  {'rank':>4}  token   runners-up", DIM))
    if tokens:
        print_line(console, _span(0, tokens[0]), f"  {'given':>9}  {'':>4}  {visible(tokens[0]['text'])}")
    for place, step in enumerate(decode["steps"], 1):
        chosen = step["chosen"]
        # The last token is chosen, but never read.
        where = tokens[place] if place < len(tokens) else {"id": chosen["id"], "start": 0, "end": 0, "word": None}
        numbers = f"  {show(chosen['probability']):>9}  {chosen['rank'] + 1:>4}  "
        print_line(console, _span(place, where), numbers, (visible(chosen["text"]), STRONG), (_runners_up(step), DIM))


def _summary(decode: Mapping[str, Any]) -> str:
    options = decode["options"]
    how = f"beam {options['beam']}, length penalty {options['length_penalty']:g}"
    how = how if decode["strategy"] == "beam" else f"{decode['strategy']}"
    cut = "" if decode["finished"] else ", cut off"
    return f"{how}; ln p {show(decode['log_prob'])}, score {show(decode['score'])}{cut}"


def _runners_up(step: Mapping[str, Any]) -> str:
    return "".join(f"   {visible(c['text'])} {show(c['probability'])}" for c in runners_up(step))


def runners_up(step: Mapping[str, Any]) -> list[Token]:
    """The likeliest tokens of a step that were not chosen."""
    return [c for c in step["candidates"] if c["id"] != step["chosen"]["id"] and not c["forbidden"]][:RUNNERS_UP]


def print_steps(
    console: Console, trace: Trace, attention: Attention | None, layer: int | None, head: int | None
) -> None:
    """The decode loop: at each step the token read, what it attends to, the candidates, the one chosen."""
    if trace.decode is None:
        return
    heading(console, "Decode loop", "> chosen, x may never be said")
    for step in trace.decode["steps"]:
        numbers = f"entropy {show(step['entropy'])}, ln Σ exp(logits) {show(step['logsumexp'])}"
        print_line(console)
        print_line(
            console, (f"step {step['step']}", STRONG), f"  {numbers}   reads ", (visible(step["read"]["text"]), STRONG)
        )
        if attention and step["step"] < attention.weights_LHQK.shape[2]:
            _print_most_attended(console, trace, attention.choose(layer, head)[step["step"]].tolist())
        print_line(
            console, (f"    {'rank':>4}  {'id':>6}  {'logit':>9}  {'ln p':>9}  {'p':>9}  {'':{BAR}}  token", DIM)
        )
        for candidate in _listed(step):
            _print_candidate(console, candidate, candidate["id"] == step["chosen"]["id"])


def _print_most_attended(console: Console, trace: Trace, weights: list[float]) -> None:
    tokens = trace.axes["source"]["tokens"]
    places = sorted(range(len(weights)), key=lambda place: -weights[place])[:MOST_ATTENDED]
    looks = "   ".join(f"{show(weights[place])} {visible(tokens[place]['text'])}" for place in places)
    print_line(console, ("  looks at  ", DIM), looks)


def _listed(step: Mapping[str, Any]) -> list[Token]:
    """The likeliest candidates, and the chosen one if it is none of them."""
    best = step["candidates"][:LISTED]
    return best if any(c["id"] == step["chosen"]["id"] for c in best) else [*best, step["chosen"]]


def _print_candidate(console: Console, candidate: Token, chosen: bool) -> None:
    mark = ">" if chosen else "x" if candidate.get("forbidden") else " "
    numbers = "  ".join(f"{show(candidate[name]):>9}" for name in ("logit", "log_prob", "probability"))
    bar = "█" * round(min(max(candidate["probability"], 0), 1) * BAR)  # a trace of somebody else may say anything
    line = f"  {mark} {candidate['rank'] + 1:>4}  {candidate['id']:>6}  {numbers}  "
    text = (visible(candidate["text"]), STRONG if chosen else "")
    print_line(console, line, (f"{bar:<{BAR}}", ORANGE if chosen else BLUE), "  ", text)
