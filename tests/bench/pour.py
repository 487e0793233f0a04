"""Writes so many bytes from a pipe's worth of memory into a repository: ``pour.py R BYTES``."""

import os
import sys

from querysafe.backup.repository import open_repository

CHUNK = 2**20


def main() -> int:
    """Pour, in pieces of a MiB, what does not compress."""
    location, count = sys.argv[1], int(sys.argv[2])
    piece = os.urandom(CHUNK)
    with open_repository(location, create=True).create("poured") as writer:
        for start in range(0, count, CHUNK):
            writer.write(piece[: min(CHUNK, count - start)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
