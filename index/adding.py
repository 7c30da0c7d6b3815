"""Articles on their way into a library: read and split in groups, embedded while others are read and written.

The encoder works in threads of its own, behind whoever reads and ahead of whoever writes, so that it waits for neither.
Reading and writing stay in the caller's thread: an interrupt finds it there.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np

from corpus.sentences import sentences as split_sentences
from corpus.types import Article, Rejection, Sentence
from index.store import digest
from index.types import Outcome, Status, Vectors
from index.workers import Encode

_GROUP = 60_000  # characters of text that are committed together: a few seconds' work
_LEAST = 100  # characters that anything counts for, so that what is empty does not pile up
_PORTION = 128  # sentences encoded between two chances to stop; many enough to be put together by length

Item = Article | Rejection


@dataclass(frozen=True, slots=True)
class Group:
    """What is committed together, in the order in which it came, no article twice.

    `known` are digests by id of what the library holds, or will when this group's turn comes; `parts` are the sentences
    of each article that is new or changed.
    """

    items: Sequence[Item]
    known: dict[str, bytes]
    parts: dict[str, list[Sentence]]

    @classmethod
    def of(cls, items: Sequence[Item], known: dict[str, bytes]) -> Self:
        articles = [item for item in items if isinstance(item, Article)]
        fresh = [article for article in articles if known.get(article.id) != digest(article)]
        return cls(items, known, {article.id: split_sentences(article) for article in fresh})

    @property
    def fresh(self) -> list[Article]:
        """The articles to be stored."""
        return [item for item in self.items if isinstance(item, Article) and self.parts.get(item.id)]

    @property
    def texts(self) -> list[str]:
        """The sentences to be embedded."""
        return [sentence.text for article in self.fresh for sentence in self.parts[article.id]]

    def by_article(self, vectors: Vectors) -> Iterator[tuple[Article, list[Sentence], Vectors]]:
        """Each article to be stored, its sentences, and their vectors: their rows among those of all `texts`."""
        start = 0
        for article in self.fresh:
            sentences = self.parts[article.id]
            yield article, sentences, vectors[start : start + len(sentences)]
            start += len(sentences)

    @property
    def outcomes(self) -> list[Outcome]:
        return [
            Outcome(Status.REJECTED, item.name, reason=item.reason)
            if isinstance(item, Rejection)
            else self._outcome(item)
            for item in self.items
        ]

    def _outcome(self, article: Article) -> Outcome:
        name = article.url or article.title
        if article.id not in self.parts:
            return Outcome(Status.UNCHANGED, name, article.id)
        count = len(self.parts[article.id])
        if not count:
            return Outcome(Status.REJECTED, name, reason="the text has no sentences")
        return Outcome(Status.REPLACED if article.id in self.known else Status.ADDED, name, article.id, sentences=count)


@dataclass(frozen=True, slots=True)
class Embedded:
    """Items that were read elsewhere, no article twice, and the vectors of the sentences of those embedded, by id."""

    items: Sequence[Item]
    vectors: dict[str, Vectors]


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in the sizes in which they are committed; the later of two with one id begins another batch."""
    batch, ids, size = list[Item](), set[str](), 0
    for item in items:
        if isinstance(item, Article) and item.id in ids:
            yield batch
            batch, ids, size = [], set(), 0
        batch.append(item)
        size += _LEAST
        if isinstance(item, Article):
            ids.add(item.id)
            size += len(item.text)
        if size >= _GROUP:
            yield batch
            batch, ids, size = [], set(), 0
    if batch:
        yield batch


class Ahead:
    """Groups that are being embedded, out in the order in which they went in.

    `encode` is called from so many threads, each time with a portion of a group's sentences; when this ends, what has
    not begun is forgotten.
    """

    def __init__(self, encode: Encode, threads: int = 1) -> None:
        self._encode = encode
        self._pool = ThreadPoolExecutor(threads, "citewire-encoder")
        self._depth = threads + 1  # groups that keep the threads busy while the first is fetched and written
        self._groups: deque[tuple[Group, _Embedding]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def digests(self) -> dict[str, bytes]:
        """Of the articles in the groups, by id."""
        return {article.id: digest(article) for group, _ in self._groups for article in group.fresh}

    @property
    def is_due(self) -> bool:
        """Whether the first group is to be fetched: it is ready, or there are as many as keep the threads busy."""
        return len(self._groups) >= self._depth or (len(self._groups) > 0 and self._groups[0][1].is_ready)

    def put(self, group: Group) -> None:
        self._groups.append((group, _Embedding(self._pool, self._encode, group.texts)))

    def get(self) -> tuple[Group, Vectors]:
        """The first group and the vectors of its sentences, shape (n, dimension). Raises what the encoder raises."""
        group, embedding = self._groups.popleft()
        return group, embedding.result()


class _Embedding:
    """Texts being encoded, portion by portion, those of alike lengths together: that saves padding."""

    def __init__(self, pool: Executor, encode: Encode, texts: Sequence[str]) -> None:
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index].encode()))
        self._portions = [by_length[start : start + _PORTION] for start in range(0, len(by_length), _PORTION)]
        self._futures: list[Future[Vectors]] = [
            pool.submit(encode, [texts[index] for index in portion]) for portion in self._portions
        ]

    @property
    def is_ready(self) -> bool:
        return all(future.done() for future in self._futures)

    def result(self) -> Vectors:
        """The vectors in the order of the texts."""
        if not self._futures:
            return np.zeros((0, 0), np.float32)
        encoded = np.concatenate([future.result() for future in self._futures])
        vectors = np.empty_like(encoded)
        vectors[np.concatenate(self._portions)] = encoded
        return vectors
