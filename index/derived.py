"""Keeps what is derived from the store up to date: vectors in FAISS, terms in tantivy.

Either may lag behind (after a kill, or while another process adds) or be missing, torn, or made with another encoder
or other rules for terms; then it is brought up to date from the store, or built anew. The vectors are in memory and
saved now and then, each process for itself; the terms are on disk, so only who holds the library's write lock may
change them.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from index.encoder import Centring, centring
from index.lexical import Entry, LexicalIndex, Stamp
from index.store import Row, Store
from index.terms import TERMS_VERSION, terms
from index.types import Encoder, Ids, WrongModel
from index.vectors import FaissStore

_CHUNK = 20_000  # sentences that an index takes at a time
_REACH = 2  # sentences before and after whose terms count as a sentence's context


class Derived:
    """The two indexes of one library. Safe to use from many threads."""

    def __init__(self, folder: Path, store: Store, encoder: Encoder, cache: Path) -> None:
        self._folder = folder
        self._store = store
        self._encoder = encoder
        self._cache = cache
        self._guard = threading.RLock()  # one thread at a time brings an index up to date
        self._vectors: FaissStore | None = None
        self._revision = -1  # of the store, that the vectors hold
        self._saved_revision = -1
        self.lexical = LexicalIndex(folder / "terms")

    @cached_property
    def centring(self) -> Centring:
        with self._guard:
            return centring(self._encoder, self._cache)

    # Terms

    @property
    def terms_are_current(self) -> bool:
        return self.lexical.stamp == self._terms_stamp(self._store.revision, self._store.last_id)

    def update_terms(self) -> None:
        """Bring terms/ up to date; the caller holds the library's write lock."""
        with self._guard, self._store.snapshot():
            held, revision, last_id = self.lexical.stamp, self._store.revision, self._store.last_id
            if held is None or held.version != TERMS_VERSION or held.library != self._store.get("id"):
                self.lexical.clear()
                held = self._terms_stamp(0, 0)
            removed = self._store.removed_since(held.revision)
            while held.last_id < last_id:
                rows = self._store.rows_after(held.last_id, _CHUNK)
                held = self._terms_stamp(held.revision, rows[-1].id)
                self.lexical.update(self._entries(rows), removed, held)
            if held.revision != revision:
                self.lexical.update([], removed, self._terms_stamp(revision, last_id))

    def _terms_stamp(self, revision: int, last_id: int) -> Stamp:
        return Stamp(self._store.get("id") or "", revision, last_id, TERMS_VERSION)

    def _entries(self, rows: Sequence[Row]) -> Iterator[Entry]:
        wanted: dict[str, dict[int, int]] = {}
        for row in rows:
            wanted.setdefault(row.article_id, {})[row.position] = row.id
        for article in self._store.articles(wanted).values():
            found = [terms(article.text[start:end]) for _, start, end in self._store.sentence_spans(article.id)]
            title = terms(article.title)
            for position, id_ in wanted[article.id].items():
                around = found[max(0, position - _REACH) : position] + found[position + 1 : position + 1 + _REACH]
                context = title + [term for sentence in around for term in sentence]
                yield Entry(id_, found[position], context, article.language, article.source, article.published)

    # Vectors

    def vectors(self) -> FaissStore:
        """The vectors, holding the ids that the store holds. Raises WrongModel when another encoder made them."""
        with self._guard, self._store.snapshot():
            if self._vectors is None:
                self.check_encoder()
                self._vectors = self._load_vectors()
            revision = self._store.revision
            if revision > self._revision:  # else another thread has seen more than this one
                ids, held = self._store.ids(), self._vectors.ids
                self._vectors.remove(np.setdiff1d(held, ids))
                self._add_vectors(self._vectors, np.setdiff1d(ids, held))
                self._revision = revision
            return self._vectors

    def check_encoder(self) -> None:
        """Raise WrongModel when the library's embeddings were made by another encoder than ours."""
        kept = self._store.get("encoder")
        if kept not in (None, self._encoder.fingerprint):
            raise WrongModel(
                f"{self._folder} was made with the encoder {kept}, not {self._encoder.fingerprint}; "
                "encode its articles anew with: citewire rebuild"
            )

    def _add_vectors(self, vectors: FaissStore, ids: Ids) -> None:
        for start in range(0, len(ids), _CHUNK):
            rows = self._store.rows(ids[start : start + _CHUNK])
            languages = self._store.article_languages({row.article_id for row in rows})
            embeddings = np.stack([row.embedding for row in rows])
            centred = self.centring.sentence(embeddings, [languages[row.article_id] for row in rows])
            vectors.add(np.array([row.id for row in rows], np.int64), centred)

    def _load_vectors(self) -> FaissStore:
        try:
            stamp = json.loads((self._folder / "vectors.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            stamp = None
        same = stamp == self._vectors_stamp
        path, dimension = self._folder / "vectors.faiss", self._encoder.dimension
        loaded = FaissStore.load(path, dimension, self._store.ids) if same else None
        return loaded or FaissStore(dimension, self._store.ids)

    @property
    def _vectors_stamp(self) -> dict[str, str]:
        return {
            "library": self._store.get("id") or "",
            "encoder": self._encoder.fingerprint,
            "centring": self.centring.fingerprint,
        }

    def save_vectors(self) -> None:
        """Save the vectors if they have changed; the caller holds the library's write lock."""
        with self._guard:
            if self._vectors is not None and self._saved_revision != self._revision:
                self._vectors.save(self._folder / "vectors.faiss")
                (self._folder / "vectors.json").write_text(json.dumps(self._vectors_stamp), encoding="utf-8")
                self._saved_revision = self._revision

    def rebuild(self) -> None:
        """Build both anew; the caller holds the library's write lock."""
        with self._guard:
            self.lexical.clear()
            self.update_terms()
            self._vectors = FaissStore(self._encoder.dimension, self._store.ids)
            self._revision = self._saved_revision = -1
            self.vectors()
            self.save_vectors()
