"""Markdown → Draft: the text that a person reads on the page, and what the YAML front matter says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from html import unescape
from itertools import pairwise

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.datelines import find_day
from corpus.drafts import Draft, clean, given_language
from corpus.plain import plain_draft
from corpus.types import UnreadableDocument

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.S | re.M)
_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.S)
_BREAK = re.compile(r"<br\s*/?>", re.I)
_GAP = re.compile(r"[ \n]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_HAN_BREAK = re.compile("(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])")
_PARSER = MarkdownIt("commonmark").enable("table")


def markdown_draft(source: str) -> Draft:
    """The article in a Markdown file: paragraphs apart by a blank line, list items and table rows by a line.

    Links keep their text; images, raw HTML tags and comments are dropped. The title is the front matter's, else the
    first level-one heading, which stays in the text.
    """
    source = clean(source)
    front, body = _split(source)
    tokens = _PARSER.parse(body)
    draft = plain_draft(_BLANK_LINES.sub("\n\n", "".join(_rendered(tokens))))
    title = _string(front, "title") or _first_heading(tokens) or draft.title
    return replace(
        draft,
        title=title,
        source=_string(front, "source") or draft.source,
        section=_string(front, "section") or draft.section,
        url=_string(front, "url"),
        published=_published(front) or draft.published,
        authors=_authors(front) or draft.authors,
        language=given_language(code) if (code := _string(front, "language")) else None,
    )


def _split(source: str) -> tuple[Mapping[str, object], str]:
    """The front matter, empty when there is none, and the Markdown below it."""
    match = _FRONT_MATTER.match(source)
    front = _front_matter(match[1]) if match else None
    if match is None or not isinstance(front, dict):
        return {}, source
    return front, source[match.end() :]


def _front_matter(block: str) -> object:
    try:
        return yaml.safe_load(block)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 2}" if error.problem_mark else ""
        raise UnreadableDocument(f"its YAML front matter is broken{line}: {error.problem or 'not YAML'}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableDocument(f"its YAML front matter is broken: {error}") from None


def _string(front: Mapping[str, object], key: str) -> str:
    value = front.get(key)
    if isinstance(value, list | dict):
        raise UnreadableDocument(f'"{key}" in its front matter must be a single value')
    return "" if value is None else " ".join(clean(str(value)).split())


def _published(front: Mapping[str, object]) -> date | None:
    value = front.get("date") or front.get("published")
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    day = find_day(str(value))
    if day is None:
        raise UnreadableDocument(f"the date {str(value)[:40]!r} in its front matter is not clear: write 2019-09-18")
    return day


def _authors(front: Mapping[str, object]) -> tuple[str, ...]:
    value = front.get("authors") or front.get("author")
    names = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(clean(str(name)) for name in names if name)


def _first_heading(tokens: Sequence[Token]) -> str:
    for heading, content in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h1":
            return " ".join(_inline(content).split())
    return ""


def _rendered(tokens: Sequence[Token]) -> Iterator[str]:
    """The blocks, each with the gap below it."""
    depth = 0
    cells: list[str] | None = None
    for token in tokens:
        depth += token.nesting * token.type.endswith(("_list_open", "_list_close"))
        gap = "\n" if depth else "\n\n"
        match token.type:
            case "inline" if cells is not None:
                cells.append(_inline(token))
            case "inline":
                yield _inline(token) + gap
            case "fence" | "code_block":
                yield token.content.rstrip() + gap
            case "html_block":
                yield _without_tags(token.content) + gap
            case "tr_open":
                cells = []
            case "tr_close":
                yield " | ".join(cells or ()) + "\n"
                cells = None
            case "table_close" | "bullet_list_close" | "ordered_list_close" if not depth:
                yield gap


def _inline(token: Token) -> str:
    lines = "".join(map(_piece, token.children or ())).split("\v")
    return "\n".join(_GAP.sub(" ", _HAN_BREAK.sub("", line)).strip() for line in lines)


def _piece(token: Token) -> str:
    match token.type:
        case "text" | "code_inline":
            return token.content
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "\v"
        case _:
            return "\v" if _BREAK.match(token.content) else ""


def _without_tags(html: str) -> str:
    return unescape(_TAG.sub("", _BREAK.sub("\n", html))).strip()
