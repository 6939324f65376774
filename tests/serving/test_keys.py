"""API keys and rates: who may ask, and how often."""

import hashlib
import os
import resource
import sqlite3
from types import SimpleNamespace

import deepl
import pytest
import requests
from libretranslatepy import LibreTranslateAPI

from glassformer.errors import InputError, UsageError
from glassformer.serving import clients
from glassformer.serving.clients import Clients
from glassformer.serving.keys import Keys
from glassformer.serving.keys import add_key as add_shown
from glassformer.serving.limits import Limits
from glassformer.serving.refusals import RefusedError
from tests.commands import refusal, run, start
from tests.serving.servers import serving


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def add_key(file, name):
    """Its owner's new key."""
    shown = []
    add_shown(file, name, shown.append)
    return shown[0]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.tsv"


def test_the_file_holds_hashes_alone_and_is_its_owners(file):
    alice, bob = add_key(file, "alice"), add_key(file, "bob")
    text = file.read_text()
    assert alice not in text and bob not in text and len({alice, bob}) == 2
    assert text.splitlines()[0] == f"alice\t{hashlib.sha256(alice.encode()).hexdigest()}"
    assert file.stat().st_mode & 0o077 == 0
    keys = Keys.read(file)
    assert keys.owner(alice).name == "alice" and keys.owner(bob).name == "bob"
    for wrong in ("", "x", alice[:-1], alice + "x", alice.lower(), "\ud800", "ключ"):
        assert keys.owner(wrong) is None


def test_a_name_has_one_key(file):
    add_key(file, "alice")
    with pytest.raises(InputError, match="a key of alice already"):
        add_key(file, "alice")


@pytest.mark.parametrize("name", ["", " ", "a\tb", "a\nb", "x" * 65])
def test_names_that_make_no_line(file, name):
    with pytest.raises(UsageError, match="--new-key"):
        add_key(file, name)


@pytest.mark.parametrize(
    "text", ["", "alice\n", "alice\tabc\n", f"alice\t{'0' * 64}\t0\n", f"a\t{'0' * 64}\tx\n", "\xff"]
)
def test_what_is_no_file_of_keys(file, text):
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"keys\.tsv"):
        Keys.read(file)


def test_a_key_is_made_on_the_command_line(file):
    made = run("serve", "--keys", file, "--new-key", "alice")
    assert Keys.read(file).owner(made.lines[0]).name == "alice"
    assert "--keys FILE" in refusal(run("serve", "--new-key", "alice"), status=2)


def test_a_key_that_nobody_saw_is_not_in_the_file(file):
    alice = add_key(file, "alice")
    before = file.read_bytes()
    with open("/dev/full", "w") as full:  # noqa: PTH123
        for where, status in ((full, 1), (None, 2)):
            closed = {"stdout": where, "stderr": -1} if where else {"preexec_fn": lambda: os.close(1), "stdout": None}
            process = start("serve", "--keys", file, "--new-key", "bob", **closed)
            _, err = process.communicate(timeout=120)
            assert process.returncode == status and err.decode().startswith("glassformer: ") and err.count(b"\n") == 1
            assert file.read_bytes() == before
    assert Keys.read(file).owner(alice)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [("--keys", "", "names no file"), ("--terms", "", "names no file"), ("--memory", "nan", "above 0"),
     ("--memory", "inf", "above 0"), ("--memory", "0", "above 0")],
)  # fmt: skip
def test_a_variable_that_is_not_set_does_not_open_the_server(option, value, says, model):
    assert says in refusal(run("serve", model, option, value), status=2)


def test_half_a_line_on_a_full_disk_does_not_close_the_file(file):
    """A file may grow by 20 bytes: the others' keys are still read, and what was written of the new line is gone."""
    alice = add_key(file, "alice")
    before = file.read_bytes()
    size = len(before) + 20
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    process = start("serve", "--keys", file, "--new-key", "bob", preexec_fn=limit)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1 and err.startswith(f"glassformer: {file}: cannot save".encode())
    assert err.count(b"\n") == 1 and file.read_bytes() == before
    assert Keys.read(file).owner(alice)


def test_a_key_after_a_line_without_an_end(file):
    first = add_key(file, "alice")
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    second = add_key(file, "bob")
    assert [Keys.read(file).owner(key).name for key in (first, second)] == ["alice", "bob"]


