"""What backups and restores cost: querysafe, PostgreSQL's own programs and pgBackRest, side by side."""

from tests.bench.part import Part
from tests.bench.parts.backup.run import run

PART = Part(name="backup", summary="what backups and restores of 1 GB cost", run=run)
