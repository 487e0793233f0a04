"""Sends every connection of a project's ``env.py`` to the throw-away database, and no other."""

import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_OF_ANOTHER_SERVER = (
    *("host", "hostaddr", "port", "user", "password", "passfile", "passwd", "dbname", "database"),
    *("service", "dsn", "conninfo", "ssl", "sslmode", "sslrootcert", "sslcert", "sslkey"),
    *("sslcrl", "ssl_context", "direct_tls", "unix_sock", "requiressl", "channel_binding"),
)


class WrongDatabase(Exception):
    """env.py connects by a way that cannot be redirected"""


def redirect(place: Mapping[str, str]) -> None:
    """Redirect the whole process.

    ``place`` has ``host``, ``port``, ``user``, ``password`` and ``dbname``. A connection that
    ends up elsewhere, because ``env.py`` brings its own ``creator``, is refused before it is
    used: the name of the throw-away database is random.
    """
    for name, variable in (
        ("host", "PGHOST"),
        ("port", "PGPORT"),
        ("user", "PGUSER"),
        ("password", "PGPASSWORD"),
        ("dbname", "PGDATABASE"),
    ):
        os.environ[variable] = place[name]
    for variable in ("PGSERVICE", "PGSSLMODE", "PGHOSTADDR", "PGOPTIONS"):
        os.environ.pop(variable, None)

    def elsewhere(dialect: Any, _record: Any, arguments: list[Any], given: dict[str, Any]) -> None:
        if dialect.name != "postgresql":
            raise WrongDatabase(f'env.py connects to "{dialect.name}", not to PostgreSQL')
        arguments.clear()
        for name in _OF_ANOTHER_SERVER:
            given.pop(name, None)
        named = (
            "dbname" if dialect.driver in ("psycopg", "psycopg_async", "psycopg2") else "database"
        )
        given.update(
            host=place["host"],
            port=int(place["port"]),
            user=place["user"],
            password=place["password"],
            **{named: place["dbname"]},
        )

    def checked(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute("SELECT current_database()")
            found = cursor.fetchone()[0]
        finally:
            cursor.close()
        connection.rollback()
        if found != place["dbname"]:
            raise WrongDatabase(
                f'env.py connects to the database "{found}" by a "creator" of its own, '
                "which cannot be redirected to the throw-away database"
            )

    event.listen(Engine, "do_connect", elsewhere)
    event.listen(Engine, "connect", checked)
