"""Text → terms, and questions → units, in three scripts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from index.terms import query_units, terms


def _meet(one: str, other: str) -> bool:
    """Whether the question `one` asks about something that the sentence `other` holds."""
    held = set(terms(other))
    return any(not held.isdisjoint(unit.terms) for unit in query_units(one))


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


def test_threads_do_not_disturb_one_another() -> None:
    texts = ["спутники летают", "satellites are flying", "卫星飞行"] * 40
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(terms, texts)) == [terms(text) for text in texts]
