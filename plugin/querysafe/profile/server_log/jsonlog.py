"""``log_destination = jsonlog``, since PostgreSQL 15."""

import json
from collections.abc import Iterable, Iterator

from querysafe.profile.server_log.entries import Entry
from querysafe.profile.unread import Unread


def entries(lines: Iterable[str], name: str) -> Iterator[Entry | Unread]:
    """Give the entries of a log; a line of another form is told with its number."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            yield Entry(
                line=number,
                severity=record["error_severity"],
                message=record.get("message", ""),
                session=str(record.get("pid", "")),
                database=record.get("dbname", ""),
                detail=record.get("detail", ""),
                statement=record.get("statement", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            yield Unread(source=name, line=number, why="no record of jsonlog")
