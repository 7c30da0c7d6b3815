"""What is said to a Milvus server; what it makes of it is in test_vectors.py and test_shared.py."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import numpy as np
import pytest
from conftest import make_article

from corpus.types import Language
from index.types import Filters, Mark, Payload, StoreUnavailable, WrongModel

pytest.importorskip("pymilvus", reason="the package pymilvus is not installed")

from index.milvus import MilvusStore, _packed, expression

DIMENSION = 8


@pytest.fixture
def store(milvus: str) -> Iterator[MilvusStore]:
    opened = _opened(milvus, uuid4().hex)
    yield opened
    if opened._client.has_collection(opened._name):
        opened._client.drop_collection(opened._name)
    opened.close()


def _opened(address: str, library: str, encoder: str = "one") -> MilvusStore:
    return MilvusStore(address, library, DIMENSION, {"library": library, "encoder": encoder})


def _payload(text: str = "Rain fell. Snow melted.", **fields: object) -> Payload:
    return Payload(make_article(text, **fields), 1, 11, 23)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ""),
        (Filters(languages=frozenset({Language.RU, Language.EN})), 'language in ["en", "ru"]'),
        (Filters(sources=frozenset({'A "B" \\', "日报"})), 'source in ["A \\"B\\" \\\\", "日报"]'),
        (Filters(sources=frozenset({""})), 'source in [""]'),
        (Filters(since=date(1, 1, 2)), "published >= 2"),
        (Filters(until=date(1, 1, 2)), "published >= 1 and published <= 2"),  # what is undated has 0
        (
            Filters(frozenset({Language.ZH}), frozenset({"x"}), date(1, 1, 3), date(1, 1, 9)),
            'language in ["zh"] and source in ["x"] and published >= 3 and published <= 9',
        ),
    ],
)
def test_filters_become_an_expression(filters: Filters, expected: str) -> None:
    assert expression(filters) == expected


def test_the_payload_is_enough_to_cite() -> None:
    fetched = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    payload = _payload(title="Weather", url="https://x.example/w", authors=("林晓",), fetched_at=fetched)
    said = json.loads(_packed(payload))
    assert said == {
        "position": 1,
        "start": 11,
        "end": 23,
        "text": "Snow melted.",
        "title": "Weather",
        "title_derived": True,
        "section": "",
        "url": "https://x.example/w",
        "authors": ["林晓"],
        "fetched_at": "2024-05-06T07:08:09+00:00",
    }


@pytest.mark.parametrize(
    ("length", "title", "kept"),
    [(100, "T", True), (21_700, "T", True), (30_000, "T", False), (30_000, "字" * 30_000, False)],
)
def test_a_payload_fits_its_field_without_cutting_a_text(length: int, title: str, kept: bool) -> None:
    text = "字" * length  # three bytes each
    packed = _packed(Payload(make_article(text, title=title), 0, 0, length))
    assert len(packed.encode()) <= 65_535
    said = json.loads(packed)
    assert (said["start"], said["end"]) == (0, length)
    assert said.get("text") == (text if kept else None)


# With a server


def test_what_a_collection_follows_is_known_once_it_is_said(store: MilvusStore, milvus: str) -> None:
    library = store._identity["library"]
    assert store.mark is None
    assert len(store) == 0
    store.clear()
    assert store.mark is None
    store.put_mark(Mark(3, 70))
    store.put_mark(Mark(4, 90))
    assert store.mark == _opened(milvus, library).mark == Mark(4, 90)
    assert len(store) == 0
    assert len(store.search(_vector(1), 5, Filters())[0]) == 0
    store.clear()
    assert store.mark is None


def _vector(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def _add(store: MilvusStore, *ids: int) -> None:
    store.add(np.array(ids, np.int64), np.stack([_vector(id_) for id_ in ids]), [_payload() for _ in ids])


def test_vectors_made_by_other_means_are_refused(store: MilvusStore, milvus: str) -> None:
    store.clear()
    store.put_mark(Mark(1, 2))
    other = _opened(milvus, store._identity["library"], encoder="another")
    with pytest.raises(WrongModel, match=r"another encoder.*citewire rebuild") as caught:
        _ = other.mark
    assert "\n" not in str(caught.value)
    other.clear()
    other.put_mark(Mark(1, 2))
    assert other.mark == Mark(1, 2)


def test_two_libraries_on_one_server_do_not_mix(store: MilvusStore, milvus: str) -> None:
    other = _opened(milvus, uuid4().hex)
    for each in (store, other):
        each.clear()
    _add(store, 1, 2)
    _add(other, 2, 3)
    assert set(store.search(_vector(3), 9, Filters())[0].tolist()) == {1, 2}
    other.clear()
    assert len(other) == 0
    assert len(store) == 2


def test_the_mark_is_never_found_though_it_is_nearer_than_some(store: MilvusStore) -> None:
    store.clear()
    store.put_mark(Mark(1, 2))
    opposite = -_vector(1)[np.newaxis]
    store.add(np.array([7], np.int64), opposite, [_payload(source="")])
    for limit in (1, 5):
        assert store.search(_vector(1), limit, Filters())[0].tolist() == [7]
    assert store.search(_vector(1), 5, Filters(sources=frozenset({""})))[0].tolist() == [7]


def test_a_reader_needs_the_collection_only(store: MilvusStore) -> None:
    """What a search can bring along, and the sentences of an article."""
    store.clear()
    payload = _payload(id="w", title="Weather", source="Herald", published=date(2024, 5, 6))
    store.add(np.array([5], np.int64), _vector(5)[np.newaxis], [payload])
    rows = store._client.query(
        store._name,
        filter='article == "w"',
        output_fields=["language", "source", "published", "payload"],
        consistency_level="Strong",
    )
    assert [(row["id"], row["language"], row["source"]) for row in rows] == [(5, "en", "Herald")]
    assert date.fromordinal(rows[0]["published"]) == date(2024, 5, 6)
    assert json.loads(rows[0]["payload"])["text"] == "Snow melted."


def test_what_is_sent_in_several_parts_arrives(store: MilvusStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.milvus._BATCH", 3)
    store.clear()
    _add(store, *range(1, 11))
    assert len(store) == 10
    store.remove(np.arange(1, 8, dtype=np.int64))
    assert set(store.search(_vector(3), 50, Filters())[0].tolist()) == {8, 9, 10}


def test_nobody_at_the_address_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.milvus._ASK", 1)
    with pytest.raises(StoreUnavailable, match=r"milvus://127\.0\.0\.1:9 cannot be used.*--store faiss") as caught:
        _opened("milvus://127.0.0.1:9", "x")
    assert "\n" not in str(caught.value)
