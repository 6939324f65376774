"""What the page costs: its size, and how long one waits for it in Chromium, all in one run.

    python benchmarks/glass_page.py [--save FOLDER]

Models have the shape of the preset `small`, random weights and 4,000 made-up pieces: what is measured does not depend
on what was learnt. With its weights a page holds a smaller model, whose sums over d_ff = 1,024 are as long. Times are
the browser's own: from the navigation until the first view is drawn, and from a click on a number until its
explanation is painted.
"""

import argparse
import random
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import sync_playwright

from glassformer import Translator, trace
from glassformer.glass.views.html import page
from glassformer.model import ModelConfig, Transformer, preset
from glassformer.text.tokenizer import Tokenizer

OPENINGS, CLICKS = 7, 6  # pages opened; clicks on each of the tensors
TENSORS = (
    "encoder.0.feed_forward.outer",
    "encoder.0.feed_forward.inner",
    "encoder.0.self_attention.weights",
    "decoder.0.cross_attention.scores",
    "decoder.0.feed_forward_norm.norm",
    "log_probs",
)

# When the first button of the first view is there, and a frame with it has been painted.
WATCH = """
    const look = () => document.querySelector("main button[aria-pressed]")
        ? requestAnimationFrame(() => setTimeout(() => { window.drawn = performance.now() }))
        : requestAnimationFrame(look);
    look();
"""
# A click somewhere on the matrix; the milliseconds until another explanation stands there and is painted. Null where
# it met no other cell.
CLICK = """async ([across, down]) => {
    const grid = document.querySelector("[role=grid]"), box = grid.parentElement.parentElement.getBoundingClientRect();
    const title = () => document.querySelector("aside h2")?.getAttribute("aria-label");
    const before = title();
    const at = {bubbles: true, clientX: box.left + across * box.width, clientY: box.top + down * box.height};
    const began = performance.now();
    grid.dispatchEvent(new MouseEvent("click", at));
    for (let frame = 0; frame < 60; frame++) {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        if (title() !== before) return performance.now() - began;
    }
    return null;
}"""


def made_up_tokenizer() -> Tokenizer:
    """4,000 pieces of words that do not exist."""
    chance = random.Random(1)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(12_000)]
    return Tokenizer.train((" ".join(chance.choices(words, k=8)) for _ in range(6_000)), 4_000, "bpe")


def sentence(tokenizer: Tokenizer, tokens: int) -> str:
    """A text of so many tokens, `</s>` included."""
    chance, text = random.Random(2), ""
    while len(tokenizer.encode(text)) < tokens - 1:
        longer = f"{text} {tokenizer.decode([chance.randrange(300, 4_000)])}".strip()
        text = longer if len(tokenizer.encode(longer)) < tokens else text
    return text


def written(folder: Path, tokenizer: Tokenizer, tokens: int, detail: Any, **shape: Any) -> Path:
    """The page of one model and so many source and target tokens."""
    torch.manual_seed(1)
    config = ModelConfig(vocab_size=tokenizer.vocab_size, **preset("small") | shape)
    translator = Translator(Transformer(config).eval(), tokenizer, tokenizer)
    text = sentence(tokenizer, tokens)
    file = folder / f"{tokens}-{detail}.html"
    file.write_text(page([("trace", trace(translator, text, text, detail=detail))], allow_large=True), encoding="utf-8")
    return file


def until_drawn(browser: Any, file: Path) -> float:
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.add_init_script(WATCH)
    opened.goto(file.as_uri())
    opened.wait_for_function("window.drawn")
    milliseconds: float = opened.evaluate("window.drawn")
    context.close()
    return milliseconds


def clicks(browser: Any, file: Path) -> dict[str, list[float]]:
    """For each tensor the milliseconds of clicks on different cells; the first of a page, which warms up, included."""
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})
    opened, chance = context.new_page(), random.Random(3)
    found: dict[str, list[float]] = {}
    for tensor in TENSORS:
        opened.goto(f"{file.as_uri()}#view=matrix&tensor={tensor}")
        opened.get_by_role("gridcell").wait_for()
        opened.wait_for_timeout(500)  # nobody is quicker; what the page does while it is idle is done then
        found[tensor] = []
        while len(found[tensor]) < CLICKS:
            opened.wait_for_timeout(120)
            one = opened.evaluate(CLICK, [chance.uniform(0.3, 0.95), chance.uniform(0.3, 0.9)])
            found[tensor] += [] if one is None else [one]
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", type=Path, help="keep the pages in this folder")
    folder = parser.parse_args().save or Path(tempfile.mkdtemp())
    torch.set_num_threads(1)
    tokenizer = made_up_tokenizer()
    shallow = {"encoder_layers": 1, "decoder_layers": 1, "d_model": 128}
    files = {
        "12 + 12 tokens": written(folder, tokenizer, 12, "full"),
        "40 + 40 tokens": written(folder, tokenizer, 40, "full"),
        "12 + 12, 1 + 1 layers, weights": written(folder, tokenizer, 12, "full+weights", **shallow),
    }
    program = next(path for name in ("chromium", "google-chrome") if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        print(f"Chromium {browser.version}, medians of {OPENINGS} openings and {CLICKS * len(TENSORS)} clicks")
        print(f"{'page':<32}{'MB':>6}{'map drawn':>12}{'click':>10}{'slowest':>10}")
        for name, file in files.items():
            drawn = statistics.median(until_drawn(browser, file) for _ in range(OPENINGS))
            times = clicks(browser, file)
            every = [one for row in times.values() for one in row]
            size = file.stat().st_size / 1e6
            print(f"{name:<32}{size:>6.2f}{drawn:>9.0f} ms{statistics.median(every):>7.1f} ms{max(every):>7.1f} ms")
            for tensor, row in times.items():
                print(f"    {tensor:<46}{statistics.median(row):>7.1f} ms{max(row):>7.1f} ms")
        browser.close()


if __name__ == "__main__":
    main()
