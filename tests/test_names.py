"""Names across scripts: keys that meet for one name, and stay apart for another."""

import pytest

from index.names import chinese_names, coarse_key, fine_key


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
    ],
)
def test_latin_and_cyrillic_spellings_share_the_fine_key(spellings: str) -> None:
    assert len({fine_key(name) for name in spellings.split()}) == 1


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("Akimov", "阿基莫夫"),
        ("Golikova", "戈利科娃"),
        ("Peskov", "佩斯科夫"),
        ("Clinton", "克林顿"),
        ("Путин", "普京"),
    ],
)
def test_chinese_spellings_share_the_coarse_key(name: str, chinese: str) -> None:
    assert coarse_key(name) == coarse_key(chinese)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Akimov", "Golikova"), ("Putin", "Medvedev"), ("Merkel", "Macron"), ("Иванов", "Петров"), ("Trump", "Biden")],
)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert fine_key(one) != fine_key(other)
    assert coarse_key(one) != coarse_key(other)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("俄罗斯副总理阿基莫夫说", "阿基莫夫"),
        ("马克西姆·阿基莫夫向媒体透露", "马克西姆 阿基莫夫"),
        ("今天下雨", ""),
        ("", ""),
    ],
)
def test_foreign_names_are_found_in_chinese(text: str, names: str) -> None:
    found = " ".join(chinese_names(text))
    assert all(name in found for name in names.split())
    assert bool(names) or not found


@pytest.mark.parametrize("name", ["", "Ъ", "ь", "-", "'", "Ø", "ß", "İ", "尔", "𠮷", "Αθήνα", "1", "\u0301"])
def test_every_string_has_keys(name: str) -> None:
    assert isinstance(fine_key(name), str)
    assert isinstance(coarse_key(name), str)
