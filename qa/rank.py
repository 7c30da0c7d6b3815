"""Hit[] → Hit[] with one calibrated probability each: that this sentence answers the question.

Logistic functions of features that a person can read (features.py). `training/ranker.py` fits them; the weights, and
what they were fitted on, stand in `ranker.json`: some for hits as they were found, others for hits that a reader read.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from typing import Any

from index.types import Hit
from qa.features import features
from qa.types import Question


@dataclass(frozen=True, slots=True)
class Ranked:
    """A hit with the probability that it answers the question, its score, and the features behind both.

    Scores compare hits that one set of weights has ranked, those read or those not read, and no others.

    `span` is the `[start, end)` of the exact answer in the sentence, where a reader has found one.
    """

    hit: Hit
    probability: float
    score: float = 0.0
    features: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    span: tuple[int, int] | None = None


class Ranker:
    """Scores hits with the weights given, or those of `ranker.json` for hits that were read, or not read."""

    def __init__(self, weights: dict[str, Any] | None = None, *, after_reading: bool = False) -> None:
        self._given = weights
        self._section = "read" if after_reading else "found"

    @cached_property
    def _weights(self) -> dict[str, Any]:
        if self._given is not None:
            return self._given
        text = resources.files("qa").joinpath("ranker.json").read_text(encoding="utf-8")
        weights: dict[str, Any] = json.loads(text)[self._section]
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
        """The hits, most probable first."""
        return self.order(hits, features(question, hits))

    def order(self, hits: Sequence[Hit], rows: Sequence[dict[str, float]]) -> list[Ranked]:
        """The hits of a question by their features, most probable first.

        One set of weights orders the hits of a question; another tells how sure its best one is, and the others come
        behind by their scores.
        """
        if not rows:
            return []
        scores = [_weighted(self._weights["order"], row) for row in rows]
        best = max(range(len(rows)), key=scores.__getitem__)
        level = _weighted(self._weights["confidence"], confidence(rows[best], scores)) + float(self._weights["bias"])
        gap = float(self._weights["gap"])
        ranked = [
            Ranked(hit, _logistic(level + gap * (score - scores[best])), score, row)
            for hit, score, row in zip(hits, scores, rows, strict=True)
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
