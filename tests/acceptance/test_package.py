"""The wheel: what it holds, what it declares, and that it works without its checkout."""

import subprocess
import sys
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from querysafe import __version__
from querysafe.cli.rules import RULES
from tests.requirements import require

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    fetched = "No matching distribution found for hatchling" not in done.stderr
    require("package-index", fetched, "hatchling cannot be fetched to build with")
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"querysafe-{__version__}.dist-info/METADATA").decode()
    return message_from_string(text)


def test_the_wheel_holds_every_file_of_the_package_and_the_examples(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    source = ROOT / "plugin"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {
        f"querysafe/examples/{rule.id}/{name}.py" for rule in RULES for name in ("bad", "good")
    }
    assert held == wanted
    assert "querysafe/py.typed" in held


def test_the_wheel_declares_the_plugin_the_command_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = f"querysafe-{__version__}.dist-info"
        entries = archive.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in archive.namelist()
    assert "[pytest11]\nquerysafe = querysafe.pytest_plugin" in entries
    assert "[console_scripts]\nquerysafe = querysafe.cli:main" in entries


def test_what_it_needs_by_itself_is_neither_sqlalchemy_nor_pytest(metadata: Message) -> None:
    needed = {
        line.split(">")[0]
        for line in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in line
    }
    assert needed == {"click", "rich", "sqlparse"}
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_payload().startswith("# querysafe")


def test_the_installed_package_explains_a_rule_far_from_its_checkout(
    wheel: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "querysafe", "rules", "QS101"],
        cwd=tmp_path / "installed",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "selectinload(Order.lines)" in done.stdout
