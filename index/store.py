"""The truth of a library: articles, sentences and embeddings in one SQLite file.

Everything else in the library's folder is derived from it. Sentence ids (`sentences.id`) are never reused, so a
derived index is up to date when it holds exactly the ids that stand here.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from corpus.types import Article, Language, Sentence
from index.database import Database
from index.types import ArticleSummary, Filters, Ids, LibraryError, Vectors

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, title TEXT NOT NULL, title_derived INTEGER NOT NULL,
    source TEXT NOT NULL, section TEXT NOT NULL, language TEXT NOT NULL, published TEXT, authors TEXT NOT NULL,
    fetched_at TEXT, text TEXT NOT NULL, digest BLOB NOT NULL, added INTEGER NOT NULL
);
CREATE INDEX articles_by_url ON articles (url);
CREATE INDEX articles_by_language ON articles (language, published);
CREATE TABLE sentences (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, embedding BLOB NOT NULL
);
CREATE UNIQUE INDEX sentences_by_article ON sentences (article_id, position);
CREATE TABLE removed (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL);
INSERT INTO manifest VALUES ('revision', '0');
"""
_BY_SOURCE = "CREATE INDEX IF NOT EXISTS articles_by_source ON articles (source, published)"  # later than the schema
_ARTICLE = "id, text, title, title_derived, language, source, section, url, published, authors, fetched_at"
_SUMMARY = "id, url, title, title_derived, source, section, language, published, authors, fetched_at"


@dataclass(frozen=True, slots=True)
class Row:
    """A stored sentence with its id and its embedding (float32, unit length)."""

    id: int
    article_id: str
    position: int
    start: int
    end: int
    embedding: Vectors


