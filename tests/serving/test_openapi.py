"""The OpenAPI document, and whatever may be sent to what it lists: only answers that it documents, and no 5xx."""

import json
from http.client import HTTPConnection

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.serving.app import ENDPOINTS
from glassformer.serving.openapi import document

DOCUMENT = document(ENDPOINTS)
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
FIELDS = sorted(
    {name for schema in DOCUMENT["components"]["schemas"].values() for name in schema.get("properties", {})}
)
TEXTS = st.text(max_size=20) | st.sampled_from(["a b c", "en", "hi", "html", "letters", "<b>a</b>", "0"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 20) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)


def bodies(path, method):
    """Bodies that fit, nearly fit and do not fit at all."""
    operation = DOCUMENT["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return st.binary(max_size=20)
    reference = next(iter(operation["requestBody"]["content"].values()))["schema"]["$ref"]
    names = sorted(DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]["properties"])
    names = [name for name in names if name != "stream"]
    usual = {"text": TEXTS, "q": TEXTS, "target_lang": st.just("HI"), "source": st.just("en"), "target": st.just("hi")}
    fitting = st.fixed_dictionaries({name: usual[name] for name in names if name in usual})
    odd = st.dictionaries(st.sampled_from(names), VALUES, max_size=4)
    objects = st.builds(lambda one, other: one | other, fitting, odd) | fitting
    return (objects | VALUES).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50)


def schema_of(path, method, status, media):
    found = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(status) in found, f"{method} {path} answers {status}, which is not documented"
    schema = next(one["schema"] for kind, one in found[str(status)]["content"].items() if media.startswith(kind))
    return schema | {"components": DOCUMENT["components"]}


def asked(server, method, path, body, media):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        path = path.replace("{id}", "0" * 32).replace("{name}", "nothing")
        connection.request(method, path, body, {"content-type": media} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], answer.read()
    finally:
        connection.close()


MEDIA = st.sampled_from(["application/json"] * 6 + ["application/x-www-form-urlencoded", "text/plain", "x"])


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_whatever_is_sent_the_answer_is_documented(server, method, path, data):
    body, media = data.draw(bodies(path, method)), data.draw(MEDIA)
    status, kind, said = asked(server, method, path, body, media)
    schema = schema_of(path, method, status, kind)
    assert status < 500
    if kind == "application/json":
        jsonschema.validate(json.loads(said), schema)


def test_the_document_is_served(server):
    found = server.get("/openapi.json").json()
    assert found == json.loads(json.dumps(DOCUMENT))
    assert found["openapi"].startswith("3.1")


def test_every_operation_says_what_it_does():
    operations = [one for methods in DOCUMENT["paths"].values() for one in methods.values()]
    assert all(one["summary"].endswith(".") for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_all_methods_of_a_path_are_named_where_another_is_asked(server):
    answer = asked(server, "PATCH", "/v1/jobs/{id}", b"", "")
    assert answer[0] == 405
