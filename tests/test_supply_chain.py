"""What an installation brings: packages pinned, with the hashes of their files, under licences that let us use them."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKED = [ROOT / "locked" / name for name in ("run.txt", "dev.txt")]
EXTRAS = "parquet", "zstd", "ja", "serve"

# Permissive licences, by the words in which packages name them.
PERMISSIVE = {"apache", "bsd", "mit", "psf", "zlib", "0bsd", "cc0", "cnri", "bsl", "hpnd"}
OTHERS = {
    "ipadic": "its metadata name none; NAIST's licence, in the package, permits use, change and distribution",
    "pycountry": "LGPL-2.1: its data are read through the library as it is, which nothing here copies or changes",
}


def pins(path):
    """{package: version} of a requirements file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def installed(requirements):
    """The distributions that requirements bring, their own included, but for what torch's build for CUDA needs."""
    found, asked, left = {}, set(), list(requirements)
    while left:
        requirement = left.pop()
        for extra in ("", *requirement.extras):
            key = canonicalize_name(requirement.name), extra
            if key in asked:
                continue
            asked.add(key)
            found[key[0]] = one = importlib.metadata.distribution(requirement.name)
            wanted = map(Requirement, one.requires or ())
            here = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": extra})]
            left += [each for each in here if not each.name.startswith(("nvidia-", "cuda-", "triton"))]
    return found


def licences(metadata):
    """What a package says of its licence: an expression, or else its classifiers, or else a line of text."""
    classifiers = [one.rpartition(" :: ")[2] for one in metadata.get_all("Classifier") or () if "License ::" in one]
    return metadata.get("License-Expression") or " ".join(classifiers) or metadata.get("License") or ""


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_whatever_is_installed_is_pinned_and_has_its_hashes(path):
    constraints = pins(ROOT / "constraints.txt")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for entry in re.split(r"\n(?=[A-Za-z])", "\n".join(lines)):
        name, version = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry).groups()
        assert constraints[canonicalize_name(name)] == version, "run `make lock`"
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", entry), name
    assert set(pins(path)) <= set(constraints)


def test_what_runs_is_part_of_what_is_developed_with():
    run, dev = map(pins, LOCKED)
    assert run.items() <= dev.items()


def test_every_package_that_is_used_at_run_time_is_locked():
    locked = pins(LOCKED[0])
    needed = set(installed([Requirement("glassformer[serve]")])) - {"glassformer", "torch"}
    assert needed <= set(locked)


def test_every_licence_is_known():
    found = installed([Requirement(f"glassformer[{','.join(EXTRAS)}]")])
    unknown = {}
    for name, one in found.items():
        words = set(re.findall(r"[a-z0-9]+", licences(one.metadata).lower()))
        if not words & PERMISSIVE or words & {"gpl", "lgpl", "agpl", "gplv3", "lgplv2"}:
            unknown[name] = licences(one.metadata)
    assert set(unknown) == set(OTHERS), unknown


def test_an_installation_has_every_file_of_the_package():
    """Setuptools takes what is of a named kind and lies in a package, which a folder without `__init__.py` is not."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    kinds, licences = settings["tool"]["setuptools"]["package-data"]["*"], settings["project"]["license-files"]
    package, sources = (
        ROOT / "glassformer",
        ROOT / "glassformer" / "glass" / "web",
    )  # of the page, which is built of them
    files = [path for path in package.rglob("*") if path.is_file() and not path.is_relative_to(sources)]
    made = {".pyc", ".so", ".dylib", ".dll"}
    files = [path for path in files if path.suffix not in made and str(path.relative_to(ROOT)) not in licences]
    assert len(files) > 400
    for path in files:
        assert (path.parent / "__init__.py").exists(), path
        assert path.suffix == ".py" or any(path.match(kind) for kind in kinds), path
