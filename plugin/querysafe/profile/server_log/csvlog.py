"""``log_destination = csvlog``: 23 columns before PostgreSQL 13, 24 in it, 26 since 14."""

import csv
from collections.abc import Iterable, Iterator

from querysafe.profile.server_log.entries import Entry
from querysafe.profile.unread import Unread

_DATABASE, _SESSION, _SEVERITY, _MESSAGE, _DETAIL, _STATEMENT = 2, 3, 11, 13, 14, 19
_FEWEST = 23


def entries(lines: Iterable[str], name: str) -> Iterator[Entry | Unread]:
    """Give the entries of a log; a record of another form is told with its line."""
    records = csv.reader(lines)
    while True:
        line = records.line_num + 1
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            yield Unread(source=name, line=line, why=f"no CSV: {error}")
            continue
        if len(record) < _FEWEST:
            if record:
                yield Unread(source=name, line=line, why="no record of csvlog")
            continue
        yield Entry(
            line=line,
            severity=record[_SEVERITY],
            message=record[_MESSAGE],
            session=record[_SESSION],
            database=record[_DATABASE],
            detail=record[_DETAIL],
            statement=record[_STATEMENT],
        )
