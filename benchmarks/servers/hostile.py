"""What a server has to bear: clients that send slowly, too much, too deep, no text, or hardly anything at all."""

import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from servers.process import Server

SLOW = 200  # connections that send a byte a second
SHORT = 10_000  # connections, one after the other
LARGE = 50_000_000  # bytes of a body
PART = 1 << 16  # bytes that are sent at a time
DEEP = 100_000  # brackets
TRANSLATE = "/v1/translate"
HEAD = f"POST {TRANSLATE} HTTP/1.1\r\nHost: localhost\r\n"


def attacks(server: Server) -> Iterator[tuple[str, str]]:
    """Name and outcome of each, one after the other."""
    for name, attack in ATTACKS.items():
        before = server.memory()
        outcome = attack(server)
        alive = server.get("/livez")
        yield name, f"{outcome}; then /livez {alive}, memory {server.memory() - before:+.0f} MB"


def slow_heads(server: Server) -> str:
    """Heads of requests that never end, while another client asks."""
    return _slowly(server, HEAD.encode())


def slow_bodies(server: Server) -> str:
    """The same with bodies."""
    return _slowly(server, f"{HEAD}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n".encode())


def _slowly(server: Server, beginning: bytes) -> str:
    """Send a byte a second on many connections, until all are cut or half a minute is over."""
    with ExitStack() as opened:
        clients = {opened.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(SLOW)}
        for client in clients:
            client.sendall(beginning)
        started, slowest = time.monotonic(), 0.0
        while clients and time.monotonic() - started < 30:
            clients = {client for client in clients if _still_open(client)}
            asked = time.monotonic()
            _translate(server, b'{"text": "We are friends"}')
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(1)
        lasted = time.monotonic() - started
    cut = SLOW - len(clients)
    return f"{cut} of {SLOW} cut within {lasted:.0f} s, another's translation took {slowest:.2f} s at most"


def _still_open(client: socket.socket) -> bool:
    try:
        client.sendall(b"x")
        client.settimeout(0.001)
        return client.recv(4096) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def _translate(server: Server, body: bytes, **headers: str) -> tuple[int, str]:
    """Status and body of one request; 0 where the connection was cut while it sent."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", TRANSLATE, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (ConnectionError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def large_body(server: Server) -> str:
    """A body of 50 MB: announced, and in chunks that say nothing beforehand."""
    body = json.dumps({"text": "a " * (LARGE // 2)}).encode()
    parts = [body[start : start + PART] for start in range(0, len(body), PART)]
    announced = _status(server, f"Content-Length: {len(body)}", parts)
    chunked = _status(server, "Transfer-Encoding: chunked", [b"%x\r\n%s\r\n" % (len(part), part) for part in parts])
    return f"{announced} announced, {chunked} in chunks"


def _status(server: Server, length: str, parts: Sequence[bytes]) -> str:
    """The answer's first line. It is read although the server may cut off who goes on sending after it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        with suppress(OSError):
            client.sendall(f"{HEAD}Content-Type: application/json\r\n{length}\r\n\r\n".encode())
            for part in parts:
                client.sendall(part)
        with suppress(OSError):
            return client.recv(4096).decode(errors="replace").partition("\r\n")[0].partition(" ")[2] or "cut"
        return "cut"


def deep_json(server: Server) -> str:
    """Brackets in brackets."""
    return str(_translate(server, b"[" * DEEP + b"]" * DEEP)[0])


def no_text(server: Server) -> str:
    """Bytes that are no UTF-8, half a surrogate pair, a NUL, and broken JSON."""
    bodies = {
        "invalid UTF-8": b'{"text": "\xff\xfe"}',
        "half a pair": rb'{"text": "\ud800"}',
        "NUL": rb'{"text": "a\u0000b"}',
        "not JSON": b"{text: 1}",
        "a number": b'{"text": 1e999}',
        "no body": b"",
    }
    return ", ".join(f"{name} {_translate(server, body)[0]}" for name, body in bodies.items())


def injected_headers(server: Server) -> str:
    """An id that would begin a header of its own in the answer."""
    raw = (
        f"{HEAD}Content-Type: application/json\r\nContent-Length: 13\r\n"
        'X-Request-ID: a\rSet-Cookie: evil=1\nX: y\r\n\r\n{"text": "a"}'
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(raw.encode())
        answer = client.recv(65536).decode(errors="replace")
    status = answer.partition("\r\n")[0].partition(" ")[2]
    return f"{status}, {'a cookie was set' if 'set-cookie' in answer.lower() else 'nothing of it in the answer'}"


def short_connections(server: Server) -> str:
    """Many connections of one request, and as many that say nothing."""
    statuses: Counter[int] = Counter()
    started = time.monotonic()
    for _ in range(SHORT // 2):
        statuses[server.get("/livez")] += 1
        with socket.create_connection(("127.0.0.1", server.port)):
            pass
    seconds = time.monotonic() - started
    open_files = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
    return f"{dict(statuses)} and {SHORT // 2:,} silent ones in {seconds:.0f} s, {open_files} files open afterwards"


ATTACKS: dict[str, Callable[[Server], str]] = {
    "heads a byte a second": slow_heads,
    "bodies a byte a second": slow_bodies,
    "50 MB": large_body,
    "100,000 brackets": deep_json,
    "no text": no_text,
    "injected headers": injected_headers,
    "10,000 connections": short_connections,
}
