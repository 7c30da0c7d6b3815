"""The contract of a vector store, against brute force in NumPy."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import faiss
import numpy as np
import pytest
from conftest import make_article

from corpus.types import Article, Language
from index.mapped import MappedStore
from index.types import Filters, Ids, Payload, Vectors, VectorStore
from index.vectors import FaissStore, Resolve, has_outgrown, kind_for

if TYPE_CHECKING:
    from index.milvus import MilvusStore

DIMENSION = 16
SOURCES = ["Herald", "", 'The "Herald", Ltd. \\ it\'s', "样例日报", "Вестник", *(f"Source {n}" for n in range(20))]
FILTERS = [
    Filters(),
    Filters(languages=frozenset({Language.EN})),
    Filters(languages=frozenset({Language.RU, Language.ZH})),
    *(Filters(sources=frozenset({source})) for source in SOURCES[:6]),
    Filters(sources=frozenset(SOURCES[3:9])),
    Filters(since=date(2024, 3, 1)),
    Filters(until=date(2024, 3, 1)),
    Filters(since=date(2024, 3, 1), until=date(2024, 3, 9)),
    Filters(since=date(2024, 3, 9), until=date(2024, 3, 1)),
    Filters(frozenset({Language.EN}), frozenset(SOURCES[:9]), date(2024, 2, 1), date(2024, 8, 1)),
    Filters(sources=frozenset({"herald", "Source"})),
]


@dataclass
class Shelf:
    """A store, and beside it all that it should hold.

    Its scores may differ from the cosines by `slack`, and of the nearest it finds at least `recall`.
    """

    store: VectorStore
    slack: float = 1e-5
    recall: float = 1.0
    vectors: dict[int, Vectors] = field(default_factory=dict)
    payloads: dict[int, Payload] = field(default_factory=dict)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self.vectors |= dict(zip(ids.tolist(), vectors, strict=True))
        self.payloads |= {id_: _payload(id_) for id_ in ids.tolist()}
        self.store.add(ids, vectors, [self.payloads[id_] for id_ in ids.tolist()])

    def remove(self, ids: Ids) -> None:
        for id_ in ids.tolist():
            self.vectors.pop(id_, None)
            self.payloads.pop(id_, None)
        self.store.remove(ids)

    def passing(self, filters: Filters) -> Ids:
        return np.array([id_ for id_, one in self.payloads.items() if _passes(one.article, filters)], np.int64)

    def check(self, queries: Vectors, limit: int, filters: Filters = Filters()) -> None:
        """What is found for each query passes the filters and is what brute force finds: ids, scores and order."""
        shares = [self._share(query, limit, self.passing(filters), filters) for query in queries]
        assert np.mean(shares) >= self.recall

    def _share(self, query: Vectors, limit: int, passing: Ids, filters: Filters) -> float:
        cosines = {id_: float(self.vectors[id_] @ query) for id_ in passing.tolist()}
        ids, scores = self.store.search(query, limit, filters)
        found = ids.tolist()
        assert set(found) <= set(cosines)
        assert len(found) == len(set(found)) == min(limit, len(cosines))
        np.testing.assert_allclose(scores, [cosines[id_] for id_ in found], atol=self.slack)
        assert (np.diff(scores) <= 1e-6).all()
        ours = np.sort([cosines[id_] for id_ in found])[::-1]
        best = np.sort(list(cosines.values()))[::-1][:limit]
        return float(np.mean(ours >= best - 2 * self.slack)) if found else 1.0


def _payload(id_: int) -> Payload:
    published = date(2024, 1, 1) + timedelta(days=id_ % 300) if id_ % 11 else None
    article = make_article(
        f"Text {id_}.",
        language=list(Language)[id_ % 3],
        source=SOURCES[id_ % len(SOURCES)],
        published=published,
    )
    return Payload(article, 0, 0, len(article.text))


def _passes(article: Article, filters: Filters) -> bool:
    since, until = filters.since or date.min, filters.until or date.max
    return (
        (not filters.languages or article.language in filters.languages)
        and (not filters.sources or article.source in filters.sources)
        and (not (filters.since or filters.until) or (article.published and since <= article.published <= until))
    ) is True


@pytest.fixture(scope="module")
def collections() -> Iterator[dict[str, "MilvusStore"]]:
    """By address; to make one takes the real server seconds."""
    made: dict[str, MilvusStore] = {}
    yield made
    for store in made.values():
        store._client.drop_collection(store._name)
        store.close()


@pytest.fixture(params=["flat", "sq8", "ivf", "mapped", "milvus_server", "milvus_lite"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path, collections: dict[str, "MilvusStore"]) -> Iterator[Shelf]:
    """Every vector store passes the same tests: add its kind to `params`."""
    held: list[Shelf] = []

    def resolve(filters: Filters) -> Ids:
        return held[0].passing(filters)

    makers = {
        "flat": lambda: Shelf(FaissStore(DIMENSION, resolve)),
        "sq8": lambda: Shelf(FaissStore(DIMENSION, resolve, "SQ8", _unit(20_000, seed=9)), slack=0.03),
        "ivf": lambda: Shelf(_in_lists(resolve), slack=0.03, recall=0.9),
        "mapped": lambda: Shelf(_mapped(tmp_path / "v.faiss", resolve)),
    }
    if request.param in makers:
        held.append(makers[request.param]())
        yield held[0]
        return
    address = request.getfixturevalue(request.param)
    if address not in collections:
        collections[address] = _collection(address)
    shelf = Shelf(collections[address])
    yield shelf
    shelf.remove(np.array(list(shelf.vectors), np.int64))


def _collection(address: str) -> "MilvusStore":
    from index.milvus import MilvusStore

    store = MilvusStore(address, uuid4().hex, DIMENSION, {"encoder": "none"})
    store.clear()
    return store


def _in_lists(resolve: Resolve) -> FaissStore:
    store = FaissStore(DIMENSION, resolve, "IVF16,SQ8", _unit(20_000, seed=9))
    store.probes = 12
    return store


def _mapped(path: Path, resolve: Resolve) -> MappedStore:
    """One whose file holds vectors that have been removed since."""
    before = _in_lists(resolve)
    before.add(np.arange(200, dtype=np.int64), _unit(200, seed=10))
    before.save(path)
    store = MappedStore.load(path, DIMENSION, resolve)
    assert store is not None
    store.remove(np.arange(200, dtype=np.int64))
    return store


def _unit(count: int, seed: int = 1) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _ids(count: int) -> Ids:
    """Neither dense, nor in order, nor small."""
    return np.random.default_rng(2).permutation(count).astype(np.int64) * 7 + 2**33


def _everything(_: Filters) -> Ids:
    return np.arange(1_000, dtype=np.int64)


def test_ids_scores_and_order_are_those_of_brute_force(shelf: Shelf) -> None:
    ids, vectors = _ids(300), _unit(300)
    shelf.add(ids[:100], vectors[:100])
    shelf.add(ids[100:], vectors[100:])
    assert len(shelf.store) == 300
    shelf.check(_unit(20, seed=3), 10)


def test_filters_hold_exactly(shelf: Shelf) -> None:
    shelf.add(_ids(300), _unit(300))
    sizes = {len(shelf.passing(filters)) for filters in FILTERS}
    assert {0, 300} < sizes
    for filters in FILTERS:
        shelf.check(_unit(3, seed=5), 10, filters)


@pytest.mark.parametrize("filters", [Filters(), Filters(sources=frozenset({"Herald"}))])
def test_nothing_is_found_where_nothing_is_held(shelf: Shelf, filters: Filters) -> None:
    ids, scores = shelf.store.search(_unit(1)[0], 10, filters)
    assert len(ids) == len(scores) == len(shelf.store) == 0


def test_a_limit_above_the_number_held_returns_all(shelf: Shelf) -> None:
    vectors = _unit(7)
    shelf.add(_ids(7), vectors)
    shelf.check(vectors, 50)


def test_what_is_removed_is_not_found_and_its_id_can_return(shelf: Shelf) -> None:
    ids, vectors = _ids(100), _unit(100)
    shelf.add(ids, vectors)
    shelf.remove(np.append(ids[::3], 12345))
    shelf.check(vectors[:6], 10)
    assert len(shelf.store) == 66
    shelf.add(ids[:1], vectors[1:2])
    assert set(shelf.store.search(vectors[1], 2, Filters())[0].tolist()) == {ids[0], ids[1]}


def test_what_is_added_again_replaces_what_was_held(shelf: Shelf) -> None:
    ids, vectors = _ids(60), _unit(90)
    shelf.add(ids, vectors[:60])
    shelf.add(ids[30:], vectors[60:])
    shelf.check(vectors[::9], 10)
    assert len(shelf.store) == 60


def test_removing_everything_leaves_an_empty_store(shelf: Shelf) -> None:
    ids = _ids(20)
    shelf.add(ids, _unit(20))
    shelf.remove(ids)
    shelf.remove(ids)
    assert len(shelf.store.search(_unit(1)[0], 5, Filters())[0]) == 0
    assert len(shelf.store) == 0


def test_nothing_may_be_added_and_removed(shelf: Shelf) -> None:
    shelf.add(np.array([], np.int64), _unit(0))
    shelf.remove(np.array([], np.int64))
    assert len(shelf.store) == 0


def test_the_store_says_what_it_is(shelf: Shelf) -> None:
    assert shelf.store.description.startswith(("FAISS ", "Milvus "))


# FAISS alone


@pytest.mark.parametrize("first", [0, 2**40], ids=["dense ids", "sparse ids"])
@pytest.mark.parametrize("kept", [0, 1, 5, 60, 299])
def test_any_set_of_ids_may_be_allowed(kept: int, first: int) -> None:
    ids, vectors = np.random.default_rng(7).permutation(300).astype(np.int64) + first, _unit(300)
    chosen = np.random.default_rng(4).permutation(300)[:kept]
    store = FaissStore(DIMENSION, lambda _: ids[chosen])
    store.add(ids, vectors)
    for query in _unit(5, seed=5):
        found, scores = store.search(query, 10, Filters(sources=frozenset({"x"})))
        cosines = vectors[chosen] @ query
        np.testing.assert_array_equal(found, ids[chosen][np.argsort(-cosines)[:10]])
        np.testing.assert_allclose(scores, np.sort(cosines)[::-1][:10], atol=1e-5)


def test_ids_that_are_allowed_need_not_be_held() -> None:
    ids, vectors = _ids(50), _unit(50)
    store = FaissStore(DIMENSION, lambda _: np.array([ids[3], 5, 6], np.int64))
    store.add(ids, vectors)
    assert set(store.ids.tolist()) == set(ids.tolist())
    found, _scores = store.search(vectors[0], 10, Filters(sources=frozenset({"x"})))
    assert found.tolist() == [ids[3]]


def test_one_vector_is_looked_for_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    class Watched:
        ntotal = 1

        def search(self, *_given: object, **_named: object) -> tuple[Vectors, Ids]:
            threads.append(faiss.omp_get_max_threads())
            return np.ones((1, 1), np.float32), np.zeros((1, 1), np.int64)

    store = FaissStore(DIMENSION, lambda _: _ids(1))
    monkeypatch.setattr(store, "_index", Watched())
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    store.nearest(_unit(1)[0], 1)
    threads.append(faiss.omp_get_max_threads())
    faiss.omp_set_num_threads(before)
    assert threads == [1, 3]


def test_what_few_pass_is_found_however_far_it_is() -> None:
    """The lists that are searched without a filter hold none of it."""
    ids, vectors, query = _ids(4_000), _unit(4_000), _unit(1, seed=5)[0]
    farthest = np.argsort(vectors @ query)[:160]  # 4 %
    store = FaissStore(DIMENSION, lambda _: ids[farthest], "IVF64,SQ8", vectors)
    store.add(ids, vectors)
    store.probes = 1
    found, _scores = store.search(query, 10, Filters(sources=frozenset({"x"})))
    assert len(found) == 10
    assert np.isin(ids[farthest[-10:]], found).mean() >= 0.8  # 8 bits may swap two that are equally near


def test_a_filter_has_more_lists_searched_the_fewer_pass_it() -> None:
    ids, vectors = _ids(4_000), _unit(4_000)
    store = FaissStore(DIMENSION, lambda _: ids[:800], "IVF64,SQ8", vectors)
    store.add(ids, vectors)
    store.probes = 4
    nearest = [ids[:800][np.argsort(-(vectors[:800] @ query))[:10]] for query in _unit(20, seed=5)]
    filters = Filters(sources=frozenset({"x"}))
    found = [store.search(query, 10, filters)[0] for query in _unit(20, seed=5)]
    probed = [store.nearest_of_each(query[np.newaxis], 4_000)[0] for query in _unit(20, seed=5)]
    recall = np.mean([np.isin(one, other).mean() for one, other in zip(nearest, found, strict=True)])
    without = np.mean([np.isin(one, other).mean() for one, other in zip(nearest, probed, strict=True)])
    assert recall > without + 0.1


KINDS = {"flat": "Flat", "sq8": "SQ8", "ivf": "IVF16,SQ8"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_saved_store_is_the_same_after_loading(tmp_path: Path, kind: str) -> None:
    ids, vectors = _ids(80), _unit(80)
    store = FaissStore(DIMENSION, _everything, kind, None if kind == "Flat" else _unit(2_000, seed=9))
    store.add(ids, vectors)
    store.remove(ids[:10])
    if store.lists:
        store.probes = 5
    store.save(tmp_path / "v.faiss")
    loaded = FaissStore.load(tmp_path / "v.faiss", DIMENSION, _everything)
    assert loaded is not None
    assert (loaded.kind, loaded.description, len(loaded)) == (kind, store.description, 70)
    for one, other in zip(loaded.nearest(vectors[40], 10), store.nearest(vectors[40], 10), strict=True):
        np.testing.assert_array_equal(one, other)
    loaded.add(ids[:10], vectors[:10])  # it can be changed as before
    assert loaded.nearest(vectors[3], 1)[0].tolist() == [ids[3]]
    assert set(loaded.ids.tolist()) == set(ids.tolist())
    assert list(tmp_path.iterdir()) == [tmp_path / "v.faiss"]


def test_a_file_of_an_earlier_version_loads_and_can_be_changed(tmp_path: Path) -> None:
    ids, vectors = _ids(30), _unit(30)
    earlier = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION))
    earlier.add_with_ids(vectors[:20], ids[:20])
    faiss.write_index(earlier, str(tmp_path / "v.faiss"))
    loaded = FaissStore.load(tmp_path / "v.faiss", DIMENSION, _everything)
    assert loaded is not None
    loaded.remove(ids[:5])
    loaded.add(ids[20:], vectors[20:])
    assert (loaded.kind, len(loaded)) == ("Flat", 25)
    assert loaded.nearest(vectors[25], 1)[0].tolist() == [ids[25]]


@pytest.mark.parametrize(
    ("count", "kind"),
    [
        (0, "Flat"),
        (20_000, "Flat"),
        (20_001, "SQ8"),
        (200_000, "SQ8"),
        (200_001, "IVF1789,SQ8"),
        (10**6, "IVF4000,SQ8"),
    ],
)
def test_the_kind_follows_the_number_of_vectors(count: int, kind: str) -> None:
    assert kind_for(count) == kind
    assert not has_outgrown(kind, count)


@pytest.mark.parametrize(
    ("kind", "count", "outgrown"),
    [
        ("Flat", 20_001, True),
        ("SQ8", 200_001, True),
        ("SQ8", 500, False),
        ("IVF4000,SQ8", 3_900_000, False),
        ("IVF4000,SQ8", 4_100_000, True),
        ("IVF4000,SQ8", 10, False),
    ],
)
def test_an_index_is_outgrown_by_several_times_its_vectors(kind: str, count: int, outgrown: bool) -> None:
    assert has_outgrown(kind, count) is outgrown


@pytest.mark.parametrize("length", [0, 3, 40, -1, None], ids=["empty", "3 bytes", "header", "torn", "garbage"])
def test_a_damaged_file_does_not_load(tmp_path: Path, length: int | None) -> None:
    path, store = tmp_path / "v.faiss", FaissStore(DIMENSION, _everything)
    store.add(_ids(80), _unit(80))
    store.save(path)
    whole = path.read_bytes()
    path.write_bytes(os.urandom(len(whole)) if length is None else whole[:length])
    assert FaissStore.load(path, DIMENSION, _everything) is None


def test_a_missing_file_or_one_of_another_dimension_does_not_load(tmp_path: Path) -> None:
    assert FaissStore.load(tmp_path / "v.faiss", DIMENSION, _everything) is None
    FaissStore(8, _everything).save(tmp_path / "v.faiss")
    assert FaissStore.load(tmp_path / "v.faiss", DIMENSION, _everything) is None


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = tmp_path / "v.faiss", FaissStore(DIMENSION, _everything)
    store.add(_ids(5), _unit(5))
    store.save(path)

    def full(_index: object, name: str) -> None:
        Path(name).write_bytes(b"half")
        raise RuntimeError("No space left on device")

    monkeypatch.setattr("index.vectors.faiss.write_index", full)
    with pytest.raises(OSError, match="No space left"):
        store.save(path)
    assert list(tmp_path.iterdir()) == [path]
    loaded = FaissStore.load(path, DIMENSION, _everything)
    assert loaded is not None
    assert len(loaded) == 5
