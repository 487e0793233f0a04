"""An index of a partitioned table, which cannot be built concurrently at once.

The parent's index is made ON ONLY the parent, each partition's is built concurrently and
attached; with the last one the parent's becomes valid:
https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE.
The partitions are looked up when the revision runs: production has others than a test database.
"""

import textwrap

from querysafe.advice.index import Index, Table
from querysafe.advice.revision.spelling import escaped, identifier, literal, plain
from querysafe.advice.revision.work import New, Partition

_CHILDREN = """\
    SELECT
        CAST(c.oid AS regclass), c.relkind = 'p', own.name, own.schema,
        EXISTS (
            SELECT FROM pg_index WHERE NOT indisvalid
            AND indexrelid = to_regclass(own.schema || '.' || own.name)
        )
    FROM pg_inherits h
    JOIN pg_class c ON c.oid = h.inhrelid AND c.relkind IN ('r', 'p')
    CROSS JOIN LATERAL (
        SELECT quote_ident(CAST(left(c.relname, 40) || '_'
            || left(md5({root} || c.relname), 8) AS name)),
            CAST(CAST(c.relnamespace AS regnamespace) AS text)
    ) AS own (name, schema)
    WHERE h.inhparent = to_regclass(:parent) AND NOT EXISTS (
        SELECT FROM pg_inherits a JOIN pg_index x ON x.indexrelid = a.inhrelid
        WHERE a.inhparent = to_regclass(:index) AND x.indrelid = c.oid
    )
    ORDER BY c.oid
"""


def created(new: New, *, table: str, schema: str | None, short: str) -> str:
    """Code that creates the index, partition by partition."""
    index = new.index
    unique = "UNIQUE " if index.unique else ""
    root = "'" + new.name.replace("'", "''") + "'"
    name = identifier(new.name)
    qualified = name if schema is None else f"{identifier(schema)}.{name}"
    query = textwrap.indent(_CHILDREN.format(root=root).replace("\\", "\\\\"), " " * 12)
    known = _known(new, table=table, index=qualified)
    return f'''\
# {table} is partitioned: its index is put together from those of its
# partitions, which are built one by one.
definition = {literal(escaped(_definition(index)))}
# What --sql writes, which cannot look; an upgrade looks for the partitions there are.
known = {known}

def build(parent: str, parent_index: str) -> None:
    children = known.get(parent, [])
    if not context.as_sql:
        query = sa.text(
            """
{query}            """
        )
        found = op.get_bind().execute(query, {{"parent": parent, "index": parent_index}})
        children = [tuple(child) for child in found]
    for child, is_partitioned, name, schema, is_invalid in children:
        index = f"{{schema}}.{{name}}"
        if is_partitioned:
            op.execute("SET lock_timeout = '{short}'")
            op.execute(f"CREATE {unique}INDEX IF NOT EXISTS {{name}} ON ONLY {{child}} {{definition}}")
            op.execute("SET lock_timeout = 0")
            build(child, index)
        else:
            if is_invalid:
                op.execute(f"DROP INDEX CONCURRENTLY {{index}}")
            op.execute(
                f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {{name}} ON {{child}} {{definition}}"
            )
        op.execute("SET lock_timeout = '{short}'")
        op.execute(f"ALTER INDEX {{parent_index}} ATTACH PARTITION {{index}}")
        op.execute("SET lock_timeout = 0")

op.execute("SET lock_timeout = '{short}'")
op.execute({literal(f"CREATE {unique}INDEX IF NOT EXISTS {name} ON ONLY {table} ")} + definition)
op.execute("SET lock_timeout = 0")
build({literal(table)}, {literal(qualified)})
'''


def dropped(qualified: str, *, short: str) -> str:
    """Code that drops it: PostgreSQL does that at once only, under a lock of the whole table."""
    return (
        f"# Not possible concurrently for a partitioned table; quick, once it has its lock.\n"
        f"op.execute(\"SET lock_timeout = '{short}'\")\n"
        f"op.execute({literal(f'DROP INDEX IF EXISTS {qualified}')})\n"
        f'op.execute("SET lock_timeout = 0")'
    )


def _definition(index: Index) -> str:
    """What follows the table in ``CREATE INDEX``."""
    text = index.definition().removeprefix(f"ON {index.table} ")
    return plain(text)


def _known(new: New, *, table: str, index: str) -> str:
    """A literal of the partitions as the code above expects them."""
    found: dict[str, list[tuple[str, bool, str, str, bool]]] = {}
    _collect(new, table, new.partitions or (), found)
    if not found:
        return "{}"
    lines = ["{"]
    for parent, children in found.items():
        lines.append(f"    {literal(parent)}: [")
        lines += [
            f"        ({literal(child)}, {is_parent}, {literal(name)}, {literal(schema)}, False),"
            for child, is_parent, name, schema, _ in children
        ]
        lines.append("    ],")
    return "\n".join([*lines, "}"])


def _collect(
    new: New,
    parent: str,
    partitions: tuple[Partition, ...],
    found: dict[str, list[tuple[str, bool, str, str, bool]]],
) -> None:
    children = found.setdefault(parent, [])
    for each in partitions:
        shown = f"{identifier(each.table.schema)}.{identifier(each.table.name)}"
        name = identifier(child_name(new.name, each.table))
        schema = identifier(each.table.schema)
        children.append((shown, each.partitions is not None, name, schema, False))
        if each.partitions is not None:
            _collect(new, shown, each.partitions, found)


def child_name(index_name: str, table: Table) -> str:
    """The name of a partition's index, as the query of the revision makes it."""
    import hashlib

    digest = hashlib.md5((index_name + table.name).encode(), usedforsecurity=False).hexdigest()
    name = f"{table.name[:40]}_{digest[:8]}"
    return name.encode()[:63].decode(errors="ignore")
