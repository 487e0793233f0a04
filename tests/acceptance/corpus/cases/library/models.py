from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base, deferred, relationship

Base = declarative_base()


class Concept(Base):
    __tablename__ = "concepts"
    id = Column(Integer, primary_key=True)
    slug = Column(String(50))
    notes = deferred(Column(String(200)))
    translations = relationship("Translation", back_populates="concept")


class Language(Base):
    __tablename__ = "languages"
    code = Column(String(8), primary_key=True)
    name = Column(String(50))


class Translation(Base):
    __tablename__ = "translations"
    id = Column(Integer, primary_key=True)
    concept_id = Column(Integer, ForeignKey("concepts.id"))
    language_code = Column(String(8), ForeignKey("languages.code"))
    text = Column(String(200))
    concept = relationship(Concept, back_populates="translations")
    language = relationship(Language)


class Progress(Base):
    __tablename__ = "progress"
    user_id = Column(Integer, primary_key=True)
    concept_id = Column(Integer, ForeignKey("concepts.id"), primary_key=True)
    level = Column(Integer, default=0)
    concept = relationship(Concept)
