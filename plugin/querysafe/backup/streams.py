"""One pass over a backup's bytes: hashed, compressed, encrypted, hashed again; and back."""

import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any, Protocol

from querysafe.backup.errors import DamagedBackup
from querysafe.backup.keys import Identities, Recipients
from querysafe.backup.manifest import Part

CHUNK = 2**20
Progress = Callable[[int], None]
"""Told the raw bytes that have passed since it was last told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """How hard zstd looks for repetitions (its manual, "Advanced compression API")."""

    level: int
    min_match: int = 0
    """Bytes that a repetition has at least; 0 leaves it to the level."""
    looks_once: bool = False
    """Whether each place is looked up once and not twice (zstd's strategy ``fast``)."""


TEXT = Compression(level=3, min_match=7, looks_once=True)
"""For archives of ``pg_dump``: level 3 alone spends half its time on repetitions of 5 bytes in
keys, hashes and digits of bytes, and the result is 3 % larger than without them. Its second
look costs a fifth to a half of the rest; prose is then 1 % smaller, JSON 1 % larger.
"""
PAGES = Compression(level=2)
"""For tables and WAL as they are on disk: 3 % larger than level 3, at half the CPU."""


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes | memoryview, /) -> int:
        """Take all of it."""
        ...


def store(
    source: IO[bytes],
    sink: Sink,
    *,
    name: str,
    recipients: Recipients | None = None,
    compression: Compression = TEXT,
    progress: Progress | None = None,
) -> Part:
    """Send all that a source holds to a sink, compressed and, with recipients, encrypted.

    Returns what the manifest needs. Memory is constant: a few MiB.
    """
    compressed = _Compressing(source, compression, progress)
    counted = _Counting(sink)
    if recipients is None:
        while data := compressed.read(CHUNK):
            counted.write(data)
    else:
        recipients.encrypt(compressed, counted)
    return Part(
        name=name,
        raw_bytes=compressed.size,
        raw_sha256=compressed.digest.hexdigest(),
        stored_bytes=counted.size,
        stored_sha256=counted.digest.hexdigest(),
    )


def load(
    stream: IO[bytes],
    sink: Sink,
    part: Part,
    *,
    encrypted: bool = False,
    identities: Identities | None = None,
    progress: Progress | None = None,
) -> None:
    """Send a stored part to a sink as it was before it was stored, and check every byte.

    Raises :class:`DamagedBackup` when a byte is missing, too many or not the one that was
    stored, :class:`KeyMissing` when no key opens it. The sink has then seen a beginning.
    """
    read, raw = unfold(
        stream, sink, part, encrypted=encrypted, identities=identities, progress=progress
    )
    if (read.size, read.digest.hexdigest()) != (part.stored_bytes, part.stored_sha256):
        raise DamagedBackup(f'"{part.name}" is not what was stored: its SHA-256 differs')
    if (raw.size, raw.digest.hexdigest()) != (part.raw_bytes, part.raw_sha256):
        raise DamagedBackup(f'"{part.name}" does not hold what was backed up')


def unfold(
    stream: IO[bytes],
    sink: Sink,
    part: Part,
    *,
    encrypted: bool,
    identities: Identities | None,
    progress: Progress | None = None,
) -> tuple["Reading", "_Decompressing"]:
    """Decrypt and decompress a stream into a sink; what passed was counted and hashed."""
    read = Reading(stream)
    raw = _Decompressing(sink, part, progress)
    if encrypted:
        (identities or Identities(())).decrypt(read, raw, part.name)
    else:
        while data := read.read(CHUNK):
            raw.write(data)
    raw.finish()
    while read.read(CHUNK):
        pass
    return read, raw


def check(stream: IO[bytes], part: Part, progress: Progress | None = None) -> None:
    """Compare the stored bytes with the manifest. Raises :class:`DamagedBackup`."""
    read = Reading(stream)
    while data := read.read(CHUNK):
        if progress is not None:
            progress(len(data))
    read.finish(part)


