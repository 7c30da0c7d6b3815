"""HTML → Draft: the article's own text without the page around it, and what the page declares about it."""

import json
import logging
import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Any

from trafilatura import bare_extraction, load_html

from corpus.datelines import Header, find_day, parse_header
from corpus.drafts import Draft, clean
from corpus.types import UnreadableDocument

# A long news page has some 5,000 elements. Time grows with their number, and with its square where trafilatura
# compares its result with other extractors', so beyond the first bound it doesn't (10 s at the second one).
_MOST_ELEMENTS_COMPARED = 4_000
_MOST_ELEMENTS = 50_000
# A tag as HTML 5 reads it; the parser's time grows with the square of its attributes, past any patience.
_OVERLOADED_TAG = re.compile(
    r"<[a-z][^\s/>]*+(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?+){1000}", re.I
)
_LONGEST_RECORD = 300_000
_NO_ARTICLE = "no article was found in the page: save the article's text in a file and add that"
_AUTHOR = ("author", "article:author")
_ARTICLE_TYPE = re.compile(r"(?:Article|Posting|Report|Review)$")
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")
_SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LINES = frozenset(("lb", "p", "head", "list", "item", "quote", "row"))
_NEAR_HEADLINE = 40  # elements; further down are the dates of other articles
_SPACES = re.compile(r"[ \t\r\n\f]+")
_DATE_SEARCH = {"extensive_search": False, "original_date": True, "max_date": "2100-01-01"}

# It writes to the log what is raised here as an error, and an unconfigured log goes to the user's terminal.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def webpage_draft(html: str, url: str) -> Draft:
    """The article in a page fetched from `url` (empty for a file), paragraphs apart by a blank line.

    Authors are only those that the page declares in its metadata. Raises UnreadableDocument when the page is too
    large or holds no article.
    """
    tree = _tree(html)
    size = sum(1 for _ in tree.iter())
    if size > _MOST_ELEMENTS:
        raise UnreadableDocument(f"the page has {size:,} elements, the limit is {_MOST_ELEMENTS:,}: save its text")
    record, authors, sections = _news_record(tree), _meta(tree, *_AUTHOR), _meta(tree, "article:section")
    dateline = _dateline(tree)
    _mend(tree)
    found = _extracted(tree, url, size)
    # Where paragraphs are nested, trafilatura gives the inner ones twice.
    text = clean("\n\n".join(dict.fromkeys(filter(None, _blocks(found.body)))))
    if not text:
        raise UnreadableDocument(_NO_ARTICLE)
    return Draft(
        text=text,
        title=_first(record.get("headline")) or _first(found.title),
        source=_first(record.get("publisher")) or _site(_first(found.sitename), url) or dateline.source,
        section=_first(record.get("articleSection")) or _first(sections),
        claimed_url=found.url or "",
        published=find_day(_first(record.get("datePublished"))) or find_day(found.date or "") or dateline.published,
        authors=tuple(dict.fromkeys(n for n in _names(record.get("author")) or authors if "://" not in n)),
    )


def _site(name: str, url: str) -> str:
    """The name that the page gives its site; without one trafilatura takes it from the address, port and all."""
    return "" if name in url else name


def _extracted(tree: Any, url: str, size: int) -> Any:
    try:
        found = bare_extraction(
            tree,
            url=url or None,
            favor_precision=True,
            fast=size > _MOST_ELEMENTS_COMPARED,
            include_comments=False,
            with_metadata=True,
            date_extraction_params=_DATE_SEARCH,
        )
    except Exception as error:
        # Broken markup trips the libraries in ways of their own (AssertionError, RecursionError).
        raise UnreadableDocument(f"the page is broken ({type(error).__name__}): save its text in a file") from error
    if found is None:
        raise UnreadableDocument(_NO_ARTICLE)
    return found


def _tree(html: str) -> Any:
    if _OVERLOADED_TAG.search(html):
        raise UnreadableDocument(
            "a tag of the page has more than 1,000 attributes: save its text in a file and add that"
        )
    html = _XML_DECLARATION.sub("", html, count=1)
    # A fragment without <html> is taken for something else than HTML.
    tree = load_html(html if "<html" in html[:2000].lower() else f"<html><body>{html}</body></html>")
    if tree is None:
        raise UnreadableDocument("it is not an HTML page: save it as text, with the suffix .txt")
    return tree


def _news_record(tree: Any) -> dict[str, Any]:
    """The schema.org record of the article (JSON-LD), or an empty one."""
    for script in tree.xpath('//script[@type="application/ld+json"]')[:20]:
        try:
            waiting = [json.loads((script.text or "")[:_LONGEST_RECORD], strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, list):
                waiting += node
            elif isinstance(node, dict) and any(map(_ARTICLE_TYPE.search, _names(node.get("@type")))):
                return node
            elif isinstance(node, dict):
                waiting += [node.get("@graph"), node.get("mainEntity")]
    return {}


def _names(value: object) -> list[str]:
    """The strings in a JSON-LD value: a string, an object with a name, or a list of those."""
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, list):
        return [name for item in value if not isinstance(item, list) for name in _names(item)]
    return [clean(unescape(value))] if isinstance(value, str) and value.strip() else []


def _first(value: object) -> str:
    return next(iter(_names(value)), "")


def _meta(tree: Any, *names: str) -> list[str]:
    found = (tree.xpath("//head/meta[@name=$n or @property=$n]/@content", n=name) for name in names)
    return [value.strip() for values in found for value in values if value.strip()]


def _mend(tree: Any) -> None:
    """Change what extraction would spoil: scripts slow it, and it glues "km" + superscript "2" and footnote marks."""
    for script in tree.xpath("//script"):
        script.drop_tree()
    for raised in tree.xpath("//sup"):
        if raised.xpath(".//a") or raised.text_content().strip().startswith("["):
            raised.drop_tree()
        elif len(raised) == 0 and raised.text:
            raised.text = raised.text.translate(_SUPERSCRIPTS)


def _dateline(tree: Any) -> Header:
    """What a line such as `2019年09月18日 10:20 来源：新华网` below the headline says, if there is one."""
    below = tree.xpath("(//h1)[1]/following::*[self::p or self::div or self::span or self::time]")[:_NEAR_HEADLINE]
    lines = (_line("".join(islice(element.itertext(), 20))) for element in below)
    headers = (header for line in lines if line and (header := parse_header(line)))
    return next((header for header in headers if header.published), Header())


def _blocks(parent: Any) -> Iterator[str]:
    """The paragraphs of what was extracted; list items and table rows stay together, a line each."""
    yield _line(parent.text or "")
    for element in parent:
        if element.tag == "list":
            yield "\n".join(filter(None, map(_inline, element)))
        elif element.tag == "table":
            yield "\n".join(" | ".join(filter(None, map(_cell, row))) for row in element.iter("row"))
        elif element.find("p") is not None:
            yield from _blocks(element)
        else:
            yield _inline(element)
        yield _line(element.tail or "")


def _cell(element: Any) -> str:
    return _line(_inline(element))


def _inline(element: Any) -> str:
    return "\n".join(filter(None, map(str.strip, "".join(_pieces(element)).split("\n"))))


def _pieces(element: Any) -> Iterator[str]:
    boundary = "\n" if element.tag in _LINES else ""
    yield boundary + _SPACES.sub(" ", element.text or "")
    for child in element:
        yield from _pieces(child)
        yield _SPACES.sub(" ", child.tail or "")
    yield boundary


def _line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()
