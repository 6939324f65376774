"""Put every hurtful value in every place of what is read as JSON: traces, models, checkpoints, stores.

    python benchmarks/every_field.py [--every 1] [--first 0] [--only NAME]

A place is a key of an object, or the first, second or last item of a list; lists of numbers have one. Each is replaced
by each value of `mutations.py` that hurts, left out, and named wrongly. A trace, plain and with its cause and weights,
is then shown by the command `explain` in the terminal, as JSON, SVG, CSV, LaTeX and page; a model is loaded and
translates; a checkpoint and a store are checked. All must be done, or refused in one line. A place that several traces
have is tried in the first of them.

With --only, what was stopped goes on with --first. Prints for each reader how many were tried and taken, and what did
neither. The exit status is 1 where one did.
"""

import argparse
import copy
import itertools
import json
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from faults import command, fresh
from fuzz import Reader, readers
from mutations import HURTFUL

from glassformer import Translator
from glassformer.errors import GlassformerError
from glassformer.explain import traced
from glassformer.glass.causes import interventions
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.views.svg import OF_TENSOR, WHOLE

sys.path.append(str(Path(__file__).parents[1]))

from tests.commands import run

Place = tuple[Any, ...]
GONE, MISNAMED = object(), object()


def places(value: Any, before: Place = ()) -> Iterator[Place]:
    """Every place of a JSON value."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        ends = {0, 1, len(value) - 1} if any(isinstance(one, dict | list) for one in value) else {0}
        items = [(number, value[number]) for number in sorted(ends) if number < len(value)]
    else:
        return
    for key, inner in items:
        yield (*before, key)
        yield from places(inner, (*before, key))


def changed(value: Any, place: Place, new: Any) -> Any:
    """The value with another one at a place; what is beside it is shared, not copied."""
    tree, (key, *inner) = copy.copy(value), place
    if inner:
        tree[key] = changed(tree[key], tuple(inner), new)
    elif new is GONE:
        del tree[key]
    elif new is MISNAMED and isinstance(tree, dict):
        tree[f"{key}\u202e"] = tree.pop(key)
    else:
        tree[key] = None if new is MISNAMED else new
    return tree


def shown(tensor: str) -> Callable[[Path], None]:
    """Shows a trace in every way; what is refused may be refused by each."""
    ways: list[list[str]] = [
        [], ["--cause"], ["--steps"], ["--tensor", tensor], ["--cell", f"{tensor}[0,0,0]"], ["--json", "out.json"],
        ["--html", "out.html"], ["--csv", "out.csv", "--tensor", tensor],
        ["--latex", "out.tex", "--cell", f"{tensor}[0,0,0]"],
        *(["--svg", "out.svg", "--view", view] for view in WHOLE),
        *(["--svg", "out.svg", "--view", view, "--tensor", tensor] for view in OF_TENSOR),
    ]  # fmt: skip

    def show(path: Path) -> None:
        record = Trace.load(path)  # once: one that cannot be read is refused by every way
        for way in ways:
            given = (str(path.with_name(one)) if one[:4] == "out." else one for one in way)
            with patch.object(Trace, "load", lambda _: record):
                outcome = run("explain", path, *given)
            if outcome.status not in (0, 1, 2) or (outcome.status and len(outcome.err.splitlines()) != 1):
                raise AssertionError(f"{way}: {outcome.status}, {outcome.err[-300:]}")

    return show


def traces(folder: Path) -> dict[str, Reader]:
    """A plain trace, and one with all that a record can carry."""
    translator = Translator.load(folder / "work/run")
    plain = trace(translator, "a b", beam=2, max_length=4, detail="attention")
    full = traced(translator, "a b", why={}, meanings={"a": "b"}, detail="full+weights", max_length=3)
    altered = trace(translator, "a b", max_length=3, detail="full", interventions=[interventions.scale("logits", 2.0)])
    weights = "encoder.0.self_attention.weights"
    return {
        name: Reader(shown(weights), one.to_json().encode(), ".json")
        for name, one in {"trace": plain, "trace with cause": full, "trace with interventions": altered}.items()
    }


def main() -> int:
    """Try all; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so many")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose names begin so")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    total = broken = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fresh(folder)
        assert command(folder)[0] == 0
        every = {name: one for name, one in readers(folder / "work/run", folder).items() if one.suffix == ".json"}
        every = {name: one for name, one in every.items() if not name.startswith(("pairs", "trace"))} | traces(folder)
        seen: set[tuple[str, Place]] = set()
        for name, reader in every.items():
            value, kind = json.loads(reader.data), name.split()[0]
            new_places = [place for place in places(value) if (kind, place) not in seen]
            seen |= {(kind, place) for place in new_places}
            if not name.startswith(options.only):
                continue
            pairs = itertools.product(new_places, (*HURTFUL, GONE, MISNAMED))
            tried = taken = 0
            for place, new in itertools.islice(pairs, options.first, None, options.every):
                if tried % 1000 == 999:
                    print(f"{name}: {options.first + (tried + 1) * options.every:,} next", file=sys.stderr)
                path = folder / "hostile.json"
                path.write_text(json.dumps(changed(value, place, new)))
                tried += 1
                try:
                    reader.read(path)
                    taken += 1
                except GlassformerError as error:
                    if "\n" not in str(error):
                        continue
                    broken += complain(name, place, new, str(error), path)
                except Exception:
                    broken += complain(name, place, new, traceback.format_exc()[-600:], path)
            print(f"{name:28} {tried:8,} tried, {taken:8,} taken", flush=True)
            total += tried
    print(f"{total:,} places with a value, {broken} neither taken nor refused")
    return int(broken > 0)


def complain(name: str, place: Place, new: Any, what: str, path: Path) -> int:
    """Show it."""
    kept = shutil.copyfile(path, Path(tempfile.gettempdir()) / f"every-field-{abs(hash((name, place))) % 10**6}.json")
    print(f"{name}: {'.'.join(map(str, place))} = {new!r:.40}, {kept}: {what}\n", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
