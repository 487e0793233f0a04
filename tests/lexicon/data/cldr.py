"""CLDR as rows: every locale a language, every named thing a concept, every name a translation.

Ids are handed out in a fixed order before anything is left out, so a row of the slice has the
id it has in the full data. Only what a locale says itself is taken: what it inherits would be
the same text again.
"""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global

from tests.lexicon.languages.models import KINDS

PSEUDO_TERRITORIES = frozenset({"XA", "XB", "ZZ"})
SLICE_LANGUAGES = frozenset(
    [
        "en",
        "de",
        "fr",
        "es",
        "pt",
        "pt-BR",
        "it",
        "nl",
        "pl",
        "ru",
        "sr",
        "sr-Latn",
        "el",
        "ar",
        "he",
        "hi",
        "ja",
        "ko",
        "zh",
        "zh-Hant",
        "sw",
        "tr",
        "fi",
    ]
)
SLICE_REGIONS = frozenset({"001", "150", "039", "154", "155", "142", "030", "019", "021"})
SLICE_TERRITORIES = frozenset(
    [
        "AT",
        "BE",
        "CH",
        "DE",
        "FR",
        "LI",
        "LU",
        "MC",
        "NL",
        "ES",
        "GR",
        "IT",
        "PT",
        "SI",
        "DK",
        "FI",
        "IE",
        "NO",
        "SE",
        "GB",
        "CN",
        "JP",
        "KR",
        "CA",
        "US",
    ]
)
SLICE_SCRIPTS = frozenset(
    {"Arab", "Cyrl", "Deva", "Grek", "Hans", "Hant", "Hebr", "Jpan", "Kore", "Latn"}
)
SLICE_CURRENCIES = frozenset(
    ["EUR", "USD", "GBP", "CHF", "JPY", "CNY", "KRW", "SEK", "NOK", "DKK", "CAD"]
)
SLICE_UNITS = frozenset(
    [
        "length-meter",
        "length-kilometer",
        "length-mile",
        "length-foot",
        "mass-kilogram",
        "mass-gram",
        "mass-pound",
        "temperature-celsius",
        "temperature-fahrenheit",
        "volume-liter",
        "speed-kilometer-per-hour",
    ]
)


@dataclass(frozen=True, slots=True)
class LanguageRow:
    id: int
    tag: str
    name: str
    autonym: str | None
    right_to_left: bool
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class ConceptRow:
    id: int
    kind: str
    code: str
    parent_id: int | None
    definition: str


@dataclass(frozen=True, slots=True)
class TranslationRow:
    id: int
    concept_id: int
    language_id: int
    form: str
    text: str
    search_key: str


@dataclass(frozen=True, slots=True)
class SpeakersRow:
    territory_id: int
    language_id: int
    percent: float
    official: bool


@cache
def language_ids() -> dict[str, int]:
    """Tag to id of every locale of CLDR, and of every language spoken that has no locale."""
    own = {_tag(identifier) for identifier in localedata.locale_identifiers()}
    spoken = {
        _tag(code) for speakers in get_global("territory_languages").values() for code in speakers
    }
    return {tag: number for number, tag in enumerate(sorted(own | spoken), 1)}


def languages(tags: frozenset[str] | None = None) -> Iterator[LanguageRow]:
    """Every language, those that vary another after it; only ``tags`` when given."""
    ids = language_ids()
    for tag, number in ids.items():
        if tags is None or tag in tags:
            parent = ids.get(tag.rpartition("-")[0])
            yield LanguageRow(number, tag, *_names(tag), parent)


@cache
def concepts() -> tuple[ConceptRow, ...]:
    """Every named thing, parents before children; the roots are the five kinds."""
    english = localedata.load("en")
    rows: list[ConceptRow] = []
    ids: dict[tuple[str, str], int] = {}
    waiting = [*((kind, "", "", "") for kind in KINDS), *_described(english)]
    while waiting:
        postponed = []
        for kind, code, parent, definition in waiting:
            if code and (kind_of_parent(kind, parent), parent) not in ids:
                postponed.append((kind, code, parent, definition))
                continue
            ids[kind, code] = len(rows) + 1
            above = ids[kind_of_parent(kind, parent), parent] if code else None
            rows.append(ConceptRow(len(rows) + 1, kind, code, above, definition))
        if len(postponed) == len(waiting):
            raise ValueError(f"the tree of concepts has a hole: {postponed[:3]}")
        waiting = postponed
    return tuple(rows)


def kind_of_parent(kind: str, parent: str) -> str:
    """Languages hang below the script they are written in; all else below its own kind."""
    return "script" if kind == "language" and parent else kind


