"""The same endpoints, cured."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.lexicon.languages.models import Concept, Language, Speakers


def languages(request: Request) -> JSONResponse:
    """The other language comes with the join."""
    session: Session = request.state.session
    rows = session.scalars(
        select(Language)
        .where(Language.parent_id.is_not(None), Language.tag.in_(request.state.tags))
        .order_by(Language.tag)
        .options(joinedload(Language.parent))
    )
    return JSONResponse(
        [{"tag": row.tag, "parent": row.parent.name if row.parent else None} for row in rows]
    )


def territories(request: Request) -> JSONResponse:
    """All territories at once, with their languages."""
    session: Session = request.state.session
    rows = session.scalars(
        select(Concept)
        .where(Concept.kind == "territory", Concept.code.in_(request.state.codes))
        .options(selectinload(Concept.speakers).joinedload(Speakers.language))
    )
    by_code = {row.code: row for row in rows}
    return JSONResponse(
        {
            code: {spoken.language.tag: spoken.percent for spoken in by_code[code].speakers}
            for code in request.state.codes
            if code in by_code
        }
    )
