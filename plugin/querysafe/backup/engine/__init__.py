"""Engines that a team runs already, driven and reported on: pgBackRest and Barman."""

from pathlib import Path

from querysafe.backup.engine.barman import Barman
from querysafe.backup.engine.contract import Engine, Held
from querysafe.backup.engine.pgbackrest import PgBackRest

ENGINES: tuple[str, ...] = ("pgbackrest", "barman")


def engine(kind: str, name: str, config: Path | None = None) -> Engine:
    """The engine of a kind for one of its stanzas or servers."""
    return PgBackRest(name, config) if kind == "pgbackrest" else Barman(name, config)


__all__ = ["ENGINES", "Barman", "Engine", "Held", "PgBackRest", "engine"]
