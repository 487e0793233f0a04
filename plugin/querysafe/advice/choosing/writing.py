"""What each index costs the statements that write its table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from querysafe.advice.candidates.plans import nodes
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.index import Index, Table
from querysafe.fingerprint.pieces import pieces

_ENTRY = {"btree": 5.0, "gist": 12.0, "gin": 40.0, "brin": 0.1, "hash": 5.0}
"""Planner units for one entry. A B-tree entry is a descent of cached pages, a write to one leaf
and its WAL: five to ten microseconds, where a sequential page costs about two."""
_NOT_HOT = 0.15
"""Share of updates that change no indexed column and write index entries none the less,
because their page has no room for the new row."""
_SET = re.compile(r"\b(?:SET)\b", re.IGNORECASE)
_ASSIGNED = re.compile(
    r'(?:^|,)\s*\(?\s*(?:"((?:[^"]|"")+)"|([a-z_][\w$]*))\s*(?=[=,)])', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Write:
    """One table that a statement writes."""

    table: Table
    operation: str
    """``Insert``, ``Update``, ``Delete`` or ``Merge``."""
    rows: float
    """Rows a call, as the planner expects them."""
    columns: frozenset[str]
    """Columns that an UPDATE sets, as far as its text tells."""


def writes(subject: Subject) -> tuple[Write, ...]:
    """What a statement writes, from its plan and text."""
    found: list[Write] = []
    for node, _ in nodes(subject.plans[0].root):
        if node.get("Node Type") != "ModifyTable":
            continue
        rows = sum(float(child.get("Plan Rows", 1)) for child in node.get("Plans", ()))
        operation = str(node.get("Operation", ""))
        table = Table(str(node.get("Schema", "public")), str(node.get("Relation Name", "")))
        updates = operation in ("Update", "Merge") or "Conflict Resolution" in node
        columns = assigned(subject.statement.sql) if updates else frozenset()
        found.append(Write(table, operation, max(1.0, rows), columns))
    return tuple(found)


def assigned(sql: str) -> frozenset[str]:
    """The columns that ``SET a = …, b = …`` names, wherever it stands in a statement."""
    code = "".join(
        "''" if each.kind == "quoted" and not each.text.startswith('"') else
        " " if each.kind == "comment" else each.text
        for each in pieces(sql)
    )  # fmt: skip
    found: set[str] = set()
    for start in _SET.finditer(code):
        for quoted, plain in _ASSIGNED.findall(_flat(code[start.end() :])):
            found.add(quoted.replace('""', '"') if quoted else plain.lower())
    return frozenset(found)


def _flat(code: str) -> str:
    """The text up to WHERE, FROM or RETURNING of the same level, without what parentheses hold."""
    depth = 0
    kept: list[str] = []
    for word in re.findall(r'"(?:[^"]|"")*"|\w+|\W', code):
        if word == ")" and depth == 0:
            break
        if depth == 0 and word.upper() in ("WHERE", "FROM", "RETURNING"):
            break
        if word == "(":
            depth += 1
        if depth == 0:
            kept.append(word)
        if word == ")":
            depth -= 1
    return "".join(kept)


def mentioned(index: Index) -> frozenset[str]:
    """Columns whose change makes an index write a new entry."""
    names = {key.column for key in index.keys if key.column} | set(index.include)
    texts = [key.expression for key in index.keys if key.expression] + [index.where]
    for text in texts:
        names.update(name.replace('""', '"') for name in re.findall(r'"((?:[^"]|"")+)"', text))
    return frozenset(names)


def entry_cost(index: Index, made: Iterable[Write], share: float = 1.0) -> float:
    """What one call of a statement with these writes costs an index, in planner units.

    ``share`` is the part of the table's rows that a partial index holds.
    """
    entry = _ENTRY.get(index.method, 10.0) * (share if index.where else 1.0)
    total = 0.0
    for write in made:
        if write.table != index.table or write.operation == "Delete":
            continue  # VACUUM removes entries later, many at once
        untouched = write.operation != "Insert" and write.columns.isdisjoint(mentioned(index))
        hot = untouched and write.columns
        total += entry * write.rows * (_NOT_HOT if hot else 1.0)
    return total
