"""Which file declares which table, and what its text becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.revision.models.editing import CannotEdit, Declaration, declare
from querysafe.advice.revision.spelling import model_index
from querysafe.advice.revision.work import New, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """One file of models."""

    path: Path
    before: str
    after: str


def edit_models(work: Work, facts: Mapping[str, Any]) -> tuple[tuple[Edited, ...], tuple[str, ...]]:
    """The edited files, and for each table that is not edited safely what to paste where.

    Nothing is written. Indexes that the models declare already are passed over.
    """
    tables = {Table(each["schema"], each["name"]): each for each in facts["tables"]}
    by_table: dict[Table, list[New]] = {}
    for new in work.creates:
        if not new.is_modelled:
            by_table.setdefault(new.index.table, []).append(new)
    before: dict[Path, str] = {}
    after: dict[Path, str] = {}
    paste: list[str] = []
    for table, news in by_table.items():
        known = tables.get(table)
        place = known["place"] if known else None
        keys = known["keys"] if known else {}
        indexes = [(new.name, _keyed(new.index, keys)) for new in news]
        if place is None:
            paste += [_line(f"the model of {table.name}", name, each) for name, each in indexes]
            continue
        path = Path(place["file"])
        try:
            if path not in before:
                before[path] = after[path] = _read(path)
            after[path] = declare(
                after[path],
                Declaration(
                    sort=place["sort"],
                    name=place["name"],
                    inherited=place["inherited"],
                    options=place["options"],
                ),
                indexes,
            )
        except CannotEdit as error:
            where = f'"{place["name"]}" in {path.name} ({error})'
            paste += [_line(where, name, each) for name, each in indexes]
    edits = tuple(
        Edited(path=path, before=before[path], after=after[path])
        for path in before
        if before[path] != after[path]
    )
    return edits, tuple(paste)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotEdit(f"it cannot be read: {error}") from None


def _line(where: str, name: str, index: Index) -> str:
    return f"paste into {where}: {' '.join(model_index(index, name, indent=-1000).split())}"


def _keyed(index: Index, keys: Mapping[str, str]) -> Index:
    """The index over the keys under which the table knows its columns: ``Column(key=...)``."""
    from dataclasses import replace

    changed: list[Key] = []
    for key in index.keys:
        other = keys.get(key.column, key.column)
        is_ordered = key.descending or key.nulls_first is not None
        changed.append(key if is_ordered or not key.column else replace(key, column=other))
    include = tuple(keys.get(column, column) for column in index.include)
    return replace(index, keys=tuple(changed), include=include)
