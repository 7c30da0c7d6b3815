"""Answers as HTML for the chat. Everything that others wrote is text here: neither HTML nor Markdown."""

import re
import string
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from corpus.types import Language
from index.types import Filters
from qa.types import AbstentionReason, Answer, Citation
from ui.links import address
from ui.words import Words, words

EQUAL = 0.03  # of probability: no reader could tell which sentence answers better
ADD_COMMAND = "citewire add PATH|URL…"

_SPECIAL = str.maketrans({mark: f"&#{ord(mark)};" for mark in string.punctuation})
# What Markdown or HTML reads in one line of text. The rest stays as typed, since Gradio's edit box shows it raw.
_QUESTION = re.compile(r"""[&<>"'\\`*_\[\]~|@#${}^]|:(?=/)|(?<=www)\.|^[^\w\s]|^\d""", re.IGNORECASE)


def text(raw: str) -> str:
    """Text for the inside of an element or a quoted attribute, on one line: a blank line would end the HTML."""
    return " ".join(raw.splitlines()).translate(_SPECIAL)


def question(raw: str) -> str:
    """A reader's question as Markdown that shows exactly its words."""
    return _QUESTION.sub(lambda mark: f"&#{ord(mark[0])};", " ".join(raw.split()))


def problem(line: str) -> str:
    return f'<div class="answer none problem"><p class="head">{text(line)}</p></div>'


def waiting(line: str) -> str:
    return f'<p class="waiting">{text(line)}</p>'


def answer(result: Answer, filters: Filters) -> str:
    own = words(result.language)
    return _supported(result, own, filters) if result.abstention is None else _abstained(result, own, filters)


def add_button(own: Words) -> str:
    """Opens the list of articles, where some can be added: library.js listens."""
    return f'<p><button class="add-articles">{text(own.say("add_articles"))}</button></p>'


def article_path(article_id: str, position: int) -> str:
    return f"/article/{quote(article_id, safe='')}#s{position}"


def web_url(url: str) -> str:
    """The address if a browser may open it, else nothing."""
    return url if re.match(r"https?://", url, re.IGNORECASE) else ""


def source_name(source: str, url: str, title: str) -> str:
    return source or (web_url(url) and urlsplit(url).netloc) or title


def _supported(result: Answer, own: Words, filters: Filters) -> str:
    articles = len({citation.article_id for citation in result.citations})
    found = own.say(
        "found",
        sentences=own.count("supporting_sentences", len(result.citations)),
        articles=own.count("from_articles", articles),
    )
    facts = "".join(_fact(first, others, own) for first, others in facts_of(result.citations, own.language))
    return (
        f'<div class="answer"><p class="head">{text(found)}</p>{_filtered(filters, own)}'
        f'<ul class="facts">{facts}</ul>{_tools(result, own, filters)}</div>'
    )


def facts_of(citations: Sequence[Citation], language: Language) -> list[tuple[Citation, list[Citation]]]:
    """Each fact's citation to show, with the others that state it: the best, among equals one in `language`."""
    facts: list[tuple[Citation, list[Citation]]] = []
    seen: set[int] = set()
    for citation in citations:
        if citation.number not in seen:
            stating = [other for other in citations if other.number in {citation.number, *citation.same_as} - seen]
            readable = (each for each in stating if each.language is language)
            shown = next((each for each in readable if each.probability >= citation.probability - EQUAL), citation)
            facts.append((shown, [each for each in stating if each is not shown]))
            seen |= {citation.number, *citation.same_as}
    return facts


def _fact(first: Citation, others: Sequence[Citation], own: Words) -> str:
    return f"<li>{_evidence([first, *others], own)}{_same(others, own) if others else ''}</li>"


def _same(others: Sequence[Citation], own: Words) -> str:
    names = dict.fromkeys(source_name(other.source, other.url, other.title) for other in others)
    sources = ", ".join(f"<bdi>{text(name)}</bdi>" for name in names)
    quotes = "".join(f"<li>{_evidence([other], own)}</li>" for other in others)
    return (
        f'<details class="same"><summary>{text(own.say("same_fact"))} {sources}</summary>'
        f'<ul class="facts">{quotes}</ul></details>'
    )


