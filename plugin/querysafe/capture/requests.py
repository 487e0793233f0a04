"""Which HTTP request is being served: web applications in this process, lightly wrapped.

A context variable is set where a framework's application object is entered, so that
threads and tasks which the framework starts inherit it. Frameworks that were not
imported are not touched.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from contextvars import ContextVar
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from itertools import count
from types import ModuleType
from typing import Any

from querysafe.capture.routes import called


class Scope:
    """One request while it is served."""

    __slots__ = ("application", "details", "request", "serial")

    def __init__(self, serial: int, details: MutableMapping[str, Any], application: Any) -> None:
        self.serial = serial
        self.application = application
        self.details = details
        """The ASGI scope or WSGI environment, which routers fill in as they go."""
        self.request: Any = None
        """Flask's request object, which the environment has only while it is served."""

    @property
    def name(self) -> str:
        """``GET /orders/{id}``: the pattern of a route, or a path without what may be secret."""
        return called(self.details, getattr(self.request, "url_rule", None))

    @property
    def endpoint(self) -> Any:
        """The function that serves the request, or ``None``."""
        details = self.details
        endpoint = details.get("endpoint")
        rule = getattr(self.request, "url_rule", None)
        if endpoint is None and rule is not None:
            endpoint = getattr(self.application, "view_functions", {}).get(rule.endpoint)
        while (inner := getattr(endpoint, "__wrapped__", None)) is not None:
            endpoint = inner
        return endpoint


current: ContextVar[Scope | None] = ContextVar("querysafe_request", default=None)
_serials = count(1)
_ASGI = (
    ("starlette.applications", "Starlette", "__call__"),
    ("litestar.app", "Litestar", "__call__"),
    ("quart.app", "Quart", "__call__"),
    ("connexion.apps.abstract", "AbstractApp", "__call__"),
)
_WSGI = (
    ("flask.app", "Flask", "wsgi_app"),
    ("falcon.app", "App", "__call__"),
    ("bottle", "Bottle", "wsgi"),
    ("pyramid.router", "Router", "__call__"),
)
_DISPATCHING = (("flask.app", "Flask", "full_dispatch_request"),)
_wrapped: set[tuple[str, str]] = set()
_looked_at = 0
"""How many modules there were when it was last looked for new ones."""


def wrap_applications() -> None:
    """Wrap the application classes that have been imported since the last call."""
    for known, wrapper in ((_ASGI, _asgi), (_WSGI, _wsgi), (_DISPATCHING, _dispatching)):
        for module, name, method in known:
            if (module, method) in _wrapped or module not in sys.modules:
                continue
            application = getattr(sys.modules[module], name, None)
            if application is not None:
                _wrapped.add((module, method))
                setattr(application, method, wrapper(getattr(application, method)))


def look_again() -> None:
    """Wrap what was imported since, where anything was: called at the beginning of each test."""
    global _looked_at
    if len(sys.modules) != _looked_at:
        _looked_at = len(sys.modules)
        wrap_applications()


class _Imports(MetaPathFinder):
    """Wraps the application class of a framework that is imported later, in a test's own body."""

    def __init__(self) -> None:
        self._finding: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as if this finder were not here, and hear when it has been run."""
        if fullname not in _FRAMEWORKS or fullname in self._finding:
            return None
        self._finding.add(fullname)
        try:
            spec = find_spec(fullname)
        finally:
            self._finding.discard(fullname)
        if spec is not None and spec.loader is not None:
            _hear(spec.loader)
        return spec


def _hear(loader: Loader) -> None:
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        run(module)
        wrap_applications()

    loader.exec_module = exec_module  # type: ignore[method-assign]


_FRAMEWORKS = frozenset(module for module, _, _ in (*_ASGI, *_WSGI))


def watch_imports() -> None:
    """Wrap what is imported from now on. Called once a process."""
    sys.meta_path.insert(0, _Imports())


def _asgi(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(original)
    async def serve(self: Any, scope: MutableMapping[str, Any], *rest: Any) -> None:
        if scope.get("type") not in ("http", "websocket") or current.get() is not None:
            await original(self, scope, *rest)
            return
        token = current.set(Scope(next(_serials), scope, self))
        try:
            await original(self, scope, *rest)
        finally:
            current.reset(token)

    return serve


def _wsgi(original: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    @wraps(original)
    def serve(self: Any, environ: MutableMapping[str, Any], *rest: Any) -> Iterable[bytes]:
        if current.get() is not None:
            return original(self, environ, *rest)
        token = current.set(Scope(next(_serials), environ, self))
        try:
            return original(self, environ, *rest)
        finally:
            current.reset(token)

    return serve


def _dispatching(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep what Flask takes out of the environment when the request has been served."""

    @wraps(original)
    def dispatch(self: Any, *rest: Any) -> Any:
        scope = current.get()
        if scope is not None and scope.application is self:
            scope.request = scope.details.get("werkzeug.request")
        return original(self, *rest)

    return dispatch
