"""Docstrings as Markdown, and those of fields, which Python itself forgets."""

import ast
import inspect
import re
import textwrap
from typing import Any


def markdown(docstring: str | None) -> str:
    """Turn the little reStructuredText that we use into Markdown."""
    text = inspect.cleandoc(docstring or "")
    text = re.sub(r":[a-z]+:`~?([^`]+)`", lambda found: f"`{found[1].rpartition('.')[2]}`", text)
    return text.replace("``", "`")


def fields(sort: type[Any]) -> dict[str, str]:
    """The text below each field of a dataclass, or each member of an enumeration."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(sort)))
    found: dict[str, str] = {}
    name = ""
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            found[name] = " ".join(markdown(str(node.value.value)).split())
            name = ""
        else:
            name = ""
    return found
