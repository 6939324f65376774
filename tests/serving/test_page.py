"""The page at / in a real browser: it asks nothing of other hosts, breaks no rule of its policy, and logs no error."""

import json
from urllib.parse import quote_plus

import pytest

from glassformer.serving.keys import add_key
from glassformer.serving.limits import Limits
from glassformer.serving.models import Source
from glassformer.translator import Translator
from tests.glass.browser import AXE, NARROW, PATIENCE, WIDE, chromium, focused, keep_picture, lacking, open_view
from tests.serving.servers import serving, write_model

expect = pytest.importorskip("playwright.sync_api").expect
TRANSLATE = "**/v1/translate"
SOURCE = "b a d"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A model whose translation of SOURCE has words of one token each."""
    return Source(write_model(tmp_path_factory.mktemp("page") / "letters", seed=2), ("en", "hi"))


@pytest.fixture(scope="module")
def address(served, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server"), served, limits=Limits(max_characters=500)) as one:
        yield one


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser, address):
    """`visit()` opens the page; what it does wrong meanwhile fails the test, but for `visit.expected`."""
    problems, contexts = [], []

    def opened(dark=False, viewport=WIDE, url=address, answer=None, wait=True, **options):
        """`answer`: what every text is translated by, in place of the server's own."""
        context = browser.new_context(color_scheme="dark" if dark else "light", viewport=viewport, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda one: one.url.startswith(url) or problems.append(f"asked for {one.url}"))
        context.on("console", lambda one: problems.append(one.text) if one.type in ("error", "warning") else None)
        context.on("weberror", lambda one: problems.append(str(one.error)))
        context.on("dialog", lambda one: problems.append(one.message) or one.dismiss())
        page = context.new_page()
        if answer:
            page.route(TRANSLATE, lambda route: route.fulfill(json=answered(answer)))
        page.goto(url)
        if wait:
            page.wait_for_selector("#pair option", state="attached")
        return page

    opened.expected = ()
    yield opened
    for one in contexts:
        one.close()
    assert not [one for one in problems if not any(text in one for text in opened.expected)]


def answered(*translations):
    return {"model": "letters", "source": "en", "target": "hi", "translations": translations, "request_id": "r"}


def translation(source, text, **more):
    """A translation as the server has it, each word one token, and each attending to the word of its own number."""
    words, read = text.split(), source.split()
    weights = [[0.8 if i == j else 0.1 for j in range(len(read) + 1)] for i in range(len(words) + 1)]
    return {
        "source": source, "text": text, "score": -1.0, "log_prob": -2.0, "finished": True, "confidence": 0.75,
        "tokens": [*(f"▁{one}" for one in words), "</s>"], "token_log_probs": [-0.5] * (len(words) + 1),
        "source_tokens": [*(f"▁{one}" for one in read), "</s>"], "alignment": weights, "alternatives": [], "parts": [],
        "inserted": [], "warnings": [], **more,
    }  # fmt: skip


def words(page):
    return page.locator("#target .word")


def field(page):
    return page.get_by_role("textbox", name="English")


def typed(page, text):
    """Type a text, and wait for what comes of it."""
    page.locator("#source").fill(text)
    page.wait_for_selector("#target .word")
    return words(page)


def shown(page):
    return page.locator("#target").inner_text()


def marked(page, pane):
    """The words of a pane that are marked, and how strongly."""
    strengths = "(all) => all.map((one) => [one.textContent, Number(one.style.getPropertyValue('--strength'))])"
    return dict(page.locator(f"{pane} .attended").evaluate_all(strengths))


def copied(page):
    page.get_by_role("button", name="Copy").click()
    return page.evaluate("navigator.clipboard.readText()")


# ---- what it is for


