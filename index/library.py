"""The index room's door: open a library, add and remove articles, search.

A library is a folder. `library.sqlite` is the truth; `vectors.faiss` (or a collection on a server) and `terms/` are
derived from it and may lag behind (after a kill, or while another process adds): whoever searches or writes next
brings them up to date. One process writes at a time, behind `library.lock`; readers never wait.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from corpus.types import Article, Language, Rejection, Sentence
from index import bundled
from index.adding import Ahead, Embedded, Group, batches
from index.derived import FAISS, Derived
from index.encoder import open_encoder
from index.search import search
from index.store import Store
from index.types import (
    ArticleSummary,
    Encoder,
    Filters,
    Hit,
    LibraryBusy,
    LibraryError,
    Outcome,
    Stats,
    Vectors,
    WrongModel,
)
from index.workers import encoding

_BATCH = 1_000  # sentences that a rebuild encodes at a time
_WAIT = 30.0  # seconds that a second writer waits for the first


class Library:
    """One folder of articles. Safe to use from many threads; close it, or use it in a `with` statement."""

    def __init__(self, folder: Path, encoder: Encoder, store: Store, cache: Path, place: str = FAISS) -> None:
        self.folder = folder
        self._encoder = encoder
        self._store = store
        self._place = place
        self._derived = Derived(folder, store, encoder, cache, place)
        self._changed = False  # by us, since the vectors were last saved

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        model: str | None = None,
        encoder: Encoder | None = None,
        store: str | None = None,
        cache: Path | None = None,
        progress: bundled.Progress = bundled.silent,
    ) -> Self:
        """Open the library in `folder`, or make one there.

        `model` names a sentence-transformers model for a new library (default: the embedded one); `encoder` stands
        in for it. The model is loaded when first needed, and `progress` told if it must be unpacked into `cache`.
        `store` says where a new library keeps its vectors: "faiss", in its folder, or the address of a server,
        "milvus://HOST:PORT"; a rebuild moves those of an old one. Raises WrongModel when the library was made with
        another model, LibraryError when the folder cannot be used.
        """
        database = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            database = Store(folder / "library.sqlite")
            name = _agree_on_model(database, folder, encoder.name if encoder else model)
            place = _place(database, store)
            cache = cache or user_cache_path("citewire")
            encoder = encoder or open_encoder(name, cache, progress)
            return cls(folder, encoder, database, cache, place)
        except OSError as error:
            if database:
                database.close()
            raise LibraryError(f"cannot use {folder} as a library: {error.strerror or error}") from error
        except BaseException:
            if database:
                database.close()
            raise

    def close(self) -> None:
        """Save what is derived, and let go of the files and of the server."""
        try:
            self._save()
        finally:
            self._derived.close()
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def add(self, items: Iterable[Article | Rejection], *, workers: int = 1) -> Generator[Outcome, None, None]:
        """Add articles, an outcome for each in turn; rejections pass through. Stop iterating at any time.

        Articles are committed in groups, each article whole; one that is stored with the same content is left
        alone, one with other content replaced. More `workers` than one are processes that encode, each with an encoder
        of its own. Raises LibraryBusy when another process writes for too long.
        """
        try:
            with encoding(self._encoder, workers) as encode, Ahead(encode, workers) as ahead:
                for batch in batches(items):
                    ahead.put(self._group(batch, ahead.digests))
                    while ahead.is_due:
                        yield from self._commit(*ahead.get())
                while ahead:
                    yield from self._commit(*ahead.get())
        finally:
            self._save()

    def add_embedded(self, arriving: Iterable[Embedded]) -> Generator[Outcome, None, None]:
        """Like `add`, of what was embedded elsewhere, by an encoder like ours. What was not, and is new, is here."""
        self._derived.check()
        try:
            for each in arriving:
                group = self._group(each.items, {})
                yield from self._commit(group, self._embeddings(group, each.vectors))
        finally:
            self._save()

    def _embeddings(self, group: Group, given: dict[str, Vectors]) -> Vectors:
        """Of the group's texts, in their order: as given by the article's id, else made."""
        found = []
        for article in group.fresh:
            sentences, vectors = group.parts[article.id], given.get(article.id)
            if vectors is None or len(vectors) != len(sentences):
                vectors = self._encoder.encode_sentences([sentence.text for sentence in sentences])
            found.append(vectors)
        return np.concatenate(found) if found else np.zeros((0, 0), np.float32)

    def digests(self) -> frozenset[bytes]:
        """Of all articles that are stored (`store.digest`)."""
        return self._store.all_digests()

    def _group(self, items: Sequence[Article | Rejection], coming: dict[str, bytes]) -> Group:
        """The items, compared with what is stored and what is `coming` before them: digests by id."""
        stored = self._store.digests(item.id for item in items if isinstance(item, Article))
        group = Group.of(items, stored | coming)
        if group.fresh:
            self._derived.check()  # before anything is encoded
        return group

    def _commit(self, group: Group, embeddings: Vectors) -> list[Outcome]:
        if group.fresh:
            with self._writing(), self._store.transaction():
                self._keep_encoder()
                self._store.set("store", self._place)
                for article, sentences, vectors in group.by_article(embeddings):
                    self._store.put(article, sentences, vectors)
        return group.outcomes

    def remove(self, id_or_url: str) -> bool:
        """Remove an article by its id or URL from everything; False when there is none."""
        article_id = self._store.article_id(id_or_url)
        if article_id is None:
            return False
        with self._writing(), self._store.transaction():
            return self._store.delete(article_id)

    def _keep_encoder(self) -> None:
        self._store.set("model", self._encoder.name)
        self._store.set("encoder", self._encoder.fingerprint)
        self._store.set("dimension", str(self._encoder.dimension))

    def rebuild(self) -> None:
        """Make everything derived anew from the articles; the embeddings too, if another encoder made them.

        From then on the vectors are kept where this library was opened to keep them.
        """
        with self._lock():
            with self._store.transaction():
                if self._store.get("encoder") not in (None, self._encoder.fingerprint):
                    self._encode_anew()
                self._store.forget_removed()
            self._derived.rebuild()
            with self._store.transaction():
                self._store.set("store", self._place)

    def _encode_anew(self) -> None:
        last_id = 0
        while rows := self._store.rows_after(last_id, _BATCH):
            articles = self._store.articles({row.article_id for row in rows})
            texts = [articles[row.article_id].text[row.start : row.end] for row in rows]
            self._store.put_embeddings([row.id for row in rows], self._encoder.encode_sentences(texts))
            last_id = rows[-1].id
        self._keep_encoder()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the write lock; afterwards bring what is derived up to date."""
        with self._lock():
            self._derived.check()
            yield
            self._derived.update()
        self._derived.vectors()
        self._changed = True

    @contextmanager
    def _lock(self, wait: float = _WAIT) -> Iterator[None]:
        # A lock object of its own for each use: threads of one process must wait for each other too.
        lock = FileLock(self.folder / "library.lock", timeout=wait)
        try:
            lock.acquire()
        except Timeout as error:
            raise LibraryBusy(f"another process is writing to {self.folder}; try again when it has finished") from error
        try:
            yield
        finally:
            lock.release()

    def _save(self) -> None:
        if self._changed:
            with suppress(LibraryBusy), self._lock(wait=0):  # who writes now saves them too
                self._derived.save_vectors()
                self._changed = False

    # Reading

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    def article(self, article_id: str) -> Article | None:
        return self._store.articles([article_id]).get(article_id)

    def sentences(self, article_id: str) -> list[Sentence]:
        """The sentences of an article in order; empty when there is no such article."""
        with self._store.snapshot():
            article = self.article(article_id)
            return [_sentence(article, *span) for span in self._store.sentence_spans(article_id)] if article else []

    def articles(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        language: Language | None = None,
        source: str | None = None,
    ) -> tuple[int, list[ArticleSummary]]:
        """How many articles match, and a page of them, newest first."""
        return self._store.summaries(limit=limit, offset=offset, language=language, source=source)

    def count(self, filters: Filters = Filters()) -> int:
        """The number of articles that pass the filters."""
        return self._store.count_articles(filters)

    def count_sentences(self) -> int:
        return self._store.count_sentences()

    def sources(self) -> list[str]:
        """The names of all sources, those with most articles first."""
        return [source for source in self._store.tally("source") if source]

    def stats(self) -> Stats:
        return Stats(
            folder=self.folder,
            model=self._encoder.name,
            dimension=int(self._store.get("dimension") or 0),
            articles=self._store.count_articles(),
            sentences=self._store.count_sentences(),
            languages=self._store.tally("language"),
            sources=self._store.tally("source"),
            vector_index=self._derived.description,
            bytes_on_disk=_bytes_below(self.folder),
        )

    def warm(self) -> None:
        """Load the model and the indexes now rather than at the first question."""
        vector = self._encoder.encode_questions(["?"])[0]
        self._derived.vectors().search(vector, 1, Filters(since=date.min))  # with a filter: what it takes is loaded too

    def search(self, text: str, language: Language, *, filters: Filters = Filters()) -> list[Hit]:
        """The sentences that may answer a question, in whatever language they are, best first by a plain blend.

        `language` is the question's. Every hit passes the filters.
        """
        self._catch_up()
        with self._store.snapshot():
            return search(text, language, filters, self._encoder, self._store, self._derived)

    def _catch_up(self) -> None:
        """Bring what processes share up to date if another left it behind and none is at it now."""
        if not self._derived.is_current:
            # A busy library's writer does it itself; a folder that we may not write to stays as it is.
            with suppress(LibraryBusy, OSError), self._lock(wait=0):
                self._derived.update()
        self._derived.lexical.reload()


def _agree_on_model(store: Store, folder: Path, wanted: str | None) -> str:
    """The name of the library's model; a library without articles takes any."""
    kept = store.get("model")
    if kept and wanted and wanted != kept:
        raise WrongModel(
            f"{folder} was made with the model {kept!r}, not {wanted!r}; leave --model out, or make a new library"
        )
    return kept or wanted or bundled.NAME


def _place(store: Store, wanted: str | None) -> str:
    """Where the vectors are to be: as asked for, else as they are kept, else in the folder."""
    place = wanted or store.get("store") or FAISS
    if place != FAISS and not place.startswith("milvus://"):
        raise LibraryError(f"{place!r} is no vector store; give faiss, or a server such as milvus://localhost:19530")
    return place


def _sentence(article: Article, position: int, start: int, end: int) -> Sentence:
    text = article.text[start:end]
    return Sentence(f"{article.id}-{position}", article.id, position, start, end, text, article.language)


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # tantivy clears up behind us
            total += path.stat().st_size
    return total
