"""Translate a hundred everyday sentences with a model, and count what is acceptable and what has a warning.

    python benchmarks/everyday.py MODEL [FILE]

FILE (tests/corpora/everyday.tsv if none is named) has an English sentence, its acceptable translations separated by
" | ", and what the sentence tries. Final punctuation, commas, hyphens and letter case do not count, nor does which of
two usual spellings a Hindi word has. benchmarks/ has more such lists, of what people type first, each written without a
look at the corpus (first_sentences.tsv to seventh_sentences.tsv).
"""

import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

from glassformer.search import SearchOptions
from glassformer.translator import Translator

FILE = Path(__file__).parent.parent / "tests" / "corpora" / "everyday.tsv"
# Usual spellings of the same word, by Unicode's names: candrabindu or anusvara; a nukta or none where the letter is not
# Hindi's own (qa, kha, ga, za, fa); anusvara or the nasal of the next letter; "ye" and "yi" or the vowel alone.
SPELLINGS = {
    "\u0901": "\u0902",
    "(?<=[\u0915\u0916\u0917\u091c\u092b])\u093c": "",
    "\u0928\u094d(?=[\u0924-\u0927])": "\u0902",
    "\u092e\u094d(?=[\u092a-\u092d])": "\u0902",
    "\u0923\u094d(?=[\u091f-\u0922])": "\u0902",
    "(?<=\\S)\u092f\u0947": "\u090f",
    "(?<=\\S)\u092f\u0940": "\u0908",
}


def read(path: Path) -> list[tuple[str, list[str], str]]:
    """Rows of (English, acceptable translations, what it tries)."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    rows = [line.split("\t") for line in lines]
    return [(row[0], row[1].split(" | "), row[2]) for row in rows]


def plain(text: str) -> str:
    """The text without what does not count."""
    words = unicodedata.normalize("NFC", text).casefold().replace(",", "").replace("-", " ").split()
    folded = " ".join(words).strip("\u0964.!? ")
    for spelling, other in SPELLINGS.items():
        folded = re.sub(spelling, other, folded)
    return folded


def main(model: Path, path: Path) -> None:
    """Print each sentence with its translation, whether that is acceptable, and its warnings."""
    rows = read(path)
    translator = Translator.load(model)
    translations = translator.translate([row[0] for row in rows], SearchOptions(beam=1))
    right, warned = 0, Counter[bool]()
    for (source, accepted, _), translation in zip(rows, translations, strict=True):
        fits = plain(translation.text) in {plain(text) for text in accepted}
        right += fits
        warned[fits] += bool(translation.warnings)
        kinds = ", ".join(dict.fromkeys(str(warning.kind) for warning in translation.warnings))
        print(f"{'right' if fits else 'WRONG'}  {source}\n       {translation.text}{kinds and f'   ({kinds})'}")
        if not fits:
            print(f"       wanted: {accepted[0]}")
    print(
        f"{right} of {len(rows)} right; a warning have {warned[False]} of the {len(rows) - right} wrong ones and "
        f"{warned[True]} of the right ones"
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else FILE)
