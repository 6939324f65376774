"""Long texts in the background: polled, cancelled, bounded."""

import threading
import time

import pytest
import requests

from glassformer import Translator, translate_texts
from glassformer.serving.limits import Limits
from tests.serving.servers import serving

TEXT = " ".join(["Cab cab bad.", "Dead fed ace.", "A bee fed a dab."] * 20)


def finished(address, job):
    until = time.monotonic() + 120
    while (state := address.get(f"/v1/jobs/{job}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return state


def test_a_job_ends_with_the_translation_of_its_text(server, model):
    answer = server.post("/v1/jobs", {"text": TEXT, "beam": 2})
    assert answer.status_code == 202
    job = answer.json()["id"]
    assert answer.headers["Location"] == f"/v1/jobs/{job}"
    state = finished(server, job)
    (expected,) = translate_texts(Translator.load(model, engine="auto"), [TEXT], beam=2)
    assert (state["status"], state["text"]) == ("done", expected.text)
    assert state["score"] == pytest.approx(expected.score, abs=1e-3)
    assert state["sentences"] == state["translated"] == 60 and state["failed"] == []
    assert {one["kind"] for one in state["warnings"]} == {one.kind.value for one in expected.warnings}


def test_a_sentence_that_fails_is_named_and_the_others_are_there(server):
    text = f"Cab cab. {'x' * 300} is long. Dead fed."
    state = finished(server, server.post("/v1/jobs", {"text": text}).json()["id"])
    assert state["status"] == "done" and state["text"]
    assert [(one["sentence"], one["source"][:3]) for one in state["failed"]] == [(2, "xxx")]


@pytest.fixture
def slow(model, tmp_path, monkeypatch):
    """A server whose jobs wait until `slow.release` is set."""
    from glassformer.serving import sentences

    release, translate = threading.Event(), sentences.translate

    def waiting(*arguments):
        assert release.wait(120)
        return translate(*arguments)

    monkeypatch.setattr(sentences, "translate", waiting)
    with serving(tmp_path, model, limits=Limits(max_jobs=3)) as address:
        address.release = release
        yield address
        release.set()


def test_a_job_is_cancelled_while_it_runs_or_waits(slow):
    jobs = [slow.post("/v1/jobs", {"text": TEXT}).json()["id"] for _ in range(3)]
    for job in jobs:
        assert requests.delete(f"{slow}/v1/jobs/{job}", timeout=120).json()["status"] == "cancelled"
    slow.release.set()
    time.sleep(0.1)
    assert [finished(slow, job)["status"] for job in jobs] == ["cancelled"] * 3
    assert slow.get(f"/v1/jobs/{jobs[0]}").json()["text"] is None


def test_no_more_jobs_than_may_wait(slow):
    jobs = [slow.post("/v1/jobs", {"text": "Cab."}).json()["id"] for _ in range(3)]
    answer = slow.post("/v1/jobs", {"text": "Cab."})
    assert answer.status_code == 429 and answer.headers["Retry-After"]
    slow.release.set()
    assert [finished(slow, job)["status"] for job in jobs] == ["done"] * 3
    assert slow.post("/v1/jobs", {"text": "Cab."}).status_code == 202


def test_a_done_job_stays_done(server):
    job = server.post("/v1/jobs", {"text": "Cab."}).json()["id"]
    state = finished(server, job)
    assert requests.delete(f"{server}/v1/jobs/{job}", timeout=120).json() == state


@pytest.mark.parametrize("job", ["0" * 32, "x", "..%2f..%2fsecret", "0" * 31 + "*"])
def test_a_job_that_there_is_not(server, job):
    assert server.get(f"/v1/jobs/{job}").status_code == 404
    assert requests.delete(f"{server}/v1/jobs/{job}", timeout=120).status_code == 404


def test_results_are_forgotten_after_a_while(model, tmp_path):
    with serving(tmp_path, model, limits=Limits(keep_jobs=1)) as address:
        job = address.post("/v1/jobs", {"text": "Cab."}).json()["id"]
        assert finished(address, job)["status"] == "done"
        time.sleep(1.1)
        address.post("/v1/jobs", {"text": "Cab."})
        assert address.get(f"/v1/jobs/{job}").status_code == 404


def test_a_job_whose_process_has_ended_has_failed(server):
    import msgspec

    from glassformer.serving.bodies import JobState
    from glassformer.system import is_running

    ended = next(number for number in range(99_999, 1, -1) if not is_running(number))
    state = JobState(id="a" * 32, status="running", model="letters", source="en", target="hi")
    folder = server.service.settings.folder
    (folder / f"{state.id}.json").write_bytes(msgspec.json.encode(state))
    (folder / f"{state.id}.open").write_text(str(ended))
    found = server.get(f"/v1/jobs/{state.id}").json()
    assert found["status"] == "failed" and "ended" in found["error"]
