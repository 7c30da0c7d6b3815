"""A conversation taken away: complete, and what others wrote is only text in it."""

import re
from dataclasses import replace
from datetime import date

import pytest
from markdown_it import MarkdownIt

from corpus.types import Language
from index.types import Filters
from qa.types import Abstention, AbstentionReason, Answer, Citation, Context, ResolvedDate
from ui.conversation import Exchange
from ui.export import as_text, markdown, plain_text
from ui.words import words

HOME = "http://127.0.0.1:7860"
EN = words(Language.EN)
LINE = Citation(
    1, "line", "line-2", 2, "Line opens", "The Herald", "https://herald.example/line", date(2019, 9, 18), Language.EN,
    "Akimov said the line opens in 2027.", 0, 35, 0.9, None, (2,),
)  # fmt: skip
SAME = Citation(
    2, "vest nik", "v-1", 1, "Линия", "", "", None, Language.RU, "Откроется в 2027.", 0, 17, 0.8, None, (1,)
)
ANSWERED_ANSWER = Answer("When?", Language.EN, "", (LINE, SAME), 0.9, None, (), 4, 1.0)
ANSWERED = Exchange("When?", Filters(frozenset([Language.EN, Language.RU]), until=date(2020, 1, 1)), ANSWERED_ANSWER)
ABSTAINED = Exchange(
    "Кто?",
    answer=Answer("Кто?", Language.RU, "", (), 0.1, Abstention(AbstentionReason.NO_SUPPORT, "-"), (LINE,), 4, 1.0),
)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![i](http://tracker.example/p.png) [l](javascript:alert(1)) [r]: http://evil.example",
    "http://evil.example www.evil.example <http://evil.example> HTTPS://evil.example",
    "**bold** __bold__ _em_ `code` ~~gone~~ $x$ ^up^ {{ liquid }} {% raw %}",
    "# head",
    "- item",
    "1. item",
    "12) item",
    "> quote",
    "===",
    "---",
    "+ item",
    "    code",
    "one\n\n# two\r\n\r\n    three\u2028- four",
    "| a | b |\n|---|---|",
    "back\\slash \\[x\\](y) &lt;b&gt; &amp; &#60;",
    "[^1]: note",
)


def test_an_answer_as_plain_text() -> None:
    assert plain_text(ANSWERED, HOME) == (
        "When?\n\nAkimov said the line opens in 2027. [1] [2]\n\n"
        "[1] The Herald, 18 September 2019. Line opens. https://herald.example/line\n"
        "[2] Линия. http://127.0.0.1:7860/article/vest%20nik#s1"
    )


def test_chinese_sources_have_chinese_stops() -> None:
    told = Exchange("何时？", answer=replace(ANSWERED_ANSWER, language=Language.ZH))
    assert plain_text(told, HOME).endswith(
        "[1] The Herald，2019年9月18日。Line opens。https://herald.example/line\n"
        "[2] Линия。http://127.0.0.1:7860/article/vest%20nik#s1"
    )
    assert "1. The Herald，2019年9月18日。[Line opens](<https" in markdown([told], HOME, EN)


def test_an_address_is_no_entity() -> None:
    url = "https://a.example/?a=1&lt;=2&copy;=3"
    answer = replace(ANSWERED_ANSWER, citations=(replace(LINE, url=url, same_as=()),))
    told = Exchange("When?", answer=answer)
    tokens = MarkdownIt("commonmark").parse(markdown([told], HOME, EN))
    opened = [child for token in tokens for child in token.children or () if child.type == "link_open"]
    assert [link.attrs["href"] for link in opened] == [url]
    assert url in plain_text(told, HOME)


def test_an_abstention_as_plain_text() -> None:
    text = plain_text(ABSTAINED, HOME)
    assert text == "Кто?\n\nПодтверждения не найдено. Просмотрено: 4 статьи. Ответа в них нет, а гадать я не буду."


def test_a_conversation_as_markdown() -> None:
    text = markdown([ANSWERED, Exchange("Hm?", problem="no"), ABSTAINED], HOME, EN)
    assert text == (
        "# Citewire: ask the news\n\n## When?\n\nFilters: English; Russian; until 1 January 2020\n\n"
        "> Akimov said the line opens in 2027. \\[1\\] \\[2\\]\n\n"
        "1. The Herald, 18 September 2019. [Line opens](<https://herald.example/line>)\n"
        "2. [Линия](<http://127.0.0.1:7860/article/vest%20nik#s1>)\n\n"
        "## Кто?\n\nПодтверждения не найдено. Просмотрено: 4 статьи. Ответа в них нет, а гадать я не буду.\n"
    )


def test_a_quote_comes_with_what_its_dates_mean_and_what_it_leans_on() -> None:
    yesterday = ResolvedDate(12, 21, date(2019, 9, 17), date(2019, 9, 17))
    leaning = replace(
        LINE, quote="He left it *yesterday*.", context=Context(0, 9, "A train\n# came"), dates=(yesterday,)
    )
    told = Exchange("When?", answer=replace(ANSWERED_ANSWER, citations=(replace(leaning, same_as=()),)))
    assert (
        "> He left it \\*yesterday\\*. \\[1\\]\n>\n> yesterday: 17 September 2019\n>\n> Context: A train \\# came\n\n"
        in markdown([told], HOME, EN)
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_shown_as_it_is_and_nothing_else(hostile: str) -> None:
    parser = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
    (opening, inline, closing) = parser.parse(as_text(hostile))
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children or ()) == " ".join(hostile.split())
    assert "<" not in as_text(hostile)
    assert not re.search(r"(?<!\\)://", as_text(hostile))
    assert "www." not in as_text(hostile)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/)>[x](javascript:alert(1)) <b>\n# head"])
def test_a_hostile_article_makes_no_html_and_only_web_links(hostile: str, url: str) -> None:
    cited = Citation(1, "a", "a-0", 0, hostile, hostile, url, None, Language.EN, hostile, 0, 1, 0.9)
    told = Exchange(
        hostile,
        Filters(sources=frozenset([hostile])),
        Answer(hostile, Language.EN, "", (cited,), 0.9, None, (), 1, 1.0),
    )
    tokens = MarkdownIt("commonmark").parse(markdown([told], HOME, EN))
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in tokens if token.type.endswith("_open")} == {
        "heading_open", "paragraph_open", "blockquote_open", "ordered_list_open", "list_item_open",
    }  # fmt: skip
    assert sum(token.type == "heading_open" for token in tokens) == 2
    assert {child.type for child in inline} == {"text", "text_special", "link_open", "link_close"} - (
        set() if any(child.type == "text_special" for child in inline) else {"text_special"}
    )
    (href,) = [child.attrs["href"] for child in inline if child.type == "link_open"]
    assert str(href).startswith((f"{HOME}/article/a#s0", "https://a.example/%29%3E%5Bx%5D%28"))
    assert "\n" not in plain_text(told, HOME).splitlines()[-1]
