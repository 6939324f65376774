"""Every regular expression takes time that grows with the text, not with its square, on hostile texts."""

import importlib
import pkgutil
import re
import time

import pytest

import glassformer

PUMPED = ["a", "0", " ", "_", ".", "-", "<", "&", "%", "(", "/", "@", "'", '"', "[", "{", ":", "क", "A", "\t", "a ",
          "=", "!", "a.", "a-", "a@", "a_", "a=", "<a", "a&", "0.", "0,", "%0", "a:/", "{a",
          "\u0301", "\u200d"]  # fmt: skip
LONG, LONGER = 10_000, 30_000
OF_THE_WHOLE = "NO_SENTENCE", "NUMBER"  # used with fullmatch only


def patterns():
    """Each compiled pattern that a module of the package holds by a name, alone or in a list or a dict."""
    found = {}
    for module in pkgutil.walk_packages(glassformer.__path__, "glassformer."):
        if module.name in ("glassformer.__main__", "glassformer.evaluation.comet"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            values = (
                value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else [value]
            )
            for one in values:
                if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                    found[f"{module.name}.{name}: {one.pattern[:20]}"] = one
    return found


PATTERNS = patterns()


def seconds(pattern, text, whole):
    start = time.process_time()
    if whole:
        pattern.fullmatch(text)
    else:
        for _ in pattern.finditer(text):
            pass
    return time.process_time() - start


@pytest.mark.parametrize("name", PATTERNS)
def test_time_grows_with_the_text(name):
    pattern, whole = PATTERNS[name], name.partition(":")[0].endswith(OF_THE_WHOLE)
    for piece in PUMPED:
        for before in ("", "<", "http://", "a@", "%("):
            text = before + piece * LONG
            if (once := seconds(pattern, text, whole)) > 0.05:  # linear ones take some thousandths
                longer = seconds(pattern, before + piece * LONGER, whole)
                assert longer < 6 * once, (
                    f"{before!r} + {piece!r} * n: {once:.2f} s, three times as long: {longer:.2f} s"
                )
