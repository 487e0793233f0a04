"""Languages, a tree of concepts, their names in every language, and learners' progress.

Three indexes are missing on purpose; ``tests.lexicon.indexes`` names them with their cure.
"""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tests.lexicon.auth.models import User
from tests.lexicon.core.database import Base

KINDS = ("territory", "script", "language", "currency", "unit")


class Language(Base):
    """A locale of CLDR: ``de``, ``pt-BR``, ``sr-Latn``."""

    __tablename__ = "language"

    id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(String(35), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    autonym: Mapped[str | None] = mapped_column(String(120))
    right_to_left: Mapped[bool] = mapped_column(default=False)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("language.id"))

    parent: Mapped["Language | None"] = relationship(remote_side=id, back_populates="variants")
    variants: Mapped[list["Language"]] = relationship(
        back_populates="parent", order_by="Language.tag"
    )
    translations: Mapped[list["Translation"]] = relationship(back_populates="language")


class Concept(Base):
    """Something that has a name: a territory, script, language, currency or unit."""

    __tablename__ = "concept"
    __table_args__ = (
        UniqueConstraint("kind", "code"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(64))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("concept.id"))
    definition: Mapped[str] = mapped_column(Text, default="", deferred=True)

    parent: Mapped["Concept | None"] = relationship(remote_side=id, back_populates="children")
    children: Mapped[list["Concept"]] = relationship(
        back_populates="parent", order_by="Concept.code"
    )
    translations: Mapped[list["Translation"]] = relationship(
        back_populates="concept", order_by="Translation.id"
    )
    speakers: Mapped[list["Speakers"]] = relationship(
        back_populates="territory", order_by="Speakers.language_id"
    )


class Translation(Base):
    """The name of a concept in one language."""

    __tablename__ = "translation"
    __table_args__ = (
        UniqueConstraint("language_id", "concept_id", "form"),
        Index(None, "search_key", postgresql_ops={"search_key": "text_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    concept_id: Mapped[int] = mapped_column(ForeignKey("concept.id"))
    language_id: Mapped[int] = mapped_column(ForeignKey("language.id"))
    form: Mapped[str] = mapped_column(String(8), default="name")
    text: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)

    concept: Mapped[Concept] = relationship(back_populates="translations")
    language: Mapped[Language] = relationship(back_populates="translations")


class Speakers(Base):
    """How many inhabitants of a territory speak a language."""

    __tablename__ = "speakers"

    territory_id: Mapped[int] = mapped_column(ForeignKey("concept.id"), primary_key=True)
    language_id: Mapped[int] = mapped_column(ForeignKey("language.id"), primary_key=True)
    percent: Mapped[float]
    official: Mapped[bool]

    territory: Mapped[Concept] = relationship(back_populates="speakers")
    language: Mapped[Language] = relationship()


class Progress(Base):
    """How well a user knows the name of a concept in a language."""

    __tablename__ = "progress"
    __table_args__ = (UniqueConstraint("concept_id", "language_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    concept_id: Mapped[int] = mapped_column(ForeignKey("concept.id"))
    language_id: Mapped[int] = mapped_column(ForeignKey("language.id"))
    strength: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date] = mapped_column(Date)

    user: Mapped[User] = relationship(back_populates="progress")
    concept: Mapped[Concept] = relationship()
    language: Mapped[Language] = relationship()
