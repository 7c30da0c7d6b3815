"""What is asked and answered in one conversation of the chat. No Gradio here, and nothing that a browser sent back."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from corpus.types import CitewireError, Language
from index.types import Filters, LibraryBusy
from qa.question import MAX_LENGTH
from qa.types import Answer, CitedSentence, QuestionRejected, Turn
from ui import render
from ui.service import Door, Overloaded, Service
from ui.words import Words, words

UNFILTERED = "unfiltered"  # the value of the option to search again without filters
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


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what was said to it, as HTML; `turn` is None where it went wrong."""

    question: str
    reply: str
    turn: Turn | None = None
    options: tuple[tuple[str, str], ...] = ()  # (value, label) of what may be clicked next


def exchange(service: Service, question: str, before: Sequence[Exchange], choice: Choice, page: Words) -> Exchange:
    """Ask; whatever goes wrong is said in one line."""
    history = [each.turn for each in before if each.turn][-REMEMBERED:]
    try:
        filters = choice.filters()
        answer = service.ask(question, door=Door.CHAT, filters=filters, history=history)
    except Exception as error:
        return Exchange(question, render.problem(trouble(error, page)))
    cited = tuple(CitedSentence(each.article_id, each.sentence_id) for each in answer.citations)
    return Exchange(question, render.answer(answer, filters), Turn(question, cited), _options(answer, filters))


def messages(exchanges: Sequence[Exchange]) -> list[Message]:
    """The conversation as the Chatbot shows it."""
    shown: list[Message] = []
    for each in exchanges:
        options = [{"value": value, "label": label} for value, label in each.options]
        shown.append({"role": "user", "content": render.question(each.question)})
        shown.append({"role": "assistant", "content": each.reply, "options": options})
    return shown


def waiting(question: str, page: Words) -> Exchange:
    """A question that is being looked for."""
    return Exchange(question, render.waiting(page.say("waiting")))


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


def _options(answer: Answer, filters: Filters) -> tuple[tuple[str, str], ...]:
    if answer.answered or not filters:
        return ()
    return ((UNFILTERED, words(answer.language).say("unfiltered")),)
