"""A training killed again and again (SIGKILL) and resumed each time, beside one that nobody disturbed.

    python benchmarks/kill_test.py [--kills 30] [--steps 3000] [--seed 1]

Every second kill or so waits for a save and strikes inside it; the other moments are drawn from the whole sitting, its
start included. In the end both runs must hold the same models, checkpoints, probes and log, bit for bit but for times
and speeds. Prints a row of Markdown; exit status 1 and the differences where there are any.
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
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

SITTING = 2.5  # seconds in which a moment is drawn; the first half second is the sitting's start
SETTINGS = {
    "vocab_size": 273, "d_model": 32, "d_ff": 64, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1,
    "dropout": 0.3, "max_length": 32, "batch_tokens": 200, "accumulate": 2, "precision": "float32",
    "learning_rate": 0.003, "warmup_steps": 50, "validate_sentences": 4, "patience": 1000, "keep_checkpoints": 4,
    "average_last": 3, "log_every": 1,
}  # fmt: skip
NOT_COMPARED = {"seconds", "target_tokens_per_second", "utilisation"}  # times and speeds
BUSY = ".partial", ".old", ".gone"  # the ends of names that stand only while something is saved or removed


@dataclass
class Kills:
    """How many, and where they struck."""

    moments: random.Random
    done: int = 0
    in_save: int = 0
    before_checkpoint: int = 0
    problems: list[str] = field(default_factory=list)


def write_corpus(path: Path, pairs: int, seed: int) -> Path:
    """Short sequences of letters and their reverse."""
    letters = random.Random(seed)
    words = {tuple(letters.choices("abcdef", k=letters.randint(2, 6))) for _ in range(pairs)}
    path.write_text("".join(f"{' '.join(word)}\t{' '.join(reversed(word))}\n" for word in sorted(words)))
    return path


def command(out: Path, corpus: Path, steps: int) -> list[str]:
    """The command that starts the run in `out`, or goes on with it."""
    every = max(4, steps // 60)
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


def sitting(words: list[str], log: Path) -> multiprocessing.Process:
    # From a server that has imported everything and done nothing: a sitting starts in no time.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch._dynamo", "sacrebleu", "glassformer.training", "glassformer.cli.commands"])
    process = context.Process(target=sit, args=(words, log))
    process.start()
    return process


def saving(run: Path) -> bool:
    """Whether something stands half saved or half removed in the run."""
    folders = [folder for folder in (run, run / "checkpoints", run / "probes") if folder.is_dir()]
    return any(path.name.endswith(BUSY) for folder in folders for path in folder.iterdir())


def kill_once(run: Path, corpus: Path, steps: int, kills: Kills) -> bool:
    """Start or resume, and kill at a moment drawn; False where the run ended first."""
    process = sitting(command(run, corpus, steps), run.with_suffix(".err"))
    in_save = kills.moments.random() < 0.5
    moment = time.monotonic() + kills.moments.uniform(0, SITTING)
    while process.is_alive() and (time.monotonic() < moment or (in_save and not saving(run))):
        if not in_save:
            time.sleep(0.001)
    if in_save:
        time.sleep(kills.moments.uniform(0, 0.01))
    process.kill()
    process.join()
    if process.exitcode == -signal.SIGKILL:
        kills.done += 1
        kills.in_save += saving(run)
        kills.before_checkpoint += not list(run.glob("checkpoints/step-*"))
    elif process.exitcode:
        raise SystemExit(f"a sitting failed:\n{run.with_suffix('.err').read_text()}")
    return process.exitcode == -signal.SIGKILL


def finish(run: Path, corpus: Path, steps: int) -> None:
    process = sitting(command(run, corpus, steps), run.with_suffix(".err"))
    process.join()
    if process.exitcode:
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
            records = [json.loads(line) for line in path.read_text().splitlines()]
            files[name] = [
                {key: value for key, value in record.items() if key not in NOT_COMPARED}
                for record in records
                if record["event"] != "note"
            ]
        elif path.is_file() and "tfevents" not in name and path.name not in ("run.lock", "checksums.json"):
            files[name] = path.read_bytes()
    return files


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="DIR", help="work in this new folder, and leave it")
    options = parser.parse_args()
    folder, began = Path(options.keep or tempfile.mkdtemp()), time.monotonic()
    folder.mkdir(exist_ok=True)
    corpus = write_corpus(folder / "letters.tsv", 400, options.seed)
    finish(folder / "undisturbed", corpus, options.steps)
    expected = contents(folder / "undisturbed")
    kills = Kills(random.Random(options.seed))
    # Where a run ends before all kills are done, another one takes the rest.
    for number in count(1):
        run = folder / f"killed-{number}"
        while kills.done < options.kills and kill_once(run, corpus, options.steps, kills):
            pass
        finish(run, corpus, options.steps)
        kills.problems += [f"{run.name}: {name}" for name in differences(expected, contents(run))]
        if kills.done >= options.kills:
            break
    if not options.keep:
        shutil.rmtree(folder)
    weights = sum(name.endswith("model.safetensors") for name in expected)
    records = len(expected["log.jsonl"])  # type: ignore[arg-type]
    print(
        "| kills | inside a save | before the first checkpoint | runs | steps each | same: models | log records | s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {kills.done} | {kills.in_save} | {kills.before_checkpoint} | {number} | {options.steps:,} | "
        f"{weights if not kills.problems else 'no'} | {records:,} | {time.monotonic() - began:.0f} |"
    )
    if kills.problems:
        raise SystemExit("not the same: " + ", ".join(kills.problems))


if __name__ == "__main__":
    main()
