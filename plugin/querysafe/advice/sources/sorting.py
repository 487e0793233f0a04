"""Which statements an index could serve, and why the others are set aside."""

import re

from querysafe.fingerprint.pieces import pieces
from querysafe.query import CapturedQuery, Kind

_DDL = frozenset(
    [
        "ALTER",
        "COMMENT",
        "CREATE",
        "DROP",
        "GRANT",
        "REASSIGN",
        "REVOKE",
        "SECURITY",
        "TRUNCATE",
        "IMPORT",
    ]
)
_UTILITY = frozenset(
    [
        *("ANALYSE", "ANALYZE", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COPY", "DEALLOCATE"),
        *("DECLARE", "DISCARD", "DO", "EXECUTE", "EXPLAIN", "FETCH", "LISTEN", "LOAD", "MOVE"),
        *("NOTIFY", "REFRESH", "REINDEX", "RESET", "SET", "SHOW", "UNLISTEN", "VACUUM"),
    ]
)
_VERB = re.compile(r"[\s(]*([A-Za-z]+)")
_CATALOG = re.compile(
    r"\b(?:pg_catalog|information_schema)\s*\.|\b(?:from|join)\s+pg_[a-z_]+\b", re.IGNORECASE
)
_QUESTION = re.compile(
    r"\s*(?:select|show)\s+(?:1|version\(\)|current_\w+(?:\(\))?|pg_\w+\(.*\)|set_config\(.*\)|\?)\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)


def verb(statement: str) -> str:
    """The first word in upper case, past comments and parentheses; empty when there is none."""
    code = "".join(" " if each.kind == "comment" else each.text for each in pieces(statement))
    found = _VERB.match(code)
    return found[1].upper() if found else ""


def set_aside(query: CapturedQuery) -> str:
    """Why no index is sought for a statement, in a word or two; empty when one is."""
    if query.error:
        return "failed"
    dialect = query.context.engine.partition("+")[0]
    if dialect and dialect not in ("postgresql", "cockroachdb"):
        return f"foreign ({dialect})"
    first = verb(query.statement)
    if query.kind is Kind.TRANSACTION or first in ("PREPARE", "LOCK", "ABORT", "END"):
        return "transaction"
    if first in _DDL:
        return "DDL"
    if first in _UTILITY:
        return "utility"
    if not first:
        return "no statement"
    # A word that begins no statement goes on: the server says what is wrong with it.
    if _CATALOG.search(query.statement) or _QUESTION.fullmatch(query.statement):
        return "system"
    return ""


def writes(query: CapturedQuery) -> bool:
    """Whether a statement changes rows, also within a common table expression."""
    if query.kind in (Kind.INSERT, Kind.UPDATE, Kind.DELETE):
        return True
    first = verb(query.statement)
    if first == "MERGE":
        return True
    return (
        first == "WITH"
        and re.search(
            r"\(\s*(?:insert\s+into|update|delete\s+from|merge)\b", query.statement, re.IGNORECASE
        )
        is not None
    )
