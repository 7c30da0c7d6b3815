"""What the index room hands out, what it needs from an encoder and a vector store, and how it fails."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.types import Article, CitewireError, Language, Sentence

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]


class LibraryError(CitewireError):
    """The library cannot do what was asked; the message names the folder and the remedy."""


class LibraryBusy(LibraryError):
    """Another process is writing to the library."""


class StoreUnavailable(LibraryError):
    """The server that holds the vectors cannot be reached, or fails; the message names its address and the remedy."""


class WrongModel(LibraryError):
    """The library was made with another encoder than the one asked for."""


class ModelUnavailable(CitewireError):
    """The encoder's model is missing or damaged and cannot be made."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles may answer; an empty field means all. Dates are inclusive; undated articles fail a date filter."""

    languages: frozenset[Language] = frozenset()
    sources: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return bool(self.languages or self.sources or self.since or self.until)


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """An article without its text, and how many sentences it has."""

    id: str
    url: str
    title: str
    title_derived: bool
    source: str
    section: str
    language: Language
    published: date | None
    authors: tuple[str, ...]
    fetched_at: datetime | None
    sentences: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A sentence that a search found, with its signals. All scores are higher-is-better.

    `dense_score` is the cosine of question and sentence after language centring, `context_score` that of the question
    with the two sentences before and after, `article_score` that with all fetched sentences of the article, and
    `central_score` that of the sentence with those: a headline or lead is near everything its article says.
    `lexical_score` is BM25, 0 where lexical search did not return the sentence. `coverage` is the share of what the
    question asks about, weighted by rarity, that the sentence holds, `article_coverage` that its article's title and
    sentences around hold; `names` and `article_names` the same of the question's names alone; `matched` are the places,
    among the question's units (`terms.query_units`), of those that the sentence holds. `neighbours` are the sentences
    before and after it, as far as they were fetched. `vector` is the centred unit vector.
    """

    sentence: Sentence
    article: Article
    score: float
    dense_score: float
    context_score: float
    article_score: float
    central_score: float
    lexical_score: float
    coverage: float
    article_coverage: float
    names: float
    article_names: float
    matched: frozenset[int]
    neighbours: tuple[str, str]
    vector: Vectors = field(compare=False, repr=False)


class Status(StrEnum):
    """What became of a document."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document: `article_id` is empty and `reason` given when it was rejected."""

    status: Status
    name: str
    article_id: str = ""
    reason: str = ""
    sentences: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """What a library holds, and on what."""

    folder: Path
    model: str
    dimension: int
    articles: int
    sentences: int
    languages: dict[str, int]
    sources: dict[str, int]
    vector_index: str
    bytes_on_disk: int


class Encoder(Protocol):
    """Turns texts into unit vectors of `dimension`; questions and sentences are prompted differently.

    `fingerprint` changes whenever the vectors do, so that vectors of two models never meet in one library.
    """

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def encode_questions(self, texts: Sequence[str]) -> Vectors: ...
    def encode_sentences(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a derived index follows its library: to which revision, and to which sentence id."""

    revision: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Payload:
    """What travels beside the vector of a sentence: enough to filter it by, and to cite it without the database."""

    article: Article
    position: int
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


class VectorStore(Protocol):
    """Unit vectors of sentences, by the sentences' ids. Safe to use from many threads.

    `add` takes vectors of shape (len(ids), dimension) and a payload for each, and replaces what is held under the same
    ids; `remove` ignores ids that are not held. `search` gives the `limit` nearest ids that pass the filters with their
    cosines, best first. Each store keeps to filters in its own way, exactly.
    """

    @property
    def description(self) -> str: ...
    def __len__(self) -> int: ...
    def add(self, ids: Ids, vectors: Vectors, payloads: Sequence[Payload], /) -> None: ...
    def remove(self, ids: Ids, /) -> None: ...
    def search(self, vector: Vectors, limit: int, filters: Filters, /) -> tuple[Ids, Vectors]: ...
