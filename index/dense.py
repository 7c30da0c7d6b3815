"""Keeps a library's vectors up to date with its database, wherever they are held.

What a vector store holds is known by a mark: the revision and the last sentence id of the library that it follows. It
catches up by removing what the library has removed since, and adding the sentences that came after. Both may be
repeated, so that a kill in between does no harm.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from corpus.types import Language
from index.encoder import Centring, centring
from index.store import Row, Store
from index.types import Encoder, Ids, Mark, Vectors, WrongModel
from index.vectors import FaissStore

_CHUNK = 20_000  # sentences read at a time


class Embeddings:
    """The embeddings of a library as vector stores take them: centred. Safe to use from many threads."""

    def __init__(self, folder: Path, store: Store, encoder: Encoder, cache: Path) -> None:
        self._folder = folder
        self._store = store
        self._encoder = encoder
        self._cache = cache
        self._guard = threading.Lock()  # one thread at a time measures the means

    @cached_property
    def dimension(self) -> int:
        return self._encoder.dimension

    @cached_property
    def centring(self) -> Centring:
        with self._guard:
            return centring(self._encoder, self._cache)

    @cached_property
    def identity(self) -> dict[str, str]:
        """Of which library the vectors are, and by what means; vectors that differ in any of it never mix."""
        return {
            "library": self._store.get("id") or "",
            "encoder": self._encoder.fingerprint,
            "centring": self.centring.fingerprint,
        }

    def check(self) -> None:
        """Raise WrongModel when the library's embeddings were made by another encoder than ours."""
        kept = self._store.get("encoder")
        if kept not in (None, self._encoder.fingerprint):
            raise WrongModel(
                f"{self._folder} was made with the encoder {kept}, not {self._encoder.fingerprint}; "
                "encode its articles anew with: citewire rebuild"
            )

    def read(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of the ids that are stored, in any order, and their vectors, shape (n, dimension)."""
        rows = self._store.rows(ids)
        languages = self._store.article_languages({row.article_id for row in rows})
        return self._centred(rows, [languages[row.article_id] for row in rows])

    def _centred(self, rows: Sequence[Row], languages: Sequence[Language]) -> tuple[Ids, Vectors]:
        embeddings = np.array([row.embedding for row in rows], np.float32).reshape(len(rows), self.dimension)
        return np.array([row.id for row in rows], np.int64), self.centring.sentence(embeddings, languages)


@dataclass(slots=True)
class _Held:
    """Vectors in memory, how far they follow the library (None: not known), and which build of the index they are."""

    vectors: FaissStore
    mark: Mark | None
    built: str


class LocalVectors:
    """The vectors of one library in FAISS: each process holds its own, and saves them for the others now and then."""

    def __init__(self, folder: Path, store: Store, embeddings: Embeddings) -> None:
        self._path = folder / "vectors.faiss"
        self._store = store
        self._embeddings = embeddings
        self._guard = threading.RLock()  # one thread at a time brings them up to date
        self._held: _Held | None = None
        self._saved: Mark | None = None

    def ready(self) -> FaissStore:
        """The vectors of the sentences that the library holds. Raises WrongModel when another encoder made them."""
        with self._guard, self._store.snapshot():
            self._held = self._following(self._held or self._open())
            return self._held.vectors

    def _following(self, held: _Held) -> _Held:
        """Brought up to date with the library as this thread's snapshot shows it."""
        if held.mark is not None and held.mark.revision >= self._store.revision:
            return held  # another thread has seen as much
        return self._caught_up(self._open() if self._is_replaced(held) else held)

    def _caught_up(self, held: _Held) -> _Held:
        gone, new = self._changes(held)
        held.vectors.remove(gone)
        for start in range(0, len(new), _CHUNK):
            held.vectors.add(*self._embeddings.read(new[start : start + _CHUNK]))
        held.mark = Mark(self._store.revision, self._store.last_id)
        return held

    def _changes(self, held: _Held) -> tuple[Ids, Ids]:
        """The ids to remove and those to add."""
        if held.mark is None or held.mark.revision < self._store.forgotten:
            theirs, ours = self._store.ids(), held.vectors.ids
            return np.setdiff1d(ours, theirs), np.setdiff1d(theirs, ours)
        return self._store.removed_since(held.mark.revision), self._store.ids_after(held.mark.last_id)

    def _open(self) -> _Held:
        """What is saved, however old; an empty index when nothing of use is."""
        self._embeddings.check()
        stamp, self._saved = self._stamp, None
        built = str(stamp.get("built") or uuid4().hex)
        if stamp.items() >= self._embeddings.identity.items():
            vectors = FaissStore.load(self._path, self._embeddings.dimension, self._store.ids)
            if vectors is not None:
                mark = Mark(stamp["revision"], stamp["last_id"]) if "revision" in stamp else None
                if mark is not None and mark.revision <= self._store.revision:  # else a backup of the database is back
                    self._saved = mark
                return _Held(vectors, self._saved, built)
        return self._empty(built)

    def _empty(self, built: str) -> _Held:
        return _Held(FaissStore(self._embeddings.dimension, self._store.ids), None, built)

    @property
    def _stamp(self) -> dict[str, Any]:
        """What is said of the saved file; written after it, so that it may be older but not newer."""
        try:
            stamp = json.loads(self._path.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _is_replaced(self, held: _Held) -> bool:
        """Whether another process has saved a build of its own: it has rebuilt the index, or was the first to save."""
        return self._stamp.get("built") not in (None, held.built)

    def save(self) -> None:
        """Save the vectors if they have changed; the caller holds the library's write lock."""
        with self._guard, self._store.snapshot():
            if self._held is not None and self._is_replaced(self._held):
                self._held = self._caught_up(self._open())
            if self._held is not None and self._held.mark != self._saved:
                self._write(self._held)

    def _write(self, held: _Held) -> None:
        assert held.mark is not None
        held.vectors.save(self._path)
        stamp = self._embeddings.identity | asdict(held.mark) | {"built": held.built}
        self._path.with_suffix(".json").write_text(json.dumps(stamp), encoding="utf-8")
        self._saved = held.mark

    def rebuild(self) -> None:
        """Build them anew and save them; the caller holds the library's write lock."""
        with self._guard, self._store.snapshot():
            self._held = self._caught_up(self._empty(uuid4().hex))
            self._write(self._held)
