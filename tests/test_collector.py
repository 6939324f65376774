"""The garbage collector is held off, and comes back."""

import gc

import pytest

from glassformer.collector import no_collection


@pytest.mark.parametrize("collecting", [True, False])
def test_it_is_afterwards_as_it_was(collecting: bool) -> None:
    """After an error too, and where it was off already."""
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with pytest.raises(KeyError), no_collection():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
