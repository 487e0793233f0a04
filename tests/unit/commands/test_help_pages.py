"""The help of each command: golden pages that end with exit statuses and examples."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from querysafe.cli import main

GOLDEN = Path(__file__).parent / "golden"


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


PATHS = list(commands())


def page(path: tuple[str, ...]) -> str:
    done = CliRunner().invoke(
        main, [*path, "--help"], prog_name="querysafe", terminal_width=80, env={"COLUMNS": "80"}
    )
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_help_is_the_one_that_was_looked_at(path: tuple[str, ...]) -> None:
    from tests.golden import assert_golden

    assert_golden(GOLDEN / f"help{''.join(f'-{name}' for name in path)}.txt", page(path))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_help_ends_with_exit_statuses_and_examples(path: tuple[str, ...]) -> None:
    if path == ("config",):
        pytest.skip("a group: its commands tell")
    text = page(path)
    statuses, examples = text.index("Exit status:"), text.index("Examples:")
    assert text.index("Options:") < statuses < examples
    assert re.search(r"^ +0  ", text[statuses:examples], re.MULTILINE)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_examples_name_only_what_exists(path: tuple[str, ...]) -> None:
    text = page(path)
    examples = re.sub(r" \\\n +", " ", text[text.index("Example") :])
    ours = re.findall(r"\bquerysafe [^'>\n]+", examples)
    assert ours
    for line in ours:
        words = shlex.split(line)[1:]
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
        known = {name for option in command.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
