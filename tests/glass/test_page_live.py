"""What the page finds out by itself, of a sentence that its reader typed: the cause of a word, and the beam."""

import difflib
import functools

import pytest

from glassformer.glass.causes.cause import cause
from glassformer.glass.trace import trace
from glassformer.glass.training_step import training_step
from glassformer.special import EOS

from .browser import AXE, go, number, settle
from .node import bundled
from .pages import MODERN, spoken

SENTENCE = "c c a"
SECONDS = ("a d e", "a a d", "c c d", "d e", "a b c d e")
WIDTHS = (1, 2, 4)
CLOSE = {"rel": 2e-4, "abs": 2e-4}  # float32 on both sides, summed in another order

MODELS = {
    "post-norm, sinusoidal": spoken,
    "pre-norm, rotary, gated, grouped": functools.partial(spoken, **MODERN),
    "learned positions, grouped, a final norm": functools.partial(
        spoken, positions="learned", num_kv_heads=2, norm_position="pre", final_norm=True
    ),
    "post-norm by RMS, gated, a normed embedding, untied": functools.partial(
        spoken,
        end=0,
        norm="rmsnorm",
        activation="geglu",
        embedding_norm=True,
        embedding_scale=False,
        tie_embeddings=False,
    ),
}
METHODS = ["gradient x input", "integrated gradients", "occlusion", "attention rollout", "ALTI+"]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return bundled("causeDriver", tmp_path_factory.mktemp("cause"))


def asked_in_python(model, asked):
    """The cause that Python finds for the question, as a record has it."""
    if asked["versus"] is None:
        return cause(model, SENTENCE, step=asked["step"]).to_dict()
    return cause(model, SENTENCE, step=asked["step"], versus=asked["versus"]).to_dict()


def tables(found):
    return [(one["name"], key, row) for one in found["maps"] for key in ("total", "direct") for row in one[key]]


@pytest.mark.parametrize("name", MODELS)
def test_the_cause_that_the_page_finds_is_pythons(program, name):
    model = MODELS[name]()
    record = trace(model, "a b", detail="full+weights").to_dict(compact=True)
    asked = [{"step": 0, "versus": None}, {"step": 1, "versus": None}] + [
        {"step": None, "versus": second} for second in SECONDS
    ]
    answers = program({"record": record, "sentence": SENTENCE, "asked": asked})["causes"]
    compared = 0
    for question, ours in zip(asked, answers, strict=True):
        if "error" in ours:
            with pytest.raises(Exception, match=r"same word|correspond"):
                asked_in_python(model, question)
            continue
        theirs, compared = asked_in_python(model, question), compared + 1
        for key in ("contrast", "second", "ablation"):
            assert ours[key] == theirs[key], question
        assert (ours["clean"], ours["other"] or 0) == pytest.approx((theirs["clean"], theirs["other"] or 0), **CLOSE)
        for (where, kind, row), (there, _, other) in zip(tables(ours), tables(theirs), strict=True):
            assert (where, [one is None for one in row]) == (there, [one is None for one in other])
            assert [one for one in row if one is not None] == pytest.approx(
                [one for one in other if one is not None], **CLOSE
            ), (where, kind, question)
        for one, other in zip(ours["maps"], theirs["maps"], strict=True):
            assert [one[key] for key in ("rows", "tensors", "columns")] == [
                other[key] for key in ("rows", "tensors", "columns")
            ]
        assert ours["deciding"] == theirs["deciding"]
        terms, others = (
            {(term["tensor"], term["head"]): term for term in one["decomposition"]} for one in (ours, theirs)
        )
        assert terms.keys() == others.keys()
        for term in terms:
            assert terms[term]["value"] == pytest.approx(others[term]["value"], **CLOSE), term
            assert (terms[term]["by_key"] or []) == pytest.approx(others[term]["by_key"] or [], **CLOSE), term
        assert sum(term["value"] for term in terms.values()) == pytest.approx(ours["clean"], abs=1e-4)
        for depth, there in zip(ours["lens"], theirs["lens"], strict=True):
            assert depth["value"] == pytest.approx(there["value"], **CLOSE)
            assert [one["id"] for one in depth["candidates"]] == [one["id"] for one in there["candidates"]]
            assert [one["probability"] for one in depth["candidates"]] == pytest.approx(
                [one["probability"] for one in there["candidates"]], **CLOSE
            )
        assert [one["method"] for one in ours["attributions"]] == METHODS
        for one, other in zip(ours["attributions"], theirs["attributions"], strict=True):
            assert one["method"] == other["method"]
            size = max(map(abs, other["source"] + other["target"]))
            shares = pytest.approx(other["source"] + other["target"], rel=1e-3, abs=1e-3 * size)
            assert one["source"] + one["target"] == shares, (one["method"], question)
            assert len(one["source"]) == len(other["source"])
            assert one["agreement"] == pytest.approx(other["agreement"], abs=1e-6), (one["method"], question)
        assert ours["gap"] == pytest.approx(theirs["gap"], abs=2e-3 * abs(theirs["clean"]) + 2e-3), question
    assert compared >= 3