def test_what_is_typed_is_translated_as_the_model_does(visit, served):
    page, translator = visit(), Translator.load(served.path, engine="auto")
    typed(page, SOURCE)
    assert page.locator("#target").text_content() == translator.translate([SOURCE], beam=4)[0].text
    field(page).press_sequentially(" b")
    expect(page.locator("#target")).to_have_text(translator.translate([f"{SOURCE} b"], beam=4)[0].text)
    keep_picture(page, "serve")
    page.get_by_role("button", name="Clear").click()
    assert shown(page) == "" and field(page).input_value() == ""


def test_why_opens_the_glass_view_of_exactly_this_translation_at_the_word(visit):
    page = visit()
    typed(page, SOURCE).nth(1).click()
    text, said = shown(page), page.locator("#word").inner_text()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Why this word?").click()
    glass = opened.value
    glass.get_by_role("heading", name="Why this word?", level=2).wait_for()
    assert glass.locator("h1").inner_text().endswith(f"{SOURCE} → {text}")
    assert "At step 2 of the translation" in glass.inner_text("main")
    open_view(glass, "Decoding step by step")
    chance = glass.get_by_role("row").filter(has_text="taken").get_by_role("button").first.inner_text()
    assert f"The model gave it {chance} in" in said  # the number that the view explains
    glass.reload()
    glass.get_by_role("heading", name="Decoding step by step").wait_for()


def test_the_wording_that_one_chooses_is_shown_asked_about_and_copied(visit):
    other = translation("a b", "ठ ड")
    page = visit(
        answer=translation("a b", "ट ड", alternatives=[other]), permissions=["clipboard-read", "clipboard-write"]
    )
    typed(page, "a b")
    assert copied(page) == "ट ड"
    page.get_by_role("button", name="ठ ड").click()
    assert shown(page) == copied(page) == "ठ ड"
    words(page).first.click()
    assert quote_plus("ठ ड") in page.get_by_role("link", name="Why this word?").get_attribute("href")
    page.get_by_role("button", name="ट ड").click()
    assert shown(page) == "ट ड"


def test_what_belongs_together_is_marked_from_either_side(visit):
    page = visit(answer=translation("One two three", "एक दो तीन"))
    typed(page, "One two three").nth(1).hover()
    assert marked(page, "#mirror") == {"One": 0.1, "two": 0.8, "three": 0.1}
    box = page.locator("#mirror .word").nth(2).bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert marked(page, "#target") == {"एक": 0.1, "दो": 0.1, "तीन": 0.8}
    page.mouse.move(0, 0)
    page.locator("#source").press("Home")  # the caret does as the mouse does
    page.locator("#target .attended").first.wait_for()  # a browser tells of the caret in a moment of its own
    assert marked(page, "#target") == {"एक": 0.8, "दो": 0.1, "तीन": 0.1}


def test_warnings_stand_at_the_words_that_they_are_about(visit):
    warnings = [
        {"kind": "unknown", "message": "words that the model was not trained on", "words": ["zanzibar"]},
        {
            "kind": "invented",
            "message": "words in the translation that the training text does not have",
            "words": ["ज"],
        },
    ]
    parts = [translation("A b.", "क ख।"), translation("Hello Zanzibar", "नमस्ते ज", warnings=warnings, confidence=0.01)]
    page = visit(answer=translation("A b. Hello Zanzibar", "क ख। नमस्ते ज", parts=parts, tokens=[], alignment=None))
    typed(page, "A b. Hello Zanzibar")
    assert page.locator("#mirror .doubted").all_inner_texts() == ["Zanzibar"]
    assert page.locator("#target .doubted").all_inner_texts() == ["ज"]
    listed = page.get_by_role("region", name="Look at it again")
    assert "Hello Zanzibar" in listed.inner_text() and "A b." not in listed.inner_text()
    assert "not trained on: “\u2068zanzibar\u2069”" in listed.inner_text()
    assert "Confidence 1 %, of the least sure sentence" in page.locator("#confidence").inner_text()


