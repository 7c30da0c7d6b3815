"""Dense search in FAISS: unit vectors by id, in memory. Derived from the store; dense.py keeps it up to date.

An index is built for the number of its vectors (figures for 384 dimensions on one thread):

- Flat, up to 20,000: the vectors as they are. It needs no training, so that a new library grows in it.
- SQ8, up to 200,000: 8 bits for each component, and still each vector compared: recall@10 0.994 at half the time of
  Flat (3.7 against 7.7 ms at 100,000) and a quarter of its memory.
- IVF,SQ8 beyond: 8 bits in some 4√n lists, of which the nearest few are searched: 1 ms at 1,000,000, where comparing
  each takes 86. How many lists is measured while it is built (building.py).

It grows as what it is; another kind takes a rebuild.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.types import Filters, Ids, Payload, Vectors

FLAT = "Flat"
_FLAT, _EXACT = 20_000, 200_000  # vectors up to which each is kept whole, and each is compared
_FEW = 0.05  # share of the vectors below which a filter has all lists searched: approximate search loses most there
_SCANNED = 10  # vectors compared for each that is asked for, at least
_SPARSE = 64  # ids from 0 on for each id of a set, up to which a bitmap takes less room than a hash table

Resolve = Callable[[Filters], Ids]  # the ids of the sentences that pass the filters


def exact_kind(count: int) -> str:
    """FAISS's name of the index that compares each of `count` vectors."""
    return FLAT if count <= _FLAT else "SQ8"


def kind_for(count: int) -> str:
    """FAISS's name of the index that suits `count` vectors."""
    return exact_kind(count) if count <= _EXACT else f"IVF{round(4 * sqrt(count))},SQ8"


def lists_of(kind: str) -> int:
    """How many lists an index of this kind has; 0 where it has none."""
    return int(kind[3:].partition(",")[0]) if kind.startswith("IVF") else 0


def has_outgrown(kind: str, count: int) -> bool:
    """Whether `count` vectors want another kind, or more than twice the lists."""
    wanted = kind_for(count)
    return lists_of(wanted) > 2 * lists_of(kind) or (kind == FLAT and wanted != FLAT)


