"""A question, and the answer to it: citations, or a reason to abstain."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from corpus.types import CitewireError, Language


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence that an earlier answer cited."""

    article_id: str
    sentence_id: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation, with what its answer cited."""

    question: str
    citations: tuple[CitedSentence, ...] = ()


class Kind(StrEnum):
    """What kind of answer a question wants."""

    SAID = "said"
    NUMBER = "number"
    WHEN = "when"
    WHO = "who"
    WHERE = "where"
    WHY = "why"
    WHICH = "which"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it was asked, and as it is searched for: `search_text` borrows from the turns it leans on.

    `leans_on` holds those earlier turns, oldest first; empty for a question that stands alone. `is_open` tells that it
    asks for anything that a person said ("What did Akimov announce?"), not for their words about something; `speaker`
    is whose words it asks for, as it names them, and empty when nobody's.
    """

    text: str
    language: Language
    kind: Kind
    search_text: str
    leans_on: tuple[Turn, ...] = ()
    is_open: bool = False
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class ResolvedDate:
    """Days that `quote[start:end]` names by the day of its article, such as "last week": from `first` to `last`."""

    start: int
    end: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Context:
    """An earlier sentence without which a quote is not understood: `article.text[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence quoted word for word: `article.text[start:end] == quote`.

    `number` is 0 for a nearest passage of an abstention; `span` marks the exact answer inside `quote` when a
    reader has found one; `same_as` holds the numbers of citations that state the same fact.
    """

    number: int
    article_id: str
    sentence_id: str
    position: int
    title: str
    source: str
    url: str
    published: date | None
    language: Language
    quote: str
    start: int
    end: int
    probability: float
    span: tuple[int, int] | None = None
    same_as: tuple[int, ...] = ()
    context: Context | None = None
    dates: tuple[ResolvedDate, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether it is the best of those that state its fact."""
        return all(self.number < other for other in self.same_as)

    @property
    def marks(self) -> str:
        """The numbers of all that state its fact, its own first: `[1] [4]`."""
        return " ".join(f"[{number}]" for number in (self.number, *self.same_as))


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a citation's number stands in the text of an answer: `text[start:end] == f"[{number}]"`."""

    number: int
    start: int
    end: int


class AbstentionReason(StrEnum):
    """Why there is no answer."""

    NO_ARTICLES = "no_articles"
    FILTERED_OUT = "filtered_out"
    NO_SUPPORT = "no_support"


@dataclass(frozen=True, slots=True)
class Abstention:
    """No answer: the reason, and a message in the question's language."""

    reason: AbstentionReason
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Citations, or an abstention with the nearest passages; `confidence` is the best candidate's probability."""

    question: str
    language: Language
    text: str
    citations: tuple[Citation, ...]
    confidence: float
    abstention: Abstention | None
    nearest: tuple[Citation, ...]
    searched_articles: int
    took_ms: float

    @property
    def answered(self) -> bool:
        return self.abstention is None


class QuestionRejected(CitewireError):
    """The question is empty or too long to be one."""
