"""A file is read by what it holds, and what cannot be read is told with its line."""

import gzip
import json
from pathlib import Path

import pytest

from querysafe.profile.errors import SourceError
from querysafe.profile.reading import read
from querysafe.profile.unread import Unread
from querysafe.profile.witnessing import witnessed
from querysafe.query import CapturedQuery


def _read(path: Path) -> tuple[list[CapturedQuery], list[Unread]]:
    found = list(read(str(path)))
    return (
        [each for each in found if isinstance(each, CapturedQuery)],
        [each for each in found if isinstance(each, Unread)],
    )


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


EVENT = witnessed("SELECT a FROM t WHERE b = $1", source="x", params=[7]).to_event()


def test_events_are_read_among_the_other_lines_of_a_json_log(tmp_path: Path) -> None:
    lines = [
        {"message": "started", "levelname": "INFO"},
        {"message": "query", "levelname": "INFO", "time": 1, **EVENT},
        {"message": "query", "event": EVENT},
        {"querysafe": "recording", "name": "t"},
    ]
    text = "\n".join(map(json.dumps, lines)) + '\n{"db.query.text": 3}\nTraceback:\n'
    heard, unread = _read(_written(tmp_path / "app.log", text))
    assert [each.statement for each in heard] == ["SELECT a FROM t WHERE b = $1"] * 2
    assert heard[0].params.values == (("1", "7"),)
    assert [(each.line, each.why, each.broken) for each in unread] == [
        (1, "no statement", False), (5, "no event of querysafe", True), (6, "no JSON", True),
    ]  # fmt: skip


def test_workload_lines_carry_several_sets_of_parameters_and_calls(tmp_path: Path) -> None:
    lines = [
        {
            "sql": "SELECT 1 FROM t WHERE a = $1 AND b = $2",
            "params": [[1, 2], [3, 4]],
            "calls": 900,
        },
        {"sql": "SELECT 2 FROM t WHERE a = %(x)s", "params": {"x": 1}},
        {"sql": "SELECT 3 FROM t WHERE a = $1", "params": [5, 6]},
        {"sql": "SELECT 4", "calls": "many"},
    ]
    heard, unread = _read(_written(tmp_path / "w.ndjson", "\n".join(map(json.dumps, lines))))
    assert [(each.statement[7], each.calls, each.params.values) for each in heard] == [
        ("1", 900, (("1", 1), ("2", 2))),
        ("1", 0, (("1", 3), ("2", 4))),
        ("2", 1, (("x", 1),)),
        ("3", 1, (("1", 5),)),
        ("3", 0, (("1", 6),)),
    ]
    assert [(each.line, each.why) for each in unread] == [(4, '"calls" is no number of calls')]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_document_is_a_list_of_entries(tmp_path: Path, indent: int | None) -> None:
    rows = [{"query": "SELECT $1", "calls": 5, "total_exec_time": 2000.0}]
    for document in (rows, {"queries": rows}):
        path = _written(tmp_path / "pgss.json", json.dumps(document, indent=indent))
        heard, unread = _read(path)
        assert [(each.calls, each.duration_seconds, each.params.known) for each in heard] == [
            (5, 2.0, False)
        ]
        assert unread == []


def test_a_dump_of_pg_stat_statements_is_told_from_a_csvlog(tmp_path: Path) -> None:
    text = 'userid,query,calls,total_exec_time\n1,"SELECT a\nFROM b",12,34.5\n1,<insufficient privilege>,1,1\n'
    heard, unread = _read(_written(tmp_path / "s.csv", text))
    assert [(each.statement, each.calls) for each in heard] == [("SELECT a\nFROM b", 12)]
    assert [each.why for each in unread] == ["withheld from this role"]
    with pytest.raises(SourceError, match="neither a log of PostgreSQL"):
        _read(_written(tmp_path / "other.csv", "a,b\n1,2\n"))


def test_a_folder_and_a_compressed_log_are_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.log.gz", "wt") as file:
        file.write("2026-01-01 00:00:00 UTC [1] LOG:  statement: SELECT a FROM b\n")
    _written(tmp_path / "b.sql", "SELECT c FROM d;")
    _written(tmp_path / "notes.txt", "no source")
    assert [each.statement for each in _read(tmp_path)[0]] == ["SELECT a FROM b", "SELECT c FROM d"]


def test_what_is_not_there_or_damaged_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        _read(tmp_path / "absent.sql")
    with pytest.raises(SourceError, match="holds no source"):
        _read(tmp_path)
    (tmp_path / "a.log.gz").write_bytes(b"\x1f\x8b\x08damaged")
    with pytest.raises(SourceError, match="cannot be read"):
        _read(tmp_path / "a.log.gz")
