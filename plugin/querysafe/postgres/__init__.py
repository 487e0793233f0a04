"""PostgreSQL's programs: found in the right version, run, and a server of our own for tests."""

from querysafe.postgres.cluster import Cluster, Database, server
from querysafe.postgres.programs import Program, find
from querysafe.postgres.running import run

__all__ = ["Cluster", "Database", "Program", "find", "run", "server"]
