"""Lexical search: BM25 over our own terms, in tantivy. Derived from the store; see library.py for how it catches up.

Tantivy gets space-separated terms and does not analyse them. Filters are fields of each entry, so that they hold
exactly. `context` holds the terms of the title and of the sentences around, at a lower weight: in news the name
stands in one sentence and what its bearer said in the next.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import tantivy

from corpus.types import Language
from index.terms import Unit
from index.types import Filters, Ids

_CONTEXT_WEIGHT = 0.3
_HEAP = 64_000_000  # bytes that the writer may buffer
_STAMP = "stamp.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A sentence as lexical search sees it."""

    id: int
    terms: Sequence[str]
    context: Sequence[str]
    language: Language
    source: str
    published: date | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the index covers: of which library, to which revision and sentence id, by which version of our terms."""

    library: str
    revision: int
    last_id: int
    version: int


class LexicalIndex:
    """The terms of every sentence, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        self._index = self._open()

    def _open(self) -> tantivy.Index:
        if self._folder.is_file():
            self._folder.unlink()
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._folder / "meta.json").is_file():  # tantivy's own: what a stamp without it says is not there
            self._unstamp()
        try:
            return tantivy.Index(self._schema, path=str(self._folder), reuse=True)
        except ValueError:  # torn, or of another schema: it is derived, so begin anew
            self._unstamp()
            shutil.rmtree(self._folder)
            self._folder.mkdir()
            return tantivy.Index(self._schema, path=str(self._folder), reuse=True)

    def clear(self) -> None:
        """Forget everything; the caller holds the library's write lock."""
        self._unstamp()  # first, so that a kill in between is noticed
        writer = self._index.writer(_HEAP, 1)
        writer.delete_all_documents()
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def _unstamp(self) -> None:
        (self._folder / _STAMP).unlink(missing_ok=True)

    @property
    def stamp(self) -> Stamp | None:
        """What the index covers; None when that is not known."""
        try:
            return Stamp(**json.loads((self._folder / _STAMP).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def update(self, added: Iterable[Entry], removed: Ids, stamp: Stamp) -> None:
        """Apply a change; repeating one does no harm. The caller holds the library's write lock."""
        writer = self._index.writer(_HEAP, 1)
        for id_ in removed.tolist():
            writer.delete_documents_by_term("id", id_)
        for entry in added:
            writer.delete_documents_by_term("id", entry.id)
            writer.add_document(_document(entry))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        beside = self._folder / f"{_STAMP}.tmp"
        beside.write_text(json.dumps(asdict(stamp)), encoding="utf-8")
        beside.replace(self._folder / _STAMP)

    def __len__(self) -> int:
        """How many sentences it holds."""
        return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """See what another process has committed."""
        self._index.reload()

    def search(self, units: Sequence[Unit], limit: int, filters: Filters = Filters()) -> list[tuple[int, float]]:
        """The ids of the best sentences with their scores (BM25), best first."""
        if not units:
            return []
        searcher = self._index.searcher()
        wanted = [(tantivy.Occur.Should, self._unit_query(unit)) for unit in units]
        query = tantivy.Query.boolean_query(wanted)
        if filters:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *self._filter_clauses(filters)])
        found = searcher.search(query, limit, count=False).hits
        ids = searcher.fast_field_values("id", [address for _score, address in found])
        return [(int(id_ or 0), float(score)) for id_, (score, _address) in zip(ids, found, strict=True)]

    def frequencies(self, units: Sequence[Unit]) -> list[int]:
        """In how many sentences each unit's commonest spelling occurs."""
        searcher = self._index.searcher()
        return [max(searcher.doc_freq("terms", term) for term in unit.terms) for unit in units]

    def _unit_query(self, unit: Unit) -> tantivy.Query:
        either = [self._term("terms", term) for term in unit.terms]
        around = [tantivy.Query.boost_query(self._term("context", term), _CONTEXT_WEIGHT) for term in unit.terms]
        return tantivy.Query.disjunction_max_query(either + around)

    def _term(self, field: str, value: str | int) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, index_option="freq")

    def _filter_clauses(self, filters: Filters) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        clauses = []
        if filters.languages:
            clauses.append(tantivy.Query.term_set_query(self._schema, "language", sorted(filters.languages)))
        if filters.sources:
            clauses.append(tantivy.Query.term_set_query(self._schema, "source", sorted(filters.sources)))
        if filters.since or filters.until:
            since, until = filters.since or date.min, filters.until or date.max
            clauses.append(
                tantivy.Query.range_query(
                    self._schema, "published", tantivy.FieldType.Integer, since.toordinal(), until.toordinal()
                )
            )
        return [(tantivy.Occur.Must, tantivy.Query.const_score_query(clause, 0.0)) for clause in clauses]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("context", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    return builder.build()


def _document(entry: Entry) -> tantivy.Document:
    document = tantivy.Document()
    document.add_integer("id", entry.id)
    document.add_text("terms", " ".join(entry.terms))
    document.add_text("context", " ".join(entry.context))
    document.add_text("language", entry.language)
    document.add_text("source", entry.source)
    if entry.published:
        document.add_integer("published", entry.published.toordinal())
    return document
