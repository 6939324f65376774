"""/v1: what `translate --json` gives, over HTTP."""

import json

import pytest

from glassformer import Translator, translate_texts
from glassformer.markup import translate_markup
from tests.commands import run
from tests.serving.servers import events

TEXTS = ["a b c", "f e d c b a. b a b a!", "", "Cab cab. Dead fed? A https://a.example/b bed."]


@pytest.fixture(scope="module")
def translator(model):
    return Translator.load(model, engine="auto")


def close(one, other):
    """Two values of JSON, whose numbers may differ in the sixth digit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return one == pytest.approx(other, abs=1e-5) if isinstance(one, float) else one == other


def without_messages(value):
    if isinstance(value, dict):
        return {key: without_messages(inner) for key, inner in value.items() if key != "message"}
    return [without_messages(inner) for inner in value] if isinstance(value, list) else value


def test_it_gives_what_the_command_line_gives(server, model):
    command = run("translate", model, "--json", "--device", "cpu", stdin="\n".join(TEXTS))
    expected = [json.loads(line) for line in command.lines]
    answer = server.post("/v1/translate", {"text": TEXTS, "alignment": True})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["model"], found["source"], found["target"]) == ("letters", "en", "hi")
    assert found["request_id"] == answer.headers["X-Request-ID"]
    assert close(without_messages(found["translations"]), expected)


def test_a_text_is_a_list_of_one(server, translator):
    (found,) = server.post("/v1/translate", {"text": "a b c"}).json()["translations"]
    assert found["text"] == translate_texts(translator, ["a b c"])[0].text
    assert found["alignment"] is None


def test_every_warning_says_what_it_means(server):
    found = server.post("/v1/translate", {"text": TEXTS}).json()["translations"]
    warnings = [warning for one in found for warning in one["warnings"]]
    assert warnings and all(warning["message"] for warning in warnings)


def test_alternatives(server, translator):
    (found,) = server.post("/v1/translate", {"text": "a b c", "alternatives": 5}).json()["translations"]
    (expected,) = translate_texts(translator, ["a b c"], beam=6, n_best=6)
    assert [one["text"] for one in found["alternatives"]] == [one.text for one in expected.alternatives]


def test_markup(server, translator):
    text = "<p>a <b>b</b> c</p>"
    (found,) = server.post("/v1/translate", {"text": text, "markup": "html"}).json()["translations"]
    assert found["text"] == translate_markup(translator, [text])[0].text


def test_one_that_fails_says_so_in_its_place(server):
    good, bad = server.post("/v1/translate", {"text": ["a b", "x" * 200]}).json()["translations"]
    assert "text" in good and "text" not in bad
    assert "200 tokens" in bad["error"] or "tokens" in bad["error"]


@pytest.mark.parametrize("accept", [None, "text/event-stream"])
def test_streamed_sentences_are_those_of_the_whole(server, accept):
    body = {"text": TEXTS, "beam": 2, "stream": accept is None}
    headers = {"accept": accept} if accept else {}
    answer = server.post("/v1/translate", body, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *sentences, (name, done) = events(answer)
    assert name == "done" and {name for name, _ in sentences} == {"sentence"}
    whole = server.post("/v1/translate", body | {"stream": False}).json()
    assert close(done["translations"], whole["translations"])
    last = [one["translation"]["source"] for _, one in sentences if one["text"] == 3]
    assert last == ["Cab cab.", "Dead fed?", "A https://a.example/b bed."]


def test_streamed_words_grow_into_their_sentence(server):
    found = list(events(server.post("/v1/translate", {"text": "Cab cab. Dead fed.", "beam": 1, "stream": True})))
    for number in (0, 1):
        said = [one["words"] for name, one in found if name == "words" and one["sentence"] == number]
        (sentence,) = (one["translation"] for name, one in found if name == "sentence" and one["sentence"] == number)
        assert len(said) > 1 and all(map(str.startswith, said[1:], said))
        assert sentence["text"].startswith(said[-1])  # without the token at the length limit, which nothing follows


def test_a_stream_ends_with_what_is_wrong(server, monkeypatch):
    def broken(*arguments):
        raise ZeroDivisionError("secret text")

    monkeypatch.setattr("glassformer.serving.sentences.translate", broken)
    ((name, data),) = events(server.post("/v1/translate", {"text": "a", "stream": True}))
    assert name == "error" and data["error"]["code"] == "internal"
    assert "secret" not in json.dumps(data)


@pytest.mark.parametrize("form", [False, True])
def test_explain_is_a_page_of_exactly_this_translation(server, form):
    body = {"text": "a b", "target_text": "b a"}
    answer = server.post("/v1/explain", None if form else body, data=body if form else None)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "script-src 'sha256-" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    start = answer.text.index('id="document">') + len('id="document">')
    document = json.JSONDecoder().raw_decode(answer.text[start:])[0]
    assert document["traces"][0]["record"]["decode"]["text"] == "b a"
    assert document["traces"][0]["record"]["decode"]["strategy"] == "forced"


def test_models(server):
    (found,) = server.get("/v1/models").json()["models"]
    assert found["name"] == "letters" and found["pairs"] == [{"source": "en", "target": "hi"}]
    assert found["card"] == {"corpus": "phrasebook", "steps": 0}


def test_the_page_at_the_root_may_load_nothing_from_elsewhere(server):
    answer = server.get("/")
    assert answer.status_code == 200 and "<html" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy


def test_a_client_may_name_its_request_if_the_name_is_plain(server):
    assert server.get("/v1/models", headers={"X-Request-ID": "mine-1"}).headers["X-Request-ID"] == "mine-1"
    assert server.get("/v1/models", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"
