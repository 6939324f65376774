"""The documents hold to the code: commands parse, settings are known, files are there, what is bundled is named."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import glassformer
from docs.write_reference import PAGES
from glassformer.cli.parser import make_parser
from glassformer.training.config import RunConfig

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/**/*.md")]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^    .*\n)+", re.MULTILINE)


def commands_of(text):
    """The arguments of each `glassformer ...` in those blocks of a document that are to be typed."""
    blocks = [block for language, block in FENCED.findall(text) if language == "sh"]
    blocks += INDENTED.findall(FENCED.sub("", text))
    for line in re.sub(r"\\\n", " ", "".join(blocks)).splitlines():
        words = words_of(line) if re.search(r"\bglassformer\s", line) else []
        while "glassformer" in words:
            words = words[words.index("glassformer") + 1 :]
            end = next((n for n, word in enumerate(words) if re.fullmatch(r"[|<>;&()]+", word)), len(words))
            if not {"...", "[options]"} & set(words[:end]):
                yield words[:end]


def words_of(line):
    """As a shell splits the line; a variable is some number."""
    lexer = shlex.shlex(re.sub(r"\$\w+", "1", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_commands_are_commands(path):
    for command in commands_of(path.read_text(encoding="utf-8")):
        make_parser().parse_args(command)  # raises what is unknown


def test_commands_are_found():
    text = (
        "    echo hi | glassformer translate RUN --beam 4   # four\n\n```sh\nglassformer info \\\n    RUN >out\n```\n"
    )
    assert list(commands_of(text)) == [["info", "RUN"], ["translate", "RUN", "--beam", "4"]]
    assert sum(1 for path in DOCUMENTS for _ in commands_of(path.read_text(encoding="utf-8"))) > 40


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_configs_are_configs(path):
    for block in re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        RunConfig.from_flat({"pairs": ["train.tsv"]} | yaml.safe_load(block))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_documents_are_there(path):
    named = re.findall(r"`((?:glassformer|tests|benchmarks|docs)/[\w./-]+)`", path.read_text(encoding="utf-8"))
    assert not [name for name in named if "NAME" not in name and not (ROOT / name).exists()]


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(path):
    """As one reads them in the repository; `make lint` checks them, and their anchors, as the site has them."""
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert not [target for target in targets if ":" not in target and not (path.parent / target).exists()]


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_reference_is_what_the_code_says(name):
    written = (ROOT / "docs/reference" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make reference`"


def test_every_command_and_option_has_a_word_of_help():
    assert "|  |" not in PAGES["command_line.md"]()


def test_the_python_reference_has_every_public_name():
    page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    named = [line.rpartition(".")[2] for line in page.splitlines() if line.startswith("::: ")]
    assert set(glassformer.__all__) <= set(named)


def test_the_licence_is_named_and_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert all((ROOT / name).is_file() for name in project["license-files"])
    assert "the glassformer authors" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_notices_name_what_the_page_depends_on():
    notices = (ROOT / "glassformer/glass/static/NOTICES.txt").read_text(encoding="utf-8")
    package = json.loads((ROOT / "glassformer/glass/web/package.json").read_text(encoding="utf-8"))
    for name, version in package["dependencies"].items():
        assert f"\n{name} {version}\n" in notices
