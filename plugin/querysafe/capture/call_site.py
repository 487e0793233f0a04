"""Which of the user's lines sent a statement: the walk up the stack, made cheap.

Only what cannot be found later is taken while the query runs: for each frame of
the user's code its code object and the offset of the instruction. Lines, columns
and template lines are worked out when a finding or a report needs them.
"""

import linecache
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from querysafe.capture.overrides import is_override
from querysafe.capture.waiting import greenlet_parent, suspended, waiter
from querysafe.query import CallSite, Frame, Span

LIBRARY, USER, TEMPLATE, STOP, GRAPHQL, FLUSH = range(6)
"""What a file is; the walk compares: frames of the user's come first after libraries."""

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_STOPS = ("/_pytest/python.py", "/_pytest/fixtures.py", "/asyncio/events.py", "/threading.py")
_REQUESTS = str(Path(__file__).with_name("requests.py"))
_FLUSHES = ("/sqlalchemy/orm/persistence.py",)
_GRAPHQL = ("/graphql/execution/", "/strawberry/schema/schema_converter.py")
_INSTALLED = ("/site-packages/", "/dist-packages/")


REMEMBERED = 5000
"""So many stacks and lines are known before all are forgotten, with the code that they hold."""

_Entry = tuple[CodeType, int, CodeType | None, Any]


@dataclass(slots=True, eq=False)
class Stack:
    """The user's part of one call stack, innermost first, as it was met."""

    entries: tuple[_Entry, ...]
    """Code, instruction offset, the library code it called into, the template's object."""
    flushing: bool = False
    frames: tuple[Frame, ...] | None = None
    """Its lines, once somebody asked for them."""


