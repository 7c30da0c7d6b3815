"""A library as its users see it: what is added is found, what is removed is gone, and a kill loses nothing."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article
from filelock import FileLock

from corpus.sentences import sentences as split_sentences
from corpus.sentences import split
from corpus.types import Article, CitewireError, Language, Rejection
from index.lexical import LexicalIndex
from index.library import Library
from index.store import Store
from index.types import Filters, Hit, LibraryBusy, LibraryError, Outcome, Status, WrongModel
from index.vectors import FaissStore

ROOT = Path(__file__).parents[1]
EN = Language.EN
BRIDGE = make_article("The mayor opened a bridge. It cost nine million.", id="bridge", title="A", source="Herald")
HARBOUR = make_article("A harbour froze. Ships waited outside.", id="harbour", title="B", source="Courier")
STRANGE = {
    "astral": "Команда 𝒜 победила 😀. Ещё 𠮷野家 открылась. The 🚀 flew.",
    "combining": "Café re\u0301sume\u0301 says so. Йод — и\u0306од. Ẍ̧̈ ends.",
    "CRLF": "Headline\r\n\r\nFirst sentence here.\r\nSecond one there.\r\n",
    "U+FEFF": "\ufeffFirst sentence here. Second one there.\ufeff",
    "white space": " \u3000\xa0First sentence here.  \t Second one there. \u2028 Third. \n ",
    "NUL": "First\x00 sentence. Second one.",
    "mixed": "他说“没有问题！”然后离开。Then he left. Потом он ушёл… “Да?” — «Да!»",
}


@pytest.fixture
def library(folder: Path, cache: Path) -> Iterator[Library]:
    with _open(folder, cache) as opened:
        yield opened


def _open(folder: Path, cache: Path, encoder: WordEncoder | None = None) -> Library:
    return Library.open(folder, encoder=encoder or WordEncoder(), cache=cache)


def _statuses(outcomes: Iterator[Outcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def _found(library: Library, text: str, filters: Filters = Filters()) -> set[str]:
    """The articles that hold what is asked, by either search (the rest of a small library only trails behind)."""
    return {hit.article.id for hit in library.search(text, EN, filters=filters) if hit.coverage or hit.lexical_score}


def _derived(library: Library) -> tuple[int, int]:
    """How many sentences the saved vectors and terms hold, as a stranger reads the files."""
    library.close()
    vectors = FaissStore.load(library.folder / "vectors.faiss", WordEncoder.dimension, library._store.ids)
    terms = LexicalIndex(library.folder / "terms")
    return len(vectors) if vectors else 0, terms._index.searcher().num_docs


# Adding, replacing, removing


def test_an_added_article_is_found_and_comes_back_whole(library: Library) -> None:
    article = replace(BRIDGE, url="https://x.example/b", published=date(2024, 5, 6), authors=("A", "B"))
    assert [replace(each, name="") for each in library.add([article])] == [
        Outcome(Status.ADDED, "", "bridge", sentences=2)
    ]
    assert library.article("bridge") == article
    assert library.sentences("bridge") == split_sentences(article)
    assert library.search("Who opened the bridge?", EN)[0].sentence.text == "The mayor opened a bridge."


def test_adding_again_changes_nothing_and_other_content_replaces(library: Library) -> None:
    assert _statuses(library.add([BRIDGE])) == ["added"]
    assert _statuses(library.add([BRIDGE])) == ["unchanged"]
    assert _statuses(library.add([replace(BRIDGE, text="A tunnel caved in. Nobody was hurt. Work stopped.")])) == [
        "replaced"
    ]
    assert _found(library, "mayor opened bridge") == set()
    assert _found(library, "tunnel caved") == {"bridge"}
    assert (library.count(), library.stats().sentences) == (1, 3)
    assert _derived(library) == (3, 3)


def test_a_change_of_source_alone_replaces(library: Library) -> None:
    list(library.add([BRIDGE]))
    assert _statuses(library.add([replace(BRIDGE, source="Courier")])) == ["replaced"]
    assert _found(library, "bridge", Filters(sources=frozenset({"Herald"}))) == set()
    assert _found(library, "bridge", Filters(sources=frozenset({"Courier"}))) == {"bridge"}


def test_the_same_id_twice_in_one_batch_keeps_the_later(library: Library) -> None:
    later = replace(BRIDGE, text="A tunnel caved in.")
    assert _statuses(library.add([BRIDGE, HARBOUR, later, later])) == ["added", "added", "replaced", "unchanged"]
    assert library.article("bridge") == later
    assert _found(library, "mayor") == set()


def test_a_removed_article_is_gone_from_everything(library: Library) -> None:
    list(library.add([BRIDGE, replace(HARBOUR, url="https://x.example/h")]))
    assert library.remove("https://x.example/h")
    assert not library.remove("harbour")
    assert library.article("harbour") is None
    assert library.sentences("harbour") == []
    assert _found(library, "harbour froze ships waited") == set()
    assert _derived(library) == (2, 2)


def test_a_removed_article_can_be_added_again(library: Library) -> None:
    list(library.add([BRIDGE]))
    library.remove("bridge")
    assert library.search("bridge", EN) == []
    assert _statuses(library.add([BRIDGE])) == ["added"]
    assert _found(library, "mayor") == {"bridge"}


def test_rejections_pass_through_in_their_place(library: Library) -> None:
    outcomes = list(library.add([Rejection("x.pdf", "no"), replace(BRIDGE, id="e", text=" \n"), HARBOUR]))
    assert {(outcome.status, outcome.article_id) for outcome in outcomes} == {
        (Status.REJECTED, ""),
        (Status.ADDED, "harbour"),
    }
    assert [outcome.reason for outcome in outcomes if outcome.name == "x.pdf"] == ["no"]


def test_an_article_cannot_be_replaced_by_nothing(library: Library) -> None:
    list(library.add([BRIDGE]))
    assert _statuses(library.add([replace(BRIDGE, text="\n")])) == ["rejected"]
    assert library.article("bridge") == BRIDGE


def test_stopping_early_keeps_what_was_reported(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.adding._GROUP", 1)
    with _open(folder, cache) as library:
        first = next(iter(library.add([BRIDGE, HARBOUR])))
        assert first.article_id == "bridge"
    with _open(folder, cache) as again:
        assert _found(again, "mayor") == {"bridge"}


@pytest.mark.parametrize("name", STRANGE)
def test_sentences_are_exactly_their_span_of_the_text(library: Library, name: str) -> None:
    article = make_article(STRANGE[name], id="s")
    list(library.add([article]))
    stored = library.article("s")
    assert stored is not None
    assert stored.text == STRANGE[name]
    assert len(library.sentences("s")) >= 2
    assert all(stored.text[each.start : each.end] == each.text for each in library.sentences("s"))
    hits = library.search("sentence", EN)
    assert hits
    assert all(hit.article.text[hit.sentence.start : hit.sentence.end] == hit.sentence.text for hit in hits)


# Searching


def test_an_empty_library_finds_nothing(library: Library) -> None:
    assert library.search("anything", EN) == []
    assert library.search("", EN, filters=Filters(languages=frozenset({EN}))) == []


@pytest.mark.parametrize("question", ["???", "😀", "\x00", "a", "的", "word " * 400, "'\" OR 1=1 --", "~kmv =KNF"])
def test_any_text_can_be_searched(library: Library, question: str) -> None:
    list(library.add([BRIDGE]))
    hits = library.search(question, EN)
    assert hits
    assert all(np.isfinite([hit.score, hit.dense_score, hit.context_score, hit.lexical_score]).all() for hit in hits)


def test_hits_come_best_first_each_sentence_once(library: Library) -> None:
    list(library.add([BRIDGE, HARBOUR]))
    hits = library.search("The mayor opened a bridge", EN)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.sentence.id for hit in hits}) == len(hits)
    assert hits[0].dense_score == pytest.approx(max(hit.dense_score for hit in hits))
    assert hits[0].coverage == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(languages=frozenset({Language.RU})), {"ru"}),
        (Filters(sources=frozenset({"Herald", "Courier"})), {"en1", "en2"}),
        (Filters(since=date(2024, 2, 1)), {"en2"}),
        (Filters(until=date(2024, 1, 31)), {"en1"}),
        (Filters(sources=frozenset({"None"})), set()),
    ],
)
def test_every_hit_passes_the_filters(library: Library, filters: Filters, expected: set[str]) -> None:
    text = "A bridge opened. Мост открыт."
    list(
        library.add(
            [
                make_article(text, id="en1", source="Herald", published=date(2024, 1, 31)),
                make_article(text, id="en2", source="Courier", published=date(2024, 2, 1)),
                make_article(text, id="ru", language=Language.RU, source="Вести"),
            ]
        )
    )
    assert {hit.article.id for hit in library.search("bridge", EN, filters=filters)} == expected
    assert library.count(filters) == len(expected)


# Opening again, catching up


def _signature(hits: list[Hit]) -> list[tuple[str, float, float]]:
    return sorted((hit.sentence.id, round(hit.score, 3), round(hit.lexical_score, 3)) for hit in hits)


def _unlink(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


DAMAGES = {
    "vectors deleted": lambda f: _unlink(f / "vectors.faiss"),
    "vectors torn": lambda f: (f / "vectors.faiss").write_bytes((f / "vectors.faiss").read_bytes()[:100]),
    "vectors empty": lambda f: (f / "vectors.faiss").write_bytes(b""),
    "vectors garbage": lambda f: (f / "vectors.faiss").write_bytes(os.urandom(5000)),
    "vectors unstamped": lambda f: _unlink(f / "vectors.json"),
    "vectors of other means": lambda f: (f / "vectors.json").write_text('{"model": "x", "centring": "y"}'),
    "stamp torn": lambda f: (f / "vectors.json").write_text('{"mod'),
    "terms deleted": lambda f: _unlink(f / "terms"),
    "terms a file": lambda f: (_unlink(f / "terms"), (f / "terms").write_text("?")),
    "terms unstamped": lambda f: _unlink(f / "terms" / "stamp.json"),
    "terms of another version": lambda f: (f / "terms" / "stamp.json").write_text(
        '{"revision": 2, "last_id": 4, "version": -1}'
    ),
    "terms from the future": lambda f: (f / "terms" / "stamp.json").write_text(
        '{"revision": 99, "last_id": 99, "version": 1}'
    ),
    "terms without all but the stamp": lambda f: [
        _unlink(path) for path in (f / "terms").iterdir() if path.name != "stamp.json"
    ],
    "terms without segments": lambda f: [
        _unlink(path) for path in (f / "terms").iterdir() if len(path.stem.split(".")[0]) == 32
    ],
    "terms torn": lambda f: [
        path.write_bytes(path.read_bytes()[:20]) for path in (f / "terms").iterdir() if len(path.stem) == 32
    ],
    "terms garbage": lambda f: (f / "terms" / "meta.json").write_bytes(os.urandom(300)),
    "all deleted": lambda f: [_unlink(path) for path in f.iterdir() if not path.name.startswith("library.sqlite")],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_derived_files_are_made_again(folder: Path, cache: Path, damage: str) -> None:
    with _open(folder, cache) as library:
        list(library.add([BRIDGE, HARBOUR]))
        expected = _signature(library.search("mayor opened bridge", EN))
    DAMAGES[damage](folder)
    with _open(folder, cache) as library:
        assert _signature(library.search("mayor opened bridge", EN)) == expected


def test_other_means_make_the_vectors_anew(folder: Path, tmp_path: Path, cache: Path) -> None:
    class Tilted(WordEncoder):
        """The same sentences, but its calibration came out otherwise."""

        def encode_questions(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            return np.roll(super().encode_questions(texts), 1, axis=1)

    with _open(folder, cache) as library:
        list(library.add([BRIDGE, HARBOUR]))
        library.warm()
    with _open(folder, tmp_path / "other", Tilted()) as library:
        hits = library.search("mayor", EN)
        centring, fingerprint = library._derived.centring, library._derived.embeddings.identity
    assert len(hits) == 4
    embedded = {hit.sentence.text: hit.vector for hit in hits}
    for text, vector in embedded.items():
        plain = WordEncoder().encode_sentences([text])
        np.testing.assert_allclose(centring.sentence(plain, [EN])[0], vector, atol=5e-3)
    assert fingerprint["encoder"] == WordEncoder.fingerprint


def test_rebuilding_changes_no_answer(library: Library) -> None:
    list(library.add([BRIDGE, HARBOUR]))
    library.rebuild()
    expected = _signature(library.search("mayor opened bridge", EN))
    library.rebuild()
    assert _signature(library.search("mayor opened bridge", EN)) == expected
    library.remove("harbour")
    library.rebuild()
    assert {hit.article.id for hit in library.search("harbour", EN)} == {"bridge"}
    assert _derived(library) == (2, 2)


# Kills, full disks


ADDING = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
import index.library
from conftest import WordEncoder
from test_library import numbered
index.adding._GROUP = 700
with index.library.Library.open(Path({folder!r}), encoder=WordEncoder(), cache=Path({cache!r})) as library:
    print("ready", flush=True)
    for outcome in library.add(numbered(round) for round in range({first}, {first} + 400)):
        print(outcome.article_id, flush=True)
"""


