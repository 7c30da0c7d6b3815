"""A conversation to take away: an answer as plain text, everything as Markdown. What others wrote stays text."""

import re
from collections.abc import Iterable, Sequence

from corpus.types import Language
from qa.types import Answer, Citation
from ui.conversation import Exchange
from ui.render import article_path, dates_of, facts_of, filters_of, source_name, web_url
from ui.words import Words, words

# What Markdown reads inside a line, and what it reads at the beginning of one.
_INLINE = re.compile(r"[\\`*_\[\]|#~$^{}@]|:(?=/)|(?<=www)\.", re.IGNORECASE)
_OPENING = re.compile(r"^([-+=!])|^(\d+)([.)])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NOT_IN_ADDRESS = re.compile(r"""[\s<>\\()\[\]"'`*_|]""")


def plain_text(exchange: Exchange, origin: str) -> str:
    """The question, the quoted sentences with their numbers, and the numbered sources."""
    answer = exchange.answer
    assert answer is not None
    own = words(answer.language)
    lines = [exchange.question, ""]
    lines += [f"{first.quote} {first.marks}" for first, _ in facts_of(answer.citations, own.language)] or [
        _none(answer, own)
    ]
    sources = [f"[{each.number}] {_source(each, own, origin)}" for each in answer.citations]
    return "\n".join([*lines, "", *sources] if sources else lines)


def markdown(exchanges: Iterable[Exchange], origin: str, page: Words) -> str:
    """The whole conversation; `page` are the words of its title."""
    parts = [f"# {page.say('page_title')}"]
    parts += [_exchange(each, each.answer, origin) for each in exchanges if each.answer]
    return "\n\n".join(parts) + "\n"


def as_text(raw: str) -> str:
    """Text that Markdown shows as it is, on one line, with no HTML in it and no link."""
    line = _INLINE.sub(lambda mark: "\\" + mark[0], " ".join(raw.split()))
    line = _OPENING.sub(lambda mark: f"\\{mark[1]}" if mark[1] else f"{mark[2]}\\{mark[3]}", line)
    return line.translate(_ENTITIES)


def _exchange(exchange: Exchange, answer: Answer, origin: str) -> str:
    own = words(answer.language)
    parts = [f"## {as_text(exchange.question)}"]
    if exchange.filters:
        parts.append(f"{own.say('filters_were')} {as_text('; '.join(filters_of(exchange.filters, own)))}")
    parts += [_quoted(first, own) for first, _ in facts_of(answer.citations, own.language)]
    if answer.citations:
        parts.append("\n".join(_listed(answer.citations, own, origin)))
    else:
        parts.append(as_text(_none(answer, own)))
    return "\n\n".join(parts)


def _quoted(citation: Citation, own: Words) -> str:
    """The sentence, then what it means by dates and by those whom it does not name."""
    before = [own.say("dated", said=own.say("context"), when=citation.context.text)] if citation.context else []
    notes = [as_text(note) for note in (*dates_of(citation, own), *before)]
    return "\n>\n".join(f"> {line}" for line in (f"{as_text(citation.quote)} {_marks(citation)}", *notes))


def _listed(citations: Sequence[Citation], own: Words, origin: str) -> list[str]:
    return [_entry(each, own, origin) for each in citations]


def _entry(each: Citation, own: Words, origin: str) -> str:
    title = as_text(each.title) or str(each.number)
    address = _address(each, origin).replace("&", "&amp;")  # Markdown reads entities in addresses too
    about = _about(each, own)
    gap = " " if about.endswith(" ") else ""
    return f"{each.number}. {as_text(about)}{gap}[{title}](<{address}>)"


def _marks(citation: Citation) -> str:
    return citation.marks.replace("[", "\\[").replace("]", "\\]")


def _none(answer: Answer, own: Words) -> str:
    assert answer.abstention is not None
    reason = answer.abstention.reason
    why = own.say(f"{reason}_text", articles=own.count("searched_articles", answer.searched_articles))
    return f"{own.say(reason)}{_stop(own)}{why}"


def _source(citation: Citation, own: Words, origin: str) -> str:
    title = " ".join(citation.title.split())
    return f"{_about(citation, own)}{title}{_stop(own)}{_address(citation, origin)}"


def _about(citation: Citation, own: Words) -> str:
    """Source and date, as a sentence that another one follows."""
    source = source_name(citation.source, citation.url, "")
    parts = [source, own.day(citation.published) if citation.published else ""]
    known = ("，" if own.language is Language.ZH else ", ").join(filter(None, parts))
    return f"{' '.join(known.split())}{_stop(own)}" if known else ""


def _stop(own: Words) -> str:
    """What stands between two sentences."""
    return "。" if own.language is Language.ZH else ". "


def _address(citation: Citation, origin: str) -> str:
    """Where the article is on the web, else its page here; safe inside `<…>`."""
    url = web_url(citation.url) or origin + article_path(citation.article_id, citation.position)
    return _NOT_IN_ADDRESS.sub(lambda mark: "".join(f"%{byte:02X}" for byte in mark[0].encode()), url)
