"""How a server ends: within its time, with an answer to each request, whatever its threads and clients do then."""

import os
import signal
import socket
import sys
import threading
import time

import pytest
import requests
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from glassformer.serving.limits import Limits
from glassformer.serving.models import Models
from tests.commands import start
from tests.serving.processes import answers, ended, started, workers_of
from tests.serving.servers import serving, write_model

LONG = 600.0  # seconds that nothing here may take
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def held(monkeypatch):
    """What holds the work of all requests until it is set."""
    go_on = threading.Event()
    monkeypatch.setattr("glassformer.serving.translating.translate", lambda *_: go_on.wait(LONG) and [])
    yield go_on
    go_on.set()


def asked(address):
    """A request that is under way, and a list for its answer."""
    found = []
    thread = threading.Thread(target=lambda: found.append(address.post("/v1/translate", {"text": "a"})))
    thread.start()
    while not address.service.admission.pending:
        time.sleep(0.005)
    return thread, found


def test_what_is_not_done_in_time_is_refused_and_not_waited_for(model, tmp_path, held):
    with serving(tmp_path, model, limits=Limits(drain=0.2, timeout=LONG)) as address:
        request, found = asked(address)
    request.join(120)
    (answer,) = found
    assert answer.status_code == 503 and answer.json()["error"]["code"] == "unavailable"
    assert not held.is_set()


def test_a_second_signal_does_not_wait(model, tmp_path, held):
    with serving(tmp_path, model, limits=Limits(drain=LONG, timeout=LONG)) as address:
        request, found = asked(address)
        for _ in range(2):
            address.server.handle_exit(signal.SIGTERM, None)
    request.join(120)
    assert found[0].status_code == 503


def test_a_connection_that_is_made_after_the_others_were_told_ends_too(model, tmp_path, monkeypatch):
    """It was accepted before. Here nobody is told the first few times."""
    tell, told = HttpToolsProtocol.shutdown, []
    monkeypatch.setattr(HttpToolsProtocol, "shutdown", lambda self: tell(self) if len(told) > 2 else told.append(self))
    with serving(tmp_path, model, limits=Limits(drain=LONG, header_timeout=LONG)) as address:
        connection = socket.create_connection(("127.0.0.1", address.port))
        while not address.server.server_state.connections:
            time.sleep(0.005)
    with connection:
        assert connection.recv(1) == b""


def test_models_that_are_still_to_be_read_are_not(model, tmp_path, monkeypatch, caplog):
    """The one that is being read is not waited for."""
    read, reading, go_on, seen = Models._read, threading.Event(), threading.Event(), []

    def slowly(models, one):
        if seen:
            reading.set()
            assert go_on.wait(LONG)
        seen.append(one.name)
        return read(models, one)

    monkeypatch.setattr(Models, "_read", slowly)
    others = [write_model(tmp_path / name) for name in ("second", "third")]
    with serving(tmp_path, model, *others, ready=False) as address:
        assert reading.wait(120)
    go_on.set()
    address.service.reading.shutdown(wait=True)
    assert seen == ["letters", "second"] and not caplog.text


EXPLAINS_FOR_EVER = """
import sys, time
import glassformer.explain
from glassformer.cli import main

glassformer.explain.traced = lambda *_, **__: time.sleep(600)
sys.exit(main())
"""


@POSIX
def test_a_process_does_not_wait_for_its_threads(model):
    process, url = started(model, "--set", "drain=0.2", program=("-c", EXPLAINS_FOR_EVER))
    found = []

    def explain():
        found.append(requests.post(f"{url}/v1/explain", json={"text": "a b"}, timeout=60))

    thread = threading.Thread(target=explain)
    thread.start()
    while "glassformer_requests_pending 1" not in requests.get(f"{url}/metrics", timeout=60).text:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    status, said = ended(process)
    thread.join(120)
    assert status == 0 and said.count("\n") == 1 and "refused: 1" in said
    assert found[0].status_code == 503


LOADS_FOR_EVER = """
import sys, time
import glassformer.serving.server
from glassformer.cli import main

def load(_):
    print("loading", file=sys.stderr, flush=True)
    time.sleep(600)

glassformer.serving.server.make_app = load
sys.exit(main())
"""


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_comes_before_the_server_is_there_leaves_no_folder(tmp_path, number):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = start("serve", "model", program=("-c", LOADS_FOR_EVER), env=environment)
    assert process.stderr.readline() == b"loading\n"
    assert list(tmp_path.glob("glassformer-serve-*"))
    process.send_signal(number)
    assert ended(process)[0] == 128 + number
    assert not list(tmp_path.glob("glassformer-serve-*"))


@pytest.fixture
def two(model):
    process, url = started(model, "--workers", 2, "--set", "drain=0.2")
    yield process, url
    if process.poll() is None:
        process.kill()
        process.communicate(timeout=60)


@POSIX
def test_ctrl_c_is_for_the_process_that_accepts(two):
    """A terminal sends it to all; the others end when that one tells them to, once."""
    process, url = two
    workers = workers_of(process)
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    assert all(answers(url) for _ in range(5)) and workers_of(process) == workers
    process.send_signal(signal.SIGINT)
    assert ended(process) == (0, "")


@POSIX
def test_a_process_that_does_not_end_is_killed(two):
    process, _ = two
    for worker in workers_of(process):
        os.kill(worker, signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0
