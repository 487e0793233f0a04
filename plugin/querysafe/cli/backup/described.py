"""A backup as JSON and as text, the same for every command that shows one."""

from collections.abc import Iterator
from typing import Any

from querysafe.backup.catalog import Listed
from querysafe.backup.manifest import Manifest, begun
from querysafe.cli.backup.options import size


def row(each: Listed) -> dict[str, Any]:
    """One element of ``querysafe backup list --format json``."""
    manifest = each.manifest
    return {
        "id": each.id,
        "status": each.status,
        "problem": each.problem or None,
        "kind": manifest.kind if manifest else None,
        "name": (manifest.name or None) if manifest else None,
        "database": manifest.database if manifest else None,
        "time": (manifest.started if manifest else begun(each.id)).isoformat(),
        "ended": manifest.ended.isoformat() if manifest else None,
        "server_version": manifest.server_version if manifest else None,
        "encryption": manifest.encryption if manifest else None,
        "parent": manifest.parent if manifest else None,
        "size": each.stored_bytes,
        "raw_size": sum(part.raw_bytes for part in manifest.parts) if manifest else None,
        "locked": each.is_locked,
        "verified": each.verified.isoformat() if each.verified else None,
    }


def line(each: Listed) -> str:
    """One line of ``querysafe backup list``."""
    manifest = each.manifest
    if manifest is None:
        return f"{each.id}  {each.status:10} {each.problem}"
    seconds = (manifest.ended - manifest.started).total_seconds()
    drilled = f"drilled {each.verified:%Y-%m-%d}" if each.verified else "never drilled"
    words = [
        each.id,
        f"{each.status:10}",
        f"{manifest.kind:7}",
        f"{manifest.database:20}",
        f"{size(each.stored_bytes):>10}",
        f"{seconds:6.0f} s",
        drilled,
        "locked" if each.is_locked else "",
        manifest.name,
        each.problem,
    ]
    return "  ".join(filter(None, words)).rstrip()


def whole(manifest: Manifest) -> Iterator[str]:
    """Every line of ``querysafe backup show``."""
    yield f"{manifest.id}  {manifest.kind} backup of {manifest.database or 'the cluster'}"
    if manifest.name:
        yield f"name         {manifest.name}"
    yield f"taken        {manifest.started.isoformat()} to {manifest.ended.isoformat()}"
    yield f"server       PostgreSQL {manifest.server_version}, system {manifest.system_identifier}"
    yield f"encryption   {manifest.encryption}"
    if manifest.data_key:
        yield f"data key     {manifest.data_key}"
    if manifest.parent:
        yield f"builds upon  {manifest.parent}"
    if manifest.start_lsn:
        yield f"WAL          {manifest.start_lsn} to {manifest.stop_lsn}, timeline {manifest.timeline}"
    for part in manifest.parts:
        yield (
            f"part         {part.name}: {size(part.stored_bytes)} of {size(part.raw_bytes)}, "
            f"SHA-256 {part.stored_sha256[:16]}…"
        )
    for content in manifest.contents:
        yield f"table        {content.table}: {content.rows} rows"
