"""What is damaged text, and what only looks it."""

import pytest

from glassformer.text.encoding import encoding_problem


def as_windows(text: str) -> str:
    """The text as it looks when its UTF-8 is read as Windows-1252 (Latin-1 where that has a gap)."""
    units = [bytes([byte]) for byte in text.encode()]
    return "".join(unit.decode("cp1252" if unit not in b"\x81\x8d\x8f\x90\x9d" else "latin-1") for unit in units)


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "Ärger",
        "naïve",
        "हम",
        "Привет",
        "日本",
        "Ελλάδα",
        "“yes”",
        "it’s",
        "łódź jest",
        "🙂",
        "شكرا",
        "25 °C",
        "«si»",
    ],
)
def test_mojibake(text):
    assert encoding_problem(text) == ""
    assert "UTF-8 read as Windows-1252" in encoding_problem(as_windows(text))


@pytest.mark.parametrize(
    "text",
    [
        "« voilà\u00a0»",
        "voilà… »",
        "IRMÃ”",
        "CHÂ…",
        "NESCAFÉ®",
        "Spaß“",
        "„Ä“",
        "5 Å²",
        "è\u00a0–",
        "l'Â",
        "Â",
        "São",
        "R&D",
    ],
)
def test_honest_accents_are_no_mojibake(text):
    assert encoding_problem(text) == ""


@pytest.mark.parametrize(
    "text, problem",
    [
        ("caf\ufffd", "U+FFFD where a character was lost"),
        ("a\x07b", "control character U+0007"),
        ("a\x92b", "control character U+0092"),
        ("a\tb", "control character U+0009"),
        ("a\ue000", "private-use character U+E000"),
        ("a\U000f0001", "private-use character U+F0001"),
        ("a\ufffe", "noncharacter U+FFFE"),
        ("a\U0001ffff", "noncharacter U+1FFFF"),
        ("a\ufeffb", "byte order mark U+FEFF"),
        ("Tom &amp; Jerry", "HTML entity &amp;"),
        ("it&#39;s", "HTML entity &#39;"),
    ],
)
def test_damaged_characters(text, problem):
    assert encoding_problem(text) == problem
