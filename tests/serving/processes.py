"""Servers in processes of their own, as the command starts them."""

import http.client
import json
import re
import socket
import time
from pathlib import Path

import requests

from tests.commands import start


def started(*arguments, **settings):
    """A server in a process of its own, and its address."""
    process = start("serve", "--port", 0, *arguments, **settings)
    line = process.stderr.readline().decode()
    url = re.search(r"http://\S+", line)[0]
    until = time.monotonic() + 120
    while True:
        try:
            if requests.get(f"{url}/readyz", timeout=120).status_code == 200:
                return process, url
        except requests.ConnectionError:
            pass
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)


def ended(process):
    out, err = process.communicate(timeout=120)
    assert out == b"" and b"Traceback" not in err, err
    return process.returncode, err.decode()


def answers(url):
    try:
        return requests.post(f"{url}/v1/translate", json={"text": "a b"}, timeout=120).status_code == 200
    except requests.ConnectionError:
        return False


class Client:
    """A connection that is kept as long as the server keeps it. ConnectionError where it ends without an answer."""

    def __init__(self, url):
        host, port = url.removeprefix("http://").split(":")
        self.socket, self.is_closed = socket.create_connection((host, int(port)), 60), False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, text, stays=True):
        """Ask for a translation; the answer's status and body."""
        body = json.dumps({"text": text}).encode()
        self.send_head(len(body), stays)
        self.socket.sendall(body)
        return self.answer()

    def send_head(self, size, stays=True):
        kept = b"" if stays else b"Connection: close\r\n"
        head = b"POST /v1/translate HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n"
        self.socket.sendall(head % (kept, size))

    def answer(self):
        answer = http.client.HTTPResponse(self.socket)
        answer.begin()
        body = answer.read()
        if answer.will_close:
            self.is_closed = True
        return answer.status, body


def workers_of(process):
    """The processes that answer, of the one that accepts."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(child) for child in children if is_worker(child)}


def is_worker(process):
    """Whether it is one that serves, and not multiprocessing's tracker of resources."""
    try:
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
