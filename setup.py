"""Compiles the fast engine while the package is built; all else is in pyproject.toml.

Where that cannot be done (no compiler, an unknown one), the package is built without it, and everything else works.
"""

import runpy
import sys
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

NATIVE = Path("glassformer/engine/native")
native = runpy.run_path(str(Path(__file__).parent / NATIVE / "build.py"))


class BuildNative(build_ext):
    """Runs build.py instead of a compiler."""

    def build_extension(self, ext: Any) -> None:
        library = Path(self.get_ext_fullpath(ext.name))
        library.parent.mkdir(parents=True, exist_ok=True)
        try:
            native["build"](library)
        except native["BuildError"] as error:
            print(f"The fast engine is left out: {error}", file=sys.stderr)

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split(".")[:-1], native["LIBRARY"]))

    def get_outputs(self) -> list[str]:
        return [path for path in super().get_outputs() if Path(path).exists()]

    def copy_extensions_to_source(self) -> None:  # of an editable installation
        if Path(self.build_lib, NATIVE, native["LIBRARY"]).exists():
            super().copy_extensions_to_source()


class Wheel(bdist_wheel):
    """The library knows nothing of Python: one wheel does for every version."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


sources = [str(path) for path in sorted(NATIVE.glob("*.cpp"))]
setup(
    ext_modules=[Extension("glassformer.engine.native.library_file", sources)],
    cmdclass={"build_ext": BuildNative, "bdist_wheel": Wheel},
)
