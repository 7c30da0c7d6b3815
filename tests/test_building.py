"""Building an index in lists: the neighbours it is measured by, and how many lists come of it."""

import numpy as np
import pytest

from index.building import _Exact, _like_questions, build
from index.types import Filters, Ids, Vectors
from index.vectors import FaissStore

DIMENSION = 16
COUNT = 4_000


def _vectors() -> Vectors:
    """Unit vectors around 40 centres."""
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(40, DIMENSION))[chance.integers(40, size=COUNT)] + 0.5 * chance.normal(
        size=(COUNT, DIMENSION)
    )
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


VECTORS = _vectors()
IDS = np.arange(COUNT, dtype=np.int64) + 100


def _read(ids: Ids) -> tuple[Ids, Vectors]:
    """In another order than asked for."""
    return ids[::-1].copy(), VECTORS[ids[::-1] - 100]


def _resolve(_: Filters) -> Ids:
    return IDS


def _built(kind: str) -> FaissStore:
    return build(DIMENSION, _resolve, IDS, _read, kind)


@pytest.mark.parametrize("kind", ["Flat", "SQ8", "IVF32,SQ8"])
def test_every_vector_is_in_the_index_under_its_id(kind: str) -> None:
    store = _built(kind)
    assert store.kind == kind
    assert len(store) == COUNT
    np.testing.assert_array_equal(np.sort(store.ids), IDS)
    for row in range(0, COUNT, 400):
        assert IDS[row] in store.nearest(VECTORS[row], 3)[0]


def test_as_few_lists_are_searched_as_reach_the_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted, expected in ((0.0, 1), (0.95, 4)):
        monkeypatch.setattr("index.building._RECALL", wanted)
        store = _built("IVF32,SQ8")
        assert store.probes == expected
        assert _recall(store) >= wanted - 0.01  # other queries than it was measured by
    store.probes //= 2
    assert _recall(store) < 0.95


def test_where_8_bits_lose_too_much_not_all_lists_are_searched_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.building._RECALL", 1.0)
    store = _built("IVF32,SQ8")
    found = _recall(store)
    assert 1 < store.probes < store.lists
    store.probes = store.lists
    assert 0.9 < _recall(store) <= found + 0.01
    monkeypatch.setattr("index.building._NEARLY", 0.0)
    assert _built("IVF32,SQ8").probes > 4


def _recall(store: FaissStore) -> float:
    shares = []
    for query in _like_questions(VECTORS[5::40]):
        nearest = IDS[np.argsort(-(VECTORS @ query))[:10]]
        shares.append(np.isin(nearest, store.nearest(query, 10)[0]).mean())
    return float(np.mean(shares))


def test_questions_are_farther_from_sentences_than_sentences_are() -> None:
    asked = _like_questions(VECTORS[:100])
    np.testing.assert_allclose(np.linalg.norm(asked, axis=1), 1, atol=1e-5)
    nearest = [np.sort(each @ VECTORS.T, axis=1)[:, -10:].mean() for each in (asked, VECTORS[:100])]
    assert nearest[0] < nearest[1] - 0.05


def test_exact_neighbours_are_those_of_brute_force() -> None:
    asked = VECTORS[:20] + np.float32(0.01)
    exact = _Exact(asked)
    for start in range(0, COUNT, 1_500):
        exact.see(IDS[start : start + 1_500], VECTORS[start : start + 1_500])
    for row in range(20):
        assert set(exact._nearest[row].tolist()) == set(IDS[np.argsort(-(VECTORS @ asked[row]))[:10]].tolist())


def test_recall_is_one_for_exact_search_and_less_for_a_single_list() -> None:
    exact = _Exact(VECTORS[:100] + np.float32(0.01))
    exact.see(IDS, VECTORS)
    flat = _built("Flat")
    assert exact.recall(flat) == 1.0
    lists = _built("IVF32,SQ8")
    lists.probes = 1
    assert exact.recall(lists) < 0.95


def test_nothing_and_little_can_be_built() -> None:
    assert len(build(DIMENSION, _resolve, IDS[:0], _read, "Flat")) == 0
    few = build(DIMENSION, _resolve, IDS[:30], _read, "IVF8,SQ8")
    assert len(few) == 30
    assert set(few.nearest(VECTORS[3], 30)[0].tolist()) == set(IDS[:30].tolist())
