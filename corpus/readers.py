"""Bytes of one document → Article, whatever its format: plain text, Markdown, HTML or a JSON record."""

import re
from datetime import UTC, datetime
from pathlib import PurePath
from urllib.parse import urlsplit

from corpus.drafts import Draft
from corpus.encodings import decode
from corpus.identity import article_id
from corpus.language import article_language
from corpus.markdown import markdown_draft
from corpus.plain import plain_draft
from corpus.records import record_draft
from corpus.sentences import split
from corpus.types import Article, Document, Language, UnreadableDocument

__all__ = ["LARGEST_DOCUMENT", "STANDARD_INPUT", "SUFFIXES", "article_id", "read", "too_large"]

LARGEST_DOCUMENT = 10_000_000  # bytes
_LARGEST_MARKDOWN = 2_000_000  # bytes; its parser takes up to 8 s a megabyte
_LONGEST_TITLE = 100  # characters
STANDARD_INPUT = "-"  # a document's name; it is no path

_JSON = "application/json"
_HTML = "text/html"
_MARKDOWN = "text/markdown"
_PLAIN = "text/plain"

SUFFIXES = {
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".json": _JSON,
    ".jsonl": _JSON,
    ".ndjson": _JSON,
}
_TYPES = {
    **{media_type: media_type for media_type in SUFFIXES.values()},
    "application/xhtml+xml": _HTML,
    "text/x-markdown": _MARKDOWN,
    "text/json": _JSON,
    "application/ld+json": _JSON,
}
# What cannot be read yet, by its first bytes or, for those that are alike or have none, by suffix.
_FOREIGN_STARTS = (
    (b"%PDF-", "PDF files"),
    (b"{\\rtf", "RTF files"),
    (b"\xd0\xcf\x11\xe0", "old Word and Excel files"),
    (b"PK\x03\x04", "ZIP archives"),
    (b"\x1f\x8b", "compressed files"),
    (b"\x89PNG", "images"),
    (b"\xff\xd8\xff", "images"),
    (b"GIF87a", "images"),
    (b"GIF89a", "images"),
)
_FOREIGN_SUFFIXES = {
    ".pdf": "PDF files",
    ".docx": "Word files (DOCX)",
    ".doc": "old Word files",
    ".odt": "OpenDocument files (ODT)",
    ".rtf": "RTF files",
    ".epub": "EPUB books",
    ".rss": "feeds",
    ".atom": "feeds",
    ".xml": "feeds and other XML files",
    ".zip": "ZIP archives",
    ".gz": "compressed files",
    ".warc": "WARC archives",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff"), "images"),
}
_PROLOGUE = r"\s*+(?:<\?xml[^>]*+>\s*+)?(?:(?><!--.*?-->)\s*+)*+"
_PAGE = re.compile(_PROLOGUE + r"<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_XML = re.compile(r"\s*<\?xml\b|" + _PROLOGUE + r"<(?:rss|feed|rdf:RDF)\b", re.S)
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.01  # of the characters; text from old systems has a few


def read(document: Document) -> Article:
    """The article in one document, its format told by media type, else by suffix, else by content.

    Its id comes from the address it was fetched from or gives itself, else from its file, else from its text. Only
    what was fetched has `fetched_at`, the time of reading. Raises UnreadableDocument, whose message says in one line
    what is wrong and what to do.
    """
    _refuse(document)
    media_type = _media_type(document)
    draft = record_draft(document.content) if media_type == _JSON else _read_text(document, media_type)
    if not any(map(str.isalnum, draft.text)):
        raise UnreadableDocument("it holds no words")
    language = draft.language or article_language(draft.text)
    if language is None:
        raise UnreadableDocument(
            "it is in another language than English, Russian or Chinese; if that is wrong, "
            'set "language" to en, ru or zh (in JSON Lines, or in Markdown front matter)'
        )
    path = "" if media_type == _JSON or document.sent or document.name == STANDARD_INPUT else document.name
    return _article(draft, document.url, path, language)


def too_large(size: int, limit: int = LARGEST_DOCUMENT) -> str:
    """The reason to give for a document of `size` bytes where `limit` are allowed."""
    return f"{size / 1e6:.2f} MB is over the limit of {limit / 1e6:.0f} MB for one article: split it"


def _refuse(document: Document) -> None:
    limit = _LARGEST_MARKDOWN if _media_type(document) == _MARKDOWN else LARGEST_DOCUMENT
    if len(document.content) > limit:
        raise UnreadableDocument(too_large(len(document.content), limit))
    if not document.content.strip():
        raise UnreadableDocument("it is empty")
    kind = next((kind for start, kind in _FOREIGN_STARTS if document.content.startswith(start)), "")
    by_name = _FOREIGN_SUFFIXES.get(_suffix(document), "")
    if kind or (by_name and not _media_type(document)):
        raise UnreadableDocument(_not_yet(by_name or kind))


def _not_yet(kind: str) -> str:
    return f"{kind} cannot be read yet: convert to text, Markdown or HTML first"


def _media_type(document: Document) -> str:
    """One of the types that can be read, or empty when neither the sender nor the name tells."""
    declared = _TYPES.get(document.media_type.partition(";")[0].strip().lower(), "")
    by_name = SUFFIXES.get(_suffix(document), "")
    # Servers send Markdown as plain text.
    return by_name if by_name and declared in ("", _PLAIN) else declared


def _suffix(document: Document) -> str:
    return PurePath(urlsplit(document.url).path if document.url else document.name).suffix.lower()


def _read_text(document: Document, media_type: str) -> Draft:
    text = decode(document.content, document.charset)
    if "\0" in text or len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text):
        raise UnreadableDocument("it is a binary file, not text: convert it to text, Markdown or HTML first")
    if media_type == _HTML or (media_type != _MARKDOWN and _PAGE.match(text)):
        # 0.15 s that only a page is worth.
        from corpus.webpage import webpage_draft

        draft = webpage_draft(text, document.url)
    elif not media_type and _XML.match(text):
        raise UnreadableDocument(_not_yet("feeds and other XML files"))
    elif not media_type and text.lstrip().startswith("{") and text.rstrip().endswith("}"):
        draft = record_draft(document.content)
    else:
        draft = markdown_draft(text) if media_type == _MARKDOWN else plain_draft(text)
    return draft


def _article(draft: Draft, fetched_from: str, path: str, language: Language) -> Article:
    titled = any(map(str.isalnum, draft.title))
    return Article(
        id=article_id(fetched_from or draft.url, path, draft.text),
        text=draft.text,
        title=draft.title if titled else _first_sentence(draft.text, language),
        title_derived=not titled,
        language=language,
        source=draft.source or _host(fetched_from),
        section=draft.section,
        url=fetched_from or draft.url or draft.claimed_url,
        published=draft.published,
        authors=draft.authors,
        fetched_at=datetime.now(UTC) if fetched_from else None,
    )


def _first_sentence(text: str, language: Language) -> str:
    """The first sentence, shortened where a word or clause ends; far into a text no first sentence reaches."""
    opening = text.lstrip("\ufeff \t\r\n")[: 10 * _LONGEST_TITLE]
    start, end = next(iter(split(opening, language)), (0, len(opening)))
    title = " ".join(opening[start:end].split())
    if len(title) <= _LONGEST_TITLE:
        return title
    cut = title[: _LONGEST_TITLE - 1]
    boundary = max(cut.rfind(mark) for mark in " ，；、")
    return (cut[:boundary] if boundary > _LONGEST_TITLE // 2 else cut).rstrip(" ,;:–—-，；：、") + "…"


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
