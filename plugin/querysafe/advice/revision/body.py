"""The bodies of ``upgrade()`` and ``downgrade()``.

Every statement can be run again after a failure half-way, and everything renders with
``alembic upgrade --sql``, too. Sources: https://www.postgresql.org/docs/current/sql-createindex.html
(building indexes concurrently; partitioned tables) and
https://alembic.sqlalchemy.org/en/latest/api/runtime.html (``autocommit_block``).
"""

import textwrap
from collections.abc import Iterable, Sequence

from querysafe.advice.index import Table
from querysafe.advice.revision import partitioned
from querysafe.advice.revision.spelling import create_index, drop_index, identifier, literal
from querysafe.advice.revision.work import New, Work

SHORT = "4s"
"""How long an ordinary statement may wait for a lock that others queue behind."""
_UNLIMITED = """\
# A concurrent build waits for older transactions and holds up nobody meanwhile.
# A limit would cut it off and leave an invalid index, which every write pays for.
op.execute(
    "SELECT set_config('querysafe.lock_timeout', current_setting('lock_timeout'), false),"
    " set_config('querysafe.statement_timeout', current_setting('statement_timeout'), false)"
)
op.execute("SET lock_timeout = 0")
op.execute("SET statement_timeout = 0")
"""
_RESTORED = """\
op.execute(
    "SELECT set_config('lock_timeout', current_setting('querysafe.lock_timeout'), false),"
    " set_config('statement_timeout', current_setting('querysafe.statement_timeout'), false)"
)
"""

_LEFTOVERS = '''\
# What an earlier attempt left invalid would satisfy IF NOT EXISTS: it goes first.
leftovers = """
    SELECT CAST(CAST(indexrelid AS regclass) AS text) AS name FROM pg_index
    WHERE NOT indisvalid AND indexrelid IN (WANTED
    )
"""
if context.as_sql:
    op.execute("SET lock_timeout = 'SHORT'")
    op.execute(
        "DO $$ DECLARE leftover record; BEGIN FOR leftover IN"
        + leftovers
        + "LOOP EXECUTE 'DROP INDEX ' || leftover.name; END LOOP; END $$"
    )
    op.execute("SET lock_timeout = 0")
else:
    for leftover in op.get_bind().scalars(sa.text(leftovers)).all():
        op.execute(f"DROP INDEX CONCURRENTLY {leftover}")
'''
_ASSURED = '''\
op.execute(
    """
    DO $$
    DECLARE faulty text;
    BEGIN
        SELECT string_agg(wanted.name, ', ') INTO faulty FROM (VALUESROWS
        ) AS wanted (index, "table", name)
        WHERE NOT EXISTS (
            SELECT FROM pg_index
            WHERE indexrelid = wanted.index AND indrelid = wanted.table AND indisvalid
        );
        IF faulty IS NOT NULL THEN
            RAISE EXCEPTION USING MESSAGE = 'missing, invalid or on another table: ' || faulty;
        END IF;
    END $$
    """
)
'''


def upgrade(work: Work) -> str:
    """The lines of ``upgrade()``, indented by four columns but for the first."""
    parts = []
    for name in work.extensions:
        parts.append(
            f"# Stays after a downgrade: others may use it by then.\n"
            f"op.execute({literal(f'CREATE EXTENSION IF NOT EXISTS {identifier(name)}')})\n"
        )
    inner = [_UNLIMITED, _leftovers(work, work.creates)]
    inner += [_created(work, new) for new in work.creates]
    inner += [
        f"# An expression has no statistics before this.\n"
        f"op.execute({literal(f'ANALYZE {_sql(work, table)}')})\n"
        for table in work.analyzed
    ]
    inner.append(_assured(work, work.creates))
    if work.drops:
        inner.append("# Redundant beside the new ones.\n" + _dropped(work, work.drops))
    inner.append(_RESTORED)
    return _function(parts, inner)


def downgrade(work: Work) -> str:
    """The lines of ``downgrade()``, indented by four columns but for the first."""
    inner = [_UNLIMITED]
    if work.drops:
        inner.append(_leftovers(work, work.drops))
        inner += [_created(work, new) for new in work.drops]
        inner.append(_assured(work, work.drops))
    inner.append(_dropped(work, tuple(reversed(work.creates))))
    inner.append(_RESTORED)
    return _function([], inner)


def _function(parts: Iterable[str], inner: Iterable[str]) -> str:
    block = "context = op.get_context()\nwith context.autocommit_block():\n"
    block += textwrap.indent("".join(filter(None, inner)), "    ")
    text = "".join(parts) + block
    return textwrap.indent(text, "    ").strip()


def _sql(work: Work, table: Table) -> str:
    schema = work.schema(table)
    name = identifier(table.name)
    return name if schema is None else f"{identifier(schema)}.{name}"


def qualified(work: Work, new: New) -> str:
    """The index's own name in SQL."""
    return _sql(work, Table(new.index.table.schema, new.name))


def _created(work: Work, new: New) -> str:
    comment = ""
    if new.advised is not None:
        reason = " ".join(new.advised.reason.split())
        comment = "".join(f"# {line}\n" for line in textwrap.wrap(reason, 76))
    if new.partitions is not None:
        return comment + partitioned.created(
            new,
            table=_sql(work, new.index.table),
            schema=work.schema(new.index.table),
            short=SHORT,
        )
    code = create_index(
        new.index,
        new.name,
        schema=work.schema(new.index.table),
        is_conventional=new.is_conventional,
    )
    return f"{comment}{code}\n"


def _dropped(work: Work, gone: Sequence[New]) -> str:
    lines = []
    for new in gone:
        if new.partitions is not None:
            lines.append(partitioned.dropped(qualified(work, new), short=SHORT))
            continue
        schema = work.schema(new.index.table)
        lines.append(
            drop_index(new.index, new.name, schema=schema, is_conventional=new.is_conventional)
        )
    return "".join(f"{line}\n" for line in lines)


def _leftovers(work: Work, news: Sequence[New]) -> str:
    """Code that drops what an earlier failure left invalid: IF NOT EXISTS would keep it."""
    plain = [qualified(work, new) for new in news if new.partitions is None]
    if not plain:
        return ""
    wanted = ",".join(f"\n        {text}" for text in map(_regclass, plain))
    return _LEFTOVERS.replace("WANTED", wanted).replace("SHORT", SHORT)


def _assured(work: Work, news: Sequence[New]) -> str:
    """Code that fails unless every index is there, on its table, and valid."""
    rows = ",".join(
        f"\n        ({_regclass(qualified(work, new))}, {_regclass(_sql(work, new.index.table))},"
        f" {_quoted(new.name)})"
        for new in news
    )
    return _ASSURED.replace("ROWS", rows)


def _regclass(name: str) -> str:
    return f"to_regclass({_quoted(name)})"


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''").replace("\\", "\\\\").replace(":", "\\\\:")
    return f"'{escaped}'"
