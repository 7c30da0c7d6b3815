"""Hit[] → Hit[] with one calibrated probability each: that this sentence answers the question.

Logistic functions of features that a person can read (features.py). `training/ranker.py` fits them; the weights, and
what they were fitted on, stand in `ranker.json`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

from index.types import Hit
from qa.features import features
from qa.types import Question


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

    def beside(self, best: Ranked, other: Ranked) -> float:
        """The probability that a further sentence answers too, given that the best one does."""
        weights = self._weights["beside"]
        signs = {"bias": 1.0} | companionship(best, other)
        return _logistic(_weighted(weights, signs))

    def rank(self, question: Question, hits: Sequence[Hit]) -> list[Ranked]:
        """The hits, most probable first.

        One set of weights orders the hits of a question; another tells how sure its best one is, and the others come
        behind by their scores.
        """
        rows = features(question, hits)
        if not rows:
            return []
        scores = [_weighted(self._weights["order"], row) for row in rows]
        best = max(range(len(rows)), key=scores.__getitem__)
        level = _weighted(self._weights["confidence"], confidence(rows[best], scores)) + float(self._weights["bias"])
        gap = float(self._weights["gap"])
        ranked = [
            Ranked(hit, _logistic(level + gap * (score - scores[best])))
            for hit, score in zip(hits, scores, strict=True)
        ]
        return sorted(ranked, key=lambda each: -each.probability)


def confidence(best: dict[str, float], scores: Sequence[float]) -> dict[str, float]:
    """What tells how sure the best hit is: its features, its score, and how far it leads.

    That its article was cited before is not among them: it says where to look, not whether anything is there.
    """
    first, *second = sorted(scores, reverse=True)[:2]
    signs = {name: value for name, value in best.items() if name != "cited_before"}
    return signs | {"score": first, "lead": first - (second[0] if second else first)}


def companionship(best: Ranked, other: Ranked) -> dict[str, float]:
    """What tells whether a further sentence answers too: what somebody said runs on in its article."""
    apart = abs(best.hit.sentence.position - other.hit.sentence.position)
    together = best.hit.article.id == other.hit.article.id
    return {
        "own": _logit(other.probability),
        "best": _logit(best.probability),
        "same_article": float(together),
        "near": 1 / apart if together and apart else 0.0,
    }


def _weighted(weights: dict[str, float], values: dict[str, float]) -> float:
    return sum(weights[name] * value for name, value in values.items())


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
