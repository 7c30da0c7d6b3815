"""Shared fixtures: an encoder whose scores a person can compute, and libraries made with it."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus.types import Article, Language
from index.library import Library
from index.terms import terms
from index.types import Vectors
from qa.pipeline import Answerer

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


def make_article(text: str, **fields: object) -> Article:
    """An article with the fields given and plain defaults for the others."""
    values: dict[str, object] = {
        "id": f"a{zlib.crc32(text.encode()):08x}",
        "title": text[:40],
        "title_derived": True,
        "language": Language.EN,
    }
    return Article(text=text, **(values | fields))  # type: ignore[arg-type]


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
