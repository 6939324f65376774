"""`glassformer serve` as a user meets it: one line for what is wrong, signals, and several processes."""

import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
import requests

from glassformer.serving.server import listen
from tests.commands import refusal, run, start

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a model"),
        (("{model}", "--workers", 0), "--workers is 0"),
        (("{model}", "--set", "max_bodies=3"), "did you mean 'max_body'"),
        (("{model}", "--set", "max_body=0"), "max_body is 0"),
        (("{model}", "--set", "timeout=x"), "timeout = 'x' should be a number"),
        (("--as", "enhi={model}"), "--as"),
    ],
)
def test_usage(model, arguments, says):
    assert says in refusal(run("serve", *(str(one).format(model=model) for one in arguments)), status=2)


def test_no_such_model(tmp_path):
    assert "no such model" in refusal(run("serve", tmp_path / "nothing"))


def test_a_port_that_is_taken(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen at 127.0.0.1, port {port}" in refusal(run("serve", model, "--port", port))
    assert "--port is 99999" in refusal(run("serve", model, "--port", 99_999), status=2)


def test_an_answer_does_not_wait_until_its_head_was_acknowledged():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_files_that_are_not_there(model, tmp_path):
    assert "cannot read the keys" in refusal(run("serve", model, "--keys", tmp_path / "keys"))
    assert "terms" in refusal(run("serve", model, "--terms", tmp_path / "terms"))


def started(*arguments):
    """A server in a process of its own, and its address."""
    process = start("serve", "--port", 0, *arguments)
    line = process.stderr.readline().decode()
    url = re.search(r"http://\S+", line)[0]
    until = time.monotonic() + 120
    while True:
        try:
            if requests.get(f"{url}/readyz", timeout=60).status_code == 200:
                return process, url
        except requests.ConnectionError:
            pass
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)


def ended(process):
    out, err = process.communicate(timeout=120)
    assert out == b"" and b"Traceback" not in err, err
    return process.returncode, err.decode()


@POSIX
def test_signals(model):
    """SIGHUP reads the models again; SIGTERM ends the server, which is no error."""
    process, url = started(model)
    try:
        process.send_signal(signal.SIGHUP)
        assert b"letters was read again" in process.stderr.readline()
        assert requests.post(f"{url}/v1/translate", json={"text": "a b"}, timeout=60).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
    assert ended(process) == (0, "")


@POSIX
def test_a_worker_that_is_killed_comes_back(model):
    """At most its own requests fail; a job of it is told to have failed; a swap reaches all workers."""
    process, url = started(model, "--workers", 2)
    try:
        workers = {child for child in children(process.pid) if is_worker(child)}
        assert len(workers) == 2
        os.kill(workers.pop(), signal.SIGKILL)
        failed, until = 0, time.monotonic() + 120
        while len({child for child in children(process.pid) if is_worker(child)} - workers) < 1:
            assert time.monotonic() < until
            failed += not answers(url)
        assert failed <= 2
        assert requests.put(f"{url}/v1/models/letters", timeout=60).status_code == 200
        assert all(answers(url) for _ in range(5))
        counts = requests.get(f"{url}/metrics", timeout=60).text
        assert 'glassformer_requests_total{method="POST",path="/v1/translate",status="200"}' in counts
    finally:
        process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


@POSIX
def test_workers_know_together_what_a_client_did(model):
    """Each request is a connection of its own, which either worker may take."""
    process, url = started(model, "--workers", 2, "--set", "rate=40")
    try:
        texts = {"text": ["a b"], "target_lang": "HI"}
        found = [requests.post(f"{url}/v2/translate", json=texts, timeout=60).status_code for _ in range(45)]
        assert set(found) == {200, 429} and 40 <= found.count(200) <= 42
        time.sleep(2)  # in which there is room for one more
        assert requests.get(f"{url}/v2/usage", timeout=60).json()["character_count"] == 3 * found.count(200)
    finally:
        process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def answers(url):
    try:
        return requests.post(f"{url}/v1/translate", json={"text": "a b"}, timeout=60).status_code == 200
    except requests.ConnectionError:
        return False


def children(process):
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def is_worker(process):
    """Whether it is one that serves, and not multiprocessing's tracker of resources."""
    try:
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
