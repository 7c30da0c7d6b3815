"""Places, states and organisations: one term for every spelling, none for what only looks like one."""

import re
from pathlib import Path

import pytest

from index import places
from index.places import han_places, word_places
from index.terms import _tokens

DATA = Path(places.__file__).with_name("places.tsv")


def _named(text: str, asked: bool = False) -> list[str]:
    if "\u3400" <= text[0] <= "\u9fff":
        return [term for _start, _end, term in han_places(text)]
    return [term for _start, _end, term in word_places(_tokens(text), asked)]


@pytest.mark.parametrize(
    "spellings",
    [
        "Moscow|Москва|Москве|Москвой|московского|莫斯科",
        "Geneva|Geneva's|Женева|Женеву|日内瓦",
        "Russia|Russian|Россия|России|Россией|российских|Российской Федерации|РФ|俄罗斯",
        "United States|U.S.|US|США|Соединённых Штатов|американская|美国",
        "St. Petersburg|Saint Petersburg|Санкт-Петербурге|Петербурга|圣彼得堡",
        "Roscosmos|Роскосмосом|俄罗斯航天局|俄罗斯国家航天集团",
        "United Nations|UN|ООН|Организации Объединённых Наций|联合国",
        "White House|Белого дома|Белом доме|白宫",
        "Kremlin|Кремле|Кремлём|克里姆林宫",
        "WHO|ВОЗ|世卫组织|世界卫生组织",
        "NATO|НАТО|北约",
        "G7|Большой семёрки|七国集团",
        "Egypt|Египет|Египте|египетского|埃及",
        "New Zealand|Новой Зеландии|新西兰",
        "Nizhny Novgorod|Нижнем Новгороде|下诺夫哥罗德",
        "Rostov-on-Don|Ростове-на-Дону|顿河畔罗斯托夫",
        "Yandex|Яндекса|央捷科斯",
        "Xinhua|Синьхуа|新华社",
        "Putin|Путиным|普京",
    ],
)
def test_every_spelling_has_one_term(spellings: str) -> None:
    found = [_named(spelling) for spelling in spellings.split("|")]
    assert len(found[0]) == 1
    assert found == [found[0]] * len(found)


@pytest.mark.parametrize(
    "apart",
    [
        "Иран|Ирак",
        "Ираном|Ираком",
        "伊朗|伊拉克",
        "Austria|Australia",
        "奥地利|澳大利亚",
        "Niger|Nigeria",
        "Нигера|Нигерии",
        "尼日尔|尼日利亚",
        "North Korea|South Korea|Korea",
        "Guinea|Guinea-Bissau|Papua New Guinea",
        "Sudan|South Sudan",
        "印度|印度尼西亚",
        "利比亚|利比里亚",
        "New York|New York Times",
        "Manchester|Manchester United|Manchester City",
        "Доминика|Доминиканская Республика",
        "Congo|Colombia|Cologne",
    ],
)
def test_alike_names_stay_apart(apart: str) -> None:
    found = [_named(spelling) for spelling in apart.split("|")]
    assert all(len(terms) == 1 for terms in found)
    assert len({terms[0] for terms in found}) == len(found)


@pytest.mark.parametrize(
    "text",
    ["they told us so", "who is it", "a roast turkey", "apple pie", "цена газа", "дума о жизни", "a polish cloth"],
)
@pytest.mark.parametrize("asked", [False, True])
def test_words_of_other_meaning_are_no_places(text: str, asked: bool) -> None:
    function_words = {"@unitedstates", "@who"}  # terms.py leaves these out itself
    assert not set(_named(text, asked)) - function_words


@pytest.mark.parametrize("text", ["moscow", "москва", "white house", "nato", "роскосмос"])
def test_a_question_may_be_in_lower_case(text: str) -> None:
    assert len(_named(text, asked=True)) == 1
    assert _named(text) == []


@pytest.mark.parametrize("text", ["马里奥", "阿曼达", "丹尼斯", "今天下雨"])
def test_part_of_a_longer_name_is_no_place(text: str) -> None:
    assert _named(text) == []


def test_places_are_where_they_say() -> None:
    assert word_places("He left New York for Moscow".split()) == [(2, 4, "@newyork"), (5, 6, "@moscow")]
    assert han_places("他从纽约去莫斯科") == [(2, 4, "@newyork"), (5, 8, "@moscow")]


def _rows() -> list[list[str]]:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def test_every_row_has_three_languages() -> None:
    for row in _rows():
        assert len(row) == 3, row
        assert re.search("[A-Za-z]", row[0]), row
        assert re.search("[а-яА-Я]", row[1]), row
        assert re.search("[\u4e00-\u9fff]", row[2]), row


@pytest.mark.parametrize("column", range(3))
def test_no_spelling_stands_for_two_places(column: int) -> None:
    spellings = [spelling for row in _rows() for spelling in row[column].split(";")]
    assert sorted(spellings) == sorted(set(spellings))
    assert all(spelling == spelling.strip() != "" for spelling in spellings)


def test_every_spelling_is_found_and_whole() -> None:
    for row in _rows():
        for spelling in ";".join(row).split(";"):
            assert _named(spelling.removeprefix("!")) == _named(row[0].split(";")[0].removeprefix("!")), spelling
            assert len(_named(spelling.removeprefix("!"))) == 1, spelling
    assert len({_named(row[0].split(";")[0].removeprefix("!"))[0] for row in _rows()}) == len(_rows())
