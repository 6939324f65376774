"""Each limit and its status; and whatever is sent, one answer that says what is wrong and nothing of the machine."""

import contextlib
import json
import socket
import threading
import time

import pytest
import requests

from glassformer.errors import UsageError
from glassformer.serving.limits import Limits
from tests.serving.servers import serving, write_model

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def small(model, tmp_path_factory):
    limits = Limits(
        max_body=2000, max_texts=3, max_characters=100, max_job_characters=200, max_beam=4, max_explained=20,
        body_timeout=0.3, header_timeout=0.3,
    )  # fmt: skip
    with serving(tmp_path_factory.mktemp("small"), model, limits=limits) as address:
        yield address


def code(answer):
    found = answer.json()
    assert set(found) == {"error", "request_id"} and found["error"]["message"]
    return answer.status_code, found["error"]["code"]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/v1/translate", {"text": "a" * 101}, (413, "too_large")),
        ("/v1/translate", {"text": ["a"] * 4}, (413, "too_large")),
        ("/v1/translate", {"text": "a" * 3000}, (413, "too_large")),
        ("/v1/translate", {"text": "a", "beam": 5}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "alternatives": 4}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "beam": 0}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "beam": 2.5}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "beam": 10**30}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "unknown": 1}, (422, "invalid")),
        ("/v1/translate", {"text": {"a": 1}}, (422, "invalid")),
        ("/v1/translate", {}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "markup": "html", "alternatives": 1}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "markup": "html", "stream": True}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "target": "de"}, (422, "invalid")),
        ("/v1/translate", {"text": "a", "model": "other"}, (404, "no_such_model")),
        ("/v1/translate", {"text": "a", "model": "../letters"}, (404, "no_such_model")),
        ("/v1/jobs", {"text": "a" * 201}, (413, "too_large")),
        ("/v1/explain", {"text": "a" * 21}, (413, "too_large")),
        ("/v1/explain", {"text": "a", "target_text": "a" * 21}, (413, "too_large")),
        ("/v1/explain", {"text": "  "}, (422, "invalid")),
        ("/v1/explain", {"text": "a", "beam": 5}, (422, "invalid")),
    ],
)
def test_what_is_too_much_or_makes_no_sense(small, path, body, expected):
    assert code(small.post(path, body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", 400),
        (b"[", 400),
        (b'{"text":' + b"[" * 500 + b"]" * 500 + b"}", 400),
        (b'{"text":"\xff"}', 400),
        (b'{"text":"\\ud800"}', 400),
        (b'{"text":"a","text":"b"}', 400),
        (b'{"text":NaN}', 400),
        (b'{"text":1e999}', 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"null", 422),
    ],
)
def test_hostile_json(small, body, expected):
    answer = requests.post(f"{small}/v1/translate", body, headers=JSON, timeout=120)
    assert answer.status_code == expected and code(answer)


def test_json_of_any_depth_is_refused(server):
    deep = b'{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert requests.post(f"{server}/v1/translate", deep, headers=JSON, timeout=120).status_code == 400


@pytest.mark.parametrize("body", [b"q=%ff&source=en&target=hi", b"q=\xff", b"&".join([b"q=a"] * 1500)])
def test_hostile_forms(server, body):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = requests.post(f"{server}/translate", body, headers=headers, timeout=120)
    assert answer.status_code == 400 and list(answer.json()) == ["error"]


PART = b'--X\r\nContent-Disposition: form-data; name="q"\r\n\r\na\r\n'


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (PART, "X"),
        (PART + b"--X--", "Y"),
        (PART + b"--X--", ""),
        (PART + b"--X--", "X" * 2000),
        (PART + b"--X--", '";' * 20_000),
        (PART + b"--X--", "\xe4"),
        (PART * 1001 + b"--X--", "X"),
        (PART.replace(b'name="q"', b"") + b"--X--", "X"),
        (PART.replace(b'name="q"', b"name*=x'y'z") + b"--X--", "X"),
        (PART.replace(b'"q"', b'";' * 1000) + b"--X--", "X"),
        (PART.replace(b"\r\na", b"\r\n\xff") + b"--X--", "X"),
        (b"--X--", "X"),
        (b"", "X"),
    ],
)
def test_hostile_forms_in_parts(server, body, boundary):
    headers = {"content-type": f"multipart/form-data; boundary={boundary}".encode("latin-1")}
    answer = requests.post(f"{server}/translate", body, headers=headers, timeout=120)
    assert answer.status_code in (400, 422) and list(answer.json()) == ["error"]


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_media_type(server, media):
    answer = requests.post(f"{server}/v1/translate", b"{}", headers={"content-type": media}, timeout=120)
    assert code(answer) == (415, "unsupported_media_type")


def test_paths_that_there_are_not(server):
    assert code(server.get("/nowhere")) == (404, "not_found")
    assert code(requests.get(f"{server}/v1/translate", timeout=120)) == (405, "method_not_allowed")
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert server.get(path).status_code == 404


