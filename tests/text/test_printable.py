"""What a terminal would obey, or nobody would see, is never shown as it is."""

import json
import re
import unicodedata

import pytest

from glassformer.text.printable import JOINERS, as_json, escaped, is_printable, quote, replaced

# Every small script and all signs, the tags, and of the rest every 97th character.
EVERYTHING = "".join(map(chr, [*range(0x3100), *range(0xE0000, 0xE0100), *range(0x3100, 0x110000, 97)]))
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}  # Unicode's categories of what has no shape of its own


def test_what_is_left_has_a_shape_or_joins_letters():
    for shown in (escaped(EVERYTHING), replaced(EVERYTHING)):
        assert {unicodedata.category(c) for c in shown if c not in JOINERS + " "} & HIDDEN == set()


def test_escapes_are_python_s_own_and_lose_nothing():
    shown = escaped(EVERYTHING.replace("\\", ""))
    back = re.sub(r"\\u[0-9a-f]{4}|\\U[0-9a-f]{8}", lambda found: chr(int(found[0][2:], 16)), shown)
    assert back == EVERYTHING.replace("\\", "")


def test_a_replacement_takes_the_place_of_one_character():
    assert len(replaced(EVERYTHING)) == len(EVERYTHING)
    assert all(
        one == (c if is_printable(c) else "\ufffd") for c, one in zip(EVERYTHING, replaced(EVERYTHING), strict=True)
    )


@pytest.mark.parametrize(
    ("text", "as_escape", "as_replacement"),
    [
        ("\x1b[31m", r"\u001b[31m", "\ufffd[31m"),
        ("a\u202eb", r"a\u202eb", "a\ufffdb"),
        ("\U000e0001", r"\U000e0001", "\ufffd"),
        ("क्\u200dष हाँ", "क्\u200dष हाँ", "क्\u200dष हाँ"),
    ],
)
def test_by_hand(text, as_escape, as_replacement):
    assert escaped(text) == as_escape
    assert replaced(text) == as_replacement


def test_quotations_are_short_and_show_no_raw_control():
    assert quote("x" * 100) == '"' + "x" * 59 + '…"'
    assert quote("a\u202eb\xa0c\U000f0000") == '"a\\u202eb\\u00a0c\\U000f0000"'
    assert quote("क्\u200dष") == '"क्\u200dष"'


def test_json_has_no_character_that_is_not_printable_and_loses_none():
    apart = " ".join(EVERYTHING)  # else halves of surrogate pairs would meet, which JSON takes for one character
    value = {"text": apart, apart[::-1]: [1, "हाँ"]}
    for indent in (None, 2):
        shown = as_json(value, indent)
        assert all(is_printable(c) or c == "\n" for c in shown) and "हाँ" in shown
        assert json.loads(shown) == value
