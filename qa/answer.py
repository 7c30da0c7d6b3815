"""Ranked hits → what is cited: choose, group the same fact, number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from qa.context import context_in
from qa.dates import relative_dates
from qa.rank import Ranked, Ranker
from qa.types import Citation, Context, Mark

# Centred cosines from which two sentences of different articles state the same fact: half to three quarters of
# aligned translations reach the first, 2 % of other sentences about the same event do; the same news in one language
# is worded more alike.
_SAME_ACROSS, _SAME_WITHIN = 0.6, 0.82
_BESIDE = 0.1  # a further sentence is cited from this probability that it answers too, if the best one does
_LEAST = 0.05  # no sentence is cited that is less probable by itself
_DIGITS = re.compile(r"\d+")


def choose(ranked: Sequence[Ranked], ranker: Ranker, limit: int) -> list[list[Ranked]]:
    """The facts to cite, at most `limit`, each as the sentences that state it, most probable first.

    Nothing when the best stays under the ranker's threshold.
    """
    if not ranked or ranked[0].probability < ranker.threshold:
        return []
    facts = [[ranked[0]]]
    companions = [(ranker.beside(ranked[0], each), each) for each in ranked[1:] if each.probability >= _LEAST]
    for _probability, each in sorted((pair for pair in companions if pair[0] >= _BESIDE), key=lambda pair: -pair[0]):
        fact = next((fact for fact in facts if _is_same_fact(fact[0], each)), None)
        if fact is not None:
            fact.append(each)
        elif len(facts) < limit:
            facts.append([each])
    ordered = [sorted(fact, key=_most_probable) for fact in facts]
    return sorted(ordered, key=lambda fact: _most_probable(fact[0]))


def _most_probable(ranked: Ranked) -> float:
    return -ranked.probability


def cite(facts: Sequence[Sequence[Ranked]]) -> tuple[Citation, ...]:
    """Citations numbered from 1: the best of each fact first, then the others of the facts, with what they repeat."""
    order = [fact[0] for fact in facts] + [each for fact in facts for each in fact[1:]]
    numbers = {id(each): number for number, each in enumerate(order, 1)}
    repeats = {
        numbers[id(each)]: tuple(numbers[id(other)] for other in fact if other is not each)
        for fact in facts
        for each in fact
    }
    return tuple(
        replace(citation(each), number=number, same_as=repeats[number]) for number, each in enumerate(order, 1)
    )


def citation(ranked: Ranked) -> Citation:
    """An unnumbered citation of a hit. The quote is taken from the article, so it cannot differ from it."""
    sentence, article = ranked.hit.sentence, ranked.hit.article
    quote, before = article.text[sentence.start : sentence.end], context_in(article, sentence)
    return Citation(
        number=0,
        article_id=article.id,
        sentence_id=sentence.id,
        position=sentence.position,
        title=article.title,
        source=article.source,
        url=article.url,
        published=article.published,
        language=article.language,
        quote=quote,
        start=sentence.start,
        end=sentence.end,
        probability=round(ranked.probability, 4),
        span=ranked.span,
        context=Context(before.start, before.end, before.text) if before else None,
        dates=relative_dates(quote, article.language, article.published),
    )


def text_of(citations: Sequence[Citation]) -> str:
    """One quote per fact, each followed by the numbers of all that state it."""
    return " ".join(f"{each.quote} {each.marks}" for each in citations if each.is_first)


def marks_in(citations: Sequence[Citation]) -> Iterator[Mark]:
    """The marks of `text_of`, counted as it is composed: a quote may itself hold what looks like one."""
    at = 0
    for each in citations:
        if each.is_first:
            at += len(each.quote) + 1
            for number in (each.number, *each.same_as):
                yield Mark(number, at, end := at + len(f"[{number}]"))
                at = end + 1


def _is_same_fact(first: Ranked, second: Ranked) -> bool:
    one, other = first.hit, second.hit
    if one.article.id == other.article.id:
        return False
    enough = _SAME_WITHIN if one.article.language == other.article.language else _SAME_ACROSS
    return float(one.vector @ other.vector) >= enough and not _numbers_differ(one.sentence.text, other.sentence.text)


def _numbers_differ(one: str, other: str) -> bool:
    """Whether both give numbers and share none: two results of one kind are not one fact."""
    here, there = set(_DIGITS.findall(one)), set(_DIGITS.findall(other))
    return bool(here and there) and not here & there
