"""The database: what goes in comes out, all or nothing, and says so in one line when it cannot."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article

from corpus.sentences import sentences
from corpus.types import Article, Language
from index.store import Store, digest
from index.types import Filters, LibraryError

FULL = make_article(
    "\ufeff First — 𝒜strál 😀.\r\nSecond e\u0301 ü\x00!\r\n\r\n第三句。 ",
    id="a1",
    title="Title “𝒜”",
    title_derived=False,
    language=Language.ZH,
    source="样例日报",
    section="World",
    url="https://x.example/a?b=1#c",
    published=date(999, 1, 2),
    authors=("Ö. Ünal", "林晓"),
    fetched_at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
)


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


def test_an_article_comes_back_as_it_went_in(store: Store) -> None:
    _put(store, FULL)
    assert store.articles(["a1", "unknown"]) == {"a1": FULL}
    spans = [(each.position, each.start, each.end) for each in sentences(FULL)]
    assert store.sentence_spans("a1") == spans


def test_embeddings_come_back_almost_exactly(store: Store) -> None:
    _put(store, FULL)
    expected = WordEncoder().encode_sentences([each.text for each in sentences(FULL)])
    rows = sorted(store.rows(store.ids()), key=lambda row: row.position)
    np.testing.assert_allclose(np.stack([row.embedding for row in rows]), expected, atol=1e-3)


def test_a_replaced_article_has_new_sentence_ids_and_leaves_none_behind(store: Store) -> None:
    _put(store, make_article("One. Two. Three.", id="a"), make_article("Other.", id="b"))
    before, revision = set(store.ids().tolist()), store.revision
    _put(store, make_article("Four. Five.", id="a"))
    after = set(store.ids().tolist())
    assert (len(before), len(after)) == (4, 3)
    assert len(after - before) == 2
    assert store.revision > revision
    assert set(store.removed_since(revision).tolist()) == before - after


def test_ids_are_never_used_again(store: Store) -> None:
    _put(store, make_article("One. Two.", id="a"))
    used = set(store.ids().tolist())
    with store.transaction():
        assert store.delete("a")
    _put(store, make_article("One. Two.", id="a"))
    assert not used & set(store.ids().tolist())


def test_what_was_removed_is_known_until_it_is_forgotten(store: Store) -> None:
    _put(store, make_article("One. Two.", id="a"), make_article("Three.", id="b"))
    revision, ids = store.revision, store.ids()
    with store.transaction():
        store.delete("a")
    assert store.forgotten <= revision
    assert len(store.removed_since(revision)) == 2
    with store.transaction():
        store.forget_removed()
    assert len(store.removed_since(0)) == 0
    assert revision < store.forgotten <= store.revision
    assert store.ids_after(int(ids[0])).tolist() == [ids[-1]]


def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    revision = store.revision
    with store.transaction():
        assert not store.delete("none")
    assert store.revision == revision


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="interrupted"), store.transaction():
        store.put(FULL, sentences(FULL), np.zeros((len(sentences(FULL)), 4), np.float32))
        raise RuntimeError("interrupted")
    assert (store.count_articles(), store.count_sentences(), store.revision) == (0, 0, 0)
    _put(store, FULL)
    assert store.count_articles() == 1


def test_articles_are_told_with_the_range_of_their_sentences(store: Store) -> None:
    _put(store, make_article("One is. Two is.", id="a", source="x"), make_article("Three is. Four is.", id="b"))
    _put(store, make_article("Five is. Six is. Seven is.", id="a", published=date(2024, 1, 2)))
    assert sorted(store.articles_after(0)) == [(3, 4, "en", "", None), (5, 7, "en", "", date(2024, 1, 2))]
    assert store.articles_after(4) == [(5, 7, "en", "", date(2024, 1, 2))]
    assert store.articles_after(7) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"en", "ru", "bare"}),
        (Filters(languages=frozenset({Language.EN})), {"en", "bare"}),
        (Filters(sources=frozenset({"Herald"})), {"en"}),
        (Filters(sources=frozenset({"herald", "Herald%", "'"})), set()),
        (Filters(sources=frozenset({""})), {"bare"}),
        (Filters(since=date(2024, 1, 31)), {"ru"}),
        (Filters(until=date(2024, 1, 30)), {"en"}),
        (Filters(since=date(2024, 1, 30), until=date(2024, 1, 31)), {"en", "ru"}),
        (Filters(languages=frozenset({Language.RU}), sources=frozenset({"Herald"})), set()),
    ],
)
def test_filters_hold_exactly(store: Store, filters: Filters, expected: set[str]) -> None:
    _put(
        store,
        make_article("A.", id="en", source="Herald", published=date(2024, 1, 30)),
        make_article("Б.", id="ru", source="Вести", language=Language.RU, published=date(2024, 1, 31)),
        make_article("C.", id="bare"),
    )
    assert store.count_articles(filters) == len(expected)


def test_pages_are_newest_first_without_gap_or_repeat(store: Store) -> None:
    _put(store, *(make_article(f"Text {n}.", id=f"a{n}", published=date(2024, 1, n)) for n in (3, 1, 2)))
    _put(store, make_article("Undated.", id="a0"))
    pages = [store.summaries(limit=1, offset=n, language=None, source=None) for n in range(5)]
    assert [total for total, _page in pages] == [4] * 5
    assert [each.id for _total, page in pages for each in page] == ["a3", "a2", "a1", "a0"]


def test_neighbours_stay_within_their_article(store: Store) -> None:
    _put(store, make_article("First one. Second one. Third one. Fourth one.", id="a"), make_article("Another.", id="b"))
    last = max(row.id for row in store.rows(store.ids()) if row.article_id == "a")
    around = store.neighbourhood(np.array([last], np.int64), 2)
    assert sorted((row.article_id, row.position) for row in around) == [("a", 1), ("a", 2), ("a", 3)]


@pytest.mark.parametrize("change", [{"title": "x"}, {"authors": ("x",)}, {"published": None}, {"language": "ru"}])
def test_the_digest_changes_with_whatever_a_reader_sees(change: dict[str, object]) -> None:
    assert digest(replace(FULL, **change)) != digest(FULL)  # type: ignore[arg-type]
    assert digest(replace(FULL, fetched_at=None)) == digest(FULL)


def test_an_article_is_found_by_id_before_address(store: Store) -> None:
    _put(store, make_article("A.", id="x", url="https://a.example"), make_article("B.", id="y", url="x"))
    assert [store.article_id(name) for name in ("x", "y", "https://a.example", "z")] == ["x", "y", "x", None]


def test_many_openers_of_a_new_database_agree(tmp_path: Path) -> None:
    found: list[int | str] = []

    def opening() -> None:
        try:
            opened = Store(tmp_path / "library.sqlite")
            found.append(opened.revision)
            opened.close()
        except Exception as error:
            found.append(repr(error))

    threads = [threading.Thread(target=opening) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0] * 8


def test_threads_that_have_ended_leave_no_open_files(store: Store) -> None:
    files = Path("/proc/self/fd")
    if not files.is_dir():
        pytest.skip("open files cannot be counted here")
    _put(store, FULL)
    before = len(list(files.iterdir()))
    for _ in range(30):
        thread = threading.Thread(target=store.count_articles)
        thread.start()
        thread.join()
    assert len(list(files.iterdir())) <= before + 10


def _garbage_after_the_header(content: bytes) -> bytes:
    return content[:4096] + os.urandom(len(content) - 4096)


@pytest.mark.parametrize(
    "damage",
    [os.urandom, lambda n: b"not a database, but text " * (n // 25), lambda n: b"SQLite format 3\0" + bytes(n)],
    ids=["noise", "text", "header only"],
)
def test_a_file_that_is_no_database_is_one_line(tmp_path: Path, damage: object) -> None:
    (tmp_path / "library.sqlite").write_bytes(damage(9000))  # type: ignore[operator]
    with pytest.raises(LibraryError) as caught:
        Store(tmp_path / "library.sqlite")
    assert "\n" not in str(caught.value)
    assert "library.sqlite" in str(caught.value)


@pytest.mark.parametrize("read", [Store.ids, Store.count_articles, Store.revision.fget, lambda store: store.get("x")])
def test_damage_found_while_reading_is_one_line(tmp_path: Path, read: object) -> None:
    path = tmp_path / "library.sqlite"
    store = Store(path)
    _put(store, *(make_article(f"Text number {n}. " * 20, id=f"a{n}") for n in range(20)))
    store.close()
    path.write_bytes(_garbage_after_the_header(path.read_bytes()))
    with pytest.raises(LibraryError) as caught:
        read(Store(path))  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_an_earlier_database_gets_its_index_of_sources_unless_it_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, herald = tmp_path / "library.sqlite", Filters(sources=frozenset({"Herald"}))
    with monkeypatch.context() as patch:
        patch.setattr("index.store._BY_SOURCE", "SELECT nothing")  # which fails, as writing would
        store = Store(path)
        _put(store, make_article("A.", source="Herald"))
        assert store.count_articles(herald) == 1
        assert _indexes(store) == {"articles_by_url", "articles_by_language"}
        store.close()
    store = Store(path)
    assert store.count_articles(herald) == 1
    assert _indexes(store) == {"articles_by_url", "articles_by_language", "articles_by_source"}
    store.close()


def _indexes(store: Store) -> set[str]:
    return {name for (name,) in store._db.all("SELECT name FROM sqlite_master WHERE name LIKE 'articles_by%'")}


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "library.sqlite").close()
    with sqlite3.connect(tmp_path / "library.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(LibraryError, match=r"99.*update Citewire"):
        Store(tmp_path / "library.sqlite")


def test_a_full_disk_is_one_line_and_leaves_the_database_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def on_a_small_disk(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    monkeypatch.setattr("index.database.sqlite3.connect", on_a_small_disk)
    store = Store(tmp_path / "library.sqlite")
    _put(store, make_article("Small enough."))
    with pytest.raises(LibraryError, match="full"):
        _put(store, make_article("word " * 100_000 + "."))
    assert store.count_articles() == 1
    _put(store, make_article("Small enough, too."))
    assert store.count_articles() == 2
    store.close()


def test_a_failed_commit_does_not_hold_the_database(store: Store, tmp_path: Path) -> None:
    """A transaction that cannot be committed is undone, so that others, and the next one, can write."""
    with pytest.raises(LibraryError), store.transaction():
        store._db.run("PRAGMA defer_foreign_keys = ON")  # the violation shows at the commit
        store._db.run(
            "INSERT INTO sentences (article_id, position, start, end, embedding) VALUES ('none', 0, 0, 1, '')"
        )
    other = Store(tmp_path / "library.sqlite")
    other._db.run("PRAGMA busy_timeout = 100")
    _put(other, FULL)
    other.close()
    _put(store, make_article("After."))
    assert store.count_articles() == 2
