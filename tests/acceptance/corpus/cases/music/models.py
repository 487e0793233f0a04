"""A media library: joined inheritance, deferred columns, column_property."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, Text, func, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    column_property,
    deferred,
    mapped_column,
    relationship,
)


class Base(DeclarativeBase):
    pass


class Track(Base):
    __tablename__ = "tracks"
    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"))
    title: Mapped[str] = mapped_column(String(80))
    seconds: Mapped[int] = mapped_column(default=180)
    lyrics: Mapped[str] = mapped_column(Text, default="la la", deferred=True)
    album: Mapped[Album] = relationship(back_populates="tracks")


class Album(Base):
    __tablename__ = "albums"
    id: Mapped[int] = mapped_column(primary_key=True)
    artist_id: Mapped[int] = mapped_column(ForeignKey("artists.id"))
    title: Mapped[str] = mapped_column(String(80))
    cover: Mapped[bytes] = deferred(mapped_column(LargeBinary, default=b"jpeg"), group="media")
    booklet: Mapped[bytes] = deferred(mapped_column(LargeBinary, default=b"pdf"), group="media")
    length: Mapped[int] = column_property(
        select(func.coalesce(func.sum(Track.seconds), 0))
        .where(Track.album_id == id)
        .correlate_except(Track)
        .scalar_subquery(),
        deferred=True,
    )
    artist: Mapped[Artist] = relationship(back_populates="albums")
    tracks: Mapped[list[Track]] = relationship(back_populates="album", order_by="Track.id")


class Artist(Base):
    __tablename__ = "artists"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    albums: Mapped[list[Album]] = relationship(back_populates="artist", order_by="Album.id")

    def __getattr__(self, name: str) -> list[str]:
        if name == "discography":
            return [album.title for album in self.albums]  # expect[getattr_hook]: QS101
        raise AttributeError(name)


class Medium(Base):
    __tablename__ = "media"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(80))
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id"))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "medium"}


class Book(Medium):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(ForeignKey("media.id"), primary_key=True)
    pages: Mapped[int] = mapped_column(default=100)
    chapters: Mapped[list[Chapter]] = relationship(order_by="Chapter.id")
    __mapper_args__ = {"polymorphic_identity": "book"}


class Film(Medium):
    __tablename__ = "films"
    id: Mapped[int] = mapped_column(ForeignKey("media.id"), primary_key=True)
    minutes: Mapped[int] = mapped_column(default=90)
    __mapper_args__ = {"polymorphic_identity": "film"}


class Chapter(Base):
    __tablename__ = "chapters"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    title: Mapped[str] = mapped_column(String(80))


class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(String(80))
    media: Mapped[list[Medium]] = relationship(order_by="Medium.id")
