"""A conversation as JSON, for the browser to keep over a reload. What comes back is checked, never trusted."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from corpus.types import Language
from index.types import Filters
from qa.question import MAX_LENGTH
from qa.types import Abstention, Answer, Citation, Context, ResolvedDate
from ui.conversation import MOST, Exchange, Feedback
from ui.schemas import AbstentionReply, AskFilters, PassageReply, Reply, Text

MOST_BYTES = 400_000  # of all exchanges: the guard refuses a request of a million
_MOST_CITED = 200
_MADE = ("number", "span", "same_as", "context", "dates")  # made anew from what was kept, the rest is taken as it is

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class KeptPassage(PassageReply):
    """A passage of the REST answer, with the sentence's place in its article."""

    position: Count
    probability: Share
    start: Count
    end: Count

    @model_validator(mode="after")
    def _spans_inside(self) -> Self:
        spans = [*self.dates, *([self.span] if self.span else [])]
        if not all(0 <= span.start <= span.end <= len(self.quote) for span in spans):
            raise ValueError("a span is not inside the quote")
        return self

    def to_citation(self, number: int = 0) -> Citation:
        plain = {name: value for name, value in self if name not in _MADE}
        return Citation(
            number=number,
            span=(self.span.start, self.span.end) if self.span else None,
            same_as=tuple(self.same_as),
            context=Context(**dict(self.context)) if self.context else None,
            dates=tuple(ResolvedDate(**dict(each)) for each in self.dates),
            **plain,
        )


class KeptCitation(KeptPassage):
    number: Count


class KeptAnswer(Reply):
    """The REST answer, with what the chat shows beside."""

    question: Text
    language: Language
    answered: bool
    confidence: Share
    text: Text
    citations: Annotated[list[KeptCitation], Field(max_length=_MOST_CITED)]
    abstention: AbstentionReply | None
    nearest: Annotated[list[KeptPassage], Field(max_length=_MOST_CITED)]
    searched_articles: Count
    took_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        numbers = [citation.number for citation in self.citations]
        if len(numbers) != len(set(numbers)) or not self.answered == bool(numbers) == (self.abstention is None):
            raise ValueError("neither an answer nor an abstention")
        return self

    def to_answer(self) -> Answer:
        why = self.abstention
        return Answer(
            question=self.question,
            language=self.language,
            text=self.text,
            citations=tuple(each.to_citation(each.number) for each in self.citations),
            confidence=self.confidence,
            abstention=Abstention(why.reason, why.message) if why else None,
            nearest=tuple(each.to_citation() for each in self.nearest),
            searched_articles=self.searched_articles,
            took_ms=self.took_ms,
        )


class KeptExchange(BaseModel):
    """One question and its answer."""

    model_config = ConfigDict(from_attributes=True)

    question: Annotated[Text, Field(min_length=1, max_length=MAX_LENGTH)]
    filters: AskFilters
    answer: KeptAnswer
    feedback: Feedback | None = None

    def to_exchange(self) -> Exchange:
        return Exchange(self.question, self.filters.to_filters(), self.answer.to_answer(), feedback=self.feedback)


_EXCHANGES: TypeAdapter[list[KeptExchange]] = TypeAdapter(Annotated[list[KeptExchange], Field(max_length=MOST)])


def keepable(exchanges: Sequence[Exchange]) -> list[tuple[Exchange, dict[str, Any]]]:
    """The last exchanges that came to an answer, each as JSON; as many as a browser is asked to keep."""
    kept: list[tuple[Exchange, dict[str, Any]]] = []
    room = MOST_BYTES
    for exchange in reversed([each for each in exchanges if each.answer][-MOST:]):
        shown = _as_json(exchange)
        room -= len(json.dumps(shown, ensure_ascii=False).encode())
        if room < 0:
            break
        kept.append((exchange, shown))
    return kept[::-1]


def restored(stored: object) -> tuple[Exchange, ...]:
    """The conversation in `stored`, JSON that a browser kept; an empty one when anything about it is not as it was."""
    if not isinstance(stored, str):
        return ()
    try:
        _whole(stored)
        return tuple(kept.to_exchange() for kept in _EXCHANGES.validate_json(stored))
    except (ValueError, RecursionError):
        return ()


def _whole(stored: str) -> None:
    """Half a surrogate pair, written out or as `\\ud800`, could not be sent back. Raises ValueError."""
    json.dumps(json.loads(stored), ensure_ascii=False).encode()


def _as_json(exchange: Exchange) -> dict[str, Any]:
    return {
        "question": exchange.question,
        "filters": _filters_json(exchange.filters),
        "answer": KeptAnswer.model_validate(exchange.answer).model_dump(mode="json"),
        "feedback": exchange.feedback,
    }


def _filters_json(filters: Filters) -> dict[str, Any]:
    return {
        "languages": sorted(filters.languages),
        "sources": sorted(filters.sources),
        "since": filters.since.isoformat() if filters.since else None,
        "until": filters.until.isoformat() if filters.until else None,
    }