class CallSites:
    """Classifies files once, walks frames, and names lines when asked.

    ``own`` are folders and packages to count as the user's although they are
    installed; ``foreign`` are folders and packages to skip although they are not.
    """

    def __init__(self, root: Path, *, own: Iterable[str] = (), foreign: Iterable[str] = ()) -> None:
        self._kinds: dict[str, int] = {}
        self._stacks: dict[tuple[int, ...], Stack] = {}
        self._frames: dict[tuple[int, int, int], tuple[_Entry, Frame]] = {}
        self.configure(root, own=own, foreign=foreign)
        self.sees_graphql = False
        """Whether a GraphQL engine was ever met on a stack."""
        self._libraries = tuple(
            f"{folder}/"
            for folder in {
                sysconfig.get_path("stdlib"),
                sysconfig.get_path("platstdlib"),
                *site.getsitepackages(),
                *_installation_folders(root),
                _PACKAGE,
            }
        )

    def configure(
        self, root: Path, *, own: Iterable[str] = (), foreign: Iterable[str] = ()
    ) -> None:
        """Set what counts as the user's code, and the folder that paths are relative to."""
        self.root = root.resolve()
        self._own = tuple(_as_marks(own))
        self._foreign = tuple(_as_marks(foreign))
        self._kinds.clear()
        self._stacks.clear()
        self._frames.clear()

    def trim(self) -> None:
        """Forget stacks and lines when they are many. Within a recording equal stacks stay one."""
        if len(self._stacks) > REMEMBERED or len(self._frames) > REMEMBERED:
            self._stacks.clear()
            self._frames.clear()

    def walk(self, frame: FrameType | None, until: CodeType | None = None) -> Stack:
        """Collect the user's frames from ``frame`` outwards.

        The walk ends after the test's own function (``until``), where a task or
        thread begins, or at pytest. Where a greenlet ends it goes on in the one
        that switched to it, which is where ``AsyncSession`` was awaited.

        A stack met before is found by its code objects and offsets: the stack that is
        stored under them holds the code objects, so no other can have their ``id()``.
        """
        kinds = self._kinds
        key: list[int] = []
        flushing = False
        first = frame
        hopped: Any = None
        while True:
            if frame is None:
                hopped = greenlet_parent(hopped)
                if hopped is None:
                    break
                frame = hopped.gr_frame
                continue
            code = frame.f_code
            try:
                kind = kinds[code.co_filename]
            except KeyError:
                kind = self._classify(code.co_filename, frame)
            if kind:
                if kind <= TEMPLATE:
                    key += (id(code), frame.f_lasti)
                    if code is until:
                        break
                elif kind == STOP:
                    break
                elif kind == FLUSH:
                    flushing = flushing or not key
            frame = frame.f_back
        key += (flushing,)
        try:
            return self._stacks[*key]
        except KeyError:
            return self._stored((*key,), self._entries(first, until), flushing)

    def _entries(self, frame: FrameType | None, until: CodeType | None) -> Iterator[_Entry]:
        """The same way once more, for a stack that was not met before."""
        library: CodeType | None = None
        hopped: Any = None
        while True:
            if frame is None:
                hopped = greenlet_parent(hopped)
                if hopped is None:
                    return
                frame = hopped.gr_frame
                continue
            code = frame.f_code
            kind = self._kinds[code.co_filename]
            if kind == STOP:
                return
            if kind in (USER, TEMPLATE):
                template = frame.f_globals.get("__jinja_template__") if kind == TEMPLATE else None
                yield code, frame.f_lasti, library, template
                if code is until:
                    return
                library = None
            else:
                library = code
            frame = frame.f_back

    def walk_awaiting(self, task: Any) -> Stack:
        """Collect the user's frames of the task that waits for ``task``.

        ``async with session.begin()`` commits in a task of its own, shielded from
        cancellation; the line is that of the ``async with``.
        """
        key: list[int] = []
        found: list[_Entry] = []
        library: CodeType | None = None
        waiting = waiter(task)
        for frame in suspended(waiting.get_coro()) if waiting is not None else ():
            code = frame.f_code
            kind = self._kinds.get(code.co_filename)
            if kind is None:
                kind = self._classify(code.co_filename, frame)
            if kind == USER:
                key += (id(code), frame.f_lasti)
                found.append((code, frame.f_lasti, library, None))
                library = None
            else:
                library = code
        return self._stored((*key, True), found, True)

    def _stored(self, key: tuple[int, ...], entries: Iterable[_Entry], flushing: bool) -> Stack:
        stack = self._stacks.get(key)
        if stack is None:
            stack = self._stacks[key] = Stack(tuple(entries), flushing=flushing)
        return stack

    def _classify(self, filename: str, frame: FrameType) -> int:
        """Decide what a file is, once."""
        path = filename.replace("\\", "/")
        if "__jinja_template__" in frame.f_globals:
            kind = TEMPLATE
        elif any(mark in path for mark in self._foreign):
            kind = LIBRARY
        elif any(mark in path for mark in self._own):
            kind = USER
        elif filename == _REQUESTS or path.endswith(_STOPS):
            kind = STOP
        elif path.endswith(_FLUSHES):
            kind = FLUSH
        elif any(mark in path for mark in _GRAPHQL):
            kind = GRAPHQL
            self.sees_graphql = True
        elif path.startswith(("<", *self._libraries)) or any(mark in path for mark in _INSTALLED):
            kind = LIBRARY
        else:
            kind = USER
        self._kinds[filename] = kind
        return kind

    def graphql_path(self, frame: FrameType | None) -> tuple[str, int]:
        """Name the GraphQL field being resolved, and its operation's serial ("" and 0 if none).

        A list index is shown as ``[]``: ``concepts[].translations``.
        """
        path, operation = "", 0
        hopped: Any = None
        while True:
            while frame is not None:
                kind = self._kinds.get(frame.f_code.co_filename)
                if kind == STOP:
                    return path, operation
                if kind == GRAPHQL:
                    path = path or _field_path(frame)
                    operation = _operation(frame) or operation
                frame = frame.f_back
            hopped = greenlet_parent(hopped)
            if hopped is None:
                return path, operation
            frame = hopped.gr_frame

    def frames(self, stack: Stack) -> tuple[Frame, ...]:
        """Name the lines of a stack."""
        if stack.frames is None:
            stack.frames = tuple(map(self._frame, _past_overrides(stack.entries)))
        return stack.frames

    def _frame(self, entry: _Entry) -> Frame:
        """Name one line, once for all the stacks that it is part of."""
        code, lasti, library, _ = entry
        key = (id(code), lasti, id(library))
        known = self._frames.get(key)
        if known is None:
            known = self._frames[key] = (entry, self._named(*entry))
        return known[1]

    def _named(self, code: CodeType, lasti: int, library: CodeType | None, template: Any) -> Frame:
        line, span = _position(code, lasti)
        file, function = code.co_filename, _function_around(code)
        if template is not None:
            line = template.get_corresponding_lineno(line)
            file = template.filename or template.name or file
            function = template.name or function
            span = None
        return Frame(
            site=CallSite(path=self._relative(file), line=line, function=function),
            file=file,
            first_line=code.co_firstlineno,
            span=span,
            instruction=lasti,
            library=_describe(library),
            name=code.co_name,
            template=template is not None,
        )

    def of_code(self, code: CodeType) -> CallSite:
        """Name the place where a function is defined: its ``def``, below the decorators."""
        line = code.co_firstlineno
        while linecache.getline(code.co_filename, line).lstrip().startswith(("@", ")", "#")):
            line += 1
        if not linecache.getline(code.co_filename, line).lstrip().startswith(("def ", "async ")):
            line = code.co_firstlineno
        return CallSite(path=self._relative(code.co_filename), line=line, function=code.co_name)

    def _relative(self, file: str) -> str:
        path = Path(file)
        if not path.is_absolute():
            return path.as_posix()
        for candidate in (path, path.resolve()):
            if candidate.is_relative_to(self.root):
                return candidate.relative_to(self.root).as_posix()
        return path.as_posix()


