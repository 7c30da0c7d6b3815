"""An index in a file, and changes beside it."""

from pathlib import Path

import numpy as np
import pytest
from test_vectors import DIMENSION, FILTERS, Shelf, _ids, _in_lists, _unit

from index.mapped import MappedStore
from index.types import Filters, Ids
from index.vectors import FaissStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "v.faiss"


@pytest.fixture
def shelf(path: Path) -> Shelf:
    """300 vectors in the file; the store is the mapped one."""
    held: list[Shelf] = []

    def resolve(filters: Filters) -> Ids:
        return held[0].passing(filters)

    whole = _in_lists(resolve)
    held.append(Shelf(whole, slack=0.03, recall=0.9))
    held[0].add(_ids(300), _unit(300))
    whole.save(path)
    mapped = MappedStore.load(path, DIMENSION, resolve)
    assert mapped is not None
    held[0].store = mapped
    return held[0]


def test_what_is_in_the_file_is_found(shelf: Shelf) -> None:
    assert len(shelf.store) == 300
    for filters in FILTERS:
        shelf.check(_unit(5, seed=3), 10, filters)


def test_changes_are_seen_and_leave_the_file_alone(shelf: Shelf, path: Path) -> None:
    before, ids, others = path.read_bytes(), _ids(400), _unit(130, seed=6)
    held = np.array(list(shelf.vectors), np.int64)
    shelf.remove(held[:50])
    shelf.add(held[50:80], others[:30])  # in place of what the file holds
    shelf.add(np.setdiff1d(ids, held)[:100], others[30:])
    shelf.add(held[:10], others[:10])  # removed, and back
    shelf.remove(held[75:85])
    assert len(shelf.store) == len(shelf.vectors)
    for filters in FILTERS:
        shelf.check(_unit(5, seed=3), 10, filters)
    shelf.check(others[::10], 10)
    assert path.read_bytes() == before


def test_it_says_when_much_has_changed(shelf: Shelf) -> None:
    store = shelf.store
    assert isinstance(store, MappedStore)
    assert "mapped" in store.description
    assert not store.has_drifted
    shelf.remove(_ids(300)[:2])
    assert not store.has_drifted
    shelf.remove(_ids(300)[:10])
    assert store.has_drifted


def test_an_index_without_lists_is_not_mapped(path: Path) -> None:
    """Its vectors would be, and FAISS ends the process when they change."""
    assert MappedStore.load(path, DIMENSION, lambda _: _ids(1)) is None
    flat = FaissStore(DIMENSION, lambda _: _ids(1))
    flat.add(_ids(20), _unit(20))
    flat.save(path)
    assert MappedStore.load(path, DIMENSION, lambda _: _ids(1)) is None