@pytest.mark.parametrize("name", MODELS)
def test_the_step_of_training_that_the_page_takes_is_pythons(program, name):
    model = MODELS[name]()
    record = trace(model, "a b", detail="full+weights").to_dict(compact=True)
    ours = program({"record": record, "sentence": SENTENCE, "asked": []})["step"]
    source = [*model.source_tokenizer.encode(SENTENCE), EOS]
    said = [step["chosen"]["id"] for step in trace(model, SENTENCE).decode["steps"]]
    theirs = training_step(model.model, source, said)
    for key in ("losses", "losses_after", "rate"):
        assert ours[key] == pytest.approx(theirs[key], **CLOSE), key
    for key, value in theirs["weight"].items():
        assert ours["weight"][key] == (value if type(value) in (str, int) else pytest.approx(value, **CLOSE)), key


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("name", MODELS)
def test_the_beam_that_the_page_searches_is_pythons(program, name, width):
    model = MODELS[name]()
    record = trace(model, "a b", detail="full+weights").to_dict(compact=True)
    for sentence in (SENTENCE, "b a d e"):
        ours = program({"record": record, "sentence": sentence, "asked": [], "beam": width})["beam"]
        theirs = trace(model, sentence, beam=width).beam
        assert (ours["width"], ours["length_penalty"]) == (theirs["width"], theirs["length_penalty"])
        for one, other in zip(ours["nodes"], theirs["nodes"], strict=True):
            assert one.keys() == other.keys()
            for key, value in other.items():
                assert one[key] == (pytest.approx(value, rel=2e-5, abs=2e-5) if type(value) is float else value), key


def test_stretches_of_two_lists_correspond_as_difflib_says(tmp_path):
    program = bundled("difflibDriver", tmp_path)
    words = ["a b c d", "a x c d", "b c a d", "", "a", "a a b a", "d c b a", "c d a b", "x", "a b a b c", "b a b a"]
    pairs = [(one.split(), other.split()) for one in words for other in words]
    for (one, other), found in zip(pairs, program(pairs), strict=True):
        theirs = difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
        assert [(code["kind"], *code["one"], *code["other"]) for code in found] == theirs, (one, other)


def ask(page, second):
    page.get_by_role("textbox", name="The second sentence").fill(second)
    page.get_by_role("button", name="Find what decides").click()


def answered(page):
    page.get_by_role("region", name="In the encoder").wait_for()
    return page.get_by_role("region", name="In the encoder")


def test_a_reader_asks_of_a_typed_sentence_and_the_link_opens_the_answer(visit, pages):
    page = visit(pages("greedy"), f"#view=why&sentence={SENTENCE}")
    page.get_by_role("heading", name="Why does it say this word?").wait_for()
    ask(page, SECONDS[0])
    found = cause(spoken(), SENTENCE, versus=SECONDS[0])
    text = answered(page).get_by_role("table").first.inner_text()
    largest = max(effect for row in found.to_dict()["maps"][0]["total"] for effect in row)
    assert f"{largest:.1f}" in text
    assert "asked=any" in page.url and "versus=" in page.url
    page.get_by_role("button", name="Do this").first.click()
    page.get_by_text("difference computed here").wait_for()
    page.wait_for_timeout(300)
    fragment = page.evaluate("() => location.hash")
    visit.turn(page, pages("greedy"), fragment)
    assert answered(page).get_by_role("table").first.inner_text() == text
    page.get_by_text("difference computed here").wait_for()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert [one["id"] for one in page.evaluate("() => axe.run()")["violations"]] == []


