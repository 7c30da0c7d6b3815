"""What a browser keeps and what an address asks: read back whole, or, when tampered with, not at all."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from corpus.types import Language
from index.types import Filters
from qa.question import MAX_LENGTH
from qa.types import Abstention, AbstentionReason, Answer, Citation, Context, ResolvedDate
from ui import links, render
from ui.conversation import Exchange, Feedback
from ui.kept import MOST, MOST_BYTES, keepable, restored

CITED = Citation(
    1, "a", "a-1", 1, "T", "S", "https://s.example", date(2019, 9, 1), Language.RU, "Да 😀.", 3, 8, 0.9, (0, 2), (2,),
    Context(0, 2, "Ну"), (ResolvedDate(0, 2, date(2019, 8, 31), date(2019, 9, 1)),),
)  # fmt: skip
ANSWER = Answer("Да?", Language.RU, "Да 😀. [1]", (CITED,), 0.9, None, (), 3, 1.5)
NEAREST = Citation(0, "a", "a-1", 1, "T", "", "", None, Language.EN, "No.", 0, 3, 0.1)
NONE = Answer("Who?", Language.EN, "", (), 0.1, Abstention(AbstentionReason.NO_SUPPORT, "None."), (NEAREST,), 3, 1.5)
TOLD = [
    Exchange("Да?", Filters(frozenset([Language.RU]), frozenset(["S"]), date(2019, 9, 1)), ANSWER),
    Exchange("Who?", answer=NONE, feedback=Feedback.DISLIKED),
]


def stored(exchanges: list[Exchange]) -> list[Any]:
    return [shown for _, shown in keepable(exchanges)]


def test_a_conversation_comes_back_as_it_was() -> None:
    assert restored(json.dumps(stored(TOLD))) == tuple(TOLD)


def test_what_is_kept_is_the_rest_answer_and_more() -> None:
    (first, second) = stored(TOLD)
    assert first["filters"] == {"languages": ["ru"], "sources": ["S"], "since": "2019-09-01", "until": None}
    assert first["answer"]["citations"][0]["span"] == {"start": 0, "end": 2}
    assert first["answer"]["citations"][0]["position"] == 1
    assert first["answer"]["searched_articles"] == 3
    assert "number" not in second["answer"]["nearest"][0]
    assert second["feedback"] == "disliked"


def test_what_was_kept_before_there_were_dates_is_read() -> None:
    data = stored(TOLD)
    for cited in (data[0]["answer"]["citations"][0], data[1]["answer"]["nearest"][0]):
        del cited["context"], cited["dates"]
    (first, _) = restored(json.dumps(data))
    assert first.answer is not None
    assert first.answer.citations == (replace(CITED, context=None, dates=()),)


def test_only_answers_are_kept_and_only_the_last_of_many() -> None:
    assert stored([Exchange("Hm?", problem="no"), Exchange("Hm?")]) == []
    many = [Exchange(f"{number}?", answer=ANSWER) for number in range(MOST + 5)]
    assert [each["question"] for each in stored(many)] == [f"{number}?" for number in range(5, MOST + 5)]
    long = Answer("Long?", Language.EN, "字" * (MOST_BYTES // 7), (CITED,), 0.9, None, (), 3, 1.5)
    assert len(stored([Exchange("Long?", answer=long)] * 5)) == 2
    assert restored(json.dumps(stored([Exchange("Long?", answer=long)] * 5), ensure_ascii=False))


def tampered(*path: Any, value: Any) -> str:
    """The conversation with one value put in another's place."""
    data: Any = stored(TOLD)
    *parents, last = path
    place = data
    for key in parents:
        place = place[key]
    place[last] = value
    return json.dumps(data)


CITATION = (0, "answer", "citations", 0)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        "",
        "null",
        "{}",
        "[1]",
        "[{}]",
        "[" * 100_000,
        '[{"question": "' + "x" * 10_000,
        json.dumps(stored(TOLD) * MOST),
        tampered(0, "question", value=""),
        tampered(0, "question", value="x" * (MAX_LENGTH + 1)),
        tampered(0, "question", value="\ud800"),
        tampered(0, "feedback", value="loved"),
        tampered(0, "filters", "languages", value=["xx"]),
        tampered(0, "filters", "since", value=20190901),
        tampered(0, "answer", value=None),
        tampered(0, "answer", "language", value="<b>"),
        tampered(0, "answer", "answered", value=False),
        tampered(0, "answer", "citations", value=[]),
        tampered(0, "answer", "citations", value=stored(TOLD)[0]["answer"]["citations"] * 2),
        tampered(0, "answer", "abstention", value={"reason": "no_support", "message": ""}),
        tampered(0, "answer", "confidence", value=float("nan")),
        tampered(0, "answer", "took_ms", value=float("inf")),
        tampered(1, "answer", "abstention", "reason", value="because"),
        tampered(*CITATION, "position", value=-1),
        "[1e9999]",
        json.dumps(stored(TOLD)).replace('"position": 1', '"position": 1' + "0" * 5000),
        tampered(*CITATION, "number", value="<script>"),
        tampered(*CITATION, "span", value={"start": 2, "end": 99}),
        tampered(*CITATION, "context", value={"start": 0, "end": 2, "text": 7}),
        tampered(*CITATION, "dates", 0, "end", value=99),
        tampered(*CITATION, "dates", 0, "from", value="yesterday"),
        tampered(*CITATION, "title", value="\udfff"),
        tampered(*CITATION, "same_as", value="1"),
        tampered(*CITATION, "published", value="yesterday"),
    ],
)
def test_whatever_else_was_stored_is_an_empty_conversation(kept: object) -> None:
    assert restored(kept) == ()


def test_what_was_stored_is_never_html() -> None:
    hostile = "</p><script>alert(1)</script>"
    for field in ("title", "source", "quote", "article_id", "url"):
        (first, _) = restored(tampered(*CITATION, field, value=hostile))
        assert first.answer
        html = render.answer(first.answer, first.filters)
        assert "<script" not in html
        assert 'href="&#47;article&#47;' in html


# --- addresses


def test_a_link_asks_the_same_question_with_the_same_filters() -> None:
    filters = Filters(
        frozenset([Language.RU, Language.ZH]), frozenset(["A & B", "#?="]), date(2019, 9, 1), date(2020, 1, 2)
    )
    address = links.address("Что «это» & почему + 2?", filters)
    link = links.parse(address.removeprefix("/"), {"A & B", "#?=", "C"})
    assert link == links.Link("Что «это» & почему + 2?", filters)


@pytest.mark.parametrize("query", [None, 3, "", "?", "?q=", "?q=%20", "?" + "q=x&" * 1000, "?q=" + "x" * 2001])
def test_an_address_without_a_question_asks_none(query: object) -> None:
    assert links.parse(query, ()) == links.Link()


def test_what_cannot_be_meant_in_an_address_is_ignored() -> None:
    query = "?q=Why&language=xx&language=ru&source=No&source=Yes&since=yesterday&until=2019-13-01&lang=fr&embed"
    assert links.parse(query, ["Yes"]) == links.Link("Why", Filters(frozenset([Language.RU]), frozenset(["Yes"])))
    assert links.parse("?lang=zh", ()).page is Language.ZH
    assert links.parse("?q=%ff%fe", ()).question
