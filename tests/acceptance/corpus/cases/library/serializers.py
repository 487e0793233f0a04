def concept_out(concept):
    return {
        "slug": concept.slug,
        "texts": {
            t.language_code: t.text for t in concept.translations
        },  # expect[library_serializer]: QS101 Concept.translations
    }


class TranslationSchema:
    fields = ("text", "language")

    def get_language(self, obj):
        return obj.language.name  # expect[library_language_names]: QS101 Translation.language

    def dump(self, objects):
        return [
            {f: getattr(self, f"get_{f}", lambda o, f=f: getattr(o, f))(o) for f in self.fields}
            for o in objects
        ]
