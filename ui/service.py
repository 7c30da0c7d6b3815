"""The one `ask` behind every door: bounded, measured, logged. What a person is told, a program is told too."""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

import structlog

from corpus.types import Article, CitewireError, Rejection
from index.library import Library
from index.stages import measured
from index.types import Filters, Outcome
from qa.pipeline import Answerer
from qa.types import Answer, QuestionRejected, Turn
from ui.metrics import Metrics

# One question keeps two cores busy (torch shares it out), so that more at a time answer no more, only later.
RUNNING = max(1, (os.cpu_count() or 2) // 2)
WAITING = 16  # fewer than the web server has threads, so that whoever is refused hears it at once
PATIENCE = 10.0  # seconds in line

log = structlog.get_logger("citewire")


class Door(StrEnum):
    """Where a question came in."""

    CHAT = "chat"
    REST = "rest"
    OPENAI = "openai"
    GRADIO = "gradio"
    MCP = "mcp"


class Overloaded(CitewireError):
    """More is being asked than can be answered soon."""


class Slots:
    """Lets `running` threads work and `waiting` more stand in line; refuses everyone else."""

    def __init__(self, running: int, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(running + waiting)
        self._turns = threading.BoundedSemaphore(running)

    @contextmanager
    def taken(self, patience: float = PATIENCE) -> Iterator[None]:
        """Waits at most `patience` seconds for its turn. Raises Overloaded."""
        with _held(self._places, 0), _held(self._turns, patience):
            yield


class Service:
    """Asks one answerer, and changes its library, for every door. Safe to call from many threads."""

    def __init__(self, answerer: Answerer, *, log_questions: bool = False) -> None:
        self.library: Library = answerer.library
        self.metrics = Metrics(answerer.library)
        self._answerer = answerer
        self._log_questions = log_questions
        self._asking = Slots(RUNNING, WAITING)
        self._adding = Slots(running=4, waiting=4)

    def ask(
        self,
        text: str,
        *,
        door: Door,
        filters: Filters = Filters(),
        history: Sequence[Turn] = (),
        limit: int = 5,
        patience: float = PATIENCE,
    ) -> Answer:
        """`Answerer.ask`, in turn. Raises Overloaded when the line is full or does not move for `patience` seconds."""
        try:
            with self._asking.taken(patience), measured() as stages:
                answer = self._answerer.ask(text, filters=filters, history=history, limit=limit)
        except (Overloaded, QuestionRejected) as error:
            self.metrics.refused(door, error)
            raise
        self.metrics.answered(door, answer, stages)
        asked = {"question": answer.question} if self._log_questions else {}
        log.info(
            "question",
            door=str(door),
            language=str(answer.language),
            answered=answer.answered,
            citations=len(answer.citations),
            took_ms=answer.took_ms,
            **asked,
        )
        return answer

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Hold a place among those that fetch, read and add articles. Raises Overloaded."""
        with self._adding.taken():
            yield

    def add(self, items: Iterable[Article | Rejection]) -> Iterator[Outcome]:
        """`Library.add`, each outcome logged."""
        for outcome in self.library.add(items):
            log.info("article", status=str(outcome.status), id=outcome.article_id, reason=outcome.reason)
            yield outcome

    def remove(self, article_id: str) -> bool:
        """`Library.remove`, logged."""
        removed = self.library.remove(article_id)
        log.info("article", status="removed" if removed else "missing", id=article_id)
        return removed


@contextmanager
def _held(semaphore: threading.BoundedSemaphore, patience: float) -> Iterator[None]:
    if not semaphore.acquire(timeout=patience):
        raise Overloaded("Too many questions at once; ask again in a moment.")
    try:
        yield
    finally:
        semaphore.release()
