"""Recordings as NDJSON: written, read back, read one at a time, and refused when damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from querysafe.errors import RecordingError
from querysafe.params import Params, ParamsPolicy
from querysafe.recording import EagerLoad, JoinedCollections, Recording
from querysafe.report import ndjson
from querysafe.report.recordings import Folders
from tests.unit.report.runs import HOSTILE, ORDERS, finding, orders_recording, query, result, site

RESULT = result(ORDERS, finding(), queries=7)


def told(recording: Recording) -> Recording:
    """A recording as far as events tell: parameters as text, contexts without a session."""
    return replace(
        recording,
        queries=tuple(type(each).from_event(each.to_event()) for each in recording.queries),
    )


def test_a_recording_is_read_back_as_it_was(tmp_path: Path) -> None:
    eager = EagerLoad(
        path=("Order.lines",),
        strategy="selectin",
        call_site=site(),
        query_index=0,
        objects=6,
        read=False,
    )
    joined = JoinedCollections(query_index=0, call_site=None, names=("Order.a", "Order.b"))
    recording = replace(orders_recording(), eager_loads=(eager,), joined_collections=(joined,))
    path = ndjson.write(recording, tmp_path, RESULT)
    assert ndjson.read(path) == told(recording)
    assert ndjson.read(path).queries[1].parent_index == 0
    assert ndjson.read_result(path) == RESULT


def test_a_statement_may_hold_any_separator_of_lines(tmp_path: Path) -> None:
    statement = f"SELECT '{HOSTILE}\x85\x0b\x1c'"
    path = ndjson.write(Recording(name="t", queries=(query(statement, 0),)), tmp_path)
    assert ndjson.read(path).queries[0].statement == statement


def test_half_a_surrogate_pair_in_a_recording_can_be_written_and_read(tmp_path: Path) -> None:
    path = ndjson.write(Recording(name="t\udc80", queries=(query("\udc80", 0),)), tmp_path)
    assert ndjson.read(path).queries[0].statement == "\udc80"


def test_a_log_of_events_is_a_recording_without_a_result(tmp_path: Path) -> None:
    path = tmp_path / "app.ndjson"
    lines = [query("SELECT 1", 0).to_event(), query("SELECT 2", 1).to_event(), {"level": "info"}]
    path.write_text("".join(f"{json.dumps(each)}\n\n" for each in lines))
    assert ndjson.read_result(path) is None
    assert [each.statement for each in ndjson.read(path)] == ["SELECT 1", "SELECT 2"]
    places = Folders(tmp_path)
    run = places.run()
    assert [(test.nodeid, test.queries, test.outcome) for test in run.tests] == [
        ("app", 2, "unknown")
    ]
    assert "1 recording without a result" in run.notes[0]
    assert len(places.get("app") or ()) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2 is damaged: JSONDecodeError"),
        ("[]", "line 2 is damaged: TypeError|line 2 is damaged: AttributeError"),
        ('{"db.query.text": "S", "db.query.summary": "NONE"}', "line 2 is damaged: ValueError"),
        (
            '{"querysafe": "recording", "schema": 2}',
            "is of schema 2, this querysafe reads schema 1",
        ),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = ndjson.write(Recording(name="t"), tmp_path)
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(RecordingError, match=told):
        ndjson.read(path)


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(RecordingError, match="cannot be read"):
        ndjson.read(path)


def test_names_of_files_are_short_readable_and_different() -> None:
    names = [f"tests/a.py::test[{'x' * 300}{n}]" for n in range(2)] + ["-a", "a", "..", "\udc80"]
    files = [ndjson.file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all(len(file) < 130 and file[0] not in ".-" for file in files)


def test_a_result_can_be_written_anew_into_its_recording(tmp_path: Path) -> None:
    path = ndjson.write(orders_recording(), tmp_path, RESULT)
    ndjson.write_result(result(ORDERS, queries=1), tmp_path)
    assert ndjson.read_result(path) == result(ORDERS, queries=1)
    assert ndjson.read(path) == told(orders_recording())
    ndjson.write_result(result("unknown"), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_of_a_test_in_several_folders_the_last_counts(tmp_path: Path) -> None:
    for name, count in (("one", 1), ("two", 2)):
        queries = tuple(query(f"SELECT {n}", n) for n in range(count))
        ndjson.write(
            Recording(name=ORDERS, queries=queries), tmp_path / name, result(ORDERS, queries=count)
        )
    places = Folders(tmp_path / "one", tmp_path / "two")
    assert len(places.get(ORDERS) or ()) == 2
    assert [test.queries for test in places.run().tests] == [2]
    assert places.get("unknown") is None


def test_parameters_are_kept_as_text(tmp_path: Path) -> None:
    params = Params(policy=ParamsPolicy.KEEP, values=(("id", 3), ("name", "x" * 500)))
    path = ndjson.write(Recording(name="t", queries=(query("S", 0, params=params),)), tmp_path)
    values = dict(ndjson.read(path).queries[0].params.values)
    assert values["id"] == "3"
    assert values["name"].endswith("x…")
