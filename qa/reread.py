"""Ranked hits → the best of them, read by a reader and ranked anew with what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from index.types import Hit
from qa.rank import Ranked, Ranker
from qa.reader import Excerpt, Reader, Reading
from qa.types import Kind, Question

DEPTH = 8  # candidates that are read
_SEEN = 0.0  # the margin from which a span is shown
_FIRM = 10.0  # a margin beyond it says no more
_SHORT = frozenset({Kind.NUMBER, Kind.WHEN, Kind.WHO, Kind.WHERE, Kind.WHICH})  # answered by a few words


class Rereader:
    """Reads the best candidates of a question and ranks them by the ranker's other weights."""

    def __init__(self, reader: Reader, ranker: Ranker | None = None, depth: int = DEPTH) -> None:
        self.ranker = ranker or Ranker(after_reading=True)
        self._reader, self._depth = reader, depth

    def warm(self) -> None:
        """Load the reader now rather than at the first question."""
        self._reader.read("Ready?", [Excerpt("", {0: "Ready."}, [0])])

    def rank(self, question: Question, ranked: Sequence[Ranked]) -> list[Ranked]:
        """Those that were read, most probable first; the others no longer count."""
        best = ranked[: self._depth]
        if not best:
            return []
        readings = read(self._reader, question, best)
        anew = self.ranker.order([each.hit for each in best], features(question, best, readings))
        return [replace(each, span=_shown(readings[each.hit.sentence.id])) for each in anew]


def _shown(reading: Reading) -> tuple[int, int] | None:
    return reading.span if reading.margin >= _SEEN else None


def read(reader: Reader, question: Question, ranked: Sequence[Ranked]) -> dict[str, Reading]:
    """What the reader makes of each hit, by the sentence's id."""
    by_article: dict[str, list[Hit]] = {}
    for each in ranked:
        by_article.setdefault(each.hit.article.id, []).append(each.hit)
    readings = reader.read(question.search_text, [_excerpt(hits) for hits in by_article.values()])
    return {
        hit.sentence.id: reading[hit.sentence.position]
        for hits, reading in zip(by_article.values(), readings, strict=True)
        for hit in hits
    }


def _excerpt(hits: Sequence[Hit]) -> Excerpt:
    """Of one article: its title, and the sentences of the hits with those before and after each."""
    sentences: dict[int, str] = {}
    for hit in hits:
        place = hit.sentence.position
        around = zip(
            (place - 1, place, place + 1), (hit.neighbours[0], hit.sentence.text, hit.neighbours[1]), strict=True
        )
        sentences |= {at: text for at, text in around if text}
    return Excerpt(hits[0].article.title, sentences, [hit.sentence.position for hit in hits])


def features(question: Question, ranked: Sequence[Ranked], readings: Mapping[str, Reading]) -> list[dict[str, float]]:
    """The features of hits that were read: those they had, how they ranked, and what the reader says."""
    best = max(each.score for each in ranked)
    surest = max(readings[each.hit.sentence.id].answers for each in ranked)
    rows = []
    for each in ranked:
        reading = readings[each.hit.sentence.id]
        margin = min(max(reading.margin, -_FIRM), _FIRM) / _FIRM
        rows.append(
            each.features
            | {
                "ranked": each.score - best,
                "answers": reading.answers,
                "answers_behind": reading.answers - surest,
                "margin": margin,
                "margin_short": margin if question.kind in _SHORT else 0.0,
            }
        )
    return rows
