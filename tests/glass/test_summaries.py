"""What a record, a tensor and a cell say of themselves in one line, and how the rows of a decoder are called."""

import dataclasses

from glassformer.glass.numbers import show
from glassformer.glass.views.labels import place_labels
from glassformer.glass.views.svg import to_svg

CROSS = "decoder.1.cross_attention"


def test_a_record_says_in_one_line_what_it_is(record):
    for text in (str(record), repr(record)):
        assert len(text) < 300 and "\n" not in text
        for what in (record.meta["title"], f"{len(record.tensors)} tensors", f"{len(record.decode['steps'])} steps"):
            assert what in text


def test_a_record_s_line_shows_no_control_characters(record):
    hostile = dataclasses.replace(record, meta=record.meta | {"title": "\x1b[31mred\nand a line"})
    assert "\x1b" not in str(hostile) and "\n" not in str(hostile)


def test_a_lecture_says_in_one_line_what_it_is(lecture):
    assert len(str(lecture)) < 300 and lecture.meta["title"] in str(lecture)


def test_a_cell_says_where_it_is_and_what_it_is_worth(record):
    cell = record.cell(f"{CROSS}.scores", head=0, row=1, column=2)
    assert len(repr(cell)) < 160
    assert f"{CROSS}.scores[0, 1, 2] = {show(cell.value)}" in repr(cell)
    assert f"{len(cell.operands)} numbers" in repr(cell)


def test_a_tensor_says_its_shape_and_not_its_numbers(record):
    assert repr(record.tensor("target.ids")) == f"<TracedTensor target.ids: input, {len(record.decode['steps'])} int32>"


def test_rows_of_the_decoder_are_what_is_read_and_what_is_written(record):
    steps = [f"{step['read']['text']} → {step['chosen']['text']}" for step in record.decode["steps"]]
    read = [step["read"]["text"] for step in record.decode["steps"]]
    for name, axis, expected in (
        (f"{CROSS}.weights", 1, steps),
        ("decoder.0.self_attention.weights", 1, steps),
        ("decoder.0.self_attention.weights", 2, read),  # a key is only read
        ("target_embedding.lookup", 0, steps),
        ("target.ids", 0, read),
    ):
        assert place_labels(record, record.tensor(name), axis) == expected, name


def test_the_drawing_of_attention_has_the_words_that_are_written(record):
    drawing = to_svg(record, "attention", f"{CROSS}.weights", 0)
    assert "each word at the step that writes it" in drawing
    assert "&lt;s&gt; →" not in drawing  # the start is read, never written


def test_a_formula_tells_a_sum_from_what_it_was_before(record):
    cell = record.cell("decoder.1.feed_forward_norm.residual", row=0, column=1)
    assert cell.formula.startswith("R^(dec1.ff)[0,1] = ") or cell.formula.startswith("R[0,1] = N")
    before = record.tensor(cell.operands[0].tensor)
    assert (before.label == "R") == ("R^(dec1.cross)" in cell.formula)
