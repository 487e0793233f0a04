"""Collections that a mapping joins by itself multiply each other's rows, on whatever way."""

import pytest
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    lazyload,
    mapped_column,
    relationship,
    selectinload,
)
from sqlalchemy.sql.base import ExecutableOption

import querysafe
from querysafe.capture.products import joined_collections
from querysafe.capture.watch import recorder


class Base(DeclarativeBase):
    pass


class Vault(Base):
    __tablename__ = "vaults"
    id: Mapped[int] = mapped_column(primary_key=True)
    secrets: Mapped[list["Secret"]] = relationship(lazy=False, back_populates="vault")
    doors: Mapped[list["Door"]] = relationship()


class Secret(Base):
    __tablename__ = "secrets"
    id: Mapped[int] = mapped_column(primary_key=True)
    vault_id: Mapped[int] = mapped_column(ForeignKey("vaults.id"))
    vault: Mapped[Vault] = relationship(lazy="joined", back_populates="secrets")
    parts: Mapped[list["Part"]] = relationship(lazy=False)
    grants: Mapped[list["Grant"]] = relationship(lazy="joined")


class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret_id: Mapped[int] = mapped_column(ForeignKey("secrets.id"))


class Grant(Base):
    __tablename__ = "grants"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret_id: Mapped[int] = mapped_column(ForeignKey("secrets.id"))


class Door(Base):
    __tablename__ = "doors"
    id: Mapped[int] = mapped_column(primary_key=True)
    vault_id: Mapped[int] = mapped_column(ForeignKey("vaults.id"))
    vault: Mapped[Vault] = relationship(lazy=False, overlaps="doors")


SIDE_BY_SIDE = ("Secret.parts", "Secret.grants")


@pytest.mark.parametrize(
    ("entity", "options", "names"),
    [
        (Secret, (), SIDE_BY_SIDE),
        (Vault, (), SIDE_BY_SIDE),
        (Door, (), SIDE_BY_SIDE),
        (Vault, (selectinload(Vault.secrets),), ()),
        (Secret, (lazyload(Secret.parts),), ()),
        (Secret, (lazyload("*"),), ()),
    ],
)
def test_what_a_mapping_joins_side_by_side_is_named(
    entity: type[Base], options: tuple[ExecutableOption, ...], names: tuple[str, ...]
) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with querysafe.capture() as captured, Session(engine) as session:
        session.scalars(select(entity).options(*options)).unique().all()
        raws = recorder().raws[captured._window.first :]
    engine.dispose()
    found = [each.names for each in joined_collections(raws, lambda _: None)]
    assert found == ([names] if names else [])
