"""What a project's metadata says, read inside the worker."""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Of an object in its ``repr``: another one in each process."""


def facts(context: Any, wanted: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The metadata's conventions and the tables asked for, by ``(schema, name)``."""
    import sqlalchemy as sa

    default = context.connection.execute(sa.text("SELECT current_schema()")).scalar()
    conventions: list[str] = []
    tables = []
    names = {tuple(each) for each in wanted}
    for metadata in _all_metadata(context):
        template = metadata.naming_convention.get("ix")
        if isinstance(template, str) and template != "ix_%(column_0_label)s":
            conventions.append(template)
        for table in metadata.tables.values():
            schema = table.schema or default
            if (schema, table.name) in names:
                tables.append(
                    {
                        "schema": schema,
                        "declared_schema": table.schema,
                        "name": table.name,
                        "keys": {column.name: column.key for column in table.columns},
                        "indexes": [_definition(context, index) for index in table.indexes],
                        "place": _place(table),
                    }
                )
    options = context.opts
    arguments = options.get("template_args") or {}
    return {
        "default_schema": default,
        "has_metadata": bool(_all_metadata(context)),
        "naming": conventions[0] if conventions else None,
        "tables": tables,
        "template_args": {
            name: value for name, value in arguments.items() if isinstance(value, str | bool | int)
        },
    }


def create_tables(context: Any) -> None:
    """Create every table of the metadata, and no index of theirs."""
    import sqlalchemy as sa

    for metadata in _all_metadata(context):
        for schema in sorted({table.schema for table in metadata.tables.values()} - {None}):
            context.connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        kept = {table: set(table.indexes) for table in metadata.tables.values()}
        for table in kept:
            table.indexes.clear()
        metadata.create_all(context.connection)
        for table, indexes in kept.items():
            table.indexes.update(indexes)
    context.connection.commit()


def differences(context: Any) -> list[str]:
    """Every difference between database and models, as ``alembic check`` sees it, sorted."""
    from alembic.autogenerate import compare_metadata

    metadata = context.opts.get("target_metadata")
    if metadata is None:
        return []
    return sorted(line for each in compare_metadata(context, metadata) for line in _lines(each))


def _lines(difference: Any) -> Iterator[str]:
    if isinstance(difference, list):
        for each in difference:
            yield from _lines(each)
        return
    sort, *parts = difference
    words = []
    for part in parts:
        name = getattr(part, "name", None)
        table = getattr(part, "table", None)
        columns = getattr(part, "column_keys", None)
        if name is not None and table is not None:
            words.append(f"{table}.{name}")
        elif name is None and table is not None and columns is not None:
            words.append(f"{table}.({', '.join(map(str, columns))})")
        else:
            words.append(_ADDRESS.sub("", str(name if name is not None else part)))
    yield " ".join([sort, *words])


def _all_metadata(context: Any) -> list[Any]:
    given = context.opts.get("target_metadata")
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _definition(context: Any, index: Any) -> dict[str, Any]:
    """An index of the models: its name, and the SQL that creates it."""
    from sqlalchemy.exc import CompileError
    from sqlalchemy.schema import CreateIndex

    try:
        sql = str(CreateIndex(index).compile(dialect=context.dialect))
    except CompileError:
        sql = ""
    name = str(context.dialect.identifier_preparer.format_index(index)) if index.name else ""
    return {"name": name.strip('"'), "sql": sql}


def _place(table: Any) -> dict[str, Any] | None:
    """Where a table is declared: a class, or a name that a ``Table(...)`` is bound to.

    A class without ``__tablename__`` was mapped to a table that is made elsewhere, if that is found.
    """
    classes: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py") or "site-packages" in Path(file).parts:
            continue
        path = Path(file).resolve()
        for name, value in list(vars(module).items()):
            if inspect.isclass(value) and value.__dict__.get("__table__") is table:
                if value.__module__ != module.__name__:
                    continue
                found = {
                    "sort": "class",
                    "file": str(path),
                    "name": value.__qualname__,
                    "inherited": _inherited(value),
                    "options": _ends_in_options(value),
                }
                if getattr(value, "__tablename__", None) is not None:
                    return found
                classes.append(found)
            elif value is table and name.isidentifier():
                found = {"sort": "table", "file": str(path), "name": name}
                names.append({**found, "inherited": None, "options": False})
    made = [each for each in names if _is_made(each)]
    return next(iter([*made, *classes, *names]), None)


def _is_made(place: dict[str, Any]) -> bool:
    """Whether a module calls ``Table`` for a name, rather than importing it."""
    try:
        source = Path(place["file"]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    pattern = rf"^{re.escape(place['name'])}\b[^=\n]*=\s*[\w.]*\bTable\("
    return re.search(pattern, source, re.MULTILINE) is not None


def _ends_in_options(model: Any) -> bool:
    """Whether ``__table_args__`` is a dictionary, or a tuple with one at its end."""
    given = getattr(model, "__table_args__", None)
    if isinstance(given, tuple) and given:
        given = given[-1]
    return isinstance(given, dict)


def _inherited(model: Any) -> dict[str, Any] | str | None:
    """``__table_args__`` that a class has from a base: a plain dictionary, or "other"."""
    for base in model.__mro__[1:]:
        if "__table_args__" in base.__dict__:
            given = base.__dict__["__table_args__"]
            if isinstance(given, dict) and all(
                isinstance(value, str | bool | int | None) for value in given.values()
            ):
                return dict(given)
            return None if given in ((), {}) else "other"
    return None
