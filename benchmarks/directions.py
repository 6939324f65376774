"""One model of three directions: how good each is, and how often it answers in the wrong script.

Names of languages, places and the like (the built-in corpora `names:hi` and `names:de`): English to Hindi, Hindi to
English and English to German, of which German has far fewer pairs. Trained twice, as the files are and by a sampling
temperature of 5.

    python benchmarks/directions.py runs/directions
"""

import argparse
from pathlib import Path

import glassformer
from glassformer.corpora import load_corpus
from glassformer.data.check.scripts import main_script
from glassformer.evaluation import exact_match, score_corpus
from glassformer.quickstart.recipe import RECIPE
from glassformer.text.pairs import Pair
from glassformer.translator import Translator

# Small, for a result in minutes.
SETTINGS = RECIPE | {"vocab_size": 2000, "encoder_layers": 1, "decoder_layers": 1, "d_model": 64, "d_ff": 256,
                     "dropout": 0.1, "metric": "chrf"}  # fmt: skip
DIRECTIONS = {"en-hi": "names:hi", "hi-en": "names:hi", "en-de": "names:de"}
SCRIPTS = {"hi": "DEVANAGARI", "en": "LATIN", "de": "LATIN"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    files = {part: [str(write(options.out, one, part)) for one in DIRECTIONS] for part in ("train", "valid")}
    for temperature in (1, 5):
        translator = glassformer.train(
            options.out / f"temperature-{temperature}",
            resumed=True,
            pairs=files["train"],
            valid_pairs=files["valid"],
            directions=list(DIRECTIONS),
            sampling_temperature=temperature,
            **SETTINGS | {"max_steps": options.steps},
        )
        print(f"sampling_temperature = {temperature}")
        for direction in DIRECTIONS:
            report(translator, direction)


def pairs_of(direction: str, part: str) -> list[Pair]:
    """The pairs of a part of the direction's corpus; those into English the other way round."""
    pairs = getattr(load_corpus(DIRECTIONS[direction]), part)
    return [Pair(pair.target, pair.source) for pair in pairs] if direction.endswith("-en") else list(pairs)


def write(folder: Path, direction: str, part: str) -> Path:
    """A file of these pairs."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{direction}.{part}.tsv"
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in pairs_of(direction, part)), encoding="utf-8")
    return path


def report(translator: Translator, direction: str) -> None:
    """Scores on what was held out, and the translations in another script than their reference's."""
    pairs, target = pairs_of(direction, "test"), direction.rpartition("-")[2]
    texts = [one.text for one in translator.translate([pair.source for pair in pairs], to=target, beam=1)]
    references = [pair.target for pair in pairs]
    wrong = [
        text
        for text, right in zip(texts, references, strict=True)
        if main_script(right) == SCRIPTS[target] != main_script(text)
    ]
    print(
        f"  {direction}: chrF {score_corpus(texts, references)['chrf'].value:5.1f}  exact "
        f"{exact_match(texts, references):5.1f} %  in the wrong script {len(wrong)} of {len(texts):,} {wrong[:3]}"
    )


if __name__ == "__main__":
    main()
