"""A question → hits: candidates from both indexes, with every signal that ranking will want."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.types import Article, Language, Sentence
from index.derived import Derived
from index.encoder import normalise
from index.stages import stage
from index.store import Row, Store
from index.terms import Matcher, Unit, query_units
from index.types import Encoder, Filters, Hit, Ids, Vectors

_DENSE, _LEXICAL = 80, 40  # candidates of each kind
_WIDENED = 12  # best dense candidates whose neighbours are candidates too
_YEAR_WEIGHT = 0.3  # any news of a year shares it
_REACH = 2  # sentences before and after that count as a sentence's context
_APART = 1 << 32  # more than the sentences of any article
_CONTEXT, _COVERAGE = 0.25, 0.3  # weights of the plain blend that orders hits before ranking


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a search fetched: `rows` with their articles; only the `chosen` ids become hits, the rest is context.

    `vectors` (n, dimension) are the centred vectors, `lexical` the BM25 scores by id.
    """

    rows: Sequence[Row]
    articles: dict[str, Article]
    chosen: set[int]
    vectors: Vectors
    lexical: dict[int, float]


def search(
    text: str, language: Language, filters: Filters, encoder: Encoder, store: Store, derived: Derived
) -> list[Hit]:
    """Dense and lexical candidates together, and the neighbours of the best; every one passes the filters."""
    with stage("embed"):
        vector = derived.centring.question(encoder.encode_questions([text])[0], language)
    units = query_units(text)
    candidates = _candidates(vector, units, filters, store, derived)
    with stage("lexical"):
        weights = _rarity(units, derived.lexical.frequencies(units), len(derived.lexical))
    with stage("score"):
        return _hits(candidates, vector, units, weights, language) if candidates.rows else []


def _candidates(vector: Vectors, units: Sequence[Unit], filters: Filters, store: Store, derived: Derived) -> Candidates:
    with stage("dense"):
        dense, _scores = derived.vectors().search(vector, _DENSE, filters)
    with stage("lexical"):
        lexical = dict(derived.lexical.search(units, _LEXICAL, filters))
    with stage("fetch"):
        ids = np.union1d(dense, np.fromiter(lexical, np.int64, len(lexical)))
        rows = store.neighbourhood(ids, _REACH)
        articles = store.articles({row.article_id for row in rows})
        embeddings = np.stack([row.embedding for row in rows]) if rows else np.zeros((0, len(vector)), np.float32)
        return Candidates(
            rows=rows,
            articles=articles,
            chosen=_near(rows, dense[:_WIDENED]) | set(ids.tolist()),
            vectors=derived.centring.sentence(embeddings, [articles[row.article_id].language for row in rows]),
            lexical=lexical,
        )


def _near(rows: Sequence[Row], ids: Ids) -> set[int]:
    """The ids of the rows within reach of the given ones in their articles."""
    best = set(ids.tolist())
    places = {(row.article_id, row.position) for row in rows if row.id in best}
    reached = {(article, position + step) for article, position in places for step in range(-_REACH, _REACH + 1)}
    return {row.id for row in rows if (row.article_id, row.position) in reached}


def _rarity(units: Sequence[Unit], frequencies: Sequence[int], sentences: int) -> list[float]:
    """Inverse document frequency of each unit (Spärck Jones 1972), at least a little above zero; a year says little."""
    return [
        (float(np.log(1 + sentences / (1 + frequency))) + 0.1) * (_YEAR_WEIGHT if _is_year(unit) else 1.0)
        for unit, frequency in zip(units, frequencies, strict=True)
    ]


def _is_year(unit: Unit) -> bool:
    term = unit.terms[0]
    return len(term) == 4 and term.isdecimal() and term.startswith(("19", "20"))


def _hits(
    candidates: Candidates, vector: Vectors, units: Sequence[Unit], weights: Sequence[float], language: Language
) -> list[Hit]:
    """The chosen candidates as hits, best first by a plain blend of dense, context and coverage."""
    scores = _scores(candidates, vector)
    texts = {(row.article_id, row.position): _text(candidates, row) for row in candidates.rows}
    matcher = Matcher(units)
    matched = [matcher.matched(text) for text in texts.values()]
    around = _matched_around(candidates, matched, matcher)
    shares = _Shares(units, weights, language)
    found = [
        _hit(
            candidates,
            index,
            scores[index],
            shares,
            matched[index],
            around[row.article_id],
            (texts.get((row.article_id, row.position - 1), ""), texts.get((row.article_id, row.position + 1), "")),
        )
        for index, row in enumerate(candidates.rows)
        if row.id in candidates.chosen
    ]
    return sorted(found, key=lambda hit: -hit.score)


