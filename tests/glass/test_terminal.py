"""The terminal view: what it prints is what the trace holds, lines up, and is harmless."""

import dataclasses
import io
import itertools
import math
import re
import unicodedata

import numpy as np
import pytest
import torch
from rich.console import Console

from glassformer.errors import UsageError
from glassformer.glass.lecture.replay import replay
from glassformer.glass.numbers import fixed, show
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.views.terminal import TerminalOptions, render
from glassformer.glass.views.terminal.attention import SHADES, entropies, shade
from glassformer.glass.views.terminal.text import visible
from glassformer.model import ModelConfig, Transformer
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

SENTENCE = "we हम दोस्त été 友達 שלום سلام"
SIGNS = {"best": "◆", "kept": "●", "finished": "■", "pruned": "○"}
VARIED = {"no_repeat_ngram": 1, "max_length": 14}  # the model knows nothing, but says no token twice
NUMBER = r"−?[0-9.]+(?:e−?[0-9]+)?"


@pytest.fixture(scope="module")
def translator():
    """Random weights, loud enough to have opinions, and pieces of many scripts."""
    tokenizer = Tokenizer.train([SENTENCE, *SENTENCE.split()] * 20, 289, coverage=1.0)
    torch.manual_seed(3)
    shape = {"d_model": 16, "d_ff": 24, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 3, "max_length": 64}
    model = Transformer(ModelConfig(vocab_size=tokenizer.vocab_size, dropout=0.0, **shape)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 1.5
        model.generator.weight[4:260] *= 0.1  # say few bare bytes
    return Translator(model, tokenizer, tokenizer)


@pytest.fixture(scope="module")
def traces(translator):
    return {
        "greedy": trace(translator, SENTENCE, **VARIED),
        "beam": trace(translator, SENTENCE, beam=4, **VARIED),
        "forced": trace(translator, SENTENCE, "हम दोस्त", detail="attention", pad=2),
        "long": trace(translator, " ".join([SENTENCE] * 6), " ".join([SENTENCE] * 5)),
        "lecture": replay(),
    }


def printed(traced, width=80, **options):
    """The lines on a console that is no terminal."""
    console = Console(file=io.StringIO(), width=width)
    render(traced, console, TerminalOptions(**options))
    return console.file.getvalue().splitlines()


def section(lines, title):
    """The lines from a title to the next blank line."""
    first = next(number for number, line in enumerate(lines) if line.startswith(title))
    rest = lines[first + 1 :]
    return rest[: rest.index("")] if "" in rest else rest


def weights(traced, attention):
    """(L, H, Q, K), from the record itself."""
    stack, sublayer = ("decoder", "cross") if attention == "cross" else (attention, "self")
    found = [
        one.values
        for name, one in traced.tensors.items()
        if re.fullmatch(rf"{stack}\.\d+\.{sublayer}_attention\.weights", name)
    ]
    return np.stack(found).astype(float)


def heat_map(lines, columns):
    """The signs (Q, K) of a heat map, and of each row where it looks most, and how much; from any blocks."""
    rows, most = {}, {}
    for line in lines:
        if found := re.match(r" *(\d+)((?: +(?:[·░▒▓█/x#])\S)+)  +(\d+): ([0-9.]+)  ", line):
            rows.setdefault(int(found[1]), []).extend(found[2].split())
            most[int(found[1])] = int(found[3]), float(found[4])
    assert all(len(row) == columns for row in rows.values())
    return [rows[number] for number in range(len(rows))], [most[number] for number in range(len(rows))]


# Tokens and probabilities


def test_every_source_token_with_its_id_and_span(traces):
    lines, tokens = section(printed(traces["greedy"]), "Source"), traces["greedy"].axes["source"]["tokens"]
    for place, (line, token) in enumerate(zip(lines[2:], tokens, strict=True)):
        number, identity, chars, word, text = line.split(maxsplit=4)
        assert (int(number), int(identity), text) == (place, token["id"], visible(token["text"]))
        assert chars == (
            "-" if token["special"] or token["start"] == token["end"] else f"{token['start']}-{token['end']}"
        )
        assert word == ("-" if token["word"] is None else str(token["word"]))


@pytest.mark.parametrize("name", ["greedy", "beam", "forced", "long", "lecture"])
def test_every_said_token_with_the_probability_and_rank_of_the_trace(traces, name):
    traced = traces[name]
    lines = section(printed(traced), "Decoding" if name == "lecture" else "Translation")
    assert lines[0] == visible(traced.decode["text"])
    for line, step in zip(lines[3:], traced.decode["steps"], strict=True):
        place, identity, _, _, probability, rank, text = line.split(maxsplit=6)
        said = step["chosen"]
        assert (int(place), int(identity)) == (step["step"] + 1, said["id"])
        assert (probability, int(rank)) == (show(said["probability"]), said["rank"] + 1)
        rivals = [c for c in step["candidates"] if c["id"] != said["id"] and not c["forbidden"]][:2]
        assert text == "   ".join(
            [visible(said["text"]), *(f"{visible(c['text'])} {show(c['probability'])}" for c in rivals)]
        )


def test_the_decode_loop_lists_the_candidates_and_marks_the_chosen(traces):
    traced = traces["forced"]
    text = "\n".join(printed(traced, steps=True))
    blocks = re.split(r"^step (?=\d)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(traced.decode["steps"])
    for block, step in zip(blocks, traced.decode["steps"], strict=True):
        rows = re.findall(
            rf"^  ([> x]) +(\d+) +(\d+) +({NUMBER}) +({NUMBER}) +({NUMBER})  (█* *)  ", block, re.MULTILINE
        )
        by_id = {c["id"]: c for c in (*step["candidates"], step["chosen"])}
        assert [int(row[2]) for row in rows if row[0] == ">"] == [step["chosen"]["id"]]
        for mark, rank, identity, *numbers, bar in rows:
            one = by_id[int(identity)]
            assert (int(rank), numbers) == (
                one["rank"] + 1,
                [show(one[key]) for key in ("logit", "log_prob", "probability")],
            )
            assert abs(len(bar.strip()) / 20 - one["probability"]) <= 0.5 / 20 + 1e-9
            assert mark == ">" or (mark == "x") == one["forbidden"]
        assert f"reads {visible(step['read']['text'])}\n" in block


# Attention


@pytest.mark.parametrize("attention", ["cross", "encoder", "decoder"])
@pytest.mark.parametrize(("layer", "head"), [(None, None), (1, None), (None, 3), (0, 2)])
@pytest.mark.parametrize("name", ["greedy", "forced", "long"])
def test_the_heat_map_is_darker_for_more_and_names_the_most(traces, name, attention, layer, head):
    traced = traces[name]
    expected = weights(traced, attention)
    expected = expected.mean(0) if layer is None else expected[layer]
    expected = expected.mean(0) if head is None else expected[head]
    lines = printed(traced, attention=attention, layer=layer, head=head)
    signs, most = heat_map(lines, expected.shape[1])
    assert len(signs) == len(expected)
    seen = [
        (w, SHADES.index(s))
        for row, line in zip(expected, signs, strict=True)
        for w, s in zip(row, line, strict=True)
        if s in SHADES
    ]
    seen.sort()
    assert all(one[1] <= other[1] for (one, other) in itertools.pairwise(seen) if other[0] - one[0] > 1e-6)
    assert seen[-1][1] == len(SHADES) - 1
    for row, (column, weight) in zip(expected, most, strict=True):
        assert weight == pytest.approx(row.max(), abs=6e-5)
        assert row[column] == pytest.approx(row.max(), abs=1e-6)


def test_what_is_hidden_says_why(traces):
    traced = traces["forced"]
    columns = traced.axes["source"]["size"]
    signs, _ = heat_map(printed(traced, attention="cross"), columns)
    assert all([s == "xx" for s in row] == [False] * (columns - 2) + [True] * 2 for row in signs)
    signs, _ = heat_map(printed(traced, attention="decoder"), traced.axes["target"]["size"])
    assert all((sign == "//") == (column > row) for row, line in enumerate(signs) for column, sign in enumerate(line))


def test_the_mean_of_all_layers_and_heads_is_the_alignment(traces, translator):
    [translation] = translator.translate([SENTENCE], beam=1, align=True, **VARIED)
    _, most = heat_map(printed(traces["greedy"]), len(translation.source_tokens))
    assert [weight for _, weight in most] == pytest.approx(translation.alignment.max(-1).tolist(), abs=6e-5)


def test_shades_are_equal_steps_of_the_largest_weight():
    assert [shade(weight, 0.5) for weight in (0.0, 0.09, 0.11, 0.25, 0.31, 0.41, 0.5)] == [
        "··", "··", "░░", "▒▒", "▓▓", "██", "██"
    ]  # fmt: skip
    assert shade(0.0, 0.0) == "··"


def test_entropy_of_one_token_and_of_all_alike():
    assert entropies(np.eye(4)[None, None]).tolist() == [[0]]
    assert entropies(np.full((1, 1, 3, 8), 1 / 8))[0, 0] == pytest.approx(math.log(8))


def test_the_table_of_entropies(traces):
    rows = section(printed(traces["greedy"], attention="encoder"), "Entropy")
    rows = [line for line in rows if re.match(r"layer \d", line)]
    for line, heads in zip(rows, weights(traces["greedy"], "encoder"), strict=True):
        expected = [np.mean([-sum(w * math.log(w) for w in row if w > 0) for row in head]) for head in heads]
        assert [float(text) for text in line.split()[2:]] == pytest.approx([*expected, np.mean(expected)], abs=6e-5)


# The beam


def tree_lines(traced):
    pattern = rf" *(\d+) +({NUMBER}) +({NUMBER}) / +({NUMBER}) = +({NUMBER})  ([│├─ ]*)([◆●■○]) (.*)"
    return [re.fullmatch(pattern, line).groups() for line in section(printed(traced), "Beam")[1:]]


def test_the_tree_draws_every_node_under_its_parent(traces):
    nodes = traces["beam"].beam["nodes"]
    at, drawn = {}, {}  # the last node drawn in a column; each node's parent by the drawing
    left = list(nodes)
    for step, own, total, penalty, score, branch, sign, text in tree_lines(traces["beam"]):
        column = len(branch)
        parent = at.get(column - 2 if branch.endswith("├─") else column)
        node = next(
            n for n in left
            if (n["step"], show(n["log_prob"]), show(n["sum"]), show(n["penalty"]), show(n["score"]), SIGNS[n["state"]],
                visible(n["text"]), n["parent"]) == (int(step), own, total, penalty, score, sign, text, parent)
        )  # fmt: skip
        left.remove(node)
        at[column], drawn[node["id"]] = node["id"], parent
    assert not left
    assert drawn == {node["id"]: node["parent"] for node in nodes}


def test_every_score_is_what_its_arithmetic_says(traces):
    nodes = traces["beam"].beam["nodes"]
    text = "\n".join(section(printed(traces["beam"]), "Scores"))
    sums = re.findall(r"score = (.*?) = (.*?) = (\S+)", text, re.DOTALL)
    inner = {node["parent"] for node in nodes}
    ends = [n for n in nodes if n["state"] == "finished" or (n["state"] == "best" and n["id"] not in inner)]
    assert sorted(float(score.replace("−", "-")) for *_, score in sums) == pytest.approx(
        sorted(n["score"] for n in ends), abs=6e-5
    )
    for long, short, score in sums:
        for arithmetic in (long, short):
            value = eval(arithmetic.replace("\n", "").replace("−", "-").replace("^", "**"), {})
            assert value == pytest.approx(float(score.replace("−", "-")), abs=2e-3)


def test_the_arithmetic_by_hand(traces):
    nodes = [
        {"id": 0, "parent": None, "step": 0, "token": 2, "piece": "<s>", "text": "<s>", "log_prob": 0, "sum": 0,
         "length": 0, "penalty": 1, "score": 0, "state": "best"},
        {"id": 1, "parent": 0, "step": 1, "token": 9, "piece": "▁a", "text": "a", "log_prob": -0.5, "sum": -0.5,
         "length": 1, "penalty": 1.0, "score": -0.5, "state": "best"},
        {"id": 2, "parent": 1, "step": 2, "token": 3, "piece": "</s>", "text": "</s>", "log_prob": -0.25, "sum": -0.75,
         "length": 2, "penalty": 7 / 6, "score": -0.75 * 6 / 7, "state": "best"},
    ]  # fmt: skip
    beam = {"width": 1, "length_penalty": 1.0, "nodes": nodes}
    assert section(printed(dataclasses.replace(traces["beam"], beam=beam)), "Scores") == [
        "◆ a",
        "  score = (−0.5000 − 0.2500) / ((5+2)/6)^1 = −0.7500 / 1.1667 = −0.6429",
    ]


# One number, one matrix


def test_a_cell_with_the_numbers_that_made_it(traces):
    traced = traces["greedy"]
    lines = printed(traced, cell="decoder.1.cross_attention.scores[0, 2,3]")
    explained = traced.cell("decoder.1.cross_attention.scores", head=0, row=2, column=3)
    text = " ".join(line.strip() for line in lines)
    assert explained.formula in lines and explained.substituted in text and f"= {show(explained.value)}" in lines
    made_from = [tuple(line.split()) for line in section(lines, "made from")]
    assert [(value, role) for value, role, _ in made_from] == [(show(o.value), o.role) for o in explained.operands]
    for (*_, cell), operand in zip(made_from, explained.operands, strict=True):
        assert f"= {show(operand.value)}" in printed(traced, cell=cell)  # each can be asked for by its name


def test_a_matrix_in_numbers(traces):
    traced = traces["greedy"]
    values = traced.values("decoder.1.cross_attention.scores")[2]
    lines = printed(traced, width=300, tensor="decoder.1.cross_attention.scores", head=2)
    for row, line in zip(values, section(lines, "head 2")[1:], strict=False):
        assert line.split()[1 : 1 + len(row)] == [show(float(value)) for value in row]
    together = printed(traced, tensor="decoder.1.cross_attention.scores")
    assert [line for line in together if re.fullmatch(r"head \d", line)] == [f"head {head}" for head in range(4)]


@pytest.mark.parametrize("name", ["source.ids", "logits", "encoder.0.feed_forward.inner.weight", "decoder.self_mask"])
def test_tensors_of_every_shape_print(traces, name):
    lines, tensor = printed(traces["greedy"], tensor=name), traces["greedy"].tensor(name)
    assert lines[0].startswith(name)
    assert lines[2] == " × ".join(f"{axis} {size}" for axis, size in zip(tensor.axes, tensor.shape, strict=True))


def test_the_numbers_of_a_matrix_stand_under_their_columns(traces):
    _, _, _, names, *rows = printed(traces["greedy"], width=300, tensor="encoder.0.self_attention.query")
    assert len({len(number) for row in rows for number in row.split()[1:17]}) > 1  # some have a sign
    ends = [found.end() for found in re.finditer(r"\d+", names)]
    for row in rows:
        assert [found.end() for found in re.finditer(r"\S+", row)][1 : 1 + len(ends)] == ends


def test_a_matrix_too_large_says_what_it_leaves_out(traces):
    tensor = traces["greedy"].tensor("source_embedding.token.weight")
    lines = printed(traces["greedy"], tensor=tensor.name)
    assert lines[-1] == f"and {tensor.shape[0] - 100} more along {tensor.axes[0]}, not printed"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 3}, "layer is 3: cross-attention has no such layer; there are 0 to 2"),
        ({"layer": 2, "attention": "encoder"}, "layer is 2: the encoder's self-attention .* there are 0 to 1"),
        ({"head": -1}, "head is -1: .* there are 0 to 3"),
        ({"attention": "crss"}, "unknown attention 'crss'; did you mean 'cross'"),
        ({"tensor": "logit"}, "no tensor 'logit' in this trace; did you mean 'logits'"),
        ({"tensor": "decoder.0.cross_attention.weights", "head": 4}, "head is 4: .* the heads 0 to 3"),
        ({"cell": "logits"}, r"'logits' names no cell; write NAME\[i,j\]"),
        ({"cell": "logits[0,1,2]"}, r"logits has the shape \["),
        ({"cell": "encoder.0.self_attention.scores[0,99,0]"}, r"has the shape .* there is no cell \[0, 99, 0\]"),
        ({"cell": "encoder.0.self_attention.score[0,0,0]"}, "did you mean 'encoder.0.self_attention.scores'"),
    ],
)
def test_what_is_not_there_is_refused_before_a_line_is_printed(traces, options, message):
    console = Console(file=io.StringIO())
    with pytest.raises(UsageError, match=message):
        render(traces["greedy"], console, TerminalOptions(**options))
    assert console.file.getvalue() == ""