def test_each_line_is_translated_by_itself(visit, served):
    page, translator = visit(), Translator.load(served.path, engine="auto")
    typed(page, f"{SOURCE}\n\nf e d")
    first, second = translator.translate([SOURCE, "f e d"], beam=4)
    assert page.locator("#target").text_content() == f"{first.text}\n\n{second.text}"


# ---- out of order, refused, gone


def test_an_answer_that_comes_late_is_cancelled_and_never_shown(visit):
    page, held = visit(), []

    def answer(route):
        (text,) = route.request.post_data_json["text"]
        if text == "slow":
            held.append(route)
        else:
            route.fulfill(json=answered(translation(text, "नया")))

    page.route(TRANSLATE, answer)
    cancelled = []
    page.on("requestfailed", lambda one: cancelled.extend(one.post_data_json["text"]))
    page.locator("#source").fill("slow")
    page.wait_for_selector("#busy:not([hidden])")
    typed(page, "new")
    assert shown(page) == "नया"
    held[0].fulfill(json=answered(translation("slow", "पुराना")))
    page.wait_for_timeout(100)
    assert shown(page) == "नया" and cancelled == ["slow"]


@pytest.mark.parametrize(
    ("status", "said"),
    [(429, "much to do"), (503, "busy, starting or about to stop"), (504, "took too long"), (None, "does not answer")],
)
def test_a_server_that_cannot_now_is_asked_again_when_it_says(visit, status, said):
    page, asked = visit(), []
    visit.expected = ("Failed to load resource",)

    def answer(route):
        asked.extend(route.request.post_data_json["text"])
        if len(asked) > 1:
            route.fulfill(json=answered(translation("a", "क")))
        elif status is None:
            route.abort("connectionrefused")
        else:
            body = {"error": {"code": "busy", "message": "busy"}, "request_id": "id-7"}
            route.fulfill(status=status, headers={"Retry-After": "1"}, json=body)

    page.route(TRANSLATE, answer)
    page.locator("#source").fill("a")
    notice = page.get_by_role("alert")
    notice.get_by_text(said).wait_for()
    assert status is None or "id-7" in notice.inner_text()
    words(page).first.wait_for()  # by itself
    assert asked == ["a", "a"] and not notice.is_visible()


def test_a_text_that_is_too_long_is_said_to_be(visit):
    page = visit()
    visit.expected = ("413",)
    page.locator("#source").fill("a " * 300)
    page.get_by_role("alert").get_by_text("longer than the server takes").wait_for()
    assert "500" in page.get_by_role("alert").inner_text()  # what it does take
    typed(page, "a b")
    assert not page.get_by_role("alert").is_visible()


def test_a_server_that_wants_a_key_gets_the_one_that_is_typed(visit, served, tmp_path):
    keys = []
    add_key(tmp_path / "keys", "reader", keys.append)
    (key,) = keys
    with serving(tmp_path, served, keys=tmp_path / "keys") as address:
        visit.expected = ("401",)
        page = visit(url=address, wait=False)
        page.locator("#source").fill(SOURCE)
        page.get_by_label("Key").fill(key)
        page.get_by_role("button", name="Use it").click()
        words(page).first.click()
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Why this word?").click()
        opened.value.get_by_role("heading", name="Why this word?", level=2).wait_for()
        assert key not in opened.value.url


# ---- whoever reads it, and however


def test_hostile_text_stays_text(visit):
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script> {{constructor}} \u202e"
    warning = {"kind": "unknown", "message": f"has {evil}", "words": [evil]}
    found = translation(evil, evil, warnings=[warning], alternatives=[translation(evil, f"{evil}!")])
    page = visit(answer=found)
    typed(page, evil).first.click()
    assert page.locator("#target").text_content() == evil
    assert page.locator("main img, main script").count() == 0


