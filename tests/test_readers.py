import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus import Article, Document, Language, UnreadableDocument, article_id, read, readers
from corpus.datelines import find_day, parse_header

FOUNDING = Path(__file__).parents[2] / "shared" / "articles" / "china-russia-2019-09-18.txt"

EN = "China and Russia agreed in Moscow to strengthen cooperation in science and technology."
EN2 = "Akimov told reporters that the two countries will build a constellation of satellites together."
RU = "Вице-премьер Максим Акимов сообщил журналистам о проекте спутниковой группировки."
ZH = "中国和俄罗斯昨天在莫斯科同意加强科技创新合作。"


def text(content: str, name: str = "a.txt") -> Article:
    return read(Document(name, content.encode()))


def record(**fields: Any) -> Article:
    return read(Document("a.jsonl:1", json.dumps({"text": EN, **fields}).encode(), "application/json"))


def page(body: str, head: str = "", name: str = "a.html", url: str = "", **declared: str) -> Article:
    html = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return read(Document(url or name, html.encode(), "text/html" if url else "", url=url, **declared))


def refusal(document: Document) -> str:
    with pytest.raises(UnreadableDocument) as raised:
        read(document)
    assert "\n" not in str(raised.value)
    return str(raised.value)


# Plain text


@pytest.mark.skipif(not FOUNDING.exists(), reason="the articles beside the checkout are not there")
def test_the_article_that_started_it_all() -> None:
    article = read(Document(str(FOUNDING), FOUNDING.read_bytes()))
    assert article.published == date(2019, 9, 18)
    assert article.section == "Nation"
    assert article.title_derived
    assert article.title.startswith("CHINA and Russia yesterday agreed in Moscow") and article.title.endswith("…")
    assert article.text.startswith("CHINA and Russia yesterday agreed")
    assert article.text.endswith("between the two countries.")
    assert article.text.count("\n\n") == 9
    assert article.language is Language.EN


def test_an_article_with_a_date_and_a_breadcrumb_above_it() -> None:
    article = text(f"\ufeff date 2019-09-18 Home » Nation\r\n\r\n{EN}\r\n\r\n{EN2}\r\n")
    assert article == Article(
        id=article_id("", "a.txt", ""),
        text=f"{EN}\n\n{EN2}",
        title=EN,
        title_derived=True,
        language=Language.EN,
        section="Nation",
        published=date(2019, 9, 18),
    )


@pytest.mark.parametrize(
    ("line", "published", "section", "source"),
    [
        ("date 2019-09-18 Home » Nation", "2019-09-18", "Nation", ""),
        ("date 2019-09-18 World News", "2019-09-18", "World News", ""),
        ("Date: 18 September 2019", "2019-09-18", "", ""),
        ("Wednesday, September 18, 2019 at 3:45 pm", "2019-09-18", "", ""),
        ("Published 18 Sept. 2019 | Updated 19 Sept. 2019", "2019-09-18", "", ""),
        ("2019-09-18T10:00:00+08:00", "2019-09-18", "", ""),
        ("Nation | 18 September 2019", "2019-09-18", "Nation", ""),
        ("Home › News › Sci-Tech", None, "Sci-Tech", ""),
        ("Home / News / World", None, "World", ""),
        ("World » Europe", None, "Europe", ""),
        ("Section: Nation", None, "Nation", ""),
        ("Source: Xinhua| 2019-09-18 22:25:55|Editor: yan", "2019-09-18", "", "Xinhua"),
        ("09/18/2019", "2019-09-18", "", ""),
        ("18/09/2019", "2019-09-18", "", ""),
        ("09/10/2019", None, "", ""),
        ("Дата: 18.09.2019", "2019-09-18", "", ""),
        ("среда, 18 сентября 2019 года, 14:30", "2019-09-18", "", ""),
        ("18 мая 2019 г. | Политика", "2019-05-18", "Политика", ""),
        ("Главная > Новости > Россия", None, "Россия", ""),
        ("Опубликовано: 18 сентября 2019 в 10:20 Источник: РИА Новости", "2019-09-18", "", "РИА Новости"),
        ("2019年9月18日 首页 > 国内", "2019-09-18", "国内", ""),
        ("首页>国内>时政", None, "时政", ""),
        ("发布时间：2019-09-18 10:20:31 来源：新华社", "2019-09-18", "", "新华社"),
        ("2019年09月18日 星期三", "2019-09-18", "", ""),
    ],
)
def test_header_lines_are_taken_for_what_they_say(line: str, published: str | None, section: str, source: str) -> None:
    header = parse_header(line)
    assert header is not None
    assert (header.published and str(header.published), header.section, header.source) == (published, section, source)


