"""How a module spells the names that a cure needs, and what it must import for them.

A cure is pasted into the module of the query it mends. Where that module writes
``models.Order`` or ``orm.selectinload``, so does the cure; a name that the module does not
know at all is told as an import.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from querysafe.analysis.sources import source
from querysafe.query import Frame

_HOMES = {
    "sqlalchemy": (
        "bindparam delete exists func insert literal_column or_ select text tuple_ update"
    ),
    "sqlalchemy.orm": (
        "aliased contains_eager joinedload load_only selectinload selectin_polymorphic sessionmaker "
        "subqueryload undefer with_polymorphic"
    ),
    "sqlalchemy.ext.asyncio": "async_sessionmaker",
    "collections": "defaultdict",
    "strawberry.dataloader": "DataLoader",
}
HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
_BUILTINS = frozenset(dir(builtins))


class Module:
    """One file of the user's, as a place where code is pasted."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.tree = source(path).tree
        self.imported: dict[str, str] = {}
        """Name here to what it stands for: ``{"sa": "sqlalchemy", "Order": "shop.models.Order"}``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    name = each.asname or each.name.partition(".")[0]
                    self.imported[name] = each.name if each.asname else name
            elif isinstance(node, ast.ImportFrom):
                home = "." * node.level + (node.module or "")
                joint = "" if home.endswith(".") else "."
                for each in node.names:
                    self.imported[each.asname or each.name] = f"{home}{joint}{each.name}"
        self.bound = frozenset(self.imported) | frozenset(_bound(self.tree))
        self._unmapped = frozenset(
            node.name
            for node in self.tree.body
            if isinstance(node, ast.ClassDef) and node.name not in self.imported
            if not _is_mapped(node)
        )
        """Classes of this file that no query reads: GraphQL's ``Order`` beside ``models.Order``."""

    def spell(self, name: str) -> str:
        """``models.Order`` where the module says so, the bare name when it knows no other."""
        if not name or (name in self.bound and not self._is_another(name)):
            return name
        if name in HOME_OF:
            return self._library(name)
        for alias, target in self.imported.items():
            if alias != name and target.rpartition(".")[2] == name:
                return alias
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and node.attr == name and _is_dotted(node.value):
                base = ast.unparse(node)
                if base.partition(".")[0] in self.imported:
                    return base
        for alias, target in self.imported.items():
            if self._file_of(target) and name in _names_of(self._file_of(target)):
                return f"{alias}.{name}"
        return name

    def _is_another(self, name: str) -> bool:
        """Whether a name stands here for a class that no query reads: ``user.User``, a wrapper."""
        if name in self._unmapped:
            return True
        home = self.imported.get(name, "").rpartition(".")[0]
        file = self._file_of(home) if home and name not in HOME_OF else ""
        return bool(file) and name in _plain_classes(file)

    def _library(self, name: str) -> str:
        home = HOME_OF[name]
        for alias, target in self.imported.items():
            if target == home and "." not in alias:
                return f"{alias}.{name}"
        return name

    def import_of(self, name: str) -> str:
        """The line that imports a bare name, "" when it is known here or nowhere."""
        if name in self.bound or name in _BUILTINS:
            return ""
        if name in HOME_OF:
            return f"from {HOME_OF[name]} import {name}"
        for target in self.imported.values():
            home = target.rpartition(".")[0] or "."
            home = "." * (len(target) - len(target.lstrip("."))) if set(home) == {"."} else home
            file = self._file_of(home)
            if file and name in _names_of(file):
                return f"from {home} import {name}"
        return ""

    def _file_of(self, dotted: str) -> str:
        """The source file of a module named in an import of this file, or ""."""
        stripped = dotted.lstrip(".")
        level = len(dotted) - len(stripped)
        parts = stripped.split(".") if stripped else []
        here = Path(self.path).parent
        roots: Iterable[Path] = (
            [here.joinpath(*[".."] * (level - 1))] if level else [here, *list(here.parents)[:6]]
        )
        return _find(tuple(map(str, roots)), tuple(parts))


@lru_cache(maxsize=256)
def module(path: str) -> Module:
    """Read a file as a place for cures, once a run."""
    return Module(path)


@lru_cache(maxsize=1024)
def _find(roots: tuple[str, ...], parts: tuple[str, ...]) -> str:
    for root in roots:
        base = Path(root).joinpath(*parts)
        for candidate in (base.with_suffix(".py") if parts else base, base / "__init__.py"):
            if candidate.is_file():
                return str(candidate)
    return ""


@lru_cache(maxsize=256)
def _names_of(path: str) -> frozenset[str]:
    """Names that a file defines or imports at its top."""
    found: set[str] = set()
    for node in source(path).tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {each.asname or each.name for each in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for each in targets if isinstance(each, ast.Name)}
    return frozenset(found)


@lru_cache(maxsize=256)
def _plain_classes(path: str) -> frozenset[str]:
    """Classes of a file without any base, which nothing in them says to be mapped."""
    return frozenset(
        node.name
        for node in source(path).tree.body
        if isinstance(node, ast.ClassDef)
        and not node.bases
        and not node.keywords
        and not node.decorator_list
        and not _is_mapped(node)
    )


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def _is_mapped(node: ast.ClassDef) -> bool:
    """Whether a class of the file may be one that SQLAlchemy maps."""
    words = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return bool(words & {"__tablename__", "__table__", "__mapper_args__", "Mapped", "relationship"})


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def spelled(code: str, frame: Frame | None) -> str:
    """Rewrite the bare names of a cure's option as the module of a frame spells them."""
    if frame is None or not frame.file or frame.template:
        return code
    return _spelled(code, frame.file)


@lru_cache(maxsize=1024)
def _spelled(code: str, file: str) -> str:
    here = module(file)
    return re.sub(
        r"(?<![\w.'\"])([A-Za-z_]\w*)(?=[.(,\]])", lambda found: here.spell(found[1]), code
    )


def imports(code: str, frame: Frame | None) -> tuple[str, ...]:
    """The import lines that a cure needs in the module of a frame beyond what it has."""
    if frame is None or not frame.file or frame.template or not code:
        return ()
    return _imports(code, frame.file)


@lru_cache(maxsize=1024)
def _imports(code: str, file: str) -> tuple[str, ...]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return ()
    here = module(file)
    own = set(_bound(tree))
    names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)} - own
    homes: dict[str, list[str]] = {}
    for name in sorted(names):
        line = here.import_of(name)
        if line:
            homes.setdefault(line.partition(" import ")[0], []).append(name)
    return tuple(f"{home} import {', '.join(found)}" for home, found in sorted(homes.items()))
