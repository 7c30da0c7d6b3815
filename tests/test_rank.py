"""Ranking: features that a person can read, weighted into one probability."""

import json
import math
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from conftest import make_article

from corpus.sentences import sentences
from corpus.types import Article, Language
from index.types import Hit
from qa.question import understand
from qa.rank import Ranker, features, is_headline
from qa.types import CitedSentence, Question, Turn

QUESTION = understand("What did Akimov say about 350 bridges?")


def _hit(article: Article, position: int = 0, **scores: object) -> Hit:
    values = dict.fromkeys(
        "score dense_score raw_score context_score lexical_score coverage article_coverage names article_names".split(),
        0.0,
    )
    vector = np.eye(4, dtype=np.float32)[0]
    return Hit(sentences(article)[position], article, vector=vector, **(values | scores))  # type: ignore[arg-type]


HIT = _hit(make_article("Akimov said there are 350 bridges. He smiled.", id="a", title="Bridges"), dense_score=0.5)
NAMES = list(features(QUESTION, [HIT])[0])


def _ranker(bias: float = 0.0, threshold: float = 0.5, **weights: float) -> Ranker:
    assert set(weights) <= set(NAMES)
    return Ranker({"features": dict.fromkeys(NAMES, 0.0) | weights, "bias": bias, "threshold": threshold})


def _of(name: str, hit: Hit = HIT, question: Question = QUESTION, *others: Hit) -> float:
    return features(question, [hit, *others])[0][name]


def test_the_probability_is_the_logistic_of_the_weighted_features() -> None:
    ranked = _ranker(bias=-1.0, dense=3.0).rank(QUESTION, [HIT])
    assert ranked[0].probability == pytest.approx(1 / (1 + math.exp(1.0 - 3.0 * 0.5)))
    assert ranked[0].hit is HIT


def test_the_most_probable_comes_first_and_equals_keep_their_order() -> None:
    hits = [replace(HIT, dense_score=score, score=place) for place, score in enumerate((0.1, 0.9, 0.1, 0.4))]
    ranked = _ranker(dense=1.0).rank(QUESTION, hits)
    assert [each.hit.score for each in ranked] == [1, 3, 0, 2]


def test_nothing_to_rank_is_nothing_ranked() -> None:
    assert _ranker().rank(QUESTION, []) == []
    assert features(QUESTION, []) == []


@pytest.mark.parametrize("bias", [-1e9, -100.0, 100.0, 1e9])
def test_extreme_weights_stay_probabilities(bias: float) -> None:
    assert 0 <= _ranker(bias=bias).rank(QUESTION, [HIT])[0].probability <= 1


def test_the_threshold_is_that_of_the_weights() -> None:
    assert _ranker(threshold=0.37).threshold == 0.37


def test_some_features_compare_with_the_best_of_the_question() -> None:
    other = _hit(make_article("Else.", id="b"), dense_score=0.9)
    assert _of("behind_best", HIT, QUESTION, other) == pytest.approx(-0.4)
    assert _of("article_behind_best", HIT, QUESTION, other, replace(HIT, dense_score=0.7)) == pytest.approx(-0.2)
    assert _of("behind_best") == 0


def test_scores_of_one_language_and_across_are_weighed_apart() -> None:
    russian = _hit(make_article("Мост.", language=Language.RU), coverage=0.6, raw_score=0.9)
    english = _hit(make_article("Bridge."), coverage=0.6, raw_score=0.9)
    assert (_of("coverage_across", russian), _of("coverage_same_language", russian)) == (0.6, 0.0)
    assert (_of("coverage_across", english), _of("coverage_same_language", english)) == (0.0, 0.6)
    assert (_of("same_language", russian), _of("raw_same_language", russian)) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "title", "headline"),
    [
        ("Bridge opens in Omsk\n\nThe bridge opened. It rained.", "Bridge opens in Omsk", True),
        ("Мост открыт\n\nОн открыт вчера.", "Другое", True),
        ("The bridge opened. It rained.", "Bridge opens", False),
        ("“The bridge opened.” It rained.", "Bridge opens", False),
        ("桥开通了。下雨了。", "桥", False),
    ],
)
def test_a_headline_opens_the_article_and_does_not_end(text: str, title: str, headline: bool) -> None:
    article = make_article(text, title=title, language=Language.ZH if "桥" in text else Language.EN)
    assert is_headline(_hit(article)) is headline
    assert not is_headline(_hit(article, 1))


def test_brief_sentences_are_marked() -> None:
    assert _of("brief", _hit(make_article("“Why is it that nobody has ever built a bridge in Omsk?”"))) == 0.0
    assert _of("brief", _hit(make_article("He smiled."))) == 1.0
    assert (
        _of("brief", _hit(make_article("阿基莫夫说，两国正在筹划一个低轨道卫星星座项目。", language=Language.ZH)))
        == 0.0
    )


def test_an_article_cited_before_is_marked_for_a_follow_up_only() -> None:
    turns = [Turn("Who is Akimov?", (CitedSentence("a", "a-0"),))]
    assert _of("cited_before", HIT, understand("And what did he say?", turns)) == 1.0
    assert _of("cited_before", HIT, understand("Who won the Monza race?", turns)) == 0.0


def test_evidence_counts_for_the_kind_that_is_asked_only() -> None:
    held = {name: value for name, value in features(QUESTION, [HIT])[0].items() if name.startswith("holds_")}
    assert held.pop("holds_said") == 0.0  # half of the signs: somebody speaks, nothing is quoted
    assert set(held.values()) == {0.0}


def test_every_feature_is_a_small_number() -> None:
    wild = replace(HIT, lexical_score=1e6, dense_score=-1.0, raw_score=-1.0)
    for hit in (HIT, wild):
        assert all(isinstance(value, float) and abs(value) <= 20 for value in features(QUESTION, [hit])[0].values())


def test_the_weights_that_come_along_fit_the_features() -> None:
    path = resources.files("qa").joinpath("ranker.json")
    weights = json.loads(path.read_text(encoding="utf-8"))
    assert set(weights["features"]) == set(NAMES)
    assert 0 < weights["threshold"] < 1
    assert Ranker().rank(QUESTION, [HIT])[0].probability == pytest.approx(
        Ranker(weights).rank(QUESTION, [HIT])[0].probability
    )