@pytest.mark.parametrize(
    "line",
    [
        EN,
        "18 September 2019 was the day the two countries met",
        "11 September 2001 attacks",
        "Date 18 September 2019 was set",
        "Moscow, 18 September 2019",
        "Date: to be announced",
        "Home",
        "Nation",
        "Trump | Live updates",
        "Putin > Trump: who is stronger",
        "> quoted text",
        "5 > 3",
        "Home prices rise » analysts",
        "Source: the ministry said that everything will be fine in the near future",
        "18 сентября 2019 года Путин прилетел в Москву",
        "2019-09-18 Путин прилетел",
        "МОСКВА, 18 сен — РИА Новости.",
        "Акция «Бессмертный полк» Москва",
        "2019年9月18日中俄总理会晤",
        "2019年9月18日，中俄总理在莫斯科会晤。",
        "来源不明",
        "date " * 1_000_000,
    ],
)
def test_first_sentences_and_headlines_are_never_taken_for_header_lines(line: str) -> None:
    assert parse_header(line) is None


def test_an_impossible_date_is_no_date() -> None:
    assert find_day("2019-02-30") is None
    assert find_day("31.12.2019 и 1.1.2020") == date(2019, 12, 31)


def test_a_headline_is_the_title_and_stays_in_the_text() -> None:
    article = text(f"Satellites for all\n\n{EN}\n\n{EN2}")
    assert (article.title, article.title_derived) == ("Satellites for all", False)
    assert article.text == f"Satellites for all\n\n{EN}\n\n{EN2}"


def test_header_lines_above_and_below_a_headline_are_taken_out() -> None:
    article = text(f"Home » Nation\nSatellites for all\n2019-09-18\nSource: Xinhua\n\n{EN}")
    assert article.text == f"Satellites for all\n\n{EN}"
    assert (article.title, article.section, article.source) == ("Satellites for all", "Nation", "Xinhua")
    assert article.published == date(2019, 9, 18)


@pytest.mark.parametrize("first", ["It is so.", "Is it?", "他说：", "Satellites for all and more than that " * 5])
def test_a_first_line_that_is_a_sentence_or_long_is_no_headline(first: str) -> None:
    assert text(f"{first}\n\n{EN}").title_derived


def test_a_title_made_of_a_long_sentence_ends_with_a_whole_word() -> None:
    sentence = "The agreement that both sides signed in Moscow yesterday covers research in many areas, and production."
    article = text(sentence)
    assert (
        article.title == "The agreement that both sides signed in Moscow yesterday covers research in many areas, and…"
    )
    assert len(article.title) <= 100


def test_a_title_made_of_a_long_chinese_sentence_ends_with_a_clause() -> None:
    clause = (
        "中国国务院总理李克强和俄罗斯总理梅德韦杰夫在莫斯科共同主持了第二十四次会晤，双方就科技创新合作广泛交换了意见"
    )
    assert text(f"{clause}，{'并签署了多项协议' * 8}。").title == f"{clause}…"
    assert len(text("并签署了多项协议" * 20).title) == 100


@pytest.mark.parametrize(
    ("content", "language"), [(EN, Language.EN), (RU, Language.RU), (ZH, Language.ZH)], ids=["en", "ru", "zh"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "koi8-r", "windows-1251", "gb18030"])
