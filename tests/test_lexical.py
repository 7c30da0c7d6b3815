"""Lexical search: exact filters, three scripts, repeatable updates."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from corpus.types import Language
from index.lexical import Entry, LexicalIndex, Stamp
from index.terms import TERMS_VERSION, query_units, terms
from index.types import Filters

NOTHING = np.array([], np.int64)


def _entry(id_: int, text: str, **fields: object) -> Entry:
    values: dict[str, object] = {"language": Language.EN, "source": "Herald", "published": date(2024, 1, id_ % 28 + 1)}
    return Entry(id_, terms(text), (), **(values | fields))  # type: ignore[arg-type]


def _stamp(revision: int = 1, last_id: int = 0) -> Stamp:
    return Stamp("library", revision, last_id, TERMS_VERSION)


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return LexicalIndex(tmp_path / "terms")


def _found(index: LexicalIndex, question: str, filters: Filters = Filters(), limit: int = 40) -> list[int]:
    return [id_ for id_, _score in index.search(query_units(question), limit, filters)]


def test_the_best_match_comes_first_and_scores_fall(index: LexicalIndex) -> None:
    texts = ["Bridge opened.", "The mayor opened the bridge in Omsk.", "Rain fell."]
    index.update([_entry(i, text) for i, text in enumerate(texts, 1)], NOTHING, _stamp())
    found = index.search(query_units("Which bridge opened in Omsk?"), 40)
    assert [id_ for id_, _score in found] == [2, 1]
    assert found[0][1] > found[1][1] > 0


def test_nothing_asked_or_nothing_held_finds_nothing(index: LexicalIndex) -> None:
    assert index.search([], 40) == []
    assert _found(index, "bridge") == []
    assert index.frequencies(query_units("bridge")) == [0]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {1, 2, 3, 4, 5}),
        (Filters(languages=frozenset({Language.EN})), {1, 2, 5}),
        (Filters(languages=frozenset({Language.EN, Language.RU})), {1, 2, 3, 5}),
        (Filters(sources=frozenset({"Herald"})), {1, 3}),
        (Filters(sources=frozenset({"The Herald Tribune, Ltd."})), {2}),
        (Filters(sources=frozenset({"herald"})), set()),
        (Filters(sources=frozenset({"样例日报", "Herald"})), {1, 3, 4}),
        (Filters(since=date(2024, 1, 3)), {2, 3, 4}),
        (Filters(until=date(2024, 1, 3)), {1, 2}),
        (Filters(since=date(2024, 1, 3), until=date(2024, 1, 3)), {2}),
        (Filters(since=date(2024, 1, 4), until=date(2024, 1, 2)), set()),
        (Filters(languages=frozenset({Language.RU}), sources=frozenset({"Herald"}), since=date(2024, 1, 3)), {3}),
    ],
)
def test_filters_hold_exactly(index: LexicalIndex, filters: Filters, expected: set[int]) -> None:
    entries = [
        _entry(1, "Glonass", published=date(2024, 1, 1)),
        _entry(2, "Glonass", source="The Herald Tribune, Ltd.", published=date(2024, 1, 3)),
        _entry(3, "Glonass", language=Language.RU, published=date(2024, 1, 4)),
        _entry(4, "Glonass", language=Language.ZH, source="样例日报", published=date(2024, 1, 5)),
        _entry(5, "Glonass", source="", published=None),
    ]
    index.update(entries, NOTHING, _stamp())
    assert set(_found(index, "Glonass", filters)) == expected


def test_a_rare_article_passes_its_filter_among_many(index: LexicalIndex) -> None:
    entries = [_entry(i, "Glonass Glonass") for i in range(1, 200)]
    index.update([*entries, _entry(500, "Glonass and rain", source="Rare")], NOTHING, _stamp())
    assert _found(index, "Glonass", Filters(sources=frozenset({"Rare"})), limit=3) == [500]


def test_chinese_is_found_by_its_bigrams(index: LexicalIndex) -> None:
    index.update([_entry(1, "卫星导航合作"), _entry(2, "星期卫生航空")], NOTHING, _stamp())
    assert _found(index, "卫星导航")[0] == 1


@pytest.mark.parametrize("asked", ["Akimov", "Акимова", "阿基莫夫", "akimov", "акимову"])
def test_a_name_is_found_in_every_script(index: LexicalIndex, asked: str) -> None:
    texts = ["Akimov said so.", "Об этом Акимов сообщил вчера.", "阿基莫夫说。", "Smith, Петров, 孙春兰"]
    index.update([_entry(i, text) for i, text in enumerate(texts, 1)], NOTHING, _stamp())
    assert set(_found(index, asked)) == {1, 2, 3}


@pytest.mark.parametrize("asked", ["350,000", "350 000", "350000", "350\u00a0000"])
def test_a_number_is_found_however_its_thousands_are_grouped(index: LexicalIndex, asked: str) -> None:
    texts = ["It drew 350,000 people.", "Пришли 350 000 человек.", "有350000人。", "Just 350 came."]
    index.update([_entry(i, text) for i, text in enumerate(texts, 1)], NOTHING, _stamp())
    assert set(_found(index, asked)) == {1, 2, 3}


def test_repeating_an_update_does_no_harm(index: LexicalIndex) -> None:
    entries = [_entry(1, "Glonass"), _entry(2, "Glonass Glonass")]
    for _ in range(2):
        index.update(entries, np.array([9], np.int64), _stamp())
    assert sorted(_found(index, "Glonass")) == [1, 2]
    assert index.frequencies(query_units("Glonass")) == [2]


def test_what_is_removed_is_not_found(index: LexicalIndex) -> None:
    index.update([_entry(1, "Glonass"), _entry(2, "Glonass")], NOTHING, _stamp())
    index.update([], np.array([1], np.int64), _stamp(2))
    assert _found(index, "Glonass") == [2]


def test_it_is_the_same_when_opened_again(index: LexicalIndex, tmp_path: Path) -> None:
    index.update([_entry(1, "Glonass")], NOTHING, _stamp(3, 1))
    again = LexicalIndex(tmp_path / "terms")
    assert again.stamp == _stamp(3, 1)
    assert _found(again, "Glonass") == [1]


def test_another_opener_sees_what_was_added_once_it_reloads(index: LexicalIndex, tmp_path: Path) -> None:
    reader = LexicalIndex(tmp_path / "terms")
    index.update([_entry(1, "Glonass")], NOTHING, _stamp())
    reader.reload()
    assert _found(reader, "Glonass") == [1]


def test_clearing_forgets_entries_and_stamp(index: LexicalIndex) -> None:
    index.update([_entry(1, "Glonass")], NOTHING, _stamp())
    index.clear()
    assert index.stamp is None
    assert _found(index, "Glonass") == []


def test_a_stamp_without_the_index_it_stood_on_is_not_believed(index: LexicalIndex, tmp_path: Path) -> None:
    # As a kill within clear() leaves the folder.
    index.update([_entry(1, "Glonass")], NOTHING, _stamp(3, 1))
    for path in (tmp_path / "terms").iterdir():
        if path.name != "stamp.json":
            path.unlink()
    again = LexicalIndex(tmp_path / "terms")
    assert again.stamp is None


def test_context_counts_less_than_the_sentence_itself(index: LexicalIndex) -> None:
    held = _entry(1, "Akimov said so")
    around = Entry(2, terms("He said so too"), terms("Akimov"), Language.EN, "Herald", None)
    index.update([around, held], NOTHING, _stamp())
    assert _found(index, "Akimov") == [1, 2]


def test_a_question_as_long_as_allowed_is_searched(index: LexicalIndex) -> None:
    index.update([_entry(1, "卫星导航")], NOTHING, _stamp())
    assert _found(index, ("卫星导航系统建设" * 250)[:2000]) == [1]


def test_a_very_long_source_or_text_is_no_obstacle(index: LexicalIndex) -> None:
    index.update([_entry(1, "Glonass " + "ab" * 60_000, source="S" * 500)], NOTHING, _stamp())
    assert _found(index, "Glonass", Filters(sources=frozenset({"S" * 500}))) == [1]
