"""Keeps a library's vectors up to date with its database: here in FAISS, in shared.py on a server.

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
from index.building import build
from index.columns import Columns
from index.encoder import Centring, centring
from index.mapped import MappedStore
from index.store import Row, Store
from index.types import Encoder, Ids, Mark, Payload, Vectors, VectorStore, WrongModel
from index.vectors import FLAT, FaissStore, exact_kind, has_outgrown, kind_for

_CHUNK = 20_000  # sentences read at a time
_MAPPED = 1 << 30  # bytes of a file from which an index stays in it: some 2.7 million sentences of 384 dimensions


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
    def _fingerprint(self) -> str:
        return self._encoder.fingerprint

    @cached_property
    def centring(self) -> Centring:
        with self._guard:
            return centring(self._encoder, self._cache)

    @cached_property
    def identity(self) -> dict[str, str]:
        """Of which library the vectors are, and by what means; vectors that differ in any of it never mix."""
        return {
            "library": self._store.get("id") or "",
            "encoder": self._fingerprint,
            "centring": self.centring.fingerprint,
        }

    def check(self) -> None:
        """Raise WrongModel when the library's embeddings were made by another encoder than ours."""
        kept = self._store.get("encoder")
        if kept not in (None, self._fingerprint):
            raise WrongModel(
                f"{self._folder} was made with the encoder {kept}, not {self._fingerprint}; "
                "encode its articles anew with: citewire rebuild"
            )

    def read(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of the ids that are stored, in any order, and their vectors, shape (n, dimension)."""
        rows = self._store.rows(ids)
        languages = self._store.article_languages({row.article_id for row in rows})
        return self._centred(rows, [languages[row.article_id] for row in rows])

    def after(self, last_id: int, limit: int) -> tuple[Ids, Vectors, list[Payload]]:
        """The next sentences in the order of their ids: these, their vectors (n, dimension), what travels with them."""
        rows = self._store.rows_after(last_id, limit)
        articles = self._store.articles({row.article_id for row in rows})
        ids, vectors = self._centred(rows, [articles[row.article_id].language for row in rows])
        return ids, vectors, [Payload(articles[row.article_id], row.position, row.start, row.end) for row in rows]

    def _centred(self, rows: Sequence[Row], languages: Sequence[Language]) -> tuple[Ids, Vectors]:
        embeddings = np.array([row.embedding for row in rows], np.float32).reshape(len(rows), self.dimension)
        return np.array([row.id for row in rows], np.int64), self.centring.sentence(embeddings, languages)


@dataclass(slots=True)
class _Held:
    """Vectors, how far they follow the library (None: not known), and which build of the index they are."""

    vectors: FaissStore | MappedStore
    mark: Mark | None
    built: str


class LocalVectors:
    """The vectors of one library in FAISS: each process holds its own, and saves them for the others now and then."""

    def __init__(self, folder: Path, store: Store, embeddings: Embeddings) -> None:
        self._path = folder / "vectors.faiss"
        self._store = store
        self._embeddings = embeddings
        self._columns = Columns(store)
        self._guard = threading.RLock()  # one thread at a time brings them up to date
        self._held: _Held | None = None
        self._saved: Mark | None = None

    def check(self) -> None:
        """Whoever reads the library can read its folder."""

    @property
    def is_current(self) -> bool:
        """Nothing is shared but a file, which may lag behind."""
        return True

    def update(self) -> None:
        """Each process brings its own up to date."""

    def close(self) -> None:
        """Nothing is held open."""

    def ready(self) -> VectorStore:
        """The vectors of the sentences that the library holds. Raises WrongModel when another encoder made them."""
        with self._guard, self._store.snapshot():
            self._held = self._following(self._held or self._open())
            return self._held.vectors

    @property
    def description(self) -> str:
        """The index, and what a rebuild would make of it when the library has outgrown it."""
        held, stamp, count = self._held, self._stamp, self._store.count_sentences()
        kind = held.vectors.kind if held else str(stamp.get("kind", FLAT))
        text = held.vectors.description if held else str(stamp.get("description", f"FAISS {kind}"))
        if has_outgrown(kind, count):
            return f"{text}; outgrown, citewire rebuild makes it {kind_for(count)}"
        return text

    def _following(self, held: _Held) -> _Held:
        """Brought up to date with the library as this thread's snapshot shows it."""
        if held.mark is not None and held.mark.revision >= self._store.revision:
            return held  # another thread has seen as much
        return self._caught_up(self._open() if self._is_replaced(held) else held)

    def _caught_up(self, held: _Held) -> _Held:
        self._embeddings.check()
        gone, new = self._changes(held)
        held.vectors.remove(gone)
        for start in range(0, len(new), _CHUNK):
            held.vectors.add(*self._embeddings.read(new[start : start + _CHUNK]))
        held.mark = self._now
        return held

    @property
    def _now(self) -> Mark:
        return Mark(self._store.revision, self._store.last_id)

    def _changes(self, held: _Held) -> tuple[Ids, Ids]:
        """The ids to remove and those to add."""
        if held.mark is None or held.mark.revision < self._store.forgotten:
            theirs, ours = self._store.ids(), held.vectors.ids
            return np.setdiff1d(ours, theirs), np.setdiff1d(theirs, ours)
        return self._store.removed_since(held.mark.revision), self._store.ids_after(held.mark.last_id)

    def _open(self, *, whole: bool = False) -> _Held:
        """What is saved, however old (in memory if it must be `whole`); else a new index, exact since that is quick."""
        self._embeddings.check()
        stamp, self._saved = self._stamp, None
        built = str(stamp.get("built") or uuid4().hex)
        vectors = self._load(whole) if stamp.items() >= self._embeddings.identity.items() else None
        if vectors is None:
            return self._build(exact_kind(self._store.count_sentences()), built)
        mark = Mark(stamp["revision"], stamp["last_id"]) if "revision" in stamp else None
        if mark is not None and mark.revision <= self._store.revision:  # else a backup of the database is back
            self._saved = mark
        return _Held(vectors, self._saved, built)

    def _load(self, whole: bool) -> FaissStore | MappedStore | None:
        where = (self._path, self._embeddings.dimension, self._columns.ids)
        mapped = None if whole or not self._is_large else MappedStore.load(*where)
        return FaissStore.load(*where) if mapped is None else mapped

    @property
    def _is_large(self) -> bool:
        try:
            return self._path.stat().st_size >= _MAPPED
        except OSError:
            return False

    def _build(self, kind: str, built: str) -> _Held:
        ids, now = self._store.ids(), self._now
        vectors = build(self._embeddings.dimension, self._columns.ids, ids, self._embeddings.read, kind)
        return _Held(vectors, now, built)

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
            held = self._held
            if held is None or held.mark == self._saved:
                return
            if isinstance(held.vectors, MappedStore) and not held.vectors.has_drifted:
                return  # whoever opens it next catches up from the database
            if isinstance(held.vectors, MappedStore) or self._is_replaced(held):
                held = self._caught_up(self._open(whole=True))
            self._write(held)

    def _write(self, held: _Held) -> None:
        assert isinstance(held.vectors, FaissStore)
        assert held.mark is not None
        held.vectors.save(self._path)
        about = {"built": held.built, "kind": held.vectors.kind, "description": held.vectors.description}
        stamp = json.dumps(self._embeddings.identity | asdict(held.mark) | about)
        self._path.with_suffix(".json").write_text(stamp, encoding="utf-8")
        self._saved = held.mark
        self._held = None if self._is_large and held.vectors.lists else held  # a large one is mapped when next needed

    def rebuild(self) -> None:
        """Build them anew, of the kind that suits their number, and save them; the caller holds the write lock."""
        with self._guard, self._store.snapshot():
            self._held = None  # there is no need to hold two
            self._write(self._build(kind_for(self._store.count_sentences()), uuid4().hex))
