"""Citewire by its own doors: `Library.add`, then `Library.search` alone, or `Answerer.ask` with the reader off or on.

It is given articles rather than sentences: that it splits them, and keeps them on disk with a full-text index, is
part of what is timed.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from peer import TOP, Task, run

from corpus.readers import read
from corpus.sentences import sentences
from corpus.types import Document
from index.library import Library
from qa.pipeline import Answerer
from qa.question import understand
from qa.readers import open_reader


class Citewire:
    """`door` is "search", or the reader with which to ask."""

    def __init__(self, task: Task, library: Library, door: str) -> None:
        self.library = library
        self.articles = [
            read(Document("peers", json.dumps(article).encode(), "application/json")) for article in task.articles
        ]
        ids = [sentence.id for article in self.articles for sentence in sentences(article)]
        self.numbers = {sentence_id: number for number, sentence_id in enumerate(ids)}
        assert len(self.numbers) == len(task.sentences), "not the sentences of the task"
        self.answerer = None if door == "search" else Answerer(library, reader=open_reader(door, library.encoder))
        (self.answerer or self.library).warm()

    def index(self) -> None:
        for _outcome in self.library.add(self.articles):
            pass

    def search(self, question: str) -> list[int]:
        return [self.numbers[sentence_id] for sentence_id in self.found(question)]

    def found(self, question: str) -> Sequence[str]:
        """The ids of the sentences cited or, when Citewire abstains, of the nearest that it shows instead."""
        if self.answerer:
            answer = self.answerer.ask(question, limit=TOP)
            return [citation.sentence_id for citation in answer.citations or answer.nearest]
        understood = understand(question)
        hits = self.library.search(understood.search_text, understood.language)
        return [hit.sentence.id for hit in hits[:TOP]]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        run(lambda task: Citewire(task, library, sys.argv[1]))
