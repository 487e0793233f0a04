import sqlalchemy as sa
from sqlalchemy import orm, select

from library import models


class ConceptRepository:
    def __init__(self, session):
        self.session = session

    def everything(self):
        return self.session.scalars(
            select(models.Concept).order_by(models.Concept.slug)
        ).all()  # parent[library_serializer, library_notes]:

    def with_translations(self):
        stmt = sa.select(models.Concept).options(orm.selectinload(models.Concept.translations))
        return list(self.session.execute(stmt).scalars())  # parent[library_language_names]:

    def by_slug(self, slug):
        return self.session.execute(
            sa.select(models.Concept).filter_by(slug=slug)
        ).scalar_one_or_none()  # expect[library_import]: QS103|QS104

    def learned(self, user_id, concept_id):
        row = self.session.execute(  # expect[library_learned]: QS103|QS104
            select(models.Progress.level)
            .where(models.Progress.user_id == user_id, models.Progress.concept_id == concept_id)
            .limit(1)
        ).first()
        return row is not None

    def progress_of(self, user_id):
        query = self.session.query(models.Progress)
        query = query.filter(models.Progress.user_id == user_id)
        return query.all()  # parent[library_progress]:

    def add(self, slug):
        self.session.add(models.Concept(slug=slug))
        self.session.commit()  # expect[library_import]: QS106
