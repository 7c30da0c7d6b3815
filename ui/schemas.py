"""What goes over the wire: the shapes of the REST contract. `citewire ask --json` prints the same."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from corpus.types import Article, Language, Sentence
from index.types import ArticleSummary, Filters, Status
from qa.types import AbstentionReason, Answer, CitedSentence, Turn

MAX_LIST = 200  # entries in a filter or a history: far above any honest use


def _whole_characters(value: str) -> str:
    """JSON can spell half of a surrogate pair (`\\ud800`): no character, it can be neither stored nor sent."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("contains half of a surrogate pair, which is not a character")
    return value


def _iso_day(value: object) -> object:
    """Pydantic alone reads 20190901 as seconds since 1970."""
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return value
    raise ValueError("must be a date such as 2019-09-30")


def _marks(value: object) -> object:
    return {"start": value[0], "end": value[1]} if isinstance(value, tuple) else value


Text = Annotated[str, AfterValidator(_whole_characters)]
Day = Annotated[date, BeforeValidator(_iso_day), WithJsonSchema({"type": "string", "format": "date"})]
Limit = Annotated[int, Field(strict=True, ge=1, le=20, description="At most this many facts.")]


class AskFilters(BaseModel):
    """Which articles may answer; a field that is absent, null or empty means all."""

    languages: Annotated[list[Language], Field(max_length=MAX_LIST)] | None = None
    sources: Annotated[list[Text], Field(max_length=MAX_LIST)] | None = None
    since: Day | None = Field(None, description="Published on this day or later; undated articles fail it.")
    until: Day | None = Field(None, description="Published on this day or earlier; undated articles fail it.")

    def to_filters(self) -> Filters:
        return Filters(frozenset(self.languages or ()), frozenset(self.sources or ()), self.since, self.until)


class AskCited(BaseModel):
    """A citation of an earlier answer; its other fields may be sent along and are ignored."""

    article_id: Text
    sentence_id: Text


class AskTurn(BaseModel):
    """An earlier question and what its answer cited."""

    question: Text
    citations: Annotated[list[AskCited], Field(max_length=MAX_LIST)] | None = None

    def to_turn(self) -> Turn:
        cited = (CitedSentence(c.article_id, c.sentence_id) for c in self.citations or ())
        return Turn(self.question, tuple(cited))


class AskRequest(BaseModel):
    """A question, in English, Russian or Chinese; only `question` is required, unknown keys are ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "What did Akimov announce?"},
                {
                    "question": "И что он сказал о ГЛОНАСС?",
                    "limit": 3,
                    "filters": {"languages": ["en", "ru"], "since": "2019-09-01"},
                    "history": [
                        {
                            "question": "What did Akimov announce?",
                            "citations": [{"article_id": "3f1c", "sentence_id": "3f1c-4"}],
                        }
                    ],
                },
            ]
        }
    )

    question: Text
    limit: Limit = 5
    filters: AskFilters | None = None
    history: Annotated[list[AskTurn], Field(max_length=MAX_LIST)] | None = Field(
        None, description="Earlier turns, oldest first: what a follow-up question refers to."
    )

    def to_filters(self) -> Filters:
        return self.filters.to_filters() if self.filters else Filters()

    def to_history(self) -> list[Turn]:
        return [turn.to_turn() for turn in self.history or ()]


class Reply(BaseModel):
    """Replies are read from the dataclasses of the rooms by attribute."""

    model_config = ConfigDict(from_attributes=True)


class SpanReply(Reply):
    start: int
    end: int


class ContextReply(SpanReply):
    text: str


class DateReply(SpanReply):
    """Days that a part of the quote names by the day of the article: "yesterday", "last week"."""

    model_config = ConfigDict(serialize_by_alias=True)

    first: date = Field(validation_alias=AliasChoices("first", "from"), serialization_alias="from")
    last: date = Field(validation_alias=AliasChoices("last", "until"), serialization_alias="until")


class NumberReply(Reply):
    number: int = Field(description="The [n] that marks this citation in `text`.")


class PassageReply(Reply):
    """A sentence quoted word for word: `article.text[start:end] == quote`, in Unicode code points."""

    article_id: str
    sentence_id: str
    title: str
    source: str
    url: str
    published: date | None
    language: Language = Field(description="The language of the article.")
    quote: str
    start: int
    end: int
    probability: float
    span: Annotated[SpanReply | None, BeforeValidator(_marks)] = Field(
        description="The exact answer inside `quote`, when one was found."
    )
    same_as: list[int] = Field(description="Numbers of the citations that state the same fact.")
    context: ContextReply | None = Field(
        None, description="An earlier sentence of the article that the quote is not understood without."
    )
    dates: list[DateReply] = Field([], description="What the relative dates in `quote` mean; offsets are inside it.")


class CitationReply(PassageReply, NumberReply):
    """A numbered passage."""


class AbstentionReply(Reply):
    reason: AbstentionReason
    message: str = Field(description="In the language of the question.")


class AnswerReply(Reply):
    """Cited sentences, or an abstention with the nearest passages, which do not answer."""

    question: str
    language: Language = Field(description="The language of the question.")
    answered: bool
    confidence: float = Field(description="The probability that the library supports an answer.")
    text: str
    citations: list[CitationReply]
    abstention: AbstentionReply | None
    nearest: list[PassageReply]
    took_ms: Annotated[float, AfterValidator(lambda took: round(took, 1))]


class ArticleHead(Reply):
    id: str
    url: str
    title: str
    title_derived: bool = Field(description="True when the title was taken from the text.")
    source: str
    section: str
    language: Language
    published: date | None
    authors: list[str]


class ArticleSummaryReply(ArticleHead):
    sentences: int = Field(description="How many there are.")


class ArticlesReply(Reply):
    total: int = Field(description="How many articles match, on this page or not.")
    articles: list[ArticleSummaryReply]


class SentenceReply(Reply):
    id: str
    position: int
    start: int
    end: int
    text: str


class ArticleReply(ArticleHead):
    """An article with its text; `text[s.start:s.end] == s.text` for each sentence, in code points."""

    text: str
    sentences: list[SentenceReply]

    @classmethod
    def of(cls, article: Article, sentences: Sequence[Sentence]) -> Self:
        head = ArticleHead.model_validate(article).model_dump()
        spans = [SentenceReply.model_validate(sentence) for sentence in sentences]
        return cls(**head, text=article.text, sentences=spans)


class AddedReply(Reply):
    id: str
    status: Status


class HealthReply(Reply):
    status: str = "ok"
    articles: int


def articles_json(total: int, page: Sequence[ArticleSummary]) -> dict[str, Any]:
    """Articles as `GET /v1/articles` shows them."""
    return articles_reply(total, page).model_dump(mode="json")


def articles_reply(total: int, page: Sequence[ArticleSummary]) -> ArticlesReply:
    return ArticlesReply(total=total, articles=[ArticleSummaryReply.model_validate(one) for one in page])


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the REST contract shows it."""
    return AnswerReply.model_validate(answer).model_dump(mode="json")
