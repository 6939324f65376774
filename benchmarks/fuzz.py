"""Hand damaged files to every reader: each must take or refuse them in a line, never end in another error.

    python benchmarks/fuzz.py [--seconds 60] [--seed 1] [--only NAME ...]

Every reader gets a whole file of its kind, of a small run or made here, changed at random: bits flipped, parts cut,
doubled, moved and replaced, numbers and words put in that are known to hurt; and what is inside of it, the values of a
JSON or the numbers of an archive's member, and it sealed again (`mutations.py`). Whatever is not `GlassformerError` is
shown, and the file kept.

Prints for each reader how many files it was given, took and refused. The exit status is 1 where one did neither.
"""

import argparse
import contextlib
import dataclasses
import faulthandler
import gzip
import io
import json
import lzma
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polib
import pyarrow
import pyarrow.parquet
from faults import command, fresh
from fuzz_foreign import foreign_readers
from mutations import INSIDE, damaged

from glassformer import Translator
from glassformer.corpora.gettext import read_catalogue
from glassformer.data.store import open_store
from glassformer.errors import LONGEST, GlassformerError
from glassformer.files import write_checksums
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.views.svg import OF_TENSOR, WHOLE, to_svg
from glassformer.glass.views.table import to_csv
from glassformer.model_directory import resolve
from glassformer.text.markup import blocks_of
from glassformer.text.pairs import read_pairs
from glassformer.text.terms import Glossary
from glassformer.training.config import RunConfig
from glassformer.training.run.checkpoint import NUMBERS, TENSORS, checkpoints
from glassformer.training.run.state import checkpoint_problem
from glassformer.yaml_config import read_yaml

TMX = (b'<?xml version="1.0"?><tmx version="1.4"><body>'
       + b'<tu><tuv xml:lang="en"><seg>a <ph>b</ph></seg></tuv><tuv xml:lang="hi"><seg>c</seg></tuv></tu>' * 3
       + b"</body></tmx>")  # fmt: skip
CATALOGUE = (b'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n>1;\\n"\n\n'
             b'msgid "a"\nmsgid_plural "as"\nmsgstr[0] "b"\nmsgstr[1] "c"\n')  # fmt: skip


@dataclasses.dataclass
class Reader:
    """What reads a file, and a whole file of the kind."""

    read: Callable[[Path], Any]
    data: bytes
    suffix: str = ""

    def hostile(self, chance: random.Random) -> bytes:
        """A damaged file."""
        inside = INSIDE.get(Path(f"a{self.suffix}").suffix, damaged)
        return (inside if chance.random() < 0.7 else damaged)(self.data, chance)


