"""The PostgreSQL of development: a server in a temporary directory, and its client programs."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, make_url

from querysafe.postgres import find, server


@contextmanager
def development_server() -> Iterator[URL]:
    """Run a server and yield the URL of its ``postgres`` database; nothing is left behind."""
    with server() as cluster:
        yield make_url(cluster.url())


def client_program(name: str) -> str:
    """Find ``pg_dump`` and its kin: those of the embedded server, which fit its version."""
    return str(find(name, server="embedded").path)
