"""On fewer processors beside other work, and the same numbers."""

import os
import subprocess
import sys
import threading
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from glassformer import system
from glassformer.model import ModelConfig, Transformer
from glassformer.training.update import processors
from glassformer.training.update.objective import Objective
from glassformer.training.update.processors import Processors

pytestmark = pytest.mark.skipif(
    len(system.own_processors()) < 2 or not system.has_libgomp(),
    reason="no two processors to choose from, or no libgomp",
)


EVERYWHERE = system.own_processors()


@pytest.fixture
def a_thread_each():
    torch.set_num_threads(len(system.own_processors()))
    yield
    torch.set_num_threads(1)


class Clock:
    """In place of the module `time`: each update takes a second, of which it gets `share` of its processors.

    Of `processors` alone: an event loop of another thread that asks this clock would wait for hours.
    """

    def __init__(self, monkeypatch):
        self.now = self.own = 0.0
        own_time = SimpleNamespace(
            perf_counter=lambda: self.now, monotonic=lambda: self.now, process_time=lambda: self.own
        )
        monkeypatch.setattr(processors, "time", own_time)

    def update(self, of: Processors, share: float) -> int:
        """Make an update; on how many processors it was."""
        with of.measured():
            used = len(os.sched_getaffinity(0))
            self.now += 1
            self.own += share * used
        assert sorted(os.sched_getaffinity(0)) == system.own_processors() == EVERYWHERE
        return used


def test_an_update_that_waits_for_processors_goes_on_with_fewer_and_tries_all_again(a_thread_each, monkeypatch):
    clock, most = Clock(monkeypatch), len(EVERYWHERE)
    with Processors() as chosen:
        assert [clock.update(chosen, 0.97) for _ in range(5)] == [most] * 5
        clock.update(chosen, 0.5)
        waits = []
        for _ in range(4):  # it gets what there is on few processors, but not on all: every pause is longer
            count = 0
            while clock.update(chosen, 0.99) < most:
                count += 1
                assert count < 100
            waits.append(count)
            clock.update(chosen, 0.99)  # of the new choice, still undisturbed
            clock.update(chosen, 0.5)
        assert all(5 <= one < 10 for one in waits)  # after an undisturbed second the pause is short again


def test_the_longer_the_machine_is_busy_the_longer_are_the_pauses(a_thread_each, monkeypatch):
    clock, most, trials = Clock(monkeypatch), len(EVERYWHERE), []
    with Processors() as chosen:
        for second in range(600):
            share = 0.99 if len(chosen._used) < most else 0.5
            if clock.update(chosen, share) == most:
                trials.append(second)
    pauses = [later - earlier for earlier, later in pairwise(trials)]
    assert pauses == sorted(pauses) and pauses[0] < 10 and 60 <= pauses[-1] < 66
    assert len(trials) < 600 * 0.03


def test_processors_that_others_use_too_are_exchanged(a_thread_each, monkeypatch):
    """Two trainings that chose the same one would stay there for ever."""
    clock, seen = Clock(monkeypatch), set()
    with Processors() as chosen:
        clock.update(chosen, 0.5)
        for _ in range(200):
            with chosen.measured():
                seen |= os.sched_getaffinity(0)
                clock.now += 1
                clock.own += 0.6 * len(os.sched_getaffinity(0))
    assert seen == set(EVERYWHERE)


def test_other_threads_of_the_process_stay_where_they_are(a_thread_each, monkeypatch):
    clock, told, asked = Clock(monkeypatch), [], threading.Event()

    def other():
        asked.wait()
        told.append(os.sched_getaffinity(0))

    thread = threading.Thread(target=other)
    thread.start()
    with Processors() as chosen:
        clock.update(chosen, 0.5)
        with chosen.measured():
            assert len(os.sched_getaffinity(0)) < len(EVERYWHERE)
            asked.set()
            thread.join()
    assert told == [set(EVERYWHERE)]


def test_the_numbers_are_the_same_to_the_last_bit(a_thread_each):
    """As many threads on one processor as on all."""
    torch.manual_seed(1)
    model = Transformer(
        ModelConfig(vocab_size=3000, d_model=128, num_heads=4, d_ff=512, encoder_layers=1, decoder_layers=1)
    )
    objective = Objective(model, 0.1, 0.0)
    source_BS, target_BT = (torch.randint(4, 3000, (48, 13)) for _ in range(2))

    def gradients():
        torch.manual_seed(1)  # of dropout
        model.zero_grad()
        objective(source_BS, target_BT).backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    everywhere = gradients()
    with Processors() as chosen:
        chosen._gather(1)
        with chosen.measured():
            assert len(os.sched_getaffinity(0)) == 1
            together = gradients()
    assert all(map(torch.equal, together, everywhere))


WAITING = """
import sys, time, torch
from glassformer.training.update.processors import Processors
numbers = torch.ones(1 << 20)
with Processors() as chosen:
    if sys.argv[1] == "gathered":
        chosen._gather(1)
    own = 0.0
    for _ in range(100):
        numbers.add_(1)
        before = time.process_time()
        time.sleep(0.005)  # while the other thread waits for more
        own += time.process_time() - before
print(own)
"""


def test_no_thread_waits_busily_where_fewer_processors_are_used():
    """libgomp's way out for more threads than processors, which `_OtherPools` makes it take."""
    environment = os.environ | {"OMP_NUM_THREADS": str(len(EVERYWHERE)), "GOMP_SPINCOUNT": "1000000000"}

    def seconds(how):
        command = [sys.executable, "-W", "ignore", "-c", WAITING, how]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
        return float(done.stdout)

    assert seconds("gathered") < 0.2 * seconds("spread")


@pytest.mark.parametrize(("threads", "there", "more"), [(2, 2, 1), (4, 4, 1), (4, 8, 2), (2, 4, 3), (3, 2, 0)])
def test_there_are_more_threads_than_processors(threads, there, more):
    """As torch takes one for each core, where a core is two processors: 4 + 2 * 3 threads for 8."""
    pools = processors._OtherPools(threads, there)
    assert len(pools._sleeping) == more and threads + more * (threads - 1) > there
    pools.close()


@pytest.mark.parametrize(("threads", "gathered"), [(8, 4), (4, 2), (5, 2)])
def test_half_of_what_computes_is_left_to_others(threads, gathered, monkeypatch):
    """On eight processors, which are not there."""
    monkeypatch.setattr(processors, "own_processors", lambda: list(range(8)))
    monkeypatch.setattr(processors, "confine", lambda *_: None)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    clock = Clock(monkeypatch)
    with Processors() as chosen:
        for share, expected in ((0.95, 8), (0.5, gathered), (0.5, gathered // 2), (0.95, gathered // 2)):
            with chosen.measured():
                clock.now, clock.own = clock.now + 1, clock.own + share * min(threads, len(chosen._used))
            assert len(chosen._used) == expected


def test_one_thread_is_left_alone():
    """As the whole suite has it."""
    with Processors() as chosen, chosen.measured():
        assert not chosen._active