def readers(run: Path, folder: Path) -> dict[str, Reader]:
    """Every reader by name."""
    model, (*_, checkpoint) = resolve(run), checkpoints(run)
    here = shutil.copytree(model, folder / "model")
    (here / "checksums.json").unlink(missing_ok=True)
    state = shutil.copytree(checkpoint, folder / checkpoint.name)
    vocabulary = next(one for one in ("tokenizer.spm", "source.spm") if (model / one).exists())

    def of_model(name: str, whole: bool = False) -> Reader:
        original = (model / name).read_bytes()

        def read(path: Path) -> None:
            try:
                shutil.copyfile(path, here / name)
                translator = Translator.load(here)
                if whole:
                    translator.translate(["a b", "\u0905 x"], beam=2)
            finally:
                (here / name).write_bytes(original)

        return Reader(read, original, Path(name).suffix)

    def of_checkpoint(name: str) -> Reader:
        original = (checkpoint / name).read_bytes()

        def read(path: Path) -> None:
            shutil.copyfile(path, state / name)
            write_checksums(state)
            problem = checkpoint_problem(state)
            (state / name).write_bytes(original)
            if problem:
                raise GlassformerError(problem)

        return Reader(read, original, Path(name).suffix)

    def of_store(name: str) -> Reader:
        (kept,) = (folder / "work/store").glob("corpus-*")
        original, sealed = (kept / name).read_bytes(), (kept / "store.json").read_bytes()

        def read(path: Path) -> None:
            (kept / "store.json").write_bytes(sealed)
            (kept / name).write_bytes(path.read_bytes())
            if name != "store.json":  # sealed again
                facts = json.loads(sealed)
                facts["sums"][name] = zlib.crc32(path.read_bytes())
                (kept / "store.json").write_text(json.dumps(facts))
            found = open_store(kept)
            if found is None:
                (kept / name).write_bytes(original)
                raise GlassformerError("not whole")
            for side in (found.pairs.sources, found.pairs.targets):
                _ = [list(side[row]) for row in range(len(side))]
            del found
            (kept / name).unlink()  # it is mapped
            (kept / name).write_bytes(original)

        return Reader(read, original, Path(name).suffix)

    def pairs(text: bytes, suffix: str, columns: tuple[str, ...] = ()) -> Reader:
        return Reader(lambda path: [*islice(read_pairs(path, columns), 2000)], text, suffix)

    compiled = polib.pofile(CATALOGUE.decode()).to_binary()
    translator = Translator.load(run)
    made = trace(translator, "a b", beam=2)
    made.save(folder / "trace.json")
    return {
        "config.json": of_model("config.json"),
        "card.json": of_model("card.json", whole=True),
        "model.safetensors": of_model("model.safetensors"),
        vocabulary: of_model(vocabulary, whole=True),
        "lexicon.tsv": of_model("lexicon.tsv", whole=True),
        NUMBERS: of_checkpoint(NUMBERS),
        TENSORS: of_checkpoint(TENSORS),
        "store.json": of_store("store.json"),
        "source.ids.npy": of_store("source.ids.npy"),
        "source.starts.npy": of_store("source.starts.npy"),
        "config.yaml": Reader(settings, (run / "config.yaml").read_bytes()),
        "trace": Reader(show, (folder / "trace.json").read_bytes(), ".json"),
        "pairs.tsv": pairs(b"a b\tc d\ne\tf\n" * 5, ".tsv"),
        "pairs.csv": pairs(b'source,target\n"a, b",c\n"d ""e""",f\n' * 3, ".csv"),
        "pairs.jsonl": pairs(b'{"source": "a", "target": "b"}\n{"source": "c", "target": "d"}\n', ".jsonl"),
        "pairs.json": pairs(b'[{"source": "a", "target": "b"}, {"source": "c", "target": "d"}]', ".json"),
        "pairs.tmx": pairs(TMX, ".tmx", ("en", "hi")),
        "pairs.tsv.gz": pairs(gzip.compress(b"a b\tc d\n" * 50), ".tsv.gz"),
        "pairs.tsv.xz": pairs(lzma.compress(b"a b\tc d\n" * 50), ".tsv.xz"),
        **{f"pairs.parquet/{name}": pairs(data, ".parquet", names) for name, (data, names) in parquet_files().items()},
        "glossary": Reader(Glossary.read, b"a\tb\tc\n# x\nd\n", ".tsv"),
        "markup": Reader(markup, b"<p>a <b>c</b> &amp; <i>d</p>" * 4),
        "catalogue.po": Reader(lambda path: list(read_catalogue(path)), CATALOGUE, ".po"),
        "catalogue.mo": Reader(lambda path: list(read_catalogue(path)), compiled, ".mo"),
    }  # fmt: skip


