"""A link opens exactly what its reader saw; Back takes one step back; and no link can do harm."""

import pytest

from .browser import open_view, panel, settle

# What a reader does in a view, and what the view shows then that it did not show before.
CHOICES = {
    "tour": lambda page: page.get_by_role("button", name="Next →").first.click(),
    "tokens": lambda page: page.get_by_role("table").first.get_by_role("button", name="c", exact=True).click(),
    "attention": lambda page: page.get_by_role("checkbox", name="whole words").click(),
    "residual": lambda page: pick(page, "Token", 2),
    "feed_forward": lambda page: pick(page, "Token", 2),
    "logits": lambda page: page.get_by_label("Temperature T").fill("0.5"),
    "timeline": lambda page: page.get_by_role("tab").nth(2).click(),
    "beam": lambda page: page.get_by_role("checkbox").click(),
    "matrix&tensor=decoder.1.cross_attention.weights": lambda page: pick(page, "head", 2),
    "edit": lambda page: page.get_by_role("radio", name="hide a word").click(),
    "positions": lambda page: page.get_by_label("pair of columns").first.fill("3"),
}


def pick(page, label, at):
    group = page.get_by_role("group", name=label, exact=True)
    if group.count():
        group.get_by_role("radio").nth(at).click()
    else:
        page.get_by_label(label, exact=True).select_option(index=at)


def shown(page):
    """All that the view says, in words and in its fields."""
    settle(page)
    fields = (
        page.get_by_role("main")
        .locator("input, select")
        .evaluate_all("(all) => all.map((one) => (/radio|checkbox/.test(one.type) ? String(one.checked) : one.value))")
    )
    return page.get_by_role("main").inner_text(), fields


def address(page):
    """The fragment of the page's address, once it has followed a slider."""
    page.wait_for_timeout(250)
    return page.evaluate("() => location.hash")


@pytest.mark.parametrize("view", CHOICES)
def test_a_link_opens_what_was_chosen(visit, pages, view):
    page = visit(pages("translation"), f"#view={view}")
    before = shown(page)
    CHOICES[view](page)
    chosen = shown(page)
    assert chosen != before
    fragment = address(page)
    assert shown(visit.turn(page, pages("translation"), fragment)) == chosen
    assert address(page) == fragment


def test_back_takes_back_one_choice_after_the_other(visit, pages):
    page = visit(pages("greedy"), "#view=timeline")
    seen = [shown(page)]
    for at in (1, 2):
        page.wait_for_timeout(600)  # what comes at once is one step of the history
        page.get_by_role("tab").nth(at).click()
        seen.append(shown(page))
    open_view(page, "Logits to probabilities")
    assert "step=2" in address(page)  # the step is that of the other view
    page.go_back()
    assert shown(page) == seen[2]
    page.go_back()
    assert shown(page) == seen[1]
    page.keyboard.press("Backspace")
    assert shown(page) == seen[0]
    page.go_forward()
    assert shown(page) == seen[1]


def test_a_slider_is_one_step_of_the_history(visit, pages):
    page = visit(pages("greedy"), "#view=logits")
    before, length = shown(page), page.evaluate("() => history.length")
    page.get_by_label("Temperature T").evaluate(
        """async (slider) => {
            for (let tenths = 2; tenths < 30; tenths++) {
                slider.value = tenths / 10;
                slider.dispatchEvent(new Event("input", {bubbles: true}));
                await new Promise((done) => setTimeout(done));
            }
        }"""
    )
    assert page.evaluate("() => history.length") == length + 1
    assert "temperature=2.9" in address(page)
    page.go_back()
    assert shown(page) == before


def test_the_tour_resumes_where_one_left_it(visit, pages):
    page = visit(pages("greedy"), "#view=tour")
    for _ in range(4):
        page.get_by_role("button", name="Next →").first.click()
    stop = page.get_by_role("main").get_by_role("heading", level=3).first.inner_text()
    open_view(page, "Map")
    open_view(page, "Guided tour")
    assert page.get_by_role("main").get_by_role("heading", level=3).first.inner_text() == stop


def test_edits_are_in_the_link_and_back_takes_them_back(visit, pages):
    page = visit(pages("greedy"), "#view=edit&change=head")
    seen = [address(page)]
    for name, said in (("Silence it", "is silent"), ("hide a word", None), ("Hide it", "is hidden from the decoder")):
        page.wait_for_timeout(600)
        page.get_by_role("radio" if said is None else "button", name=name).click()
        page.get_by_text(said or "From").first.wait_for()
        seen.append(address(page))
    assert len(set(seen)) == 4
    visit.turn(page, pages("greedy"), seen[3])
    page.get_by_text("is hidden from the decoder").wait_for()
    assert "is silent" in shown(page)[0]
    visit.turn(page, pages("greedy"), seen[1])
    changed = page.get_by_role("region", name="What is changed")
    assert "is silent" in changed.inner_text() and "is hidden" not in changed.inner_text()
    page.wait_for_timeout(600)
    changed.get_by_role("button", name="Undo").click()
    assert "as recorded" in changed.inner_text()
    page.go_back()
    page.get_by_text("is silent").wait_for()
    assert address(page) == seen[1]


HOSTILE = (
    "#view=edit&edit=encoder.mask[0,0]=1e999&edit=<img src=x onerror=alert(1)>&edit=log_probs[0,0]=5",
    "#view=timeline&step=99999999&look=9:9",
    "#view=timeline&step=1<script>alert(1)</script>",
    "#view=logits&step=-1&temperature=NaN&keep=top-k:0:7",
    "#view=logits&temperature=1e9",
    "#view=tokens&token=constructor:1&row=99",
    "#view=tokens&token=target:999",
    "#view=residual&row=999999999&column=99999",
    "#view=beam&node=1e3&pruned=maybe",
    "#view=tour&stop=__proto__",
    "#view=attention&word=query:999&hide_below=7&row_is=",
    "#view=positions&of=<b>&pair=99&place=99&places=9:999",
    "#view=map&layers=9:9&block=encoder.99",
    "#view=edit&change=toString&search=<b>x</b>&place=999&side=none&attention=&head=77",
    "#view=heads&head=%00",
    "#view=map&sentence=<img src=x onerror=alert(1)>",
    "#" + "view=map&" * 4000,
)


def test_no_link_can_do_harm(visit, pages):
    page = visit(pages("translation"))
    for fragment in HOSTILE:
        visit.turn(page, pages("translation"), fragment)
        page.get_by_role("main").get_by_role("heading", level=2).wait_for()
        assert page.get_by_role("alert").count() == 0, fragment
        assert page.locator("img").count() == 0, fragment
    assert panel(page).count() == 0
