"""Asking: an answer is cited, or it is an abstention with a reason."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from conftest import make_article, make_ranker

from corpus.types import Language
from index.library import Library
from index.types import Filters
from qa.messages import message
from qa.pipeline import Answerer
from qa.types import AbstentionReason, Answer, CitedSentence, QuestionRejected, Turn

AKIMOV = make_article(
    "\ufeffAkimov said the bridge will open in May. He smiled 😀.\r\nRain fell on the old harbour.",
    id="akimov", title="Bridge", source="Herald", published=date(2024, 5, 6),
)  # fmt: skip
RUSSIAN = make_article(
    "Вице-премьер Акимов сообщил новость. Шёл дождь.", id="russian", title="Новость", language=Language.RU
)
Ask = Callable[..., Answer]


@pytest.fixture
def asking(library: Library) -> Answerer:
    """Answers whatever shares at least half of the question's terms, as `coverage` counts them."""
    list(library.add([AKIMOV, RUSSIAN]))
    return Answerer(library, make_ranker(bias=-5.0, coverage_same_language=10.0, coverage_across=10.0))


def _check(answer: Answer, library: Library) -> None:
    """What holds for every answer ever given."""
    assert answer.answered is (answer.abstention is None) is bool(answer.citations) is not bool(not answer.citations)
    assert isinstance(answer.confidence, float)
    assert 0 <= answer.confidence <= 1
    assert [each.number for each in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert all(each.number == 0 for each in answer.nearest)
    for each in (*answer.citations, *answer.nearest):
        article = library.article(each.article_id)
        assert article is not None
        assert each.quote == article.text[each.start : each.end]
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)}
    assert numbers == {each.number for each in answer.citations}
    assert bool(answer.text) is answer.answered
    if answer.answered:
        assert answer.confidence == answer.citations[0].probability
        assert answer.nearest == ()


def test_a_supported_question_is_answered_with_its_sentence(asking: Answerer) -> None:
    answer = asking.ask("When will the bridge open?")
    _check(answer, asking.library)
    assert answer.answered
    assert answer.text == "Akimov said the bridge will open in May. [1]"
    assert answer.citations[0].article_id == "akimov"
    assert (answer.language, answer.question) == (Language.EN, "When will the bridge open?")
    assert answer.searched_articles == 2


def test_a_question_is_answered_from_an_article_in_another_language(asking: Answerer) -> None:
    answer = asking.ask("Акимов?")
    _check(answer, asking.library)
    assert {each.language for each in answer.citations} == {Language.RU, Language.EN}


def test_an_unsupported_question_is_declined_with_the_nearest_passages(asking: Answerer) -> None:
    answer = asking.ask("Who won the volcano race on Saturday in Monza?")
    _check(answer, asking.library)
    assert answer.abstention
    assert answer.abstention.reason is AbstentionReason.NO_SUPPORT
    assert 1 <= len(answer.nearest) <= 3
    assert answer.confidence == answer.nearest[0].probability < 0.5


def test_an_empty_library_says_so(library: Library, asking: Answerer) -> None:
    for article in ("akimov", "russian"):
        library.remove(article)
    answer = asking.ask("Акимов?")
    _check(answer, library)
    assert answer.abstention
    assert answer.abstention.reason is AbstentionReason.NO_ARTICLES
    assert answer.abstention.message == message(AbstentionReason.NO_ARTICLES, Language.RU)
    assert (answer.confidence, answer.nearest, answer.searched_articles) == (0.0, (), 0)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(languages=frozenset({Language.ZH})),
        Filters(sources=frozenset({"Nobody"})),
        Filters(since=date(2030, 1, 1)),
        Filters(since=date(2024, 5, 7), until=date(2024, 5, 5)),
    ],
)
def test_filters_that_leave_nothing_are_the_reason(asking: Answerer, filters: Filters) -> None:
    answer = asking.ask("When will the bridge open?", filters=filters)
    _check(answer, asking.library)
    assert answer.abstention
    assert answer.abstention.reason is AbstentionReason.FILTERED_OUT


