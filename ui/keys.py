"""API keys: who may use the server. Kept in a library's `keys.json`, as hashes, and read again when it changes."""

import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from corpus.types import CitewireError

FILE = "keys.json"
LOCK = "keys.lock"
WAIT = 10  # seconds that one change waits for another
PREFIX = "cw_"  # so that a key is recognised where it should not be, in a log or a repository


class KeyTrouble(CitewireError):
    """A key's name is taken, or the file of keys is damaged or being changed; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored: 256 random bits need no slow hash (they cannot be guessed one by one)."""

    name: str
    sha256: str
    created: str


class Keys:
    """The keys of one library. Safe to use from many threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Every key, oldest first. Raises KeyTrouble when the file is damaged: then nobody is let in."""
        with self._lock:
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._keys = self._read() if stamp else ()
                self._stamp = stamp
            return self._keys

    def add(self, name: str) -> str:
        """Make a key and return it; it is not kept anywhere, only its hash. Raises KeyTrouble for a taken name."""
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as keys:
            if any(key.name == name for key in keys):
                raise KeyTrouble(f"there is a key named {name!r} already; remove it first, or choose another name")
            self._write((*keys, Key(name, _hash(secret), datetime.now(UTC).isoformat(timespec="seconds"))))
        return secret

    def remove(self, name: str) -> bool:
        """From now on the key of this name opens nothing; False when there is none."""
        if not self._path.exists():
            return False
        with self._changing() as keys:
            kept = tuple(key for key in keys if key.name != name)
            found = len(kept) < len(keys)
            if found:
                self._write(kept)
        return found

    def owner(self, secret: str) -> str | None:
        """The name of a key, or None. Takes as long for a wrong key as for a right one."""
        presented = _hash(secret)
        matches = [key.name for key in self.all() if hmac.compare_digest(key.sha256, presented)]
        return matches[0] if matches else None

    @contextmanager
    def _changing(self) -> Iterator[tuple[Key, ...]]:
        """The keys as they are now, while no other process changes them. Raises KeyTrouble when one takes too long."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._path.with_name(LOCK), timeout=WAIT):
                yield self._read() if self._path.exists() else ()
        except Timeout as error:
            raise KeyTrouble(f"another process is changing {self._path}; try again when it has finished") from error

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> tuple[Key, ...]:
        try:
            entries = json.loads(self._path.read_bytes())
            if not isinstance(entries, list):
                raise TypeError("the keys are a list")
            return tuple(map(_key, entries))
        except (ValueError, TypeError) as error:
            raise KeyTrouble(f"{self._path} is damaged; remove it and make new keys") from error

    def _write(self, keys: tuple[Key, ...]) -> None:
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump([asdict(key) for key in keys], file, indent=1)
            beside.replace(self._path)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise


def _key(entry: dict[str, Any]) -> Key:
    """A stored key. Raises TypeError or ValueError when it is none."""
    key = Key(**entry)
    if not all(isinstance(value, str) for value in asdict(key).values()):
        raise TypeError("a key's fields are text")
    if not re.fullmatch("[0-9a-f]{64}", key.sha256):
        raise ValueError("a key's sha256 is 64 hexadecimal digits")
    return key


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