def _installation_folders(root: Path) -> Iterable[str]:
    """Where else distributions are installed: ``pip install --target``, a layer, a zip's folder."""
    for entry in filter(None, sys.path):
        folder = Path(entry)
        if next(folder.glob("*.dist-info"), None) and not root.is_relative_to(folder.resolve()):
            yield entry.rstrip("/")


def _past_overrides(entries: tuple[_Entry, ...]) -> Iterable[_Entry]:
    """The entries without methods that override SQLAlchemy's, unless there is nothing else.

    Nor does a query come from a template that is a mere string: the line that renders it can
    be opened.
    """
    library: CodeType | None = None
    innermost = True
    for position, (code, lasti, called, template) in enumerate(entries):
        is_string = template is not None and template.name is None
        if position + 1 < len(entries) and ((innermost and is_string) or is_override(code)):
            library = called or library
        else:
            yield code, lasti, called or library, template
            library, innermost = None, False


def _as_marks(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name if "/" in name else f"/{name.replace('.', '/')}"


def _position(code: CodeType, lasti: int) -> tuple[int, Span | None]:
    line, end_line, column, end_column = next(islice(code.co_positions(), lasti // 2, None))
    if line is None:
        return code.co_firstlineno, None
    if end_line is None or column is None or end_column is None:
        return line, None
    return line, Span(line=line, column=column, end_line=end_line, end_column=end_column)


def _function_around(code: CodeType) -> str:
    """The function that a comprehension or lambda stands in: its own name says nothing."""
    names = [part for part in code.co_qualname.split(".") if not part.startswith("<")]
    return names[-1] if code.co_name.startswith("<") and names else code.co_name


def _describe(code: CodeType | None) -> str:
    """``sqlalchemy.orm.session:Session.get`` for library code; "" when called directly."""
    if code is None:
        return ""
    path = code.co_filename.replace("\\", "/")
    for mark in (*_INSTALLED, "/lib/python3."):
        _, found, rest = path.rpartition(mark)
        if found:
            path = rest
            break
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{module}:{code.co_qualname}"


def _field_path(frame: FrameType) -> str:
    names = frame.f_code.co_varnames + frame.f_code.co_freevars
    if "info" not in names and "path" not in names:
        return ""
    values = frame.f_locals
    path = values.get("path") or getattr(values.get("info"), "path", None)
    as_list = getattr(path, "as_list", None)
    if as_list is None:
        return ""
    text = ""
    for part in as_list():
        text += "[]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _operation(frame: FrameType) -> int:
    if "self" not in frame.f_code.co_varnames[:1]:
        return 0
    owner = frame.f_locals.get("self")
    return id(owner) if hasattr(owner, "operation") else 0
