"""Adding as a pipeline: the encoder waits for neither reading nor writing, and stops when asked."""

import threading
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article

from corpus.types import Article, Rejection
from index.adding import Ahead, Group, batches
from index.library import Library
from index.types import Outcome, Vectors

PATIENCE = 20  # seconds, after which a test has failed


class Watched(WordEncoder):
    """Waits before it encodes a text that has an event, and says which texts it has begun."""

    def __init__(self) -> None:
        self.waits: dict[str, threading.Event] = {}
        self.begun: list[list[str]] = []
        self.has_begun = threading.Event()

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        if threading.current_thread() is not threading.main_thread():  # the means are measured in the main one
            self.begun.append(list(texts))
            self.has_begun.set()
            for text in texts:
                assert self.waits.get(text, _FREE).wait(PATIENCE)
        return super().encode_sentences(texts)


_FREE = threading.Event()
_FREE.set()


@pytest.fixture
def encoder() -> Watched:
    return Watched()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every article is a group of its own."""
    monkeypatch.setattr("index.adding._GROUP", 1)


def _numbered(*numbers: int) -> list[Article]:
    return [make_article(f"Report {number}.", id=f"n{number}") for number in numbers]


def _ids(outcomes: Iterator[Outcome]) -> list[str]:
    return [outcome.article_id for outcome in outcomes]


@pytest.mark.usefixtures("small")
def test_the_next_group_is_read_while_one_is_encoded(library: Library, encoder: Watched) -> None:
    encoder.waits["Report 0."] = threading.Event()

    def items() -> Iterator[Article]:
        yield from _numbered(0)
        assert encoder.has_begun.wait(PATIENCE)
        encoder.waits["Report 0."].set()
        yield from _numbered(1)

    assert _ids(library.add(items())) == ["n0", "n1"]


@pytest.mark.usefixtures("small")
def test_a_group_is_written_while_the_next_is_encoded(library: Library, encoder: Watched) -> None:
    encoder.waits["Report 1."] = threading.Event()
    outcomes = library.add(_numbered(0, 1))
    assert next(outcomes).article_id == "n0"
    assert library.article("n0")
    assert not library.article("n1")
    encoder.waits["Report 1."].set()
    assert _ids(outcomes) == ["n1"]


@pytest.mark.usefixtures("small")
def test_no_more_is_read_than_keeps_the_encoder_busy(library: Library) -> None:
    taken: list[str] = []

    def items() -> Iterator[Article]:
        for article in _numbered(*range(9)):
            taken.append(article.id)
            yield article

    outcomes = library.add(items())
    for number in range(9):
        assert next(outcomes).article_id == f"n{number}"
        assert len(taken) <= number + 2


@pytest.mark.usefixtures("small")
def test_who_stops_early_stops_the_encoder(library: Library, encoder: Watched) -> None:
    for number in (0, 1):
        encoder.waits[f"Report {number}."] = threading.Event()

    def items() -> Iterator[Article]:
        yield from _numbered(0)
        encoder.waits["Report 0."].set()
        yield from _numbered(*range(1, 9))

    outcomes = library.add(items())
    assert next(outcomes).article_id == "n0"
    while len(encoder.begun) < 2:
        pass
    outcomes.close()
    encoder.waits["Report 1."].set()
    for thread in threading.enumerate():
        if thread.name.startswith("citewire-encoder"):
            thread.join(PATIENCE)
    assert encoder.begun == [["Report 0."], ["Report 1."]]
    assert (library.count(), encoder.begun.clear()) == (1, None)
    assert _ids(library.add(_numbered(0, 1))) == ["n0", "n1"]
    assert encoder.begun == [["Report 1."]]


@pytest.mark.usefixtures("small")
def test_what_is_on_its_way_counts_as_stored(library: Library, encoder: Watched) -> None:
    first, other = make_article("Rain fell.", id="a"), make_article("Snow fell.", id="a")
    between = make_article("Ice broke.", id="b")
    statuses = [outcome.status.value for outcome in library.add([first, between, first, other, between, other])]
    assert statuses == ["added", "added", "unchanged", "replaced", "unchanged", "unchanged"]
    assert library.article("a") == other
    assert list(chain(*encoder.begun)) == ["Rain fell.", "Ice broke.", "Snow fell."]


def test_outcomes_come_in_the_order_of_the_items(library: Library) -> None:
    before, between, after = (Rejection(name, "no") for name in ("before", "between", "after"))
    items = [before, *_numbered(1), between, make_article("\n", id="empty", title="Empty"), *_numbered(2), after]
    names = [outcome.article_id or outcome.name for outcome in library.add(items)]
    assert names == ["before", "n1", "between", "Empty", "n2", "after"]


@pytest.mark.usefixtures("small")
def test_what_the_items_raise_is_raised_and_what_was_committed_stays(library: Library) -> None:
    def items() -> Iterator[Article]:
        yield from _numbered(0, 1, 2)
        raise OSError("the disk is gone")

    seen: list[str] = []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(outcome.article_id for outcome in library.add(items()))
    assert set(seen) <= {summary.id for summary in library.articles()[1]}
    assert _ids(library.add(_numbered(3))) == ["n3"]


def test_batches_are_as_large_as_what_is_committed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.adding._GROUP", 250)
    a, b, c = _numbered(1, 2, 3)
    nothing = Rejection("x", "no")
    assert list(batches([])) == []
    assert list(batches([a, b, c])) == [[a, b, c]]
    assert list(batches([a, a, b])) == [[a], [a, b]]
    assert list(batches([nothing] * 4)) == [[nothing] * 3, [nothing]]


def test_vectors_come_back_in_the_order_of_the_sentences(encoder: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though those of alike lengths are encoded together."""
    monkeypatch.setattr("index.adding._PORTION", 2)
    group = Group.of([make_article("A long sentence about rain. Snow. Some ice broke. Wind rose. Hail.")], {})
    with Ahead(encoder.encode_sentences) as ahead:
        ahead.put(group)
        same, vectors = ahead.get()
    assert same is group
    assert encoder.begun == [["Snow.", "Hail."], ["Wind rose.", "Some ice broke."], ["A long sentence about rain."]]
    np.testing.assert_array_equal(vectors, WordEncoder().encode_sentences(group.texts))


def test_a_question_is_answered_while_articles_are_added(tmp_path: Path, encoder: Watched) -> None:
    with Library.open(tmp_path / "library", encoder=encoder, cache=tmp_path / "cache") as library:
        list(library.add(_numbered(0)))
        encoder.waits["Report 1."] = threading.Event()
        encoder.has_begun.clear()
        adding = threading.Thread(target=lambda: list(library.add(_numbered(1))))
        adding.start()
        assert encoder.has_begun.wait(PATIENCE)
        assert library.search("Report 0", make_article("").language)[0].article.id == "n0"
        encoder.waits["Report 1."].set()
        adding.join(PATIENCE)
        assert library.count() == 2
