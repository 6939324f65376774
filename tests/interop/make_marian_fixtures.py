"""Makes the small archives in tests/interop/marian and what Marian itself says of them.

Run `python -m tests.interop.make_marian_fixtures` where `pymarian` (Marian 1.12 as a package) is installed.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.interop.models import ENGLISH, WORDS_DE, WORDS_EN

GERMAN = [
    " ".join(dict(zip(WORDS_EN.split(), WORDS_DE.split(), strict=True))[w] for w in one.split()) for one in ENGLISH
]

FOLDER = Path(__file__).parent / "marian"
COMMON = (
    "--type transformer --model model.npz --train-sets source target --dim-emb 8 --transformer-dim-ffn 12 "
    "--transformer-heads 2 --enc-depth 1 --dec-depth 2 --cpu-threads 1 --after-batches 300 --mini-batch 32 "
    "--workspace 200 --learn-rate 0.02 --seed"
)
KINDS = {
    "words": "1 --tied-embeddings --vocabs source.yml target.yml",
    "pieces": "2 --tied-embeddings-all --vocabs joint.spm joint.spm --dim-vocabs 60 60 --transformer-preprocess n "
    "--transformer-postprocess da --transformer-postprocess-top n --transformer-postprocess-emb nd",
    "layers": "3 --tied-embeddings-src --vocabs joint.yml joint.yml --transformer-tied-layers 1 1",
    "apart": "4 --vocabs source.yml target.yml --output-omit-bias --transformer-ffn-activation relu",
}
SENTENCES = 12


def main() -> None:
    """Make them all, each by a process of its own: Marian ends its process at the first error."""
    for name in KINDS:
        subprocess.run([sys.executable, "-m", __spec__.name, name], check=True)


def make(name: str) -> None:
    """Train for some updates, then ask Marian for the scores of given targets and for its translations."""
    import _pymarian
    import pymarian
    import sentencepiece

    directory = FOLDER / name
    directory.mkdir(parents=True, exist_ok=True)
    os.chdir(directory)
    Path("source").write_text("\n".join(ENGLISH) + "\n")
    Path("target").write_text("\n".join(GERMAN) + "\n")
    if "joint.spm" in KINDS[name]:  # as Marian trains one, but without its table of normalisation, which is large
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(ENGLISH + GERMAN), model_prefix="joint", vocab_size=60, unk_id=1, eos_id=0,
            bos_id=-1, normalization_rule_name="identity", minloglevel=2,
        )  # fmt: skip
        Path("joint.model").rename("joint.spm")
    pymarian.Trainer(f"{COMMON} {KINDS[name]} --quiet").train()
    vocabularies = KINDS[name].split("--vocabs ")[1].split()[:2]
    Path("s").write_text("\n".join(ENGLISH[:SENTENCES]) + "\n")
    Path("t").write_text("\n".join(GERMAN[:SENTENCES]) + "\n")
    common = ["--vocabs", *vocabularies, "--cpu-threads", "1", "--quiet", "--word-scores", "--mini-batch", "1"]
    with Path("scores").open("w") as file, _as_standard_output(file):
        _pymarian.main(["score", "--model", "model.npz", "--train-sets", "s", "t", *common])
    said: dict[str, Any] = {"source": ENGLISH[:SENTENCES], "target": GERMAN[:SENTENCES]}
    said["log_probs"] = [_scores(line) for line in Path("scores").read_text().splitlines()]
    for beam in (1, 4):
        options = " ".join(common) + f" --models model.npz --beam-size {beam} --n-best --normalize 0 --max-length 19"
        lines = "\n".join(pymarian.Translator(options).translate(ENGLISH[:SENTENCES])).splitlines()
        best = [next(line for line in lines if line.startswith(f"{number} |")) for number in range(SENTENCES)]
        said[f"beam {beam}"] = [[line.split("|||")[1].strip(), _scores(line)] for line in best]
    Path("said.json").write_text(json.dumps(said, ensure_ascii=False) + "\n")
    for path in directory.iterdir():
        if path.name not in ("model.npz", "model.npz.decoder.yml", "said.json", *vocabularies):
            path.unlink()


@contextlib.contextmanager
def _as_standard_output(file: Any) -> Any:
    kept = os.dup(1)
    os.dup2(file.fileno(), 1)
    yield
    os.dup2(kept, 1)


def _scores(line: str) -> list[float]:
    return [float(one) for one in line.split("WordScores=")[1].split("|||")[0].split()]


if __name__ == "__main__":
    make(sys.argv[1]) if sys.argv[1:] else main()
