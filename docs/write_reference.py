"""Write the pages of the reference that are made from the code (`make reference`); a test holds them to it."""

import argparse
from pathlib import Path

from glassformer.cli.parser import make_parser

FOLDER = Path(__file__).parent / "reference"

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


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    positional, options, *groups = parser._action_groups
    own = _table([*positional._group_actions, *options._group_actions])
    return (
        f"\n## {name}\n\n    {_usage(parser)}\n\n{_sentence(parser.description)}\n{own}{''.join(map(_group, groups))}"
    )


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


PAGES = {"command_line.md": command_line}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