def test_short_articles_are_read_in_any_encoding_that_can_write_them(
    content: str, language: Language, encoding: str
) -> None:
    try:
        written = content.encode(encoding)
    except UnicodeEncodeError:
        return
    article = read(Document("a.txt", written))
    assert (article.text, article.language) == (content, language)


def test_line_ends_are_made_one_and_control_characters_go() -> None:
    article = text(f"{EN}\r\n\r\n{EN2}\x07\rThe end\u00ad.\x0c{EN}\ttab")
    assert article.text == f"{EN}\n\n{EN2}\nThe end.\n{EN}\ttab"


# JSON records


@pytest.mark.parametrize(
    "given", [f"\ufeff{EN}", f"  {EN}\r\n\r\n", f"{EN}\x07\u00ad\t", f"date 2019-09-18\n\n{EN}", "🛰 " + EN]
)
def test_the_text_of_a_record_is_kept_byte_for_byte(given: str) -> None:
    assert record(text=given).text == given


def test_a_record_says_what_it_knows() -> None:
    article = record(
        url="https://news.example/A?utm_source=x#y",
        title=" 20\u00a0mln\u2009viewers ",
        source="Example",
        section="Nation",
        published="2019-09-18T23:30:00-05:00",
        authors=["Jane Roe", "李明"],
        language="en-US",
        segments=[[0, 5]],
    )
    assert article == Article(
        id=article_id("https://news.example/a".replace("/a", "/A"), "", ""),
        text=EN,
        title=" 20\u00a0mln\u2009viewers ",
        title_derived=False,
        language=Language.EN,
        source="Example",
        section="Nation",
        url="https://news.example/A?utm_source=x#y",
        published=date(2019, 9, 18),
        authors=("Jane Roe", "李明"),
    )


def test_null_and_empty_values_mean_absent() -> None:
    nothing = dict.fromkeys(("url", "title", "source", "section", "published", "authors", "language"))
    empty = {key: [] if key == "authors" else "" for key in nothing}
    assert record(**nothing) == record(**empty) == record()
    assert record().title == EN and record().title_derived


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("ru_RU", "ru"),
        ("zh-CN", "zh"),
        ("zh_TW", "zh"),
        ("zh-Hant-HK", "zh"),
    ],
)
def test_a_given_language_wins_over_what_the_text_looks_like(given: str, language: str) -> None:
    assert record(language=given).language == language


