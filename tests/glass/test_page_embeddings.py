"""The embedding map in a browser: what it shows is the record's, by search, by pointer and by keyboard."""

from .browser import open_view
from .pages import MARKUP, mapped


def near(page):
    return page.locator(".embedding-near li button").all_inner_texts()


def expected(word):
    found = mapped().embeddings["source"]
    texts = [one["text"] for one in found["words"]]
    return [texts[other] for other, _ in found["nearest"][texts.index(word)]]


def test_a_word_is_found_and_its_neighbours_lead_on(visit, pages):
    page = visit(pages("embeddings"))
    open_view(page, "Embedding map")
    search = page.get_by_label("Word", exact=False).first
    search.fill("c")
    search.press("Enter")
    assert near(page) == expected("c")
    assert page.locator(".embedding-word h3 bdi").first.inner_text() == "c"
    page.locator(".embedding-near li button").nth(1).focus()
    page.keyboard.press("Enter")
    assert near(page) == expected(expected("c")[1])
    page.wait_for_url(lambda url: f"map_word={expected('c')[1]}" in url)
    search.fill("nothing like it")
    search.press("Enter")
    assert "No word" in page.locator(".choice [role=status]").inner_text()


def test_each_word_is_a_point_and_the_nearest_to_the_pointer_is_named(visit, pages):
    page = visit(pages("embeddings"))
    open_view(page, "Embedding map")
    picture = page.locator(".embedding-map > svg")
    assert picture.locator(".dot").count() == 26
    assert picture.locator(".kind-0").count() == picture.locator(".kind-1").count() == 13
    picture.scroll_into_view_if_needed()
    dot = picture.locator(".dot").nth(7).bounding_box()
    page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    named = page.locator(".embedding-word h3 bdi").first.inner_text()
    assert named == [one["text"] for one in mapped().embeddings["source"]["words"]][7]
    page.get_by_label("none").check()
    assert picture.locator(".kind-0").count() == 0


def test_the_probe_and_the_walk_say_what_the_record_says(visit, pages):
    page = visit(pages("embeddings"))
    open_view(page, "Embedding map")
    (probe,) = mapped().embeddings["source"]["probes"]
    assert probe["feature"] == "gender" and probe["majority"] == 0.5
    row = page.locator(".embedding-probes tbody tr").inner_text()
    assert "50.0 %" in row and f"{probe['accuracy'] * 100:.1f} %" in row
    assert page.locator(".embedding-walk").inner_text().split() == [
        "a",
        "−",
        "b",
        "+",
        "c",
        "≈",
        "c",
        "0.70",
        "d",
        "0.40",
    ]
    assert page.locator(".embedding-word h3 small").inner_text().strip() == MARKUP  # as text