def test_the_lecture_shows_what_it_has(traces):
    text = "\n".join(printed(traces["lecture"]))
    assert "masked.weights" in text and "cross.weights" in text
    with pytest.raises(UsageError, match="no attention named 'cross'"):
        printed(traces["lecture"], head=0)


# Lines, colours, hostile text


def narrow(text):
    """Whether every terminal gives each character one column."""
    return all(
        unicodedata.east_asian_width(c) not in "WF"
        and unicodedata.combining(c) == 0
        and unicodedata.category(c) not in ("Mc", "Mn", "Cf", "Lo")
        for c in text
    )


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", ["beam", "long"])
def test_what_lines_up_stands_before_text_of_uncertain_width(traces, name, width):
    lines = printed(traces[name], width, steps=True)
    tables = 0
    for line in lines:
        if re.match(r"  [> x] +\d|layer \d| *\d+ +(\d+|██|▓▓|▒▒|░░|··) ", line):
            tables += 1
            cut = re.search(r"[^ -~·░▒▓█−│├─◆●■○→]", line)
            assert narrow(line[: cut.start()] if cut else line)
            assert not cut or not re.search(r"\d  +\d+: |[░▒▓█]", line[cut.start() :])
    assert tables > 50


@pytest.mark.parametrize("width", [80, 100, 250])
def test_a_long_sentence_is_shown_in_blocks_that_fit(traces, width):
    traced = traces["long"]
    size = traced.axes["source"]["size"]
    assert size > 40
    lines = printed(traced, width)
    names = [line for line in lines if re.match(r" +\d+( +\d+)*  most at ", line)]
    assert [int(number) for line in names for number in line.partition("most")[0].split()] == list(range(size))
    assert (len(names) > 1) == (width < 250)
    for line in lines:
        if re.match(r" *\d+ +(··|░░|▒▒|▓▓|██)", line):
            assert len(line.rpartition(": ")[0]) < width
    # A number stands above the last column of its cells.
    ends = [found.end() for found in re.finditer(r"\d+", names[0].partition("most")[0])]
    first = next(line for line in lines[lines.index(names[0]) + 1 :])
    assert [found.end() for found in re.finditer(r"[·░▒▓█]{2}", first)] == ends


