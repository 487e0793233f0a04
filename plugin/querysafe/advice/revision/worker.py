"""Runs a project's Alembic in a process of its own: ``env.py`` and models are imported here only.

Reads one request as JSON from standard input and writes one answer as JSON into the file that
the request names; whatever ``env.py`` prints goes to standard error.
"""

import io
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from querysafe.advice.revision.overlay import lay_over
from querysafe.advice.revision.redirect import redirect


def main() -> int:
    """Do what the request says, action by action, until one fails."""
    request = json.load(sys.stdin)
    answer: dict[str, Any] = {"results": [], "error": None}
    action = "start"
    try:
        with redirect_stdout(sys.stderr):
            lay_over(request["overlay"])
            redirect(request["place"])
            project = Project(request)
            for action, arguments in request["actions"]:
                answer["results"].append(project.do(action, arguments))
    except BaseException as error:
        answer["error"] = _told(action, error, Path(request["directory"]))
    text = json.dumps(answer).replace(request["place"]["password"], "***")
    Path(request["answer"]).write_text(text, encoding="utf-8")
    return 0


def _told(action: str, error: BaseException, directory: Path) -> dict[str, str]:
    """An exception as a person should read it: the project's own last line, and the words."""
    original = getattr(error, "orig", None) or error
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if (
            path.is_absolute()
            and path.is_relative_to(directory)
            and "site-packages" not in path.parts
        ):
            place = f"{path.relative_to(directory)}:{frame.lineno}"
    words = " ".join(str(original).split()) or type(original).__name__
    return {"action": action, "type": type(original).__name__, "words": words, "place": place}


