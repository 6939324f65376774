"""By which names the server may be asked: none that another site's page could have lead here."""

import jsonschema
import pytest

from glassformer.errors import InputError, UsageError
from glassformer.serving.hosts import Hosts
from glassformer.serving.server import listen
from tests.commands import refusal, run
from tests.serving.servers import serving
from tests.serving.test_openapi import OPERATIONS, schema_of

OWN = ["localhost", "localhost:8000", "LocalHost.:8000", "a.localhost", "127.0.0.1", "127.0.0.1:80", "10.1.2.3:8000",
       "[::1]:8000", "[fe80::1]"]  # fmt: skip
OTHERS = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost",
          "0x7f000001", "127.1", "[evil.example]:80", "[::1", "127.0.0.1@evil.example", " "]  # fmt: skip
REBOUND = {"Host": "evil.example:8000"}


def status(server, host, path="/livez"):
    return server.get(path, headers={"Host": host}).status_code


@pytest.mark.parametrize("host", OWN)
def test_addresses_and_names_of_this_machine_are_answered(server, host):
    assert status(server, host) == status(server, host, "/") == 200


@pytest.mark.parametrize("host", OTHERS[:-1])
def test_other_names_are_not(server, host):
    assert status(server, host) == status(server, host, "/") == 421


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_refuses_as_it_documents(server, method, path):
    body = b"{}" if method == "POST" else None
    answer = server.request(method, path.format(id="0" * 32, name="letters"), headers=REBOUND, data=body)
    assert answer.status_code == 421 and "does not answer to that name" in answer.text
    jsonschema.validate(answer.json(), schema_of(path, method, 421, answer.headers["content-type"]))


def test_nothing_is_done_for_another_name(server):
    before = server.service.models.named("letters").loaded
    assert server.request("PUT", "/v1/models/letters", headers=REBOUND).status_code == 421
    assert server.service.models.named("letters").loaded is before


def test_names_that_are_allowed(model, tmp_path):
    with serving(tmp_path, model, host_names=("Translate.example", "other")) as address:
        allowed = ["translate.example:443", "OTHER", "localhost"]
        assert [status(address, host) for host in allowed] == [200] * 3
        assert [status(address, host) for host in ("a.translate.example", "others")] == [421] * 2
    with serving(tmp_path, model, host_names=("*",)) as address:
        assert status(address, "whatever.example") == 200


def test_the_name_that_it_listens_at_is_allowed():
    assert Hosts.of("box.example", ()).names == {"box.example"}


@pytest.mark.parametrize("name", ["https://a.example", "a.example:80", "a b", "", "*.example", "a..b"])
def test_what_is_no_name(name, model):
    with pytest.raises(UsageError, match="--host-name"):
        Hosts.of("127.0.0.1", (name,))


def test_the_command_refuses_what_is_no_name(model):
    assert "--host-name http://a" in refusal(run("serve", model, "--host-name", "http://a"), status=2)


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "\x9b31m", "\udcff"])
def test_an_address_that_no_name_can_be_is_told(host):
    with pytest.raises(InputError, match=r"cannot listen at .*; choose another --port or --host"):
        listen(host, 0)