class FaissStore:
    """Inner-product search in one FAISS index. Safe to use from many threads.

    FAISS knows ids and vectors only: `resolve` turns filters into ids, and payloads are left to the database.
    """

    def __init__(self, dimension: int, resolve: Resolve, kind: str = FLAT, sample: Vectors | None = None) -> None:
        """An empty store. All kinds but Flat learn from a sample of the vectors to come, shape (n, dimension)."""
        index: Any = faiss.index_factory(dimension, kind, faiss.METRIC_INNER_PRODUCT)
        if sample is not None:
            index.train(np.ascontiguousarray(sample, np.float32))
        self._index: Any = index if isinstance(index, faiss.IndexIVF) else faiss.IndexIDMap(index)
        self._resolve = resolve
        self._lock = threading.Lock()  # FAISS may not search while it is changed

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def kind(self) -> str:
        if self.lists:
            return f"IVF{self.lists},SQ8"
        return FLAT if isinstance(faiss.downcast_index(self._index.index), faiss.IndexFlat) else "SQ8"

    @property
    def lists(self) -> int:
        """How many lists the vectors are in; 0 when a search compares each."""
        return int(self._index.nlist) if isinstance(self._index, faiss.IndexIVF) else 0

    @property
    def probes(self) -> int:
        """How many lists a search without filters looks into."""
        return int(self._index.nprobe)

    @probes.setter
    def probes(self, count: int) -> None:
        self._index.nprobe = count

    @property
    def description(self) -> str:
        compared = f"{self.probes} of {self.lists} lists searched" if self.lists else "each vector compared"
        return f"FAISS {self.kind} ({compared})"

    @property
    def ids(self) -> Ids:
        """The ids held, in no particular order."""
        with self._lock:
            if self.lists:
                return np.concatenate([_list_ids(self._index.invlists, number) for number in range(self.lists)])
            return np.asarray(faiss.vector_to_array(self._index.id_map), np.int64)

    def add(self, ids: Ids, vectors: Vectors, _payloads: Sequence[Payload] = (), /) -> None:
        """Add unit vectors, shape (len(ids), dimension), in place of those held under the same ids."""
        if len(ids):
            with self._lock:
                self._index.remove_ids(_selector(ids))
                self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids)

    def remove(self, ids: Ids, /) -> None:
        """Remove vectors; unknown ids are ignored."""
        if len(ids):
            with self._lock:
                self._index.remove_ids(_selector(ids))

    def resolved(self, filters: Filters) -> Ids | None:
        """The ids that pass the filters; None where there are no filters."""
        return self._resolve(filters) if filters else None

    def search(self, vector: Vectors, limit: int, filters: Filters, /) -> tuple[Ids, Vectors]:
        """The `limit` nearest ids that pass the filters, and their cosines, best first."""
        return self.nearest(vector, limit, self.resolved(filters))

    def nearest(
        self, vector: Vectors, limit: int, allowed: Ids | None = None, gone: Ids | None = None
    ) -> tuple[Ids, Vectors]:
        """The `limit` nearest ids and their cosines, best first: those in `allowed` where that is given, else all;
        never those in `gone`, which must not be empty."""
        if allowed is not None and gone is not None:
            allowed = allowed[~np.isin(allowed, gone)]
        with self._lock:
            reachable = len(self) if allowed is None else min(len(allowed), len(self))
            if not reachable:
                return np.zeros(0, np.int64), np.zeros(0, np.float32)
            parameters = self._parameters(limit, reachable, allowed, gone)
            with _one_thread():
                scores, ids = self._index.search(vector.reshape(1, -1), limit, params=parameters)
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]

    def _parameters(self, limit: int, reachable: int, allowed: Ids | None, gone: Ids | None) -> Any:
        selector = None
        if allowed is not None:
            selector = _selector(allowed)
        elif gone is not None:
            selector = faiss.IDSelectorNot(_selector(gone))
        if self.lists:
            return faiss.SearchParametersIVF(sel=selector, nprobe=self._lists_to_search(limit, reachable))
        return faiss.SearchParameters(sel=selector) if selector is not None else None

    def _lists_to_search(self, limit: int, reachable: int) -> int:
        """So many lists that a filter leaves as many vectors to compare as there are without one; all lists for few.

        Looking into all of them is the exact scan of the allowed ids: what the selector refuses is not compared.
        """
        share = reachable / len(self)
        if share < _FEW:
            return self.lists
        enough = max(self.probes / share, self.lists * _SCANNED * limit / reachable)
        return min(self.lists, ceil(enough))

    def nearest_of_each(self, vectors: Vectors, limit: int) -> Ids:
        """The `limit` nearest ids of each vector, shape (n, limit), best first; -1 where there are fewer."""
        with self._lock:
            _scores, ids = self._index.search(np.ascontiguousarray(vectors, np.float32), limit)
        return np.asarray(ids, np.int64)

    def save(self, path: Path) -> None:
        """Write beside and rename, so that a kill leaves the old file or the new one."""
        beside = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with self._lock:
                faiss.write_index(self._index, str(beside))
            beside.replace(path)
        except RuntimeError as error:  # FAISS's own word for a failed write
            raise OSError(f"cannot write {path}: {error}") from error
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, dimension: int, resolve: Resolve, *, mapped: bool = False) -> "FaissStore | None":
        """The saved index, or None when it is missing, torn or of another dimension.

        A `mapped` one stays in the file and must not be changed: FAISS would end the process.
        """
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError:  # FAISS raises nothing finer
            return None
        if not isinstance(index, faiss.IndexIDMap | faiss.IndexIVF) or index.d != dimension:
            return None
        store = cls(dimension, resolve)
        store._index = index
        return store


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS has threads share vectors that are looked for, never one: the others only keep it waiting.

    For long where cores are busy: of two threads on two of them, a search of 30,000 that takes 0.7 ms took 16.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # of the calling thread
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _selector(ids: Ids) -> Any:
    """FAISS's test for a set of ids, which must not be empty.

    A bitmap is made and asked fastest, but has a bit for every id from 0 to the greatest: it is for sets that are not
    sparse. A hash table takes some 50 bytes for each id, wherever they are.
    """
    greatest = int(ids.max())
    if greatest >= _SPARSE * len(ids):
        return faiss.IDSelectorBatch(ids)
    held = np.zeros(greatest + 1, bool)
    held[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(held, bitorder="little"))


def _list_ids(lists: Any, number: int) -> Ids:
    ids = np.empty(lists.list_size(number), np.int64)
    if len(ids):
        faiss.memcpy(faiss.swig_ptr(ids), lists.get_ids(number), ids.nbytes)
    return ids