class Store:
    """Reads and writes one library's articles; safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path)
        self.transaction, self.snapshot, self.close = self._db.transaction, self._db.snapshot, self._db.close
        try:
            self._prepare(path)
        except BaseException:
            self.close()
            raise

    def _prepare(self, path: Path) -> None:
        version = self._db.one("PRAGMA user_version")
        if version == 0:
            with self.transaction():
                if self._db.one("PRAGMA user_version") == 0:  # another process may have been faster
                    for statement in _SCHEMA.split(";\n"):
                        self._db.run(statement)
                    self.set("id", uuid.uuid4().hex)
                    self._db.run(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        elif version != _SCHEMA_VERSION:
            raise LibraryError(f"{path} was made by another version of Citewire (schema {version}); update Citewire")
        if not self._db.one("SELECT count(*) FROM sqlite_master WHERE name = 'articles_by_source'"):
            with suppress(LibraryError), self.transaction():  # one that may not be written does without
                self._db.run(_BY_SOURCE)

    # The manifest

    def get(self, key: str) -> str | None:
        value: str | None = self._db.one("SELECT value FROM manifest WHERE key = ?", key)
        return value

    def set(self, key: str, value: str) -> None:
        self._db.run("INSERT INTO manifest VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key, value)

    @property
    def revision(self) -> int:
        """Grows with every change of the articles."""
        return int(self.get("revision") or 0)

    @property
    def forgotten(self) -> int:
        """The revision before which nobody knows what was removed."""
        return int(self.get("forgotten") or 0)

    @property
    def last_id(self) -> int:
        """The greatest sentence id there is; 0 when there is none."""
        return int(self._db.one("SELECT max(id) FROM sentences") or 0)

    # Writing, inside a transaction

    def put(self, article: Article, sentences: Sequence[Sentence], embeddings: Vectors) -> None:
        """Insert an article with its sentences, in place of the one with the same id."""
        self.delete(article.id)
        self._db.run(
            f"INSERT INTO articles ({_ARTICLE}, digest, added) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            *_article_values(article), digest(article), self.revision,
        )  # fmt: skip
        self._db.run_many(
            "INSERT INTO sentences (article_id, position, start, end, embedding) VALUES (?,?,?,?,?)",
            [
                (article.id, sentence.position, sentence.start, sentence.end, vector.astype("<f2").tobytes())
                for sentence, vector in zip(sentences, embeddings, strict=True)
            ],
        )
        self._next_revision()

    def put_embeddings(self, ids: Sequence[int], embeddings: Vectors) -> None:
        """Replace the embeddings of sentences, which keep their ids."""
        pairs = zip(embeddings, ids, strict=True)
        self._db.run_many(
            "UPDATE sentences SET embedding = ? WHERE id = ?",
            [(vector.astype("<f2").tobytes(), id_) for vector, id_ in pairs],
        )

    def delete(self, article_id: str) -> bool:
        """Delete an article with its sentences; False when there is none."""
        revision = self.revision + 1
        self._db.run("INSERT INTO removed SELECT id, ? FROM sentences WHERE article_id = ?", revision, article_id)
        deleted = self._db.run("DELETE FROM articles WHERE id = ?", article_id) > 0
        if deleted:
            self._next_revision()
        return deleted

    def _next_revision(self) -> None:
        self._db.run("UPDATE manifest SET value = value + 1 WHERE key = 'revision'")

    def forget_removed(self) -> None:
        """Forget what was removed so far: what is derived and has not followed until now is made anew, or compared."""
        self._db.run("DELETE FROM removed")
        self.set("forgotten", str(self.revision))
        self._next_revision()

    # Reading

    def digests(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The content digest of each article that is stored, by id."""
        rows = self._db.all(
            "SELECT id, digest FROM articles WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(ids)),
        )
        return dict(rows)

    def all_digests(self) -> frozenset[bytes]:
        return frozenset(row[0] for row in self._db.all("SELECT digest FROM articles"))

    def article_id(self, id_or_url: str) -> str | None:
        """The id of the article with this id or URL."""
        query = "SELECT id FROM articles WHERE id = ?1 OR url = ?1 ORDER BY id != ?1 LIMIT 1"
        article_id: str | None = self._db.one(query, id_or_url)
        return article_id

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        rows = self._db.all(
            f"SELECT {_ARTICLE} FROM articles WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(ids)),
        )
        return {row[0]: _to_article(row) for row in rows}

    def article_languages(self, ids: Iterable[str]) -> dict[str, Language]:
        rows = self._db.all(
            "SELECT id, language FROM articles WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(ids)),
        )
        return {id_: Language(language) for id_, language in rows}

    def sentence_spans(self, article_id: str) -> list[tuple[int, int, int]]:
        """(position, start, end) of each sentence of an article, in order."""
        spans: list[tuple[int, int, int]] = self._db.all(
            "SELECT position, start, end FROM sentences WHERE article_id = ? ORDER BY position", article_id
        )
        return spans

    def summaries(
        self, *, limit: int | None, offset: int, language: Language | None, source: str | None
    ) -> tuple[int, list[ArticleSummary]]:
        """How many articles match, and a page of them: newest first, undated ones last."""
        where, values = (
            "(? IS NULL OR language = ?) AND (? IS NULL OR source = ?)",
            (language, language, source, source),
        )
        total = self._db.one(f"SELECT count(*) FROM articles WHERE {where}", *values)
        rows = self._db.all(
            f"SELECT {_SUMMARY}, (SELECT count(*) FROM sentences WHERE article_id = articles.id) FROM articles "
            f"WHERE {where} ORDER BY published DESC NULLS LAST, added, id LIMIT ? OFFSET ?",
            *values,
            -1 if limit is None else limit,
            offset,
        )
        return total, [_to_summary(row) for row in rows]

    def rows(self, ids: Ids) -> list[Row]:
        """Stored sentences by id, in no particular order; unknown ids are left out."""
        return self._rows("s.id IN (SELECT value FROM json_each(?))", json.dumps(ids.tolist()))

    def neighbourhood(self, ids: Ids, reach: int) -> list[Row]:
        """The sentences themselves and those up to `reach` positions before and after them in their articles."""
        return self._rows(
            "s.id IN (SELECT n.id FROM sentences c JOIN sentences n ON n.article_id = c.article_id "
            "AND n.position BETWEEN c.position - ? AND c.position + ? WHERE c.id IN (SELECT value FROM json_each(?)))",
            reach, reach, json.dumps(ids.tolist()),
        )  # fmt: skip

    def rows_after(self, last_id: int, limit: int) -> list[Row]:
        """The next sentences in the order of their ids."""
        return self._rows("s.id > ? ORDER BY s.id LIMIT ?", last_id, limit)

    def _rows(self, where: str, *parameters: object) -> list[Row]:
        rows = self._db.all(
            f"SELECT s.id, s.article_id, s.position, s.start, s.end, s.embedding FROM sentences s WHERE {where}",
            *parameters,
        )
        return [
            Row(id_, article_id, position, start, end, np.frombuffer(embedding, "<f2").astype(np.float32))
            for id_, article_id, position, start, end, embedding in rows
        ]

    def articles_after(self, last_id: int) -> list[tuple[int, int, Language, str, date | None]]:
        """The articles whose sentences came after one: first and last of their ids, which are consecutive, language,
        source, day of publication."""
        # A few are quickly found by their ids; all are read from an index, as the table is full of embeddings.
        after = "NOT INDEXED WHERE id > ?" if last_id else "WHERE ? = 0"
        rows = self._db.all(
            "SELECT s.first, s.last, a.language, a.source, a.published FROM articles a JOIN "
            f"(SELECT article_id, min(id) AS first, max(id) AS last FROM sentences {after} GROUP BY article_id) s "
            "ON s.article_id = a.id",
            last_id,
        )
        return [(first, last, Language(language), source, _date(day)) for first, last, language, source, day in rows]

    def ids(self) -> Ids:
        """The ids of all sentences, ascending."""
        rows = self._db.all("SELECT id FROM sentences")  # in whatever order an index has them: see articles_after
        return np.sort(np.fromiter((row[0] for row in rows), np.int64))

    def ids_after(self, last_id: int) -> Ids:
        """The ids of the sentences that came after one, ascending."""
        rows = self._db.all("SELECT id FROM sentences WHERE id > ? ORDER BY id", last_id)
        return np.fromiter((row[0] for row in rows), np.int64)

    def removed_since(self, revision: int) -> Ids:
        """The ids of the sentences removed after a revision; complete from `forgotten` on."""
        rows = self._db.all("SELECT id FROM removed WHERE revision > ? ORDER BY id", revision)
        return np.fromiter((row[0] for row in rows), np.int64)

    def count_articles(self, filters: Filters = Filters()) -> int:
        where, values = _where(filters)
        return int(self._db.one(f"SELECT count(*) FROM articles a WHERE {where}", *values))

    def count_sentences(self) -> int:
        return int(self._db.one("SELECT count(*) FROM sentences"))

    def tally(self, column: str) -> dict[str, int]:
        """How many articles have each value of `language` or `source`."""
        rows = self._db.all(f"SELECT {column}, count(*) FROM articles GROUP BY {column} ORDER BY count(*) DESC, 1")
        return dict(rows)


