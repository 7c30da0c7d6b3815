"""Plain text → Draft: the header line goes to the fields, a headline becomes the title and stays in the text."""

import re
from dataclasses import replace

from corpus.datelines import Header, parse_header
from corpus.drafts import Draft, clean

_LONGEST_HEADLINE = 160
_MOST_HEADERS = 4
_FINAL = re.compile(r"[.!?…。！？:：;；,，][\"'“”‘’»」』)）]*$")


def plain_draft(text: str) -> Draft:
    """The article in a plain text; offsets count from the start of what is left when header lines are gone.

    A first line that is short, without final punctuation, above a blank line and a longer paragraph is a headline.
    It is the title, and the first line of `text` too, as it can answer questions. Header lines are recognised above
    it and directly below it.
    """
    header, lines = _take_header(Header(), clean(text).split("\n"))
    headline = _headline(lines)
    if headline:
        header, below = _take_header(header, lines[1:])
        lines = [headline, "", *below]
    return Draft(
        text="\n".join(lines).strip(),
        title=header.title or headline,
        source=header.source,
        section=header.section,
        published=header.published,
        authors=header.authors,
    )


def _take_header(header: Header, lines: list[str]) -> tuple[Header, list[str]]:
    """What the leading header lines say beyond `header`, and the lines below them."""
    for _ in range(_MOST_HEADERS):
        lines = _without_blank_lines_above(lines)
        said = parse_header(lines[0].strip()) if lines else None
        if said is None:
            break
        header, lines = _merged(header, said), lines[1:]
    return header, lines


def _without_blank_lines_above(lines: list[str]) -> list[str]:
    first = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    return lines[first:]


def _merged(header: Header, said: Header) -> Header:
    return replace(
        header,
        published=header.published or said.published,
        section=header.section or said.section,
        source=header.source or said.source,
        title=header.title or said.title,
        authors=header.authors or said.authors,
    )


def _headline(lines: list[str]) -> str:
    """The first line if it is a headline, else empty."""
    first = lines[0].strip() if lines else ""
    if not 0 < len(first) <= _LONGEST_HEADLINE or _FINAL.search(first) or len(lines) < 2:
        return ""
    detached = not lines[1].strip() or parse_header(lines[1].strip())
    return first if detached and any(len(line.strip()) > len(first) for line in lines[2:]) else ""
