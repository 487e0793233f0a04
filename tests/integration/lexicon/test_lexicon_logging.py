"""The house-made query log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from tests.lexicon.core.structured_logging import (
    configure_logging,
    log_database_query,
    log_queries_of,
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the lexicon logs during a test."""
    root = logging.getLogger("lexicon")
    level = root.level
    stream = io.StringIO()
    handler = configure_logging(stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_each_query_is_one_json_line_without_its_parameters(log: io.StringIO) -> None:
    engine = create_engine("sqlite://")
    log_queries_of(engine)

    with engine.connect() as connection:
        connection.execute(text("SELECT\n  :secret"), {"secret": "hunter2"})
    engine.dispose()

    (line,) = log.getvalue().splitlines()
    record = json.loads(line)
    assert record["message"] == "database query"
    assert record["statement"] == "SELECT ?"
    assert record["duration_ms"] >= 0
    assert "hunter2" not in line


@pytest.mark.parametrize(("seconds", "level"), [(0.01, "INFO"), (0.2, "WARNING")])
def test_a_slow_query_is_a_warning(log: io.StringIO, seconds: float, level: str) -> None:
    log_database_query("SELECT 1", seconds, 1)

    assert json.loads(log.getvalue())["levelname"] == level
