"""A library whose vectors are on a server: it is as one in a folder, and catches up after whatever came between."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder, make_article

from corpus.types import Article, Language
from index.library import Library
from index.shared import SharedVectors
from index.types import Filters, LibraryError, Mark, StoreUnavailable, WrongModel

EN = Language.EN
BRIDGE = make_article("The mayor opened a bridge. It cost nine million.", id="bridge", title="A", source="Herald")
HARBOUR = make_article(
    "A harbour froze. Ships waited outside.", id="harbour", title="B", source="Courier", published=date(2024, 5, 6)
)
Opener = Callable[..., Library]
NOWHERE = "milvus://127.0.0.1:9"


@pytest.fixture
def open_(folder: Path, cache: Path, milvus: str) -> Iterator[Opener]:
    """Opens the library, on the server unless told otherwise; what it has left there is dropped afterwards."""

    def opener(store: str | None = milvus, encoder: WordEncoder | None = None, at: Path = folder) -> Library:
        return Library.open(at, encoder=encoder or WordEncoder(), store=store, cache=cache)

    yield opener
    with opener(None) as library:
        if isinstance(library._derived._dense, SharedVectors):
            _drop(library)


def _drop(library: Library) -> None:
    dense = library._derived._dense
    assert isinstance(dense, SharedVectors)
    dense._remote()._client.drop_collection(dense._remote()._name)


def _on_server(library: Library) -> set[str]:
    """The articles whose vectors the server has, each sentence once."""
    anywhere = np.full(WordEncoder.dimension, WordEncoder.dimension**-0.5, np.float32)
    vectors = library._derived.vectors()
    ids, _scores = vectors.search(anywhere, 100, Filters())
    assert len(ids) == len(set(ids.tolist())) == len(vectors)
    rows = library._store.rows(ids)
    assert len(rows) == len(ids)
    return {row.article_id for row in rows}


def _add(library: Library, *articles: Article) -> list[str]:
    return [outcome.status.value for outcome in library.add(articles)]


def _found(library: Library, text: str, filters: Filters = Filters()) -> set[str]:
    return {hit.article.id for hit in library.search(text, EN, filters=filters) if hit.coverage or hit.lexical_score}


def test_it_adds_finds_replaces_and_removes_as_in_a_folder(open_: Opener, tmp_path: Path) -> None:
    with open_() as library, open_("faiss", at=tmp_path / "other") as local:
        for each in (library, local):
            assert _add(each, BRIDGE, HARBOUR) == ["added", "added"]
            assert _add(each, BRIDGE) == ["unchanged"]
        for filters in (Filters(), Filters(sources=frozenset({"Courier"})), Filters(since=date(2024, 5, 6))):
            ours, theirs = (each.search("Which ships waited?", EN, filters=filters) for each in (library, local))
            assert [hit.sentence for hit in ours] == [hit.sentence for hit in theirs]
            assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=1e-4)
        assert _add(library, replace(BRIDGE, text="A tunnel caved in.")) == ["replaced"]
        assert _found(library, "mayor opened bridge") == set()
        assert library.remove("harbour")
        assert _on_server(library) == {"bridge"}
        assert library.stats().vector_index.startswith("Milvus at 127.0.0.1:")
        assert not (library.folder / "vectors.faiss").exists()


def test_the_library_remembers_where_its_vectors_are(open_: Opener) -> None:
    with open_() as library:
        _add(library, BRIDGE)
    with open_(None) as library:
        assert _on_server(library) == {"bridge"}
        assert _found(library, "mayor") == {"bridge"}


def test_what_another_process_adds_is_found(open_: Opener) -> None:
    with open_() as library, open_() as other:
        _add(library, BRIDGE)
        _forget_what_was_sent()
        assert _dense(other, "mayor") == {"bridge"}
        _add(other, HARBOUR)
        _forget_what_was_sent()
        assert _dense(library, "harbour froze") == {"bridge", "harbour"}
        library.remove("bridge")
        _forget_what_was_sent()
        assert _dense(other, "harbour froze") == {"harbour"}
        assert _on_server(other) == {"harbour"}


def _forget_what_was_sent() -> None:
    """The client keeps, for the whole process, when it last sent something to a collection; another does not know."""
    from pymilvus.client.cache import GlobalCache

    GlobalCache.collection_ts.clear()


def _dense(library: Library, text: str) -> set[str]:
    """The articles that a search finds by their vectors."""
    return {hit.article.id for hit in library.search(text, EN)}


def test_a_kill_before_anything_is_sent_loses_nothing(open_: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_() as library:
        _add(library, BRIDGE, HARBOUR)
    with open_() as library, monkeypatch.context() as patch:
        patch.setattr(SharedVectors, "update", lambda _: None)
        library.remove("harbour")
        _add(library, make_article("A volcano erupted.", id="volcano"))
    with open_() as library:
        assert _found(library, "volcano erupted") == {"volcano"}
        assert _on_server(library) == {"bridge", "volcano"}


def test_what_was_sent_before_a_kill_and_removed_after_it_is_gone(
    open_: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the kill came before the server was told how much it had been sent."""
    from index.milvus import MilvusStore

    with open_() as library:
        with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
            patch.setattr(MilvusStore, "put_mark", _dying_after(1))
            _add(library, BRIDGE, HARBOUR)
        library.remove("bridge")
        assert _on_server(library) == {"harbour"}