def _hit(
    candidates: Candidates,
    index: int,
    scores: "_Scores",
    shares: "_Shares",
    matched: frozenset[int],
    around: frozenset[int],
    neighbours: tuple[str, str],
) -> Hit:
    row = candidates.rows[index]
    article = candidates.articles[row.article_id]
    coverage = shares.of(matched, article.language)
    return Hit(
        sentence=Sentence(
            f"{article.id}-{row.position}", article.id, row.position, row.start, row.end,
            article.text[row.start : row.end], article.language,
        ),
        article=article,
        score=scores.dense + _CONTEXT * scores.context + _COVERAGE * coverage,
        dense_score=scores.dense,
        context_score=scores.context,
        article_score=scores.article,
        central_score=scores.central,
        lexical_score=candidates.lexical.get(row.id, 0.0),
        coverage=coverage,
        article_coverage=shares.of(around, article.language),
        names=shares.of_names(matched),
        article_names=shares.of_names(around),
        matched=matched,
        neighbours=neighbours,
        vector=candidates.vectors[index],
    )  # fmt: skip


class _Shares:
    """Turns sets of matched units into shares of the units that could match, weighted by rarity.

    In an article of another language only names and numbers can; of these a year says too little.
    """

    def __init__(self, units: Sequence[Unit], weights: Sequence[float], language: Language) -> None:
        self._language = language
        indexed = list(enumerate(zip(units, weights, strict=True)))
        everything = {index: weight for index, (_unit, weight) in indexed}
        names = {index: weight for index, (unit, weight) in indexed if unit.name}
        numbers = {
            index: weight for index, (unit, weight) in indexed if unit.terms[0][0].isdecimal() and not _is_year(unit)
        }
        self._all, self._names, self._crossing = map(_with_total, (everything, names, names | numbers))

    def of(self, matched: frozenset[int], language: Language) -> float:
        """0 when nothing could match."""
        return self._share(matched, self._all if language is self._language else self._crossing)

    def of_names(self, matched: frozenset[int]) -> float:
        """0 when the question has no names."""
        return self._share(matched, self._names)

    def _share(self, matched: frozenset[int], possible: tuple[dict[int, float], float]) -> float:
        weights, total = possible
        return sum(weights.get(index, 0.0) for index in matched) / total if total else 0.0


def _with_total(weights: dict[int, float]) -> tuple[dict[int, float], float]:
    return weights, sum(weights.values())


def _text(candidates: Candidates, row: Row) -> str:
    return candidates.articles[row.article_id].text[row.start : row.end]


def _matched_around(
    candidates: Candidates, matched: Sequence[frozenset[int]], matcher: Matcher
) -> dict[str, frozenset[int]]:
    """By article: the units that its title or any fetched sentence holds."""
    around = {id_: matcher.matched(article.title) for id_, article in candidates.articles.items()}
    for row, units_held in zip(candidates.rows, matched, strict=True):
        around[row.article_id] |= units_held
    return around


@dataclass(frozen=True, slots=True)
class _Scores:
    """Cosines: of the question with the sentence, with it and its neighbours, with its article; sentence and article.

    Neighbours and article as far as they were fetched.
    """

    dense: float
    context: float
    article: float
    central: float


def _scores(candidates: Candidates, vector: Vectors) -> list[_Scores]:
    """One for each row."""
    vectors = candidates.vectors
    if not len(vectors):
        return []
    number = {id_: place for place, id_ in enumerate(candidates.articles)}
    articles = np.array([number[row.article_id] for row in candidates.rows])
    places = articles * _APART + np.array([row.position for row in candidates.rows])
    order = np.argsort(places)
    around = vectors.copy()
    for step in (step for step in range(-_REACH, _REACH + 1) if step):
        near = np.searchsorted(places, places + step, sorter=order).clip(max=len(places) - 1)
        found = places[order[near]] == places + step
        around[found] += vectors[order[near[found]]]
    firsts = np.flatnonzero(np.diff(articles[order], prepend=-1))
    theirs = normalise(np.add.reduceat(vectors[order], firsts))[articles]
    columns = (vectors @ vector, normalise(around) @ vector, theirs @ vector, (vectors * theirs).sum(axis=1))
    return [_Scores(*map(float, values)) for values in zip(*columns, strict=True)]
