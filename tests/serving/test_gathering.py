"""Requests that share a call: each gets its own results, fails alone, and costs nothing once it is given up."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from glassformer.serving.gathering import CALLS, ENOUGH, MOST, Gathering
from glassformer.serving.ticket import TICKET, Ticket, UnwantedError


class Recorder:
    """Capitals, and the calls that asked for them; each waits until it may go on."""

    def __init__(self):
        self.calls, self.tickets, self.go_on = [], [], threading.Event()

    def __call__(self, texts):
        self.calls.append(list(texts))
        self.tickets.append(TICKET.get())
        self.go_on.wait(120)
        if "bad" in texts:
            raise ValueError("bad")
        return [text.upper() for text in texts]


@pytest.fixture
def busy():
    """A gathering all of whose calls are at work, each for texts that are "first", until the recorder goes on."""
    recorder, pool = Recorder(), ThreadPoolExecutor(8)
    gathering = Gathering(pool.submit)
    for number in range(CALLS):
        for _ in range(ENOUGH if number else 1):
            gathering.join("kind", recorder, ["first"], Ticket("client", 10))
        wait_until(lambda: len(recorder.calls) > number)  # noqa: B023 - it is asked at once
    yield gathering, recorder
    recorder.go_on.set()
    pool.shutdown()


def wait_until(true):
    until = time.monotonic() + 120
    while not true():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_those_that_wait_share_a_call_and_each_gets_its_own(busy):
    gathering, recorder = busy
    asked = [["a"], ["b", "c"], [], ["d"]]
    found = [gathering.join("kind", recorder, texts, Ticket("client", 10)) for texts in asked]
    recorder.go_on.set()
    assert [one.result(10) for one in found] == [["A"], ["B", "C"], [], ["D"]]
    assert recorder.calls[CALLS:] == [["a", "b", "c", "d"]]


def test_a_call_has_bounds(busy):
    gathering, recorder = busy
    found = [gathering.join("kind", recorder, ["x" * (MOST // 2)], Ticket("client", 10)) for _ in range(5)]
    recorder.go_on.set()
    assert all(len(one.result(10)) == 1 for one in found)
    assert max(map(len, recorder.calls[CALLS:])) == 2


def test_few_wait_for_the_call_at_work_and_enough_have_one_of_their_own():
    recorder = Recorder()
    with ThreadPoolExecutor(8) as pool:
        gathering = Gathering(pool.submit)
        found = [gathering.join("kind", recorder, [str(number)], Ticket("client", 10)) for number in range(ENOUGH)]
        wait_until(lambda: recorder.calls == [["0"]])
        time.sleep(0.05)
        assert len(recorder.calls) == 1
        found.append(gathering.join("kind", recorder, [str(ENOUGH)], Ticket("client", 10)))
        wait_until(lambda: len(recorder.calls) == 2)
        recorder.go_on.set()
        assert [one.result(10) for one in found] == [[str(number)] for number in range(ENOUGH + 1)]
    assert recorder.calls[1] == [str(number) for number in range(1, ENOUGH + 1)]


def test_another_kind_does_not_wait_for_it(busy):
    gathering, recorder = busy
    other = Recorder()
    other.go_on.set()
    assert gathering.join("other", other, ["a"], Ticket("client", 10)).result(10) == ["A"]
    assert len(recorder.calls) == CALLS


def test_one_that_fails_fails_alone(busy):
    gathering, recorder = busy
    good, bad, also_good = (
        gathering.join("kind", recorder, [text], Ticket("client", 10)) for text in ("a", "bad", "b")
    )
    recorder.go_on.set()
    assert (good.result(10), also_good.result(10)) == (["A"], ["B"])
    with pytest.raises(ValueError, match="bad"):
        bad.result(10)


def test_what_is_given_up_before_its_turn_is_not_done(busy):
    gathering, recorder = busy
    cancelled, over = Ticket("client", 10), Ticket("client", 0)
    cancelled.cancel()
    gone = [gathering.join("kind", recorder, ["gone"], ticket) for ticket in (cancelled, over)]
    taken_back, stays = (gathering.join("kind", recorder, [text], Ticket("client", 10)) for text in ("back", "a"))
    assert taken_back.cancel()
    recorder.go_on.set()
    assert stays.result(10) == ["A"] and recorder.calls[CALLS:] == [["a"]]
    for one in gone:
        with pytest.raises(UnwantedError):
            one.result(10)


def test_a_call_is_wanted_as_long_as_one_of_its_requests_is(busy):
    gathering, recorder = busy
    tickets = [Ticket("client", 10), Ticket("client", 10)]
    for ticket in tickets:
        gathering.join("kind", recorder, ["a"], ticket)
    recorder.go_on.set()
    wait_until(lambda: ["a", "a"] in recorder.calls)
    shared = recorder.tickets[recorder.calls.index(["a", "a"])]
    tickets[0].cancel()
    assert shared.is_live

    def wait():
        with pytest.raises(UnwantedError):
            shared.wait(threading.Event())

    waited = threading.Thread(target=wait)
    waited.start()
    tickets[1].cancel()  # which wakes up what waits
    waited.join(120)
    assert not shared.is_live and not waited.is_alive()


def test_nothing_is_kept_of_what_is_done():
    with ThreadPoolExecutor(2) as pool:
        gathering, recorder = Gathering(pool.submit), Recorder()
        recorder.go_on.set()
        assert gathering.join("kind", recorder, ["a"], Ticket("client", 10)).result(10) == ["A"]
        wait_until(lambda: not gathering._kinds)
