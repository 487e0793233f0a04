"""Every table, imported together so that the metadata is whole."""

from tests.lexicon.auth.models import Permission, Profile, Role, User, role_permission, user_role
from tests.lexicon.core.database import Base
from tests.lexicon.languages.models import Concept, Language, Progress, Speakers, Translation

TABLES = tuple(Base.metadata.sorted_tables)

__all__ = [
    "TABLES",
    "Base",
    "Concept",
    "Language",
    "Permission",
    "Profile",
    "Progress",
    "Role",
    "Speakers",
    "Translation",
    "User",
    "role_permission",
    "user_role",
]
