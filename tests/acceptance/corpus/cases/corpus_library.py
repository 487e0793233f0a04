"""Layers in other modules: models, repository, serializers, service."""

import pytest
from library import models
from library.service import LibraryService
from sqlalchemy.orm import Session


@pytest.fixture()
def service(engine):
    models.Base.metadata.create_all(engine)
    with Session(engine) as session:
        for code in ("de", "fr", "es"):
            session.add(models.Language(code=code, name=code.upper()))
        for i in range(4):
            concept = models.Concept(slug=f"c{i}", notes="n")
            concept.translations = [
                models.Translation(text=f"{code}{i}", language_code=code)
                for code in ("de", "fr", "es")
            ]
            session.add(concept)
            session.flush()
            if i % 2:
                session.add(models.Progress(user_id=1, concept_id=concept.id, level=i))
        session.commit()
    with Session(engine) as session:
        yield LibraryService(session)


def test_library_serializer(service):  # bad
    assert service.index()[0]["texts"]["de"] == "de0"


def test_library_notes(service):  # bad
    assert service.notes()["c1"] == "n"


def test_library_language_names(service):  # bad
    assert len(service.texts()) == 4


def test_library_progress(service):  # bad
    assert service.progress(1) == [("c1", 1), ("c3", 3)]


def test_library_learned(service):  # bad
    assert service.learned(1) == ["c1", "c3"]


def test_library_import(service):  # bad
    service.ensure(["c0", "x1", "x2", "x3"])
