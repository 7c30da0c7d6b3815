"""Hit[] → Hit[] with one calibrated probability each: that this sentence answers the question.

A logistic regression over a dozen features that a person can read. `training/ranker.py` fits it; the weights, and
what they were fitted on, stand in `ranker.json`.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

from index.types import Hit
from qa.evidence import holds
from qa.speaker import speaks
from qa.types import Kind, Question

_ENDS_SENTENCE = re.compile(r"[.!?…。！？;:：；][\"'”’»」』)）\]]*$")
_BRIEF = 40  # code points in English or Russian, half as many in Chinese


@dataclass(frozen=True, slots=True)
class Ranked:
    """A hit with the probability that it answers the question."""

    hit: Hit
    probability: float


class Ranker:
    """Scores hits with the weights of `ranker.json`, or with those given."""

    def __init__(self, weights: dict[str, Any] | None = None) -> None:
        self._given = weights

    @cached_property
    def _weights(self) -> dict[str, Any]:
        if self._given is not None:
            return self._given
        text = resources.files("qa").joinpath("ranker.json").read_text(encoding="utf-8")
        weights: dict[str, Any] = json.loads(text)
        return weights

    @property
    def threshold(self) -> float:
        """The probability from which a question counts as answered."""
        return float(self._weights["threshold"])

    def rank(self, question: Question, hits: Sequence[Hit]) -> list[Ranked]:
        """The hits, most probable first."""
        weights, bias = self._weights["features"], float(self._weights["bias"])
        ranked = [
            Ranked(hit, _logistic(bias + sum(weights[name] * value for name, value in values.items())))
            for hit, values in zip(hits, features(question, hits), strict=True)
        ]
        return sorted(ranked, key=lambda each: -each.probability)


def features(question: Question, hits: Sequence[Hit]) -> list[dict[str, float]]:
    """The features of each hit, all of them about -1 to 2; some compare a hit with the others of its question."""
    best = max((hit.dense_score for hit in hits), default=0.0)
    best_of: dict[str, float] = {}
    for hit in hits:
        best_of[hit.article.id] = max(best_of.get(hit.article.id, -1.0), hit.dense_score)
    cited = _cited_before(question)
    spoken = _spoken(question, hits)
    return [
        _features(question, hit, best, best_of[hit.article.id], cited) | said
        for hit, said in zip(hits, spoken, strict=True)
    ]


def _spoken(question: Question, hits: Sequence[Hit]) -> list[dict[str, float]]:
    """An open question ("What did Akimov announce?") wants whatever its person says, first things first."""
    if not question.is_open:
        return [{"speaks": 0.0, "speaks_first": 0.0} for _hit in hits]
    places = {(hit.article.id, hit.sentence.position): hit for hit in hits}
    degrees = [speaks(hit, places) for hit in hits]
    first: dict[str, int] = {}
    for hit, degree in zip(hits, degrees, strict=True):
        if degree:
            first[hit.article.id] = min(first.get(hit.article.id, hit.sentence.position), hit.sentence.position)
    return [
        {
            "speaks": degree,
            "speaks_first": 1 / (1 + hit.sentence.position - first[hit.article.id]) if degree else 0.0,
        }
        for hit, degree in zip(hits, degrees, strict=True)
    ]


def _features(
    question: Question, hit: Hit, best: float, best_of_article: float, cited: Iterable[str]
) -> dict[str, float]:
    same = float(hit.article.language == question.language)
    text = hit.sentence.text
    held = holds(question, text, hit.article.language) - 0.5
    return {
        "dense": hit.dense_score,
        "context": hit.context_score,
        "behind_best": hit.dense_score - best,
        "article_behind_best": best_of_article - best,
        "raw_same_language": same * 10 * (hit.raw_score - 0.85),
        "same_language": same,
        "lexical": min(hit.lexical_score, 40.0) / 20,
        "coverage_same_language": same * hit.coverage,
        "coverage_across": (1 - same) * hit.coverage,
        "article_coverage": hit.article_coverage,
        "names": hit.names,
        "article_names": hit.article_names,
        "headline": float(is_headline(hit)),
        "brief": float(len(text) < _BRIEF / (2 if hit.article.language == "zh" else 1)),
        "cited_before": float(hit.article.id in cited),
        **{f"holds_{kind}": held if question.kind is kind else 0.0 for kind in Kind if kind is not Kind.OTHER},
    }


def is_headline(hit: Hit) -> bool:
    """Whether the sentence is its article's headline rather than part of the report: it opens it, and does not end."""
    opening = hit.sentence.position == 0
    text = hit.sentence.text
    return opening and (text == hit.article.title.strip() or not _ENDS_SENTENCE.search(text))


def _cited_before(question: Question) -> set[str]:
    return {citation.article_id for turn in question.leans_on for citation in turn.citations}


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
