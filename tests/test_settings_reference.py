"""Every setting is documented beside its field, and what is said there of its range is what is checked."""

import dataclasses
import re
import typing

import pytest
import yaml

from docs.write_reference import GROUPS, PAGES, PAPERS, documentation, parts_of
from glassformer.errors import UsageError
from glassformer.search import SearchOptions
from glassformer.serving.limits import Limits
from glassformer.training.config import RunConfig

SETTINGS = [(cls, field.name) for cls in GROUPS.values() for field in dataclasses.fields(cls)]


def kind_of(cls, name):
    """int or float where the setting is a number (or null), else None."""
    hint = typing.get_type_hints(cls)[name]
    return next((kind for kind in (int, float) if hint in (kind, kind | None)), None)


def named(value):
    return getattr(value, "__name__", value)


# What must be set too where a setting is at the end of its range.
BESIDE = {
    "d_model": {"num_heads": 1, "positions": "learned"},
    "keep_checkpoints": {"average_last": 1},
    "sampling_temperature": {"corpus": None, "pairs": ["one.tsv", "other.tsv"]},
}


def documented(cls, name):
    return parts_of(documentation(cls)[name])


def with_setting(cls, name, value):
    """Some settings, of which one has this value, as a user's are made and checked."""
    if cls is Limits:
        return Limits(**{name: value})
    if cls is SearchOptions:
        return SearchOptions(**{"sample": True, name: value})
    return RunConfig.from_flat({"corpus": "phrasebook", **BESIDE.get(name, {}), name: value})


def ends_of_range(text, kind):
    """For each end that `text` names: the last number inside, the first number (or one near it) outside."""
    step = 1 if kind is int else 1e-3
    for word, number in re.findall(
        r"(at least|above|at most|below) `?(-?[\d,.]*\d(?:\*\*\d+)?)", text.partition(";")[0]
    ):
        base, _, exponent = number.replace(",", "").partition("**")
        end = kind(base) ** int(exponent or 1)
        sign = 1 if word in ("at least", "above") else -1
        yield (end, end - sign * step) if word.startswith("at") else (end + sign * step, end)


def defaults_of_the_page():
    """Each setting in the page's order, and the default that it shows."""
    sections = dict(section.split("\n", 1) for section in PAGES["settings.md"]().split("\n## ")[1:])
    for title, cls in GROUPS.items():
        for name, text in re.findall(r"^### `(\w+)`$(.*?)(?=^### |\Z)", sections[title], re.M | re.S):
            yield (cls, name), yaml.safe_load(re.search(r"^- \*default\* `([^`]*)`", text, re.M)[1])


@pytest.mark.parametrize(("cls", "name"), SETTINGS, ids=named)
def test_every_setting_says_what_it_does_and_where_it_comes_from(cls, name):
    assert documented(cls, name)[""]
    assert documented(cls, name)["Source"]


@pytest.mark.parametrize(("cls", "name"), [setting for setting in SETTINGS if kind_of(*setting)], ids=named)
def test_the_documented_range_of_a_number_is_the_one_that_is_checked(cls, name):
    parts = documented(cls, name)
    assert parts["Unit"]
    ends = list(ends_of_range(parts["Range"], kind_of(cls, name)))
    assert ends
    for inside, outside in ends:
        with_setting(cls, name, inside)
        with pytest.raises(UsageError, match=name):
            with_setting(cls, name, outside)


def test_the_page_has_every_setting_once():
    assert [setting for setting, _ in defaults_of_the_page()] == SETTINGS


def test_to_set_a_default_changes_nothing():
    given = {"pairs": ["train.tsv"]}
    for (cls, name), default in defaults_of_the_page():
        if cls in (SearchOptions, Limits):
            assert cls(**{name: default}) == cls()
        elif name != "pairs":
            assert RunConfig.from_flat(given | {name: default}).flat() == RunConfig.from_flat(given).flat()


def test_every_paper_that_a_setting_comes_from_is_linked():
    page = PAGES["settings.md"]()
    assert not [name for name in PAPERS if f"[{name}](" not in page]
    unlinked = re.sub(r"\[[^]]*\]\([^)\s]+ \"[^\"]*\"\)", "", page)
    assert not re.findall(r"\w+ (?:19|20)\d\d\b", unlinked)
