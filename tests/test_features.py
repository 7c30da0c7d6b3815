"""The features of a hit, by hand."""

import math
from dataclasses import replace

import pytest
from conftest import make_article, make_hit

from corpus.types import Language
from index.terms import query_units
from index.types import Hit
from qa.features import features, is_headline
from qa.question import understand
from qa.types import CitedSentence, Question, Turn

QUESTION = understand("What did Akimov say about 350 bridges?")
HIT = make_hit(make_article("Akimov said there are 350 bridges. He smiled.", id="a", title="Bridges"), dense_score=0.5)


def _of(name: str, hit: Hit = HIT, question: Question = QUESTION, *others: Hit) -> float:
    return features(question, [hit, *others])[0][name]


def test_no_hits_have_no_features() -> None:
    assert features(QUESTION, []) == []


def test_some_features_compare_with_the_best_of_the_question() -> None:
    other = make_hit(make_article("Else.", id="b"), dense_score=0.9)
    assert _of("behind_best", HIT, QUESTION, other) == pytest.approx(-0.4)
    assert _of("article_behind_best", HIT, QUESTION, other, replace(HIT, dense_score=0.7)) == pytest.approx(-0.2)
    assert _of("behind_best") == 0


def test_scores_of_one_language_and_across_are_weighed_apart() -> None:
    russian = make_hit(make_article("Мост.", language=Language.RU), coverage=0.6)
    english = make_hit(make_article("Bridge."), coverage=0.6)
    assert (_of("coverage_across", russian), _of("coverage_same_language", russian)) == (0.6, 0.0)
    assert (_of("coverage_across", english), _of("coverage_same_language", english)) == (0.0, 0.6)
    assert (_of("same_language", russian), _of("same_language", english)) == (0.0, 1.0)


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
    assert is_headline(make_hit(article)) is headline
    assert not is_headline(make_hit(article, 1))


def test_length_counts_a_chinese_character_more() -> None:
    english = _of("length", make_hit(make_article("Akimov said that two countries plan a constellation.")))
    chinese = _of("length", make_hit(make_article("阿基莫夫说，两国正筹划一个卫星星座项目。", language=Language.ZH)))
    assert english > _of("length", make_hit(make_article("He smiled.")))
    assert chinese == pytest.approx(english, abs=0.2)


def test_what_lies_beyond_the_articles_topic() -> None:
    """By hand: the sentence shares with the question only what both share with their article."""
    topical = replace(HIT, dense_score=0.48, article_score=0.6, central_score=0.8)
    assert _of("beyond_topic", topical) == pytest.approx(0.0)
    assert _of("beyond_topic", replace(topical, dense_score=0.6)) == pytest.approx(0.12 / math.sqrt(0.64 * 0.36))


def test_neighbours_count_where_they_are_hits() -> None:
    article = make_article("Akimov spoke. The bridge opens. It rained.", id="n")
    first, second = make_hit(article, 0, dense_score=0.7), make_hit(article, 1, context_score=0.4)
    assert (_of("before", second, QUESTION, first), _of("after", second, QUESTION, first)) == (0.7, 0.4)


@pytest.mark.parametrize(
    ("text", "expected"), [("It cost $5 million.", (1, 0)), ("It has 350 spans.", (0, 1)), ("It rained.", (0, 1))]
)
def test_a_question_for_a_measure_looks_for_its_unit(text: str, expected: tuple[int, int]) -> None:
    question = understand("How much did the bridge cost?")
    hit = make_hit(make_article(text))
    assert (_of("measure", hit, question), _of("no_measure", hit, question)) == expected
    assert (_of("measure", hit), _of("no_measure", hit)) == (0, 0)


@pytest.mark.parametrize(
    ("text", "speaking"),
    [("What did Akimov say about bridges?", "speaks"), ("What did Akimov announce?", "speaks_openly")],
)
def test_the_one_who_is_asked_about_speaks(text: str, speaking: str) -> None:
    question = understand(text)
    units = query_units(question.search_text)
    named = frozenset(place for place, unit in enumerate(units) if unit.name)
    own = make_hit(make_article("Akimov said the work has begun.", id="own"), matched=named)
    other = make_hit(make_article("Golikova said the work has begun.", id="other"))
    assert (_of(speaking, own, question, other), _of(speaking, other, question, own)) == (1.0, 0.0)


def test_an_article_cited_before_is_marked_for_a_follow_up_only() -> None:
    turns = [Turn("Who is Akimov?", (CitedSentence("a", "a-0"),))]
    assert _of("cited_before", HIT, understand("And what did he say?", turns)) == 1.0
    assert _of("cited_before", HIT, understand("Who won the Monza race?", turns)) == 0.0


def test_evidence_counts_for_the_kind_that_is_asked_only() -> None:
    held = {name: value for name, value in features(QUESTION, [HIT])[0].items() if name.startswith("holds_")}
    assert held.pop("holds_said") == 0.0  # half of the signs: somebody speaks, nothing is quoted
    assert held
    assert set(held.values()) == {0.0}


def test_every_feature_is_a_small_number() -> None:
    wild = replace(HIT, lexical_score=1e6, dense_score=-1.0)
    for hit in (HIT, wild):
        assert all(isinstance(value, float) and abs(value) <= 20 for value in features(QUESTION, [hit])[0].values())
