"""A cause on the terminal: the question, the maps of effects, the sum, the lens, and what the attributions say."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from glassformer.errors import UsageError
from glassformer.glass.causes.attribution.comparison import NOTHING, ON_THE_WAY
from glassformer.glass.causes.sweep import EffectMap
from glassformer.glass.numbers import fixed, signed
from glassformer.glass.record import Trace
from glassformer.glass.views.terminal.grid import Row, print_grid
from glassformer.glass.views.terminal.text import BLUE, DIM, ORANGE, STRONG, Part, flow, heading, print_line, visible

TERMS = 8  # of the sum that are printed; the rest is one line
LITTLE = 0.05  # of the largest effect: below it a number is dim
NO_COUNTERPART = "·"
PUT_THERE = {
    "patch": "the second sentence's numbers in the place of its own",
    "mean": "the mean over the sentence's positions in the place of its own numbers",
    "zero": "zero in the place of its own numbers",
}
KINDS = {"self_attention": "self-attention", "cross_attention": "cross-attention", "feed_forward": "feed-forward"}
NOUNS = {"logit_difference": "logit difference", "log_probability": "log-probability", "probability": "probability"}


def print_cause(console: Console, trace: Trace) -> None:
    """Print the cause that a trace carries; UsageError where it carries none."""
    if trace.cause is None:
        raise UsageError(
            "this trace has no cause; ask for one with a model and a sentence: explain MODEL SENTENCE --cause"
        )
    cause = Shown(trace, trace.cause)
    _question(cause, console)
    for stack in ("encoder", "decoder"):
        _stream(cause, console, cause.map(f"{stack}.stream"))
        _sublayers(cause, console, stack)
    _deciding(cause, console)
    _sum(cause, console)
    _lens(cause, console)
    _attributions(cause, console)


class Shown:
    """A record's cause, and what the views want of the trace around it."""

    def __init__(self, trace: Trace, cause: dict[str, Any]) -> None:
        self.cause = cause
        self.maps = [EffectMap.from_dict(one) for one in cause["maps"]]
        self.most = max(one.largest() for one in self.maps)
        self.source = [visible(one["text"]) for one in trace.axes["source"]["tokens"]]
        self.written = [visible(step["chosen"]["text"]) for step in (trace.decode or {"steps": []})["steps"]]
        self.read = [visible(one["text"]) for one in trace.axes["target"]["tokens"]]

    def __getitem__(self, name: str) -> Any:
        return self.cause[name]

    def map(self, name: str) -> EffectMap:
        """The map of that name."""
        return next(one for one in self.maps if one.name == name)


def _question(cause: Shown, console: Console) -> None:
    contrast, second = cause["contrast"], cause["second"]
    measure = NOUNS[contrast["measure"]]
    of = "A and B" if contrast["measure"] == "logit_difference" else "A"
    heading(console, "Question", f"at step {contrast['step']} of the translation: why word A, and not word B?")
    print_line(console, ("A  ", ORANGE), visible(contrast["a"]["text"]))
    print_line(console, ("B  ", BLUE), visible(contrast["b"]["text"]))
    print_line(console, f"{signed(cause['clean']):>7}  ", (f"{measure} of {of}", DIM))
    if cause["other"] is not None:
        print_line(console, f"{signed(cause['other']):>7}  ", ("after the same words, in the second sentence", DIM))
    if second:
        print_line(console, ("second sentence  ", DIM), visible(second["text"]))
    heading(console, "Effects", f"what the {measure} loses with {PUT_THERE[cause['ablation']]}")
    print_line(console, ("positive: the part speaks for A", ORANGE), ("   negative: for B", BLUE))


def _stream(cause: Shown, console: Console, one: EffectMap) -> None:
    names = (cause.source if one.columns == "source" else cause.written)[: len(one.total[0])]
    what = "a column for each source token" if one.columns == "source" else "a column for each step"
    heading(console, f"{one.name.partition('.')[0].capitalize()}'s residual stream", f"{what}; total effects")
    rows = [Row(name, _cells(values, cause.most)) for name, values in zip(_depths(one), one.total, strict=True)]
    print_grid(console, [str(place) for place in range(len(names))], rows)
    first = "tokens  " if one.columns == "source" else "writes  "
    flow(console, (f"{place} {name}" for place, name in enumerate(names)), len(first), first, "  ")


def _depths(one: EffectMap) -> list[str]:
    return [name if name == "embedding" else f"after {name}" for name in one.rows]


def _sublayers(cause: Shown, console: Console, stack: str) -> None:
    """Attentions by heads and feed-forward blocks, total and direct effect."""
    some = [one for one in cause.maps if one.name.startswith(stack) and one.columns in ("head", "all")]
    heading(console, f"{stack.capitalize()}'s sublayers", "total effect / direct effect")
    heads = max(len(one.total[0]) for one in some)
    rows = []
    for one in some:
        kind = one.name.partition(".")[2]
        for name, total, direct in zip(one.rows, one.total, one.direct, strict=True):
            cells = [_both(t, d, cause.most) for t, d in zip(total, direct, strict=True)]
            cells += [Text("")] * (heads - len(cells))
            rows.append(Row(f"{name}  {KINDS[kind]}", cells))
    print_grid(console, [f"head {head}" for head in range(heads)], rows)
    print_line(console, ("a feed-forward block has no heads: its effect stands in the first column", DIM))


