"""Values from YAML and the command line: checked against the annotations, refused by name."""

from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from typing import Literal

import numpy as np
import pytest
import yaml

from glassformer.errors import InputError, UsageError
from glassformer.model import ModelConfig
from glassformer.settings import build, keys_of, refuse_unknown
from glassformer.yaml_config import parse_assignment, read_yaml
from tests.commands import write


@dataclass(frozen=True)
class Sample:
    count: int = 1
    rate: float = 0.5
    label: str = "a"
    flag: bool = False
    kind: Literal["layernorm", "rmsnorm"] = "layernorm"
    limit: int | None = 3
    share: float | None = 0.1
    files: tuple[str, ...] = ()
    weights: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Other:
    depth: int = 2


# Build


@pytest.mark.parametrize(
    ("name", "given", "made"),
    [
        ("count", 7, 7),
        ("count", -7, -7),
        ("rate", 0.25, 0.25),
        ("rate", 2, 2.0),
        ("rate", "5e-4", 0.0005),  # YAML 1.1 reads it as text
        ("rate", "1e3", 1000.0),
        ("share", "1e-9", 1e-9),
        ("share", None, None),
        ("limit", None, None),
        ("limit", 0, 0),
        ("label", "5e-4", "5e-4"),
        ("flag", True, True),
        ("flag", False, False),
        ("kind", "rmsnorm", "rmsnorm"),
        ("files", ["a", "b"], ("a", "b")),
        ("files", ("a",), ("a",)),
        ("files", [], ()),
    ],
)
def test_a_value_that_fits(name, given, made):
    value = getattr(build(Sample, {name: given}, "config"), name)
    assert value == made and type(value) is type(made)


class Name(StrEnum):
    RMSNORM = "rmsnorm"


Mixed = Enum("Mixed", {"RMSNORM": "rmsnorm"}, type=str)  # its str() is "Mixed.RMSNORM"


class Number(IntEnum):
    SEVEN = 7


@pytest.mark.parametrize(
    ("name", "given", "made"),
    [
        *((name, given, "rmsnorm") for name in ("label", "kind") for given in (Name.RMSNORM, Mixed.RMSNORM)),
        ("kind", np.str_("rmsnorm"), "rmsnorm"),
        ("count", Number.SEVEN, 7),
        ("limit", Number.SEVEN, 7),
        ("rate", np.float64(0.5), 0.5),
        ("files", [Name.RMSNORM], ("rmsnorm",)),
        ("weights", {Name.RMSNORM: Number.SEVEN}, {"rmsnorm": 7}),
    ],
)
def test_a_value_of_a_derived_type_becomes_what_yaml_holds(name, given, made):
    value = getattr(build(Sample, {name: given}, "config"), name)
    assert value == made
    assert yaml.safe_load(yaml.safe_dump(list(value) if isinstance(value, tuple) else value)) == (
        list(made) if isinstance(made, tuple) else made
    )


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("count", True, "a whole number"),
        ("count", 1.0, "a whole number"),
        ("count", "7", "a whole number"),
        ("count", None, "a whole number"),
        ("rate", True, "a number"),
        ("rate", "fast", "a number"),
        ("rate", "nan", "a number"),
        ("rate", float("nan"), "a number"),
        ("rate", float("inf"), "a number"),
        ("rate", "", "a number"),
        ("rate", None, "a number"),
        ("rate", [0.5], "a number"),
        ("label", 3, "text"),
        ("label", None, "text"),
        ("flag", 1, "true or false"),
        ("flag", "true", "true or false"),
        ("kind", "batchnorm", "one of layernorm, rmsnorm"),
        ("kind", None, "one of layernorm, rmsnorm"),
        ("limit", "none", "a whole number or null"),
        ("limit", False, "a whole number or null"),
        ("share", "most", "a number or null"),
        ("files", "a", "a list of text"),
        ("files", ["a", 3], "a list of text"),
        ("files", None, "a list of text"),
    ],
)
def test_a_value_that_does_not_fit(name, given, wanted):
    with pytest.raises(UsageError) as caught:
        build(Sample, {name: given}, "run.yaml")
    assert str(caught.value).startswith(f"run.yaml: {name} = {given!r} should be {wanted}")
    assert "\n" not in str(caught.value)


def test_a_name_that_is_almost_a_choice_is_answered_with_it():
    with pytest.raises(UsageError, match="did you mean 'rmsnorm'"):
        build(Sample, {"kind": "rms_norm"}, "config")


def test_each_dataclass_takes_its_own():
    values = {"count": 5, "depth": 9}
    assert build(Sample, values, "config") == Sample(count=5)
    assert build(Other, values, "config") == Other(depth=9)
    assert build(Other, {}, "config") == Other()


def test_a_value_of_another_dataclass_is_not_judged():
    assert build(Other, {"count": "wrong for Sample"}, "config") == Other()


def test_what_the_dataclass_itself_refuses():
    with pytest.raises(UsageError, match="num_heads = 7 does not divide d_model = 512"):
        build(ModelConfig, {"vocab_size": 100, "num_heads": 7}, "config")