def test_characters_of_any_kind_are_translated(server):
    texts = ["a\0b", "<2hi> </s> <s>", "\u202e abc", "\U0001f600", "\r\n\r\nX: y", "x" * 50]
    found = server.post("/v1/translate", {"text": texts}).json()["translations"]
    assert len(found) == len(texts)


def raw(address, data):
    """What the server says to these bytes until it ends the connection, and after how many seconds that was."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", address.port), timeout=120) as connection:
        connection.sendall(data)
        said = b""
        while more := connection.recv(65536):
            said += more
    return said, time.monotonic() - start


HEAD = b"POST /v1/translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_a_half_sent_body_is_cut(small):
    said, _ = raw(small, HEAD + b'Content-Length: 100\r\n\r\n{"text')
    assert said.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("data", [b"", HEAD, b"GET / HT"])
def test_a_head_that_does_not_end_is_cut(small, data):
    said, seconds = raw(small, data)
    assert said == b"" and seconds > 0.2


def test_a_head_that_comes_byte_by_byte_is_cut(small):
    with socket.create_connection(("127.0.0.1", small.port), timeout=120) as connection, pytest.raises(OSError):
        for _ in range(100):
            connection.sendall(b"G")
            time.sleep(0.02)
            if not _is_open(connection):
                raise ConnectionResetError


def _is_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(10)


@pytest.mark.parametrize(
    "data",
    [
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"y" * 400_000,
        b"GET /" + b"y" * 400_000,
        HEAD + b"X: y\r\n" * 80_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"y" * 400_000,  # of a chunk
    ],
    ids=["header", "path", "headers", "extension"],
)
def test_a_head_without_an_end_is_not_kept(model, tmp_path, data):
    """It is refused for its length: its time would be over after those who wait for it have gone."""
    with serving(tmp_path, model, limits=Limits(header_timeout=1000, body_timeout=1000)) as address:
        said = b""
        with contextlib.suppress(ConnectionError):  # it may be cut while it is still sending
            said, _ = raw(address, data)
        assert said == b"" or said.startswith(b"HTTP/1.1 4")
        assert address.get("/livez").status_code == 200


def test_a_head_after_another_request_has_bounds_too(slow):
    """Bytes that come while the first request is answered are not gathered without end either."""
    body = b'{"text": "a"}'
    first = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", slow.port), timeout=120) as connection, pytest.raises(OSError):
        connection.sendall(first)
        slow.started.acquire()
        for part in range(100):
            connection.sendall(b"GET /livez HTTP/1.1\r\nX-Long: " if not part else b"y" * 100_000)
            time.sleep(0.02)
            if not _is_open(connection):
                raise ConnectionResetError
    slow.release.set()


def test_a_second_request_has_as_long_as_the_first(small):
    """The limit counts from the end of the last answer, and only while nothing is answered."""
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(f"{small}/livez", timeout=120).status_code == 200
            time.sleep(0.15)


def test_a_body_without_a_length_is_bounded_too(small):
    def chunks():
        for _ in range(100):
            yield b"a" * 1000

    with contextlib.suppress(requests.ConnectionError):  # it may be cut while it is still sending
        assert requests.post(f"{small}/v1/translate", chunks(), headers=JSON, timeout=120).status_code == 413


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a\x00b\r\n\r\n",
        b"\x16\x03\x01 this is TLS\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(small, data):
    said, _ = raw(small, data)
    assert said == b"" or said.startswith(b"HTTP/1.1 4")
    assert b"Traceback" not in said
    assert small.get("/livez").status_code == 200


def test_no_header_of_ours_repeats_what_was_sent(server):
    _, _, head = raw(
        server, b"GET /v1/jobs/x%0d%0aSet-Cookie:%20a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )[0].partition(b" ")
    assert b"Set-Cookie" not in head.partition(b"\r\n\r\n")[0]


@pytest.fixture
def slow(model, tmp_path, monkeypatch):
    """A server of one request at a time, one more that may wait, whose work takes until `slow.release` is set."""
    release = threading.Event()
    started = threading.Semaphore(0)

    def translate(service, direction, wanted):
        started.release()
        release.wait(120)
        return []

    monkeypatch.setattr("glassformer.serving.translating.translate", translate)
    with serving(tmp_path, model, limits=Limits(concurrent=1, queued=1, timeout=1.5, rate=0)) as address:
        address.release, address.started = release, started
        yield address
        release.set()


def in_background(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    return thread, found


def test_more_than_may_wait_is_sent_away(slow):
    running, first = in_background(lambda: slow.post("/v1/translate", {"text": "a"}))
    assert slow.started.acquire(timeout=120)
    waiting, second = in_background(lambda: slow.post("/v1/translate", {"text": "a"}))
    while slow.service.admission.pending < 2:
        time.sleep(0.005)
    answer = slow.post("/v1/translate", {"text": "a"})
    assert code(answer) == (429, "too_many_requests") and int(answer.headers["Retry-After"]) > 0
    slow.release.set()
    for thread in (running, waiting):
        thread.join(120)
    assert first[0].status_code == second[0].status_code == 200


def test_what_waits_too_long_is_sent_away(slow):
    """The one that runs goes on."""
    slow.service.admission._limits = Limits(concurrent=1, queued=1, max_wait=0.2)
    running, first = in_background(lambda: slow.post("/v1/translate", {"text": "a"}))
    assert slow.started.acquire(timeout=120)
    answer = slow.post("/v1/translate", {"text": "a"})
    assert code(answer) == (429, "too_many_requests") and "turn" in answer.json()["error"]["message"]
    assert running.is_alive() and int(answer.headers["Retry-After"]) > 0
    slow.release.set()
    running.join(120)
    assert first[0].status_code == 200


def test_what_takes_too_long_is_given_up(slow):
    assert code(slow.post("/v1/translate", {"text": "a"})) == (504, "timeout")


def test_one_that_goes_away_makes_room(slow):
    with pytest.raises(requests.Timeout):
        requests.post(f"{slow}/v1/translate", json={"text": "a"}, timeout=0.2)
    assert slow.started.acquire(timeout=120)
    with pytest.raises(requests.Timeout):  # it waits for a thread
        requests.post(f"{slow}/v1/translate", json={"text": "a"}, timeout=0.2)
    until = time.monotonic() + 120
    while slow.service.admission.pending > 1:  # the second is forgotten though the first still runs
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_server_that_ends_answers_what_was_asked_and_nothing_more(slow):
    running, first = in_background(lambda: slow.post("/v1/translate", {"text": "a"}))
    assert slow.started.acquire(timeout=120)
    with requests.Session() as session:
        assert session.get(f"{slow}/readyz", timeout=120).status_code == 200
        slow.service.admission.draining = True
        assert session.get(f"{slow}/readyz", timeout=120).status_code == 503
        answer = session.post(f"{slow}/v1/translate", json={"text": "a"}, timeout=120)
        assert code(answer) == (503, "unavailable") and answer.headers["Retry-After"]
    slow.server.should_exit = True
    time.sleep(0.3)
    slow.release.set()
    running.join(120)
    assert first[0].status_code == 200


def test_readiness_waits_for_the_models(server):
    server.service.ready = False
    assert code(server.get("/readyz")) == (503, "unavailable")
    server.service.ready = True
    assert server.get("/readyz").json() == {"status": "ok"}
    assert server.get("/livez").json() == {"status": "ok"}


def test_an_error_of_ours_tells_nothing(server, monkeypatch, caplog):
    def broken(service, direction, wanted):
        raise ZeroDivisionError(f"/home/x and {wanted.texts}")

    monkeypatch.setattr("glassformer.serving.translating.translate", broken)
    answer = server.post("/v1/translate", {"text": "secret"})
    assert code(answer) == (500, "internal")
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.json()["request_id"] in caplog.text and "secret" not in caplog.text


@pytest.mark.parametrize(("log", "requests_are", "texts_are"), [("errors", 0, 0), ("requests", 1, 0), ("texts", 1, 1)])
def test_logs_hold_what_is_asked_for(model, tmp_path, caplog, log, requests_are, texts_are):
    caplog.set_level("INFO", "glassformer.serving")
    with serving(tmp_path, model, log=log) as address:
        assert address.post("/v1/translate", {"text": "b a c a", "target": "hi"}).status_code == 200
        assert address.post("/v1/translate", {"text": "b a c a", "target": "xx"}).status_code == 422
    assert caplog.text.count("POST /v1/translate") == 2 * requests_are
    assert caplog.text.count("b a c a") == texts_are


def test_no_answer_has_a_path(tmp_path):
    """Not of a model that was trained on files, started from another, damaged, or quantised."""
    directory = write_model(tmp_path / "somewhere" / "letters", corpus="/data/private.tsv")
    card = json.loads((directory / "card.json").read_text())
    (directory / "checksums.json").unlink()
    (directory / "card.json").write_text(json.dumps(card | {"start_from": "/data/parent", "imported": "/data/x"}))
    with serving(tmp_path, directory) as address:
        answers = [
            address.get("/v1/models"),
            address.post("/v1/translate", {"text": ["a", "x" * 300]}),
            address.post("/v1/explain", {"text": "a b"}),
            address.post("/v1/explain", {"text": "x" * 100}),
            address.get("/openapi.json"),
            address.get("/metrics"),
        ]
        (directory / "model.safetensors").write_bytes(b"no model")
        answers.append(requests.put(f"{address}/v1/models/letters", timeout=120))
        (directory / "config.json").unlink()
        answers.append(requests.put(f"{address}/v1/models/letters", timeout=120))
        assert [answer.status_code for answer in answers[-2:]] == [409, 409]
        for answer in answers:
            assert str(tmp_path) not in answer.text and "/data/" not in answer.text, answer.text[:500]
            assert answer.status_code != 409 or "safetensors" not in answer.text


@pytest.mark.parametrize(("name", "value"), [("max_body", 0), ("timeout", 0.0), ("queued", -1), ("concurrent", "a")])
def test_limits_that_make_no_sense(name, value):
    with pytest.raises(UsageError, match=name):
        Limits(**{name: value})