def _cells(values: Sequence[float | None], most: float) -> list[Text]:
    return [_effect(value, most) for value in values]


def _effect(value: float | None, most: float) -> Text:
    if value is None:
        return Text(NO_COUNTERPART, DIM)
    if abs(value) < LITTLE * most:
        return Text(signed(value, 1), DIM)
    return Text(signed(value, 1), ORANGE if value > 0 else BLUE)


def _both(total: float | None, direct: float | None, most: float) -> Text:
    text = _effect(total, most)
    return text if direct is None else Text.assemble("  ", text, (" / ", DIM), _effect(direct, most))


def _deciding(cause: Shown, console: Console) -> None:
    heading(console, "What decides", "source words and heads whose change has at least half of the largest effect")
    stream = cause.map("encoder.stream")
    for place in cause["deciding"]:
        column = [row[place] or 0.0 for row in stream.total]
        value = max(column, key=abs)
        share = "" if cause["other"] is None else _share(value, cause["clean"] - cause["other"])
        where = _depths(stream)[column.index(value)]
        print_line(console, f"{signed(value):>7}  ", (f"{where}{share}  ", DIM), cause.source[place])
    for one in cause.maps:
        for name, values in zip(one.rows, one.total, strict=True):
            for head, value in enumerate(values if one.columns == "head" else ()):
                if value is not None and abs(value) >= max(ON_THE_WAY * cause.most, NOTHING):
                    stack, kind = one.name.split(".")
                    print_line(console, f"{signed(value):>7}  ", f"{stack} {name}, {KINDS[kind]}, head {head}")


def _share(value: float, whole: float) -> str:
    return f", {signed(100 * value / whole, 0)} % of the way to the second sentence" if whole else ""


def _sum(cause: Shown, console: Console) -> None:
    terms = sorted(cause["decomposition"], key=lambda term: -abs(term["value"]))
    if not terms:
        return
    heading(console, "The logit difference as a sum", "direct shares, each norm's scale frozen")
    for term in terms[:TERMS]:
        print_line(console, f"{signed(term['value']):>7}  ", _named(term), *_looked_at(cause, term))
    if rest := terms[TERMS:]:
        print_line(console, f"{signed(sum(term['value'] for term in rest)):>7}  ", (f"{len(rest)} other terms", DIM))
    print_line(console, (f"{signed(sum(term['value'] for term in terms)):>7}", STRONG), ("  sum", DIM))


def _named(term: dict[str, Any]) -> str:
    name = term["tensor"].removesuffix(".heads").removesuffix(".outer")
    return f"{name}, head {term['head']}" if term["head"] is not None else name


def _looked_at(cause: Shown, term: dict[str, Any]) -> list[Part]:
    """The place that gave a head the most of its share."""
    shares = term["by_key"] or ()
    if not shares:
        return []
    place = max(range(len(shares)), key=lambda one: abs(shares[one]))
    token = (cause.source if "cross_attention" in term["tensor"] else cause.read)[place]
    return [(f"  {signed(shares[place])} of which from {place} ", DIM), token]


def _lens(cause: Shown, console: Console) -> None:
    note = f"what the decoder would say at step {cause['contrast']['step']} after each layer"
    heading(console, "Logit lens", note)
    for depth, one in zip(_depths(cause.map("decoder.stream")), cause["lens"], strict=True):
        words = "  ".join(f"{fixed(said['probability'], 2)} {visible(said['text'])}" for said in one["candidates"])
        print_line(console, (f"{depth:<13}  ", DIM), f"{signed(one['value']):>7}  ", words)


def _attributions(cause: Shown, console: Console) -> None:
    heading(console, "Attributions", "each method's first source word, beside what the interventions found")
    print_line(console, (f"{'':<20}  {'ranks':>5}  {'source':>6}", DIM))
    for one in cause["attributions"]:
        top = max(range(len(one["source"])), key=lambda place: abs(one["source"][place]))
        verdict = "names a deciding word" if top in cause["deciding"] else "disagrees with the interventions"
        ranks = "–" if one["agreement"] is None else signed(one["agreement"])
        sizes = [sum(map(abs, one[side])) for side in ("source", "target")]
        share = fixed(100 * sizes[0] / (sum(sizes) or 1.0), 0)
        print_line(
            console, f"{one['method']:<20}  {ranks:>5}  {share:>4} %  ", (f"{verdict:<32}  ", DIM), cause.source[top]
        )
    print_line(console, ("ranks: correlation with the effects, word by word; source: share of the source in all", DIM))