def test_a_text_from_right_to_left_is_read_and_walked_through_that_way(visit):
    page = visit(answer=translation("The house is big", "گھر بہت بڑا ہے"))
    first = typed(page, "The house is big").first
    assert page.locator("#target").evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    first.focus()
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "بہت"
    page.keyboard.press("ArrowRight")
    assert focused(page) == "گھر"
    page.locator("#source").fill("شکریہ")
    assert page.locator("#source").evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    expect(page.locator("#count")).to_have_text("5 characters")
    keep_picture(page, "serve right to left")


def test_it_works_without_a_mouse(visit):
    page = visit(answer=translation("one two three", "एक दो तीन"))
    typed(page, "one two three")
    page.locator("#source").focus()
    for name in ("Clear", "Copy", "एक"):  # in the order in which they stand
        if name == "Clear":
            page.keyboard.press("Shift+Tab")
            assert focused(page) == "Clear"
            page.keyboard.press("Tab")
            continue
        page.keyboard.press("Tab")
        assert focused(page) == name
    page.keyboard.press("End")
    assert focused(page) == "तीन"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.locator("#target [aria-pressed=true]").inner_text() == "दो"
    page.keyboard.press("Tab")
    assert focused(page).startswith("Why this word?")


def test_models_and_their_languages_are_offered(visit):
    page = visit()
    pairs = [("en", "hi"), ("hi", "en"), ("en", "hi"), ("und", "und")]
    models = [{"name": f"m{i}", "pairs": [{"source": a, "target": b}]} for i, (a, b) in enumerate(pairs)]
    asked = []

    def answer(route):
        asked.append(tuple(route.request.post_data_json[key] for key in ("model", "source", "target")))
        (text,) = route.request.post_data_json["text"]
        route.fulfill(json=answered(translation(text, " ".join(reversed(text.split())))))

    page.route("**/v1/models", lambda route: route.fulfill(json={"models": models}))
    page.route(TRANSLATE, answer)
    page.reload()
    page.wait_for_selector("#pair option", state="attached")
    assert page.locator("#pair option").all_inner_texts() == [
        "English → Hindi (m0)", "Hindi → English", "English → Hindi (m2)", "m3",
    ]  # fmt: skip
    typed(page, "a b")
    page.get_by_role("button", name="Swap the languages and the texts").click()
    expect(page.locator("#source")).to_have_value("b a")
    expect(page.locator("#target")).to_have_text("a b")
    with page.expect_response(TRANSLATE):
        page.locator("#pair").select_option("m3")
    expect(page.locator("#source-name")).to_have_text("Text")
    assert asked == [("m0", "en", "hi"), ("m1", "hi", "en"), ("m3", None, None)]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("viewport", [WIDE, NARROW, {"width": 320, "height": 640}])
def test_it_can_be_read_by_everybody(visit, dark, viewport):
    if not AXE.exists():
        lacking("axe-core is not installed (npm ci in glassformer/glass/web)")
    warnings = [{"kind": "unknown", "message": "words that the model was not trained on", "words": ["two"]}]
    alternatives = [translation("one two", "अनेक दो")]
    page = visit(dark, viewport, answer=translation("one two", "एक दो", warnings=warnings, alternatives=alternatives))
    typed(page, "one two").first.click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    keep_picture(page, f"serve {'dark' if dark else 'light'} {viewport['width']}")


def test_an_explanation_has_an_address_and_its_limits(address):
    def status(**query):
        return address.get("/v1/explain", params=query).status_code

    assert (
        address.get("/v1/explain", params={"text": SOURCE, "step": 1}).headers["content-type"].startswith("text/html")
    )
    assert [status(), status(text=" "), status(text="a", step=-1), status(text="a", step=99)] == [422] * 4
    assert status(text="a" * 301) == 413 and status(text="a", model="none") == 404


def test_its_policy_lets_nothing_in_from_elsewhere_and_nothing_inline(browser, address):
    context = browser.new_context()
    policy = context.request.get(address).headers["content-security-policy"]
    context.close()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in json.dumps(rules)
