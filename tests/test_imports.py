"""Arrows run downwards only: which room imports which, read from the source without running it."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree

import pytest

import glassformer

ROOT = Path(glassformer.__file__).parent

# A room may import rooms on lower floors, and its own. Rooms on one floor do not know each other.
FLOORS = [
    {"collector", "errors", "special", "system"},
    {"arguments", "reading"},
    {"tensor_file"},
    {"batching", "cuda_graphs", "device", "files", "locking", "settings", "yaml_config"},
    {"model", "text", "search"},
    {"corpora", "quality_estimation"},
    {"data"},
    {"engine", "model_directory", "evaluation"},
    {"translator"},
    {"copying", "interop"},
    {"whole_texts"},
    {"markup"},
    {"glass"},
    {"training"},
    {"explain", "quantize"},
    {"quickstart", "serving"},
    {"cli"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
LIBRARIES = {  # the libraries that a room may use, where that is limited
    "model": {"torch", "numpy", "triton"},
    "search": {"numpy"},
    "engine": {"torch", "numpy", "triton"},
    "text": {"sentencepiece", "sentencex", "pyarrow", "zstandard", "regex"},
    "data": {"numpy", "sentencepiece", "pycountry"},
    "corpora": {"polib", "pycountry"},
    "quality_estimation": set(),
    "collector": set(),
    "errors": set(),
    "special": set(),
    "system": set(),
    "batching": set(),
    "files": set(),
    "reading": set(),
    "tensor_file": set(),
    "settings": set(),
    "yaml_config": {"yaml"},
    "evaluation": {"sacrebleu", "comet"},
    "serving": {"starlette", "uvicorn", "msgspec", "prometheus_client", "pycountry"},
    "interop": {
        "torch",
        "numpy",
        "safetensors",
        "sentencepiece",
        "transformers",
        "ctranslate2",
        "onnx",
        "onnxruntime",
        "tokenizers",
        "yaml",
        "pycountry",
    },
}


def name_of(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """The dotted name of everything a file imports, relative ones spelt out."""
    package = name_of(path) if path.stem == "__init__" else name_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(name):
    return name.split(".")[1] if "." in name else ""


SOURCES = sorted(ROOT.rglob("*.py"))
# (importing room, imported name, file); the package itself loads its rooms on first use.
ARROWS = [(room_of(name_of(path)), name, path.relative_to(ROOT)) for path in SOURCES for name in imports(path)]
OURS = [  # the package's own version stands below all rooms
    (room, room_of(name), path)
    for room, name, path in ARROWS
    if name.split(".")[0] == "glassformer" and name != "glassformer.__version__"
]


def test_the_reader_sees_imports():
    """It finds some that are known to be there: absolute, relative, and within a function."""
    assert ("translator", "model", Path("translator.py")) in OURS
    assert ("cli", "training", Path("cli/commands.py")) in OURS
    relative = [name for _, name, path in ARROWS if path == Path("corpora/phrasebook/__init__.py")]
    assert all(name.startswith("glassformer.corpora.phrasebook.") for name in relative) and relative


def test_every_room_has_its_floor():
    assert {room_of(name_of(path)) for path in SOURCES} - {""} <= set(FLOOR)


def test_the_picture_of_the_rooms_shows_these_floors():
    """docs/rooms.svg, from the top down; a floor is what stands at one height."""
    drawn = ElementTree.parse(ROOT.parent / "docs/rooms.svg").iter("{http://www.w3.org/2000/svg}text")
    names = [(float(one.attrib["y"]), one.text or "") for one in drawn if one.get("font-weight")]
    heights = sorted({y // 20 for y, _ in names})
    floors = [{name.strip("/").removesuffix(".py") for y, name in names if y // 20 == height} for height in heights]
    assert floors[::-1] == FLOORS


def test_arrows_run_downwards_only():
    upwards = [arrow for arrow in OURS if arrow[0] != arrow[1] and not FLOOR[arrow[0]] > FLOOR[arrow[1]]]
    assert not upwards


def circle_of(files):
    """A circle of imports among files, {file: the names that it imports}; None if there is none."""
    own = {name: {ours(imported, files) for imported in found} - {None, name} for name, found in files.items()}
    try:
        TopologicalSorter(own).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def ours(name, files):
    """The file that an imported name is of: the module itself, or the one that defines it; None for a library."""
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name or None


def test_no_file_imports_itself_through_others():
    """Imports within functions and those for type checkers count."""
    assert circle_of({"a": {"b.f"}, "b": {"a.g"}}) and not circle_of({"a": {"b.f"}, "b": {"torch"}})
    assert circle_of({name_of(path): set(imports(path)) for path in SOURCES}) is None


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("model", {"text", "search", "translator", "training", "cli"}),
        ("text", {"model", "search", "translator", "training", "cli"}),
        ("search", {"model", "text", "translator", "training", "cli"}),
        ("translator", {"training", "evaluation", "cli"}),
        ("evaluation", {"training", "cli"}),
        ("training", {"quickstart", "cli"}),
    ],
)
def test_the_nevers_of_the_plan(room, never):
    assert any(arrow[0] == room for arrow in ARROWS)
    assert not [arrow for arrow in OURS if arrow[0] == room and arrow[1] in never]


def test_only_main_imports_the_command_line():
    assert {room for room, imported, _ in OURS if imported == "cli"} == {"__main__", "cli"}


@pytest.mark.parametrize("room", LIBRARIES)
def test_libraries_of_a_room(room):
    used = {name.split(".")[0] for own, name, _ in ARROWS if own == room}
    assert used - sys.stdlib_module_names - {"glassformer"} <= LIBRARIES[room]


# Within training/, the same: config and distributed know none of the others, train all of them.
TRAINING = [{"config", "distributed"}, {"progress"}, {"update"}, {"report"}, {"run"}, {"trainer"}, {"train"}]


def test_arrows_within_training_run_downwards():
    floor = {room: number for number, rooms in enumerate(TRAINING) for room in rooms}
    arrows = [
        (name_of(path).split(".")[2], name.split(".")[2])
        for path in SOURCES
        if room_of(name_of(path)) == "training" and path.name != "__init__.py"
        for name in imports(path)
        if name.startswith("glassformer.training.")
    ]
    assert ("run", "update") in arrows
    assert not [arrow for arrow in arrows if arrow[0] != arrow[1] and not floor[arrow[0]] > floor[arrow[1]]]


def test_a_file_with_axes_in_its_names_says_which():
    """`x_BSD` says nothing to whoever does not know that D is d_model: the file's docstring has a line "Axes"."""
    silent = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        suffixes = {name.rpartition("_")[2] for name in names if re.fullmatch(r"[a-z]\w*_[A-Z][A-Z0-9]*", name)}
        if suffixes and "Axes" not in (ast.get_docstring(tree) or ""):
            silent.append((str(path.relative_to(ROOT)), suffixes))
    assert not silent


def loaded_by(*modules):
    """Top-level names of all that is loaded once `modules` are imported in a new process."""
    code = f"import sys, {', '.join(modules)}; print(*{{name.split('.')[0] for name in sys.modules}})"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(process.stdout.split())


def test_the_command_line_starts_without_heavy_libraries():
    """`--help` answers in well under half a second."""
    loaded = loaded_by("glassformer.cli")
    assert "glassformer" in loaded
    assert not loaded & {"torch", "numpy", "sentencepiece", "sacrebleu", "rich", "tensorboard", "safetensors"}


def test_text_never_loads_torch():
    modules = [name_of(path) for path in SOURCES if room_of(name_of(path)) == "text"]
    loaded = loaded_by(*modules)
    assert "sentencepiece" in loaded
    assert "torch" not in loaded
