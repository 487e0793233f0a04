"""A password in an argument: told, and blotted out of this process' own line."""

import subprocess
import sys
from pathlib import Path

import pytest

from querysafe.postgres.arguments import secrets_in

SHOWS = """
from pathlib import Path
from querysafe.cli import main
try:
    main()
finally:
    print(Path("/proc/self/cmdline").read_text().replace(chr(0), " "))
"""


@pytest.mark.parametrize(
    ("argument", "secrets"),
    [
        ("postgresql://shop:s%40cret@db/shop", ["s%40cret"]),
        ("--database=postgresql+psycopg://shop:a:b@db/shop", ["a:b"]),
        ("host=db password=hidden user=shop", ["hidden"]),
        ("host=db password = 'hid den'", ["hid den"]),
        ("postgresql://db/shop?user=shop&password=hidden&x=1", ["hidden"]),
        ("postgresql://shop@db:5432/shop", []),
        ("s3://bucket/a:b", []),
        ("service=shop", []),
    ],
)
def test_the_password_of_a_url_or_a_connection_string_is_known(
    argument: str, secrets: list[str]
) -> None:
    assert list(secrets_in([argument])) == secrets


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows arguments in /proc")
@pytest.mark.parametrize("secret", ["hidden", "geheim-ß"])
def test_a_password_is_warned_of_and_no_longer_shown(secret: str) -> None:
    url = f"postgresql://shop:{secret}@db/shop"
    done = subprocess.run(
        [sys.executable, "-c", SHOWS, "rules", "QS101", url, url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "warning: a password stands in an argument" in done.stderr
    assert "PGPASSWORD" in done.stderr
    assert secret not in done.stdout + done.stderr
    assert done.stdout.count("postgresql://shop:*") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_a_result_that_cannot_be_written_is_an_error_without_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "querysafe", "rules"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
