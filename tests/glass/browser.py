"""A real browser for the page: Chromium, offline, with nothing to fetch and no error forgiven.

A visit fails its test if the page asks for anything but its own file, throws, writes an error to the console or
opens a dialog. Without Chromium the tests are skipped; where GLASSFORMER_NEEDS_BROWSER is set, they fail.
GLASSFORMER_SCREENSHOTS=FOLDER keeps a picture of every view, light and dark.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WEB = Path(__file__).parents[2] / "glassformer" / "glass" / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 60_000  # milliseconds until something that never comes is a failure; no measure of speed
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}


def lacking(what: str) -> NoReturn:
    """Skip with a loud reason, or fail where a browser is a must."""
    if os.environ.get("GLASSFORMER_NEEDS_BROWSER"):
        pytest.fail(f"{what}, but GLASSFORMER_NEEDS_BROWSER is set")
    pytest.skip(f"THE PAGE WAS NOT TESTED IN A BROWSER: {what}")


@contextmanager
def chromium() -> Iterator[Any]:
    """One browser, for a whole session."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        lacking("no Chromium was found")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("the Python package playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


class Visit:
    """Opens files in fresh offline contexts, and remembers all that went wrong there."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.problems: list[str] = []
        self.allowed: set[str] = set()
        self.may_load_blobs = False  # what a page made itself

    def __call__(self, file: Path, fragment: str = "", dark: bool = False, narrow: bool = False, **options: Any) -> Any:
        """The page of a file, opened at `fragment`; `options` are those of Playwright's `new_context`."""
        scheme = "dark" if dark else "light"
        viewport = NARROW if narrow else WIDE
        context = self.browser.new_context(offline=True, color_scheme=scheme, viewport=viewport, **options)
        context.set_default_timeout(PATIENCE)
        context.route("**/*", self._only_files)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", self._refuse)
        page.on("popup", lambda popup: self.problems.append(f"opened {popup.url}"))
        return self.turn(page, file, fragment)

    def turn(self, page: Any, file: Path, fragment: str = "") -> Any:
        """Open another file where one is."""
        address = file.resolve().as_uri()
        self.allowed.add(address)
        page.goto("about:blank")  # else another fragment of the same file would not load it anew
        page.goto(address + fragment)
        return page

    def _only_files(self, route: Any) -> None:
        own = self.may_load_blobs and route.request.url.startswith("blob:")
        if own or route.request.url.split("#")[0] in self.allowed:
            return route.continue_()
        self.problems.append(f"asked for {route.request.url}")
        return route.abort()

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _refuse(self, dialog: Any) -> None:
        self.problems.append(f"opened a dialog: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        for context in self.browser.contexts:
            context.close()


# ---- the page, by role and name


def view_buttons(page: Any) -> Any:
    return page.get_by_role("navigation", name="Views").get_by_role("button")


def view_names(page: Any) -> list[str]:
    """The views on offer."""
    view_buttons(page).first.wait_for()
    return view_buttons(page).all_inner_texts()


def open_view(page: Any, name: str) -> None:
    """Open a view as a reader does, and wait for its heading."""
    view_buttons(page).filter(has_text=re.compile(f"^{re.escape(name)}$")).click()
    page.get_by_role("main").get_by_role("heading", level=2).first.wait_for()


def settle(page: Any) -> None:
    """Wait until what a change draws has been drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def go(page: Any, fragment: str) -> None:
    """Go elsewhere inside the page, as its buttons do: what is changed stays."""
    page.evaluate(
        """(fragment) => {
            dispatchEvent(new Event("pagehide"));  // the address says at once what it would say in a moment
            const said = [...new URLSearchParams(location.hash.slice(1))];
            const changes = said.filter(([name]) => ["edit", "intervention"].includes(name));
            location.hash = fragment + changes.map(([name, one]) => `&${name}=${encodeURIComponent(one)}`).join("");
        }""",
        fragment,
    )
    settle(page)


def panel(page: Any) -> Any:
    """The explanation of the chosen number."""
    return page.get_by_role("complementary", name="How the chosen number was made")


def number(text: str) -> float:
    """The number that a text of the page shows: "0.42", "5.955e−6"."""
    return float(text.replace("−", "-"))


def focused(page: Any) -> str:
    """The accessible name, or else the text, of what has the focus; "" if the focus is lost."""
    return page.evaluate(
        """() => {
            const at = document.activeElement;
            if (!at || at === document.body) return "";
            return at.getAttribute("aria-label") ?? at.textContent.trim();
        }"""
    )


def keep_picture(page: Any, name: str) -> None:
    """Save what the page shows, where GLASSFORMER_SCREENSHOTS asks for it."""
    if folder := os.environ.get("GLASSFORMER_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{re.sub(r'[^a-z]+', '-', name.lower())}.png", full_page=True)
