"""Articles in: files, folders, web pages and JSON records of news in English, Russian and Chinese."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from corpus.readers import article_id, read
from corpus.sources import count_documents, documents, sent_documents
from corpus.types import (
    Article,
    CitewireError,
    Document,
    Language,
    Rejection,
    Sentence,
    UnreadableDocument,
)

__all__ = [
    "Article",
    "CitewireError",
    "Document",
    "Language",
    "Rejection",
    "Sentence",
    "UnreadableDocument",
    "article_id",
    "articles",
    "count_documents",
    "documents",
    "read",
    "sent_articles",
]


def articles(
    places: Iterable[str], *, stdin: BinaryIO | None = None, allow_loopback: bool = False
) -> Iterator[Article | Rejection]:
    """The articles at each place, as `documents` takes them, and a Rejection for all that is no article."""
    for found in documents(places, stdin=stdin, allow_loopback=allow_loopback):
        yield found if isinstance(found, Rejection) else _article(found)


def sent_articles(name: str, stream: BinaryIO) -> Iterator[Article | Rejection]:
    """The articles in a file that someone sent here, as `sent_documents` takes it."""
    for found in sent_documents(name, stream):
        yield found if isinstance(found, Rejection) else _article(found)


def _article(document: Document) -> Article | Rejection:
    try:
        return read(document)
    except UnreadableDocument as error:
        return Rejection(document.name, " ".join(str(error).split()))
    except Exception as error:
        # One document that breaks a parser must not stop the thousand behind it.
        reason = " ".join(f"it could not be read ({type(error).__name__}: {error})".split())
        return Rejection(document.name, f"{reason[:300]}: save its text in a file and add that")
