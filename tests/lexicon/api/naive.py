"""Endpoints with the classic mistakes in their own body."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.lexicon.languages.models import Concept, Language


def languages(request: Request) -> JSONResponse:
    """Languages that vary another, with the name of that other one, lazily loaded."""
    session: Session = request.state.session
    rows = session.scalars(
        select(Language)
        .where(Language.parent_id.is_not(None), Language.tag.in_(request.state.tags))
        .order_by(Language.tag)
    )
    return JSONResponse(
        [{"tag": row.tag, "parent": row.parent.name if row.parent else None} for row in rows]
    )


def territories(request: Request) -> JSONResponse:
    """The languages of each territory, nested in a dict comprehension."""
    session: Session = request.state.session
    found = {}
    for code in request.state.codes:
        territory = session.scalars(
            select(Concept).where(Concept.kind == "territory", Concept.code == code)
        ).one_or_none()
        if territory is not None:
            found[code] = {spoken.language.tag: spoken.percent for spoken in territory.speakers}
    return JSONResponse(found)
