"""GraphQL with strawberry."""

from __future__ import annotations

import pytest
import strawberry
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Artist(Base):
    __tablename__ = "artist"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    albums: Mapped[list[Album]] = relationship(back_populates="artist")


class Album(Base):
    __tablename__ = "album"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    artist_id: Mapped[int] = mapped_column(ForeignKey("artist.id"))
    artist: Mapped[Artist] = relationship(back_populates="albums")


@strawberry.type
class AlbumType:
    title: str


@strawberry.type
class ArtistType:
    name: str
    instance: strawberry.Private[object]

    @strawberry.field
    def albums(self) -> list[AlbumType]:
        return [
            AlbumType(title=a.title) for a in self.instance.albums
        ]  # expect[artists_lazy_resolver]: QS101 Artist.albums

    @strawberry.field
    def album_titles(self, info: strawberry.Info) -> list[str]:
        session = info.context["session"]
        return list(
            session.scalars(select(Album.title).where(Album.artist_id == self.instance.id))
        )  # expect[artists_query_resolver]: QS103|QS104

    @strawberry.field
    async def singles(self, info: strawberry.Info) -> list[str]:
        async with info.context["sessions"]() as session:
            rows = await session.scalars(
                select(Album.title).where(Album.artist_id == self.instance.id)
            )  # expect[artists_async_resolver]: QS103|QS104
            return list(rows)


@strawberry.type
class Query:
    @strawberry.field
    def artists(self, info: strawberry.Info) -> list[ArtistType]:
        rows = (
            info.context["session"].scalars(select(Artist)).all()
        )  # parent[artists_lazy_resolver, artists_query_resolver]:
        return [ArtistType(name=r.name, instance=r) for r in rows]

    @strawberry.field
    async def musicians(self, info: strawberry.Info) -> list[ArtistType]:
        async with info.context["sessions"]() as session:
            rows = (await session.scalars(select(Artist))).all()  # parent[artists_async_resolver]:
            return [ArtistType(name=r.name, instance=r) for r in rows]


schema = strawberry.Schema(query=Query)


def fill(session):
    for i in range(3):
        session.add(Artist(name=f"a{i}", albums=[Album(title=f"t{i}"), Album(title=f"u{i}")]))
    session.commit()


@pytest.fixture()
def session(engine):
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session)
    with Session(engine) as session:
        yield session


def test_artists_lazy_resolver(session):  # bad
    result = schema.execute_sync(
        "{ artists { name albums { title } } }", context_value={"session": session}
    )
    assert result.errors is None


def test_artists_query_resolver(session):  # bad
    result = schema.execute_sync(
        "{ artists { name albumTitles } }", context_value={"session": session}
    )
    assert result.errors is None


async def test_artists_async_resolver(tmp_path):  # bad
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions() as session:
        await session.run_sync(fill)
    result = await schema.execute(
        "{ musicians { name singles } }", context_value={"sessions": sessions}
    )
    assert result.errors is None
    await engine.dispose()
