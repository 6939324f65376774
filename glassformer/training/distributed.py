"""The processes that train one run together, as torchrun starts them; one process is a group of one."""

import gc
import os
import re
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor

from glassformer.arguments import shown
from glassformer.device import choose_device
from glassformer.errors import InputError, UsageError

# How long processes wait for rank 0 to tokenize, validate and save. One that is lost is noticed at once all the same.
WAIT = timedelta(days=1)


class Group:
    """The processes that train together: this one is number `rank` of `size`. Rank 0 is the main one, which alone
    writes files and reports.

    Methods are collective: every process must call them, and all but `gather` return the same in each.
    """

    def __init__(self, device: torch.device, rank: int = 0, size: int = 1) -> None:
        self.device, self.rank, self.size = device, rank, size

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def sum(self, part: Tensor) -> Tensor:
        """The sum of every process's `part`."""
        if self.size > 1:
            part = part.clone()
            dist.all_reduce(part)
        return part

    def largest(self, *numbers: float) -> list[float]:
        """Of each number, the largest that any process gave."""
        if self.size == 1:
            return list(numbers)
        largest = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return largest.tolist()

    def from_main(self, data: bytes) -> bytes:
        """Rank 0's `data`."""
        if self.size == 1:
            return data
        length = int(self.largest(len(data) if self.is_main else 0)[0])
        buffer = torch.zeros(length, dtype=torch.uint8)
        if self.is_main:
            buffer = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        dist.broadcast(buffer, src=0)
        return buffer.numpy().tobytes()

    def gather(self, part: Tensor) -> list[Tensor]:
        """Every process's `part`, by rank; all of one shape, on the CPU."""
        if self.size == 1:
            return [part]
        parts = [torch.empty_like(part) for _ in range(self.size)]
        dist.all_gather(parts, part)
        return parts

    def separate_random_states(self) -> None:
        """Give each process its own random state, derived from the one they share; a single process keeps that."""
        if self.size > 1:
            torch.manual_seed(int(torch.randint(2**62, ())) + self.rank)

    def wait(self) -> None:
        """Wait until every process has come here. If rank 0 failed before, the others end here too."""
        self.largest(0)


@contextmanager
def join_group(device: str) -> Iterator[Group]:
    """Join the group that torchrun's environment describes, or a group of one; each process has its own device.

    Where one process fails, all end with the exit status of its error: the first to fail raises it, the others raise
    SystemExit without a message. Where a process was killed, the others end with InputError. When the block ends,
    nothing may hold what was trained in it any more.
    """
    said = os.environ.get("WORLD_SIZE", "1")
    if not re.fullmatch("0*[1-9][0-9]{0,6}", said):
        raise UsageError(f"WORLD_SIZE is {shown(said)}: torchrun sets it to how many processes train together")
    size = int(said)
    if size == 1:
        yield Group(choose_device(device))
        return
    own = os.environ.get("RANK", "")
    if own.isdecimal() and int(own) >= size:  # which would wait for the others for ever
        raise UsageError(f"WORLD_SIZE is {size}, but RANK is {own}: ranks are 0 to {size - 1}; start it by torchrun")
    try:
        store, rank, _ = next(dist.rendezvous("env://", timeout=WAIT))
    except ValueError as error:
        raise UsageError(f"WORLD_SIZE is {size}, but {' '.join(str(error).split())}; start it by torchrun") from error
    store = _fresh(store, rank, size)
    # Numbers on the host go by gloo even beside NCCL: agreeing on them does not wait for the device.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=WAIT)
    try:
        group = Group(_own_device(device), rank, size)
        yield group
        group.wait()
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # what stands there must go too, see below
        if not _first_to_fail(store, rank):
            raise SystemExit(getattr(error, "status", getattr(error, "stop_status", 1))) from error
        if _lost_another(error):
            raise InputError(
                "another process of this training is gone: killed, or its machine lost; nothing saved is lost: "
                "go on with the same command and --resume, as torchrun --max-restarts N does by itself"
            ) from error
        raise
    finally:
        # Whatever else holds the group, as DDP does, must be gone before it: with the last of it gone later, torch's
        # gloo waits for a thread that waits for Python (2.13), and the process never ends.
        gc.collect()
        dist.destroy_process_group()


def _fresh(store: dist.Store, rank: int, size: int) -> dist.Store:
    """A part of the store that only this group has used.

    torchrun keeps the store when it restarts the processes, with addresses of dead ones in it. So rank 0 draws a new
    name for the group and confirms it to each other process, which asks with a random word of its own.
    """
    if rank == 0:
        name = uuid4().hex
        store.set("group", name)
        for other in range(1, size):
            store.set(f"{name}/welcome/{other}", store.get(f"{name}/here/{other}").decode())
        return dist.PrefixStore(name, store)
    word = uuid4().hex
    while True:
        name = store.get("group").decode()  # perhaps still the old one
        store.set(f"{name}/here/{rank}", word)
        with suppress(RuntimeError):  # no welcome yet
            store.wait([f"{name}/welcome/{rank}"], timedelta(seconds=1))
            if store.get(f"{name}/welcome/{rank}").decode() == word:
                return dist.PrefixStore(name, store)
        time.sleep(0.02)


def _own_device(name: str) -> torch.device:
    """The device of `choose_device`; where it is CUDA, the one of this process's number on its machine."""
    if name == "cuda" or (name == "auto" and torch.cuda.is_available()):
        name = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    elif name not in ("auto", "cpu"):
        raise UsageError(f"--device {name}: several processes each take a device of their own; use auto, cpu or cuda")
    device = choose_device(name)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def _first_to_fail(store: dist.Store, rank: int) -> bool:
    try:
        return store.compare_set("failed", "", str(rank)) == str(rank).encode()
    except RuntimeError:  # the store is gone with its process: nobody else can say anything any more
        return True


def _lost_another(error: BaseException) -> bool:
    """Whether a collective operation failed because another process has ended."""
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error).lower())
