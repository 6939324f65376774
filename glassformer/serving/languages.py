"""Languages as clients name them: which are served, what they are called, and which one a text is in."""

from collections.abc import Iterable
from typing import Any

import pycountry

from glassformer.serving.models import UNKNOWN, Models
from glassformer.text.sentences import language_of


def served(models: Models) -> dict[str, list[str]]:
    """The targets of each source language, as far as they are known."""
    pairs: dict[str, dict[str, None]] = {}
    for source, target in (pair for model in models for pair in model.pairs):
        if source != UNKNOWN:
            pairs.setdefault(source, {})[target] = None
    return {source: list(targets) for source, targets in pairs.items()}


def targets(models: Models) -> list[str]:
    """All targets that are known."""
    found = dict.fromkeys(target for model in models for _, target in model.pairs)
    return [target for target in found if target != UNKNOWN]


def name_of(code: str) -> str:
    """What a language is called in English: "Hindi" of hi; the code itself of one that ISO 639 has not."""
    found: Any = pycountry.languages.get(alpha_2=code[:2].lower()) if len(code.split("-")[0]) == 2 else None
    return str(found.name) if found else code


def detected(texts: Iterable[str]) -> tuple[str, float]:
    """The language of the script of most letters (Latin: English), and what share of all letters is of that script."""
    text = "".join(texts)
    language = language_of(text)
    letters = [language_of(character) for character in text if character.isalpha()]
    return language, letters.count(language) / len(letters) if letters else 0.0