def digest(article: Article) -> bytes:
    """A hash of all that a reader would notice; `fetched_at` is not part of it."""
    values = _article_values(article)[:-1]
    return hashlib.blake2b(json.dumps(values, ensure_ascii=True).encode(), digest_size=16).digest()


def _where(filters: Filters) -> tuple[str, list[object]]:
    clauses, values = ["1"], list[object]()
    for column, wanted in (("language", filters.languages), ("source", filters.sources)):
        if wanted:
            clauses.append(f"a.{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(sorted(wanted)))
    if filters.since:
        clauses.append("a.published >= ?")
        values.append(filters.since.isoformat())
    if filters.until:
        clauses.append("a.published <= ?")
        values.append(filters.until.isoformat())
    return " AND ".join(clauses), values


def _article_values(article: Article) -> tuple[object, ...]:
    """In the order of _ARTICLE."""
    return (
        article.id,
        article.text,
        article.title,
        int(article.title_derived),
        article.language,
        article.source,
        article.section,
        article.url,
        article.published.isoformat() if article.published else None,
        json.dumps(article.authors, ensure_ascii=False),
        article.fetched_at.isoformat() if article.fetched_at else None,
    )


def _to_article(row: Sequence[Any]) -> Article:
    id_, text, title, derived, language, source, section, url, published, authors, fetched = row
    return Article(
        id_, text, title, bool(derived), Language(language), source, section, url,
        _date(published), tuple(json.loads(authors)), _moment(fetched),
    )  # fmt: skip


def _to_summary(row: Sequence[Any]) -> ArticleSummary:
    id_, url, title, derived, source, section, language, published, authors, fetched, sentences = row
    return ArticleSummary(
        id_, url, title, bool(derived), source, section, Language(language),
        _date(published), tuple(json.loads(authors)), _moment(fetched), sentences,
    )  # fmt: skip


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
