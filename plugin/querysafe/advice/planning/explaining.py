"""One sample planned by ``EXPLAIN``: never executed, one statement only."""

import datetime
import decimal
import enum
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from querysafe.advice.planner import Plan, Refused
from querysafe.advice.workload import Sample

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

_EXPLAIN = b"EXPLAIN (VERBOSE, FORMAT JSON) "
_ANALYZE = b"EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON) "
_GENERIC = 160000
"""First version with ``EXPLAIN (GENERIC_PLAN)``."""
_DATA_EXCEPTION = "22"
_QUOTED = re.compile(r': "(?:[^"]|"")*"')
_SYNTAX_ERROR = "42601"
_NEAR_A_LITERAL = re.compile(r"""at or near "([EBXU&]*'|[0-9]).*"$""", re.DOTALL)
_TYPES: tuple[tuple[type, int], ...] = (
    (bool, 16),
    (int, 20),
    (float, 701),
    (decimal.Decimal, 1700),
    (datetime.datetime, 1184),
    (datetime.date, 1082),
    (datetime.time, 1083),
    (datetime.timedelta, 1186),
    (uuid.UUID, 2950),
    (bytes, 17),
    (str, 25),
)
"""Type that a value has by itself, asked for only when the statement does not say it."""


def explain(
    connection: "Connection[Any]", sample: Sample, how: bytes = _EXPLAIN
) -> tuple[bytes, None] | tuple[None, str]:
    """Plan a sample; return the JSON of its plan, or the server's words why not.

    The extended protocol takes one statement only and plans with the values of its
    parameters, as it does for a driver that binds them on the server.
    """
    if sample.values is None:
        return _generic(connection, sample.sql)
    try:
        statement = how + sample.sql.encode()
        values = [text_of(each) for each in sample.values]
    except (UnicodeEncodeError, ValueError):
        return None, "a value cannot be written as text"
    if b"\0" in statement or any(each is not None and b"\0" in each for each in values):
        return None, "a NUL character is no part of a text in PostgreSQL"
    first = connection.pgconn.exec_params(statement, values)
    if _worked(first):
        return _content(first), None
    for types, others in _second_tries(sample, values):
        second = connection.pgconn.exec_params(statement, others, param_types=types)
        if _worked(second):
            return _content(second), None
    return None, words_of(first)


def analyze(connection: "Connection[Any]", sample: Sample) -> tuple[bytes, None] | tuple[None, str]:
    """Execute a SELECT whose values are known, in a read-only transaction that is rolled back.

    Whoever calls has looked at its plan with :func:`is_readonly`.
    """
    if sample.values is None:
        return None, "its values are not known"
    connection.execute("BEGIN READ ONLY")
    try:
        return explain(connection, sample, _ANALYZE)
    finally:
        connection.execute("ROLLBACK")


def is_readonly(content: bytes) -> bool:
    """Whether a plan neither writes nor locks a row."""
    root = json.loads(content)[0]["Plan"]
    return not any(node["Node Type"] in ("ModifyTable", "LockRows") for node in nodes(root))


def _second_tries(
    sample: Sample, values: list[bytes | None]
) -> Iterator[tuple[list[int] | None, list[bytes | None]]]:
    """Other readings of the values: with types of their own, and lists as JSON."""
    assert sample.values is not None
    if not values:
        return
    yield [_type(each) for each in sample.values], values
    if any(isinstance(each, list | tuple) for each in sample.values):
        yield (
            None,
            [
                json.dumps(each, default=str).encode() if isinstance(each, list | tuple) else text
                for each, text in zip(sample.values, values, strict=True)
            ],
        )


def _generic(connection: "Connection[Any]", sql: str) -> tuple[bytes, None] | tuple[None, str]:
    """The plan for unknown values. Parsing it first makes sure that it is one statement."""
    pg = connection.pgconn
    statement = sql.encode()
    if b"\0" in statement:
        return None, "a NUL character is no part of a text in PostgreSQL"
    parsed = pg.prepare(b"", statement)
    if not _worked(parsed):
        return None, words_of(parsed)
    count = pg.describe_prepared(b"").nparams
    if count == 0:
        planned = pg.exec_params(_EXPLAIN + statement, [])
    elif connection.info.server_version >= _GENERIC:
        planned = pg.exec_(b"EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) " + statement)
    else:
        planned = _forced(connection, statement, count)
    return (_content(planned), None) if _worked(planned) else (None, words_of(planned))


def _forced(connection: "Connection[Any]", statement: bytes, count: int) -> "PGresult":
    """The same before version 16: a prepared statement that must plan for any values.

    Partitions are not pruned, since at the start of an execution the NULLs here would leave none.
    """
    pg = connection.pgconn
    pg.exec_(b"SET plan_cache_mode = force_generic_plan; SET enable_partition_pruning = off")
    try:
        prepared = pg.exec_params(b"PREPARE querysafe_generic AS " + statement, [])
        if not _worked(prepared):
            return prepared
        try:
            nulls = b", ".join([b"NULL"] * count)
            return pg.exec_params(_EXPLAIN + b"EXECUTE querysafe_generic (" + nulls + b")", [])
        finally:
            # By its name: the driver has prepared statements of its own in this session.
            pg.exec_(b"DEALLOCATE querysafe_generic")
    finally:
        pg.exec_(b"RESET plan_cache_mode; RESET enable_partition_pruning")


def plan_of(content: bytes, names: Mapping[str, str]) -> Plan:
    """Read a plan's JSON; ``names`` gives the names under which its indexes are known."""
    root = json.loads(content)[0]["Plan"]
    return Plan(cost=root["Total Cost"], root=root, indexes=frozenset(_indexes(root, names)))


def nodes(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A plan's nodes, from the top down."""
    yield root
    for each in root.get("Plans", ()):
        yield from nodes(each)


def _indexes(root: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for node in nodes(root):
        for found in (node.get("Index Name"), *node.get("Conflict Arbiter Indexes", ())):
            if found is not None:
                yield names.get(found, found)


def text_of(value: object) -> bytes | None:
    """A bound value as the server reads it."""
    if value is None:
        return None
    return _text(value).encode()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, enum.Enum):
        return _text(value.value) if isinstance(value, str | int) else value.name
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return f"{value.days} days {value.seconds}.{value.microseconds:06d} seconds"
    if isinstance(value, dict):
        return json.dumps(value, default=str)
    if isinstance(value, list | tuple | set | frozenset):
        return "{" + ",".join(_element(each) for each in value) + "}"
    return str(value)


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        return _text(value)
    text = _text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _type(value: object) -> int:
    return next((oid for kind, oid in _TYPES if isinstance(value, kind)), 0)


def _worked(result: "PGresult") -> bool:
    from psycopg.pq import ExecStatus

    return result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


def _content(result: "PGresult") -> bytes:
    content = result.get_value(0, 0)
    assert content is not None
    return content


def words_of(result: "PGresult") -> str:
    """Why a server refused, without a value: those of a wrong input and of a literal go."""
    from psycopg.pq import DiagnosticField

    message = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    state = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    if state.startswith(_DATA_EXCEPTION):
        return _QUOTED.sub("", message)
    if state == _SYNTAX_ERROR:
        return _NEAR_A_LITERAL.sub("at or near a literal", message)
    return message


def refused(sample: Sample, why: str) -> Refused:
    """A sample that was not planned."""
    return Refused(what=sample, why=why)


def encoded(values: Sequence[object] | None) -> tuple[bytes | None, ...] | None:
    """Values as a key of a cache."""
    if values is None:
        return None
    return tuple(text_of(each) for each in values)