def test_filters_hold_for_citations_and_nearest(asking: Answerer) -> None:
    answer = asking.ask("Akimov?", filters=Filters(languages=frozenset({Language.RU})))
    _check(answer, asking.library)
    assert {each.article_id for each in (*answer.citations, *answer.nearest)} == {"russian"}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", AbstentionReason)
def test_every_abstention_has_words_in_every_language(reason: AbstentionReason, language: Language) -> None:
    assert message(reason, language).strip()


def test_the_limit_counts_facts(asking: Answerer) -> None:
    facts = [make_article(f"The volcano erupted near town {n}.", id=f"v{n}", title=f"V{n}") for n in range(4)]
    list(asking.library.add(facts))
    for limit in (1, 2, 3):
        answer = asking.ask("volcano erupted", limit=limit)
        _check(answer, asking.library)
        first = [each for each in answer.citations if all(each.number < other for other in each.same_as)]
        assert len(first) == limit


def test_the_same_news_in_two_articles_is_one_fact(asking: Answerer) -> None:
    list(asking.library.add([make_article(AKIMOV.text, id="copy", title="Bridge")]))
    answer = asking.ask("When will the bridge open?")
    _check(answer, asking.library)
    assert [each.same_as for each in answer.citations] == [(2,), (1,)]
    assert answer.text.endswith("[1] [2]")


def test_a_follow_up_leans_on_the_turn_before(asking: Answerer) -> None:
    turn = Turn("When will the bridge open?", (CitedSentence("akimov", "akimov-0"),))
    alone, following = asking.ask("why?"), asking.ask("why?", history=[turn])
    assert not alone.answered
    assert following.citations[0].article_id == "akimov"
    assert following.question == "why?"


def test_history_may_name_what_is_no_longer_there(asking: Answerer) -> None:
    _check(asking.ask("why?", history=[Turn("", (CitedSentence("gone", "gone-7"),)), Turn("\x00")]), asking.library)


@pytest.mark.parametrize("text", ["", "   ", "x" * 2_001, "我" * 100_000])
def test_what_is_no_question_is_rejected(asking: Answerer, text: str) -> None:
    with pytest.raises(QuestionRejected):
        asking.ask(text)


@pytest.mark.parametrize("text", ["?", "😀", "\x00", "x" * 2_000, "谁" * 2_000, "' OR 1=1; --", "[1] [2]", "\u202e"])
def test_any_other_text_gets_an_answer_or_an_abstention(asking: Answerer, text: str) -> None:
    _check(asking.ask(text), asking.library)


def test_many_threads_may_ask_at_once(asking: Answerer) -> None:
    questions = ["When will the bridge open?", "Акимов?", "volcano", "why?"] * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(asking.ask, questions))
    assert [answer.question for answer in answers] == questions
    assert len({answer.text for answer in answers[::4]}) == 1
    for answer in answers:
        _check(answer, asking.library)


def test_a_removed_article_is_cited_no_more(asking: Answerer) -> None:
    assert asking.ask("When will the bridge open?").answered
    asking.library.remove("akimov")
    answer = asking.ask("When will the bridge open?")
    assert "akimov" not in {each.article_id for each in (*answer.citations, *answer.nearest)}


def test_the_weights_that_come_along_answer_and_decline(answerer: Answerer) -> None:
    list(answerer.library.add([AKIMOV, RUSSIAN]))
    for question in ("When will the bridge open?", "Who won the volcano race?"):
        _check(answerer.ask(question), answerer.library)


def test_a_new_topic_does_not_drag_the_old_one_along(asking: Answerer) -> None:
    """What begins with "and" may go on or begin anew; the old answer, found again, must not decide."""
    told = "Akimov named harbours, stations, bridges, tunnels, markets, schools and theatres."
    ferries = make_article("Ferries leave at noon.", id="ferries", title="Timetable")
    list(asking.library.add([make_article(told, id="named", title="List"), ferries]))
    earlier = "Which harbours, stations, bridges, tunnels, markets, schools and theatres did Akimov name?"
    cited = asking.ask(earlier).citations
    assert cited[0].article_id == "named"
    turn = Turn(earlier, tuple(CitedSentence(each.article_id, each.sentence_id) for each in cited))
    answer = asking.ask("And when do white ferries leave?", history=[turn])
    assert answer.citations[0].article_id == "ferries"