def test_the_model_s_config_from_yaml_s_types():
    values = {"vocab_size": 100, "dropout": 0, "norm_eps": "1e-6", "num_kv_heads": None, "norm": "rmsnorm"}
    config = build(ModelConfig, values, "config")
    assert (config.dropout, config.norm_eps, config.num_kv_heads, config.norm) == (0.0, 1e-6, 8, "rmsnorm")


# Unknown keys


def test_keys_of_several():
    assert keys_of(Sample, Other) == {
        "count", "rate", "label", "flag", "kind", "limit", "share", "files", "weights", "depth",
    }  # fmt: skip


@pytest.mark.parametrize(("wrong", "right"), [("cuont", "count"), ("file", "files"), ("dept", "depth")])
def test_an_unknown_key_is_answered_with_the_nearest(wrong, right):
    with pytest.raises(UsageError, match=rf"^run\.yaml: unknown config key '{wrong}'; did you mean '{right}'\?$"):
        refuse_unknown(["count", wrong], keys_of(Sample, Other), "run.yaml")


def test_a_key_unlike_any_is_answered_with_all():
    with pytest.raises(UsageError, match=r"known: depth$"):
        refuse_unknown(["xyzzy"], keys_of(Other), "config")


def test_known_keys_pass():
    refuse_unknown({"count": 1, "depth": 2}, keys_of(Sample, Other), "config")


# Files


def written(tmp_path, content):
    return write(tmp_path / "run.yaml", content)


def test_a_flat_mapping(tmp_path):
    path = written(tmp_path, "# a comment\ncount: 3\nrate: 5e-4\nlabel: हिन्दी\nfiles: [a, b]\nlimit: null\n")
    values = read_yaml(path)
    assert values == {"count": 3, "rate": "5e-4", "label": "हिन्दी", "files": ["a", "b"], "limit": None}
    made = build(Sample, values, "config")
    assert made == Sample(count=3, rate=0.0005, label="हिन्दी", files=("a", "b"), limit=None)


@pytest.mark.parametrize("content", ["", "\n", "# nothing set\n"])
def test_a_file_that_sets_nothing(tmp_path, content):
    assert read_yaml(written(tmp_path, content)) == {}


def test_keys_are_text(tmp_path):
    assert read_yaml(written(tmp_path, "1: one\nfalse: zero\n")) == {"1": "one", "False": "zero"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("count: 3\nrate: [1, 2\n", 3),  # noticed where the file ends
        ("count: 3\nrate: 1: 2\n", 2),
        ("count: 3\n\n\n\trate: 1\n", 4),
        ('label: "a\n', 2),
        ("count: 3\nlabel: !!python/object:os.system x\n", 2),
    ],
)
def test_broken_yaml_names_file_and_line(tmp_path, content, line):
    path = written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}:{line}: not valid YAML")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- a\n- b\n", "not a list"),
        ("just text\n", "not a str"),
        (b"label: \xff\xfe\n", r"not UTF-8 \(byte 7\)"),
        ("label: \0\n", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_config(tmp_path, content, words):
    with pytest.raises(InputError, match=words) as caught:
        read_yaml(written(tmp_path, content))
    assert str(caught.value).startswith(str(tmp_path / "run.yaml"))


def test_a_key_that_is_given_twice_is_refused(tmp_path):
    path = written(tmp_path, "count: 3\nlabel: a\n\ncount: 4\n")
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert str(caught.value) == f"{path}:4: 'count' is given twice, first in line 1; keep one of them"


def test_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(InputError, match="cannot read the config") as caught:
            read_yaml(path)
        assert str(caught.value).startswith(f"{path}: ")


BAD_SCALARS = ["2024-13-45", "0x_", "!!int x"]


@pytest.mark.parametrize("scalar", BAD_SCALARS)
def test_a_scalar_that_yaml_cannot_make_is_an_error_in_the_file(tmp_path, scalar):
    with pytest.raises(InputError, match=r"run\.yaml"):
        read_yaml(written(tmp_path, f"label: {scalar}\n"))


@pytest.mark.parametrize("scalar", BAD_SCALARS)
def test_a_scalar_that_yaml_cannot_make_is_an_error_on_the_command_line(scalar):
    with pytest.raises(UsageError, match="--set label"):
        parse_assignment(f"label={scalar}")


# The command line


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("count=3", "count", 3),
        ("rate=0.5", "rate", 0.5),
        ("rate=5e-4", "rate", "5e-4"),
        ("flag=true", "flag", True),
        ("limit=null", "limit", None),
        ("limit=", "limit", None),
        ("label=a=b", "label", "a=b"),
        ("files=[a, b]", "files", ["a", "b"]),
        ("count = 3", "count", 3),
        ("label='3'", "label", "3"),
        ("label=हिन्दी", "label", "हिन्दी"),
    ],
)
def test_an_assignment(text, key, value):
    assert parse_assignment(text) == (key, value)


@pytest.mark.parametrize("text", ["count", "", "=3", "count:3"])
def test_what_is_no_assignment(text):
    with pytest.raises(UsageError, match=f"--set {text}: expected key=value"):
        parse_assignment(text)


@pytest.mark.parametrize("text", ["files=[a", "label='a", "label=a: b: c"])
def test_an_assignment_of_broken_yaml(text):
    with pytest.raises(UsageError, match="the value is not valid YAML"):
        parse_assignment(text)
