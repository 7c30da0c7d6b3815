"""Question, Hit[] → the features of each hit that ranking weighs, in terms a person can read.

All of them lie about between -1 and 2; some compare a hit with the others of its question.
"""

import math
import re
from collections.abc import Mapping, Sequence

from corpus.types import Language
from index.terms import query_units
from index.types import Hit
from qa.evidence import holds
from qa.measures import gives, measure_of
from qa.speaker import Place, speaks
from qa.types import Kind, Question

_ENDS_SENTENCE = re.compile(r"[.!?…。！？;:：；][\"'”’»」』)）\]]*$")
_CHINESE_LENGTH = 2.2  # a Chinese sentence says as much in so many times fewer characters
_TYPICAL_LENGTH = 120  # code points
_FULLY = 0.5  # from this degree somebody speaks himself, rather than perhaps going on


def features(question: Question, hits: Sequence[Hit]) -> list[dict[str, float]]:
    """The features of each hit."""
    best = max((hit.dense_score for hit in hits), default=0.0)
    best_of: dict[str, float] = {}
    for hit in hits:
        best_of[hit.article.id] = max(best_of.get(hit.article.id, -1.0), hit.dense_score)
    places = {(hit.article.id, hit.sentence.position): hit for hit in hits}
    measure = measure_of(question.text, question.language)
    cited = {citation.article_id for turn in question.leans_on for citation in turn.citations}
    return [
        _likeness(hit, question, places, best, best_of[hit.article.id])
        | _shared(hit, question)
        | _form(hit)
        | _wanted(hit, question, measure)
        | said
        | {"cited_before": float(hit.article.id in cited)}
        for hit, said in zip(hits, _spoken(question, hits, places), strict=True)
    ]


def _likeness(
    hit: Hit, question: Question, places: Mapping[Place, Hit], best: float, best_of_article: float
) -> dict[str, float]:
    """What the encoder sees; `beyond_topic` is the cosine without the direction that all of the article has."""
    same = float(hit.article.language == question.language)
    dense, article, central = hit.dense_score, hit.article_score, hit.central_score
    rest = math.sqrt(max(1e-3, (1 - article**2) * (1 - central**2)))
    before, after = (places.get((hit.article.id, hit.sentence.position + step)) for step in (-1, 1))
    return {
        "dense": dense,
        "dense_same_language": same * dense,
        "same_language": same,
        "context": hit.context_score,
        "before": before.dense_score if before else hit.context_score,
        "after": after.dense_score if after else hit.context_score,
        "article": article,
        "central": central,
        "beyond_topic": (dense - article * central) / rest,
        "behind_best": dense - best,
        "article_behind_best": best_of_article - best,
    }


def _shared(hit: Hit, question: Question) -> dict[str, float]:
    """Words and names in common."""
    same = float(hit.article.language == question.language)
    return {
        "lexical": min(hit.lexical_score, 40.0) / 20,
        "coverage_same_language": same * hit.coverage,
        "coverage_across": (1 - same) * hit.coverage,
        "article_coverage": hit.article_coverage,
        "names": hit.names,
        "article_names": hit.article_names,
    }


def _form(hit: Hit) -> dict[str, float]:
    """Whether the sentence is a headline, and how long it is."""
    chinese = hit.article.language is Language.ZH
    length = len(hit.sentence.text) * (_CHINESE_LENGTH if chinese else 1)
    return {
        "headline": float(is_headline(hit)),
        "length": math.log((1 + length) / _TYPICAL_LENGTH),
    }


def is_headline(hit: Hit) -> bool:
    """Whether the sentence is its article's headline rather than part of the report: it opens it, and does not end."""
    opening = hit.sentence.position == 0
    text = hit.sentence.text
    return opening and (text == hit.article.title.strip() or not _ENDS_SENTENCE.search(text))


def _wanted(hit: Hit, question: Question, measure: str | None) -> dict[str, float]:
    """Whether the sentence holds the kind of thing that is asked for."""
    text, language = hit.sentence.text, hit.article.language
    held = holds(question, text, language) - 0.5
    given = measure is not None and gives(measure, question.text, text, language)
    return {
        "measure": float(given),
        "no_measure": float(measure is not None and not given),
        **{f"holds_{kind}": held if question.kind is kind else 0.0 for kind in Kind if kind is not Kind.OTHER},
    }


def _spoken(question: Question, hits: Sequence[Hit], places: Mapping[Place, Hit]) -> list[dict[str, float]]:
    """Whether the person who is asked about speaks; an open question wants whatever it is, first things first."""
    speaker = _speaker(question)
    degrees = [speaks(hit, places, speaker) if speaker else 0.0 for hit in hits]
    first: dict[str, int] = {}
    for hit, degree in zip(hits, degrees, strict=True):
        if degree > _FULLY:
            first[hit.article.id] = min(first.get(hit.article.id, hit.sentence.position), hit.sentence.position)
    return [
        {
            "speaks": 0.0 if question.is_open else degree,
            "speaks_openly": degree if question.is_open else 0.0,
            "speaks_first": 1 / (1 + hit.sentence.position - first[hit.article.id])
            if question.is_open and degree > _FULLY
            else 0.0,
        }
        for hit, degree in zip(hits, degrees, strict=True)
    ]


def _speaker(question: Question) -> frozenset[int]:
    """The places, among the question's units, of those that name whose words it asks for: names, or else all."""
    if not question.speaker:
        return frozenset()
    units = query_units(question.search_text)
    theirs = set(query_units(question.speaker))
    named = {unit for unit in theirs if unit.name}
    return frozenset(place for place, unit in enumerate(units) if unit in (named or theirs))
