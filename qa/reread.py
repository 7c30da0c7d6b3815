"""Ranked hits → the best of them, read by a reader and ranked anew with what it says."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from index.types import Hit
from qa.rank import Ranked, Ranker
from qa.reader import Excerpt, Reader, Reading
from qa.types import Kind, Question

DEPTH = 8  # candidates that are read
_SEEN = 0.0  # the margin from which a span is shown
_FIRM = 10.0  # a margin beyond it says no more
_ALIKE = 0.4  # cosine with the question that a sentence which answers it rarely falls short of
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
        readings = read(self._reader, question, ranked, self._depth)
        seen = [each for each in ranked if each.hit.sentence.id in readings]
        anew = self.ranker.order([each.hit for each in seen], features(question, seen, readings))
        return [replace(each, span=_shown(readings[each.hit.sentence.id])) for each in anew]


def _shown(reading: Reading) -> tuple[int, int] | None:
    return reading.span if reading.margin >= _SEEN else None


def read(reader: Reader, question: Question, ranked: Sequence[Ranked], depth: int = DEPTH) -> dict[str, Reading]:
    """What the reader makes of the best hits, and of others that it had in view with them, by the sentence's id."""
    if not ranked:
        return {}
    hits: dict[str, list[Hit]] = {each.hit.article.id: [] for each in ranked[:depth]}
    for each in ranked:
        if each.hit.article.id in hits:
            hits[each.hit.article.id].append(each.hit)
    wanted = {each.hit.sentence.id for each in ranked[:depth]}
    excerpts = [_excerpt(of_article, wanted) for of_article in hits.values()]
    readings = reader.read(question.search_text, excerpts)
    return {
        hit.sentence.id: reading[hit.sentence.position]
        for of_article, reading in zip(hits.values(), readings, strict=True)
        for hit in of_article
        if hit.sentence.position in reading
    }


def _excerpt(hits: Sequence[Hit], wanted: Set[str]) -> Excerpt:
    """Of one article: its title, and the sentences of the hits with those before and after each."""
    sentences: dict[int, str] = {}
    for hit in hits:
        place = hit.sentence.position
        around = zip(
            (place - 1, place, place + 1), (hit.neighbours[0], hit.sentence.text, hit.neighbours[1]), strict=True
        )
        sentences |= {at: text for at, text in around if text}
    places = [hit.sentence.position for hit in hits if hit.sentence.id in wanted]
    return Excerpt(hits[0].article.title, sentences, places)


def features(question: Question, ranked: Sequence[Ranked], readings: Mapping[str, Reading]) -> list[dict[str, float]]:
    """The features of hits that were read: those they had, how they ranked, and what the reader says.

    `faint` is by how much the sentence falls short of being about what is asked, for questions about what somebody in
    particular said: that he speaks at all outweighs it otherwise.
    """
    of_somebody = bool(question.speaker) and not question.is_open
    best = max((each.score for each in ranked), default=0.0)
    surest = max((readings[each.hit.sentence.id].answers for each in ranked), default=0.0)
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
                "faint": max(0.0, _ALIKE - each.hit.dense_score) if of_somebody else 0.0,
            }
        )
    return rows