def numbered(number: int) -> Article:
    """One of many articles; every second one replaces an earlier one."""
    id_ = number // 2 if number % 2 else number
    text = " ".join(f"Report {number} has line {line} about bridge {number % 7}." for line in range(6))
    return make_article(text, id=f"n{id_}", title=f"Report {number}")


def _kill_while_adding(folder: Path, cache: Path, first: int, lines: int) -> list[str]:
    """Add in a process of its own, kill it after some lines; the ids that it reported."""
    code = ADDING.format(root=str(ROOT), tests=str(ROOT / "tests"), folder=str(folder), cache=str(cache), first=first)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        reported = [process.stdout.readline().strip() for _ in range(lines + 1)]
        process.send_signal(signal.SIGKILL)
        process.stdout.read()
    assert reported[0] == "ready"
    return reported[1:]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_while_adding_loses_no_reported_article_and_leaves_no_half(folder: Path, cache: Path) -> None:
    choice, reported = random.Random(5), set[str]()
    with _open(folder, cache) as library:
        library.warm()  # so that the means are in the cache
    for first in (0, 400):
        reported |= set(_kill_while_adding(folder, cache, first, choice.randrange(1, 60)))
        with _open(folder, cache) as library:
            total, page = library.articles()
            ids = {summary.id for summary in page}
            assert reported <= ids
            assert total == len(ids)
            for id_ in ids:
                article = library.article(id_)
                assert article is not None
                number = int(article.title.split()[1])
                assert article == numbered(number)
                assert library.sentences(id_) == split_sentences(article)
            hits = library.search("report about bridge 3", EN)
            assert any(hit.lexical_score for hit in hits)
            assert library._store._db.one("PRAGMA integrity_check") == "ok"
            sentences = library.stats().sentences
            assert sentences == 6 * total
        assert _derived(library)[1] == sentences


