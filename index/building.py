"""Builds a FAISS index, and measures how many of its lists a search must look into."""

from collections.abc import Callable

import numpy as np

from index.types import Ids, Vectors
from index.vectors import FLAT, FaissStore, Resolve, lists_of

Read = Callable[[Ids], tuple[Ids, Vectors]]  # those of some ids that are stored, in any order, with their vectors

_CHUNK = 20_000  # vectors read at a time
_TRAINING = 64  # vectors that each list is found from; FAISS warns below 39
_RANGES = 50_000  # vectors that tell the ranges of 8-bit components
_ASKED = 300  # vectors whose neighbours are looked for: recall is known to some 0.003
_NEAREST = 10
_RECALL = 0.98  # of the neighbours that exact search finds
_NEARLY = 0.005  # recall that is given up for searching fewer lists, where _RECALL is out of reach


def build(dimension: int, resolve: Resolve, ids: Ids, read: Read, kind: str) -> FaissStore:
    """An index of a kind over the vectors of `ids`, which are read in chunks."""
    mixed = np.random.default_rng(0).permutation(ids)
    lists = lists_of(kind)
    sample = np.sort(mixed[-(_TRAINING * lists or _RANGES) :])  # without those asked for, unless there are few
    store = FaissStore(dimension, resolve, kind, None if kind == FLAT else _gathered(sample, read, dimension))
    exact = _Exact(_like_questions(read(mixed[:_ASKED])[1])) if lists else None
    for start in range(0, len(ids), _CHUNK):
        some, vectors = read(ids[start : start + _CHUNK])
        store.add(some, vectors)
        if exact:
            exact.see(some, vectors)
    if exact:
        _tune(store, exact)
    return store


def _gathered(ids: Ids, read: Read, dimension: int) -> Vectors:
    """The vectors of many ids in one array; to collect parts of it first would take the room twice."""
    vectors, end = np.empty((len(ids), dimension), np.float32), 0
    for start in range(0, len(ids), _CHUNK):
        some, found = read(ids[start : start + _CHUNK])
        vectors[end : end + len(some)] = found
        end += len(some)
    return vectors[:end]


def _like_questions(vectors: Vectors) -> Vectors:
    """Unit vectors midway between two sentences each.

    A question is less near to any sentence than one sentence is to another, and more of its neighbours are in lists
    other than the first. Measured on 1,000,000 sentences in 4,000 lists: 16 found 0.98 of the neighbours of sentences
    and 0.95 of those of questions and of such vectors; 64 found 0.98 of either.
    """
    between = vectors + np.roll(vectors, 1, axis=0)
    return np.asarray(between / np.linalg.norm(between, axis=1, keepdims=True), np.float32)


def _tune(store: FaissStore, exact: "_Exact") -> None:
    """Look into as few lists, in powers of two, as find the neighbours that exact search finds.

    Where 8 bits have lost too many of them, as few as find nearly what all lists do.
    """
    recalls: dict[int, float] = {}
    while store.lists not in recalls:
        store.probes = min(2 ** len(recalls), store.lists)
        recalls[store.probes] = exact.recall(store)
        if recalls[store.probes] >= _RECALL:
            return
    attainable = recalls[store.lists] - _NEARLY
    store.probes = next(probes for probes, recall in recalls.items() if recall >= attainable)


class _Exact:
    """The nearest neighbours of some unit vectors, shape (n, dimension), among all that it is shown."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._nearest: Ids = np.full((len(vectors), _NEAREST), -1, np.int64)
        self._cosines: Vectors = np.full((len(vectors), _NEAREST), -np.inf, np.float32)

    def see(self, ids: Ids, vectors: Vectors) -> None:
        cosines = np.concatenate([self._cosines, self._vectors @ vectors.T], axis=1)
        candidates = np.concatenate([self._nearest, np.broadcast_to(ids, (len(self._vectors), len(ids)))], axis=1)
        best = np.argpartition(-cosines, _NEAREST - 1, axis=1)[:, :_NEAREST]
        self._cosines = np.take_along_axis(cosines, best, axis=1)
        self._nearest = np.take_along_axis(candidates, best, axis=1)

    def recall(self, store: FaissStore) -> float:
        """The mean share of the neighbours that a store finds among as many."""
        found = store.nearest_of_each(self._vectors, _NEAREST)
        return float(np.mean([np.isin(*each).mean() for each in zip(self._nearest, found, strict=True)]))
