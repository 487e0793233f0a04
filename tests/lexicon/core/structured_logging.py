"""JSON log lines, one a query when asked for: the house-made query log of many backends."""

import logging
import time
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter
from sqlalchemy import Engine, event

logger = logging.getLogger("lexicon.database")


def configure_logging(stream: TextIO | None = None, level: int = logging.INFO) -> logging.Handler:
    """Send the lexicon's records to ``stream`` (default: stderr), one JSON object a line."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", timestamp=True)
    )
    root = logging.getLogger("lexicon")
    root.addHandler(handler)
    root.setLevel(level)
    return handler


def log_database_query(
    statement: str, duration_seconds: float, rowcount: int, *, slow_seconds: float = 0.1
) -> None:
    """Write one query to the log; slow ones as warnings. Parameters are never written."""
    level = logging.WARNING if duration_seconds >= slow_seconds else logging.INFO
    logger.log(
        level,
        "database query",
        extra={
            "statement": " ".join(statement.split()),
            "duration_ms": round(duration_seconds * 1000, 3),
            "rowcount": rowcount,
        },
    )


def log_queries_of(engine: Engine) -> None:
    """Call :func:`log_database_query` for every statement of ``engine``."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(
        _connection: Any, _cursor: Any, _statement: str, _params: Any, context: Any, _many: bool
    ) -> None:
        context.lexicon_started = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def after(
        _connection: Any, cursor: Any, statement: str, _params: Any, context: Any, _many: bool
    ) -> None:
        log_database_query(
            statement, time.perf_counter() - context.lexicon_started, cursor.rowcount
        )