def test_a_full_disk_while_saving_vectors_loses_nothing(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: FaissStore, path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(FaissStore, "save", full)
        library = _open(folder, cache)
        with suppress(OSError, CitewireError):
            assert _statuses(library.add([BRIDGE, HARBOUR])) == ["added", "added"]
        assert _found(library, "mayor") == {"bridge"}
        with suppress(OSError, CitewireError):
            library.close()
    library.close()
    with _open(folder, cache) as library:
        assert _found(library, "mayor") == {"bridge"}
        assert _found(library, "harbour") == {"harbour"}


def test_an_encoder_that_fails_adds_nothing_of_its_group(folder: Path, cache: Path) -> None:
    class Failing(WordEncoder):
        def encode_sentences(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            if any("harbour" in text for text in texts):
                raise RuntimeError("out of memory")
            return super().encode_sentences(texts)

    with _open(folder, cache, Failing()) as library:
        with pytest.raises(RuntimeError, match="out of memory"):
            list(library.add([BRIDGE, HARBOUR]))
        assert library.count() == 0
        assert _statuses(library.add([BRIDGE])) == ["added"]


# Several processes and threads


def test_a_second_writer_is_told_that_the_library_is_busy(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.library.FileLock", lambda path, timeout: FileLock(path, timeout=min(timeout, 0.01)))
    with _open(folder, cache) as library:
        list(library.add([BRIDGE]))
        with FileLock(folder / "library.lock"):
            with pytest.raises(LibraryBusy, match="try again"):
                list(library.add([HARBOUR]))
            with pytest.raises(LibraryBusy):
                library.remove("bridge")
            with pytest.raises(LibraryBusy):
                library.rebuild()
            assert _found(library, "mayor") == {"bridge"}  # reading goes on
        assert _statuses(library.add([HARBOUR])) == ["added"]


def test_a_second_writer_waits_for_the_first(library: Library) -> None:
    outcomes: list[str] = []
    adding = threading.Thread(target=lambda: outcomes.extend(_statuses(library.add([BRIDGE]))))
    with FileLock(library.folder / "library.lock"):
        adding.start()
        assert library.count() == 0
        assert outcomes == []
    adding.join()
    assert outcomes == ["added"]


def test_a_reader_sees_what_another_added_replaced_and_removed(library: Library, folder: Path, cache: Path) -> None:
    list(library.add([BRIDGE]))
    with _open(folder, cache) as reader:
        assert _found(reader, "mayor") == {"bridge"}
        list(library.add([HARBOUR]))
        assert _found(reader, "harbour froze") == {"harbour"}
        list(library.add([replace(HARBOUR, text="A glacier melted. It was warm.")]))
        assert _found(reader, "harbour froze") == set()
        assert _found(reader, "glacier melted") == {"harbour"}
        library.remove("bridge")
        assert _found(reader, "mayor opened") == set()
        library.rebuild()
        assert _found(reader, "glacier melted") == {"harbour"}
        list(library.add([BRIDGE]))
        assert _found(reader, "mayor opened") == {"bridge"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_reader_sees_what_another_process_added(library: Library, cache: Path) -> None:
    library.warm()
    assert library.search("report", EN) == []
    reported = _kill_while_adding(library.folder, cache, 0, 3)
    assert set(reported) <= {hit.article.id for hit in library.search("report about bridge", EN)}


def test_a_search_reads_one_state_of_the_library(
    library: Library, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may replace an article between two of a search's queries."""
    list(library.add([BRIDGE]))
    new = replace(BRIDGE, title="A", text="Much rain came to the hills on Sunday and on Monday. Bridges held.")
    neighbourhood, replaced = Store.neighbourhood, threading.Event()

    with _open(folder, cache) as other:

        def then_replace(self: Store, ids: np.ndarray, reach: int) -> object:
            rows = neighbourhood(self, ids, reach)
            if not replaced.is_set():
                replaced.set()
                list(other.add([new]))
            return rows

        monkeypatch.setattr(Store, "neighbourhood", then_replace)
        hits = library.search("bridge", EN)
    assert replaced.is_set()
    for hit in hits:
        assert (hit.sentence.start, hit.sentence.end) in split(hit.article.text, hit.article.language)


def test_an_article_may_vanish_while_its_vectors_are_read(
    library: Library, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may remove it between two queries."""
    list(library.add([BRIDGE]))
    (folder / "vectors.faiss").unlink(missing_ok=True)
    ids, removed = Store.ids, threading.Event()

    def then_remove(self: Store, *arguments: object) -> object:
        found = ids(self, *arguments)  # type: ignore[arg-type]
        if not removed.is_set():
            removed.set()
            library.remove("bridge")
        return found

    with _open(folder, cache) as reader:
        monkeypatch.setattr(Store, "ids", then_remove)
        reader.search("bridge", EN)
        assert removed.is_set()
        assert reader.search("bridge", EN) == []


def test_an_add_that_is_done_does_not_fail_because_another_writes_now(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.library.FileLock", lambda path, timeout: FileLock(path, timeout=min(timeout, 0.01)))
    outcomes = library.add([BRIDGE])
    assert next(outcomes).status is Status.ADDED
    with FileLock(library.folder / "library.lock"):
        assert list(outcomes) == []
        library.close()


def test_threads_search_while_articles_come_and_go(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.adding._GROUP", 1)
    problems, done = list[str](), threading.Event()

    def searching(library: Library) -> None:
        while not done.is_set():
            try:
                for hit in library.search("report about bridge 3", EN):
                    span = (hit.sentence.start, hit.sentence.end)
                    if span not in split(hit.article.text, hit.article.language):
                        problems.append(f"{span} is no sentence of {hit.article.text!r}")
            except Exception as error:
                problems.append(repr(error))

    with _open(folder, cache) as library, _open(folder, cache) as other:
        threads = [threading.Thread(target=searching, args=(each,)) for each in (library, library, other)]
        for thread in threads:
            thread.start()
        try:
            for number in range(16):
                assert _statuses(library.add([numbered(number)])) in (["added"], ["replaced"], ["unchanged"])
                if number % 5 == 4:
                    assert library.remove(numbered(number).id)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert problems == []
        assert _signature(library.search("bridge 3", EN)) == _signature(other.search("bridge 3", EN))


def test_threads_may_add_at_once(library: Library) -> None:
    problems: list[str] = []

    def adding(first: int) -> None:
        try:
            list(
                library.add(
                    [make_article(f"Report {first + n} is about a bridge.", id=f"t{first + n}") for n in range(5)]
                )
            )
            library.remove(f"t{first}")
        except Exception as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=adding, args=(10 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert library.count() == 16
    assert _derived(library) == (16, 16)


# What cannot be opened


def test_a_library_made_with_another_model_is_refused(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        list(library.add([BRIDGE]))

    class Other(WordEncoder):
        name = "other"

    with pytest.raises(WrongModel, match=r"'bag-of-words'.*'other'") as caught:
        _open(folder, cache, Other())
    assert "\n" not in str(caught.value)
    with pytest.raises(WrongModel):
        Library.open(folder, model="intfloat/multilingual-e5-base", cache=cache)


def test_a_model_that_never_encoded_anything_binds_nobody(folder: Path, cache: Path) -> None:
    """A misspelt --model must not spoil the new library for the right one."""

    class Misspelt(WordEncoder):
        name = "multilingual-e5-smal"

    _open(folder, cache, Misspelt()).close()
    with _open(folder, cache) as library:
        assert _statuses(library.add([BRIDGE])) == ["added"]


def test_vectors_of_another_dimension_are_refused_and_nothing_is_spoilt(
    folder: Path, tmp_path: Path, cache: Path
) -> None:
    class Shorter(WordEncoder):
        fingerprint = "bag-of-words:128"
        dimension = 128

    with _open(folder, cache) as library:
        list(library.add([BRIDGE]))
    with _open(folder, tmp_path / "other", Shorter()) as library:
        with pytest.raises(WrongModel, match=r"256.*128"):
            list(library.add([HARBOUR]))
        with pytest.raises(WrongModel):
            library.search("mayor", EN)
    with _open(folder, cache) as library:
        assert library.count() == 1
        assert _found(library, "mayor") == {"bridge"}


def test_a_file_or_a_path_below_one_is_no_library(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "file").write_text("?")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LibraryError, match="cannot use"):
            _open(path, cache)


def test_a_damaged_database_is_one_line(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        list(library.add(numbered(2 * n) for n in range(30)))
    path = folder / "library.sqlite"
    content = path.read_bytes()
    for damaged in (os.urandom(9000), content[: len(content) // 2], content[:4096] + os.urandom(len(content) - 4096)):
        path.write_bytes(damaged)
        with pytest.raises(CitewireError) as caught, _open(folder, cache) as library:
            library.search("bridge", EN)
        assert "\n" not in str(caught.value)


READ_ONLY = """
import os, sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from conftest import WordEncoder, make_article
from corpus.types import CitewireError, Language
from index.library import Library
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    with Library.open(Path("library"), encoder=WordEncoder(), cache=Path("cache")) as library:
        assert library.search("mayor", Language.EN)[0].article.id == "bridge"
        list(library.add([make_article("Rain fell.")]))
except CitewireError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix permissions")
def test_a_folder_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    with _open(tmp_path / "library", tmp_path / "cache") as library:
        list(library.add([BRIDGE]))
    everything = [tmp_path / "library", *(tmp_path / "library").rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        code = READ_ONLY.format(root=str(ROOT), tests=str(ROOT / "tests"))
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    finally:
        for path in everything:
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "library" in done.stdout
