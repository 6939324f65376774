"""`deterministic: true` sets what torch needs for it, and leaves the process as it was."""

import os

import torch

from tests.training.disturbing import AtUpdate
from tests.training.runs import parameters_of


def flags():
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.backends.cudnn.benchmark,
    )


def test_torch_is_told_while_training_and_no_longer(quick, tmp_path, monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before, seen = flags(), []
    for name, settings in (("exact", {"deterministic": True}), ("plain", {})):
        callback = AtUpdate(2, lambda trainer: seen.append((flags(), os.environ.get("CUBLAS_WORKSPACE_CONFIG"))))
        assert quick(name, callback=callback, max_steps=2, **settings).status == 0
        assert flags() == before
        monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    assert seen == [((True, False, False, False), ":4096:8"), (before, None)]


def test_a_run_that_is_stopped_goes_on_to_the_bit(quick, tmp_path):
    settings = {"deterministic": True, "checkpoint_every": 2}
    assert quick("straight", max_steps=4, **settings).status == 0
    assert quick("stopped", max_steps=2, **settings).status == 0
    assert quick("stopped", "--resume", max_steps=4, **settings).status == 0
    assert parameters_of(tmp_path / "straight/last") == parameters_of(tmp_path / "stopped/last")
