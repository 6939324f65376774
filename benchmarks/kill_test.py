"""A training killed again and again (SIGKILL) and resumed each time, beside one that nobody disturbed.

    python benchmarks/kill_test.py [--kills 30] [--steps 3000] [--seed 1]

The moments are steps drawn from the whole training. What happens at each is drawn too: a kill soon after that step,
one inside the next save, or one while the process is starting. In the end both runs must hold the same models,
checkpoints, probes and log, bit for bit but for times and speeds. Prints a row of Markdown; exit status 1, and the
differences, where there are any.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

SETTINGS = {
    "vocab_size": 273, "d_model": 32, "d_ff": 64, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1,
    "dropout": 0.3, "max_length": 32, "batch_tokens": 200, "accumulate": 2, "precision": "float32",
    "learning_rate": 0.003, "warmup_steps": 50, "validate_sentences": 4, "patience": 1000, "keep_checkpoints": 4,
    "average_last": 3, "log_every": 1,
}  # fmt: skip
NOT_COMPARED = {"seconds", "target_tokens_per_second", "utilisation"}  # times and speeds
BUSY = ".partial", ".old", ".gone"  # the ends of names that stand only while something is saved or removed
SHARES = {"step": 0.45, "save": 0.45, "start": 0.1}  # of the kills
STARTING = 1.0  # seconds


@dataclass
class Kills:
    """How many, and where they struck."""

    done: int = 0
    in_save: int = 0
    in_start: int = 0
    before_checkpoint: int = 0


def write_corpus(path: Path, pairs: int, seed: int) -> Path:
    """Short sequences of letters and their reverse."""
    letters = random.Random(seed)
    words = {tuple(letters.choices("abcdef", k=letters.randint(2, 6))) for _ in range(pairs)}
    path.write_text("".join(f"{' '.join(word)}\t{' '.join(reversed(word))}\n" for word in sorted(words)))
    return path


def command(out: Path, corpus: Path, steps: int) -> list[str]:
    """The command that starts the run in `out`, or goes on with it."""
    every = max(5, steps // 60)
    settings = SETTINGS | {"max_steps": steps, "checkpoint_every": every, "validate_every": 2 * every + 1,
                           "probe_every": 3 * every}  # fmt: skip
    words = ["train", "--pairs", str(corpus), "--out", str(out), "--device", "cpu", "--probe", "a b c"]
    words += [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return [*words, "--resume"] if (out / "config.yaml").exists() else words


def sit(words: list[str], log: Path) -> None:
    """One sitting, in a process of its own."""
    import torch

    from glassformer.cli import main

    torch.set_num_threads(1)
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.exit(main(words))


def sitting(run: Path, corpus: Path, steps: int) -> BaseProcess:
    # From a server that has imported everything and done nothing: a sitting starts in no time.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch._dynamo", "sacrebleu", "glassformer.training", "glassformer.cli.commands"])
    process = context.Process(target=sit, args=(command(run, corpus, steps), run.with_suffix(".err")))
    process.start()
    return process


def saving(run: Path) -> bool:
    """Whether something stands half saved or half removed in the run."""
    folders = [folder for folder in (run, run / "checkpoints", run / "probes") if folder.is_dir()]
    return any(path.name.endswith(BUSY) for folder in folders for path in folder.iterdir())


def logged(run: Path) -> int:
    """The step that the run has got to."""
    log = run / "log.jsonl"
    lines = log.read_bytes()[-4096:].splitlines()[1:] if log.exists() else []
    return max((json.loads(line).get("step", 0) for line in lines if line.endswith(b"}")), default=0)


def kill_once(run: Path, corpus: Path, steps: int, step: int, moments: random.Random, kills: Kills) -> None:
    """Start or resume, and kill at a moment of the kind drawn, at `step` or later."""
    process = sitting(run, corpus, steps)
    [kind] = moments.choices(list(SHARES), list(SHARES.values()))
    if kind == "start":
        time.sleep(moments.uniform(0, STARTING))
    else:
        while process.is_alive() and logged(run) < step:
            time.sleep(0.002)
        while kind == "save" and process.is_alive() and not saving(run):
            pass
        time.sleep(moments.uniform(0, 0.02))
    process.kill()
    process.join()
    if process.exitcode == -signal.SIGKILL:
        kills.done += 1
        kills.in_save += saving(run)
        kills.in_start += kind == "start"
        kills.before_checkpoint += not list(run.glob("checkpoints/step-*"))
    elif process.exitcode:
        fail(run)


def finish(run: Path, corpus: Path, steps: int) -> None:
    """Start or resume, undisturbed."""
    process = sitting(run, corpus, steps)
    process.join()
    if process.exitcode:
        fail(run)


def fail(run: Path) -> None:
    raise SystemExit(f"a sitting failed:\n{run.with_suffix('.err').read_text()}")


def contents(run: Path) -> dict[str, object]:
    """All that a run holds and that two equal ones share, by name."""
    files: dict[str, object] = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.name == "training_state.json":
            state = json.loads(path.read_text())
            del state["seconds"], state["unlogged"]["seconds"]
            files[name] = state
        elif path.name == "log.jsonl":
            files[name] = [
                {key: value for key, value in record.items() if key not in NOT_COMPARED}
                for record in map(json.loads, path.read_text().splitlines())
                if record["event"] != "note"
            ]
        elif path.is_file() and "tfevents" not in name and path.name not in ("run.lock", "checksums.json"):
            files[name] = path.read_bytes()
    return files


def compared(undisturbed: Path, killed: Path) -> tuple[list[str], int, int]:
    """What the two runs do not share, and how many models and log records the first has."""
    expected, found = contents(undisturbed), contents(killed)
    different = [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    models = sum(name.endswith("model.safetensors") for name in expected)
    return different, models, len(expected["log.jsonl"])  # type: ignore[arg-type]


def options_of(description: str) -> argparse.ArgumentParser:
    """What both kill tests are asked."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main() -> None:
    parser = options_of(__doc__.splitlines()[0])
    parser.add_argument("--keep", metavar="DIR", help="work in this new folder, and leave it")
    options = parser.parse_args()
    folder, began = Path(options.keep or tempfile.mkdtemp()), time.monotonic()
    folder.mkdir(exist_ok=True)
    corpus = write_corpus(folder / "letters.tsv", 400, options.seed)
    finish(folder / "undisturbed", corpus, options.steps)
    run, kills, moments = folder / "killed", Kills(), random.Random(options.seed)
    for step in sorted(moments.sample(range(1, options.steps), options.kills)):
        kill_once(run, corpus, options.steps, step, moments, kills)
    finish(run, corpus, options.steps)
    different, models, records = compared(folder / "undisturbed", run)
    if not options.keep:
        shutil.rmtree(folder)
    print("| kills | inside a save | while starting | before any checkpoint | steps | same: models | log records | s |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {kills.done} | {kills.in_save} | {kills.in_start} | {kills.before_checkpoint} | {options.steps:,} | "
        f"{'no' if different else models} | {records:,} | {time.monotonic() - began:.0f} |"
    )
    if different:
        raise SystemExit("not the same: " + ", ".join(different))


if __name__ == "__main__":
    main()