def test_a_file_gets_no_escape_codes_and_no_colour_means_none(traces, monkeypatch):
    assert "\x1b" not in "\n".join(printed(traces["beam"], steps=True))

    def on_a_terminal():
        console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
        render(traces["beam"], console, TerminalOptions(steps=True))
        return console.file.getvalue()

    coloured = re.compile(r"\x1b\[[0-9;]*\b(?:3[0-8]|4[0-8]|9[0-7])\b")
    monkeypatch.delenv("NO_COLOR", raising=False)
    in_colour = on_a_terminal()
    assert coloured.search(in_colour)
    assert re.sub(r"\x1b\[[0-9;]*m", "", in_colour).splitlines() == printed(traces["beam"], steps=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured.search(on_a_terminal())


HOSTILE = [
    "[red]x[/red]",
    "\x1b[31mred\x1b[0m",
    "a\nb",
    "a\r\tb",
    "\u202eevil",
    "\x9b31m",
    "</script>",
    ":smile:",
    "\ud800",
    "\u2028",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert(traces, text):
    clean = traces["beam"]

    def spoilt(value):
        if isinstance(value, dict):
            return {key: text if key in ("text", "piece") else spoilt(inner) for key, inner in value.items()}
        return [spoilt(inner) for inner in value] if isinstance(value, list) else value

    def same_but(word):
        return dataclasses.replace(clean, axes=spoilt(clean.axes), decode=spoilt(clean.decode), beam=spoilt(clean.beam))

    output = printed(same_but(text), width=4000, steps=True)
    assert len(output) == len(printed(clean, width=4000, steps=True))
    everything = "".join(output)
    assert not any(
        unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\u202a\u202b\u202d\u202e" for c in everything
    )
    assert everything.isprintable() or "\u2068" in everything
    if text.isprintable():
        assert text in everything


def test_visible():
    assert visible("नमस्ते क्\u200dष [b]") == "नमस्ते क्\u200dष [b]"
    assert visible("\x1b[1m\n\x7f\u202e") == "␛[1m␊\\u007f\\u202e"
    assert visible("◌ें"[1:]) == "◌ें"  # a vowel sign gets something to stand on
    assert visible("שלום") == "\u2068שלום\u2069"


@pytest.mark.parametrize("value", [1e308, -1.7e308, 5e-324, 2.0**70])
def test_a_number_of_any_size_is_written(value):
    assert fixed(value, 2) == f"{value:.2f}"


@pytest.mark.parametrize("value", [2**63, 1e300, -5])
def test_a_probability_that_is_none_is_shown(traces, value):
    record = traces["beam"].to_dict()
    record["decode"]["steps"][0]["candidates"][0]["probability"] = value
    assert any(show(value) in line for line in printed(Trace.from_dict(record), steps=True))