@pytest.mark.parametrize("value", ["2019-09-18", "2019-09-18T10:00:00Z", "2019-09-18 10:00", "20190918"])
def test_iso_dates_and_times_give_the_day(value: str) -> None:
    assert record(published=value).published == date(2019, 9, 18)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": None}, '"text" is missing'),
        ({"text": " \n\ufeff"}, '"text" is missing or empty'),
        ({"text": 5}, '"text" must be a string, not a number'),
        ({"text": ["a"]}, '"text" must be a string, not a list'),
        ({"title": {"a": 1}}, '"title" must be a string, not an object'),
        ({"url": True}, '"url" must be a string, not true or false'),
        ({"source": 1.5}, '"source" must be a string'),
        ({"section": 3}, '"section" must be a string'),
        ({"authors": [1]}, '"authors" must be a string'),
        ({"authors": [None]}, '"authors" must be a string, not null'),
        ({"published": 2019}, '"published" must be a string'),
        ({"published": "18.09.2019"}, "'18.09.2019': write an ISO date"),
        ({"published": "2019-02-30\n"}, "'2019-02-30\\n': write an ISO date"),
        ({"language": "fr"}, "'fr': it must be en, ru or zh"),
        ({"language": "e\nn"}, "en, ru or zh"),
        ({"text": "\ud800 is half"}, '"text" holds half of a surrogate pair (\\ud800)'),
        ({"title": "\udc00"}, '"title" holds half of a surrogate pair'),
        ({"text": "!!! ..."}, "no words"),
        ({"text": "Die Bundesregierung hat gestern über die neuen Gesetze beraten und entschieden."}, 'set "language"'),
    ],
)
def test_a_record_that_cannot_be_used_is_refused_with_its_key(fields: dict[str, Any], words: str) -> None:
    content = json.dumps({"text": EN, **fields}).encode()
    assert words in refusal(Document("a.jsonl:1", content, "application/json"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"text": "a"', "not valid JSON: "),
        (b"[1, 2]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b'{"text": "caf\xe9"}', "not valid UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"text": ' + b"9" * 5000 + b"}", "a number is too long"),
        (b" \n", "empty"),
    ],
)
def test_what_is_no_record_is_refused(content: bytes, words: str) -> None:
    assert words in refusal(Document("a.jsonl:1", content, "application/json"))


# Markdown

MARKDOWN = f"""# Satellites *for* all

{EN} It was [agreed](https://a.example/b)
**yesterday**, ![map](map.png) said `Glonass`.

1. First point
2. Second point
   - a detail

> Quoted words.

| Year | Event |
|------|-------|
| 2019 | talks |

    indented code

<!-- more -->
<div>Raw <b>words</b> &amp; more</div>
"""


def test_markdown_is_read_as_a_person_reads_it() -> None:
    article = text(MARKDOWN, "a.md")
    assert article.text == (
        f"Satellites for all\n\n{EN} It was agreed yesterday, said Glonass.\n\nFirst point\nSecond point\na detail"
        "\n\nQuoted words.\n\nYear | Event\n2019 | talks\n\nindented code\n\nRaw words & more"
    )
    assert (article.title, article.title_derived) == ("Satellites for all", False)


def test_front_matter_says_what_it_knows() -> None:
    article = text(
        "---\ntitle: 'Akimov: satellites'\ndate: 18 сентября 2019\nsource: Example\nsection: Nation\n"
        f"url: https://news.example/a\nauthors: [Jane Roe, 李明]\nlanguage: en-GB\ntags: [a]\n---\n\n{EN}",
        "a.markdown",
    )
    assert article == Article(
        id=article_id("https://news.example/a", "", ""),
        text=EN,
        title="Akimov: satellites",
        title_derived=False,
        language=Language.EN,
        source="Example",
        section="Nation",
        url="https://news.example/a",
        published=date(2019, 9, 18),
        authors=("Jane Roe", "李明"),
    )


@pytest.mark.parametrize("value", ["2019-09-18", "2019-09-18 10:00:00", "2019-09-18T10:00:00+08:00", '"2019-09-18"'])
def test_dates_in_front_matter_give_the_day(value: str) -> None:
    assert text(f"---\npublished: {value}\n---\n{EN}", "a.md").published == date(2019, 9, 18)


def test_chinese_lines_are_joined_without_a_space() -> None:
    assert text("中国总理李克强\n访问莫斯科，\n会见总理。", "a.md").text == "中国总理李克强访问莫斯科，会见总理。"


def test_a_ruler_above_the_text_is_no_front_matter() -> None:
    assert text(f"---\n\n{EN}\n\n---\n\n{EN2}", "a.md").text == f"{EN}\n\n{EN2}"
    assert text(f"---\n{EN2}", "a.md").text == EN2


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("title: [a", "front matter is broken in line"),
        ("title: {a: b}", '"title" in its front matter must be a single value'),
        ("date: yesterday", "'yesterday'"),
        ("date: 2019-13-45", "front matter is broken"),
        ("language: fr", "en, ru or zh"),
        ("a: !!python/object/apply:os.getcwd []", "front matter is broken"),
        ("[" * 5000, "front matter is broken"),
    ],
)
def test_broken_front_matter_is_refused(front: str, words: str) -> None:
    assert words in refusal(Document("a.md", f"---\n{front}\n---\n{EN}".encode()))


# Web pages

