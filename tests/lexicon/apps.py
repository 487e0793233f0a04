"""The lexicon as an ASGI application, with its mistakes or without."""

import functools
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from strawberry.asgi import GraphQL

from tests.lexicon.variants import VARIANTS, Variant, VariantName

Endpoint = Callable[[Request], Response]
AsyncEndpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    sessions: sessionmaker[Session] | None = None,
    async_sessions: async_sessionmaker[AsyncSession] | None = None,
    *,
    variant: VariantName = "cured",
) -> Starlette:
    """Build the application on the session factories given.

    With ``sessions`` it serves ``/words``, ``/cards``, ``/paths``, ``/search``,
    ``/languages``, ``/territories``, ``/admin/users``, ``/progress/review`` and
    ``/graphql``; with ``async_sessions`` ``/async/words``, ``/async/lengths`` and
    ``/async/graphql``.
    """
    services = VARIANTS[variant]
    routes = []
    if sessions is not None:
        routes += _blocking_routes(services, sessions)
    if async_sessions is not None:
        routes += _asyncio_routes(services, async_sessions)
    return Starlette(routes=routes)


def _blocking_routes(services: Variant, sessions: sessionmaker[Session]) -> list[Route]:
    def words(request: Request) -> Response:
        kind = request.query_params.get("kind", "territory")
        limit = int(request.query_params.get("limit", "10"))
        return JSONResponse(services.dictionary.word_list(request.state.session, kind, limit))

    def cards(request: Request) -> Response:
        return JSONResponse(services.dictionary.cards(request.state.session, request.state.codes))

    def paths(request: Request) -> Response:
        return JSONResponse(services.dictionary.paths(request.state.session, request.state.codes))

    def search(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "10"))
        return JSONResponse(
            services.search.search(request.state.session, request.query_params["q"], limit)
        )

    def users(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "10"))
        return JSONResponse(services.admin.user_table(request.state.session, limit))

    def review(request: Request) -> Response:
        user_id = int(request.query_params["user"])
        today = date.fromisoformat(request.query_params["today"])
        strength = services.progress.review(request.state.session, user_id, today)
        return JSONResponse({"strength": strength})

    served: list[tuple[str, Endpoint, str]] = [
        ("/words", words, "GET"),
        ("/cards", cards, "GET"),
        ("/paths", paths, "GET"),
        ("/search", search, "GET"),
        ("/languages", services.api.languages, "GET"),
        ("/territories", services.api.territories, "GET"),
        ("/admin/users", users, "GET"),
        ("/progress/review", review, "POST"),
    ]
    return [
        *(
            Route(path, _with_session(endpoint, sessions), methods=[method])
            for path, endpoint, method in served
        ),
        Route("/graphql", BlockingGraphQL(services.graphql.schema, sessions)),
    ]


def _asyncio_routes(services: Variant, sessions: async_sessionmaker[AsyncSession]) -> list[Route]:
    async def words(request: Request) -> Response:
        kind = request.query_params.get("kind", "territory")
        limit = int(request.query_params.get("limit", "10"))
        async with sessions() as session:
            return JSONResponse(await services.dictionary_async.word_list(session, kind, limit))

    async def lengths(request: Request) -> Response:
        ids = [int(number) for number in request.query_params["ids"].split(",")]
        return JSONResponse(await services.dictionary_async.name_lengths(sessions, ids))

    return [
        Route("/async/words", words),
        Route("/async/lengths", lengths),
        Route("/async/graphql", AsyncioGraphQL(services.graphql_async.schema, sessions)),
    ]


def _with_session(endpoint: Endpoint, sessions: sessionmaker[Session]) -> AsyncEndpoint:
    """Run a blocking endpoint in a thread, with a session and the lists of the query string."""

    def call(request: Request) -> Response:
        request.state.codes = request.query_params.get("codes", "").split(",")
        request.state.tags = request.query_params.get("tags", "").split(",")
        with sessions() as session:
            request.state.session = session
            return endpoint(request)

    @functools.wraps(endpoint)
    async def serve(request: Request) -> Response:
        return await run_in_threadpool(call, request)

    return serve


class BlockingGraphQL(GraphQL[dict[str, Any], None]):
    """Serves a schema with blocking resolvers, all on one session a request."""

    def __init__(self, schema: Any, sessions: sessionmaker[Session]) -> None:
        super().__init__(schema)
        self.sessions = sessions

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"session": request.state.session}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with self.sessions() as session:
            scope.setdefault("state", {})["session"] = session
            await super().__call__(scope, receive, send)


class AsyncioGraphQL(GraphQL[dict[str, Any], None]):
    """Serves a schema with asyncio resolvers, which open sessions themselves."""

    def __init__(self, schema: Any, sessions: async_sessionmaker[AsyncSession]) -> None:
        super().__init__(schema)
        self.sessions = sessions

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"sessions": self.sessions}
