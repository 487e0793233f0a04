"""Does the key of a drill open the other backups, too? The day they are needed is too late."""

from collections.abc import Iterator

from querysafe.backup import catalog, data_key
from querysafe.backup.drill.result import PASSED, SKIPPED, Check
from querysafe.backup.errors import DamagedBackup, KeyMissing
from querysafe.backup.keys import Identities
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository

_SHOWN = 5


def look(
    repository: Repository, drilled: Manifest, identities: Identities | None
) -> Iterator[Check]:
    """Open the wrapped keys of all other encrypted backups; their parts are not read.

    One that stays closed is no failure of this drill: its key may be kept elsewhere. It is
    said, as a check that could not be made.
    """
    others = [
        each.manifest
        for each in catalog.listing(repository)
        if each.manifest is not None and each.manifest.data_key and each.id != drilled.id
    ]
    if drilled.encryption == "none" or not others:
        return
    closed: list[str] = []
    for manifest in others:
        try:
            data_key.opened(repository, manifest, identities)
        except (DamagedBackup, KeyMissing):
            closed.append(manifest.id)
    if not closed:
        detail = f"the key opens the {len(others)} other encrypted backups, too"
        yield Check(name="keys", outcome=PASSED, detail=detail)
        return
    more = f" and {len(closed) - _SHOWN} more" if len(closed) > _SHOWN else ""
    yield Check(
        name="keys",
        outcome=SKIPPED,
        detail=f"{len(closed)} of {len(others)} other encrypted backups do not open with this key: "
        f"{', '.join(closed[:_SHOWN])}{more}; while their key is there, "
        "`querysafe backup rekey` lets this one open them",
    )
