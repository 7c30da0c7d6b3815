"""Builds a FAISS index, and measures how many of its lists a search must look into."""

from collections.abc import Callable

import numpy as np

from index.types import Ids, Vectors
from index.vectors import FLAT, FaissStore, Resolve, lists_of

Read = Callable[[Ids], tuple[Ids, Vectors]]  # those of some ids that are stored, in any order, with their vectors

_CHUNK = 20_000  # vectors read at a time
_TRAINING = 64  # vectors that each list is found from; FAISS warns below 39
_RANGES = 50_000  # vectors that tell the ranges of 8-bit components
_HELD = 300  # vectors whose neighbours are looked for: recall is known to some 0.003
_NEAREST = 10
_RECALL = 0.98  # of the neighbours that exact search finds
_NEARLY = 0.005  # recall that is given up for searching fewer lists, where _RECALL is out of reach


def build(dimension: int, resolve: Resolve, ids: Ids, read: Read, kind: str) -> FaissStore:
    """An index of a kind over the vectors of `ids`, which are read in chunks."""
    mixed = np.random.default_rng(0).permutation(ids)
    lists = lists_of(kind)
    sample = np.sort(mixed[-(_TRAINING * lists or _RANGES) :])  # without the held ones, unless there are few
    store = FaissStore(dimension, resolve, kind, None if kind == FLAT else _gathered(sample, read, dimension))
    exact = _Exact(*read(mixed[:_HELD])) if lists else None
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
    """The nearest neighbours of some vectors, themselves apart, among all that it is shown."""

    def __init__(self, ids: Ids, vectors: Vectors) -> None:
        self._ids, self._vectors = ids, vectors
        self._nearest: Ids = np.full((len(ids), _NEAREST), -1, np.int64)
        self._cosines: Vectors = np.full((len(ids), _NEAREST), -np.inf, np.float32)

    def see(self, ids: Ids, vectors: Vectors) -> None:
        cosines = self._vectors @ vectors.T
        cosines[self._ids[:, np.newaxis] == ids] = -np.inf
        cosines = np.concatenate([self._cosines, cosines], axis=1)
        candidates = np.concatenate([self._nearest, np.broadcast_to(ids, (len(self._ids), len(ids)))], axis=1)
        best = np.argpartition(-cosines, _NEAREST - 1, axis=1)[:, :_NEAREST]
        self._cosines = np.take_along_axis(cosines, best, axis=1)
        self._nearest = np.take_along_axis(candidates, best, axis=1)

    def recall(self, store: FaissStore) -> float:
        """The mean share of the neighbours that a store finds among as many, itself apart."""
        found = store.nearest_of_each(self._vectors, _NEAREST + 1)
        shares = [
            np.isin(nearest, ids[ids != own][:_NEAREST]).mean()
            for own, ids, nearest in zip(self._ids, found, self._nearest, strict=True)
        ]
        return float(np.mean(shares))
