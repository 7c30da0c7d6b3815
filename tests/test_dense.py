"""A library's vectors as it grows, is rebuilt, is killed, and is used by several processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article

from corpus.types import Article
from index.library import Library
from index.store import Store
from index.types import Filters
from index.vectors import FaissStore


@pytest.fixture
def library(folder: Path, cache: Path) -> Iterator[Library]:
    with _open(folder, cache) as opened:
        yield opened


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty sentences are many."""
    monkeypatch.setattr("index.vectors._FLAT", 10)
    monkeypatch.setattr("index.vectors._EXACT", 20)


def _open(folder: Path, cache: Path) -> Library:
    return Library.open(folder, encoder=WordEncoder(), cache=cache)


def _report(number: int) -> Article:
    return make_article(f"Report {number} is about stone {number * 7}.", id=f"r{number}", title=f"R{number}")


def _add(library: Library, *numbers: int) -> None:
    list(library.add(_report(number) for number in numbers))


def _kind(library: Library) -> str:
    return library.stats().vector_index.split()[1]


def _indexed(library: Library) -> set[str]:
    """The articles whose vectors a search finds."""
    anywhere = np.full(WordEncoder.dimension, WordEncoder.dimension**-0.5, np.float32)
    ids, _scores = library._derived.vectors().search(anywhere, 100, Filters())
    assert len(ids) == len(set(ids.tolist()))
    return {row.article_id for row in library._store.rows(ids)}


def _reports(*numbers: int) -> set[str]:
    return {f"r{number}" for number in numbers}


def _saved(library: Library) -> FaissStore:
    found = FaissStore.load(library.folder / "vectors.faiss", WordEncoder.dimension, library._store.ids)
    assert found is not None
    return found


# By size


