"""JSON articles: one object → Draft, its `text` kept byte for byte."""

import json
from collections.abc import Mapping
from datetime import date

from corpus.drafts import Draft, given_language, iso_day
from corpus.types import Language, UnreadableDocument

_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}


def record_draft(content: bytes) -> Draft:
    """The article that one JSON object holds; null and empty values mean absent, unknown keys are ignored."""
    record = _object(content)
    text = _string(record, "text")
    if not text.strip("\ufeff \t\r\n"):
        raise UnreadableDocument('"text" is missing or empty')
    return Draft(
        text=text,
        title=_string(record, "title"),
        source=_string(record, "source"),
        section=_string(record, "section"),
        url=_string(record, "url"),
        published=_published(record),
        authors=_authors(record),
        language=_language(record),
    )


def _object(content: bytes) -> Mapping[str, object]:
    try:
        record = json.loads(content)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"not valid UTF-8 at byte {error.start + 1}: save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise UnreadableDocument(f"not valid JSON: {error.msg} at character {error.pos + 1}") from None
    except (ValueError, RecursionError):
        raise UnreadableDocument("not usable JSON: a number is too long or lists are nested too deeply") from None
    if not isinstance(record, dict):
        raise UnreadableDocument(f'must be a JSON object with a "text", not {_KINDS.get(type(record), "null")}')
    return record


def _string(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    return "" if value is None else _checked(value, key)


def _checked(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise UnreadableDocument(f'"{key}" must be a string, not {_KINDS.get(type(value), "null")}')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnreadableDocument(
            f'"{key}" holds half of a surrogate pair (\\u{ord(value[error.start]):x}), which is no character'
        ) from None
    return value


def _published(record: Mapping[str, object]) -> date | None:
    value = _string(record, "published")
    try:
        return iso_day(value) if value.strip() else None
    except ValueError:
        raise UnreadableDocument(f'"published" is {value[:40]!r}: write an ISO date such as 2019-09-18') from None


def _authors(record: Mapping[str, object]) -> tuple[str, ...]:
    value = record.get("authors")
    names = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(name for name in (_checked(name, "authors") for name in names) if name.strip())


def _language(record: Mapping[str, object]) -> Language | None:
    value = _string(record, "language")
    return given_language(value) if value.strip() else None
