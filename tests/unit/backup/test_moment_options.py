"""The options that name a moment, read as they are typed."""

from datetime import UTC, datetime
from typing import Any

import click
import pytest

from querysafe.cli.backup import moment
from querysafe.errors import SettingsError

NOTHING: dict[str, Any] = {
    "to": None,
    "to_latest": False,
    "to_time": None,
    "to_lsn": None,
    "to_name": None,
    "timeline": None,
}
NOON = datetime(2026, 1, 31, 12, 0, 0, 764600, tzinfo=UTC)


@pytest.mark.parametrize("option", ["to", "to_time"])
@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00.7646+00:00",
        "2026-01-31 12:00:00.7646+00",
        "2026-01-31 12:00:00.7646 UTC",
        "2026-01-31T12:00:00.764600Z",
        " 2026-02-01T01:00:00.7646+13 ",
    ],
)
def test_a_time_is_read_as_people_and_servers_write_it(option: str, text: str) -> None:
    assert moment.parse({**NOTHING, option: text}).time == NOON


def test_the_latest_is_no_target() -> None:
    for given in ({}, {"to": "latest"}, {"to_latest": True}):
        assert str(moment.parse({**NOTHING, **given})) == "the latest"
    assert moment.named(NOTHING) is None
    assert moment.named({**NOTHING, "to": "latest"}) == "--to"


@pytest.mark.parametrize("option", ["to", "to_time", "to_lsn", "to_name"])
def test_an_empty_text_is_refused(option: str) -> None:
    assert moment.named({**NOTHING, option: ""}) == f"--{option.replace('_', '-')}"
    with pytest.raises(SettingsError):
        moment.parse({**NOTHING, option: ""})


def test_two_moments_exclude_each_other() -> None:
    with pytest.raises(click.UsageError, match="--to-latest and --to-name exclude each other"):
        moment.parse({**NOTHING, "to_latest": True, "to_name": ""})
