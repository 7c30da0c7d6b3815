"""A FAISS index that stays in its file, mapped into memory, for libraries of many millions of sentences.

What is mapped cannot change, so the changes stand beside it: a small index of what was added, and the ids of what was
removed. When they have become many, dense.py saves the whole anew.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.types import Filters, Ids, Payload, Vectors
from index.vectors import FaissStore, Resolve

_DRIFT = 0.01  # share of the vectors that have changed from which the file is worth writing again


class MappedStore:
    """An index in a file, and what has changed since. Safe to use from many threads."""

    def __init__(self, main: FaissStore, fresh: FaissStore) -> None:
        """`main` is never changed; `fresh` takes what is added."""
        self._main, self._fresh = main, fresh
        self._gone: Ids = np.zeros(0, np.int64)  # what `main` may still hold under these ids is not found
        self._lock = threading.Lock()  # one change at a time

    @classmethod
    def load(cls, path: Path, dimension: int, resolve: Resolve) -> "MappedStore | None":
        """The saved index; None when it cannot be read, or has no lists: only those are worth mapping."""
        main = FaissStore.load(path, dimension, resolve, mapped=True)
        return cls(main, FaissStore(dimension, resolve)) if main is not None and main.lists else None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def kind(self) -> str:
        return self._main.kind

    @property
    def description(self) -> str:
        return f"{self._main.description}, mapped from its file"

    @property
    def ids(self) -> Ids:
        """The ids held, in no particular order."""
        return np.concatenate([np.setdiff1d(self._main.ids, self._gone), self._fresh.ids])

    @property
    def has_drifted(self) -> bool:
        """Whether enough has changed for the file to be worth writing again."""
        return len(self._gone) > _DRIFT * len(self._main)

    def add(self, ids: Ids, vectors: Vectors, _payloads: Sequence[Payload] = (), /) -> None:
        """Add unit vectors, shape (len(ids), dimension), in place of those held under the same ids."""
        with self._lock:
            self._gone = np.union1d(self._gone, ids)
            self._fresh.add(ids, vectors)

    def remove(self, ids: Ids, /) -> None:
        """Remove vectors; unknown ids are ignored."""
        with self._lock:
            self._gone = np.union1d(self._gone, ids)
            self._fresh.remove(ids)

    def search(self, vector: Vectors, limit: int, filters: Filters, /) -> tuple[Ids, Vectors]:
        """The `limit` nearest ids that pass the filters, and their cosines, best first."""
        allowed = self._main.resolved(filters)
        gone = self._gone if len(self._gone) else None
        kept, kept_scores = self._main.nearest(vector, limit, allowed, gone)
        fresh, fresh_scores = self._fresh.nearest(vector, limit, allowed)
        ids, scores = np.concatenate([kept, fresh]), np.concatenate([kept_scores, fresh_scores])
        best = np.argsort(-scores, kind="stable")[:limit]
        return ids[best], scores[best]
