"""What a rule of revisions finds, and how it is written in words and code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from querysafe.advice.revision.lint.change import Change, Revision, Surroundings

_UNKNOWN = re.compile(r"[{%…]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One breach of a rule by one change."""

    change: Change
    message: str
    cure: str = ""
    """The safe form as code, or "" when only words help."""
    advice: str = ""


class Finder(Protocol):
    """The function ``find`` of each rule."""

    def __call__(self, revision: Revision, around: Surroundings) -> Iterator[Breach]:
        """Report the breaches in one revision."""


def called(change: Change) -> str:
    """What to call it in a message: ``"ix_orders_status"``; its columns where it has no name that
    is known, ``(status)``; or nothing.
    """
    if change.name and not _UNKNOWN.search(change.name):
        return f'"{change.name}"'
    return f"({', '.join(change.columns)})" if change.columns else ""


def on(change: Change) -> str:
    """`` of "orders"``, or nothing when the table is not known."""
    known = change.table and not _UNKNOWN.search(change.table)
    return f' of "{change.table}"' if known else ""


def table(change: Change) -> str:
    """The table for code; ``table`` when the text does not tell."""
    return change.table if change.table and not _UNKNOWN.search(change.table) else "table"


def name(change: Change, otherwise: str) -> str:
    """The name for code."""
    return change.name if change.name and not _UNKNOWN.search(change.name) else otherwise


def with_keyword(change: Change, *keywords: str) -> str:
    """The call with keyword arguments added, as it would be written."""
    source = change.source.rstrip()
    inner = source[:-1].rstrip()
    separator = "" if inner.endswith(("(", ",")) else ","
    if "\n" in source:
        last = inner.splitlines()[-1]
        indent = last[: len(last) - len(last.lstrip())]
        added = "".join(f"\n{indent}{each}," for each in keywords)
        closing = source.splitlines()[-1]
        return f"{inner}{separator}{added}\n{closing}"
    return f"{inner}{separator} {', '.join(keywords)})"


def dedented(code: str) -> str:
    """The lines of a call that goes over several, as if it began at the margin."""
    lines = code.splitlines()
    rest = [line for line in lines[1:] if line.strip()]
    if not rest:
        return code
    margin = len(rest[-1]) - len(rest[-1].lstrip())
    return "\n".join([lines[0], *(line[margin:] for line in lines[1:])])


def autocommit(*lines: str) -> str:
    """Code that runs outside the transaction."""
    body = "\n".join("    " + line for each in lines for line in each.splitlines())
    return f"with op.get_context().autocommit_block():\n{body}"


def executed(statement: str) -> str:
    """``op.execute("...")``."""
    text = " ".join(statement.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'op.execute("{text}")'


def concurrent(statement: str) -> str:
    """A ``CREATE``, ``DROP`` or ``REINDEX`` with ``CONCURRENTLY``."""
    return re.sub(r"(?i)\b(INDEX|TABLE)\b", r"\1 CONCURRENTLY", statement, count=1)
