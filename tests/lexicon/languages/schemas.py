"""What the REST interface sends, as pydantic models read straight off the mapped objects."""

from pydantic import BaseModel, ConfigDict


class LanguageOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    tag: str
    name: str


class TranslationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    text: str
    form: str
    language: LanguageOut


class ConceptCard(BaseModel):
    """A concept with all its names."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kind: str
    translations: list[TranslationOut]
