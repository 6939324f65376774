"""The decode loop on its timeline, the beam as a tree, two models compared, a training to walk through."""

import re
from collections import Counter

import numpy as np
import pytest

from glassformer.glass.compare import differences, first_divergence
from glassformer.glass.numbers import show

from .browser import focused, number, settle
from .pages import compared, greedy, trained, translation

# ---- timeline


def test_each_step_says_what_was_read_what_could_come_and_what_was_taken(visit, pages):
    page = visit(pages("greedy"), "#view=timeline")
    steps = greedy().decode["steps"]
    tabs = page.get_by_role("tab")
    assert tabs.count() == len(steps)
    for tab, step in zip(tabs.all(), steps, strict=True):
        tab.click()
        panel = page.get_by_role("tabpanel")
        text = panel.inner_text()
        assert re.search(rf"reads\s+{re.escape(step['read']['text'])}", text)
        assert re.search(rf"takes\s+{re.escape(step['chosen']['text'])}", text)
        assert f"Entropy {show(step['entropy'])} nats" in text
        shown = panel.get_by_role("table").get_by_role("row").all()[1:]
        assert len(shown) == len(step["candidates"])
        for row, one in zip(shown, step["candidates"], strict=True):
            words = row.inner_text()
            assert show(one["logit"]) in words
            percent = number(re.search(r"([\d.]+)\s*%", words)[1])
            assert percent == pytest.approx(100 * one["probability"], abs=0.051)
            assert ("taken" in words) == (one["id"] == step["chosen"]["id"])
            assert ("forbidden" in words) == one["forbidden"]


def test_a_step_shows_where_it_looked(visit, pages):
    page = visit(pages("greedy"), "#view=timeline")
    record = greedy()
    layers = [
        one for name, one in record.tensors.items() if re.fullmatch(r"decoder\.\d+\.cross_attention\.weights", name)
    ]
    mean = np.mean([one.values for one in layers], axis=(0, 1))
    for step in (0, len(mean) - 1):
        page.get_by_role("tab").nth(step).click()
        shown = page.get_by_role("tabpanel").get_by_role("button", name=re.compile("^weight of")).all_inner_texts()
        assert list(map(number, shown)) == pytest.approx(mean[step], abs=5.1e-5)


def test_it_plays_to_the_end_pauses_and_never_starts_by_itself(visit, pages):
    page = visit(pages("greedy"), "#view=timeline")
    page.get_by_role("tab").first.wait_for()
    page.clock.install()
    last = page.get_by_role("tab").count() - 1

    def at():
        settled(page)
        return [tab.get_attribute("aria-selected") for tab in page.get_by_role("tab").all()].index("true")

    page.clock.run_for(20_000)
    assert at() == 0
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1_500)
    assert at() == 1
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(20_000)
    assert at() == 1
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(60_000)
    assert at() == last
    assert page.get_by_role("button", name="Play").is_visible()


def settled(page):
    page.clock.run_for(300)


def test_the_timeline_by_keyboard(visit, pages):
    page = visit(pages("greedy"), "#view=timeline")
    steps = greedy().decode["steps"]
    page.get_by_role("tab").first.focus()
    for key, step in (("ArrowRight", 1), ("End", len(steps) - 1), ("ArrowRight", len(steps) - 1), ("Home", 0)):
        page.keyboard.press(key)
        settle(page)
        assert focused(page) == page.get_by_role("tab", selected=True).get_attribute("aria-label")
        assert focused(page).startswith(f"step {step + 1} of {len(steps)}: reads {steps[step]['read']['text']}")


# ---- beam


def test_the_tree_holds_every_node_with_its_fate(visit, pages):
    beam = translation().beam
    page = visit(pages("translation"), "#view=beam")
    page.get_by_role("treeitem").first.wait_for()
    nodes = Counter(text[2:] for text in page.get_by_role("treeitem").all_text_contents())  # without its sign
    assert nodes == Counter(map(spoken, beam["nodes"]))
    states = Counter(one["state"] for one in beam["nodes"])
    assert set(states) == {"kept", "pruned", "finished", "best"}
    legend = page.get_by_role("main").get_by_role("list").first.inner_text()
    for words, state in (("won", "best"), ("next step", "kept"), ("not best", "finished"), ("pruned", "pruned")):
        assert re.search(rf"{words}\s+{states[state]}\b", legend)
    page.get_by_role("checkbox", name="show what was pruned").uncheck()
    assert page.get_by_role("treeitem").count() == len(beam["nodes"]) - states["pruned"]


def spoken(node):
    """What a screen reader says of a node."""
    return (
        f"{node['text']}, {node['state']}, score {show(node['score'])} "
        f"ln p {show(node['log_prob'])} Σ {show(node['sum'])}"
    )


def test_the_arithmetic_of_a_score_comes_out(visit, pages):
    beam = translation().beam
    page = visit(pages("translation"), "#view=beam")
    for state in ("best", "finished", "pruned", "kept"):
        page.get_by_role("treeitem", name=re.compile(f", {state}, ")).last.click()
        text = page.get_by_role("region", name="The chosen node").inner_text()
        sums = re.search(r"^= (\(.*\) / \(\(5 \+ (\d+)\) / 6\)\^.* = .* = .*)$", text, re.MULTILINE)
        values = [eval(part.replace("−", "-").replace("^", "**"), {}) for part in sums[1].split("=")]
        assert values == pytest.approx([values[-1]] * 3, abs=1e-3), state
        same = [
            one
            for one in beam["nodes"]
            if one["state"] == state and one["score"] == pytest.approx(values[-1], abs=1e-3)
        ]
        assert any(one["length"] == int(sums[2]) for one in same)


