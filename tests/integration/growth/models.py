"""Every sort of key that a clone must change: unique ones, composite, shared, of a tree."""

import uuid
from datetime import date

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


post_tag = Table(
    "post tag",
    Base.metadata,
    Column("post_id", ForeignKey("post.id"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id"), primary_key=True),
)


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}
    __table_args__ = (CheckConstraint("email LIKE '%@%'"),)


class Admin(User):
    __tablename__ = "admin"
    id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    level: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "admin"}


class Profile(Base):
    __tablename__ = "profile"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    born: Mapped[date] = mapped_column(unique=True)


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    position: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    doubled: Mapped[int] = mapped_column(Computed("position * 2"))
    __table_args__ = (UniqueConstraint("user_id", "position"),)


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(5))
    __table_args__ = (Index("tag_name", func.lower(text("name")), unique=True),)


def seed(session: Session) -> None:
    """One of each, a tree of two posts."""
    session.add(Admin(id=1, email="a@b.example", level=3))
    session.flush()
    session.add(Profile(user_id=1, born=date(2000, 2, 29)))
    session.add(Post(id=1, user_id=1, position=1))
    session.flush()
    session.add(Post(id=2, user_id=1, position=2, parent_id=1))
    session.add(Tag(id=1, name="tag"))
    session.flush()
    session.execute(post_tag.insert().values(post_id=1, tag_id=1))
    session.commit()
