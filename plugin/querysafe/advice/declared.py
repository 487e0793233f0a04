"""How many rows production has, as ``[tool.querysafe.advice.rows]`` declares it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from querysafe.errors import SettingsError

BIG = 100_000
"""From so many rows on a table is big: a scan or a lock of it is felt."""

MOST = 100_000_000_000
"""More rows than this are taken for a slip of the hand: PostgreSQL ends a table at 32 TB."""


def declared_rows(pyproject: Path | None) -> dict[str, float]:
    """Rows by table, named ``orders`` or ``app.orders``; empty when nothing is declared.

    Raises :class:`SettingsError` for a value that is no number of rows.
    """
    if pyproject is None or not pyproject.is_file():
        return {}
    try:
        content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f'"{pyproject}" cannot be read: {error}') from None
    tools = content.get("tool", {})
    ours = tools.get("querysafe", {}) if isinstance(tools, dict) else {}
    section = ours.get("advice", {}) if isinstance(ours, dict) else {}
    rows = section.get("rows", {}) if isinstance(section, dict) else {}
    if not isinstance(rows, dict):
        raise SettingsError(
            "[tool.querysafe.advice] rows is no table", hint="write rows = { orders = 2_000_000 }"
        )
    found: dict[str, float] = {}
    for name, count in _flat(rows):
        if isinstance(count, bool) or not isinstance(count, int | float) or count < 0:
            raise SettingsError(
                f'[tool.querysafe.advice.rows] {name} is "{count}"',
                hint="write a number of rows: orders = 2_000_000",
            )
        if not count <= MOST:
            raise SettingsError(
                f'[tool.querysafe.advice.rows] {name} is "{count}"',
                hint=f"write a number of rows up to {MOST:,}",
            )
        found[name] = float(count)
    return found


def rows_of(declared: Mapping[str, float], schema: str, name: str) -> float | None:
    """What is declared for a table, with or without its schema; None when nothing is."""
    return declared.get(f"{schema}.{name}", declared.get(name))


def _flat(rows: Mapping[str, object]) -> list[tuple[str, object]]:
    """``app.orders = 5`` without quotes is a table within the table."""
    found: list[tuple[str, object]] = []
    for name, value in rows.items():
        if isinstance(value, dict):
            found += [(f"{name}.{inner}", count) for inner, count in value.items()]
        else:
            found.append((name, value))
    return found