def _dying_after(times: int) -> Callable[..., None]:
    """For us, the server dies after the mark has been put so many times."""
    from index.milvus import MilvusStore

    put_mark, left = MilvusStore.put_mark, [times]

    def put(self: MilvusStore, mark: Mark) -> None:
        if not left[0]:
            raise StoreUnavailable("killed")
        left[0] -= 1
        put_mark(self, mark)

    return put


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_a_kill_while_it_is_sent_loses_nothing_and_sends_nothing_twice(
    open_: Opener, monkeypatch: pytest.MonkeyPatch, sent: int
) -> None:
    from index.milvus import MilvusStore

    monkeypatch.setattr("index.shared._CHUNK", 2)
    with open_() as library:
        with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
            patch.setattr(MilvusStore, "put_mark", _dying_after(sent))
            _add(library, BRIDGE, HARBOUR)
        assert library.count() == 2  # the database has them
        assert _found(library, "mayor") == {"bridge"}
        assert _on_server(library) == {"bridge", "harbour"}


def test_a_server_that_lost_everything_gets_everything_again(open_: Opener) -> None:
    with open_() as library:
        _add(library, BRIDGE)
        _drop(library)
    with open_() as library:
        assert _found(library, "mayor") == {"bridge"}
        assert _on_server(library) == {"bridge"}


def test_a_rebuild_sends_everything_anew_and_can_move_the_vectors(open_: Opener) -> None:
    with open_("faiss") as library:
        _add(library, BRIDGE, HARBOUR)
    with open_() as library:
        with pytest.raises(LibraryError, match=r"in faiss, not milvus://.*citewire --store milvus://\S+ rebuild"):
            library.search("mayor", EN)
        with pytest.raises(LibraryError, match="in faiss"):
            library.remove("bridge")
        assert library.count() == 2
        library.rebuild()
        assert _on_server(library) == {"bridge", "harbour"}
        library.remove("harbour")
        library.rebuild()
        assert _on_server(library) == {"bridge"}
    with open_("faiss") as library:
        with pytest.raises(LibraryError, match="in milvus://"):
            library.search("mayor", EN)
        library.rebuild()
        assert _found(library, "mayor") == {"bridge"}


def test_what_a_folder_did_meanwhile_is_known_when_the_vectors_come_back(open_: Opener) -> None:
    with open_() as library:
        _add(library, BRIDGE, HARBOUR)
    with open_("faiss") as library:
        library.rebuild()
        library.remove("bridge")
    with open_() as library:
        library.rebuild()
        assert _on_server(library) == {"harbour"}


def test_another_encoder_is_told_to_rebuild(open_: Opener) -> None:
    class Shorter(WordEncoder):
        fingerprint = "bag-of-words:128"
        dimension = 128

    with open_() as library:
        _add(library, BRIDGE)
    with open_(encoder=Shorter()) as library:
        with pytest.raises(WrongModel, match="citewire rebuild"):
            library.search("mayor", EN)
        library.rebuild()
        assert _found(library, "mayor") == {"bridge"}
    with open_(encoder=Shorter()) as library:
        assert _found(library, "mayor") == {"bridge"}


def test_a_copy_of_the_library_does_not_spoil_the_server_for_it(open_: Opener, folder: Path, tmp_path: Path) -> None:
    with open_() as library:
        _add(library, BRIDGE)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "library.sqlite").write_bytes((folder / "library.sqlite").read_bytes())
    with open_() as library:
        _add(library, HARBOUR)
    with open_(at=tmp_path / "copy") as copy, pytest.raises(LibraryError, match=r"later state.*citewire rebuild"):
        copy.search("mayor", EN)


# Without a server


@pytest.fixture
def alone(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    pytest.importorskip("pymilvus", reason="the package pymilvus is not installed")
    monkeypatch.setattr("index.milvus._ASK", 1)
    with Library.open(folder, encoder=WordEncoder(), store=NOWHERE, cache=cache) as library:
        yield library


def test_without_its_server_a_library_says_so_before_it_encodes_anything(
    alone: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert alone._derived.embeddings.identity  # which encodes the samples, once
    monkeypatch.setattr(WordEncoder, "encode_sentences", lambda *_: pytest.fail("articles were encoded"))
    for use in (lambda: _add(alone, BRIDGE), lambda: alone.search("mayor", EN), alone.warm, alone.rebuild):
        with pytest.raises(StoreUnavailable, match=r"milvus://127\.0\.0\.1:9.*citewire --store faiss rebuild"):
            use()
    assert alone.count() == 0
    assert alone.stats().vector_index == "Milvus at 127.0.0.1:9 (HNSW)"


def test_a_store_that_is_none_is_one_line(folder: Path, cache: Path) -> None:
    with pytest.raises(LibraryError, match=r"'redis://x' is no vector store; give faiss"):
        Library.open(folder, encoder=WordEncoder(), store="redis://x", cache=cache)


def test_a_missing_package_is_one_line_that_says_what_to_install(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "index.milvus", raising=False)
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    monkeypatch.setitem(sys.modules, "grpc", None)
    with (
        Library.open(folder, encoder=WordEncoder(), store=NOWHERE, cache=cache) as library,
        pytest.raises(LibraryError, match=r"pip install 'citewire\[milvus\]'"),
    ):
        library.search("mayor", EN)
