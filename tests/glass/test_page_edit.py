"""Edit and recompute: what the page computes after a change is what torch computes after the same change."""

import re

import numpy as np
import pytest
import torch

from glassformer.engine import SUPPRESSED
from glassformer.glass.lecture.replay import replay
from glassformer.glass.observe import observe
from glassformer.special import EOS, PAD

from .browser import go, number, open_view, panel, settle
from .pages import SENTENCE, greedy, lecture, modern, modern_model, spoken

WITNESSES = ("encoder.1.feed_forward.outer", "decoder.1.cross_attention.scores", "decoder.1.self_attention.output")
CHANGED = "What is changed"
CLOSE = {"rel": 1e-4, "abs": 1.5e-4}  # float32 in the page and four decimals on it, against float64 in torch


def said(record):
    """The tokens of the translation, `</s>` included."""
    return [step["chosen"]["id"] for step in record.decode["steps"]]


def set_number(page, tensor, index, value):
    """Type another value for a cell in the laboratory, as a reader would."""
    go(page, f"#view=edit&tensor={tensor}&cell={','.join(map(str, index))}")
    field = page.get_by_role("main").get_by_role("textbox", name=re.compile("becomes"))
    field.fill(str(value))
    page.get_by_role("button", name="Set it").click()
    settle(page)


def shown(page, tensor, index):
    """The number that a cell's explanation shows."""
    go(page, f"#view=matrix&tensor={tensor}&cell={','.join(map(str, index))}")
    return number(panel(page).get_by_role("heading", level=2).inner_text().split()[-1])


def step_logits(page, step):
    """Tokens and logits that the page finds likeliest at a step."""
    go(page, "#view=logits")
    choice = page.get_by_role("group", name="Step", exact=True).get_by_role("radio")
    choice.nth(step).check()
    settle(page)
    rows = page.get_by_role("main").get_by_role("table").first.get_by_role("row").all()[1:]
    names = [re.search(r"id (\d+)", row.locator("[title*='id ']").first.get_attribute("title"))[1] for row in rows]
    return [
        (int(name), number(row.get_by_role("cell").first.inner_text())) for name, row in zip(names, rows, strict=True)
    ]


def written(record, truth):
    """How many steps the page shows: by itself the edited model ends with `</s>`; a given target stays whole."""
    logits = truth["logits"].values.copy()
    logits[:, list(SUPPRESSED)] = -np.inf
    if record.decode["strategy"] != "forced":
        for step, (now, before) in enumerate(zip(logits.argmax(-1).tolist(), said(record), strict=True)):
            if now == EOS:
                return step + 1
            if now != before:  # from here on it reads another translation than it writes
                break
    return len(logits)


def agrees(page, record, truth):
    """All candidates' logits at every step that is shown, and cells of all rows and of some tensors, against torch."""
    logits = truth["logits"].values
    best = np.argsort(-logits)[:, :10].tolist()
    for step in range(written(record, truth)):
        found = step_logits(page, step)
        assert len(found) >= 10
        for token, logit in found:
            assert logit == pytest.approx(logits[step, token], **CLOSE)
        assert {token for token, _ in found[:10]} == set(best[step])
    for step in range(written(record, truth), len(logits)):
        assert shown(page, "logits", (step, best[step][0])) == pytest.approx(logits[step, best[step][0]], **CLOSE)
    for name in WITNESSES:
        values = truth[name].values
        for index in (tuple(0 for _ in values.shape), tuple(size - 1 for size in values.shape)):
            assert shown(page, name, index) == pytest.approx(float(values[index]), **CLOSE), name


MODELS = {"greedy": (greedy, spoken), "modern": (modern, modern_model)}


@pytest.mark.parametrize(
    ("name", "weight"),
    [("greedy", "source_embedding.token.weight"), ("modern", "encoder.0.self_attention.value.weight")],
)
def test_after_a_weight_is_changed_every_logit_is_torchs(visit, pages, name, weight):
    record, model = MODELS[name][0](), MODELS[name][1]()
    ids = model.source_ids([SENTENCE])[0]
    index, value = (ids[0] if weight.startswith("source") else 3, 2), 4.25
    with torch.no_grad():
        model.model.get_parameter(weight)[index] = value
    page = visit(pages(name))
    set_number(page, weight, index, value)
    agrees(page, record, observe(model.model.double(), ids, said(record)))


@pytest.mark.parametrize("name", MODELS)
def test_after_a_word_is_changed_every_logit_is_torchs(visit, pages, name):
    record, model = MODELS[name][0](), MODELS[name][1]()
    ids = model.source_ids([SENTENCE])[0]
    place = 1
    new = model.source_tokenizer.encode("a d")[-1]
    piece = model.source_tokenizer.piece(new)
    page = visit(pages(name), "#view=edit")
    page.get_by_role("group", name="Token").get_by_role("radio").nth(place).check()
    page.get_by_role("searchbox", name=re.compile("vocabulary")).fill("d")
    page.get_by_title(f"{piece} · id {new}", exact=True).click()
    settle(page)
    assert "Token 1 of the source" in page.get_by_role("region", name=CHANGED).inner_text()
    agrees(page, record, observe(model.model.double(), [*ids[:place], new, *ids[place + 1 :]], said(record)))


