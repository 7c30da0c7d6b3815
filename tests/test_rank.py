"""Ranking: features weighted into one probability."""

import json
import math
from dataclasses import replace
from importlib import resources

import pytest
from conftest import make_article, make_hit, make_ranker

from qa.features import features
from qa.question import understand
from qa.rank import Ranked, Ranker

QUESTION = understand("What did Akimov say about 350 bridges?")


HIT = make_hit(make_article("Akimov said there are 350 bridges. He smiled.", id="a", title="Bridges"), dense_score=0.5)
NAMES = list(features(QUESTION, [HIT])[0])


def test_the_probability_is_the_logistic_of_the_weighted_features() -> None:
    ranked = make_ranker(bias=-1.0, dense=3.0).rank(QUESTION, [HIT])
    assert ranked[0].probability == pytest.approx(1 / (1 + math.exp(1.0 - 3.0 * 0.5)))
    assert ranked[0].hit is HIT


def test_the_most_probable_comes_first_and_equals_keep_their_order() -> None:
    hits = [replace(HIT, dense_score=score, score=place) for place, score in enumerate((0.1, 0.9, 0.1, 0.4))]
    ranked = make_ranker(dense=1.0).rank(QUESTION, hits)
    assert [each.hit.score for each in ranked] == [1, 3, 0, 2]


def test_nothing_to_rank_is_nothing_ranked() -> None:
    assert make_ranker().rank(QUESTION, []) == []


@pytest.mark.parametrize("bias", [-1e9, -100.0, 100.0, 1e9])
def test_extreme_weights_stay_probabilities(bias: float) -> None:
    assert 0 <= make_ranker(bias=bias).rank(QUESTION, [HIT])[0].probability <= 1


def test_the_threshold_is_that_of_the_weights() -> None:
    assert make_ranker(threshold=0.37).threshold == 0.37


def test_the_weights_that_come_along_fit_the_features() -> None:
    path = resources.files("qa").joinpath("ranker.json")
    weights = json.loads(path.read_text(encoding="utf-8"))["found"]
    assert set(weights["order"]) == set(NAMES)
    assert set(weights["confidence"]) == {*NAMES, "score", "lead"} - {"cited_before"}
    assert 0 < weights["threshold"] < 1
    assert Ranker().rank(QUESTION, [HIT])[0].probability == pytest.approx(
        Ranker(weights).rank(QUESTION, [HIT])[0].probability
    )


def test_what_stands_beside_the_best_is_likelier_to_answer_too() -> None:
    article = make_article("Akimov spoke. He smiled. It rained.", id="a")
    best, after, later = (Ranked(make_hit(article, position), 0.5) for position in range(3))
    stranger = Ranked(make_hit(make_article("Else.", id="b")), 0.5)
    ranker = Ranker()
    assert ranker.beside(best, after) > ranker.beside(best, later) > ranker.beside(best, stranger)
    assert ranker.beside(best, after) > ranker.beside(best, replace(after, probability=0.1))


def test_extreme_probabilities_are_weighed_too() -> None:
    article = make_article("Akimov spoke. He smiled.")
    for one, other in ((0.0, 1.0), (1.0, 0.0)):
        assert 0 <= make_ranker().beside(Ranked(make_hit(article), one), Ranked(make_hit(article, 1), other)) <= 1
