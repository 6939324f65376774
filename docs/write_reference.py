"""Write the pages of the reference that are made from the code (`make reference`); a test holds them to it."""

import argparse
import ast
import dataclasses
import inspect
import re
import typing
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from glassformer.cli.parser import make_parser
from glassformer.data.config import DataConfig
from glassformer.model import config as model_config
from glassformer.model.config import PRESETS, ModelConfig
from glassformer.search.options import SearchOptions
from glassformer.serving.limits import Limits
from glassformer.settings import accepted
from glassformer.training.config import DEFAULT_PRESET, PRESET_SETTINGS, RunConfig, TrainingConfig
from glassformer.training.update.optimizer import BETAS, EPSILON

DOCS = Path(__file__).parent
FOLDER = DOCS / "reference"
PAPERS = yaml.safe_load((DOCS / "papers.yaml").read_text(encoding="utf-8"))

COMMAND_LINE = """# Command line

<!-- Written by `make reference` from glassformer/cli/parser.py. -->

Results go to stdout, everything else to stderr. Exit status 0: done; 1: the input is wrong; 2: the usage is wrong;
128 + n: stopped by signal n, and saved. MODEL is a model directory or a run directory. `--help` after a command says
the same as this page.
"""


def command_line() -> str:
    """Every command with its arguments and options, as Markdown."""
    commands = next(a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return COMMAND_LINE + "".join(_command(name, parser) for name, parser in commands.choices.items())


def _command(name: str, parser: Any) -> str:
    parser.add_options(parser)
    positional, options, *groups = parser._action_groups
    own = _table([*positional._group_actions, *options._group_actions])
    tables = own + "".join(map(_group, groups))
    end = f"\n{_linked(parser.epilog)}\n" if parser.epilog else ""
    return f"\n## {name}\n\n    {_usage(parser)}\n\n{_sentence(parser.description)}\n{tables}{end}"


def _usage(parser: argparse.ArgumentParser) -> str:
    """The command with what it cannot do without; all else is `[options]`."""
    needed = [f"{a.option_strings[0]} {_value(a)}" for a in parser._actions if a.option_strings and a.required]
    words = [_value(a) if a.nargs != "?" else f"[{_value(a)}]" for a in parser._actions if not a.option_strings]
    return " ".join([parser.prog, *words, *needed, "[options]"])


def _group(group: argparse._ArgumentGroup) -> str:
    title = f"{group.title}: {group.description}" if group.description else group.title
    return f"\n{_sentence(title)}\n{_table(group._group_actions)}"


def _table(actions: list[argparse.Action]) -> str:
    rows = [_row(action) for action in actions if not isinstance(action, argparse._HelpAction)]
    return f"\n| | |\n|---|---|\n{''.join(rows)}" if rows else ""


def _row(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else _value(action)
    name = " ".join([*action.option_strings[:1], value]).strip()
    meaning = ((action.help or "") % vars(action)).replace("<", "&lt;").replace("|", "\\|")
    return f"| `{name}` | {meaning} |\n"


def _value(action: argparse.Action) -> str:
    """What stands for the value in the usage."""
    shown = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    )
    return f"{shown} ..." if action.nargs == "+" else str(shown)


def _sentence(text: str | None) -> str:
    return f"{(text or '')[:1].upper()}{(text or '')[1:]}."


SETTINGS = f"""# Settings

<!-- Written by `make reference` from the dataclasses of the settings and the docstrings of their fields. -->

The keys of [the model](#model), [the data](#data) and [training](#training) may stand in a config file, which is flat
YAML, and on the command line, which wins over the file, as the file does over the preset:

```yaml
preset: base
pairs: [train.tsv]
warmup_steps: 4000
```

    glassformer train --config base.yaml --set dropout=0.2 --out runs/mine

In Python they are keywords of [`train`](python.md). An unknown key is refused, and the nearest name is given; so is a
value that does not fit, and what would. `config.yaml` in a run directory has all of them as they were for that run.
Those of [search](#search) are options of [the commands](command_line.md) that translate, and keywords of
`Translator.translate`. Those of [serving](#serving) are limits of `glassformer serve`, set by its `--set`.

Sections, tables and formulas without an author are those of Vaswani et al. 2017, "the paper"; what is *ours* comes from
no paper. No settings, but as in the paper: Adam with beta_1 = {BETAS[0]}, beta_2 = {BETAS[1]} and epsilon = {EPSILON:g}
(section 5.3).
"""

GROUPS = {
    "Model": ModelConfig, "Data": DataConfig, "Training": TrainingConfig, "Search": SearchOptions, "Serving": Limits,
}  # fmt: skip
LABELS = ("Range", "Unit", "Source")


def settings() -> str:
    """The presets, and every setting with its default, values, unit and source, as Markdown."""
    return _linked(SETTINGS + _presets() + "".join(_group_of_settings(*group) for group in GROUPS.items()))


def documentation(of: type | Any) -> dict[str, str]:
    """The docstring below each annotated assignment of a class or module, by its name, as one line."""
    tree = ast.parse(inspect.getsource(of))
    body = tree.body if inspect.ismodule(of) else typing.cast(ast.ClassDef, tree.body[0]).body
    return {
        ast.unparse(field.target): " ".join(ast.literal_eval(text.value).split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def parts_of(docstring: str) -> dict[str, str]:
    """What a setting does, under "", and what its docstring says after each of LABELS."""
    what, *labelled = re.split(rf" ?\b({'|'.join(LABELS)}): ", docstring)
    return {"": what} | {label: text.rstrip(".") for label, text in zip(labelled[::2], labelled[1::2], strict=True)}


def _group_of_settings(title: str, cls: type) -> str:
    hints, texts = typing.get_type_hints(cls), documentation(cls)
    rows = (
        _setting(field, accepted(hints[field.name]), parts_of(texts[field.name])) for field in dataclasses.fields(cls)
    )
    return f"\n## {title}\n{''.join(rows)}"


def _setting(field: dataclasses.Field[Any], values: str, parts: Mapping[str, str]) -> str:
    facts = [f"*default* {_default(field)}", ", ".join([f"*values* {values}", *filter(None, [parts.get("Range")])])]
    if "Unit" in parts:
        facts.append(f"*unit* {parts['Unit']}")
    return f"\n### `{field.name}`\n\n{parts['']}\n\n- {' · '.join(facts)}\n- *source* {parts['Source']}\n"


def _default(field: dataclasses.Field[Any]) -> str:
    """What training takes where the user names neither the setting nor a preset."""
    own = None if field.default is dataclasses.MISSING else field.default
    value = _yaml(_of_preset(DEFAULT_PRESET).get(field.name, own))
    return f"{value}, by [preset](#presets)" if any(field.name in _of_preset(name) for name in PRESETS) else value


def _yaml(value: object) -> str:
    """As it stands in a config file."""
    return f"`{yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0]}`"


def _of_preset(name: str) -> dict[str, Any]:
    return PRESETS[name] | PRESET_SETTINGS.get(name, {})


def _presets() -> str:
    """The table of what the presets choose, a column each."""
    runs = {name: RunConfig.from_flat({"preset": name, "corpus": "phrasebook"}).flat() for name in PRESETS}
    keys = dict.fromkeys(key for name in PRESETS for key in _of_preset(name))
    rows = [f"| [`{key}`](#{key}) | {' | '.join(str(run[key]) for run in runs.values())} |\n" for key in keys]
    head = f"| | {' | '.join(f'`{name}`' for name in runs)} |\n|---|{'---|' * len(runs)}\n"
    return f"\n## Presets\n\n{documentation(model_config)['PRESETS']}\n\n{head}{''.join(rows)}"


def _linked(text: str) -> str:
    """With a link from each paper and from each page `docs/...md` that is named."""
    names = "|".join(map(re.escape, PAPERS))
    text = re.sub(names, lambda name: '[{}]({} "{}")'.format(name[0], *reversed(PAPERS[name[0]])), text)
    return re.sub(r"\bdocs/(\S+\.md)", lambda page: f"[{_title(DOCS / page[1])}](../{page[1]})", text)


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


PAGES = {"command_line.md": command_line, "settings.md": settings}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
