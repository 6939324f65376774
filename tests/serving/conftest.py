"""One model and one server for all tests that change neither."""

import pytest

from tests.serving.servers import serving, write_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("served") / "letters")


@pytest.fixture(scope="session")
def server(model, tmp_path_factory):
    # At the end of the whole suite it twice did not end in two minutes, and why was not found. After these tests alone
    # it ends, and so do the servers of single tests, which must.
    with serving(tmp_path_factory.mktemp("server"), model, must_end=False) as address:
        yield address
