"""`glassformer serve` as a user meets it: one line for what is wrong, signals, and several processes."""

import signal
import socket
import sys

import pytest
import requests

from glassformer.serving.server import listen
from tests.commands import refusal, run
from tests.serving.processes import ended, started

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


@POSIX
def test_signals(model):
    """SIGHUP reads the models again; SIGTERM ends the server, which is no error."""
    process, url = started(model)
    try:
        process.send_signal(signal.SIGHUP)
        assert b"letters was read again" in process.stderr.readline()
        assert requests.post(f"{url}/v1/translate", json={"text": "a b"}, timeout=120).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
    assert ended(process) == (0, "")
