"""The same model in every engine that it can be exported to: size, speed, and whether it says the same.

    OMP_NUM_THREADS=1 python benchmarks/interchange.py MODEL [--sentences F] [--folder DIR]

Each engine translates the same sentences greedily, from ids to ids, in batches of 1 and of 32, one round after another
in turn; the first round warms up. Speed is tokens a second of the processor's time, the median of the rounds, which
other work on the machine disturbs less than wall time. An engine that cannot hold the model, or is not installed, is
named. The exports are kept in `--folder` and found there again.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from glassformer.corpora import load_corpus
from glassformer.engine.choice import EngineName, Precision
from glassformer.engine.generation import generate
from glassformer.engine.protocol import Engine
from glassformer.errors import GlassformerError
from glassformer.interop import FORMATS, SENTENCES, export_model
from glassformer.interop import onnx as onnx_format
from glassformer.interop.proof import LENGTH
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.text.pairs import read_lines
from glassformer.translator import Translator

Ids = list[list[int]]
BATCHES = (1, 32)
EXPORTS = {  # a row of the table: the format, and whether of 8 bits
    "transformers, float32": ("hf", False),
    "torch.nn.Transformer, float32": ("torch", False),
    "CTranslate2, float32": ("ctranslate2", False),
    "CTranslate2, int8": ("ctranslate2", True),
    "onnxruntime, float32": ("onnx", False),
    "onnxruntime, int8": ("onnx", True),
}


@dataclass
class Row:
    """An engine: how it translates, the bytes that it needs, and what was measured."""

    greedy: Callable[..., Ids]
    size: int | None = None
    written: Ids = field(default_factory=list)
    speeds: dict[int, list[float]] = field(default_factory=dict)


def own_rows(model: Path) -> Iterator[tuple[str, Row]]:
    """Our engines."""
    options = SearchOptions(beam=1, max_length=LENGTH)
    ways: list[tuple[EngineName, Precision]] = [("eager", "float32"), ("fast", "float32"), ("fast", "int8")]
    for name, precision in ways:
        loaded = Translator.load(model, engine=name, precision=precision)
        engine = loaded.fast or loaded.engine
        size = size_of(model) if precision == "float32" else None
        greedy = partial(greedy_ids, engine, options)
        yield f"glassformer {name}, {precision}", Row(greedy, size)


def greedy_ids(engine: Engine[Any], options: SearchOptions, sources: Ids) -> Ids:
    """The translations of one of our engines."""
    return [list(hypotheses[0].tokens) for hypotheses in generate(engine, sources, options)]


def exported_rows(translator: Translator, folder: Path, sentences: list[str]) -> Iterator[tuple[str, Row]]:
    """The other engines, on exports that are made where they are missing."""
    for name, (to, int8) in EXPORTS.items():
        out = folder / (f"{to}-int8" if int8 and to != "onnx" else to)
        try:
            if not out.exists():
                print(name, export_model(translator, to, out, sentences=sentences, int8=int8 and to != "onnx"))
            form = FORMATS[to]
            engine = (form.engine_int8 if int8 and form.engine_int8 else form.engine)(out)
        except (GlassformerError, ImportError) as error:
            print(f"{name}: {error}")
            continue
        yield name, Row(partial(engine.greedy, most=LENGTH), size_of(out, int8))


def size_of(directory: Path, int8: bool = False) -> int:
    """Bytes of a directory; of the graphs of both precisions in one, only those of the one that runs."""
    wrong = [path for path in directory.rglob("*.onnx") if path.stem.endswith(onnx_format.QUANTISED) != int8]
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and path not in wrong)


def measure(rows: dict[str, Row], sources: Ids, rounds: int) -> None:
    """Let all engines translate in turn, again and again."""
    for number in range(rounds + 1):
        for batch in BATCHES:
            for row in rows.values():
                began = time.process_time()
                found = [ids for at in range(0, len(sources), batch) for ids in row.greedy(sources[at : at + batch])]
                if number:
                    speed = sum(map(len, found)) / (time.process_time() - began)
                    row.speeds.setdefault(batch, []).append(speed)
                row.written = found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--sentences", type=Path, help="a sentence a line (the phrasebook's)")
    parser.add_argument("--folder", type=Path, help="for the exports")
    parser.add_argument("--count", type=int, default=SENTENCES, help="sentences, at most")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    translator = Translator.load(options.model, device="cpu", engine="eager")
    given = [text for _, text in read_lines(str(options.sentences)) if text.strip()] if options.sentences else ()
    sentences = (given or [pair.source for pair in load_corpus("phrasebook").test])[: options.count]
    sources = [[*ids, EOS] for ids in translator.source_tokenizer.encode_all(sentences)]
    with TemporaryDirectory() as folder:
        rows = dict(own_rows(options.model))
        rows |= exported_rows(translator, options.folder or Path(folder), sentences)
        measure(rows, sources, options.rounds)
    expected = rows["glassformer eager, float32"].written
    tokens = sum(map(len, expected))
    print(f"\n{len(sources)} sentences, {tokens:,} tokens, {options.rounds} rounds\n")
    heads = [f"tokens a second, batches of {batch}" for batch in BATCHES]
    print("| engine | size | " + " | ".join(heads) + " | sentences the same |\n|---|---:|---:|---:|---:|")
    for name, row in rows.items():
        same = sum(one == other for one, other in zip(row.written, expected, strict=True))
        size = f"{row.size / 1e6:.1f} MB" if row.size else ""
        speeds = [f"{statistics.median(row.speeds[batch]):,.0f}" for batch in BATCHES]
        print(f"| {name} | {size} | {' | '.join(speeds)} | {same} of {len(sources)} |")
    print(json.dumps({name: row.speeds for name, row in rows.items()}))


if __name__ == "__main__":
    main()
