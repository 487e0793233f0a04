"""The same for administrators, cured."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from tests.lexicon.auth.models import Profile, Role, User, role_permission, user_role
from tests.lexicon.languages.models import Progress


def user_table(session: Session, limit: int) -> list[dict[str, Any]]:
    """Three queries, whatever the number of users."""
    users = session.scalars(
        select(User)
        .order_by(User.id)
        .limit(limit)
        .options(
            joinedload(User.profile).joinedload(Profile.native_language),
            selectinload(User.roles).selectinload(Role.permissions),
        )
    ).all()
    return [_as_dict(user) for user in users]


def _as_dict(user: User) -> dict[str, Any]:
    profile = user.profile
    return {
        "email": user.email,
        "native": profile.native_language.tag if profile else None,
        "permissions": sorted({p.code for role in user.roles for p in role.permissions}),
    }


def permission_ids(session: Session, user_ids: Sequence[int]) -> dict[int, list[int]]:
    """One join."""
    rows = session.execute(
        select(user_role.c.user_id, role_permission.c.permission_id)
        .join(role_permission, role_permission.c.role_id == user_role.c.role_id)
        .where(user_role.c.user_id.in_(user_ids))
        .distinct()
        .order_by(user_role.c.user_id, role_permission.c.permission_id)
    )
    found: dict[int, list[int]] = {user_id: [] for user_id in user_ids}
    for user_id, permission_id in rows:
        found[user_id].append(permission_id)
    return found


def activity(session: Session, limit: int) -> list[tuple[str, int, int]]:
    """Each collection in a query of its own."""
    users = session.scalars(
        select(User)
        .where(User.id <= limit)
        .order_by(User.id)
        .options(selectinload(User.roles), selectinload(User.progress))
    )
    return [(user.email, len(user.roles), len(user.progress)) for user in users]


def progress_counts(session: Session, limit: int) -> dict[str, int]:
    """The database counts, in one query."""
    first = select(User.id, User.email).order_by(User.id).limit(limit).subquery()
    rows = session.execute(
        select(first.c.email, func.count(Progress.id))
        .outerjoin(Progress, Progress.user_id == first.c.id)
        .group_by(first.c.email)
    )
    return dict(rows.all())


def biographies(session: Session, limit: int) -> list[str]:
    """The deferred column comes with the rows that need it."""
    users = session.scalars(
        select(User)
        .order_by(User.id)
        .limit(limit)
        .options(joinedload(User.profile).options(undefer(Profile.biography)))
    ).all()
    return [user.profile.biography for user in users if user.profile]


def deactivate(session: Session, emails: Sequence[str]) -> int:
    """One UPDATE."""
    changed = session.scalars(
        update(User)
        .where(User.email.in_(emails), User.active)
        .values(active=False)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(changed)
