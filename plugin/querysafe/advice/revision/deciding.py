"""Which indexes a revision creates and drops, under which names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from querysafe.advice.advice import Advice, Advised
from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Existing
from querysafe.advice.revision import catalog as catalogs
from querysafe.advice.revision.catalog import Catalog
from querysafe.advice.revision.errors import RevisionError
from querysafe.advice.revision.naming import conventional, shortened, unlike
from querysafe.advice.revision.work import New, Work

REMOVABLE = ("redundant", "duplicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The work, and what is told about it."""

    work: Work
    forms: Mapping[str, str]
    """Name of a new index to its normal form: see :func:`catalog.normal_form`."""
    notes: tuple[str, ...]


def decide(
    advice: Advice,
    facts: Mapping[str, Any],
    catalog: Catalog,
    connection: Any,
    *,
    drop_redundant: bool = False,
) -> Decided:
    """Turn an advice into work, in the light of the project's metadata and database.

    Raises :class:`RevisionError` when the advice is on a table that the migrations do not
    make, or on an index that the server refuses.
    """
    notes: list[str] = []
    forms: dict[str, str] = {}
    creates: list[New] = []
    taken = {schema: set(names) for schema, names in catalog.names.items()}
    for advised in advice.indexes:
        new, form = _new(advised, facts, catalog, connection, taken, notes)
        if new is not None:
            creates.append(new)
            forms[new.name] = form
            taken[new.index.table.schema].add(new.name)
    drops = tuple(_drops(advice, catalog, notes)) if drop_redundant else ()
    work = Work(
        creates=tuple(creates),
        drops=drops,
        default_schema=str(facts["default_schema"] or "public"),
        schemas={
            Table(each["schema"], each["name"]): each["declared_schema"] for each in facts["tables"]
        },
    )
    if not creates and not drops:
        raise RevisionError(
            "there is nothing to write: " + ("; ".join(notes) or "no index is advised")
        )
    return Decided(work=work, forms=forms, notes=tuple(notes))


def _new(
    advised: Advised,
    facts: Mapping[str, Any],
    catalog: Catalog,
    connection: Any,
    taken: Mapping[str, set[str]],
    notes: list[str],
) -> tuple[New | None, str]:
    index = advised.index
    table = index.table
    if table not in catalog.tables:
        raise RevisionError(
            f'the advice is for the table "{table.schema}.{table.name}", '
            "which the project's migrations do not make",
            hint="advise on the database of this project, or name the right --project",
        )
    if advised.distinct and _is_unique_in_models(connection, index, facts):
        index = replace(index, unique=True)
    form, index = _normal(connection, index)
    there = catalogs.equivalent(catalog, table.schema, form)
    if there:
        notes.append(f'"{there[0]}" of the migrations is the same index as "{advised.name}"')
        return None, form
    modelled = _modelled(connection, index, form, facts)
    template = facts["naming"]
    name = modelled or (conventional(index, template) if template else None)
    is_conventional = modelled is None and name is not None
    final = unlike(name or advised.name, taken[table.schema])
    if shortened(name or advised.name) != final:
        notes.append(f'the name "{name or advised.name}" is taken: the new index is "{final}"')
        modelled = None
    new = New(
        name=final,
        index=index,
        advised=advised,
        partitions=catalog.partitions(table),
        is_conventional=is_conventional,
        is_modelled=modelled is not None,
    )
    return new, form


def _is_unique_in_models(connection: Any, index: Index, facts: Mapping[str, Any]) -> bool:
    """Whether the models declare the index as unique; that no value repeats is known."""
    form, _ = _normal(connection, replace(index, unique=True))
    return _modelled(connection, index, form, facts) is not None


def _normal(connection: Any, index: Index) -> tuple[str, Index]:
    import psycopg

    try:
        return catalogs.written(connection, index)
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise RevisionError(
            f"the throw-away server refuses an advised index: {said}: {index.create('…')}",
            hint="the migrations and the database advised on have to have the same tables",
        ) from None


def _modelled(connection: Any, index: Index, form: str, facts: Mapping[str, Any]) -> str | None:
    """The name of the same index in the models, which the database lacks so far."""
    import psycopg

    for table in facts["tables"]:
        if (table["schema"], table["name"]) != (index.table.schema, index.table.name):
            continue
        for each in table["indexes"]:
            try:
                found = catalogs.normal_form(connection, index, sql=each["sql"] or "SELECT")
            except (psycopg.Error, IndexError):
                continue
            if found == form and each["name"]:
                return str(each["name"])
    return None


def _drops(advice: Advice, catalog: Catalog, notes: list[str]) -> list[New]:
    found: dict[str, New] = {}
    for remark in advice.remarks:
        subject = remark.subject
        if remark.kind not in REMOVABLE or not isinstance(subject, Existing):
            continue
        if subject.constraint:
            notes.append(f'"{subject.name}" stands for a constraint, and stays')
        elif (subject.index.table.schema, subject.name) not in catalog.indexes:
            notes.append(f'"{subject.name}" is not of the project\'s migrations, and stays')
        elif any(key.collation for key in subject.index.keys):
            notes.append(f'"{subject.name}" has a collation of its own, and stays')
        elif catalog.tables.get(subject.index.table) == "p":
            notes.append(f'"{subject.name}" is of a partitioned table, and stays')
        else:
            found[subject.name] = New(name=subject.name, index=subject.index)
    return list(found.values())
