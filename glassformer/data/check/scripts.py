"""Which script a text is written in, by the names that Unicode gives its letters."""

import unicodedata
from collections import Counter

# Written in two or three scripts by their nature, or without spaces: no word of theirs mixes scripts by mistake.
EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"}
SPACELESS = {"east Asian", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"}


class _Scripts(dict[str, str]):
    """The script of a character, "" if it is no letter; as many entries as there are characters in the texts."""

    def __missing__(self, character: str) -> str:
        script = ""
        if unicodedata.category(character) in ("Lu", "Ll", "Lo"):
            script = unicodedata.name(character, "").removeprefix("FULLWIDTH ").split(" ")[0]
            script = "east Asian" if script in EAST_ASIAN else script
        self[character] = "" if script in ("FEMININE", "MASCULINE", "MICRO", "OHM", "ANGSTROM", "KELVIN") else script
        return self[character]


_SCRIPTS = _Scripts()


def scripts_of(text: str) -> set[str]:
    """The scripts of its letters."""
    if text.isascii():
        return {"LATIN"} if any(map(str.isalpha, text)) else set()
    return set(map(_SCRIPTS.__getitem__, set(text))) - {""}


def main_script(text: str) -> str:
    """The script of most of the letters, "" without any: `LATIN`, `DEVANAGARI`, `east Asian`."""
    scripts = scripts_of(text)
    if len(scripts) < 2:
        return "".join(scripts)
    counts = Counter(map(_SCRIPTS.__getitem__, text))
    del counts[""]
    return counts.most_common(1)[0][0]


def mixed_word(text: str) -> str:
    """The first word with letters of two scripts, or ""; of scripts that have words."""
    if text.isascii() or len(scripts_of(text) - SPACELESS) < 2:
        return ""
    return next((word for word in text.split() if len(scripts_of(word) - SPACELESS) > 1), "")