class Project:
    """One Alembic project, opened."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        file = request["file"]
        if file.endswith(".toml"):
            self.config = Config(toml_file=file)
        else:
            self.config = Config(file, ini_section=request["section"])
        self.config.stdout = sys.stderr
        if not self.config.get_main_option("script_location"):
            self.config.set_main_option(
                "script_location", str(Path(file).parent).replace("%", "%%")
            )
        place = request["place"]
        url = self.config.get_main_option("sqlalchemy.url") or ""
        driver = re.match(r"postgresql(\+\w+)?(?=://)", url)
        where = f"{place['user']}@{place['host']}:{place['port']}/{place['dbname']}"
        self.config.set_main_option(
            "sqlalchemy.url", f"{driver[0] if driver else 'postgresql+psycopg'}://{where}"
        )
        self._add_location(ScriptDirectory, request["location"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.script = ScriptDirectory.from_config(self.config)
        self.location = request["location"]
        self._shares = False
        env = (Path(self.script.dir) / "env.py").read_text("utf-8", "replace")
        if "AsyncEngine(" in env and (driver is None or "async" not in driver[0]):
            self.config.set_main_option("sqlalchemy.url", f"postgresql+psycopg_async://{where}")
        if "current_app" in env:
            _enter_flask(request["origin"])

    @staticmethod
    def _add_location(kind: Any, location: str | None) -> None:
        """Let every script directory find revisions in one more folder."""
        if location is None:
            return
        original = kind.from_config.__func__

        def from_config(cls: Any, config: Any) -> Any:
            script = original(cls, config)
            script.version_locations = [*map(str, script._version_locations), location]
            script.__dict__.pop("_version_locations", None)
            return script

        kind.from_config = classmethod(from_config)

    def do(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """Do one action; again with a connection to share, where ``env.py`` asks for one.

        https://alembic.sqlalchemy.org/en/latest/cookbook.html#connection-sharing
        """
        if self._shares:
            return self._sharing(action, arguments)
        try:
            return getattr(self, action)(**arguments)
        except Exception as error:
            if not _wants_connection(error):
                raise
        self._shares = True
        return self._sharing(action, arguments)

    def _sharing(self, action: str, arguments: Mapping[str, Any]) -> Any:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        url = self.config.get_main_option("sqlalchemy.url") or ""
        url = url.replace("+psycopg_async:", "+psycopg:")
        with create_engine(url, poolclass=NullPool).connect() as connection:
            self.config.attributes["connection"] = connection
            return getattr(self, action)(**arguments)

    # --- actions

    def upgrade(self, revision: str) -> None:
        """Run the migrations up to a revision."""
        from alembic import command

        command.upgrade(self.config, revision)

    def create_all(self) -> None:
        """Make the tables of the models, without their indexes, instead of the migrations."""
        from querysafe.advice.revision.facts import create_tables

        self._in_environment(create_tables)

    def downgrade(self, revision: str) -> None:
        """Run the migrations down to a revision."""
        from alembic import command

        command.downgrade(self.config, revision)

    def stamp(self, revision: str, purge: bool = False) -> None:
        """Say that the database is at a revision, without running anything."""
        from alembic import command

        command.stamp(self.config, revision, purge=purge)

    def sql(self, revision: str, start: str | None) -> str:
        """What ``alembic upgrade START:REVISION --sql`` prints."""
        from alembic import command

        out = io.StringIO()
        self.config.output_buffer = out
        try:
            command.upgrade(self.config, f"{start or 'base'}:{revision}", sql=True)
        finally:
            self.config.output_buffer = sys.stderr
        return out.getvalue()

    def heads(self) -> list[dict[str, Any]]:
        """Every head with its labels, message, and the folder it is in."""
        found = []
        for revision in self.script.get_revisions("heads"):
            found.append(
                {
                    "id": revision.revision,
                    "labels": sorted(revision.branch_labels),
                    "message": revision.doc,
                    "path": revision.path,
                }
            )
        return found

    def resolve(self, head: str) -> dict[str, Any] | None:
        """The revision that a word stands for; None for ``base``."""
        revision: Any = self.script.get_revision(head)
        if revision is None:
            return None
        return {"id": revision.revision, "path": revision.path, "is_head": revision.is_head}

    def locations(self) -> list[str]:
        """The project's folders of revisions."""
        return [str(path) for path in self.script._version_locations if str(path) != self.location]

    def template(self) -> str:
        """The text of ``script.py.mako``."""
        return (Path(self.script.dir) / "script.py.mako").read_text(encoding="utf-8")

    def generate(
        self,
        revision: str,
        message: str,
        head: str,
        branch_label: str | None,
        upgrades: str,
        downgrades: str,
        imports: str,
        template_args: Mapping[str, Any],
        evidence: str,
    ) -> dict[str, Any]:
        """Let Alembic write the revision into the added folder; the evidence is put in after."""
        from querysafe.advice.revision.evidence import with_evidence

        script = self.script.generate_revision(
            revision,
            message,
            head=head,
            branch_labels=branch_label,
            version_path=self.location,
            **{
                "messages": [],
                **template_args,
                "upgrades": upgrades,
                "downgrades": downgrades,
                "imports": imports,
            },
        )
        assert script is not None
        path = Path(script.path)
        written = with_evidence(path.read_text(encoding="utf-8"), message, evidence)
        if not re.search(r"^def downgrade\(", written, re.MULTILINE):
            # Projects that only go forwards leave it out of their template; ours can be reverted.
            written = f"{written.rstrip()}\n\n\ndef downgrade():\n    {downgrades}\n"
        compile(written, str(path), "exec")
        path.write_text(written, encoding="utf-8")
        return {"id": script.revision, "path": str(path)}

    def snapshot(self) -> list[list[Any]]:
        """Every index of the throw-away database: schema, name, definition, validity."""
        import psycopg

        from querysafe.advice.revision.catalog import snapshot

        with psycopg.connect(autocommit=True) as connection:
            found = snapshot(connection)
        return [[*key, *value] for key, value in found.items()]

    def facts(self, tables: list[tuple[str, str]]) -> dict[str, Any]:
        """What ``env.py`` knows: metadata, its conventions, and where the models stand."""
        from querysafe.advice.revision.facts import facts

        found: dict[str, Any] = self._in_environment(lambda context: facts(context, tables))
        return found

    def differences(self) -> list[str]:
        """What ``alembic check`` would find, a line each."""
        from querysafe.advice.revision.facts import differences

        found: list[str] = self._in_environment(differences)
        return found

    def _in_environment(self, look: Callable[[Any], Any]) -> Any:
        """Call a function with the migration context that ``env.py`` makes."""
        from alembic.runtime.environment import EnvironmentContext

        found: list[Any] = []

        def called(_revision: Any, context: Any) -> list[Any]:
            found.append(look(context))
            return []

        with EnvironmentContext(self.config, self.script, fn=called, dont_mutate=True):
            self.script.run_env()
        if len(found) != 1:
            raise RuntimeError(
                f"env.py runs migrations for {len(found)} databases; one is what can be advised on"
            )
        return found[0]


def _wants_connection(error: Exception) -> bool:
    """Whether ``env.py`` says that nobody put a connection into ``config.attributes``."""
    if isinstance(error, KeyError):
        return error.args == ("connection",)
    from sqlalchemy.exc import SQLAlchemyError

    return not isinstance(error, SQLAlchemyError) and "no connection" in str(error).lower()


def _enter_flask(folder: str) -> None:
    """Load the application as ``flask db`` does in a folder, and stay in its context.

    Flask-Migrate's ``env.py`` reads models and options from there.
    """
    from flask.cli import ScriptInfo, load_dotenv

    before = Path.cwd()
    os.chdir(folder)
    try:
        sys.path.insert(0, folder)
        load_dotenv()
        named = os.environ.get("FLASK_APP")  # which the option --app of flask reads otherwise
        ScriptInfo(app_import_path=named).load_app().app_context().push()
    finally:
        os.chdir(before)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.dont_write_bytecode = True
    sys.exit(main())
