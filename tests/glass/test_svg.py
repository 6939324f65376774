"""SVG: drawings of the record's numbers that are safe, and readable on light and dark."""

import dataclasses
from xml.etree import ElementTree

import numpy as np
import pytest

from glassformer.errors import UsageError
from glassformer.glass.glosses import with_glosses
from glassformer.glass.numbers import show
from glassformer.glass.trace import trace
from glassformer.glass.views.svg import OF_TENSOR, WHOLE, heat, to_svg
from glassformer.glass.views.svg.drawing import FILLS, text_width

from .exported import CROSS, HOSTILE, OPTIONS, with_words
from .models import SENTENCE, cached

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {SVG + tag for tag in ("svg", "title", "desc", "style", "rect", "text", "path", "pattern", "circle")}


def parsed(svg):
    """The drawing's root; it holds nothing but shapes and text, and refers to nothing outside."""
    root = ElementTree.fromstring(svg)
    assert {one.tag for one in root.iter()} <= TAGS
    allowed = {"xmlns", "class", "role", "transform", "fill", "id", "d", "x", "y", "cx", "cy", "r", "rx", "width",
               "height", "viewBox", "patternUnits", "text-anchor", "font-weight", "font-size", "pointer-events",
               "fill-opacity", "stroke-width", "stroke-opacity", "stroke-dasharray"}  # fmt: skip
    assert {name for one in root.iter() for name in one.attrib} <= allowed
    assert "url(" not in root.find(f"{SVG}style").text and "@import" not in root.find(f"{SVG}style").text
    assert root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text
    return root


def texts(root):
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def hints(root):
    return [
        one.text or ""
        for tag in ("rect", "path")
        for shape in root.iter(SVG + tag)
        for one in shape.findall(f"{SVG}title")
    ]


def drawable(record, view):
    if view == "positions":
        return any(tensor.op == "positions" for tensor in record.tensors.values())
    return view != "beam" or record.beam is not None


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("view", [*WHOLE, *OF_TENSOR])
def test_every_view_of_every_model_is_a_drawing(view, options):
    record = trace(cached(**options), SENTENCE, beam=2)
    if drawable(record, view):
        parsed(to_svg(record, view))
    else:
        with pytest.raises(UsageError, match="nothing for the view 'positions'"):
            to_svg(record, view)


@pytest.mark.parametrize("view", [*WHOLE, *OF_TENSOR])
def test_every_view_of_the_lecture_is_a_drawing(lecture, view):
    if drawable(lecture, view):
        parsed(to_svg(lecture, view))


@pytest.mark.parametrize("view", [*WHOLE, *OF_TENSOR])
def test_hostile_words_are_text(record, view):
    parsed(to_svg(with_words(record, HOSTILE), view))


def test_a_matrix_shows_the_numbers_and_hatches_what_is_masked():
    record = trace(cached(), SENTENCE, "b a")
    name = "decoder.1.self_attention.masked"
    shown = record.values(name)[2]
    root = parsed(to_svg(record, "matrix", name, 2))
    numbers = [one.text for one in root.iter(f"{SVG}text") if one.get("pointer-events") == "none"]
    assert numbers == [show(float(value)) for value in shown.ravel()]
    hatched = [one for one in root.iter(f"{SVG}rect") if "masked: future" in "".join(one.itertext())]
    assert len(hatched) == np.isneginf(shown).sum() > 0
    assert "masked: future" in texts(root)


def test_the_mask_of_padding_is_called_so():
    root = parsed(to_svg(trace(cached(), SENTENCE, pad=2), "matrix", f"{CROSS}.weights", 0))
    assert "masked: padding" in texts(root)


def test_arcs_are_the_mean_of_the_heads_or_one_head(record):
    weights = record.values(f"{CROSS}.weights")
    for head, expected in ((None, weights.mean(0)), (1, weights[1])):
        root = parsed(to_svg(record, "attention", f"{CROSS}.weights", head))
        drawn = [hint.rpartition(": ")[2] for hint in hints(root)]
        assert drawn == [show(float(w)) for w in expected.ravel() if w >= 0.02]


def test_the_timeline_and_the_beam_have_the_record_s_numbers(record):
    shown = texts(parsed(to_svg(record, "timeline")))
    for step in record.decode["steps"]:
        assert show(step["chosen"]["probability"]) in shown
    root = parsed(to_svg(record, "beam"))
    expected = {f"{show(node['log_prob'])} · {show(node['score'])}" for node in record.beam["nodes"]}
    assert expected <= set(texts(root))
    assert len(hints(root)) == len(record.beam["nodes"])


def test_the_map_has_this_model_s_depth_and_widths():
    options = {"encoder_layers": 3, "decoder_layers": 1, "d_model": 24, "num_heads": 3, "d_ff": 40}
    shown = texts(parsed(to_svg(trace(cached(**options), SENTENCE), "map")))
    assert {"3 ×", "1 ×", "3 heads of 8", "24 → 40 → 24"} <= set(shown)


def token(text, start, direction="ltr", word=0):
    return {"id": 7, "piece": text, "text": text, "start": start, "end": start + len(text), "word": word,
            "byte_start": 0, "byte_end": 0, "special": False, "direction": direction, "script": ""}  # fmt: skip


