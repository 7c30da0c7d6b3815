"""What is asked and answered in one conversation of the chat. No Gradio here, and nothing that a browser sent back."""

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import takewhile
from typing import Any

from corpus.types import CitewireError, Language
from index.types import Filters, LibraryBusy
from qa.followups import follow_ups
from qa.question import MAX_LENGTH
from qa.types import Answer, CitedSentence, QuestionRejected, Turn
from ui import render
from ui.service import Door, Overloaded, Service
from ui.words import Words, words

UNFILTERED = "unfiltered"  # the value of the option to search again without filters
MOST = 50  # exchanges that are kept, here and in the browser
REMEMBERED = 20  # turns that a follow-up may borrow from

log = logging.getLogger(__name__)

Message = dict[str, Any]  # as Gradio's Chatbot takes them


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters as they were chosen on the page: languages, sources, and the ISO dates `since` and `until`."""

    languages: Sequence[str] = ()
    sources: Sequence[str] = ()
    dates: Mapping[str, str] | None = None

    @property
    def active(self) -> int:
        """How many filters are set."""
        dates = self.dates or {}
        return sum(map(bool, (self.languages, self.sources, dates.get("since"), dates.get("until"))))

    def filters(self) -> Filters:
        """ValueError where a choice cannot be meant."""
        return Filters(
            languages=frozenset(map(Language, self.languages)),
            sources=frozenset(self.sources),
            since=self._day("since"),
            until=self._day("until"),
        )

    def _day(self, name: str) -> date | None:
        day = (self.dates or {}).get(name)
        return date.fromisoformat(day) if day else None


class Feedback(StrEnum):
    """What a reader thinks of an answer. It stays in their browser."""

    LIKED = "liked"
    DISLIKED = "disliked"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it: an answer, or one line that says what went wrong; neither while it is awaited."""

    question: str
    filters: Filters = Filters()
    answer: Answer | None = None
    problem: str = ""
    feedback: Feedback | None = None

    @property
    def is_awaited(self) -> bool:
        return self.answer is None and not self.problem

    @property
    def turn(self) -> Turn | None:
        """What a follow-up may lean on."""
        if self.answer is None:
            return None
        cited = (CitedSentence(each.article_id, each.sentence_id) for each in self.answer.citations)
        return Turn(self.question, tuple(cited))


class Conversation:
    """The exchanges of one reader's session, oldest first.

    Changed in place, by steps that list and deque take at once: a question may be asked, edited or forgotten while the
    one before it is being answered.
    """

    def __init__(self, exchanges: Iterable[Exchange] = ()) -> None:
        self.exchanges = list(exchanges)
        self._asked: deque[tuple[Exchange, Choice]] = deque(maxlen=MOST)

    def ask(self, question: str, choice: Choice) -> None:
        """Add a question that `answer` will answer; the oldest give way."""
        awaited = Exchange(question[: MAX_LENGTH + 1])  # one too many is still refused
        self.exchanges.append(awaited)
        del self.exchanges[:-MOST]
        self._asked.append((awaited, choice))

    def answer(self, service: Service, page: Words) -> bool:
        """Answer what was asked, and nobody else is answering; False when there is nothing."""
        worked = False
        while self._asked:
            with suppress(IndexError):  # somebody else took it
                awaited, choice = self._asked.popleft()
                before = self._before(awaited)
                self._settle(awaited, exchange(service, awaited.question, before, choice, page))
                worked = True
        return worked

    def _before(self, exchange: Exchange) -> list[Exchange]:
        return list(takewhile(lambda each: each is not exchange, self.exchanges))

    def forget_from(self, place: int) -> None:
        """Drop the exchange at `place` and all after it."""
        del self.exchanges[place:]

    def judge(self, at: object, feedback: object) -> None:
        """Keep a reader's `feedback` on the answer `at`, counted from the end (-1); given twice, it is taken back."""
        answered = [each for each in self.exchanges if each.answer]
        if isinstance(at, int) and -len(answered) <= at < 0 and isinstance(feedback, str) and feedback in set(Feedback):
            each = answered[at]
            given = None if each.feedback == feedback else Feedback(feedback)
            self._settle(each, replace(each, feedback=given))

    def _settle(self, former: Exchange, now: Exchange) -> None:
        """Put one exchange in the place of another, if it is still there."""
        place = next((place for place, each in enumerate(self.exchanges) if each is former), None)
        if place is not None:
            self.exchanges[place : place + 1] = [now]


@dataclass(frozen=True, slots=True)
class Proposals:
    """Questions that lead on from `answer`."""

    answer: Answer
    questions: tuple[str, ...]


def exchange(service: Service, question: str, before: Sequence[Exchange], choice: Choice, page: Words) -> Exchange:
    """Ask; whatever goes wrong is said in one line."""
    try:
        filters = choice.filters()
        answer = service.ask(question, door=Door.CHAT, filters=filters, history=history_of(before))
    except Exception as error:
        return Exchange(question, problem=trouble(error, page))
    return Exchange(question, filters, answer)


def history_of(exchanges: Sequence[Exchange]) -> list[Turn]:
    return [each.turn for each in exchanges if each.turn][-REMEMBERED:]


def proposals(service: Service, exchanges: Sequence[Exchange]) -> Proposals | None:
    """What may be asked next; nothing when someone else is being answered, which comes first."""
    last = exchanges[-1] if exchanges else None
    if last is None or last.answer is None:
        return None

    def preview(question: str, history: Sequence[Turn]) -> Answer:
        return service.preview(question, filters=last.filters, history=history)

    try:
        questions = follow_ups(preview, service.library.sentences, last.answer, history_of(exchanges))
    except CitewireError:
        return None
    return Proposals(last.answer, questions)


def messages(exchanges: Sequence[Exchange], page: Words, questions: Sequence[str] = ()) -> list[Message]:
    """The conversation as the Chatbot shows it; `questions` are offered after its last answer."""
    shown: list[Message] = []
    for each in exchanges:
        shown.append({"role": "user", "content": render.question(each.question)})
        shown.append({"role": "assistant", "content": _reply(each, page), "options": _options(each)})
    if shown and not shown[-1]["options"]:
        shown[-1]["options"] = [{"value": question, "label": question} for question in questions]
    return shown


def _reply(each: Exchange, page: Words) -> str:
    if each.answer:
        return render.answer(each.answer, each.filters)
    return render.problem(each.problem) if each.problem else render.waiting(page.say("waiting"))


def trouble(error: Exception, page: Words) -> str:
    """What went wrong, in one line and in the language of the page."""
    match error:
        case QuestionRejected():
            return page.say("rejected", limit=MAX_LENGTH)
        case LibraryBusy() | Overloaded():
            return page.say("busy")
        case ValueError():
            return page.say("bad_filters")
        case CitewireError():
            return f"{page.say('failed')} ({error})"
    log.error("a question failed", exc_info=error)
    return page.say("failed")


def _options(each: Exchange) -> list[dict[str, str]]:
    if each.answer is None or each.answer.answered or not each.filters:
        return []
    return [{"value": UNFILTERED, "label": words(each.answer.language).say("unfiltered")}]