def test_who_has_no_key_gets_nothing(model, file, tmp_path):
    key = add_key(file, "alice")
    with serving(tmp_path, model, keys=file) as address:
        for headers in ({}, bearer("wrong"), bearer(""), {"Authorization": key}):
            answer = address.post("/v1/translate", {"text": "a"}, headers=headers)
            assert answer.status_code == 401 and answer.json()["error"]["code"] == "unauthorized"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        for headers in (bearer(key), {"X-API-Key": key}, {"Authorization": f"DeepL-Auth-Key {key}"}):
            assert address.post("/v1/translate", {"text": "a"}, headers=headers).status_code == 200
        for path in ("/v1/models", "/metrics", "/v1/jobs/x"):
            assert address.get(path).status_code == 401
        for path in ("/livez", "/readyz", "/health", "/openapi.json", "/", "/languages"):
            assert address.get(path).status_code == 200
        assert requests.put(f"{address}/v1/models/letters", timeout=120).status_code == 401
        libre = LibreTranslateAPI(address, api_key=key)
        assert libre.translate("a", "en", "hi")
        deep = deepl.DeepLClient(key, server_url=address)
        assert deep.translate_text("a b", target_lang="HI").text and deep.get_usage().character.count == 3
        with pytest.raises(deepl.AuthorizationException):
            deepl.DeepLClient("wrong", server_url=address).get_usage()


def test_a_key_is_revoked_by_its_line(model, file, tmp_path):
    alice, bob = add_key(file, "alice"), add_key(file, "bob")
    with serving(tmp_path, model, keys=file) as address:
        file.write_text(file.read_text().splitlines()[1] + "\n")
        address.service.reload()
        assert address.get("/v1/models", headers=bearer(alice)).status_code == 401
        assert address.get("/v1/models", headers=bearer(bob)).status_code == 200
        file.write_text("no keys at all\n")
        address.service.reload()
        assert address.get("/v1/models", headers=bearer(bob)).status_code == 200


def test_each_key_has_its_rate(model, file, tmp_path):
    alice, bob = add_key(file, "alice"), add_key(file, "bob")
    lines = file.read_text().splitlines()
    file.write_text(f"{lines[0]}\t2\n{lines[1]}\n")
    with serving(tmp_path, model, keys=file, limits=Limits(rate=4)) as address:
        found = [address.get("/v1/models", headers=bearer(alice)) for _ in range(3)]
        assert [answer.status_code for answer in found] == [200, 200, 429]
        assert 1 <= int(found[-1].headers["Retry-After"]) <= 30
        assert [address.get("/v1/models", headers=bearer(bob)).status_code for _ in range(5)] == [200] * 4 + [429]


def test_a_bucket_fills_evenly(monkeypatch, tmp_path):
    now = [1000.0]
    monkeypatch.setattr(clients, "time", SimpleNamespace(monotonic=lambda: now[0]))
    bucket = Clients(tmp_path / "clients")
    assert [bucket.wait("a", 60) for _ in range(60)] == [0.0] * 60
    assert bucket.wait("a", 60) == pytest.approx(1.0)
    assert bucket.wait("b", 60) == 0.0
    now[0] += 2.5
    assert [bucket.wait("a", 60) for _ in range(2)] == [0.0, 0.0]
    assert bucket.wait("a", 60) == pytest.approx(0.5)
    now[0] += 10_000
    assert [bucket.wait("a", 60) for _ in range(60)] == [0.0] * 60 and bucket.wait("a", 60) > 0
    bucket.close()


def test_counts_that_cannot_be_kept_are_told(tmp_path):
    """When the server starts, and later, as when its disk is full: no error of SQLite's."""
    (tmp_path / "damaged").write_bytes(b"no database" * 1000)
    for file in (tmp_path / "damaged", tmp_path / "no folder/clients"):
        with pytest.raises(InputError, match="make room there, or set TMPDIR"):
            Clients(file)
    broken = Clients(tmp_path / "clients")
    with sqlite3.connect(tmp_path / "clients") as other:
        other.executescript("DROP TABLE buckets; DROP TABLE usage")
    for ask in (lambda: broken.wait("a", 30), lambda: broken.count("a", 3), lambda: broken.characters("a")):
        with pytest.raises(RefusedError) as refused:
            ask()
        assert refused.value.status == 503
    broken.close()


def test_processes_count_together(tmp_path):
    """Each with a file of its own would admit 60, and know half of the characters."""
    one, other = Clients(tmp_path / "clients"), Clients(tmp_path / "clients")
    waits = [which.wait("a", 30) for _ in range(20) for which in (one, other)]
    assert waits.count(0.0) == 30
    one.count("a", 3)
    other.count("a", 4)
    assert one.characters("a") == other.characters("a") == 7 and one.characters("b") == 0
    one.close()
    other.close()


def test_processes_share_what_may_be_at_a_time():
    """Together no fewer than one process would admit, and no more than a request for each process beyond that."""
    for workers in (1, 2, 3, 7):
        share = Limits(concurrent=10, queued=4).shared_by(workers)
        assert 0 <= share.concurrent * workers - 10 < workers and 0 <= share.queued * workers - 4 < workers
    assert Limits().shared_by(1) == Limits()


def test_cors_is_off_unless_it_is_asked_for(server, model, tmp_path):
    origin = {"Origin": "https://a.example"}
    assert "access-control-allow-origin" not in server.get("/v1/models", headers=origin).headers
    with serving(tmp_path, model, cors=("https://a.example",)) as address:
        assert address.get("/v1/models", headers=origin).headers["access-control-allow-origin"] == "https://a.example"
        other = address.get("/v1/models", headers={"Origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers
