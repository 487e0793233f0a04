"""The page of what tests may use: the marker, the fixtures, the functions."""

import inspect
from collections.abc import Callable
from typing import Any

import querysafe
from querysafe import pytest_plugin
from querysafe.testing.marks import Marks
from tests.documentation.docstrings import markdown

FUNCTIONS = ("capture", "assert_max_queries", "assert_num_queries", "assert_constant", "ignore")
ARGUMENTS = {
    "max_queries": "Budget of round trips of the test's call phase; more is QS301.",
    "max_seconds": "Budget of seconds in the database of the call phase; more is QS302.",
    "allow": "Findings that are meant, one pattern or a list: a rule (`QS101`, `n-plus-one`), a "
    "label (`Order.lines`), both (`QS101 Order.lines`), or the call site's path "
    "(`app/legacy/*`).",
    "reason": "Why; shown beside what is suppressed.",
    "threshold": "So many repetitions make a finding in this test.",
}


def fixtures() -> dict[str, Callable[..., Any]]:
    """The plugin's fixtures by name."""
    found = {}
    for name in pytest_plugin.__all__:
        if not name.startswith("pytest_"):
            found[name] = inspect.unwrap(getattr(pytest_plugin, name).__wrapped__)
    return found


def page() -> str:
    """Everything that a test may use."""
    marker = ["| argument | default | meaning |", "| --- | --- | --- |"]
    signature = inspect.signature(Marks)
    for name, text in ARGUMENTS.items():
        default = signature.parameters[name].default if name in signature.parameters else ""
        marker.append(f"| `{name}` | `{default!r}` | {text} |")
    parts = [
        "# In tests",
        "## The marker",
        "```python\n"
        "import pytest\n\n\n"
        '@pytest.mark.querysafe(max_queries=3, allow=["QS201"], reason="the second read is the '
        'point")\n'
        "def test_order() -> None: ...\n"
        "```",
        "The nearest marker wins: the test's, its class's, the module's (`pytestmark`); what they "
        "allow adds up. An argument that does not exist fails the test in mode "
        "`check` and is named in the report otherwise.",
        "\n".join(marker),
        "## Fixtures",
    ]
    for name, function in fixtures().items():
        parts += [f"### `{name}`", markdown(function.__doc__)]
    parts += [
        "## Functions",
        "Each is an attribute of `querysafe` and a method of the fixture of that name. They work "
        "without the fixture, and `capture` works without pytest.",
    ]
    for name in FUNCTIONS:
        function = getattr(querysafe, name)
        parts += [f"### `querysafe.{name}`", f"```text\n{name}{_signature(function)}\n```"]
        parts.append(markdown(function.__doc__))
    return "\n\n".join(parts)


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    plain = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))
