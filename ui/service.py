"""The one `ask` behind every door: bounded, measured, logged. What a person is told, a program is told too."""

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from enum import StrEnum
from typing import TypeVar

import structlog

from corpus.types import Article, CitewireError, Rejection
from index.library import Library
from index.stages import measured
from index.types import Filters, Outcome, Status
from qa.pipeline import Answerer
from qa.types import Answer, Turn
from ui.metrics import Metrics

# One question keeps two cores busy (torch shares it out), so that more at a time answer no more, only later.
RUNNING = max(1, (os.cpu_count() or 2) // 2)
WAITING = 16  # fewer than the web server has threads, so that whoever is refused hears it at once
ADDING = 8  # requests that change the library at a time; each waits for the one that writes
PATIENCE = 10.0  # seconds in line
OVERLOADED = "Too much is going on at once; try again in a moment."

Done = TypeVar("Done")

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


class Line:
    """Lets `running` workers work and `waiting` callers stand in line; refuses everyone else.

    The same few threads do all the work, so that what torch and SQLite keep for each thread is kept a few times only.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self._running, self._capacity = running, running + waiting
        self._lock, self._inside = threading.Lock(), 0
        self._workers = ThreadPoolExecutor(running, "citewire")

    @property
    def is_free(self) -> bool:
        """Whether whoever comes now need not wait."""
        return self._inside < self._running

    def run(self, work: Callable[[], Done], patience: float) -> Done:
        """What `work` returns or raises. Raises Overloaded without a free place, or a worker in `patience` seconds."""
        with self._place():
            doing = self._workers.submit(copy_context().run, work)
            wait([doing], patience)
            if doing.cancel():  # which only work that has not begun allows
                raise Overloaded(OVERLOADED)
            return doing.result()

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._lock:
            if self._inside == self._capacity:
                raise Overloaded(OVERLOADED)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1


class Service:
    """Asks one answerer, and changes its library, for every door. Safe to call from many threads."""

    def __init__(self, answerer: Answerer, *, log_questions: bool = False) -> None:
        self.library: Library = answerer.library
        self.metrics = Metrics(answerer.library)
        self._answerer = answerer
        self._log_questions = log_questions
        self._asking = Line(RUNNING, WAITING)
        self._adding = threading.BoundedSemaphore(ADDING)

    def ask(
        self,
        text: str,
        *,
        door: Door,
        filters: Filters = Filters(),
        history: Sequence[Turn] = (),
        limit: int = 5,
    ) -> Answer:
        """`Answerer.ask`, in turn. Raises Overloaded when the line is full or does not move."""

        def work() -> tuple[Answer, dict[str, float]]:
            with measured() as stages:
                return self._answerer.ask(text, filters=filters, history=history, limit=limit), stages

        try:
            answer, stages = self._asking.run(work, PATIENCE)
        except Exception as error:
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

    def preview(self, text: str, *, filters: Filters = Filters(), history: Sequence[Turn] = ()) -> Answer:
        """What `ask` would answer. Nobody has asked yet: it is neither counted nor logged, and whoever asks goes first.

        Raises Overloaded at once when somebody else is being answered.
        """
        if not self._asking.is_free:
            raise Overloaded(OVERLOADED)
        return self._asking.run(lambda: self._answerer.ask(text, filters=filters, history=history), PATIENCE)

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Hold a place among those that change the library. Raises Overloaded: waiting would take up a thread."""
        if not self._adding.acquire(blocking=False):
            raise Overloaded(OVERLOADED)
        try:
            yield
        finally:
            self._adding.release()

    def add(self, items: Iterable[Article | Rejection]) -> Generator[Outcome, None, None]:
        """`Library.add`, what was changed logged."""
        for outcome in self.library.add(items):
            if outcome.status in (Status.ADDED, Status.REPLACED):
                log.info("article", status=str(outcome.status), id=outcome.article_id)
            yield outcome

    def remove(self, article_id: str) -> bool:
        """`Library.remove`, logged. Raises Overloaded."""
        with self.adding():
            removed = self.library.remove(article_id)
        if removed:
            log.info("article", status="removed", id=article_id)
        return removed
