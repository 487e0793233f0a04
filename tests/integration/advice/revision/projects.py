"""Alembic projects of several layouts, written into a folder as their owners would have them."""

import textwrap
from pathlib import Path

MAKO = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

# revision identifiers, used by Alembic.
revision: str = ${repr(up_revision)}
down_revision: Union[str, Sequence[str], None] = ${repr(down_revision)}
branch_labels: Union[str, Sequence[str], None] = ${repr(branch_labels)}
depends_on: Union[str, Sequence[str], None] = ${repr(depends_on)}


def upgrade() -> None:
    """Upgrade schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade schema."""
    ${downgrades if downgrades else "pass"}
'''
BARE_MAKO = """\
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
"""
ENV = """\
import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import engine_from_config, pool

from {package}.models import Base

config = context.config
target_metadata = Base.metadata


def run_migrations_offline() -> None:
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        {options}
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {{}}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata, {options})
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
ASYNC_ENV = """\
import asyncio

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from {package}.models import Base

URL = "postgresql+asyncpg://nobody:wrong@nowhere.invalid:1/none"


def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations():
    connectable = create_async_engine(URL, poolclass=NullPool)
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()


if context.is_offline_mode():
    context.configure(url=URL, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(run_async_migrations())
"""
MODELS = '''\
"""The models."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Customer(Base):
    """Who buys."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)  # shadows a function


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    data: Mapped[dict] = mapped_column(JSONB)
'''
FIRST = '''\
"""shop

Revision ID: {revision}
Revises:
"""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = None
branch_labels = {labels}
depends_on = None


def upgrade():
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("text", sa.Text),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("deleted_at", sa.DateTime),
        sa.Column("data", postgresql.JSONB, nullable=False),
        sa.UniqueConstraint("number"),
    )


def downgrade():
    op.drop_table("orders")
    op.drop_table("customers")
