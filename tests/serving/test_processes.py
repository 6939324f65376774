"""Several processes behind one address: what clients see when one of them is killed, and what the processes share."""

import json
import os
import random
import shutil
import signal
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from glassformer.serving.metrics import FILES, ROOM
from glassformer.serving.notes import ANSWERED, ASKED, IDLE, Notes
from tests.serving.processes import Client, answers, ended, started, workers_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="connections are handed over")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="counts of bytes that were written")
TEXTS = ["a b", "b c", "c d e", "d", "e f a", "f"]


@pytest.fixture
def two(model):
    """A server with two processes: the one that accepts, and the address."""
    process, url = started(model, "--workers", 2)
    try:
        yield process, url
    finally:
        process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_a_process_that_is_killed_comes_back(two):
    """Its place is taken by another; a swap reaches all; the counts of all are kept."""
    process, url = two
    workers = workers_of(process)
    assert len(workers) == 2
    os.kill(workers.pop(), signal.SIGKILL)
    until = time.monotonic() + 120
    while len(workers_of(process) - workers) < 1:
        assert time.monotonic() < until
        assert answers(url)  # nothing was under way
    assert requests.put(f"{url}/v1/models/letters", timeout=120).status_code == 200
    assert all(answers(url) for _ in range(5))
    counts = requests.get(f"{url}/metrics", timeout=120).text
    assert 'glassformer_requests_total{method="POST",path="/v1/translate",status="200"}' in counts


@pytest.mark.parametrize("stays", [True, False])
def test_whoever_asks_while_a_process_is_killed_gets_an_answer(two, stays):
    """The right one or 502, whether the connection is kept or is a new one for each request."""
    process, url = two
    expected = {
        text: translation(requests.post(f"{url}/v1/translate", json={"text": text}, timeout=120)) for text in TEXTS
    }
    outcomes, stop = Counter(), threading.Event()

    def ask_again_and_again():
        while not stop.is_set():
            with Client(url) as client:
                while not stop.is_set() and not client.is_closed:
                    text = random.choice(TEXTS)
                    status, body = client.ask(text, stays)
                    assert status != 200 or json.loads(body)["translations"][0]["text"] == expected[text]
                    outcomes[status] += 1

    clients = [threading.Thread(target=ask_again_and_again) for _ in range(12)]
    for client in clients:
        client.start()
    for _ in range(4):
        time.sleep(0.3)
        victims = workers_of(process)
        os.kill(random.choice(list(victims)), signal.SIGKILL)
        before = outcomes[200]
        while len(workers_of(process) - victims) < 1 or outcomes[200] < before + 20:
            time.sleep(0.01)
    stop.set()
    for client in clients:
        client.join()
    assert outcomes.keys() <= {200, 502, 503} and outcomes[502] < 4 * 12 < outcomes[200]


def translation(answer):
    return answer.json()["translations"][0]["text"]


def test_what_each_client_is_told_when_all_processes_are_killed(two):
    """502 where a request had begun to come, however much of it is still to come; the others' next request waits."""
    process, url = two
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(url)) for _ in range(8)]
        assert [client.ask("a b")[0] for client in clients] == 8 * [200]
        body = b" " * 1_000_000 + json.dumps({"text": "a b"}).encode()
        for client in clients[:4]:
            client.send_head(len(body))
        time.sleep(0.5)
        for worker in workers_of(process):
            os.kill(worker, signal.SIGKILL)
        found = []
        for client in clients[:4]:
            client.socket.sendall(body)
            found.append(client.answer())
        assert [status for status, _ in found] == 4 * [502]
        told = [json.loads(body) for _, body in found]
        assert {one["error"]["code"] for one in told} == {"process_ended"}
        assert len({one["request_id"] for one in told}) == 4
        assert all(client.is_closed for client in clients[:4])
        assert [client.ask("a b")[0] for client in clients[4:]] == 4 * [200]