NEWS = f"<nav><a href='/'>Home</a></nav><article><h1>Satellites for all</h1><p>{EN}</p><p>{EN2}</p></article>"


def test_a_page_gives_its_article_without_what_is_around_it() -> None:
    article = page(f"{NEWS}<aside>Read also: other news</aside><footer>All rights reserved</footer>")
    assert article.text == f"Satellites for all\n\n{EN}\n\n{EN2}"
    assert (article.title, article.title_derived, article.source, article.url) == ("Satellites for all", False, "", "")


def test_a_page_says_what_it_declares_in_its_metadata() -> None:
    metadata = json.dumps(
        {
            "@context": "https://schema.org",
            "@graph": [
                {"@type": "WebSite", "name": "Other"},
                {
                    "@type": ["NewsArticle"],
                    "headline": "Satellites &amp; more",
                    "datePublished": "2019-09-18T10:00:00+08:00",
                    "author": [{"@type": "Person", "name": "Jane Roe"}, "李明", {"name": "https://a.example/jane"}],
                    "publisher": {"name": "Example News"},
                    "articleSection": ["Nation", "World"],
                },
            ],
        }
    )
    head = f"<script type='application/ld+json'>{metadata}</script><link rel=canonical href='https://news.example/a'>"
    article = page(NEWS, head)
    assert article.title == "Satellites & more"
    assert article.published == date(2019, 9, 18)
    assert article.authors == ("Jane Roe", "李明")
    assert (article.source, article.section) == ("Example News", "Nation")


def test_open_graph_and_meta_elements_count_too() -> None:
    head = (
        "<meta property='og:site_name' content='Example News'><meta name='author' content='新华社记者李明'>"
        "<meta property='article:published_time' content='2019-09-18T10:00:00Z'>"
        "<meta property='article:section' content='Nation'><meta property='article:author' content='https://a.example'>"
    )
    article = page(NEWS, head)
    assert (article.source, article.section, article.authors) == ("Example News", "Nation", ("新华社记者李明",))
    assert article.published == date(2019, 9, 18)


def test_halves_of_surrogate_pairs_in_metadata_are_dropped() -> None:
    head = """<script type="application/ld+json">{"@type": "Article", "headline": "Satel\\ud800lites"}</script>"""
    assert page(NEWS, head).title == "Satellites"
    assert text(f'---\ntitle: "Satel\\ud800lites"\n---\n{EN}', "a.md").title == "Satellites"


def test_authors_are_not_guessed_from_the_words_of_a_page() -> None:
    assert page(f"<div class='author'>By Site Admin</div>{NEWS}").authors == ()


def test_dates_are_not_guessed_from_the_words_of_a_page() -> None:
    assert page(f"{NEWS}<p>They met on 3 May 2011 in Beijing.</p><footer>Copyright 2024</footer>").published is None


def test_the_line_below_the_headline_gives_date_and_source() -> None:
    line = "<div class='info'><span>2019年09月18日 10:20</span> <span>来源：新华网</span></div>"
    article = page(f"<h1>中俄合作</h1>{line}<div><p>{ZH * 3}</p><p>{ZH}</p></div>")
    assert (article.published, article.source) == (date(2019, 9, 18), "新华网")


def test_the_address_a_page_claims_is_shown_but_makes_no_id() -> None:
    front_page = "<link rel=canonical href='https://news.example/front'>"
    one, two = page(NEWS, front_page, name="1.html"), page(NEWS, front_page, name="2.html")
    assert one.url == two.url == "https://news.example/front"
    assert one.id != two.id


def test_a_fetched_page_keeps_the_address_it_was_fetched_from() -> None:
    before = datetime.now(UTC)
    article = page(NEWS, "<link rel=canonical href='https://news.example/b'>", url="https://www.news.example:8080/a?x")
    assert (article.url, article.source) == ("https://www.news.example:8080/a?x", "news.example")
    assert article.id == article_id("https://www.news.example:8080/a?x", "", "")
    assert article.fetched_at is not None and before <= article.fetched_at <= datetime.now(UTC)


