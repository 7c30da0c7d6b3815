"""The page of one article, where every sentence has an address: `/article/{id}#s{position}`. No script needed."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from corpus.types import Article, Sentence
from index.library import Library
from qa.context import BACK, context_of
from ui.render import source_name, web_url
from ui.words import Words, preferred, words

STYLE = (Path(__file__).parent / "static" / "article.css").read_text(encoding="utf-8")

Piece = tuple[str, int | None]  # some text, and the position of the sentence that it is


def router(library: Library) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get("/article/{article_id}")
    def articlepage(article_id: str, request: Request) -> HTMLResponse:
        reader = words(preferred(request.headers.get("accept-language", "")))
        article = library.article(article_id)
        if article is None:
            return HTMLResponse(_missing(reader), status_code=404)
        return HTMLResponse(_article(article, library.sentences(article_id), reader))

    return pages


def paragraphs(text: str, sentences: Iterable[Sentence]) -> list[list[Piece]]:
    """An article's text in order: its sentences whole, and what lies between them cut at line breaks."""
    result: list[list[Piece]] = [[]]
    at = 0
    for sentence in sorted(sentences, key=lambda sentence: sentence.start):
        _between(text[at : sentence.start], result)
        result[-1].append((text[sentence.start : sentence.end], sentence.position))
        at = sentence.end
    _between(text[at:], result)
    return [paragraph for paragraph in result if any(piece.strip() for piece, _ in paragraph)]


def _between(gap: str, result: list[list[Piece]]) -> None:
    first, *rest = gap.split("\n")
    result[-1].append((first, None))
    result.extend([(line, None)] for line in rest)


def _article(article: Article, sentences: Sequence[Sentence], reader: Words) -> str:
    body = "".join(f'<p dir="auto">{"".join(map(_piece, each))}</p>' for each in paragraphs(article.text, sentences))
    title = "" if article.title_derived else f'<h1 dir="auto">{escape(article.title)}</h1>'
    return page(
        article.title,
        reader,
        f'<article lang="{article.language}">{title}{_about(article, reader)}{body}</article>',
        style=_contexts(sentences, reader),
    )


def _contexts(sentences: Sequence[Sentence], reader: Words) -> str:
    """Marks the sentence that the one addressed is not understood without: only the browser knows which that is."""
    before = ((each, context_of(each, sentences[max(0, at - 2 * BACK) : at])) for at, each in enumerate(sentences))
    marked = ",".join(f"article:has(#s{each.position}:target) #s{said.position}" for each, said in before if said)
    label = json.dumps(f"{reader.say('context')}: ", ensure_ascii=False)
    shown = "background:var(--mark-soft);box-shadow:0 3px var(--mark)"
    hidden = "position:absolute;clip-path:inset(50%);white-space:nowrap"
    return f"{marked}{{{shown};&::before{{content:{label};{hidden}}}}}" if marked else ""


def _piece(piece: Piece) -> str:
    text, position = piece
    return escape(text) if position is None else f'<bdi id="s{position}">{escape(text)}</bdi>'


def _about(article: Article, reader: Words) -> str:
    source = source_name(article.source, article.url, "")
    details = [f"<b><bdi>{escape(source)}</bdi></b>"] if source else []
    details += [f"<bdi>{escape(', '.join(article.authors))}</bdi>"] if article.authors else []
    if article.published:
        details.append(f'<time datetime="{article.published}">{reader.day(article.published)}</time>')
    details.append(reader.name(article.language))
    return f'<p class="about" lang="{reader.language}">{" · ".join(details)}{_original(article.url, reader)}</p>'


def _original(url: str, reader: Words) -> str:
    if not web_url(url):
        return ""
    return f'<a href="{escape(url)}" rel="noopener noreferrer nofollow">{escape(reader.say("original"))} ↗</a>'


def _missing(reader: Words) -> str:
    title = escape(reader.say("not_found"))
    return page(reader.say("not_found"), reader, f"<h1>{title}</h1><p>{escape(reader.say('not_found_text'))}</p>")


def page(title: str, reader: Words, body: str, *, back: bool = True, style: str = "") -> str:
    """A whole page in the reader's language; `body` is HTML, `style` CSS."""
    nav = f'<nav><a href="/">← {escape(reader.say("back"))}</a></nav>' if back else ""
    return (
        f'<!doctype html><html lang="{reader.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Citewire</title><style>{STYLE}{style}</style></head>"
        f"<body>{nav}<main>{body}</main></body></html>"
    )
