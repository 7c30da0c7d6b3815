"""What every peer's script does: read a task, index its sentences, answer its questions one by one, print figures.

The task is JSON on standard input, `{"model", "articles", "questions"}`: a folder that sentence-transformers loads,
articles as `citewire add` reads them, each with its sentences as `[start, end)` in `text`, and questions as strings.
The figures are JSON on the last line of standard output, `{"index", "questions", "hits"}`: the seconds that indexing
took, the seconds of each question, and the numbers of the sentences found for each, best first. Loading the model is
not counted, nor is one question before the others. Only the standard library is needed here.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

TOP = 5  # sentences to find for a question
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task:
    model: str
    articles: list[dict[str, Any]]
    questions: list[str]

    @property
    def sentences(self) -> list[str]:
        """All sentences, article after article; a sentence's number is its place here."""
        return [article["text"][start:end] for article in self.articles for start, end in article["sentences"]]


class Peer(Protocol):
    """Made from a task, its model loaded and used once."""

    def index(self) -> None:
        """Make the task's sentences searchable."""

    def search(self, question: str) -> list[int]:
        """The numbers of the TOP sentences nearest to a question, best first; fewer where fewer are found."""


def run(make: Callable[[Task], Peer]) -> None:
    task = Task(**json.load(sys.stdin))
    peer = make(task)
    index, _ = timed(peer.index)
    peer.search(task.questions[-1])
    asked = [timed(lambda each=question: peer.search(each)) for question in task.questions]
    questions, hits = zip(*asked, strict=True)
    print()
    print(json.dumps({"index": index, "questions": questions, "hits": hits}))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
