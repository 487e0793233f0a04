import functools

from library.repository import ConceptRepository
from library.serializers import TranslationSchema, concept_out


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class LibraryService:
    def __init__(self, session):
        self.concepts = ConceptRepository(session)

    @traced
    def index(self):
        return [concept_out(c) for c in self.concepts.everything()]

    def notes(self):
        return {
            c.slug: c.notes for c in self.concepts.everything()
        }  # expect[library_notes]: QS102 Concept.notes

    @traced
    def texts(self):
        schema = TranslationSchema()
        return [schema.dump(c.translations) for c in self.concepts.with_translations()]

    def progress(self, user_id):
        return [
            (p.concept.slug, p.level) for p in self.concepts.progress_of(user_id)
        ]  # expect[library_progress]: QS101 Progress.concept

    def learned(self, user_id):
        return [c.slug for c in self.concepts.everything() if self.concepts.learned(user_id, c.id)]

    def ensure(self, slugs):
        for slug in slugs:
            if self.concepts.by_slug(slug) is None:
                self.concepts.add(slug)
