"""Names across scripts: keys that meet for one name, and stay apart for another."""

import json

import pytest

from index.names import _DATA, chinese_names, fine_key, possible_keys, transcription_keys
from index.pinyin import asked_names, full_names, native_names


@pytest.mark.parametrize(
    "spellings",
    [
        "Akimov Акимов Акимова Акимову Акимовым",
        "Golikova Голикова Голиковой Голикову",
        "Medvedev Медведев Медведева Медведеву",
        "Kavanaugh Кавано",
        "Shoigu Шойгу",
        "Lukashenko Лукашенко",
        "Khrushchev Хрущев Хрущёв",
        "Peskov Песков Пескова",
        "Zelensky Зеленский Зеленского Зеленскому",
        "Djoković Djokovic Джокович Джоковича",
        "Modrić Modric Модрич",
        "Kowalczyk Ковальчик",
        "Trojanowski Трояновский",
    ],
)
def test_latin_and_cyrillic_spellings_share_the_fine_key(spellings: str) -> None:
    assert len({fine_key(name) for name in spellings.split()}) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        "Akimov Akimova Акимов Акимова Акимову Акимовым Акимове 阿基莫夫 阿基莫娃",
        "Golikova Голикова Голиковой 戈利科娃",
        "Peskov Песков Пескова Песковым 佩斯科夫",
        "Kirov Киров Кирова 基洛夫",
    ],
)
def test_all_spellings_of_a_name_have_one_transcription(spellings: str) -> None:
    assert len({transcription_keys(name) for name in spellings.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Akimov", "Golikova"),
        ("Merkel", "Macron"),
        ("Иванов", "Петров"),
        ("Geneva", "阿基莫夫"),
        ("Trump", "Biden"),
        ("阿基莫夫", "亚历山德罗夫"),
    ],
)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert fine_key(one) != fine_key(other)
    assert not set(transcription_keys(one)) & set(transcription_keys(other))


@pytest.mark.parametrize("name", ["Akimov", "Акимова", "阿基莫夫"])
def test_a_question_asks_for_the_likeliest_transcription_first(name: str) -> None:
    asked = possible_keys(name)
    assert asked[0] == transcription_keys(name)[0] == "a-ji-mo-fu"
    assert len(asked) > 10
    assert len(set(asked)) == len(asked)


def test_a_word_that_may_be_no_name_asks_for_less() -> None:
    assert set(possible_keys("akimov", sure=False)) < set(possible_keys("akimov"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("俄罗斯副总理阿基莫夫说", "阿基莫夫"),
        ("马克西姆·阿基莫夫向媒体透露", "马克西姆 阿基莫夫"),
        ("列别杰娃和李森科", "列别杰娃 李森科"),
        ("库德林加强合作", "库德林"),
        ("科学技术历史比赛", ""),
        ("今天下雨", ""),
        ("", ""),
    ],
)
def test_foreign_names_are_found_in_chinese(text: str, names: str) -> None:
    found = chinese_names(text)
    assert set(names.split()) <= set(found)
    assert bool(names) or not found


@pytest.mark.parametrize(
    ("surname", "given", "name"),
    [
        ("Sun", "Chunlan", "^sunchunlan"),
        ("Сунь", "Чуньлань", "^sunchunlan"),
        ("Си", "Цзиньпина", "^xijinping"),
        ("Ли", "Кэцяном", "^likeqiang"),
        ("Ху", "Цзиньтао", "^hujintao"),
        ("Чжао", "Лицзянь", "^zhaolijian"),
        ("Хуа", "Чуньин", "^huachunying"),
        ("Ван", "И", "^wangyi"),
        ("Xi", "Jinping's", "^xijinping"),
        ("xi", "jinping", "^xijinping"),
    ],
)
def test_pinyin_and_palladius_give_one_name(surname: str, given: str, name: str) -> None:
    assert name in full_names(surname, given)


@pytest.mark.parametrize("words", ["New York", "Maxim Akimov", "Ли Харви", "Ван Гог", "", "Li "])
def test_other_pairs_of_words_are_no_chinese_name(words: str) -> None:
    surname, _, given = words.partition(" ")
    assert full_names(surname, given) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("国务院副总理孙春兰出席", "^sunchunlan"),
        ("外长王毅表示", "^wangyi"),
        ("曾培炎", "^zengpeiyan"),
    ],
)
def test_native_names_are_found_in_chinese(text: str, name: str) -> None:
    assert name in native_names(text)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("孙春兰承诺了什么？", "^sunchunlan"),
        ("副总理孙春兰为什么访问武汉？", "^sunchunlan"),
        ("谁是王毅？", "^wangyi"),
        ("白皮书是什么？", ""),
        ("周五有什么活动？", ""),
        ("低轨道卫星什么时候发射？", ""),
    ],
)
def test_a_chinese_question_names_only_who_surely_is_named(question: str, names: str) -> None:
    assert asked_names(question.rstrip("？")) == names.split()


@pytest.mark.parametrize("name", ["", "Ъ", "ь", "-", "'", "Ø", "ß", "İ", "尔", "𠮷", "Αθήνα", "1", "\u0301"])
def test_every_string_has_keys(name: str) -> None:
    assert isinstance(fine_key(name), str)
    assert all(key.split() == [key] for key in (*transcription_keys(name), *possible_keys(name)))


def test_the_learned_pieces_say_where_they_come_from() -> None:
    provenance = json.loads(_DATA.read_text(encoding="utf-8"))["provenance"]
    assert "CC0" in provenance["data"]
    assert provenance["made_by"] == "training/names.py"
