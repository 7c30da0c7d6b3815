"""From ranked sentences to citations: what is cited, what is folded, how it is numbered."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from conftest import make_article, make_hit, make_ranker

from corpus.sentences import sentences
from corpus.types import Language
from qa.answer import choose, citation, cite, text_of
from qa.rank import Ranked, Ranker
from qa.types import Context

RANKER = make_ranker(threshold=0.5)


def _ranked(name: str, probability: float, angle: float = 0.0, text: str = "", **fields: object) -> Ranked:
    """A sentence of the article `name`, its vector turned by `angle` degrees: facts are one when angles are near."""
    article = make_article(text or f"Something of {name} happened there.", id=name, **fields)
    turned = np.deg2rad(angle)
    vector = np.array([np.cos(turned), np.sin(turned)], np.float32)
    return Ranked(make_hit(article, vector=vector), probability)


def _names(facts: list[list[Ranked]]) -> list[list[str]]:
    return [[each.hit.article.id for each in fact] for fact in facts]


@pytest.mark.parametrize(("best", "answered"), [(0.49999, False), (0.5, True), (1.0, True), (0.0, False)])
def test_nothing_is_cited_unless_the_best_reaches_the_threshold(best: float, answered: bool) -> None:
    assert bool(choose([_ranked("a", best)], RANKER, 5)) is answered
    assert choose([], RANKER, 5) == []


def test_what_is_far_less_probable_than_the_best_is_not_cited() -> None:
    ranked = [_ranked("a", 0.9, 0), _ranked("b", 0.8, 90), _ranked("c", 0.05, 180)]
    assert _names(choose(ranked, RANKER, 5)) == [["a"], ["b"]]


def test_what_is_improbable_by_itself_is_not_cited_however_near_it_stands() -> None:
    article = make_article("Akimov spoke. He smiled.", id="a")
    best, after = Ranked(make_hit(article), 0.9), Ranked(make_hit(article, 1), 0.04)
    assert choose([best, after], Ranker(), 5) == [[best]]
    assert choose([best, replace(after, probability=0.4)], Ranker(), 5) != [[best]]


def test_the_limit_counts_facts_and_repeats_come_for_nothing() -> None:
    ranked = [_ranked("a", 0.9, 0), _ranked("b", 0.8, 90), _ranked("c", 0.7, 180), _ranked("d", 0.6, 2)]
    assert _names(choose(ranked, RANKER, 1)) == [["a", "d"]]
    assert _names(choose(ranked, RANKER, 2)) == [["a", "d"], ["b"]]


def test_sentences_of_one_article_are_never_folded() -> None:
    ranked = [_ranked("a", 0.9), _ranked("a", 0.8, text="Another thing of it.")]
    assert _names(choose(ranked, RANKER, 5)) == [["a"], ["a"]]


@pytest.mark.parametrize(
    ("angle", "language", "folded"),
    [(20, Language.EN, True), (45, Language.EN, False), (45, Language.RU, True), (60, Language.RU, False)],
)
def test_wording_must_be_closer_within_a_language_than_across(angle: float, language: Language, folded: bool) -> None:
    facts = choose([_ranked("a", 0.9), _ranked("b", 0.8, angle, language=language)], RANKER, 5)
    assert len(facts) == (1 if folded else 2)


@pytest.mark.parametrize(
    ("one", "other", "folded"),
    [
        ("It drew 350,000 people.", "Пришли 350 000 человек.", True),
        ("It drew 350 people.", "Пришли 420 человек.", False),
        ("It drew 350 people.", "Пришли многие.", True),
    ],
)
def test_different_numbers_are_different_facts(one: str, other: str, folded: bool) -> None:
    facts = choose([_ranked("a", 0.9, text=one), _ranked("b", 0.8, text=other)], RANKER, 5)
    assert len(facts) == (1 if folded else 2)


def test_the_best_of_each_fact_come_first_then_the_folded_and_same_as_is_symmetric() -> None:
    ranked = [_ranked("a", 0.95, 0), _ranked("b", 0.9, 2), _ranked("c", 0.8, 90), _ranked("d", 0.7, 1),
              _ranked("e", 0.6, 92)]  # fmt: skip
    citations = cite(choose(ranked, RANKER, 5))
    assert [each.article_id for each in citations] == ["a", "c", "b", "d", "e"]
    assert [each.number for each in citations] == [1, 2, 3, 4, 5]
    assert [each.same_as for each in citations] == [(3, 4), (5,), (1, 4), (1, 3), (2,)]
    by_number = {each.number: each for each in citations}
    assert all(each.number in by_number[other].same_as for each in citations for other in each.same_as)
    first, second = citations[:2]
    assert text_of(citations) == f"{first.quote} [1] [3] [4] {second.quote} [2] [5]"


def test_every_number_in_the_text_is_a_citation_and_every_citation_is_in_the_text() -> None:
    ranked = [_ranked(f"a{n}", 0.9 - n / 100, 40 * (n % 4)) for n in range(9)]
    citations = cite(choose(ranked, RANKER, 3))
    numbers = [int(number) for number in re.findall(r"\[(\d+)\]", text_of(citations))]
    assert sorted(numbers) == sorted(each.number for each in citations) == list(range(1, len(citations) + 1))


def test_no_facts_are_no_citations_and_no_text() -> None:
    assert cite([]) == ()
    assert text_of(()) == ""


@pytest.mark.parametrize(
    "text", ["\ufeff  Команда 𝒜 😀 победила!\r\nДа.", "e\u0301té\r\n\r\nÉte\u0301.", "他说“好！”。"]
)
def test_a_quote_is_its_span_of_the_article(text: str) -> None:
    ranked = _ranked("a", 0.9, text=text)
    made = citation(ranked)
    assert made.quote == text[made.start : made.end] == ranked.hit.sentence.text
    assert made.number == 0
    assert made.same_as == ()


def test_a_citation_carries_the_sentence_it_leans_on_and_what_its_dates_mean() -> None:
    text = "Akimov met reporters.\r\nHe added yesterday that the line was late."
    alone = _ranked("a", 0.9, text=text, published=date(2019, 9, 18))
    leaning = replace(alone, hit=replace(alone.hit, sentence=sentences(alone.hit.article)[1]))
    (made,) = cite([[leaning]])
    assert made.context == Context(0, 21, "Akimov met reporters.")
    (yesterday,) = made.dates
    assert made.quote[yesterday.start : yesterday.end] == "yesterday"
    assert yesterday.first == yesterday.last == date(2019, 9, 17)
    assert (citation(alone).context, citation(alone).dates) == (None, ())


def test_a_citation_carries_what_a_reader_needs() -> None:
    fields = {"url": "https://x.example/Ä b", "source": "Herald", "published": date(2024, 5, 6), "title": "T"}
    made = citation(_ranked("a", 0.123456, **fields))
    assert {name: getattr(made, name) for name in fields} == fields
    assert (made.article_id, made.sentence_id, made.position) == ("a", "a-0", 0)
    assert made.probability == 0.1235
    assert made.language is Language.EN
