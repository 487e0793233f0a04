"""Encryption by age (https://age-encryption.org/v1): a key of its own for every object,
wrapped for each recipient, the content authenticated in chunks of 64 KiB. The program
``age`` opens what we write, so nobody is locked in. ``pyrage`` is the library.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from querysafe.backup.errors import BackupError, DamagedBackup, KeyMissing


@dataclass(frozen=True, slots=True)
class Recipients:
    """Public keys; whoever holds one of their private keys can read the backup."""

    names: tuple[str, ...]
    """``age1…`` or ``ssh-ed25519 …``."""
    _parsed: tuple[Any, ...] = field(repr=False)

    @classmethod
    def parse(cls, texts: Sequence[str]) -> "Recipients":
        """Read public keys. Raises :class:`BackupError` naming the one that is none."""
        pyrage = _pyrage()
        parsed: list[Any] = []
        for text in texts:
            kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
            try:
                parsed.append(kind.Recipient.from_str(text))
            except pyrage.RecipientError:
                shown = "a private key" if text.startswith("AGE-SECRET-KEY") else f'"{text}"'
                raise BackupError(
                    f"{shown} is no public key of age", hint="write age1…, from age-keygen -y"
                ) from None
        if not parsed:
            raise BackupError("no recipient was named", hint="write age1…")
        return cls(tuple(texts), tuple(parsed))

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that are the same for the same keys in any order."""
        keys = sorted({" ".join(name.split()[:2]) for name in self.names})
        return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]

    def encrypt(self, source: Any, sink: Any) -> None:
        """Encrypt all that the source holds."""
        kept = _Kept(source, sink)
        try:
            _pyrage().encrypt_io(kept, kept, list(self._parsed))
        except BaseException as error:
            raise kept.error or error from None


@dataclass(frozen=True, slots=True)
class Identities:
    """Private keys. ``repr`` shows none."""

    _parsed: tuple[Any, ...] = field(repr=False)

    @classmethod
    def read(cls, file: Path) -> "Identities":
        """Read a key file as ``age-keygen`` writes it, or an SSH private key.

        Raises :class:`KeyMissing` when it cannot be read or holds no key.
        """
        pyrage = _pyrage()
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyMissing(
                f'the key file "{file}" cannot be read: {getattr(error, "strerror", "no text")}'
            ) from None
        found: list[Any] = []
        try:
            if "PRIVATE KEY-----" in text:
                found.append(pyrage.ssh.Identity.from_buffer(text.encode()))
            else:
                for line in text.splitlines():
                    if line.strip() and not line.startswith("#"):
                        found.append(pyrage.x25519.Identity.from_str(line.strip()))
        except pyrage.IdentityError:
            raise KeyMissing(
                f'"{file}" holds something that is no private key', hint="write one with age-keygen"
            ) from None
        if not found:
            raise KeyMissing(f'"{file}" holds no private key', hint="write one with age-keygen")
        return cls(tuple(found))

    @classmethod
    def of(cls, text: str) -> "Identities":
        """Take one private key of age. Raises :class:`KeyMissing` when it is none."""
        pyrage = _pyrage()
        try:
            return cls((pyrage.x25519.Identity.from_str(text),))
        except pyrage.IdentityError:
            raise KeyMissing("that is no private key of age") from None

    @property
    def public(self) -> tuple[str, ...]:
        """The public halves of the keys of age; those of SSH are left out."""
        return tuple(str(each.to_public()) for each in self._parsed if hasattr(each, "to_public"))

    def decrypt(self, source: Any, sink: Any, name: str) -> None:
        """Decrypt all that the source holds; ``name`` is for the message of an error."""
        pyrage = _pyrage()
        if not self._parsed:
            raise KeyMissing(f'"{name}" is encrypted', hint="name the key file: --identity FILE")
        kept = _Kept(source, sink)
        try:
            pyrage.decrypt_io(kept, kept, list(self._parsed))
        except BaseException as error:
            if kept.error is not None:
                raise kept.error from None
            if not isinstance(error, (pyrage.DecryptError, OSError)):
                raise
            if "no matching" in str(error).lower():
                raise KeyMissing(
                    f'"{name}" is encrypted for other keys than the given ones'
                ) from None
            raise DamagedBackup(f'"{name}" is damaged: it cannot be decrypted') from None


class _Kept:
    """Both ends of a stream as the library sees them; it would turn their errors into its own."""

    def __init__(self, source: Any, sink: Any) -> None:
        self._source = source
        self._sink = sink
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        return self._keeping(self._source.read, size)  # type: ignore[no-any-return]

    def write(self, data: bytes) -> int:
        return self._keeping(self._sink.write, data)  # type: ignore[no-any-return]

    def flush(self) -> None:
        """Nothing is held back."""

    def _keeping(self, call: Callable[[Any], Any], given: Any) -> Any:
        try:
            return call(given)
        except BaseException as error:
            self.error = error
            raise


def generate() -> tuple[str, str]:
    """A new pair: public key, private key."""
    identity = _pyrage().x25519.Identity.generate()
    return str(identity.to_public()), str(identity)


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError:
        raise BackupError(
            "pyrage is not installed", hint="pip install 'querysafe[backup]'"
        ) from None
    return pyrage


def is_encrypted(stream: IO[bytes]) -> bool:
    """Whether a stream begins as an age file does; it is read up to there."""
    return stream.read(21) == b"age-encryption.org/v1"