def test_superscripts_are_not_glued_to_the_word_before_them() -> None:
    footnote, area = "<sup><a href='#1'>1</a></sup>", "<p>It covers 17 km<sup>2</sup> now.<sup>[2]</sup></p>"
    assert page(f"<article><p>{EN}{footnote}</p>{area}</article>").text == f"{EN}\n\nIt covers 17 km² now."


def test_lists_tables_and_line_breaks_of_a_page_keep_their_lines() -> None:
    body = (
        f"<article><p>{EN}<br>{EN2}</p><ul><li>One point<ul><li>a detail</li></ul></li><li>Two points</li></ul>"
        "<table><tr><td>2019</td><td>talks</td></tr></table><p>Soft&shy;ware</p></article>"
    )
    assert page(body).text == f"{EN}\n{EN2}\n\nOne point\na detail\nTwo points\n\n2019 | talks\n\nSoftware"


def test_pages_in_legacy_encodings_are_read_as_they_declare_or_as_they_are_sent() -> None:
    html = f"<html><head><meta charset='koi8-r'></head><body><article><p>{RU}</p></article></body></html>"
    assert read(Document("a.html", html.encode("koi8-r"))).text == RU
    plain = html.replace("<meta charset='koi8-r'>", "")
    assert read(Document("a.html", plain.encode("cp1251"), "text/html", "windows-1251")).text == RU


@pytest.mark.parametrize("name", ["a.htm", "a.xhtml", "a", "a.txt"])
def test_a_page_is_known_by_its_suffix_or_by_its_beginning(name: str) -> None:
    html = f"<!-- x --><?xml version='1.0'?><html><body><p>{EN}</p></body></html>".removeprefix("<!-- x -->")
    assert text(html, name).text == EN


def test_a_fragment_of_html_is_a_page_too() -> None:
    assert text(f"<p>{EN}</p>", "a.html").text == EN


@pytest.mark.parametrize(
    "html", ["<html><body><div id='root'></div><script>go()</script></body></html>", "<html></html>"]
)
def test_a_page_without_an_article_is_refused(html: str) -> None:
    assert "no article was found" in refusal(Document("a.html", html.encode()))


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 1_000_000,
        "<p>a</p>" * 600_000,
        "<b>" * 1_600_000,
        "<p " + " ".join(f"a{i}=1" for i in range(300_000)) + ">",
        "<a b='" * 1_500_000,
        "<script type='application/ld+json'>" + "[" * 500_000 + "</script>",
        "<script type='application/ld+json'>" + '{"author": "x y", ' * 200_000 + "</script>",
    ],
    ids=["nested", "many", "open", "attributes", "quotes", "deep json", "long json"],
)
def test_hostile_pages_are_refused_in_bounded_time(html: str) -> None:
    refusal(Document("a.html", html.encode()))


