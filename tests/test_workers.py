"""Encoding in processes: the same library as without them, and no process that outlives its use."""

import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article

from corpus.types import Article
from index.embedded import EmbeddedEncoder
from index.encoder import SentenceTransformerEncoder
from index.library import Library
from index.types import Encoder, LibraryError, ModelUnavailable, Vectors
from index.workers import encoding

ARTICLES = [make_article(f"Report {n} is about rain. Ships wait in harbour {n % 3}.", id=f"n{n}") for n in range(9)]


class Mortal(WordEncoder):
    """Ends its process, or fails, when a text says so; tells its process's number of threads."""

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        for text in texts:
            if text == "Die.":
                os.kill(os.getpid(), signal.SIGKILL)
            if text == "Fail.":
                raise ModelUnavailable("the model is missing")
            if text == "Threads?":
                return np.array([[float(os.environ["OMP_NUM_THREADS"])]], np.float32)
        return super().encode_sentences(texts)


class Slow(WordEncoder):
    """Takes a second for sentences of reports, and writes a byte into a file when it begins."""

    def __init__(self, beginnings: str) -> None:
        self.beginnings = beginnings

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        if texts[0].startswith("Report"):
            with Path(self.beginnings).open("ab") as file:
                file.write(b".")
            time.sleep(1)
        return super().encode_sentences(texts)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Groups of three or so; and afterwards no process is left."""
    monkeypatch.setattr("index.adding._GROUP", 450)
    yield
    assert multiprocessing.active_children() == []


def _open(tmp_path: Path, name: str = "library", encoder: Encoder | None = None) -> Library:
    return Library.open(tmp_path / name, encoder=encoder or WordEncoder(), cache=tmp_path / "cache")


def _rows(library: Library) -> list[tuple[object, ...]]:
    rows = library._store.rows_after(0, 1000)
    return [(row.id, row.article_id, row.position, row.embedding.tolist()) for row in rows]


def test_a_library_made_by_two_processes_is_the_same(tmp_path: Path) -> None:
    with _open(tmp_path, "one") as one, _open(tmp_path, "two") as two:
        outcomes = list(one.add([*ARTICLES, ARTICLES[0]]))
        assert list(two.add([*ARTICLES, ARTICLES[0]], workers=2)) == outcomes
        assert _rows(two) == _rows(one)


def test_nothing_is_started_for_what_is_unchanged(tmp_path: Path) -> None:
    with _open(tmp_path) as library:
        list(library.add(ARTICLES))
        for outcome in library.add(ARTICLES, workers=2):
            assert outcome.status == "unchanged"
            assert multiprocessing.active_children() == []


def test_who_stops_early_ends_the_processes(tmp_path: Path) -> None:
    with _open(tmp_path) as library:
        outcomes = library.add(ARTICLES, workers=2)
        next(outcomes)
        assert 1 <= len(multiprocessing.active_children()) <= 2
        outcomes.close()
        assert multiprocessing.active_children() == []
        assert len(list(library.add(ARTICLES))) == 9


@pytest.mark.parametrize(
    ("word", "error", "message"), [("Die.", LibraryError, "fewer --workers"), ("Fail.", ModelUnavailable, "is missing")]
)
def test_what_goes_wrong_in_a_process_is_one_line_and_what_was_committed_stays(
    tmp_path: Path, word: str, error: type[Exception], message: str
) -> None:
    def items() -> Iterator[Article]:
        yield from ARTICLES
        yield make_article(word, id="last")

    with _open(tmp_path, encoder=Mortal()) as library:
        told: list[str] = []
        with pytest.raises(error, match=message) as caught:
            told.extend(outcome.article_id for outcome in library.add(items(), workers=2))
        assert "\n" not in str(caught.value)
        assert set(told) <= {summary.id for summary in library.articles()[1]}


def test_the_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.workers._cores", lambda: 7)
    with encoding(Mortal(), 2) as encode:
        assert encode(["Threads?"]).tolist() == [[3.0]]


def test_the_encoder_can_be_sent_to_another_process(tmp_path: Path) -> None:
    for name in ("", "owner/model"):
        encoder = SentenceTransformerEncoder(name, tmp_path)
        again = pickle.loads(pickle.dumps(encoder))
        assert (again.name, again._is_embedded, again._cache) == (encoder.name, encoder._is_embedded, tmp_path)
    assert pickle.loads(pickle.dumps(EmbeddedEncoder(tmp_path)))._cache == tmp_path