def test_a_word_of_several_tokens_is_one_run_of_text_with_an_underline_each(record):
    axis = {"size": 2, "text": "लड़कियाँ", "tokens": [token("लड़", 0), token("कियाँ", 3)]}
    root = parsed(to_svg(dataclasses.replace(record, axes=record.axes | {"source": axis}), "tokens"))
    assert "लड़कियाँ" in texts(root)
    assert len([one for one in root.iter(f"{SVG}path") if one.get("class") == "blue-line"]) == 2


@pytest.mark.parametrize(("direction", "text"), [("ltr", "ab cd"), ("rtl", "שלום עולם")])
def test_tokens_stand_in_the_direction_of_their_text(record, direction, text):
    words = text.split()
    tokens = [token(words[0], 0, direction), token(words[1], len(words[0]) + 1, direction, 1)]
    axis = {"size": 2, "text": text, "tokens": tokens}
    root = parsed(to_svg(dataclasses.replace(record, axes=record.axes | {"source": axis}), "tokens"))
    places = {one.text: float(one.get("x")) for one in root.iter(f"{SVG}text") if one.get("class") == "ink"}
    assert (places[words[0]] < places[words[1]]) == (direction == "ltr")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read_on_light_and_dark(theme):
    blocks = ("embedding", "attention", "feed-forward", "norm", "linear", "softmax")
    pairs = [(ink, ground) for ink in ("ink", "muted") for ground in ("paper", *blocks)]
    for ink, ground in [*pairs, ("on-strong", "blue"), ("on-strong", "orange")]:
        dark, light = sorted(luminance(FILLS[name][theme]) for name in (ink, ground))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_drawing_errors_say_what_there_is(record):
    with pytest.raises(UsageError, match="did you mean 'attention'"):
        to_svg(record, "atention")
    with pytest.raises(UsageError, match="no head 9; it has heads 0 to 3"):
        to_svg(record, "attention", None, 9)
    with pytest.raises(UsageError, match="no tensor 'encoder'"):
        to_svg(record, "matrix", "encoder")
    with pytest.raises(UsageError, match="trace with a beam"):
        to_svg(trace(cached(), SENTENCE), "beam")
    with pytest.raises(UsageError, match="has no heads"):
        to_svg(record, "heads", "logits")


def test_what_cannot_be_drawn_is_refused(record, monkeypatch):
    with pytest.raises(UsageError, match="no decode loop to draw"):
        to_svg(dataclasses.replace(record, decode=None), "timeline")
    monkeypatch.setattr(heat, "MOST_CELLS", 10)
    with pytest.raises(UsageError, match=r"logits has .* numbers, too many for a drawing; export it as CSV"):
        to_svg(record, "logits")


def test_one_head_of_a_tensor_is_its_matrix(record):
    name = f"{CROSS}.weights"
    assert to_svg(record, "heads", name, 1) == to_svg(record, "matrix", name, 1)


def test_a_bias_is_drawn_as_one_row():
    record = trace(cached(), SENTENCE, detail="full+weights")
    name = next(name for name, tensor in record.tensors.items() if len(tensor.shape) == 1)
    numbers = [
        one.text for one in parsed(to_svg(record, "matrix", name)).iter(f"{SVG}text") if one.get("pointer-events")
    ]
    assert numbers == [show(float(value)) for value in record.values(name)]


@pytest.mark.parametrize(
    ("view", "name"),
    [("positions", "encoder.0.self_attention.scores"), ("positions", "source.ids"), ("attention", "source.ids")],
)
def test_a_tensor_with_other_axes_than_the_view_shows(record, view, name):
    with pytest.raises(UsageError, match=f"{name} has . axes, which '{view}' does not show"):
        to_svg(record, view, name)


def test_what_words_of_the_target_mean_stands_below_them():
    glosses = {"a": "the first letter; an article", "b": "second (between a and c)", "c": "third (f.)"}
    record = with_glosses(trace(cached(), SENTENCE, "c b a"), glosses)
    below = {"the first letter", "second", "third (f.)"}
    assert below <= set(texts(parsed(to_svg(record, "tokens"))))
    drawn = texts(parsed(to_svg(record, "attention", f"{CROSS}.weights")))
    assert [drawn.count(one) for one in below] == [1, 1, 1]  # of the target below, not of the source's same letters
    assert below <= set(texts(parsed(to_svg(record, "timeline"))))
    rows = texts(parsed(to_svg(record, "matrix", f"{CROSS}.weights")))
    assert "<s> → c · third (f.)" in rows and "c → b · second" in rows and "b" in rows
    plain = dataclasses.replace(record, glosses=None)
    for view in ("tokens", "attention", "timeline", "matrix"):
        assert not below & set(" ".join(texts(parsed(to_svg(plain, view)))).split(" · "))


def test_a_meaning_has_room_below_its_word():
    record = with_glosses(trace(cached(), SENTENCE, "c b a"), {"b": "a meaning that is long"})
    words = {one.text: float(one.get("x")) for one in parsed(to_svg(record, "tokens")).iter(f"{SVG}text")}
    assert words["b"] == words["a meaning that is long"]
    wide = text_width("a meaning that is long", 11)
    others = [x for word, x in words.items() if word in ("c", "</s>") and x != words["b"]]
    assert all(abs(x - words["b"]) > wide / 2 for x in others)
