"""Invented learners: the same for the same number of them, whoever asks and whenever."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

FIRST_NAMES = [
    "Ada",
    "Amara",
    "Anouk",
    "Bao",
    "Chiara",
    "Dmitri",
    "Elif",
    "Emeka",
    "Freya",
    "Hana",
    "Ines",
    "Ivo",
    "Jonas",
    "Kaito",
    "Leila",
    "Linh",
    "Lucía",
    "Mateo",
    "Mei",
    "Nadia",
    "Noor",
    "Olga",
    "Paulo",
    "Priya",
    "Rafael",
    "Sanna",
    "Tariq",
    "Uma",
    "Yara",
    "Zofia",
]
LAST_NAMES = [
    "Abe",
    "Adeyemi",
    "Berg",
    "Costa",
    "Demir",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kaya",
    "Kim",
    "Laine",
    "Moreau",
    "Nguyen",
    "Novak",
    "Okafor",
    "Papadaki",
    "Rossi",
    "Santos",
    "Sato",
    "Singh",
    "Tanaka",
    "Weber",
]
PERMISSIONS = [
    "concept.read",
    "concept.write",
    "language.write",
    "progress.read",
    "progress.reset",
    "translation.read",
    "translation.review",
    "translation.write",
    "user.block",
    "user.read",
    "user.write",
]
ROLES = {
    "admin": tuple(PERMISSIONS),
    "editor": ("concept.read", "concept.write", "translation.read", "translation.write"),
    "learner": ("concept.read", "progress.read", "translation.read"),
    "moderator": ("translation.read", "translation.review", "user.block", "user.read"),
}
FIRST_DAY = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
REVIEWED_EACH = 12


@dataclass(frozen=True, slots=True)
class People:
    """Rows of the account tables as tuples, in the order of their columns in the loader."""

    users: Sequence[tuple[int, str, str, bool, datetime]]
    profiles: Sequence[tuple[int, int, int, str]]
    user_roles: Sequence[tuple[int, int]]
    progress: Sequence[tuple[int, int, int, int, int, int, date]]


def permission_rows() -> Iterator[tuple[int, str]]:
    yield from enumerate(PERMISSIONS, 1)


def role_rows() -> Iterator[tuple[int, str]]:
    yield from enumerate(ROLES, 1)


def role_permission_rows() -> Iterator[tuple[int, int]]:
    for number, codes in enumerate(ROLES.values(), 1):
        for code in codes:
            yield number, PERMISSIONS.index(code) + 1


def invent(count: int, language_ids: Sequence[int], concept_ids: Sequence[int]) -> People:
    """Invent ``count`` learners of those languages and concepts.

    Every learner studies one language other than the native one and has
    reviewed ``REVIEWED_EACH`` concepts in it.
    """
    users, profiles, user_roles, progress = [], [], [], []
    for number in range(1, count + 1):
        random = Random(number)
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[number % len(LAST_NAMES)]
        native, studied = random.sample(language_ids, 2)
        created = FIRST_DAY + timedelta(hours=number)
        users.append(
            (
                number,
                f"learner{number}@lexicon.example",
                f"{first} {last}",
                number % 9 != 0,
                created,
            )
        )
        biography = f"{first} learns a language and keeps notes about it. " * 6
        profiles.append((number, native, random.choice((5, 10, 20)), biography))
        roles = {3} | ({random.choice((1, 2, 4))} if number % 3 == 0 else set())
        user_roles += [(number, role) for role in sorted(roles)]
        for concept in sorted(random.sample(concept_ids, REVIEWED_EACH)):
            reviews = random.randrange(1, 9)
            due = created.date() + timedelta(days=random.randrange(1, 60))
            strength = random.randrange(0, 6)
            progress.append((len(progress) + 1, number, concept, studied, strength, reviews, due))
    return People(users, profiles, user_roles, progress)
