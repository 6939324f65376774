"""Marian, from pymarian: a fresh training each time, whose second epoch counts.

It makes its own batches, by its own rule for the same number of words, of the same sentences. Its log says how long
each update took, so starting up is left out, and how many sentences an epoch had: all, or nothing is measured.
"""

import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pymarian  # noqa: F401 (whether it is there)

from engines.job import EOS, UNK, Engine, Job

LINE = re.compile(r"Ep\. 2 : Up\. \d+ : Sen\. ([\d,]+) : Cost ([\d.]+) : Time ([\d.]+)s")


class Marian(Engine):
    version = f"Marian, pymarian {version('pymarian')}"
    precision = "float32"

    def __init__(self, job: Job, precision: str) -> None:
        super().__init__(job)
        self.parameters = 0
        self.train(0, 1)

    def train(self, first: int, count: int) -> dict[str, Any]:
        batches = self.job.batches[first : first + count]
        with tempfile.TemporaryDirectory(dir=self.job.folder) as name:
            folder = Path(name)
            _write(folder / "source", [batch.source for batch in batches])
            _write(folder / "target", [batch.target for batch in batches])
            words = (f'"{i}": {i}' for i in range(self.job.config["vocab_size"]) if i not in (UNK, EOS))
            (folder / "vocab.yml").write_text("\n".join([f"<unk>: {UNK}", f"</s>: {EOS}", *words]) + "\n")
            command = [sys.executable, "-m", "pymarian", *self._options(folder, self.job.rates[first])]
            # Its workers divide the batches; each computes in one thread.
            one_each = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
            log = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=one_each).stderr
            second = LINE.findall(log)
            if not second or int(second[-1][0].replace(",", "")) != sum(len(batch.target) for batch in batches):
                raise RuntimeError(f"Marian did not train on the whole text:\n{log}")
            self.parameters = self.parameters or _parameters(folder / "model.npz")
        return {"seconds": sum(float(line[2]) for line in second), "losses": [float(line[1]) for line in second]}

    def _options(self, folder: Path, rate: float) -> list[str]:
        c = self.job.config
        options = {
            "type": "transformer",
            "train-sets": [str(folder / "source"), str(folder / "target")],
            "vocabs": [str(folder / "vocab.yml")] * 2,
            "dim-vocabs": [str(c["vocab_size"])] * 2,
            "enc-depth": c["encoder_layers"],
            "dec-depth": c["decoder_layers"],
            "dim-emb": c["d_model"],
            "transformer-dim-ffn": c["d_ff"],
            "transformer-heads": c["num_heads"],
            "transformer-dropout": c["dropout"],
            "transformer-ffn-activation": "relu",
            "max-length": c["max_length"],
            "label-smoothing": c["label_smoothing"],
            "clip-norm": c["clip_norm"],
            "optimizer-params": [*map(str, self.job.betas), str(self.job.epsilon)],
            "learn-rate": rate,
            "mini-batch-words": c["batch_tokens"],
            "mini-batch": 10_000,  # sentences; the words decide
            "maxi-batch": 10_000,
            "maxi-batch-sort": "trg",
            "cost-type": "ce-mean-words",
            "cpu-threads": self.job.threads,
            "workspace": 2000,
            "disp-freq": "1u",
            "after": "2e",
            "seed": c["seed"],
            "model": folder / "model.npz",
        }
        flags = ["--tied-embeddings-all", "--output-omit-bias", "--sync-sgd"]
        for name, value in options.items():
            flags += [f"--{name}", *(value if isinstance(value, list) else [str(value)])]
        return flags


def _write(path: Path, matrices: list[np.ndarray]) -> None:
    """A line for each sentence; its words are the ids."""
    with path.open("w") as file:
        for row in (row for matrix in matrices for row in matrix):
            print(*row[: np.flatnonzero(row == EOS)[0]], file=file)


def _parameters(path: Path) -> int:
    with np.load(path, allow_pickle=False) as weights:
        return sum(weights[name].size for name in weights if not name.startswith("special:"))
