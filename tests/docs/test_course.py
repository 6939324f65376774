"""The course: every chapter runs from its first block to its last, and prints what it says."""

import functools
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from glassformer.glass.lecture import facts
from tests.commands import run
from tests.docs.chapters import COURSE, DIFFERS, FENCE, blocks, execute

CHAPTERS = sorted(COURSE.glob("[0-9]*.md"))
# A model is made from these in seconds: sentences of the course, with their gender, told in both ways.
PAIRS = [
    ("We are friends", "हम दोस्त हैं"),
    ("I love you very much", "मैं तुमसे बहुत प्यार करता हूँ"),
    ("The cat sat on its mat", "बिल्ली अपनी चटाई पर बैठी"),
    *(
        (f"The {noun} {negation} cross the road because it was {why}", f"{hindi} ने सड़क पार नहीं की क्योंकि {because}")
        for (noun, hindi, tired), negation in itertools.product(
            [
                ("animal", "जानवर", "वह थका हुआ था"),
                ("cat", "बिल्ली", "वह थकी हुई थी"),
                ("dog", "कुत्ते", "वह थका हुआ था"),
            ],
            ["didn't", "did not"],
        )
        for why, because in (("tired", tired), ("wide", "सड़क चौड़ी थी"))
    ),
]
SHAPES: dict[str, dict[str, object]] = {  # of the model that stands for the reader's own
    "demo": {"norm_position": "post", "positions": "sinusoidal", "source_vocab_size": 300},  # a table for each side
    "modern": {"norm_position": "pre", "positions": "rotary", "d_ff": 128},
}
# Chapter 11 trains a model of its own, which takes seconds, and is run once.
TRAINING = COURSE / "11-training.md"
CAUSES = COURSE.parent / "how_to/find_causes.md"  # runs as a chapter does
RUNS = [(shape, chapter) for shape in SHAPES for chapter in CHAPTERS if shape == "demo" or chapter != TRAINING]
RUNS += [(shape, CAUSES) for shape in SHAPES]


def trained(folder: Path, shape: dict[str, object]) -> Path:
    """A run that has learnt PAIRS."""
    pairs, valid = folder / "pairs.tsv", folder / "valid.tsv"
    for path, some in ((pairs, PAIRS), (valid, PAIRS[:3])):  # what is validated on may be trained on: to learn is all
        path.write_text("".join(f"{source}\t{target}\n" for source, target in some), encoding="utf-8")
    settings = {
        "vocab_size": 320, "max_steps": 80, "learning_rate": 0.01, "warmup_steps": 10, "schedule": "cosine",
        "batch_tokens": 512, "label_smoothing": 0, "max_length": 128, "precision": "float32", **shape,
    }  # fmt: skip
    chosen = itertools.chain.from_iterable(("--set", f"{key}={value}") for key, value in settings.items())
    data = ("--pairs", pairs, "--valid-pairs", valid, "--set", "drop=[empty]")
    outcome = run("train", *data, "--preset", "glass", "--out", folder / "run", "--device", "cpu", *chosen)
    assert outcome.status == 0, outcome.err
    return folder / "run"


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`quickstart("demo")`: the run that stands for the reader's own, trained when first asked for."""
    return functools.cache(lambda shape: trained(tmp_path_factory.mktemp(shape), SHAPES[shape]))


@pytest.mark.parametrize(("shape", "chapter"), RUNS, ids=[f"{shape}-{chapter.stem}" for shape, chapter in RUNS])
def test_a_chapter_runs_and_prints_what_it_says(
    shape: str, chapter: Path, quickstart: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "quickstart").symlink_to(quickstart(shape))
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng():
        execute(chapter)


def test_the_course_has_chapters_and_its_index_lists_them() -> None:
    index = (COURSE / "index.md").read_text(encoding="utf-8")
    assert [chapter.name for chapter in CHAPTERS] == re.findall(r"^\| \[\d+\. .*?\]\((.*?)\)", index, re.MULTILINE)
    assert [int(chapter.name[:2]) for chapter in CHAPTERS] == list(range(1, 13))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_all_its_parts(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    assert headings[0].startswith(f"{int(chapter.name[:2])}. ")
    parts = ["Exercise", "What goes wrong in practice", "Answer"]
    assert [heading for heading in headings if heading in parts] == parts
    answer = text.partition("## Answer\n")[2]
    assert blocks(answer), "the answer of the exercise is computed"
    assert 'MODEL = "runs/quickstart"' in text


def test_the_chapters_print_the_lectures_matrices() -> None:
    """Every matrix of the worked example, in its right numbers (facts of the lecture, not of our code)."""
    promised = "\n".join(
        block.expected for chapter in CHAPTERS for block in blocks(chapter.read_text("utf-8")) if block.expected
    )
    shown = {tuple(map(float, re.findall(r"-?\d+\.?\d*|-?inf", line))) for line in promised.splitlines()}
    for printed in facts.PRINTED:
        if printed.name in ("W_Q", "W_K", "W_V"):  # they are given: chapter 4 reads them from the example
            continue
        decimals = 4 if printed.right else min(printed.decimals, 4)
        for row in np.round(np.array(printed.right or printed.value, float), decimals):
            assert tuple(row.tolist()) in shown, (printed.name, row)


@pytest.mark.parametrize(
    "text",
    ["```python\nprint(1)\n```\n\n```text\n2\n```\n", "```python\nassert False\n```\n", "```sh\nglassformer no\n```\n"],
    ids=["another output", "an assertion", "a command that fails"],
)
def test_what_is_not_so_is_noticed(text: str, tmp_path: Path) -> None:
    chapter = tmp_path / "chapter.md"
    chapter.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        execute(chapter)


def test_an_example_promises_nothing_and_dots_stand_for_lines(tmp_path: Path) -> None:
    chapter = tmp_path / "chapter.md"
    chapter.write_text(
        f"```python\nprint(1)\n```\n\n{DIFFERS}\n\n```text\n2\n```\n\n"
        "```python\nprint(1, 2, 3, sep='\\n')\n```\n\n```text\n1\n...\n3\n```\n",
        encoding="utf-8",
    )
    assert [block.expected for block in blocks(chapter.read_text("utf-8"))] == [None, "1\n...\n3\n"]
    execute(chapter)
