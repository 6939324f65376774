"""Time every regular expression of the package on hostile texts: none may take time that grows with their square.

    python benchmarks/regular_expressions.py

Prints the expressions that take long, and exits with status 1 if one takes more than twice the time that a linear one
would where the text is three times as long.
"""

import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Iterator
from itertools import product

import glassformer

PUMPED = ["a", "0", " ", "_", ".", "-", "<", "&", "%", "(", "/", "@", "'", '"', "[", "{", ":", "क", "A", "\t", "a ",
          "=", "!", "a.", "a-", "a@", "a_", "a=", "<a", "a&", "0.", "0,", "%0", "a:/", "{a",
          "\u0301", "\u200d"]  # fmt: skip
BEFORE = ("", "<", "http://", "a@", "%(")
LONG = 10_000
NOTABLE = 0.05  # seconds; linear ones take some thousandths
WITHOUT = ("glassformer.__main__", "glassformer.evaluation.comet", "glassformer.engine.native.libglassformer")
OF_THE_WHOLE = "NO_SENTENCE", "NUMBER"  # used with fullmatch only


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Each compiled pattern that a module of the package holds by a name, alone or in a list or a dict."""
    for module in pkgutil.walk_packages(glassformer.__path__, "glassformer."):
        if module.name in WITHOUT:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            values = (
                value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
            )
            for one in values:
                if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                    yield f"{module.name}.{name}", one


def seconds(pattern: re.Pattern[str], text: str, whole: bool) -> float:
    """How long it takes to search the text."""
    start = time.process_time()
    if whole:
        pattern.fullmatch(text)
    else:
        for _ in pattern.finditer(text):
            pass
    return time.process_time() - start


def main() -> int:
    """Time them all; the exit status."""
    status, tried = 0, list(patterns())
    for name, pattern in tried:
        whole = name.endswith(OF_THE_WHOLE)
        for before, piece in product(BEFORE, PUMPED):
            once = seconds(pattern, before + piece * LONG, whole)
            if once > NOTABLE:
                thrice = seconds(pattern, before + piece * 3 * LONG, whole)
                print(f"{name}: {before!r} + {piece!r} * {LONG:,}: {once:.2f} s, three times as long: {thrice:.2f} s")
                status |= thrice > 6 * once
    print(f"{len(tried)} regular expressions tried")
    return status


if __name__ == "__main__":
    sys.exit(main())
