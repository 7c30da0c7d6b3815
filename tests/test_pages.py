"""The page of one article: whole, escaped, every sentence with an address, and no script."""

import re
from datetime import date
from html import unescape
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from corpus.types import Article, Language, Sentence
from index.library import Library
from ui import pages

HOSTILE = (
    '<script>window.__pwned=1</script> <img src=x onerror=a()> </bdi></p><form action="//evil.example"> &amp; ${1}'
)
EARLY = "😀 The line opens in 2027."
LATE = "Akimov said so."


def article(text: str = f"{EARLY} {LATE}", **changes: object) -> Article:
    fields: dict[str, object] = {
        "id": "northern",
        "text": text,
        "title": "Line <opens>",
        "title_derived": False,
        "language": Language.RU,
        "source": "The Herald",
        "url": "https://herald.example/?a=1&b=2",
        "published": date(2019, 9, 18),
        "authors": ("Ann Lee",),
    }
    return Article(**{**fields, **changes})  # type: ignore[arg-type]


def sentences(text: str, *found: str) -> list[Sentence]:
    starts = [text.index(each) for each in found]
    return [
        Sentence(f"s{position}", "northern", position, start, start + len(each), each, Language.EN)
        for position, (start, each) in enumerate(zip(starts, found, strict=True))
    ]


class OneArticle:
    """A library of one article."""

    def __init__(self, only: Article, *found: str) -> None:
        self.only = only
        self.found = sentences(only.text, *found)

    def article(self, article_id: str) -> Article | None:
        return self.only if article_id == self.only.id else None

    def sentences(self, article_id: str) -> list[Sentence]:
        return self.found if article_id == self.only.id else []


def page(only: Article, *found: str, path: str = "/article/northern", reader: str = "en") -> tuple[int, str]:
    app = FastAPI()
    app.include_router(pages.router(cast(Library, OneArticle(only, *found))))
    reply = TestClient(app).get(path, headers={"accept-language": reader})
    return reply.status_code, reply.text


def shown(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html.partition("<main>")[2]))


def test_every_sentence_has_its_address() -> None:
    status, html = page(article(f"{EARLY} {LATE}"), EARLY, LATE)
    assert status == 200
    assert f'<bdi id="s0">{EARLY}</bdi> <bdi id="s1">{LATE}</bdi>' in html
    assert "<script" not in html


def test_line_breaks_between_sentences_make_paragraphs() -> None:
    text = f"Moscow, TASS\r\n{EARLY}\n\n \n{LATE} (agency)\n"
    assert pages.paragraphs(text, sentences(text, EARLY, LATE)) == [
        [("Moscow, TASS\r", None)],
        [("", None), (EARLY, 0), ("", None)],
        [("", None), (LATE, 1), (" (agency)", None)],
    ]


def test_the_sentence_that_another_leans_on_is_marked_with_it() -> None:
    leaning = "He added that it was late."
    _, html = page(article(f"{LATE} {leaning} {LATE}"), LATE, leaning, reader="ru")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert re.findall(r"article:has\(#(\w+):target\) #(\w+)", style) == [("s1", "s0")]
    assert '::before{content:"Контекст: "' in style
    assert "article:has" not in page(article(EARLY), EARLY)[1]


def test_nothing_of_the_text_is_lost() -> None:
    text = f"  {LATE}{EARLY}\n𝒜 tail"
    pieces = [piece for paragraph in pages.paragraphs(text, sentences(text, LATE, EARLY)) for piece, _ in paragraph]
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert pages.paragraphs("", []) == []


@pytest.mark.parametrize("field", ["text", "title", "source", "authors"])
def test_a_hostile_article_is_only_text(field: str) -> None:
    hostile = article(**{field: (HOSTILE,) if field == "authors" else HOSTILE})
    _, html = page(hostile, *([HOSTILE] if field == "text" else [EARLY]))
    assert HOSTILE in shown(html)
    assert not re.search(r"<(script|img|form|style>[^:])", html)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", ""])
def test_only_a_web_address_is_linked(url: str) -> None:
    _, html = page(article(EARLY, url=url), EARLY)
    assert re.findall(r'href="([^"]*)"', html) == ["/"]


def test_the_original_is_linked_without_telling_it_where_from() -> None:
    _, html = page(article(EARLY), EARLY)
    assert (
        '<a href="https://herald.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">Open original ↗</a>' in html
    )


def test_the_article_keeps_its_language_and_the_page_speaks_the_readers() -> None:
    _, html = page(article(EARLY), EARLY, reader="zh-HK")
    assert '<html lang="zh">' in html
    assert '<article lang="ru">' in html
    assert "The Herald · Ann Lee · 2019年9月18日 · 俄文" in shown(html)


def test_a_title_taken_from_the_text_is_not_shown_twice() -> None:
    assert "<h1" in page(article(EARLY), EARLY)[1]
    assert "<h1" not in page(article(EARLY, title_derived=True), EARLY)[1]


def test_an_unknown_article_is_said_to_be_unknown() -> None:
    status, html = page(article(EARLY), path="/article/%3Cb%3Egone", reader="ru")
    assert status == 404
    assert "Такой статьи нет" in shown(html)
    assert "gone" not in html
