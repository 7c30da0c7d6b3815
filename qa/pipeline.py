"""Ask a library a question: search, rank, read, answer."""

import time
from collections.abc import Sequence
from dataclasses import replace

from index.library import Library
from index.stages import stage
from index.types import Filters
from qa.answer import choose, citation, cite, text_of
from qa.messages import message
from qa.question import readings
from qa.rank import Ranked, Ranker
from qa.reader import Reader
from qa.reread import DEPTH, Rereader
from qa.types import Abstention, AbstentionReason, Answer, Question, Turn

_NEAREST = 3  # passages shown when abstaining


class Answerer:
    """Answers questions from one library. Safe to call from many threads.

    A reader, where one is given, reads the `depth` best candidates of a question before it is answered.
    """

    def __init__(
        self, library: Library, ranker: Ranker | None = None, reader: Reader | None = None, *, depth: int = DEPTH
    ) -> None:
        self.library = library
        self._ranker = ranker or Ranker()
        self._rereader = Rereader(reader, depth=depth) if reader else None

    def ask(self, text: str, *, filters: Filters = Filters(), history: Sequence[Turn] = (), limit: int = 5) -> Answer:
        """Answer with at most `limit` facts, or abstain; `history` holds the earlier turns, oldest first.

        Raises QuestionRejected when the question is empty or too long.
        """
        began = time.perf_counter()
        searched = self.library.count(filters)
        asked = [(each, self._ranked(each, filters) if searched else []) for each in readings(text, history)]
        question, ranked = max(asked, key=lambda each: _news(*each))
        with stage("answer"):
            facts = choose(ranked, self._rereader.ranker if self._rereader else self._ranker, limit)
            citations = cite(facts)
            nearest = () if facts else tuple(citation(replace(each, span=None)) for each in ranked[:_NEAREST])
        reason = None if facts else self._why_not(searched)
        return Answer(
            question=question.text,
            language=question.language,
            text=text_of(citations),
            citations=citations,
            confidence=round(ranked[0].probability, 4) if ranked else 0.0,
            abstention=Abstention(reason, message(reason, question.language)) if reason else None,
            nearest=nearest,
            searched_articles=searched,
            took_ms=round(1000 * (time.perf_counter() - began), 1),
        )

    def warm(self) -> None:
        """Load the models and the indexes now rather than at the first question."""
        self.library.warm()
        if self._rereader:
            self._rereader.warm()

    def _ranked(self, question: Question, filters: Filters) -> list[Ranked]:
        hits = self.library.search(question.search_text, question.language, filters=filters)
        with stage("rank"):
            ranked = self._ranker.rank(question, hits)
        if self._rereader is None:
            return ranked
        with stage("read"):
            return self._rereader.rank(question, ranked)

    def _why_not(self, searched: int) -> AbstentionReason:
        if searched:
            return AbstentionReason.NO_SUPPORT
        return AbstentionReason.FILTERED_OUT if self.library.count() else AbstentionReason.NO_ARTICLES


def _news(question: Question, ranked: Sequence[Ranked]) -> float:
    """How sure the best sentence is that the turns leant on have not cited: old answers find themselves again."""
    cited = {citation.sentence_id for turn in question.leans_on for citation in turn.citations}
    return next((each.probability for each in ranked if each.hit.sentence.id not in cited), 0.0)
