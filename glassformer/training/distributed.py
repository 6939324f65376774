"""The processes that train one run together, as torchrun starts them; one process is a group of one."""

import gc
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor

from glassformer.device import choose_device
from glassformer.errors import InputError, UsageError

# The others wait for rank 0 to tokenize, validate and save; a process that is lost is noticed at once all the same.
WAIT = timedelta(days=1)


class Group:
    """This process, number `rank` of the `size` that train together. Rank 0 is `main`: it alone writes and speaks.

    A method that gives numbers gives every process the same; every process must call it.
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
        """The largest that any process gives, of each of the numbers."""
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

    def gathered(self, part: Tensor) -> list[Tensor]:
        """Every process's `part`, by rank; all of one shape, on the CPU."""
        if self.size == 1:
            return [part]
        parts = [torch.empty_like(part) for _ in range(self.size)]
        dist.all_gather(parts, part)
        return parts

    def part_randomness(self) -> None:
        """From a random state that all have in common, give each a state of its own; one process keeps it."""
        if self.size > 1:
            torch.manual_seed(int(torch.randint(2**62, ())) + self.rank)

    def wait(self) -> None:
        """Until every process is here. After rank 0 wrote, its failure to write ends the others here."""
        self.largest(0)


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """The group that torchrun's environment tells of, or a group of one, each process on a device of its own.

    Where one process fails, all end, each with the exit status of its error: the first to fail raises it, the
    others leave by SystemExit without a word. A process that is gone without a word ends all with InputError.
    When the block ends, nothing of what was trained in it may be held any more.
    """
    size = int(os.environ.get("WORLD_SIZE", 1))
    if size == 1:
        yield Group(choose_device(device))
        return
    store, rank, _ = next(dist.rendezvous("env://", timeout=WAIT))
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
    """A part of the store that this group alone has used.

    torchrun keeps the store when it restarts the processes, and what dead ones left there would mislead: addresses
    where nobody listens. So rank 0 draws a new name and welcomes each of the others by a word that is new too.
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
    """Whether a collective failed because a process it needs is not there any more."""
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error).lower())
