"""Text → terms, and questions → units, in three scripts."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from corpus import samples
from corpus.types import Language
from index.terms import Matcher, Unit, query_units, terms


def _meet(one: str, other: str) -> bool:
    """Whether the question `one` asks about something that the sentence `other` holds."""
    return bool(_matched(query_units(one), other))


def _matched(units: Sequence[Unit], text: str) -> frozenset[int]:
    """The units that share a term with a text; Matcher, which does not make them all, is held to it."""
    held = set(terms(text))
    matched = frozenset(place for place, unit in enumerate(units) if not held.isdisjoint(unit.terms))
    assert Matcher(units).matched(text) == matched
    return matched


@pytest.mark.parametrize("asked", Language)
def test_units_are_matched_as_the_terms_of_a_text_say(asked: Language) -> None:
    texts = [text for language in Language for text in samples.texts(language)]
    sentences = [text[start : start + 80] for text in texts for start in range(0, len(text), 400)]
    matchers = {question: Matcher(query_units(question)) for question in samples.questions(asked)[::5]}
    found = [_matched(query_units(question), text) for question in matchers for text in sentences]
    assert found == [matcher.matched(text) for matcher in matchers.values() for text in sentences]
    assert len(set(found)) > 5


@pytest.mark.parametrize(
    "text",
    [
        "Li Xiaoming spoke in New South Wales.",
        "South Korea and Korea",
        "Кирьяновская в Южной Корее",
        "李晓明在南韩",
        "",
    ],
)
@pytest.mark.parametrize(
    "question", ["Li Xiaoming", "李晓明", "Korea", "South", "wales", "New", "Корея", "", "韩 美国"]
)
def test_places_and_full_names_are_matched_by_the_words_around_them(question: str, text: str) -> None:
    _matched(query_units(question), text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("satellites", "A satellite rose."),
        ("спутники", "Запуск спутника отложен."),
        ("卫星", "低轨道卫星星座"),
        ("Akimov's", "Akimov spoke."),
        ("ещё ёлка", "Елка стоит."),
        ("Don't", "They don’t."),
        ("3,5", "Рост 3.5 процента"),
        ("№ 25", "Section 25"),
        ("GPS", "gps"),
        ("чем занят Медведев", "Medvedev is busy"),
        ("Putin", "普京"),
        ("𠮷野家", "𠮷野家开店"),
    ],
)
def test_question_and_sentence_meet(one: str, other: str) -> None:
    assert _meet(one, other)
    assert _meet(one.upper() if one.isascii() else one, other)


AKIMOV = "Akimov Akimova Akimov's Акимов Акимова Акимову Акимовым Акимове 阿基莫夫 阿基莫娃".split()


@pytest.mark.parametrize("asked", [*AKIMOV, "akimov", "акимов", "акимова"])
@pytest.mark.parametrize("held", AKIMOV)
def test_one_name_meets_in_every_script_and_case(asked: str, held: str) -> None:
    assert _meet(asked, held)


@pytest.mark.parametrize(
    "spellings",
    [
        "Peskov Песков 佩斯科夫",
        "Lavrov Лавров 拉夫罗夫",
        "Medvedev Медведев 梅德韦杰夫",
        "Golikova Голикова 戈利科娃",
        "Navalny Навальный 纳瓦尔尼",
        "Sharapova Шарапова 莎拉波娃",
        "Mutko Мутко 穆特科",
        "Djokovic Джокович 德约科维奇",
        "Poroshenko Порошенко 波罗申科",
        "Kudrin Кудрин 库德林",
        "Clinton Клинтон 克林顿",
        "Johnson Джонсон 约翰逊",
        "Sanders Сандерс 桑德斯",
        "Harris Харрис 哈里斯",
        "Sarkozy Саркози 萨科齐",
        "Hollande Олланд 奥朗德",
        "Putin Путин 普京",
        "Trump Трамп 特朗普",
        "Sun_Chunlan Сунь_Чуньлань 孙春兰",
        "Xi_Jinping Си_Цзиньпин 习近平",
        "Li_Keqiang Ли_Кэцян 李克强",
        "Wang_Yi Ван_И 王毅",
        "Yao_Ming Яо_Мин 姚明",
    ],
)
def test_names_of_the_news_meet_in_three_scripts(spellings: str) -> None:
    names = [name.replace("_", " ") for name in spellings.split()]
    for asked, held in itertools.permutations(names, 2):
        assert _meet(asked, held), (asked, held)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Geneva", "阿基莫夫"),
        ("日内瓦", "Akimov"),
        ("Akimov", "日内瓦"),
        ("Putin", "Медведев"),
        ("Иран", "Iraq"),
        ("Ирак", "伊朗"),
        ("Austria", "澳大利亚"),
        ("Niger", "尼日利亚"),
        ("Merkel", "马克龙"),
        ("Sun Chunlan", "孙春生"),
        ("习近平", "Xi Zhongxun"),
        ("China", "奇纳"),
        ("who said it", "ВОЗ"),
        ("tell us", "США"),
    ],
)
def test_different_names_do_not_meet(one: str, other: str) -> None:
    assert not _meet(one, other)


@pytest.mark.parametrize("text", ["Moscow", "moscow", "Москве", "莫斯科", "White House", "Белый дом", "白宫"])
def test_a_place_is_a_name_with_one_term(text: str) -> None:
    units = [unit for unit in query_units(text) if unit.name]
    assert len(units) == 1
    assert any(term.startswith("@") for term in units[0].terms)
    assert not any(term[0] in "~=#" for unit in query_units(text) for term in unit.terms)


@pytest.mark.parametrize("word", ["September", "Friday's", "September's"])
def test_days_and_months_are_no_names(word: str) -> None:
    assert len(terms(word)) == 1
    assert not any(unit.name for unit in query_units(word))


def test_a_name_adds_few_terms_to_the_index() -> None:
    assert len(terms("Akimov")) == len(terms("Акимова")) == 5
    assert len(terms("Moscow")) == len(terms("Роскосмос")) == 2
    assert len(terms("阿基莫夫")) - len("阿基莫夫") - 3 == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("350,000", "350000"),
        ("350 000", "350000"),
        ("350\u00a0000", "350000"),
        ("350\u202f000", "350000"),
        ("1.234.567", "1234567"),
        ("1,234,567.89", "1234567.89"),
        ("17,5", "17.5"),
        ("2024", "2024"),
        ("1000000", "1000000"),
    ],
)
def test_a_number_has_one_spelling(text: str, number: str) -> None:
    assert terms(text) == [number]
    assert [unit.terms for unit in query_units(text)] == [(number,)]


@pytest.mark.parametrize("text", ["In 2019 350 people came", "В 2019 350 человек", "2019 350"])
def test_a_year_before_a_number_is_not_glued_to_it(text: str) -> None:
    assert {"2019", "350"} <= set(terms(text))


@pytest.mark.parametrize("text", ["When did the US join?", "What did WHO warn of?", "IT jobs"])
def test_a_name_in_capitals_is_not_a_stop_word(text: str) -> None:
    name = next(word for word in text.split() if word.isupper())
    assert _meet(name, text)


@pytest.mark.parametrize("text", ["", " ", "???", "…", "\ufeff", "😀🎉", "_", "́", "\x00", "the of and", "的了是"])
def test_what_says_nothing_has_no_terms(text: str) -> None:
    assert terms(text) == []
    assert query_units(text) == []


def test_repeats_are_kept_in_a_sentence_and_dropped_from_a_question() -> None:
    assert terms("bridge bridge") == ["bridg", "bridg"]
    assert len(query_units("bridge bridge")) == 1


def test_no_term_holds_a_space_or_is_empty() -> None:
    text = "Akimov's 350 000 ёлок, «Роскосмос» 阿基莫夫 U.S. 𠮷 Ünïcode naïve 12:30 №5 C++ Ъ ﬁne ２０ 〇"
    assert all(term and term.split() == [term] for term in terms(text))
    assert all(term and term.split() == [term] for unit in query_units(text) for term in unit.terms)


def test_only_capitalised_words_and_chinese_names_count_as_names() -> None:
    units = {unit.terms[0]: unit.name for unit in query_units("what did Akimov promise 阿基莫夫")}
    assert units["akimov"]
    assert not units["promis"]
    assert any(unit.name and unit.terms[0].startswith("#") for unit in query_units("阿基莫夫"))


def test_a_long_text_is_read_in_linear_time() -> None:
    assert terms("1" * 50_000) == ["1" * 50_000]
    assert len(terms("123 456 " * 5_000)) == 1
    assert len(terms("a'" * 20_000)) == 1
    assert terms("卫" * 1_000)
    for long in ("Akimov" * 10_000, "Акимов" * 10_000, "阿基莫夫" * 3_000, "李" * 10_000, "Li " * 3_000):
        assert terms(long)
        assert query_units(long)


def test_threads_do_not_disturb_one_another() -> None:
    texts = ["спутники летают", "satellites are flying", "卫星飞行"] * 40
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(terms, texts)) == [terms(text) for text in texts]
