"""Shared fixtures: an encoder whose scores a person can compute, libraries made with it, articles and hits."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from servers import running

from corpus.sentences import sentences
from corpus.types import Article, Language
from index.library import Library
from index.terms import terms
from index.types import Hit, Vectors
from qa.features import features
from qa.pipeline import Answerer
from qa.question import understand
from qa.rank import Ranker

SHARED = Path(__file__).parents[2] / "shared"


class WordEncoder:
    """A bag of words: two texts are as close as they share terms (the cosine of their term counts)."""

    name = "bag-of-words"
    fingerprint = "bag-of-words:256"
    dimension = 256

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.full((len(texts), self.dimension), 1e-4, np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                vectors[row, zlib.crc32(term.encode()) % self.dimension] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def make_article(text: str, **given: object) -> Article:
    """An article with the fields given and plain defaults for the others."""
    values: dict[str, object] = {
        "id": f"a{zlib.crc32(text.encode()):08x}",
        "title": text[:40],
        "title_derived": True,
        "language": Language.EN,
    }
    return Article(text=text, **(values | given))  # type: ignore[arg-type]


def make_hit(article: Article, position: int = 0, **scores: object) -> Hit:
    """A hit on one sentence of an article, all scores zero but those given."""
    numbers = [field.name for field in fields(Hit) if field.type == "float" or field.type is float]
    values: dict[str, object] = dict.fromkeys(numbers, 0.0)
    values |= {"matched": frozenset(), "neighbours": ("", ""), "vector": np.eye(4, dtype=np.float32)[0]}
    return Hit(sentences(article)[position], article, **(values | scores))  # type: ignore[arg-type]


def make_ranker(threshold: float = 0.5, bias: float = 0.0, **weights: float) -> Ranker:
    """A ranker with these weights, all others zero; a further sentence counts as much as its own probability says."""
    article = make_article("Bridge.")
    names = features(understand("bridge?"), [make_hit(article)])[0]
    beside = {"bias": 0.0, "own": 1.0, "best": 0.0, "same_article": 0.0, "near": 0.0}
    order = dict.fromkeys(names, 0.0) | weights
    return Ranker(
        {"order": order, "confidence": order | {"score": 0.0, "lead": 0.0}, "gap": 1.0, "bias": bias}
        | {"threshold": threshold, "beside": beside}
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real Milvus server."""
    with running("milvus_server", tmp_path_factory.mktemp("milvus")) as address:
        yield address


@pytest.fixture(scope="session")
def milvus_lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the small server, which has the current interface."""
    with running("milvus_lite", tmp_path_factory.mktemp("lite")) as address:
        yield address


@pytest.fixture(params=["milvus_server", "milvus_lite"])
def milvus(request: pytest.FixtureRequest) -> str:
    """The address of one server after the other."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def library(tmp_path: Path, encoder: WordEncoder) -> Iterator[Library]:
    """An empty library over the word encoder."""
    with Library.open(tmp_path / "library", encoder=encoder, cache=tmp_path / "cache") as opened:
        yield opened


@pytest.fixture
def answerer(library: Library) -> Answerer:
    return Answerer(library)
