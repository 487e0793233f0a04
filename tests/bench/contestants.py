"""Who takes part, and the environment in which all of them live."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = {
    "queryspy": "queryspy",
    "queryguard": "pytest-queryguard",
    "querycount": "pytest-querycount",
}
"""Name of each rival's pytest plugin, and its package."""
_PLUGINS = ("querysafe", *PEERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way to run the same tests."""

    name: str
    plugin: str = ""
    """The one installed pytest plugin that it runs with; "" for none."""
    options: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """What pytest is called with. Every other plugin is blocked: installing one activates it."""
        blocked = (each for each in _PLUGINS if each != self.plugin)
        return (*(part for name in blocked for part in ("-p", f"no:{name}")), *self.options)


CONTESTANTS = (
    Contestant(name="bare"),
    Contestant(name="floor", options=("-p", "floor")),
    Contestant(name="querysafe", plugin="querysafe", options=("--querysafe=report",)),
    Contestant(name="queryspy", plugin="queryspy", options=("--queryspy-report=spied.json",)),
    Contestant(name="queryguard", plugin="queryguard", options=("--queryguard-mode=warn",)),
    Contestant(name="querycount", plugin="querycount", options=("--querycount-report",)),
)


def environment(root: Path) -> Path:
    """The Python of a virtual environment with querysafe and its peers, made on first use."""
    folder = root / ".venv-bench"
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    wanted = [*PEERS.values(), "aiosqlite", "greenlet", "-e", f"{root}[pytest,postgres]"]
    mark = hashlib.sha256(
        "\n".join([*wanted, (root / "pyproject.toml").read_text()]).encode()
    ).hexdigest()
    if not stamp.exists() or stamp.read_text() != mark:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
        stamp.write_text(mark)
    return python
