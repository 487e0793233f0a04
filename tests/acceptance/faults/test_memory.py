"""A backup takes the memory of a few parts, however large it is."""

import os
import subprocess
import sys

import pytest

from tests.integration.backup.s3 import BUCKET, Store

MEGABYTES = 400
PIPE = """
import resource, sys
from querysafe.backup import streams
from querysafe.backup.repository import open_repository

class Source:
    left = {megabytes} * 2**20
    def read(self, size=-1):
        if not self.left:
            return b""
        size = min(size, self.left)
        self.left -= size
        return random.randbytes(size)

import random
with open_repository("s3://{bucket}/memory").create("backups/large") as writer:
    part = streams.store(Source(), writer, name="large")
assert part.raw_bytes == {megabytes} * 2**20
print(part.stored_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.soak
def test_hundreds_of_megabytes_go_from_a_pipe_to_s3_in_a_hundred(s3: Store) -> None:
    program = PIPE.format(megabytes=MEGABYTES, bucket=BUCKET)
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **s3.environment},
    )
    stored, kilobytes = map(int, done.stdout.split())
    assert stored > MEGABYTES * 2**20, "noise does not shrink"
    assert kilobytes <= 100 * 1024