def test_an_answer_that_was_begun_is_not_followed_by_another(two):
    """It breaks off, unless it was complete before its process died, which a fast one may be a few times."""
    process, url = two
    draw = random.Random(1)  # all different: equal ones are translated once
    sentences = [" ".join(draw.choices("abcdef", k=15)) + "." for _ in range(600)]
    body = {"text": " ".join(sentences), "beam": 16, "stream": True}
    for _ in range(20):
        seen = []
        with requests.post(f"{url}/v1/translate", json=body, stream=True, timeout=120) as answer:
            lines = answer.iter_lines()
            seen.append(next(lines))
            for worker in workers_of(process):
                os.kill(worker, signal.SIGKILL)
            try:
                seen.extend(lines)
                is_cut = False
            except requests.exceptions.ChunkedEncodingError:
                is_cut = True
        assert seen[0].startswith(b"event:") and not any(b"HTTP/1.1" in line for line in seen)
        if is_cut:
            return
    pytest.fail("no answer was cut off")


def test_processes_end_with_the_one_that_started_them(model):
    process, _ = started(model, "--workers", 2)
    workers = workers_of(process)
    process.kill()
    process.communicate(timeout=120)
    until = time.monotonic() + 120
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < until
        time.sleep(0.05)


@LINUX
def test_an_answer_was_begun_if_the_system_took_a_byte_of_it(tmp_path):
    notes = Notes.create(tmp_path / "notes")
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            for _ in range(2):
                notes.answer(7, connection, 10)
                assert notes.state(7, connection) == ASKED
                connection.send(b"12345")
                assert notes.state(7, connection) == ANSWERED
                connection.send(b"67890")
                assert notes.state(7, connection) == IDLE
            notes.answer(7, connection, None)
            assert notes.state(7, connection) == ASKED
            connection.send(b"1234567890")
            assert notes.state(7, connection) == ANSWERED


def test_workers_know_together_what_a_client_did(model):
    """Each request is a connection of its own, which either worker may take."""
    process, url = started(model, "--workers", 2, "--set", "rate=40")
    try:
        texts = {"text": ["a b"], "target_lang": "HI"}
        found = [requests.post(f"{url}/v2/translate", json=texts, timeout=120).status_code for _ in range(45)]
        assert set(found) == {200, 429} and 40 <= found.count(200) <= 42
        time.sleep(2)  # in which there is room for one more
        assert requests.get(f"{url}/v2/usage", timeout=120).json()["character_count"] == 3 * found.count(200)
    finally:
        process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_the_files_of_counts_have_room_and_are_there_alone(model, tmp_path):
    """They are mapped: where the disk is full later, a write to what it has no room for would end the process (SIGBUS).

    The environment may name a folder of another program's for them.
    """
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for workers in (1, 2):
        environment = {"TMPDIR": str(tmp_path), "PROMETHEUS_MULTIPROC_DIR": str(elsewhere)}
        process, url = started(model, "--workers", workers, env=os.environ | environment)
        assert answers(url) and "requests_total" in requests.get(f"{url}/metrics", timeout=120).text
        files = list(tmp_path.glob("glassformer-serve-*/*.db"))
        assert {file.name.rpartition("_")[0] for file in files} == (set(FILES) if workers == 2 else set())
        assert all(file.stat().st_size == ROOM for file in files)
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "") and not list(elsewhere.iterdir())


def test_a_server_whose_folder_was_removed_ends_where_it_needs_it(model, tmp_path):
    """Another process could never start, and clients would wait for ever."""
    process, url = started(model, "--workers", 2, env=os.environ | {"TMPDIR": str(tmp_path)})
    (folder,) = tmp_path.glob("glassformer-serve-*")
    shutil.rmtree(folder)
    assert answers(url) and requests.get(f"{url}/metrics", timeout=120).status_code == 503
    os.kill(workers_of(process).pop(), signal.SIGKILL)
    status, said = ended(process)
    assert status == 1 and said.splitlines()[-1].startswith(f"glassformer: {folder}: was removed")
