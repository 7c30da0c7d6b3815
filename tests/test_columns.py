"""Filters in memory, against the articles themselves."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article

from corpus.sentences import sentences
from corpus.types import Article, Language
from index.columns import Columns
from index.store import Store
from index.types import Filters

EN, RU = Language.EN, Language.RU
ARTICLES = [
    make_article("A. And more of it.", id="en", source="Herald", published=date(2024, 1, 30)),
    make_article("Б.", id="ru", source="Вести", language=RU, published=date(2024, 1, 31)),
    make_article("C. One. Two. Three.", id="bare"),
    make_article("第一。第二。", id="zh", source="Herald", language=Language.ZH, published=date(999, 1, 2)),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def _put(store: Store, *articles: Article) -> None:
    with store.transaction():
        for article in articles:
            parts = sentences(article)
            store.put(article, parts, WordEncoder().encode_sentences([each.text for each in parts]))


def _passing(store: Store, columns: Columns, filters: Filters) -> set[str]:
    """The articles whose sentences pass, each of them with all it has."""
    ids = columns.ids(filters)
    assert (np.diff(ids) > 0).all()
    rows = store.rows(ids)
    passing = {row.article_id for row in rows}
    assert len(rows) == sum(len(store.sentence_spans(id_)) for id_ in passing)
    return passing


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"en", "ru", "bare", "zh"}),
        (Filters(languages=frozenset({EN})), {"en", "bare"}),
        (Filters(languages=frozenset({RU, Language.ZH})), {"ru", "zh"}),
        (Filters(sources=frozenset({"Herald"})), {"en", "zh"}),
        (Filters(sources=frozenset({"herald", "Herald%", "'"})), set()),
        (Filters(sources=frozenset({""})), {"bare"}),
        (Filters(since=date(2024, 1, 31)), {"ru"}),
        (Filters(until=date(2024, 1, 30)), {"en", "zh"}),
        (Filters(until=date.max), {"en", "ru", "zh"}),
        (Filters(since=date(2024, 1, 30), until=date(2024, 1, 31)), {"en", "ru"}),
        (Filters(since=date(2024, 1, 31), until=date(2024, 1, 30)), set()),
        (Filters(languages=frozenset({RU}), sources=frozenset({"Herald"})), set()),
        (Filters(frozenset({EN}), frozenset({"Herald", "Вести"}), date(2024, 1, 1), date(2024, 2, 1)), {"en"}),
    ],
)
def test_filters_hold_exactly(store: Store, filters: Filters, expected: set[str]) -> None:
    _put(store, *ARTICLES)
    assert _passing(store, Columns(store), filters) == expected
    assert store.count_articles(filters) == len(expected)


def test_what_comes_later_passes_too_and_what_is_replaced_under_its_new_fields_only(store: Store) -> None:
    columns, herald, russian = (
        Columns(store),
        Filters(sources=frozenset({"Herald"})),
        Filters(languages=frozenset({RU})),
    )
    assert _passing(store, columns, herald) == set()
    _put(store, *ARTICLES[:2])
    assert _passing(store, columns, herald) == {"en"}
    _put(store, *ARTICLES[2:], make_article("Г. Д.", id="new", source="Herald", language=RU))
    assert _passing(store, columns, herald) == {"en", "zh", "new"}
    _put(store, make_article("A. And more of it.", id="en", source="Courier", language=RU))
    assert _passing(store, columns, herald) == {"zh", "new"}
    assert _passing(store, columns, russian) == {"ru", "new", "en"}
    with store.transaction():
        store.delete("new")
    assert _passing(store, columns, herald) == {"zh"}
    _put(store, make_article("E.", id="last", source="Herald"))
    assert _passing(store, columns, herald) == {"zh", "last"}


def test_only_what_is_new_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    columns, asked = Columns(store), list[int]()
    articles_after = Store.articles_after
    monkeypatch.setattr(Store, "articles_after", lambda self, last: asked.append(last) or articles_after(self, last))
    _put(store, *ARTICLES[:3])
    for _ in range(3):
        columns.ids(Filters(languages=frozenset({EN})))
    before = store.last_id
    _put(store, ARTICLES[3])
    columns.ids(Filters(languages=frozenset({EN})))
    assert asked == [0, before]
