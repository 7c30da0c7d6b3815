"""Keeps what is derived from the store up to date: vectors (dense.py, shared.py), and terms in tantivy.

Either may lag behind (after a kill, or while another process adds) or be missing, torn, or made with another encoder
or other rules for terms; then it is brought up to date from the store, or built anew. What processes share, the terms
and a server, is changed only by who holds the library's write lock.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.dense import Embeddings, LocalVectors
from index.encoder import Centring
from index.lexical import Entry, LexicalIndex, Stamp
from index.shared import SharedVectors
from index.store import Row, Store
from index.terms import TERMS_VERSION, terms
from index.types import Encoder, LibraryError, VectorStore

FAISS = "faiss"  # the name of the vector store in the library's folder; others are addresses

_CHUNK = 20_000  # sentences that an index takes at a time
_REACH = 2  # sentences before and after whose terms count as a sentence's context


class Derived:
    """The two indexes of one library. Safe to use from many threads."""

    def __init__(self, folder: Path, store: Store, encoder: Encoder, cache: Path, place: str = FAISS) -> None:
        """`place` is where the vectors are: FAISS, or the address of a server, `milvus://HOST:PORT`."""
        self._folder = folder
        self._store = store
        self._place = place
        self._is_checked = False
        self._guard = threading.RLock()  # one thread at a time brings the terms up to date
        self.embeddings = Embeddings(folder, store, encoder, cache)
        self._dense: LocalVectors | SharedVectors
        if place == FAISS:
            self._dense = LocalVectors(folder, store, self.embeddings)
        else:
            self._dense = SharedVectors(place, folder, store, self.embeddings)
        self.lexical = LexicalIndex(folder / "terms")

    @property
    def centring(self) -> Centring:
        return self.embeddings.centring

    def check(self) -> None:
        """Raise when the vectors cannot be used.

        WrongModel when another encoder made them, LibraryError when they are kept elsewhere, StoreUnavailable when
        they cannot be reached.
        """
        self.embeddings.check()
        kept = self._store.get("store") or (FAISS if self._store.get("encoder") else None)
        if kept not in (None, self._place):
            raise LibraryError(
                f"{self._folder} keeps its vectors in {kept}, not {self._place}; leave --store out, "
                f"or move them with: citewire --store {self._place} rebuild"
            )
        self._dense.check()
        self._is_checked = True

    def _check_once(self) -> None:
        if not self._is_checked:
            self.check()

    @property
    def is_current(self) -> bool:
        """Whether what processes share follows the library as far as it goes."""
        self._check_once()
        terms_are_current = self.lexical.stamp == self._terms_stamp(self._store.revision, self._store.last_id)
        return terms_are_current and self._dense.is_current

    def update(self) -> None:
        """Bring what processes share up to date; the caller holds the library's write lock."""
        self._check_once()
        self._update_terms()
        self._dense.update()

    def rebuild(self) -> None:
        """Build everything anew; the caller holds the library's write lock."""
        with self._guard:
            self.lexical.clear()
            self._update_terms()
            self._dense.rebuild()

    def close(self) -> None:
        self._dense.close()

    # Terms

    def _update_terms(self) -> None:
        with self._guard, self._store.snapshot():
            held, revision, last_id = self.lexical.stamp, self._store.revision, self._store.last_id
            if held is None or not self._can_follow(held):
                self.lexical.clear()
                held = self._terms_stamp(0, 0)
            removed = self._store.removed_since(held.revision)
            while held.last_id < last_id:
                rows = self._store.rows_after(held.last_id, _CHUNK)
                held = self._terms_stamp(held.revision, rows[-1].id)
                self.lexical.update(self._entries(rows), removed, held)
            if held.revision != revision:
                self.lexical.update([], removed, self._terms_stamp(revision, last_id))

    def _can_follow(self, held: Stamp) -> bool:
        """Whether the terms are of this library and our rules, and the store knows what was removed since."""
        return (
            held.version == TERMS_VERSION
            and held.library == self._store.get("id")
            and held.revision >= self._store.forgotten
        )

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

    def vectors(self) -> VectorStore:
        """The vectors of the sentences that the store holds. Raises what `check` raises."""
        self._check_once()
        return self._dense.ready()

    @property
    def description(self) -> str:
        """The index of the vectors in words."""
        return self._dense.description

    def save_vectors(self) -> None:
        """Save the vectors if they have changed; the caller holds the library's write lock."""
        self._dense.save()
