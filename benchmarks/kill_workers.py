"""Two processes of one training, of which now one, now the other is killed (SIGKILL), beside two that nobody disturbed.

    python benchmarks/kill_workers.py [--kills 30] [--steps 3000] [--seed 1] [--sharded]

One torchrun --max-restarts starts them again after each kill, and they go on from the last checkpoint. The moments are
steps drawn from the whole training; half of the kills wait for the next save. Compared as by kill_test.py.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kill_test import command, compared, logged, options_of, saving, write_corpus


def torchrun(run: Path, corpus: Path, steps: int, restarts: int, sharded: bool) -> subprocess.Popen[bytes]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = [*command(run, corpus, steps), "--resume", "--set", f"parallel={'fsdp' if sharded else 'ddp'}"]
    with run.with_suffix(".err").open("wb") as log:
        return subprocess.Popen(
            [*launcher, "--max-restarts", str(restarts), "-m", "glassformer", *words],
            env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=log, stderr=log,
        )  # fmt: skip


def workers(launcher: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()]


def kill_one(process: subprocess.Popen[bytes], run: Path, step: int, moments: random.Random) -> tuple[bool, bool]:
    """Kill one of the two at `step` or later: (whether there was one left to kill, whether it was inside a save)."""
    in_save = moments.random() < 0.5
    while process.poll() is None and logged(run) < step:
        time.sleep(0.002)
    while in_save and process.poll() is None and not saving(run):
        pass
    time.sleep(moments.uniform(0, 0.02))
    found = workers(process.pid) if process.poll() is None else []
    if len(found) < 2:
        return False, False
    os.kill(moments.choice(found), signal.SIGKILL)
    struck = saving(run)
    while process.poll() is None and set(workers(process.pid)) & set(found):  # until torchrun has ended both
        time.sleep(0.01)
    return True, struck


def finish(process: subprocess.Popen[bytes], run: Path) -> None:
    if process.wait():
        raise SystemExit(f"the training failed:\n{run.with_suffix('.err').read_text()}")


def main() -> None:
    parser = options_of(__doc__.splitlines()[0])
    parser.add_argument("--sharded", action="store_true", help="FSDP2 instead of DDP")
    options = parser.parse_args()
    folder, began, moments = Path(tempfile.mkdtemp()), time.monotonic(), random.Random(options.seed)
    corpus = write_corpus(folder / "letters.tsv", 400, options.seed)
    finish(torchrun(folder / "undisturbed", corpus, options.steps, 0, options.sharded), folder / "undisturbed")
    run = folder / "killed"
    process = torchrun(run, corpus, options.steps, options.kills, options.sharded)
    steps = sorted(moments.sample(range(1, options.steps), options.kills))
    kills = [kill_one(process, run, step, moments) for step in steps]
    finish(process, run)
    different, models, records = compared(folder / "undisturbed", run)
    if different:
        raise SystemExit(f"not the same: {', '.join(different)}; see {folder}")
    shutil.rmtree(folder)
    done, in_save = (sum(each) for each in zip(*kills, strict=True))
    print("| processes | kills | inside a save | steps | same: models | log records | s |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| 2, {'FSDP2' if options.sharded else 'DDP'} | {done} | {in_save} | {options.steps:,} | {models} | "
        f"{records:,} | {time.monotonic() - began:.0f} |"
    )


if __name__ == "__main__":
    main()
