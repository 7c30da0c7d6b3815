import codecs

import pytest

from corpus.encodings import decode
from corpus.types import UnreadableDocument

RUSSIAN = "Вице-премьер Максим Акимов сообщил о проекте низкоорбитальной группировки."
CHINESE = "中国和俄罗斯将加强科技创新合作。"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("koi8-r", RUSSIAN),
        ("windows-1251", RUSSIAN),
        ("koi8-r", "Ещё не всё решено, но её отчёт готов."),
        ("windows-1251", "Ещё не всё решено, но её отчёт готов."),
        ("koi8-r", "РОССИЯ И КИТАЙ ПОДПИСАЛИ СОГЛАШЕНИЕ"),
        ("windows-1251", "РОССИЯ И КИТАЙ ПОДПИСАЛИ СОГЛАШЕНИЕ"),
        ("koi8-r", "«Мы планируем проект»".replace("«", '"').replace("»", '"') + " - сказал Акимов (2019)."),
        ("windows-1251", "«Мы планируем проект», — сказал Акимов; №5, 20 % и 3…"),
        ("windows-1251", "ГЛОНАСС и Beidou: соглашение в 2019 г."),
        ("koi8-r", "Путин прилетел в Пекин"),
        ("windows-1251", "Путин прилетел в Пекин"),
        ("gb18030", CHINESE),
        ("gbk", "俄总理访华"),
        ("gbk", "“我们正在计划一个项目”，阿基莫夫说。"),
        ("gbk", "2019年9月18日10时30分，5G用户达1.2亿"),
        ("gbk", "中国和俄罗斯将于2020年举办科技创新年"),
        ("gb2312", "《人民日报》：中俄合作（图）"),
        ("gb18030", "李克强总理会见梅德韦杰夫总理 Glonass 与 Beidou"),
        ("big5", "中華民國經濟部說明產業發展計畫，兩國關係進入新時代。"),
        ("windows-1252", "Russia’s premier said: “We’ll build it” — soon…"),
        ("windows-1252", "The Café Zürich in São Paulo cost £5 million."),
        ("windows-1252", "Beyoncé and Müller met Pelé."),
    ],
)
def test_one_line_in_a_legacy_encoding_is_recognised_without_being_declared(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, "plain", "café", "→ ½ −", "😀 news", "Ελλάδα", "日本の首相"])
def test_valid_utf8_is_always_read_as_utf8(text: str) -> None:
    assert decode(text.encode()) == text


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_no_part_of_the_text(mark: bytes, encoding: str) -> None:
    assert decode(mark + RUSSIAN.encode(encoding), "koi8-r") == RUSSIAN


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, "“We’re planning it,” he said."])
def test_a_broken_byte_in_utf8_becomes_a_replacement_character_and_nothing_else_changes(text: str) -> None:
    content = text.encode()
    assert decode(content + b"\xff" + content) == text + "\ufffd" + text


def test_utf8_cut_off_in_the_middle_of_a_character_stays_utf8() -> None:
    assert decode(CHINESE.encode()[:-1]) == CHINESE[:-1] + "\ufffd"


def test_gbk_cut_off_in_the_middle_of_a_character_stays_gbk() -> None:
    assert decode(CHINESE.encode("gbk")[:-1]).startswith(CHINESE[:-1])


def test_the_declared_charset_decides_where_the_bytes_read_well_in_it() -> None:
    assert decode("зима".encode("iso8859-5"), "ISO-8859-5") == "зима"
    assert decode("Łódź and Kraków are cities.".encode("iso8859-2"), "iso-8859-2") == "Łódź and Kraków are cities."


def test_a_page_names_its_own_charset() -> None:
    html = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-5"></head>зима</html>'
    assert decode(html.encode("iso8859-5")) == html
    xml = '<?xml version="1.0" encoding="KOI8-R"?><html>зима</html>'
    assert decode(xml.encode("koi8-r")) == xml


@pytest.mark.parametrize(
    "declared", ["iso-8859-1", "us-ascii", "utf-8", "no-such-charset", "", "idna", "unicode_escape"]
)
def test_a_wrongly_declared_charset_does_no_harm(declared: str) -> None:
    assert decode(RUSSIAN.encode("cp1251"), declared) == RUSSIAN
    assert decode(RUSSIAN.encode("utf-8"), declared) == RUSSIAN


def test_utf8_that_is_declared_to_be_a_legacy_encoding_is_read_as_utf8() -> None:
    assert decode(RUSSIAN.encode(), "windows-1251") == RUSSIAN


def test_utf16_may_be_declared_instead_of_marked() -> None:
    assert decode("News from Moscow".encode("utf-16-le"), "utf-16-le") == "News from Moscow"


def test_gb2312_is_read_as_the_wider_encoding_that_pages_mean_by_it() -> None:
    assert decode("朱镕基总理发表讲话".encode("gbk"), "gb2312") == "朱镕基总理发表讲话"


@pytest.mark.parametrize("content", [bytes(range(128, 256)) * 3, "日本の首相".encode("shift_jis"), b"\xff\xfa" * 40])
def test_bytes_in_no_known_encoding_are_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"^[^\n]*save it as UTF-8[^\n]*$"):
        decode(content)
