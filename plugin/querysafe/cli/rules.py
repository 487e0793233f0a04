"""``querysafe rules``: what is judged, and how a finding is cured."""

import json
import os
import shutil
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from querysafe import analysis
from querysafe.advice.revision.lint.registry import RULES as REVISION_RULES
from querysafe.analysis.registry import RULES as TEST_RULES
from querysafe.errors import SettingsError
from querysafe.finding import Rule
from querysafe.report import rules as rendering

RULES: tuple[Rule, ...] = (*TEST_RULES, *REVISION_RULES)
"""Those that judge tests, and those that judge revisions."""
_BY_NAME = {name: each for each in RULES for name in (each.id, each.name)}
_EPILOG = """\b
Exit status:
  0  the rules were written
  2  there is no such rule

\b
Examples:
  querysafe rules
  querysafe rules QS101
  querysafe rules n-plus-one --format markdown
  querysafe rules --format json
"""


@click.command(epilog=_EPILOG)
@click.argument("rule", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to write it.",
)
def rules(rule: str | None, form: str) -> None:
    """List the rules, or explain one: when it is reported, what it costs, what cures it.

    RULE is an id (QS101) or a name (n-plus-one).
    """
    width = max(80, shutil.get_terminal_size(fallback=(100, 24)).columns)
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    if rule is None:
        if form == "json":
            click.echo(json.dumps([rendering.to_json(each) for each in RULES], indent=2))
        elif form == "markdown":
            click.echo(rendering.list_markdown(RULES), nl=False)
        else:
            click.echo(rendering.list_text(RULES, width=width, color=color), nl=False)
        return
    explained = explain(rule_named(rule))
    if form == "json":
        click.echo(json.dumps(rendering.explained_to_json(explained), indent=2))
    elif form == "markdown":
        click.echo(rendering.explained_markdown(explained), nl=False)
    else:
        click.echo(rendering.explained_text(explained, width=width, color=color), nl=False)


def rule_named(name: str) -> Rule:
    """Find a rule by its id (``QS101``) or its name (``n-plus-one``).

    Raises :class:`SettingsError` for any other name.
    """
    found = _BY_NAME.get(name.upper()) or _BY_NAME.get(name.lower())
    if found is None:
        raise SettingsError(
            f'there is no rule "{name}"',
            hint=f"the rules are {', '.join(each.id for each in RULES)}; see `querysafe rules`",
        )
    return found


def explain(rule: Rule) -> rendering.Explained:
    """Read the examples of a rule."""
    bad, good = (
        rendering.read_example((examples() / rule.id / f"{name}.py").read_text(encoding="utf-8"))
        for name in ("bad", "good")
    )
    return rendering.Explained(rule=rule, bad=bad, good=good)


def examples() -> Traversable:
    """Where the examples are: in the package, or in ``docs/rules`` of a checkout."""
    packaged = files("querysafe") / "examples"
    if packaged.is_dir():
        return packaged
    return Path(str(analysis.__file__)).parents[3] / "docs" / "rules"
