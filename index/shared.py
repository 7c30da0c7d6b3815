"""Keeps a library's vectors on a server up to date with its database.

The server is shared by all processes, so only who holds the library's write lock changes what it holds. Each side knows
what the other needs: the server by its mark how far it follows, the database what was removed since then and what came
after. The mark moves on when all before it has arrived, so that after a kill, or a day without the server, whoever
searches or writes next sends the rest again. When the database no longer knows what was removed, all is sent anew.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from index.dense import Embeddings
from index.store import Store
from index.types import LibraryError, Mark, VectorStore

if TYPE_CHECKING:
    from index.milvus import MilvusStore

_CHUNK = 20_000  # sentences after which the mark moves on


class SharedVectors:
    """The vectors of one library on a Milvus server. Safe to use from many threads."""

    def __init__(self, address: str, folder: Path, store: Store, embeddings: Embeddings) -> None:
        self._address = address
        self._folder = folder
        self._store = store
        self._embeddings = embeddings
        self._guard = threading.Lock()  # one thread at a time connects
        self._connected: MilvusStore | None = None
        self._revision = -1  # of the library, that the server is known to have reached

    def ready(self) -> VectorStore:
        """The server's vectors, which may be a little behind the database, or ahead of a snapshot of it."""
        return self._remote()

    def _remote(self) -> "MilvusStore":
        with self._guard:
            if self._connected is None:
                self._connected = _connect(self._address, self._embeddings)
            return self._connected

    def check(self) -> None:
        """Raise StoreUnavailable now rather than when articles have been encoded."""
        self._remote().ping()

    @property
    def description(self) -> str:
        return f"Milvus at {self._address.removeprefix('milvus://')} (HNSW)"

    @property
    def is_current(self) -> bool:
        """Whether the server follows the library as far as it goes. Asks the server only after a change."""
        if self._revision < self._store.revision:
            mark = self._trusted(self._remote().mark)
            self._revision = mark.revision if mark else -1
        return self._revision >= self._store.revision

    def _trusted(self, mark: Mark | None) -> Mark | None:
        """The mark, which was read before. Raises LibraryError when it cannot be this library's: it is ahead of it."""
        with self._store.snapshot():
            now = Mark(self._store.revision, self._store.last_id)
        if mark is not None and (mark.revision > now.revision or (mark.revision == now.revision and mark != now)):
            raise LibraryError(
                f"{self._address} holds a later state of the library in {self._folder}, which was copied or put back "
                "from a backup; to have it hold this one, run: citewire rebuild"
            )
        return mark

    def update(self) -> None:
        """Send what the server lacks, and remove what the library has removed; the caller holds the write lock."""
        with self._store.snapshot():
            mark = self._trusted(self._remote().mark)
            if mark is None or mark.revision < self._store.forgotten:
                mark = self._begun_anew()
            self._follow(mark)

    def rebuild(self) -> None:
        """Send everything anew; the caller holds the write lock."""
        with self._store.snapshot():
            self._follow(self._begun_anew())

    def _begun_anew(self) -> Mark:
        mark = Mark(self._store.forgotten, 0)
        self._remote().clear()
        self._remote().put_mark(mark)
        return mark

    def _follow(self, mark: Mark) -> None:
        remote, now = self._remote(), Mark(self._store.revision, self._store.last_id)
        if mark != now:
            remote.remove(self._store.removed_since(mark.revision))
            while mark.last_id < now.last_id:
                ids, vectors, payloads = self._embeddings.after(mark.last_id, _CHUNK)
                remote.add(ids, vectors, payloads)
                mark = Mark(mark.revision, int(ids[-1]))
                if mark.last_id < now.last_id:
                    remote.put_mark(mark)
            remote.put_mark(now)
        self._revision = now.revision

    def save(self) -> None:
        """The server keeps what it is sent."""

    def close(self) -> None:
        if self._connected is not None:
            self._connected.close()


def _connect(address: str, embeddings: Embeddings) -> "MilvusStore":
    try:
        from index.milvus import MilvusStore
    except ModuleNotFoundError as error:
        raise LibraryError(
            f"the vector store {address} needs the package {error.name}; "
            "install it with: pip install 'citewire[milvus]'"
        ) from error
    identity = embeddings.identity
    return MilvusStore(address, identity["library"], embeddings.dimension, identity)