def parquet_files() -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """Parquet as it may be written: its bytes, and the columns to read."""
    texts = {"source": [f"a b {number}" for number in range(40)], "target": ["c", "d e", "", "f"] * 10}
    flat, nested = pyarrow.table(texts), pyarrow.table({"translation": [{"en": "a", "hi": "b"}] * 9})
    plain = {"compression": "none", "use_dictionary": False}
    kinds: dict[str, tuple[Any, tuple[str, ...], dict[str, Any]]] = {
        "plain": (flat, (), plain | {"row_group_size": 20}),
        "dictionary": (flat, (), {"compression": "none", "store_schema": False}),
        "packed": (flat, (), {"compression": "zstd", "data_page_size": 64}),
        "version 2": (flat, (), plain | {"data_page_version": "2.0", "column_encoding": "DELTA_BYTE_ARRAY"}),
        "nested": (nested, ("en", "hi"), plain),
    }
    found = {}
    for name, (table, columns, settings) in kinds.items():
        pyarrow.parquet.write_table(table, written := io.BytesIO(), **settings)
        found[name] = written.getvalue(), columns
    return found


def show(path: Path) -> None:
    """Read a trace and show it in every way."""
    record = Trace.load(path)
    for tensor in list(record.tensors.values())[:6]:
        quietly(partial(to_csv, record, tensor.name))
        quietly(partial(record.cell_at, tensor.name, (0,) * len(tensor.shape)))
    for view in (*WHOLE, *OF_TENSOR):
        quietly(partial(to_svg, record, view))


def markup(path: Path) -> None:
    """Split a text with markup."""
    blocks_of(path.read_bytes().decode(errors="replace"))


def settings(path: Path) -> None:
    """Read a config file."""
    RunConfig.from_flat(read_yaml(path), str(path))


def quietly(work: Callable[[], Any]) -> None:
    """Do the work; what it refuses is right."""
    with contextlib.suppress(GlassformerError):
        work()


def fuzz(name: str, reader: Reader, folder: Path, seconds: float, chance: random.Random) -> tuple[int, int, int]:
    """How many files were tried, taken, and neither taken nor refused."""
    tried = taken = wrong = 0
    path = folder / f"hostile{reader.suffix}"
    path.write_bytes(reader.data)
    reader.read(path)  # which is whole
    until = time.monotonic() + seconds
    while time.monotonic() < until or not tried:
        path.write_bytes(reader.hostile(chance))
        (folder / "latest").write_bytes(path.read_bytes())
        tried += 1
        start = time.process_time()
        try:
            reader.read(path)
            taken += 1
        except GlassformerError as error:
            if "\n" in str(error) or len(str(error)) > LONGEST + len("..."):
                wrong += complain(name, path, f"not one line: {str(error)[:300]!r}", wrong)
        except Exception:
            wrong += complain(name, path, traceback.format_exc().strip()[-600:], wrong)
        if time.process_time() - start > 10:
            wrong += complain(name, path, f"took {time.process_time() - start:.0f} s of the processor", wrong)
    return tried, taken, wrong


def complain(name: str, path: Path, what: str, before: int) -> int:
    """Show the first few."""
    if before < 3:
        kept = Path(tempfile.gettempdir()) / f"fuzz-{name.replace('/', '-')}-{before}"
        shutil.copyfile(path, kept)
        print(f"{name}: {kept}: {what}\n", flush=True)
    return 1


def main() -> int:
    """Fuzz every reader; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""], help="readers whose names begin so")
    options = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fresh(folder)
        assert command(folder)[0] == 0
        every = readers(folder / "work/run", folder)
        foreign = foreign_readers(folder / "work/run", folder / "foreign")
        every |= {name: Reader(*one) for name, one in foreign.items()}
        chosen = {name: one for name, one in every.items() if name.startswith(tuple(options.only))}
        broken, total = 0, 0
        for name, reader in chosen.items():
            chance = random.Random(f"{options.seed} {name}")
            tried, taken, wrong = fuzz(name, reader, folder, options.seconds / len(chosen), chance)
            print(
                f"{name:28} {tried:8,} files: {taken:8,} taken, {tried - taken - wrong:8,} refused, {wrong} neither",
                flush=True,
            )
            broken, total = broken + wrong, total + tried
    print(f"{total:,} files, {broken} neither taken nor refused")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