def _evidence(cited: Sequence[Citation], own: Words, mark: str = "") -> str:
    """The quote of the first, then the numbers of all (or the mark), then where the quote is from."""
    first = cited[0]
    # Chinese takes no space before a number, but a number must not start a line by itself either.
    glue = "&#8288;" if first.language is Language.ZH else "&#160;"
    chips = " ".join(_chip(each, mark or str(each.number), own) for each in cited)
    details = [text(own.day(first.published))] if first.published else []
    if first.language is not own.language:
        details.append(text(own.name(first.language)))
    source = text(source_name(first.source, first.url, first.title))
    return (
        f'<p class="said" lang="{first.language}"><span class="quote">{_quote(first)}</span>{glue}{chips}</p>'
        f"{_when(first, own)}"
        f'<p class="from">{" · ".join([f"<b><bdi>{source}</bdi></b>", *details])}</p>'
    )


def _when(citation: Citation, own: Words) -> str:
    dates = " · ".join(text(each) for each in dates_of(citation, own))
    return f'<p class="when">{dates}</p>' if dates else ""


def dates_of(citation: Citation, own: Words) -> list[str]:
    """What the relative dates in a quote mean: "yesterday: 17 September 2019"."""
    found = (
        own.say(
            "dated", said=" ".join(citation.quote[each.start : each.end].split()), when=own.days(each.first, each.last)
        )
        for each in citation.dates
    )
    return list(dict.fromkeys(found))


def _quote(citation: Citation) -> str:
    if citation.span is None:
        return text(citation.quote)
    start, end = citation.span
    before, answer_, after = citation.quote[:start], citation.quote[start:end], citation.quote[end:]
    return f"{text(before)}<b>{text(answer_)}</b>{text(after)}"


def _chip(citation: Citation, mark: str, own: Words) -> str:
    label = own.say("source" if citation.number else "passage")
    about = [citation.source, own.day(citation.published) if citation.published else "", citation.title]
    return (
        f'<a class="cite" href="{text(article_path(citation.article_id, citation.position))}"'
        f' title="{text(" · ".join(filter(None, about)))}"><span class="unseen">{text(label)} </span>{mark}</a>'
    )


def _abstained(result: Answer, own: Words, filters: Filters) -> str:
    assert result.abstention is not None
    reason = result.abstention.reason
    searched = own.count("searched_articles", result.searched_articles)
    why = own.say(f"{reason}_text", articles=searched)
    offer = add_button(own) if reason is AbstentionReason.NO_ARTICLES else ""
    return (
        f'<div class="answer none"><p class="head">{text(own.say(reason))}</p>'
        f'<p class="why">{text(why)}</p>{offer}{_filtered(filters, own)}{_nearest(result.nearest, own)}'
        f"{_tools(result, own, filters)}</div>"
    )


def _nearest(nearest: Sequence[Citation], own: Words) -> str:
    if not nearest:
        return ""
    marked = zip(nearest, string.ascii_lowercase, strict=False)
    passages = "".join(f"<li>{_evidence([near], own, mark)}</li>" for near, mark in marked)
    summary = text(own.say("nearest"))
    return f'<details class="nearest"><summary>{summary}</summary><ul class="facts">{passages}</ul></details>'


def _filtered(filters: Filters, own: Words) -> str:
    if not filters:
        return ""
    listed = "; ".join(f"<bdi>{text(part)}</bdi>" for part in filters_of(filters, own))
    return f'<p class="filtered">{text(own.say("filters_were"))} {listed}</p>'


def filters_of(filters: Filters, own: Words) -> list[str]:
    """The filters that are set, each in a word or two."""
    parts = [own.name(language) for language in sorted(filters.languages)] + sorted(filters.sources)
    parts += [own.say("from_date", date=own.day(filters.since))] if filters.since else []
    parts += [own.say("to_date", date=own.day(filters.until))] if filters.until else []
    return parts


def _tools(result: Answer, own: Words, filters: Filters) -> str:
    """What a reader can do with an answer. `static/answers.js` does it; the link works by itself."""
    link = text(address(result.question, filters))
    copy = f'<button class="copy">{text(own.say("copy"))}</button>' if result.citations else ""
    judge = "".join(
        f'<button class="judge {feedback}" title="{text(own.say(feedback))}">'
        f'<span class="unseen">{text(own.say(feedback))}</span></button>'
        for feedback in ("liked", "disliked")
    )
    return f'<p class="tools">{copy}<a class="link" href="{link}">{text(own.say("link"))}</a>{judge}</p>'
