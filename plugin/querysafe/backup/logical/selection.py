"""Choosing a part of an archive: what was named, what it needs, and what hangs on it.

``pg_restore --schema`` and ``--table`` leave out what the named objects need (types, functions,
sequences, the schema itself) and what belongs to them (indexes, constraints, triggers). The
archive's own table of contents knows the dependencies; here they are followed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from querysafe.backup.errors import RestoreRefused

_ENTRY = re.compile(r"(?P<id>\d+); \d+ \d+ (?P<rest>.*)")
_RELATIONS = ("TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE")
_NAMED = (*_RELATIONS, "SEQUENCE")
_ALWAYS = ("ENCODING", "STDSTRINGS", "SEARCHPATH")
_ATTACHED = (
    "TABLE DATA",
    "MATERIALIZED VIEW DATA",
    "SEQUENCE",
    "SEQUENCE SET",
    "SEQUENCE OWNED BY",
    "DEFAULT",
    "CONSTRAINT",
    "CHECK CONSTRAINT",
    "FK CONSTRAINT",
    "INDEX",
    "INDEX ATTACH",
    "TABLE ATTACH",
    "STATISTICS",
    "STATISTICS DATA",
    "TRIGGER",
    "RULE",
    "ROW SECURITY",
    "POLICY",
    "COMMENT",
    "ACL",
    "SECURITY LABEL",
)
"""What comes with a relation when every relation that it is about was chosen."""
_KINDS = sorted((*_RELATIONS, *_ALWAYS, *_ATTACHED, "SCHEMA", "EXTENSION"), key=len, reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of ``pg_restore --list --verbose``."""

    id: int
    kind: str
    """As the archive calls it; of a kind that is of no interest here, its first word."""
    named: str
    """Schema (``-`` for none), name and owner, with a space between them."""
    needs: tuple[int, ...] = ()


def read(listing: str) -> tuple[Entry, ...]:
    """The entries of an archive, in its order."""
    entries: list[Entry] = []
    for line in listing.splitlines():
        found = _ENTRY.match(line)
        if found:
            rest = found["rest"]
            kind = next(
                (each for each in _KINDS if rest.startswith(f"{each} ")), rest.partition(" ")[0]
            )
            named = rest.removeprefix(kind).strip()
            entries.append(Entry(id=int(found["id"]), kind=kind, named=named))
        elif line.startswith(";\tdepends on:") and entries:
            needs = tuple(map(int, line.partition(":")[2].split()))
            entries[-1] = replace(entries[-1], needs=needs)
    return tuple(entries)


def choose(
    entries: Sequence[Entry], schemas: Collection[str], tables: Collection[str]
) -> tuple[int, ...]:
    """The ids of what was named, what that needs and what hangs on it, in the archive's order.

    A table is ``name`` (of the schema ``public``) or ``schema.name``. Raises
    :class:`RestoreRefused` when the archive has none of that name.
    """
    by_id = {each.id: each for each in entries}
    chosen: set[int] = set()
    for schema in schemas:
        named = [each for each in entries if _is_in(each, schema)]
        if not named:
            raise RestoreRefused(f'the backup has no schema "{schema}", or nothing in it')
        roots = [each for each in named if each.kind not in _ATTACHED or each.kind == "SEQUENCE"]
        _add(chosen, (each.id for each in roots), by_id)
    for table in tables:
        named = [each for each in entries if _is_called(each, table)]
        if not named:
            raise RestoreRefused(
                f'the backup has no table "{table}"', hint="write schema.name, without quotes"
            )
        _add(chosen, (each.id for each in named), by_id)
    while more := [
        each for each in entries if each.id not in chosen and _hangs(each, chosen, by_id)
    ]:
        _add(chosen, (each.id for each in more), by_id)
    return tuple(each.id for each in entries if each.id in chosen or each.kind in _ALWAYS)


def _is_in(entry: Entry, schema: str) -> bool:
    if entry.kind == "SCHEMA":
        return entry.named.startswith(f"- {schema} ")
    return entry.named.startswith(f"{schema} ")


def _is_called(entry: Entry, table: str) -> bool:
    if entry.kind not in _NAMED:
        return False
    if entry.named.startswith(f"public {table} "):
        return True
    return any(entry.named.startswith(f"{table[:dot]} {table[dot + 1 :]} ") for dot in _dots(table))


def _dots(text: str) -> Iterator[int]:
    return (position for position, letter in enumerate(text) if letter == ".")


def _add(chosen: set[int], ids: Iterable[int], by_id: Mapping[int, Entry]) -> None:
    """Choose entries and all that they need."""
    waiting = list(ids)
    while waiting:
        id = waiting.pop()
        if id in by_id and id not in chosen:
            chosen.add(id)
            waiting += by_id[id].needs


def _hangs(entry: Entry, chosen: set[int], by_id: Mapping[int, Entry]) -> bool:
    if entry.kind not in _ATTACHED:
        return False
    needs = [by_id[id] for id in entry.needs if id in by_id]
    relations = [each for each in needs if each.kind in _RELATIONS]
    if relations:
        return all(each.id in chosen for each in relations)
    return bool(needs) and all(each.id in chosen for each in needs)
