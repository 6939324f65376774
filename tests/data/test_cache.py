"""What is kept: where, under which name, and one builder at a time."""

import threading

import pytest

from glassformer.data.cache import building, cache_folder, key_of
from glassformer.errors import InputError


def test_any_other_fact_is_another_key():
    facts = [(1, "a"), (1, "b"), (2, "a"), ("1", "a"), (1, "a", None), ((1, "a"),), (b"1", "a")]
    assert len({key_of(*fact) for fact in facts}) == len(facts)
    assert key_of(1, "a") == key_of(1, "a")


def test_where_it_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder(None) == tmp_path / "glassformer"
    assert cache_folder("here") != cache_folder(None)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder(None) == tmp_path / ".cache" / "glassformer"
    assert cache_folder("~/here") == tmp_path / "here"


def test_only_one_makes_it_at_a_time(tmp_path):
    order = []

    def second():
        with building(tmp_path / "s"):
            order.append("second")

    with building(tmp_path / "s"):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.2)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match=r"cannot save.* set store to a folder with room"),
        building(tmp_path / "file" / "s"),
    ):
        pass


def test_what_is_built_is_read_where_nothing_can_be_written(without_root):
    with building(without_root / "s"):
        (without_root / "s").mkdir()
    for name in (".s.lock", ""):
        (without_root / name).chmod(0o500)
    with building(without_root / "s"):
        assert (without_root / "s").is_dir()
    with (
        pytest.raises(InputError, match=r"other: cannot save: Permission denied.* set store"),
        building(without_root / "other"),
    ):
        pass
    without_root.chmod(0o700)
