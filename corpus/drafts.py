"""What every reader makes of a document before its language, title and id are settled."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from corpus.types import Language, UnreadableDocument


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as one format tells it; an empty field was not said, `language` None means: detect it.

    `url` is given by whoever made the file; `claimed_url` is what a web page says of itself, often wrongly (its
    site's front page), so it is shown but makes no id.
    """

    text: str
    title: str = ""
    source: str = ""
    section: str = ""
    url: str = ""
    claimed_url: str = ""
    published: date | None = None
    authors: tuple[str, ...] = ()
    language: Language | None = None


_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Control characters, halves of surrogate pairs (from an escape in JSON or YAML), and the soft hyphen: it marks where
# a word may be broken and hides the word from a search.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\ud800-\udfff]")


def clean(text: str) -> str:
    """Text with "\\n" for every line end, and without control characters or white space around it."""
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))).strip()


def iso_day(value: str) -> date:
    """The day of an ISO 8601 date or datetime, as written there; raises ValueError."""
    return datetime.fromisoformat(value.strip()).date()


def given_language(value: str) -> Language:
    """`en`, `zh-CN`, `RU_ru` → Language; raises UnreadableDocument for a language not read here."""
    try:
        return Language(re.split("[-_]", value.strip().lower())[0])
    except ValueError:
        raise UnreadableDocument(f'"language" is {value[:20]!r}: it must be en, ru or zh') from None
