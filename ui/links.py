"""Deep links: a question with its filters as an address of the chat, `/?q=…&language=ru&since=2019-09-01`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, urlencode

from corpus.types import Language
from index.types import Filters
from qa.question import MAX_LENGTH

_MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Link:
    """What an address asks for; `page` is the language of the page, where the address gives one."""

    question: str = ""
    filters: Filters = Filters()
    page: Language | None = None


def parse(query: object, sources: Collection[str]) -> Link:
    """Read an address's query ("?q=…"). What cannot be meant is ignored, a source that is not in `sources` as well."""
    try:
        fields = parse_qs(str(query or "").removeprefix("?"), max_num_fields=_MAX_FIELDS)
    except ValueError:
        return Link()
    question = fields.get("q", [""])[0].strip()
    filters = Filters(
        languages=frozenset(_languages(fields.get("language", []))),
        sources=frozenset(fields.get("source", [])) & frozenset(sources),
        since=_day(fields.get("since", [])),
        until=_day(fields.get("until", [])),
    )
    page = next(iter(_languages(fields.get("lang", []))), None)
    return Link(question if len(question) <= MAX_LENGTH else "", filters, page)


def address(question: str, filters: Filters) -> str:
    """The path and query that ask `question` with `filters` again."""
    fields = [("q", question)]
    fields += [("language", str(language)) for language in sorted(filters.languages)]
    fields += [("source", source) for source in sorted(filters.sources)]
    fields += [("since", filters.since.isoformat())] if filters.since else []
    fields += [("until", filters.until.isoformat())] if filters.until else []
    return "/?" + urlencode(fields, errors="replace")


def _languages(values: list[str]) -> list[Language]:
    return [Language(value) for value in values if value in set(Language)]


def _day(values: list[str]) -> date | None:
    try:
        return date.fromisoformat(values[0]) if values else None
    except ValueError:
        return None
