"""Which model translates what, what is in memory, and models that are replaced while they are used."""

import logging
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from glassformer import Translator, translate_texts
from glassformer.errors import InputError, UsageError
from glassformer.serving.models import Models, Source, public_card
from glassformer.serving.refusals import RefusedError
from glassformer.serving.ticket import TICKET, Ticket
from tests.serving.servers import serving, write_model

TEXTS = ["a b c", "d e f", "f a d e", "b", "c c a"]


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("served") / "other", seed=2, corpus="names:de")


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("served") / "run" / "best", seed=3, corpus="train.tsv")


def said(directory, texts=TEXTS):
    return [one.text for one in translate_texts(Translator.load(directory, engine="auto"), texts)]


def answered(address, **body):
    answer = address.post("/v1/translate", {"text": TEXTS, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["model"], [one["text"] for one in answer.json()["translations"]]


def test_the_languages_choose_the_model(model, other, unnamed, tmp_path):
    with serving(tmp_path, model, other, Source.parse(f"fr:it={unnamed}")) as address:
        assert [one["name"] for one in address.get("/v1/models").json()["models"]] == ["letters", "other", "run"]
        assert answered(address) == ("letters", said(model))
        assert answered(address, target="de") == ("other", said(other))
        assert answered(address, source="EN", target="DE-AT") == ("other", said(other))
        assert answered(address, source="fr") == ("run", said(unnamed))
        assert answered(address, model="run") == ("run", said(unnamed))
        assert address.post("/v1/translate", {"text": "a", "source": "fr", "target": "de"}).status_code == 422
        assert address.post("/v1/translate", {"text": "a", "model": "run", "target": "de"}).status_code == 422
        assert {one["code"] for one in address.get("/languages").json()} == {"en", "fr", "hi", "de", "it"}


def test_a_model_of_unknown_languages_takes_what_no_other_has(model, unnamed, tmp_path):
    models = Models([Source(unnamed), Source(model)], 1 << 30)
    assert models.choose(None, "en", "hi").model.name == "letters"
    found = models.choose(None, "sv", "no")
    assert (found.model.name, found.source, found.target) == ("run", "sv", "no")
    assert models.choose(None, None, None).model.name == "run"


def test_two_models_of_one_name_are_numbered(model, tmp_path):
    shutil.copytree(model, tmp_path / "letters")
    assert [one.name for one in Models([Source(model), Source(tmp_path / "letters")], 1)] == ["letters", "letters-2"]


@pytest.mark.parametrize("text", ["en:hi", "en=x", "hi=x", ":hi=x", "en:=x", "en:hi=", "e n:hi=x"])
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(UsageError, match="--as"):
        Source.parse(text)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such model"):
        Models([Source(tmp_path / "nothing")], 1)


def test_cards_tell_no_names_of_files():
    assert public_card({"corpus": "train.tsv en-hi", "steps": 1, "start_from": "/x"}) == {"steps": 1}
    assert public_card({"corpus": "gettext:de"}) == {"corpus": "gettext:de"}


def test_models_make_room_for_others(model, other):
    """With memory for one: the other goes when it is not used, and a request that uses it goes on."""
    models = Models([Source(model), Source(other)], Models([Source(model)], 1).first.size)
    first, second = models
    assert models.that_fit() == [first]
    TICKET.set(Ticket("test", 60))
    with models.use(first) as translator:
        with models.use(second) as another:
            assert first.loaded is None and second.loaded is not None
            assert [one.text for one in another.translate(["a b"])] == said(other, ["a b"])
        assert [one.text for one in translator.translate(["a b"])] == said(model, ["a b"])
    with models.use(first):
        assert first.loaded is not None and second.loaded is None


def test_a_model_is_read_once_for_all_that_wait(model, monkeypatch):
    models, reads = Models([Source(model)], 1 << 30), []
    read = Models._read
    monkeypatch.setattr(Models, "_read", lambda self, one: reads.append(one) or read(self, one))

    def use(number):
        with models.use(models.first) as translator:
            return id(translator)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(16)))) == 1
    assert len(reads) == 1


def test_a_model_that_cannot_be_loaded_is_unavailable(tmp_path):
    directory = write_model(tmp_path / "letters")
    models = Models([Source(directory)], 1 << 30)
    (directory / "model.safetensors").write_bytes(b"")
    with pytest.raises(RefusedError, match="cannot be loaded") as refused, models.use(models.first):
        pass
    assert refused.value.status == 503 and str(tmp_path) not in str(refused.value)


def exchange(directory: Path, seed: int) -> None:
    """Another model in the directory of one, as `cp` or a training would put it there."""
    write_model(directory, seed=seed)


def test_put_reads_the_directory_again_and_a_bad_one_leaves_what_there_was(tmp_path):
    directory = write_model(tmp_path / "letters")
    with serving(tmp_path, directory) as address:
        before = answered(address)[1]
        exchange(directory, seed=2)
        assert answered(address)[1] == before
        assert requests.put(f"{address}/v1/models/letters", timeout=120).status_code == 200
        after = answered(address)[1]
        assert after == said(directory) != before
        (directory / "config.json").write_text("{}")
        refused = requests.put(f"{address}/v1/models/letters", timeout=120)
        assert refused.status_code == 409 and refused.json()["error"]["code"] == "bad_model"
        assert answered(address)[1] == after
        assert requests.put(f"{address}/v1/models/none", timeout=120).status_code == 404


def test_swaps_under_load_lose_no_request(tmp_path):
    """Each answer is one model's or the other's, whole; none fails while six swaps happen."""
    directory = write_model(tmp_path / "letters")
    expected = {tuple(said(directory))}
    write_model(tmp_path / "other", seed=2)
    expected.add(tuple(said(tmp_path / "other")))
    ended, answers = threading.Event(), []
    with serving(tmp_path, directory) as address:

        def ask(session):
            while not ended.is_set():
                answer = session.post(f"{address}/v1/translate", json={"text": TEXTS}, timeout=120)
                answers.append((answer.status_code, tuple(one["text"] for one in answer.json()["translations"])))

        with ThreadPoolExecutor(4) as pool, requests.Session() as session:
            clients = [pool.submit(ask, session) for _ in range(4)]
            for number in range(6):
                exchange(directory, seed=number % 2 + 1)
                assert requests.put(f"{address}/v1/models/letters", timeout=120).status_code == 200
            ended.set()
            for client in clients:
                client.result()
        schedulers = [thread for thread in threading.enumerate() if thread.name == "scheduler" and thread.is_alive()]
    assert {status for status, _ in answers} == {200} and {texts for _, texts in answers} == expected
    assert len(answers) > 6
    assert len(schedulers) < 8  # those of models that were replaced have ended; a few belong to other tests' servers


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_reload_reads_all_models_and_keeps_those_that_are_none(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("glassformer.serving"), "propagate", True)  # the command turns it off
    one, two = write_model(tmp_path / "one"), write_model(tmp_path / "two", seed=2)
    with serving(tmp_path, one, two) as address:
        before = answered(address, model="two")[1]
        exchange(one, seed=4)
        (two / "config.json").write_text("{}")
        address.service.reload()
        assert answered(address, model="one")[1] == said(one)
        assert answered(address, model="two")[1] == before
    assert "the model two stays as it was" in caplog.text