def test_the_methods_of_the_literature_are_computed_for_a_typed_sentence(visit, pages):
    page = visit(pages("greedy"), f"#view=why&sentence={SENTENCE}")
    ask(page, SECONDS[0])
    beside = page.get_by_role("region", name="Attention, and what other methods say")
    beside.get_by_role("rowheader", name="ALTI+").wait_for()
    assert "Python" not in beside.inner_text()
    for one in cause(spoken(), SENTENCE, versus=SECONDS[0]).attributions:
        row = beside.get_by_role("row").filter(has=page.get_by_role("rowheader", name=one.method))
        sizes = [abs(share) for share in one.source]
        shown = [int(text) for text in row.get_by_role("cell").all_inner_texts()]
        assert shown == pytest.approx([100 * size / sum(sizes) for size in sizes], abs=0.6), one.method


def test_a_step_of_training_on_a_typed_sentence_is_computed_here(visit, pages):
    page = visit(pages("greedy"), "#view=training_step&sentence=a b")
    page.get_by_role("region", name="One weight’s gradient, term by term").wait_for()
    model = spoken()
    said = [step["chosen"]["id"] for step in trace(model, "a b").decode["steps"]]
    step = training_step(model.model, [*model.source_tokenizer.encode("a b"), EOS], said)
    shown = page.get_by_role("table").first.get_by_role("row").last.get_by_role("cell").all_inner_texts()
    means = [sum(step[key]) / len(said) for key in ("losses", "losses_after")]
    assert [number(text) for text in shown] == pytest.approx(means, abs=2e-4)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert [one["id"] for one in page.evaluate("() => axe.run()")["violations"]] == []


def test_the_recorded_sentence_can_be_asked_another_question_and_back(visit, pages):
    page = visit(pages("cause"), "#view=why")
    recorded = answered(page).inner_text()
    page.get_by_role("radio", name="the runner-up").check()
    page.get_by_role("combobox", name="The word").select_option("0")
    page.get_by_role("button", name="Find what decides").click()
    page.wait_for_url("**asked=0**")
    assert answered(page).inner_text() != recorded
    page.get_by_role("button", name="Back to the recorded question").click()
    page.wait_for_url(lambda url: "asked" not in url)
    assert answered(page).inner_text() == recorded


def test_what_is_no_question_is_refused_in_one_line(visit, pages):
    page = visit(pages("greedy"), f"#view=why&sentence={SENTENCE}")
    for second, why in ((SENTENCE, "the same word"), ("  ", "blank"), ("a b " * 40, "reads at most")):
        ask(page, second)
        page.get_by_role("alert").filter(has_text=why).wait_for()
    for nonsense in ("asked=99", "asked=-1", "asked=any&versus=", "asked=any&versus=<b>&asked=x", "asked=zz&versus=a"):
        visit.turn(page, pages("greedy"), f"#view=why&{nonsense}")
        page.get_by_role("heading", name="Why this word?").wait_for()
        settle(page)
        assert page.locator("main b b").count() == 0


def test_the_beam_of_a_typed_sentence_is_searched_here(visit, pages):
    page = visit(pages("greedy"), "#view=beam&sentence=b a d")
    page.get_by_role("treeitem").first.wait_for()
    nodes = trace(spoken(), "b a d", beam=4).beam["nodes"]
    page.get_by_role("checkbox", name="show what was pruned").check()
    assert page.get_by_role("treeitem").count() == len(nodes)
    assert page.get_by_text("done here, by the page").is_visible()
    go(page, "#view=beam")
    page.get_by_role("treeitem").first.wait_for()
