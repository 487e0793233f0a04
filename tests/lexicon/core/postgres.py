"""The PostgreSQL of development: a server in a temporary directory."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, make_url

from querysafe.postgres import server


@contextmanager
def development_server() -> Iterator[URL]:
    """Run a server and yield the URL of its ``postgres`` database; nothing is left behind."""
    with server() as cluster:
        yield make_url(cluster.url())
