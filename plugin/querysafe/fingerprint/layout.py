"""A reduced token tree as text, its aliases numbered by order of appearance."""

import re
from collections.abc import Iterator, Sequence

from querysafe.fingerprint.lexer import is_name
from querysafe.fingerprint.reducing import Node

_NUMBERED = re.compile(r"(.*\D)_\d+", re.DOTALL)
_TIGHT_BEFORE = frozenset({",", ")", "]", ";"})
_TIGHT_AFTER = frozenset({"(", "["})


def render(nodes: Sequence[Node]) -> str:
    """Write the tree with one spacing for all."""
    names = _renamed(nodes)
    parts: list[str] = []
    last = "("
    for token in _flat(nodes, names):
        calls = token == "(" and is_name(last)
        tight = calls or token in _TIGHT_BEFORE or last in _TIGHT_AFTER
        parts.append(token if tight else f" {token}")
        last = token
    return "".join(parts).strip()


def _flat(nodes: Sequence[Node], names: dict[str, str]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield _rename(node, names) if names else node
        elif isinstance(node, list):
            yield "("
            yield from _flat(node, names)
            yield ")"
        else:
            for number, table in enumerate(sorted(_rename(table, names) for table in node)):
                if number:
                    yield ","
                yield f"{table}.*"


def _rename(token: str, names: dict[str, str]) -> str:
    first, dot, rest = token.partition(".")
    return f"{names.get(first, first)}{dot}{rest}"


def _renamed(nodes: Sequence[Node]) -> dict[str, str]:
    """Map each numbered alias (``orders_7``) to its number in order of declaration."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for alias in _declared(nodes):
        match = _NUMBERED.fullmatch(alias)
        if match and alias not in names:
            base = match.group(1)
            counts[base] = counts.get(base, 0) + 1
            names[alias] = f"{base}_{counts[base]}"
    return names


def _declared(nodes: Sequence[Node]) -> Iterator[str]:
    """Find the names given with ``AS``: tables' aliases, and common table expressions."""
    for index, node in enumerate(nodes):
        if isinstance(node, list):
            yield from _declared(node)
        if node != "AS":
            continue
        after = nodes[index + 1] if index + 1 < len(nodes) else None
        if isinstance(after, str) and is_name(after):
            yield after
        elif index and (isinstance(after, list) or after in ("MATERIALIZED", "NOT")):
            before = nodes[index - 1]
            if isinstance(before, list) and index > 1:
                before = nodes[index - 2]
            if isinstance(before, str) and is_name(before):
                yield before
