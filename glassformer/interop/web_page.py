"""One page that translates in a browser without a network: onnxruntime's WebAssembly and an exported model in one file.

The runtime is npm's, from a directory of the user's: `npm install onnxruntime-web @huggingface/tokenizers` fills
node_modules. The page may run its own script and load nothing.
"""

import base64
import hashlib
import re
import zlib
from importlib.resources import files
from pathlib import Path

from glassformer.errors import InputError
from glassformer.files import write_whole
from glassformer.interop import onnx

PAGE = "translate.html"
RUNTIME = {  # the id of each part in the page: its file within node_modules
    "onnxruntime": "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    "wasm": "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "tokenizers": "@huggingface/tokenizers/dist/tokenizers.min.mjs",
}
LARGEST_PART = 64 << 20  # bytes of a file of the runtime
ADVICE = "give the node_modules that `npm install onnxruntime-web @huggingface/tokenizers` fills"


def runtime_files(directory: Path) -> dict[str, Path]:
    """The runtime's files by the id of their part; InputError where one is missing, a link, or too large to be one."""
    for inner in map(Path, RUNTIME.values()):
        path = directory / inner
        if any((directory / one).is_symlink() for one in [inner, *list(inner.parents)[:-1]]):
            raise InputError(f"--web {directory}: {path} is a link, and no link is followed; {ADVICE}")
        if not path.is_file():
            raise InputError(f"--web {directory}: {path} is missing; {ADVICE}")
        if path.stat().st_size > LARGEST_PART:
            raise InputError(f"--web {directory}: {path} has more than {LARGEST_PART:,} bytes; {ADVICE}")
    return {part: directory / name for part, name in RUNTIME.items()}


def write(directory: Path, runtime: Path) -> None:
    """Write the page into an exported directory, with the int8 graphs in it."""
    parts = runtime_files(runtime) | {
        "config": directory / "config.json",
        "generation": directory / "generation_config.json",
        "tokenizer": directory / "tokenizer.json",
        "tokenizer-config": directory / "tokenizer_config.json",
        "encoder": onnx.graph_file(directory, onnx.ENCODER, onnx.QUANTISED),
        "decoder": onnx.graph_file(directory, onnx.DECODER, onnx.QUANTISED),
    }
    page = files("glassformer.interop").joinpath(PAGE).read_text(encoding="utf-8")
    for kind in ("script", "style"):
        page = page.replace(f"__{kind.upper()}_HASH__", _hash(page, kind))
    data = "\n".join(f'<script type="text/plain" id="{part}">{_packed(path)}</script>' for part, path in parts.items())
    write_whole(directory / PAGE, page.replace("__DATA__", data).encode())


def _hash(page: str, kind: str) -> str:
    """What a Content-Security-Policy calls the page's script or style (W3C's CSP level 3, section 2.3.1)."""
    content = re.search(rf"<{kind}[^>]*>(.*?)</{kind}>", page, re.DOTALL)
    assert content
    return f"'sha256-{base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()}'"


def _packed(path: Path) -> str:
    return base64.b64encode(zlib.compress(path.read_bytes(), 9)).decode()
