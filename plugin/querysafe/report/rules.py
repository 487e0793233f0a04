"""The rules explained: a list, or one of them with its examples, as text, JSON or Markdown."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from querysafe.finding import Rule, Severity
from querysafe.report.console import terminal

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold"}
_PARTS = (("condition", "When"), ("effect", "Why it matters"), ("cure", "Cure"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A test module that shows a rule's mistake, or its cure."""

    title: str
    """Its docstring: one sentence."""
    options: str
    """What pytest needs to see it: ``--querysafe-grow``; "" mostly."""
    code: str
    """The module without docstring and options; ``# QSnnn`` ends the line of the finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A rule with its two examples."""

    rule: Rule
    bad: Example
    good: Example


def read_example(source: str) -> Example:
    """Part a module into docstring, options and code.

    The options are those of a line ``# pytest --option``. Raises :class:`ValueError` for a
    module that does not begin with a docstring of one line.
    """
    first, _, rest = source.partition("\n")
    title = first.removeprefix('"""').removesuffix('"""')
    if len(title) != len(first) - 6:
        raise ValueError("an example begins with a docstring of one line")
    rest = rest.strip("\n")
    options = ""
    if rest.startswith("# pytest "):
        line, _, rest = rest.partition("\n")
        options = line.removeprefix("# pytest ").strip()
    return Example(title=title, options=options, code=rest.strip("\n") + "\n")


def to_json(rule: Rule) -> dict[str, Any]:
    """Render a rule without its examples."""
    return {
        "id": rule.id,
        "name": rule.name,
        "severity": rule.severity.value,
        "summary": rule.summary,
        "condition": rule.condition,
        "effect": rule.effect,
        "cure": rule.cure,
    }


def explained_to_json(explained: Explained) -> dict[str, Any]:
    """Render a rule with its examples."""
    examples = {
        name: {"title": example.title, "options": example.options, "code": example.code}
        for name, example in (("bad", explained.bad), ("good", explained.good))
    }
    return to_json(explained.rule) | {"examples": examples}


def list_text(rules: Sequence[Rule], *, width: int, color: bool) -> str:
    """Render a table with one line a rule."""
    console, out = terminal(width, color=color, wraps=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for rule in rules:
        style = _STYLES[rule.severity]
        table.add_row(Text(rule.id, style), rule.name, rule.severity.value, rule.summary)
    console.print(table)
    console.print("\nOne of them with examples: querysafe rules QS101")
    return _without_trailing_spaces(out.getvalue())


def explained_text(explained: Explained, *, width: int, color: bool) -> str:
    """Render one rule for a terminal."""
    rule = explained.rule
    console, out = terminal(width, color=color, wraps=True)
    head = Text(f"{rule.id} {rule.name}", style=_STYLES[rule.severity])
    console.print(head.append(f"  {rule.summary}", style="bold"))
    console.print(Text(f"{rule.severity.value}: {_meaning(rule)}", style="dim"))
    for field, title in _PARTS:
        console.print(Text(f"\n{title}", style="bold"))
        wrapped = textwrap.fill(getattr(rule, field), width=min(width, 90) - 2)
        console.print(Text(textwrap.indent(wrapped, "  ")))
    for title, example in (("Bad", explained.bad), ("Good", explained.good)):
        console.print(Text(f"\n{title}", style="bold").append(f"  {example.title}", "not bold"))
        if example.options:
            console.print(Text(f"  seen with: pytest {example.options}", style="dim"))
        code = textwrap.indent(example.code.rstrip("\n"), "  ")
        if color:
            console.print(Syntax(code, "python", theme="ansi_dark", background_color="default"))
        else:
            console.print(Text(code))
    console.print(Text(f"\nAccept one:  {_accepting(rule)}\nJudge without: {_without(rule)}"))
    return _without_trailing_spaces(out.getvalue())


def list_markdown(rules: Iterable[Rule]) -> str:
    """Render a table with one line a rule."""
    lines = ["| rule | name | severity | what is wrong |", "| --- | --- | --- | --- |"]
    for rule in rules:
        lines.append(f"| {rule.id} | `{rule.name}` | {rule.severity.value} | {rule.summary} |")
    return "\n".join(lines) + "\n"


def explained_markdown(explained: Explained) -> str:
    """Render one rule as its page of the documentation."""
    rule = explained.rule
    parts = [
        f"# {rule.id} {rule.name}: {rule.summary}",
        f"Severity: **{rule.severity.value}** ({_meaning(rule)}).",
    ]
    for field, title in _PARTS:
        parts += [f"## {title}", getattr(rule, field)]
    for title, name in (("Bad", "bad"), ("Good", "good")):
        example: Example = getattr(explained, name)
        parts += [f"## {title}", example.title]
        if of_revisions(rule) and name == "bad":
            parts.append("Seen with `querysafe advise lint-revisions`.")
        if example.options:
            parts.append(f"Seen with `pytest {example.options}`.")
        if "from shop import" in example.code and name == "bad":
            parts.append("The models are those of [a small shop](shop.py).")
        parts.append(f"```python\n{example.code}```")
    parts += ["## Accept it", *_accepted(rule)]
    return "\n\n".join(parts) + "\n"


def _accepted(rule: Rule) -> list[str]:
    if of_revisions(rule):
        return [
            "In writing, at the end of the line or above it; without a reason it counts for nothing:",
            f"```python\n{_accepting(rule)}\n```",
            f"For a whole project: `{_without(rule)}`. A table that `[tool.querysafe.advice.rows]` "
            "declares small is not accused of what its size decides.",
        ]
    return [
        "For one test, in writing:",
        f"```python\n{_accepting(rule)}\n```",
        f'For a whole project: `{_without(rule)}`, or `ignore = ["{rule.id}"]` below '
        "`[tool.querysafe]`.",
    ]


def of_revisions(rule: Rule) -> bool:
    """Whether a rule judges revisions, not tests: ``querysafe advise lint-revisions`` does."""
    return rule.id.startswith("QS5")


def _meaning(rule: Rule) -> str:
    if of_revisions(rule):
        return {
            Severity.ERROR: "stops a running application, or the deployment",
            Severity.WARNING: "may stop a running application",
            Severity.NOTE: "worth knowing; never fails a run",
        }[rule.severity]
    return {
        Severity.ERROR: "costs a query for each row, or breaks a limit that was set",
        Severity.WARNING: "wasteful, but its cost does not follow the data",
        Severity.NOTE: "worth knowing; never fails a run",
    }[rule.severity]


def _accepting(rule: Rule) -> str:
    if of_revisions(rule):
        return f"# querysafe: allow {rule.id} why it is meant"
    return f'@pytest.mark.querysafe(allow=["{rule.id}"], reason="why it is meant")'


def _without(rule: Rule) -> str:
    if of_revisions(rule):
        return f"querysafe advise lint-revisions --ignore {rule.id}"
    return f"pytest --querysafe-ignore={rule.id}"


def _without_trailing_spaces(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
