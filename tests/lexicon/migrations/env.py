"""Alembic's entry: runs on the connection it is handed, or on the configured database."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from tests.lexicon.core.config import Settings
from tests.lexicon.core.database import make_engine
from tests.lexicon.models import Base


def run(connection: Connection | None, **options: Any) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, **options
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    run(None, dialect_name="postgresql", literal_binds=True)
elif given is not None:
    run(given)
else:
    engine = make_engine(Settings.from_environment().database_url)
    with engine.connect() as opened:
        run(opened)
    engine.dispose()
