"""What drills noted in the repository, for those who read it later."""

import json
from collections.abc import Mapping

from querysafe.backup.errors import RepositoryError
from querysafe.backup.repository import Repository

_FOLDER = "drills/"


def restore_seconds(repository: Repository) -> Mapping[str, float]:
    """Id of a backup to the RTO, in seconds, that its last passed drill measured."""
    found: dict[str, float] = {}
    for entry in repository.entries(_FOLDER):
        try:
            noted = json.loads(repository.read(entry.name))
            seconds = noted.get("rto_seconds") if noted.get("passed") is True else None
        except (RepositoryError, ValueError, AttributeError, RecursionError):
            continue
        if isinstance(seconds, int | float):
            found[entry.name.removeprefix(_FOLDER).removesuffix(".json")] = float(seconds)
    return found