class _Compressing(io.RawIOBase):
    """Reads a source, compressed; what passed is counted and hashed raw."""

    def __init__(
        self, source: IO[bytes], compression: Compression, progress: Progress | None
    ) -> None:
        import zstandard

        self._source = source
        self._progress = progress
        chosen = {"min_match": compression.min_match} if compression.min_match else {}
        if compression.looks_once:
            chosen["strategy"] = zstandard.STRATEGY_FAST
        parameters = zstandard.ZstdCompressionParameters.from_level(
            compression.level, write_checksum=True, **chosen
        )
        self._compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        self._ready = bytearray()
        self._ended = False
        self.digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            data = self._source.read(CHUNK)
            if data:
                self.digest.update(data)
                self.size += len(data)
                self._ready += self._compressor.compress(data)
                if self._progress is not None:
                    self._progress(len(data))
            else:
                self._ready += self._compressor.flush()
                self._ended = True
        end = len(self._ready) if size < 0 else size
        answer = bytes(self._ready[:end])
        del self._ready[:end]
        return answer

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@dataclass(slots=True)
class _Counting:
    sink: Sink
    size: int = 0
    digest: Any = None

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> int:
        self.digest.update(data)
        self.size += len(data)
        self.sink.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


class Reading(io.RawIOBase):
    """Reads a stored object, counted and hashed; ``finish`` holds that against the manifest."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read some."""
        data = self._stream.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Read some into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def finish(self, part: Part) -> None:
        """Read what is left. Raises :class:`DamagedBackup` when it is not what was stored."""
        while self.read(CHUNK):
            pass
        if self.size != part.stored_bytes:
            raise DamagedBackup(
                f'"{part.name}" has {self.size} bytes, {part.stored_bytes} were stored'
            )
        if self.digest.hexdigest() != part.stored_sha256:
            raise DamagedBackup(f'"{part.name}" is not what was stored: its SHA-256 differs')


class Unfolding:
    """Reads a compressed part as it was before; ``finish`` says whether that was all of it.

    A hash is made of what comes out only when that is asked for: the stored bytes have one,
    and zstd's own checksum closes the frame.
    """

    def __init__(
        self,
        compressed: IO[bytes],
        part: Part,
        progress: Progress | None,
        *,
        hashed: bool = False,
    ) -> None:
        import zstandard

        self._reader = zstandard.ZstdDecompressor().stream_reader(compressed, read_size=CHUNK)
        self._error = zstandard.ZstdError
        self._part = part
        self._progress = progress
        self._digest = hashlib.sha256() if hashed else None
        self.size = 0

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer, less of it at the end. Raises :class:`DamagedBackup`."""
        try:
            count: int = self._reader.readinto(buffer)
        except self._error:
            raise DamagedBackup(f'"{self._part.name}" is damaged') from None
        self.size += count
        if self.size > self._part.raw_bytes:
            raise DamagedBackup(f'"{self._part.name}" holds more than was backed up')
        if self._digest is not None:
            self._digest.update(buffer[:count])
        if self._progress is not None:
            self._progress(count)
        return count

    def finish(self) -> None:
        """Read what is left. Raises :class:`DamagedBackup` when it is not what was backed up."""
        rest = memoryview(bytearray(CHUNK))
        while self.readinto(rest):
            pass
        if self.size != self._part.raw_bytes:
            raise DamagedBackup(f'"{self._part.name}" ends too early')
        if self._digest is not None and self._digest.hexdigest() != self._part.raw_sha256:
            raise DamagedBackup(f'"{self._part.name}" does not hold what was backed up')


class _Decompressing:
    """Writes to a sink what it is given compressed."""

    def __init__(self, sink: Sink, part: Part, progress: Progress | None) -> None:
        import zstandard

        self._decompressor = zstandard.ZstdDecompressor().decompressobj()
        self._error = zstandard.ZstdError
        self._sink = sink
        self._part = part
        self._progress = progress
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        for piece in _pieces(data):
            if self._decompressor.eof:
                raise DamagedBackup(f'"{self._part.name}" goes on after its end')
            try:
                raw = self._decompressor.decompress(piece)
            except self._error:
                raise DamagedBackup(f'"{self._part.name}" is damaged') from None
            if self._decompressor.unused_data:
                raise DamagedBackup(f'"{self._part.name}" goes on after its end')
            self.digest.update(raw)
            self.size += len(raw)
            if self.size > self._part.raw_bytes:
                raise DamagedBackup(f'"{self._part.name}" holds more than was backed up')
            self._sink.write(raw)
            if self._progress is not None:
                self._progress(len(raw))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def finish(self) -> None:
        """Refuse an archive that was cut."""
        if not self._decompressor.eof:
            raise DamagedBackup(f'"{self._part.name}" ends too early')


def _pieces(data: bytes | memoryview) -> Iterable[bytes]:
    """Small pieces, so that what zstd unfolds at once stays small too."""
    with memoryview(data) as view:
        for start in range(0, len(view), 2**16):
            yield bytes(view[start : start + 2**16])