def test_a_hidden_word_is_what_torch_calls_padding(visit, pages):
    record, model = greedy(), spoken()
    ids = model.source_ids([SENTENCE])[0]
    page = visit(pages("greedy"), "#view=edit")
    page.get_by_role("radio", name="hide a word").check()
    page.get_by_role("group", name="Source token").get_by_role("radio").nth(2).check()
    page.get_by_role("radio", name="the encoder too").check()
    page.get_by_role("button", name="Hide it").click()
    truth = observe(model.model.double(), [*ids[:2], PAD, *ids[3:]], said(record))
    for step in range(len(said(record))):
        for token, logit in step_logits(page, step):
            assert logit == pytest.approx(truth["logits"].values[step][token], **CLOSE)


def test_what_the_edited_model_says_is_what_torch_says(visit, pages):
    """Greedy, without the search's rules, until `</s>` or until the record's rows are full."""
    record, model = greedy(), spoken()
    weight, index, value = "decoder.0.cross_attention.value.weight", (3, 2), -12.0
    with torch.no_grad():
        model.model.get_parameter(weight)[index] = value
    ids = model.source_ids([SENTENCE])[0]
    tokens = []
    while len(tokens) < len(said(record)) and EOS not in tokens:
        logits = observe(model.model, ids, [*tokens, EOS])["logits"].values[-1].copy()
        logits[list(SUPPRESSED)] = -np.inf
        tokens.append(int(logits.argmax()))
    page = visit(pages("greedy"))
    set_number(page, weight, index, value)
    expected = model.target_tokenizer.decode(tokens)
    assert expected != record.decode["text"]
    page.get_by_role("main").get_by_role("definition").filter(has_text=expected).wait_for()


def test_undone_everything_is_as_recorded(visit, pages):
    record = greedy()
    page = visit(pages("greedy"))
    weight = "encoder.0.self_attention.value.weight"
    before = float(record.values("logits")[0, 0])
    column = record.tensors["logits"].columns[0]
    set_number(page, weight, (3, 2), 4.25)
    assert shown(page, "logits", (0, column)) != pytest.approx(before, abs=1e-3)
    open_view(page, "Edit and recompute")
    page.get_by_role("region", name=CHANGED).get_by_role("button", name="Undo").click()
    assert "as recorded" in page.get_by_role("region", name=CHANGED).inner_text()
    assert shown(page, "logits", (0, column)) == pytest.approx(before, abs=5.1e-5)
    assert shown(page, weight, (3, 2)) == pytest.approx(float(record.values(weight)[3, 2]), abs=5.1e-5)


def test_what_is_no_number_changes_nothing(visit, pages):
    page = visit(pages("greedy"))
    for typed in ("", "abc", "1e999", "--1", "NaN", "<b>"):
        set_number(page, "encoder.0.self_attention.value.weight", (3, 2), typed)
        assert "as recorded" in page.get_by_role("region", name=CHANGED).inner_text(), typed


def test_an_edit_can_be_made_by_keyboard_alone(visit, pages):
    page = visit(pages("greedy"), "#view=edit&tensor=encoder.0.self_attention.value.weight&cell=3,2")
    page.get_by_role("main").get_by_role("textbox", name=re.compile("becomes")).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("4.25")
    page.keyboard.press("Enter")
    settle(page)
    assert "4.25" in page.get_by_role("region", name=CHANGED).inner_text()


LECTURE_EDITS = {"W_Q": (1, 2, -3.5), "W_V": (0, 0, 9), "embedding": (2, 1, 0.25)}


def test_the_lecture_with_ones_own_matrix_is_the_replay_of_it(visit, pages):
    page = visit(pages("lecture"))
    for name, (row, column, value) in LECTURE_EDITS.items():
        matrix = lecture().values(name).tolist()
        matrix[row][column] = value
        truth = replay({name: matrix})
        rows = ["Apple", "Innovative", "Company"] if name == "embedding" else range(4)
        field = f"{lecture().tensors[name].label}, row {rows[row]}, column {column}"
        visit.turn(page, pages("lecture"), "#view=edit").get_by_role("textbox", name=field, exact=True).fill(str(value))
        settle(page)
        for tensor in ("Q", "V", "scores", "scaled", "weights", "attention", "add", "norm", "feed_forward.outer"):
            for index in ((0, 0), (2, 1)):
                expected = float(truth.values(tensor)[index])
                assert shown(page, tensor, index) == pytest.approx(expected, rel=1e-4, abs=5.1e-5), (name, tensor)