'''
URL = "postgresql+psycopg://nobody:wrong@nowhere.invalid:1/none"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def flat(root: Path, *, package: str = "shop", mako: str = MAKO, ini: str = "") -> Path:
    """``alembic init``: one folder, one head."""
    write(root / package / "__init__.py", "")
    write(root / package / "models.py", MODELS)
    write(root / "migrations/env.py", ENV.format(package=package, options=""))
    write(root / "migrations/script.py.mako", mako)
    write(
        root / "migrations/versions/001_shop.py",
        FIRST.format(revision="a1b2c3d4e5f6", labels="None"),
    )
    return _ini(root, f"script_location = migrations\nprepend_sys_path = .\n{ini}")


def asynchronous(root: Path) -> Path:
    """``alembic init -t async``, with a URL of its own in env.py and dated folders."""
    ini = flat(
        root,
        package="ashop",
        mako=BARE_MAKO,
        ini="file_template = %%(year)d/%%(rev)s_%%(slug)s\nrecursive_version_locations = true\n",
    )
    write(root / "migrations/env.py", ASYNC_ENV.format(package="ashop"))
    return ini


def branches(root: Path) -> Path:
    """Two labelled branches, each in a folder of its own, and two heads."""
    ini = flat(
        root,
        package="bshop",
        ini="version_locations = %(here)s/migrations/versions:%(here)s/billing/versions\n"
        "version_path_separator = :\n",
    )
    write(
        root / "migrations/versions/001_shop.py",
        FIRST.format(revision="a1b2c3d4e5f6", labels='("shop",)'),
    )
    write(
        root / "billing/versions/b001_invoices.py",
        textwrap.dedent(
            '''\
            """invoices"""
            import sqlalchemy as sa
            from alembic import op

            revision = "b00000000001"
            down_revision = None
            branch_labels = ("billing",)
            depends_on = None


            def upgrade():
                op.create_table(
                    "invoices",
                    sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("order_id", sa.Integer, nullable=False),
                )


            def downgrade():
                op.drop_table("invoices")
            '''
        ),
    )
    models = root / "bshop/models.py"
    models.write_text(
        models.read_text()
        + textwrap.dedent(
            """

            class Invoice(Base):
                __tablename__ = "invoices"
                id: Mapped[int] = mapped_column(primary_key=True)
                order_id: Mapped[int]
            """
        )
    )
    return ini


def schemas(root: Path) -> Path:
    """Tables in a schema, a naming convention, a Core table, Alembic's version table elsewhere."""
    ini = flat(root, package="cshop", ini="truncate_slug_length = 20\n")
    write(
        root / "cshop/models.py",
        textwrap.dedent(
            """\
            import sqlalchemy as sa
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


            class Base(DeclarativeBase):
                metadata = sa.MetaData(
                    naming_convention={
                        "ix": "idx_%(table_name)s__%(column_0_N_name)s",
                        "pk": "pk_%(table_name)s",
                        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                    }
                )
                __table_args__ = {"schema": "app"}


            class Event(Base):
                __tablename__ = "events"

                id: Mapped[int] = mapped_column(primary_key=True)
                kind: Mapped[str]
                user_id: Mapped[int]


            tags = sa.Table(
                "tags",
                Base.metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("Label", sa.String, nullable=False),  # mixed case
                schema="app",
            )
            """
        ),
    )
    write(
        root / "migrations/env.py",
        ENV.format(package="cshop", options='include_schemas=True, version_table_schema="app"'),
    )
    env = root / "migrations/env.py"
    env.write_text(
        env.read_text().replace(
            "        with context.begin_transaction():\n            context.run",
            '        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS app")\n'
            "        connection.commit()\n"
            "        with context.begin_transaction():\n            context.run",
        )
    )
    write(
        root / "migrations/versions/001_shop.py",
        textwrap.dedent(
            '''\
            """events"""
            import sqlalchemy as sa
            from alembic import op

            revision = "c00000000001"
            down_revision = None


            def upgrade():
                op.create_table(
                    "events",
                    sa.Column("id", sa.Integer, nullable=False),
                    sa.Column("kind", sa.String, nullable=False),
                    sa.Column("user_id", sa.Integer, nullable=False),
                    sa.PrimaryKeyConstraint("id", name="pk_events"),
                    schema="app",
                )
                op.create_table(
                    "tags",
                    sa.Column("id", sa.Integer, nullable=False),
                    sa.Column("Label", sa.String, nullable=False),
                    sa.PrimaryKeyConstraint("id", name="pk_tags"),
                    schema="app",
                )
                op.create_index("idx_events__user_id", "tags", ["id"], schema="app")
                op.drop_index("idx_events__user_id", schema="app")


            def downgrade():
                op.drop_table("tags", schema="app")
                op.drop_table("events", schema="app")
            '''
        ),
    )
    return ini


def partitioned(root: Path) -> Path:
    """A table partitioned on two levels, made by SQL; no models of it."""
    ini = flat(root, package="pshop")
    write(
        root / "migrations/versions/002_events.py",
        textwrap.dedent(
            '''\
            """measurements"""
            from alembic import op

            revision = "d00000000002"
            down_revision = "a1b2c3d4e5f6"


            def upgrade():
                op.execute(
                    "CREATE TABLE measurements (id bigint, day date NOT NULL, place text) "
                    "PARTITION BY RANGE (day)"
                )
                op.execute(
                    "CREATE TABLE measurements_2025 PARTITION OF measurements "
                    "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
                )
                op.execute(
                    "CREATE TABLE measurements_2026 PARTITION OF measurements "
                    "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (place)"
                )
                op.execute(
                    "CREATE TABLE measurements_2026_north PARTITION OF measurements_2026 "
                    "FOR VALUES IN ('north')"
                )


            def downgrade():
                op.execute("DROP TABLE measurements")
            '''
        ),
    )
    return ini


def _ini(root: Path, lines: str) -> Path:
    return write(root / "alembic.ini", f"[alembic]\n{lines}sqlalchemy.url = {URL}\n")