def test_the_tree_by_keyboard(visit, pages):
    beam = translation().beam
    page = visit(pages("translation"), "#view=beam")
    chosen = page.get_by_role("treeitem", selected=True)
    chosen.focus()
    assert ", best, " in focused(page)
    depth = max(one["step"] for one in beam["nodes"] if one["state"] == "best")
    for _ in range(depth):
        page.keyboard.press("ArrowLeft")
        settle(page)
        assert focused(page) == page.get_by_role("treeitem", selected=True).text_content()
    assert spoken(beam["nodes"][0]) in focused(page)
    page.keyboard.press("ArrowRight")
    settle(page)
    first = max((one for one in beam["nodes"] if one["step"] == 1), key=lambda one: one["score"])
    assert spoken(first) in focused(page)
    page.keyboard.press("ArrowDown")
    settle(page)
    assert any(spoken(one) in focused(page) for one in beam["nodes"] if one["step"] == 1 and one is not first)
    assert page.get_by_role("tree").locator("[tabindex='0']").count() == 1


def test_the_tree_opens_at_its_beginning(visit, pages):
    page = visit(pages("translation"), "#view=beam")
    tree = page.get_by_role("tree")
    root = tree.get_by_role("treeitem").first
    assert root.text_content().startswith("★ <s>")
    settle(page)
    window, box = page.locator(".beam-window").bounding_box(), root.bounding_box()
    assert window["x"] <= box["x"] and box["x"] + box["width"] <= window["x"] + window["width"]
    assert window["y"] <= box["y"] and box["y"] + box["height"] <= window["y"] + window["height"]


def test_no_node_of_the_tree_writes_over_another(visit, pages):
    page = visit(pages("translation"), "#view=beam")
    page.get_by_role("treeitem").first.wait_for()
    overprints = """() => [...document.querySelectorAll(".beam-space .beam-node")].filter((node) => {
        const boxes = [...node.querySelectorAll("b, small")].map((one) => one.getBoundingClientRect());
        const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1;
        const inside = node.getBoundingClientRect();
        const out = boxes.some((one) => one.right > inside.right || one.left < inside.left);
        return out || boxes.some((a, i) => boxes.some((b, j) => i < j && meet(a, b)));
    }).length"""
    assert page.evaluate(overprints) == 0


# ---- attention


def test_attention_of_the_target_shows_and_explains_what_is_masked(visit, pages):
    page = visit(pages("greedy"), "#view=attention&block=decoder.self_attention:all:all")
    steps = greedy().decode["steps"]
    rows = [f"{step['read']['text']} → {step['chosen']['text']}" for step in steps]
    page.get_by_role("checkbox", name="whole words").uncheck()
    settle(page)
    hatched = page.locator(".derived-window rect[fill^='url(']")
    assert hatched.count() == len(steps) * (len(steps) - 1) / 2
    labels = page.locator(".derived-window g > text").all_text_contents()
    assert labels == rows
    assert "masked: future" in page.get_by_role("main").inner_text()
    assert "What comes later is masked" in page.get_by_role("main").inner_text()


# ---- compare


def test_two_models_part_where_python_says(visit, pages):
    (_, first), (_, second) = compared()
    step = first_divergence(first, second)
    page = visit(pages("compare"))
    text = page.get_by_role("main").inner_text()
    assert f"They part in step {step + 1}:" in text
    for record in (first, second):
        assert record.decode["text"] in text
        assert record.decode["steps"][step]["chosen"]["text"] in text


def test_tensors_differ_by_what_python_says(visit, pages):
    (_, first), (_, second) = compared()
    page = visit(pages("compare"))
    shown = page.get_by_role("main").inner_text().replace("\n", " ")
    ours = [one for one in differences(first, second) if one.name.startswith("encoder.0.self_attention.")]
    assert ours
    for one in ours:
        assert f"{show(one.mean)} mean · {show(one.largest)} largest" in shown[shown.index(one.name) :][:200], one.name


# ---- training


def test_the_training_is_walked_through_sentence_by_sentence(visit, pages):
    page = visit(pages("training"))
    sentences = list(dict.fromkeys(record.axes["source"]["text"] for _, record in trained()))
    for sentence in sentences:
        page.get_by_role("radio", name=sentence, exact=True).check()
        probes = [(label, record) for label, record in trained() if record.axes["source"]["text"] == sentence]
        assert page.get_by_role("tab").all_inner_texts() == [label for label, _ in probes]
        for tab, (label, record) in zip(page.get_by_role("tab").all(), probes, strict=True):
            tab.click()
            panel = page.get_by_role("tabpanel", name=label)
            assert record.decode["text"] in panel.inner_text()
            entropy = np.mean([step["entropy"] for step in record.decode["steps"]])
            assert f"Mean entropy over the steps: {show(entropy)} nats" in panel.inner_text()


def test_the_loss_is_drawn_with_the_place_where_one_is(visit, pages):
    page = visit(pages("training"))
    main = page.get_by_role("main")
    page.get_by_role("tab", name="step 200").click()
    assert "At step 150 1.5000 on what it trains on, at step 100 2 on what it has never seen" in " ".join(
        main.inner_text().split()
    )
    assert page.get_by_role("img", name=re.compile("^The loss over 300 steps, from 3 to 1$")).count() == 1


def test_the_training_plays_as_fast_as_one_likes(visit, pages):
    page = visit(pages("training"))
    page.clock.install()
    page.get_by_role("tab").first.click()
    page.get_by_label("speed").select_option("4 ×")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(400)
    assert page.get_by_role("tab", selected=True).inner_text() == "step 200"