def translations(tags: frozenset[str] | None = None) -> Iterator[TranslationRow]:
    """Every name that a locale gives to a concept; of the locales ``tags`` when given."""
    concept_ids = {(row.kind, row.code): row.id for row in concepts()}
    ids = language_ids()
    number = 0
    for identifier in sorted(localedata.locale_identifiers()):
        tag = _tag(identifier)
        if tags is not None and tag not in tags:
            continue
        for kind, code, form, text in _texts(_own_data(identifier)):
            concept = concept_ids.get((kind, code))
            if concept is not None and isinstance(text, str) and text:
                number += 1
                yield TranslationRow(number, concept, ids[tag], form, text, text.casefold())


def speakers() -> Iterator[SpeakersRow]:
    """Which languages a territory speaks, as CLDR estimates it."""
    concept_ids = {row.code: row.id for row in concepts() if row.kind == "territory"}
    ids = language_ids()
    for territory, spoken in sorted(get_global("territory_languages").items()):
        if territory not in concept_ids:
            continue
        for code, facts in sorted(spoken.items()):
            yield SpeakersRow(
                concept_ids[territory],
                ids[_tag(code)],
                float(facts["population_percent"]),
                facts["official_status"] is not None,
            )


def in_slice(concept: ConceptRow) -> bool:
    """Whether a concept belongs to the small, deterministic slice of the tests."""
    chosen = {
        "territory": SLICE_REGIONS | SLICE_TERRITORIES,
        "script": SLICE_SCRIPTS,
        "language": SLICE_LANGUAGES,
        "currency": SLICE_CURRENCIES,
        "unit": SLICE_UNITS,
    }[concept.kind]
    is_category = concept.kind == "unit" and any(
        unit.startswith(f"{concept.code}-") for unit in SLICE_UNITS
    )
    return concept.code in chosen or concept.code == "" or is_category


def _own_data(identifier: str) -> Mapping[str, Any]:
    """What a locale says itself. ``localedata.load`` cannot tell once it has merged it."""
    with Path(localedata.resolve_locale_filename(identifier)).open("rb") as file:
        return pickle.load(file)


def _tag(identifier: str) -> str:
    return identifier.replace("_", "-")


def _names(tag: str) -> tuple[str, str | None, bool]:
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        name = localedata.load("en")["languages"].get(tag.replace("-", "_"), tag)
        return name, None, False
    return (
        locale.get_display_name("en") or tag,
        locale.get_display_name(),
        locale.character_order == "right-to-left",
    )


def _described(english: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Kind, code, code of the parent, definition."""
    regions = _containment()
    likely = get_global("likely_subtags")
    for code, name in sorted(english["territories"].items()):
        if code in PSEUDO_TERRITORIES:
            continue
        yield "territory", code, regions.get(code, ""), f"{name}: a territory or region."
    for code, name in sorted(english["scripts"].items()):
        yield "script", code, "", f"{name}: a script."
    for code, name in sorted(english["languages"].items()):
        script = next((p for p in likely.get(code, "").split("_") if len(p) == 4), "")
        script = script if script in english["scripts"] else ""
        yield "language", _tag(code), script, f"{name}: a language."
    for code, name in sorted(english["currency_names"].items()):
        yield "currency", code, "", f"{name}: a currency."
    for category in sorted({unit.partition("-")[0] for unit in english["unit_display_names"]}):
        yield "unit", category, "", f"Units of {category}."
    for unit, names in sorted(english["unit_display_names"].items()):
        if "-" in unit:
            name = names.get("long") or next(iter(names.values()))
            yield "unit", unit, unit.partition("-")[0], f"{name}: a unit of measurement."


@cache
def _containment() -> dict[str, str]:
    text = resources.files(__package__).joinpath("containment.txt").read_text("utf-8")
    lines = [line.partition(":") for line in text.splitlines() if not line.startswith("#")]
    return {member: region for region, _, members in lines for member in members.split()}


def _texts(own: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Kind, code, form and text of everything that one locale names."""
    for code, text in own.get("territories", {}).items():
        yield "territory", code, "name", text
    for code, text in own.get("scripts", {}).items():
        yield "script", code, "name", text
    for code, text in own.get("languages", {}).items():
        yield "language", _tag(code), "name", text
    for code, text in own.get("currency_names", {}).items():
        yield "currency", code, "name", text
    for code, text in own.get("currency_symbols", {}).items():
        yield "currency", code, "symbol", text
    for code, names in own.get("unit_display_names", {}).items():
        for width, text in names.items() if isinstance(names, Mapping) else ():
            yield "unit", code, "name" if width == "long" else width, text
