"""What travels out of this room: articles, their sentences, and what could not be read."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Language(StrEnum):
    """The languages that Citewire reads and answers in (ISO 639-1)."""

    EN = "en"
    RU = "ru"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Article:
    """One news article; `article.text[s.start:s.end] == s.text` for each of its sentences."""

    id: str
    text: str
    title: str
    title_derived: bool
    language: Language
    source: str = ""
    section: str = ""
    url: str = ""
    published: date | None = None
    authors: tuple[str, ...] = ()
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A span of an article's text: code-point offsets, `position` counted from 0 within the article."""

    id: str
    article_id: str
    position: int
    start: int
    end: int
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of one article as they were found, before anything is understood of them.

    `name` is what a person would call it (a path, a URL, `file.jsonl:12`); `url` is the address it was fetched
    from, else empty; `media_type` and `charset` are what the sender or the file name declares, else empty. `sent`
    means that someone sent it here: its name is no path of this machine and identifies nothing.
    """

    name: str
    content: bytes
    media_type: str = ""
    charset: str = ""
    url: str = ""
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """A document that could not become an article: `reason` is one line that says why, and what to do."""

    name: str
    reason: str


class CitewireError(Exception):
    """Base of every error that Citewire raises on purpose; its message is one line fit for a user."""


class UnreadableDocument(CitewireError):
    """A document cannot become an article; the message says why and what to do."""