@pytest.mark.usefixtures("small")
def test_a_library_that_has_outgrown_its_index_says_so_until_it_is_rebuilt(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        _add(library, *range(10))
        assert "outgrown" not in library.stats().vector_index
        _add(library, *range(10, 30))
        assert _kind(library) == "Flat"
        assert "citewire rebuild makes it IVF22,SQ8" in library.stats().vector_index
        library.rebuild()
        assert _kind(library) == "IVF22,SQ8"
        assert "outgrown" not in library.stats().vector_index
    with _open(folder, cache) as library:
        assert _kind(library) == "IVF22,SQ8"  # before anything is loaded
        assert _indexed(library) == _reports(*range(30))
        _add(library, 40)
        library.remove("r7")
        assert _indexed(library) == _reports(*range(30), 40) - {"r7"}
        assert _kind(library) == "IVF22,SQ8"
    assert len(_saved(library)) == 30


@pytest.mark.usefixtures("small")
def test_a_lost_index_is_made_exact_since_that_is_quick(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        _add(library, *range(30))
        library.rebuild()
    (folder / "vectors.faiss").unlink()
    with _open(folder, cache) as library:
        assert _indexed(library) == _reports(*range(30))
        assert _kind(library) == "SQ8"


@pytest.mark.usefixtures("small")
def test_a_large_index_stays_in_its_file_until_much_has_changed(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.dense._MAPPED", 1)
    with _open(folder, cache) as library:
        _add(library, *range(30))
        library.rebuild()
        assert "mapped" not in library.stats().vector_index
        assert _indexed(library) == _reports(*range(30))
        assert "mapped" in library.stats().vector_index
        monkeypatch.setattr("index.mapped._DRIFT", 0.1)
        _add(library, 40)
        assert _indexed(library) == _reports(*range(30), 40)
    assert len(_saved(library)) == 30
    with _open(folder, cache) as library:
        assert _indexed(library) == _reports(*range(30), 40)
        _add(library, 41, 42, 43, 44)
        assert len(_saved(library)) == 35
        library.remove("r3")
    assert len(_saved(library)) == 35
    with _open(folder, cache) as library:
        assert _indexed(library) == _reports(*range(30), *range(40, 45)) - {"r3"}
        assert "mapped" in library.stats().vector_index


# Several processes


@pytest.mark.usefixtures("small")
def test_a_rebuild_is_taken_up_by_others_and_not_undone_by_them(library: Library, folder: Path, cache: Path) -> None:
    _add(library, *range(10))
    _add(library, *range(10, 30))
    with _open(folder, cache) as other:
        assert _indexed(other) == _reports(*range(30))
        assert _kind(other) == "Flat"
        library.rebuild()
        _add(other, 40)
        assert _kind(other) == "IVF22,SQ8"
        assert _indexed(other) == _reports(*range(30), 40)
    assert _saved(library).kind == "IVF22,SQ8"
    assert len(_saved(library)) == 31


@pytest.mark.usefixtures("small")
def test_who_searched_during_a_rebuild_does_not_save_over_it(library: Library, folder: Path, cache: Path) -> None:
    _add(library, *range(10))
    _add(library, *range(10, 30))
    with _open(folder, cache) as other:
        other.warm()
        with library._store.transaction():
            library._store.forget_removed()  # as a rebuild begins
        assert _indexed(other) == _reports(*range(30))
        library._derived.rebuild()
        assert _kind(other) == "Flat"
        other._changed = True
    assert _saved(library).kind == "IVF22,SQ8"


# Catching up


def test_a_change_is_followed_without_reading_every_id(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    _add(library, *range(5))

    def never(*_: object) -> object:
        raise AssertionError("every id was read")

    monkeypatch.setattr(Store, "ids", never)
    _add(library, 5, 6)
    library.remove("r2")
    assert _indexed(library) == _reports(0, 1, 3, 4, 5, 6)


def test_a_saved_index_is_followed_from_where_it_stands(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _open(folder, cache) as library:
        _add(library, *range(5))
    with _open(folder, cache) as library:
        monkeypatch.setattr("index.dense.LocalVectors._write", lambda *_: None)  # a kill before it is saved
        _add(library, 5)
        library.remove("r1")
    monkeypatch.undo()
    with _open(folder, cache) as library:
        assert _indexed(library) == _reports(0, 2, 3, 4, 5)
        np.testing.assert_array_equal(np.sort(_held(library).ids), library._store.ids())


def test_a_kill_between_the_file_and_its_stamp_leaves_nothing_twice(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        _add(library, *range(5))
    stamp = (folder / "vectors.json").read_bytes()
    with _open(folder, cache) as library:
        _add(library, 5, 6)
        library.remove("r0")
    (folder / "vectors.json").write_bytes(stamp)
    with _open(folder, cache) as library:
        library.warm()
        np.testing.assert_array_equal(np.sort(_held(library).ids), library._store.ids())


def test_a_stamp_of_an_earlier_version_is_enough(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        _add(library, *range(5))
    path = folder / "vectors.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({key: kept[key] for key in ("library", "encoder", "centring")}), encoding="utf-8")
    with _open(folder, cache) as library:
        assert _kind(library) == "Flat"
        assert _indexed(library) == _reports(*range(5))
        library.remove("r3")
    assert len(_saved(library)) == 4
    assert json.loads(path.read_text(encoding="utf-8"))["revision"] == 6


def test_an_index_ahead_of_a_restored_database_is_compared_with_it(folder: Path, cache: Path) -> None:
    with _open(folder, cache) as library:
        _add(library, *range(3))
    backup = (folder / "library.sqlite").read_bytes()
    with _open(folder, cache) as library:
        _add(library, *range(3, 9))
    for beside in folder.glob("library.sqlite-*"):
        beside.unlink()
    (folder / "library.sqlite").write_bytes(backup)
    with _open(folder, cache) as library:
        library.warm()
        np.testing.assert_array_equal(np.sort(_held(library).ids), library._store.ids())


def _held(library: Library) -> FaissStore:
    vectors = library._derived.vectors()
    assert isinstance(vectors, FaissStore)
    return vectors
