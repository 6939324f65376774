"""The scheduler alone: fair, within the tokens of a batch, and nobody's failure or absence is another's."""

import threading
import time

import pytest

from glassformer.serving.scheduler import Scheduler
from glassformer.serving.ticket import Ticket, UnwantedError


class Recorder:
    """Doubles numbers, and keeps the batches; waits before each until it may go on, if that is wanted."""

    def __init__(self, held=False):
        self.batches, self.go_on = [], threading.Event()
        if not held:
            self.go_on.set()

    def __call__(self, kind, items):
        self.go_on.wait(120)
        self.batches.append((kind, list(items)))
        if "bad" in items:
            raise ValueError("bad")
        return [item * 2 for item in items]


def asked(scheduler, client, items, tokens=1, kind="kind", seconds=120.0):
    """A thread that asks; its results, or its error, are in `thread.found`."""

    def ask():
        try:
            thread.found = scheduler.run(kind, items, [tokens] * len(items), ticket)
        except Exception as error:
            thread.found = error

    ticket = Ticket(client, seconds)
    thread = threading.Thread(target=ask)
    thread.ticket = ticket
    thread.start()
    wait_until(lambda: thread.ident)
    return thread


def wait_until(true):
    until = time.monotonic() + 120
    while not true():
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.fixture
def held():
    """A scheduler that is busy with a first item until its recorder goes on."""
    recorder = Recorder(held=True)
    scheduler = Scheduler(recorder, batch_tokens=4)
    first = asked(scheduler, "first", [0])
    wait_until(lambda: scheduler.waiting == 0)
    yield scheduler, recorder
    recorder.go_on.set()
    first.join(120)
    scheduler.close()


def finish(recorder, *threads):
    recorder.go_on.set()
    for thread in threads:
        thread.join(120)
    return recorder.batches[1:]


def test_each_caller_gets_its_own_results(held):
    scheduler, recorder = held
    threads = [asked(scheduler, f"client {n}", [n, 100 + n]) for n in range(5)]
    wait_until(lambda: scheduler.waiting == 10)
    finish(recorder, *threads)
    assert [thread.found for thread in threads] == [[2 * n, 200 + 2 * n] for n in range(5)]


def test_one_long_text_does_not_keep_others_waiting(held):
    scheduler, recorder = held
    long = asked(scheduler, "long", list(range(1000, 1100)))
    wait_until(lambda: scheduler.waiting == 100)
    short = [asked(scheduler, f"short {n}", [n]) for n in range(3)]
    wait_until(lambda: scheduler.waiting == 103)
    batches = finish(recorder, long, *short)
    assert sorted(batches[0][1]) == [0, 1, 2, 1000]  # a batch has four tokens
    assert long.found == [2 * n for n in range(1000, 1100)]


def test_clients_take_turns_however_many_they_are(held):
    scheduler, recorder = held
    threads = [asked(scheduler, client, [f"{client}{n}" for n in range(4)]) for client in "abcdefgh"]
    wait_until(lambda: scheduler.waiting == 32)
    batches = [{item[0] for item in items} for _, items in finish(recorder, *threads)]
    assert all(len(clients) == 4 for clients in batches)
    assert all(one | other == set("abcdefgh") for one, other in zip(batches[::2], batches[1::2], strict=True))


def test_a_batch_is_of_one_kind_and_of_so_many_tokens(held):
    scheduler, recorder = held
    threads = [
        asked(scheduler, "a", [1, 2, 3], kind="x"),
        asked(scheduler, "b", [4, 5], tokens=3, kind="x"),
        asked(scheduler, "c", [6], kind="y"),
    ]
    wait_until(lambda: scheduler.waiting == 6)
    batches = finish(recorder, *threads)
    assert sorted(item for kind, items in batches if kind == "x" for item in items) == [1, 2, 3, 4, 5]
    assert [items for kind, items in batches if kind == "y"] == [[6]]
    for kind, items in batches:
        assert kind == "y" or len(items) * max(3 if item in (4, 5) else 1 for item in items) <= 4


def test_a_member_that_fails_fails_alone(held):
    scheduler, recorder = held
    threads = [asked(scheduler, f"client {n}", [item]) for n, item in enumerate([1, "bad", 2])]
    wait_until(lambda: scheduler.waiting == 3)
    batches = finish(recorder, *threads)
    assert threads[0].found == [2] and threads[2].found == [4]
    assert isinstance(threads[1].found, ValueError)
    assert sorted(len(items) for _, items in batches) == [1, 1, 1, 3]


def test_what_is_cancelled_is_never_computed(held):
    scheduler, recorder = held
    gone, late = asked(scheduler, "gone", [1, 2]), asked(scheduler, "late", [3], seconds=0.05)
    stays = asked(scheduler, "stays", [4])
    wait_until(lambda: scheduler.waiting == 4)
    gone.ticket.cancel()
    gone.join(120)
    late.join(120)  # both return at once, though the scheduler is busy
    assert isinstance(gone.found, UnwantedError) and isinstance(late.found, UnwantedError)
    batches = finish(recorder, stays)
    assert [items for _, items in batches] == [[4]]


def test_a_closed_scheduler_ends_what_waits():
    recorder = Recorder()
    scheduler = Scheduler(recorder)
    thread = asked(scheduler, "a", [1, 2, 3])
    scheduler.close()
    thread.join(120)
    assert thread.found == [2, 4, 6]
