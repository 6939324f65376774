"""A chapter of the course as a reader works through it: its blocks in order, and what each prints."""

import io
import re
import shlex
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from tests.commands import run

COURSE = Path(__file__).parents[2] / "docs" / "course"
DIFFERS = "One run printed this; yours will differ:"  # before an output that is an example
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block to run, the line it begins at, and the output shown after it (None: nothing is promised)."""

    language: str
    code: str
    line: int
    expected: str | None


def blocks(text: str) -> list[Block]:
    """The python and sh blocks of a chapter."""
    found = list(FENCE.finditer(text))
    following = [*found[1:], None]
    return [
        Block(one[1], one[2], text[: one.start(2)].count("\n"), _expected(text, one, after))
        for one, after in zip(found, following, strict=True)
        if one[1] in ("python", "sh")
    ]


def _expected(text: str, block: re.Match[str], after: re.Match[str] | None) -> str | None:
    """The text block that follows at once; one that is only an example promises nothing."""
    if after is None or after[1] != "text":
        return None
    between = text[block.end() : after.start()]
    if between.strip() == DIFFERS:
        return None
    assert not between.strip(), f"between a block and its output stands: {between.strip()}"
    return after[2]


def execute(path: Path) -> None:
    """Run a chapter's blocks in one namespace; AssertionError where one prints something else than the chapter says."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(path.read_text(encoding="utf-8")):
        printed = _python(block, path, namespace) if block.language == "python" else _commands(block)
        if block.expected is not None:
            assert _as_shown(printed, block.expected), f"{path.name}:{block.line} printed\n{printed}"


def _python(block: Block, path: Path, namespace: dict[str, object]) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile("\n" * block.line + block.code, path, "exec"), namespace)
    return out.getvalue()


def _commands(block: Block) -> str:
    """What the `glassformer` commands of a block print; others (make, jupyter) are for the reader's own shell."""
    lines = block.code.replace("\\\n", " ").splitlines()
    return "".join(_command(line) for line in lines if "glassformer " in line)


def _command(line: str) -> str:
    """`glassformer ...`, or `echo TEXT | glassformer ...`."""
    words = shlex.split(line, comments=True)
    start = words.index("glassformer")
    assert start == 0 or (words[0], words[2:start]) == ("echo", ["|"]), line
    outcome = run(*words[start + 1 :], stdin=f"{words[1]}\n" if start else None)
    assert outcome.status == 0, f"{line}\n{outcome.err}"
    return outcome.out


def _as_shown(printed: str, expected: str) -> bool:
    """Whether it is what was expected, but for spaces at the ends of lines; a line of `...` stands for any lines."""
    parts = re.split(r"^\.\.\.\n", _trimmed(expected), flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*".join(map(re.escape, parts)), _trimmed(printed)) is not None


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
