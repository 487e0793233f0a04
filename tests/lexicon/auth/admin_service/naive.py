"""What administrators see, with the classic mistakes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from tests.lexicon.auth.models import User, role_permission, user_role


def user_table(session: Session, limit: int) -> list[dict[str, Any]]:
    """Profile, native language, roles and permissions of each user, all lazily loaded."""
    users = session.scalars(select(User).order_by(User.id).limit(limit)).all()
    return [_as_dict(user) for user in users]


def _as_dict(user: User) -> dict[str, Any]:
    profile = user.profile
    return {
        "email": user.email,
        "native": profile.native_language.tag if profile else None,
        "permissions": sorted({p.code for role in user.roles for p in role.permissions}),
    }


def permission_ids(session: Session, user_ids: Sequence[int]) -> dict[int, list[int]]:
    """Core statements in two nested loops."""
    found = {}
    for user_id in user_ids:
        permissions: set[int] = set()
        roles = session.execute(
            select(user_role.c.role_id).where(user_role.c.user_id == user_id)
        ).scalars()
        for role_id in roles.all():
            permissions.update(
                session.execute(
                    select(role_permission.c.permission_id).where(
                        role_permission.c.role_id == role_id
                    )
                ).scalars()
            )
        found[user_id] = sorted(permissions)
    return found


def activity(session: Session, limit: int) -> list[tuple[str, int, int]]:
    """How many roles and reviewed concepts a user has: two collections in one join."""
    users = session.scalars(
        select(User)
        .where(User.id <= limit)
        .order_by(User.id)
        .options(joinedload(User.roles), joinedload(User.progress))
    ).unique()
    return [(user.email, len(user.roles), len(user.progress)) for user in users]


def progress_counts(session: Session, limit: int) -> dict[str, int]:
    """Each user's progress is loaded to be counted."""
    users = session.scalars(select(User).order_by(User.id).limit(limit)).all()
    return {user.email: len(user.progress) for user in users}


def biographies(session: Session, limit: int) -> list[str]:
    """A deferred column of a profile, read for each user."""
    users = session.scalars(
        select(User).order_by(User.id).limit(limit).options(joinedload(User.profile))
    ).all()
    return [user.profile.biography for user in users if user.profile]


def deactivate(session: Session, emails: Sequence[str]) -> int:
    """A look-up and an UPDATE for each user."""
    count = 0
    for email in emails:
        user = session.scalars(select(User).where(User.email == email)).one_or_none()
        if user is not None and user.active:
            user.active = False
            session.flush()
            count += 1
    return count