# What cannot be read


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", b"%PDF-1.7 ...", "PDF files cannot be read yet"),
        ("a.txt", b"%PDF-1.7 ...", "PDF files cannot be read yet"),
        ("a.docx", b"PK\x03\x04...", "DOCX) cannot be read yet"),
        ("a.doc", b"\xd0\xcf\x11\xe0...", "old Word files cannot be read yet"),
        ("a.odt", b"PK\x03\x04...", "ODT) cannot be read yet"),
        ("a.epub", b"PK\x03\x04...", "EPUB books cannot be read yet"),
        ("a.zip", b"PK\x03\x04...", "ZIP archives cannot be read yet"),
        ("a.rtf", b"{\\rtf1 hello}", "RTF files cannot be read yet"),
        ("a.gz", b"\x1f\x8b...", "compressed files cannot be read yet"),
        ("a.png", b"\x89PNG...", "images cannot be read yet"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "images cannot be read yet"),
        ("a.rss", b"<rss>", "feeds cannot be read yet"),
        ("a.xml", b"<feed>", "feeds and other XML files cannot be read yet"),
        ("feed", b"<?xml version='1.0'?>\n<rss version='2.0'></rss>", "feeds and other XML files cannot be read yet"),
        ("feed", b"<!-- a --> <feed xmlns='x'>", "feeds and other XML files cannot be read yet"),
        ("a.txt", b"abc\0def", "binary file"),
        ("a.txt", b"\x01\x02\x03\x04 text", "binary file"),
        ("a.txt", b"\xff\xfa\x81" * 30, "save it as UTF-8"),
        ("a.txt", b"", "it is empty"),
        ("a.txt", b" \r\n\t ", "it is empty"),
        ("a.txt", b"\xef\xbb\xbf\n", "no words"),
        ("a.txt", "«…» — !".encode(), "no words"),
        ("a.txt", b"Date: 2019-09-18\n", "no words"),
        ("a.txt", b"a" * 10_000_001, "10.00 MB is over the limit of 10 MB"),
        ("a.md", b"a" * 2_500_000, "2.50 MB is over the limit of 2 MB"),
        ("a.txt", "Die Bundesregierung hat gestern über die neuen Gesetze beraten.".encode(), "another language"),
    ],
)
def test_other_documents_are_refused_with_what_to_do(name: str, content: bytes, words: str) -> None:
    assert words in refusal(Document(name, content))


def test_comments_without_end_before_a_page_take_no_time() -> None:
    assert "no words" in refusal(Document("a.txt", b"<!--->" * 1_000_000 + b"<"))


# Ids


@pytest.mark.parametrize(
    "same",
    [
        "http://news.example/path/a",
        "HTTPS://News.Example:443/path/a/",
        "https://news.example./path/a#comments",
        "https://news.example/path/a?utm_source=x&UTM_medium=y&gclid=1&fbclid=2",
        "https://news.example/%70ath/a",
        " https://news.example/path/a ",
    ],
)
def test_addresses_of_the_same_article_share_its_id(same: str) -> None:
    assert article_id(same, "", "") == article_id("https://news.example/path/a", "x.txt", "other")


def test_internationalised_addresses_have_one_id() -> None:
    assert article_id("https://россия.рф/путь?а=б", "", "") == article_id(
        "https://xn--h1alffa9f.xn--p1ai/%D0%BF%d1%83%D1%82%D1%8C?%D0%B0=%D0%B1", "", ""
    )


def test_addresses_of_other_articles_have_other_ids() -> None:
    urls = (
        "https://news.example/a https://news.example/A https://news.example/a?id=1 https://news.example/a?id=2 "
        "https://news.example:8080/a https://www.news.example/a https://news.example/a%2Fb https://news.example/a/b "
        "ftp://news.example/a javascript:alert(1) https://[::1/a https://news.example:x/a https://news.example/a?b=%26"
    ).split()
    ids = [article_id(url, "", "") for url in urls]
    assert len(set(ids)) == len(urls)
    assert all(id_.isalnum() and len(id_) == 24 for id_ in ids)


def test_without_an_address_the_file_makes_the_id_and_without_a_file_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.txt").symlink_to("a.txt")
    assert text(EN, "a.txt").id == text(EN2, str(tmp_path / "sub" / ".." / "a.txt")).id == text(EN, "link.txt").id
    assert text(EN, "a.txt").id != text(EN, "b.txt").id
    assert text(EN, "-").id == record().id == article_id("", "", EN) != text(EN2, "-").id


def test_an_address_of_another_kind_is_kept_as_given() -> None:
    assert record(url="javascript:alert(1)").url == "javascript:alert(1)"


def test_every_suffix_that_is_read_in_folders_has_a_reader() -> None:
    contents = {
        ".json": json.dumps({"text": EN}),
        ".jsonl": json.dumps({"text": EN}),
        ".ndjson": json.dumps({"text": EN}),
    }
    for suffix in readers.SUFFIXES:
        assert text(contents.get(suffix, EN), f"a{suffix}").text == EN
