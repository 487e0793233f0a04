"""The page of the command line, from click."""

import re
from collections.abc import Iterator

import click

from querysafe.cli import main


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before what they hold."""
    yield from _below("querysafe", main)


def page() -> str:
    """The help of every command, as it is printed."""
    parts = [
        "# Commands",
        "`querysafe` is installed with the package; `python -m querysafe` is the same. Data goes "
        "to standard output, messages to standard error. Every command answers `--help`.",
    ]
    for name, command in commands():
        text = re.sub(r"[ \t]+$", "", helped(name, command), flags=re.MULTILINE)
        parts += [f"## `{name}`", f"```text\n{text.strip()}\n```"]
    return "\n\n".join(parts)


def helped(name: str, command: click.Command) -> str:
    """A command's help, 80 columns wide."""
    context = click.Context(command, info_name=name, terminal_width=80)
    return command.get_help(context)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _below(f"{name} {each}", found)
