"""A training killed and resumed ends as one that nobody disturbed; benchmarks/kill_test.py kills it more often."""

import subprocess
import sys
from pathlib import Path

KILL_TEST = Path(__file__).parents[3] / "benchmarks" / "kill_test.py"


def test_a_run_killed_and_resumed_equals_one_left_alone():
    done = subprocess.run(
        [sys.executable, KILL_TEST, "--kills", "5", "--steps", "60", "--seed", "3"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kills, in_save, *_ = done.stdout.splitlines()[-1].strip("| ").split(" | ")
    assert int(kills) == 5 and int(in_save) >= 1
