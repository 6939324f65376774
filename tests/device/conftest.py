"""Checks of what runs on a GPU, or takes a compiler some time: `make test-device`.

What needs CUDA and finds none is skipped, and says so.
"""

import shutil

import pytest
import torch


@pytest.fixture(scope="session")
def cuda():
    """The GPU."""
    if not torch.cuda.is_available():
        pytest.skip("NO CUDA DEVICE IS HERE: what runs on one was not tested")
    return torch.device("cuda")


@pytest.fixture(scope="session")
def compiler():
    """The GPU, else the CPU, where torch can compile for it."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if not (shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("NO C++ COMPILER IS HERE: compiled steps were not tested")
    return torch.device("cpu")
