"""The contract of a vector store, against brute force in NumPy."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.types import Ids, Vectors
from index.vectors import FaissStore

DIMENSION = 16
Opener = Callable[[], FaissStore]


@pytest.fixture(params=[FaissStore], ids=["faiss"])
def empty(request: pytest.FixtureRequest) -> Opener:
    """Every vector store passes the same tests: add its class to `params`."""
    return lambda: request.param(DIMENSION)


def _unit(count: int, seed: int = 1) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _ids(count: int) -> Ids:
    """Neither dense, nor in order, nor small."""
    return np.random.default_rng(2).permutation(count).astype(np.int64) * 7 + 2**33


def _brute_force(ids: Ids, vectors: Vectors, query: Vectors, limit: int) -> tuple[Ids, Vectors]:
    scores = vectors @ query
    best = np.argsort(-scores, kind="stable")[:limit]
    return ids[best], scores[best]


def _same(found: tuple[Ids, Vectors], expected: tuple[Ids, Vectors]) -> None:
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)


def test_ids_scores_and_order_are_those_of_brute_force(empty: Opener) -> None:
    store, ids, vectors = empty(), _ids(300), _unit(300)
    store.add(ids[:100], vectors[:100])
    store.add(ids[100:], vectors[100:])
    assert len(store) == 300
    assert set(store.ids.tolist()) == set(ids.tolist())
    for query in _unit(20, seed=3):
        _same(store.search(query, 10), _brute_force(ids, vectors, query, 10))


@pytest.mark.parametrize("kept", [1, 5, 60, 299])
def test_filters_hold_exactly(empty: Opener, kept: int) -> None:
    store, ids, vectors = empty(), _ids(300), _unit(300)
    store.add(ids, vectors)
    chosen = np.random.default_rng(4).permutation(300)[:kept]
    for query in _unit(5, seed=5):
        _same(store.search(query, 10, ids[chosen]), _brute_force(ids[chosen], vectors[chosen], query, 10))


def test_a_filter_may_name_ids_that_are_not_held(empty: Opener) -> None:
    store, ids, vectors = empty(), _ids(50), _unit(50)
    store.add(ids, vectors)
    found, _scores = store.search(vectors[0], 10, np.array([ids[3], 5, 6], np.int64))
    assert found.tolist() == [ids[3]]


@pytest.mark.parametrize("allowed", [None, np.array([], np.int64), np.array([1], np.int64)])
def test_nothing_is_found_where_nothing_is_held(empty: Opener, allowed: Ids | None) -> None:
    ids, scores = empty().search(_unit(1)[0], 10, allowed)
    assert len(ids) == len(scores) == 0


def test_an_empty_filter_lets_nothing_pass(empty: Opener) -> None:
    store = empty()
    store.add(_ids(50), _unit(50))
    assert len(store.search(_unit(1)[0], 10, np.array([], np.int64))[0]) == 0


def test_a_limit_above_the_number_held_returns_all(empty: Opener) -> None:
    store, ids, vectors = empty(), _ids(7), _unit(7)
    store.add(ids, vectors)
    _same(store.search(vectors[2], 50), _brute_force(ids, vectors, vectors[2], 50))


def test_what_is_removed_is_not_found_and_its_id_can_return(empty: Opener) -> None:
    store, ids, vectors = empty(), _ids(100), _unit(100)
    store.add(ids, vectors)
    store.remove(np.append(ids[::3], 12345))
    left = np.setdiff1d(np.arange(100), np.arange(100)[::3])
    assert len(store) == len(left)
    for query in vectors[:6]:
        _same(store.search(query, 10), _brute_force(ids[left], vectors[left], query, 10))
    store.add(ids[:1], vectors[1:2])
    assert set(store.search(vectors[1], 2)[0].tolist()) == {ids[0], ids[1]}


def test_removing_everything_leaves_an_empty_store(empty: Opener) -> None:
    store, ids = empty(), _ids(20)
    store.add(ids, _unit(20))
    store.remove(ids)
    assert len(store) == 0
    assert len(store.search(_unit(1)[0], 5)[0]) == 0


def test_a_saved_store_is_the_same_after_loading(tmp_path: Path) -> None:
    store, ids, vectors = FaissStore(DIMENSION), _ids(80), _unit(80)
    store.add(ids, vectors)
    store.remove(ids[:10])
    store.save(tmp_path / "v.faiss")
    loaded = FaissStore.load(tmp_path / "v.faiss", DIMENSION)
    assert loaded is not None
    _same(loaded.search(vectors[40], 10), store.search(vectors[40], 10))
    loaded.add(ids[:10], vectors[:10])  # it can be changed as before
    _same(loaded.search(vectors[3], 80), _brute_force(ids, vectors, vectors[3], 80))
    assert list(tmp_path.iterdir()) == [tmp_path / "v.faiss"]


@pytest.mark.parametrize("length", [0, 3, 40, -1, None], ids=["empty", "3 bytes", "header", "torn", "garbage"])
def test_a_damaged_file_does_not_load(tmp_path: Path, length: int | None) -> None:
    path, store = tmp_path / "v.faiss", FaissStore(DIMENSION)
    store.add(_ids(80), _unit(80))
    store.save(path)
    whole = path.read_bytes()
    path.write_bytes(os.urandom(len(whole)) if length is None else whole[:length])
    assert FaissStore.load(path, DIMENSION) is None


def test_a_missing_file_or_one_of_another_dimension_does_not_load(tmp_path: Path) -> None:
    assert FaissStore.load(tmp_path / "v.faiss", DIMENSION) is None
    FaissStore(8).save(tmp_path / "v.faiss")
    assert FaissStore.load(tmp_path / "v.faiss", DIMENSION) is None


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = tmp_path / "v.faiss", FaissStore(DIMENSION)
    store.add(_ids(5), _unit(5))
    store.save(path)

    def full(_index: object, name: str) -> None:
        Path(name).write_bytes(b"half")
        raise RuntimeError("No space left on device")

    monkeypatch.setattr("index.vectors.faiss.write_index", full)
    with pytest.raises(OSError, match="No space left"):
        store.save(path)
    assert list(tmp_path.iterdir()) == [path]
    loaded = FaissStore.load(path, DIMENSION)
    assert loaded is not None
    assert len(loaded) == 5
