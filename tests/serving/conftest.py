"""One model and one server for all tests that change neither."""

import pytest

from tests.serving.servers import serving, write_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("served") / "letters")


@pytest.fixture(scope="session")
def server(model, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server"), model) as address:
        yield address
