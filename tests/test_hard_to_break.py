"""A little of what benchmarks/faults.py and benchmarks/fuzz.py do: every n-th operation, some files of each kind."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def said_by(script, *arguments):
    command = [sys.executable, "-W", "ignore", str(BENCHMARKS / script), *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names of open files are Linux's")
def test_a_fault_or_a_power_loss_leaves_the_old_or_the_new():
    said = said_by("faults.py", "--every", "120", "--errors", "EIO")
    assert "states after a power loss: 0 promises broken" in said
    assert "faults: 0 promises broken" in said


def test_damaged_files_are_taken_or_refused():
    assert ", 0 neither taken nor refused" in said_by("fuzz.py", "--seconds", "3")
