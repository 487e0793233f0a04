"""The manifest: what a backup holds, written last. Without a sound one nothing is a backup."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from querysafe.backup.errors import ManifestError

VERSION = 2
"""Of a backup with a data key; what has none is written as version 1, which older ones read."""
NAME = "manifest.json"
_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SYSTEM = re.compile(r"[0-9]{0,20}")
_LSN = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")
_PUBLIC = re.compile(r"age1[0-9a-z]{58}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
KINDS = ("logical", "base")
OURS = re.compile(
    r"(database\.dump|globals\.sql|schema\.sql|base\.tar|files\.json)\.zst(\.age)?"
    r"|key-[0-9a-f]{16}-[0-9a-f]{16}\.age"
)
"""What an unfinished backup may have stored; what else lies in its folder is somebody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stored object of a backup. Sizes are in bytes; hashes are SHA-256, in hexadecimal."""

    name: str
    raw_bytes: int
    raw_sha256: str
    """Of what the PostgreSQL program wrote, before compression."""
    stored_bytes: int
    stored_sha256: str
    """Of what the repository holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one table held in the backup's own snapshot."""

    table: str
    """Schema and name, quoted where SQL wants it: ``public."Order"``."""
    rows: int
    hash: str | None = None
    """A sum over the rows that does not depend on their order; ``None`` when not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything known of one complete backup."""

    id: str
    kind: str
    """``logical`` or ``base``."""
    name: str = ""
    """What a person calls it."""
    database: str = ""
    server_version: str
    system_identifier: str
    started: datetime
    ended: datetime
    start_lsn: str | None = None
    stop_lsn: str | None = None
    timeline: int | None = None
    parent: str | None = None
    """The backup that an incremental one builds upon."""
    parts: tuple[Part, ...]
    compression: str = "zstd"
    encryption: str = "none"
    """``none`` or ``age``."""
    data_key: str | None = None
    """The public key that the parts are encrypted for; the private one lies beside them, wrapped.
    ``None`` when there is no encryption, and in backups from before there were data keys, whose
    parts are encrypted for the recipients themselves."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Program to version."""
    contents: tuple[Content, ...] = ()
    schema_sha256: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What a restore sets again or a drill compares: owner, encoding, extensions, heads …"""

    def __post_init__(self) -> None:
        _must(bool(_ID.fullmatch(self.id)), f'"{self.id}" is no id of a backup')
        _must(self.kind in KINDS, f'"{self.kind}" is no kind of backup')
        _must(bool(self.parts), f'"{self.id}" has no part')
        known = _SYSTEM.fullmatch(self.system_identifier) is not None
        _must(known, f'"{self.id}" names no system')
        for lsn in (self.start_lsn, self.stop_lsn):
            _must(lsn is None or bool(_LSN.fullmatch(lsn)), f'"{lsn}" is no LSN')
        _must(
            self.parent is None or bool(_ID.fullmatch(self.parent)),
            f'"{self.parent}" is no id of a backup',
        )
        key = self.data_key
        keyed = key is None or (self.encryption == "age" and bool(_PUBLIC.fullmatch(key)))
        _must(keyed, f'"{self.id}" has a data key that is none')
        names = {part.name for part in self.parts}
        _must(len(names) == len(self.parts), f'"{self.id}" has two parts of one name')
        for part in self.parts:
            named = _PART.fullmatch(part.name) is not None and part.name != NAME
            _must(named, f'"{part.name}" is no name of a part')
            for digest in (part.raw_sha256, part.stored_sha256):
                _must(bool(_SHA256.fullmatch(digest)), f'"{part.name}" has no SHA-256')
        for time in (self.started, self.ended):
            _must(time.utcoffset() is not None, f'"{time.isoformat()}" has no offset')

    @property
    def stored_bytes(self) -> int:
        """What it takes in the repository."""
        return sum(part.stored_bytes for part in self.parts)

    def part(self, name: str) -> Part:
        """The part that begins with a name: ``database`` finds ``database.dump.zst.age``.

        Raises :class:`ManifestError` when there is none.
        """
        for part in self.parts:
            if part.name.partition(".")[0] == name:
                return part
        raise ManifestError(f'the backup "{self.id}" has no part "{name}"')


def new_id(now: datetime) -> str:
    """An id that sorts by time and is never given twice."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def begun(id: str) -> datetime:
    """When the backup of an id began."""
    return datetime.strptime(id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id, with a time that there is."""
    try:
        return _ID.fullmatch(text) is not None and bool(begun(text))
    except ValueError:
        return False


def encode(manifest: Manifest) -> bytes:
    """Write a manifest as JSON which carries its own SHA-256."""
    content: dict[str, Any] = {"version": VERSION, **asdict(manifest)}
    if manifest.data_key is None:
        content["version"] = 1
        del content["data_key"]
    content["started"] = manifest.started.astimezone(UTC).isoformat()
    content["ended"] = manifest.ended.astimezone(UTC).isoformat()
    content["manifest_sha256"] = _sealed(content)
    return _written(content)


def decode(data: bytes, *, id: str) -> Manifest:
    """Read a manifest and check that it is whole and that of the backup it lies with.

    Raises :class:`ManifestError` saying what is wrong.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise ManifestError(f'the manifest of "{id}" is no JSON') from None
    _must(isinstance(content, dict), f'the manifest of "{id}" is no object')
    version = content.get("version")
    if version not in range(1, VERSION + 1) or isinstance(version, bool):
        raise ManifestError(
            f'the manifest of "{id}" has version {version!r}, this is {VERSION}',
            hint="read it with the querysafe that wrote it, or a newer one",
        )
    changed = f'the manifest of "{id}" was changed after it was written'
    # Spaces, too: of a repository in which a bit flipped, nothing is taken on trust.
    _must(_written(content) == data, changed)
    sealed = content.pop("manifest_sha256", None)
    _must(sealed == _sealed(content), changed)
    del content["version"]
    _must(
        (version == 1) == (content.get("data_key") is None),
        f'the manifest of "{id}" has version {version}, which its data key is not of',
    )
    try:
        manifest = Manifest(
            **{
                **content,
                "started": datetime.fromisoformat(content["started"]),
                "ended": datetime.fromisoformat(content["ended"]),
                "parts": tuple(Part(**each) for each in content["parts"]),
                "contents": tuple(Content(**each) for each in content["contents"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError(f'the manifest of "{id}" cannot be read: {error}') from None
    _must(manifest.id == id, f'the manifest of "{id}" is that of "{manifest.id}"')
    return manifest


def _written(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return text.encode(errors="surrogatepass") + b"\n"


def _sealed(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ManifestError(otherwise)
