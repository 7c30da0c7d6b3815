"""Keeps what is derived from the store up to date: vectors (dense.py), and terms in tantivy.

Either may lag behind (after a kill, or while another process adds) or be missing, torn, or made with another encoder
or other rules for terms; then it is brought up to date from the store, or built anew. The terms are on disk, so only
who holds the library's write lock may change them.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.dense import Embeddings, LocalVectors
from index.encoder import Centring
from index.lexical import Entry, LexicalIndex, Stamp
from index.store import Row, Store
from index.terms import TERMS_VERSION, terms
from index.types import Encoder, VectorStore

_CHUNK = 20_000  # sentences that an index takes at a time
_REACH = 2  # sentences before and after whose terms count as a sentence's context


class Derived:
    """The two indexes of one library. Safe to use from many threads."""

    def __init__(self, folder: Path, store: Store, encoder: Encoder, cache: Path) -> None:
        self._store = store
        self._guard = threading.RLock()  # one thread at a time brings the terms up to date
        self.embeddings = Embeddings(folder, store, encoder, cache)
        self._dense = LocalVectors(folder, store, self.embeddings)
        self.lexical = LexicalIndex(folder / "terms")

    @property
    def centring(self) -> Centring:
        return self.embeddings.centring

    # Terms

    @property
    def terms_are_current(self) -> bool:
        return self.lexical.stamp == self._terms_stamp(self._store.revision, self._store.last_id)

    def update_terms(self) -> None:
        """Bring terms/ up to date; the caller holds the library's write lock."""
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
        """The vectors, holding the ids that the store holds. Raises WrongModel when another encoder made them."""
        return self._dense.ready()

    @property
    def description(self) -> str:
        """The index of the vectors in words."""
        return self._dense.description

    def save_vectors(self) -> None:
        """Save the vectors if they have changed; the caller holds the library's write lock."""
        self._dense.save()

    def rebuild(self) -> None:
        """Build both anew; the caller holds the library's write lock."""
        with self._guard:
            self.lexical.clear()
            self.update_terms()
            self._dense.rebuild()
