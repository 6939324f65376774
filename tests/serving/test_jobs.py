"""Long texts in the background: polled, cancelled, bounded."""

import json
import shutil
import threading
import time

import pytest
import requests

from glassformer import Translator, translate_texts
from glassformer.files import SavingError
from glassformer.serving import jobs
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


def no_room(*_):
    raise SavingError("no room")


def test_a_job_that_cannot_be_kept_is_refused_and_takes_no_ones_place(model, tmp_path, monkeypatch):
    with serving(tmp_path, model, limits=Limits(max_jobs=2)) as address:
        with monkeypatch.context() as patch:
            patch.setattr("glassformer.serving.jobs.write_whole", no_room)
            for _ in range(3):
                answer = address.post("/v1/jobs", {"text": "Cab."})
                assert answer.status_code == 503 and "cannot keep jobs" in answer.json()["error"]["message"]
        assert not [*address.service.settings.folder.glob("*.open"), *address.service.settings.folder.glob("*.json")]
        assert finished(address, address.post("/v1/jobs", {"text": "Cab."}).json()["id"])["status"] == "done"


def test_a_translation_that_there_is_no_room_for_is_told_as_lost(slow, monkeypatch):
    """Not as one that is still under way; and the next job is taken."""
    jobs = [slow.post("/v1/jobs", {"text": "Cab. Bad."}).json()["id"] for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr("glassformer.serving.jobs.write_whole", no_room)
        slow.release.set()
        states = [finished(slow, job) for job in jobs]
    assert {(state["status"], state["error"]) for state in states} == {
        ("failed", "there was no room for its translation")
    }
    assert finished(slow, slow.post("/v1/jobs", {"text": "Cab."}).json()["id"])["status"] == "done"


def test_how_far_a_job_is_need_not_be_kept(server, monkeypatch):
    """Where the disk is full for a while, and not any more when it ends."""
    write, written = jobs.write_whole, []

    def at_times(path, data):
        written.append(json.loads(data)["status"])
        if written[-1] == "running":
            no_room()
        write(path, data)

    monkeypatch.setattr(jobs, "write_whole", at_times)
    job = server.post("/v1/jobs", {"text": TEXT}).json()["id"]
    assert finished(server, job)["status"] == "done" and "running" in written


def test_a_server_without_its_folder_answers(model, tmp_path):
    """As where something cleans the folder for temporary files."""
    with serving(tmp_path, model) as address:
        shutil.rmtree(address.service.settings.folder)
        assert address.post("/v1/jobs", {"text": "Cab."}).status_code == 503
        assert address.get(f"/v1/jobs/{'0' * 32}").status_code == 404
        assert address.post("/v1/translate", {"text": "Cab."}).status_code == 200


def test_a_result_that_another_process_has_just_forgotten_is_no_error(server, monkeypatch):
    gone = server.service.settings.folder / f"{'b' * 32}.json"
    gone.symlink_to("nowhere")  # listed, and not there
    assert server.post("/v1/jobs", {"text": "Cab."}).status_code == 202
    assert not gone.is_symlink()


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
