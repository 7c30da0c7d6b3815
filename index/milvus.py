"""Vectors on a Milvus server, for libraries that one machine cannot hold; shared.py keeps them up to date.

A library is one collection, named for the library's id, so that two libraries on one server never mix. A row is a
sentence: its id in the database, its vector, what filters ask for (language, source, day of publication as a number),
its article's id, and as payload its offsets, its text and the fields of its article. Ids are never used again and rows
are upserted, so that whatever was sent may be sent again. Row 0 is no sentence: it says by what means the vectors were
made and how far they follow the library, and it is lost with them when the collection is.

Who has added an article finds it, and so does everybody who has since read how far the collection follows. That is read
strongly consistent, for which the server waits until it has taken in all it was sent (200 ms in the real one); searches
wait for what this process itself has sent only.

One process writes, and this version of Citewire reads sentences and articles from the database beside it. Readers on
other machines can do without the database: a search for `article` and `payload` brings all that a hit and its
citation are made of, `article == "ID"` brings the sentences around it (and deletes an article), and the text to show
comes from any storage that keeps articles by their id. What they still need is the full-text index, which shards by
article, and the question's centring, which they measure themselves.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import grpc
import numpy as np
from pymilvus import DataType, MilvusClient, MilvusException

from index.types import Filters, Ids, Mark, Payload, StoreUnavailable, Vectors, WrongModel

_BATCH = 1_000  # rows sent at a time, some 2 MB
_ASK, _CHANGE, _LOAD = 10, 60, 600  # seconds; whole ones, as pymilvus takes no others for a limit to its retries
_LONGEST = 65_535  # bytes that a text field may have
_LINKS, _BUILD, _SEARCH = 16, 200, 128  # of HNSW: links of a vector, candidates while building and while searching
_MARK = 0  # the row that is no sentence: SQLite counts those from 1
_UNDATED = 0  # date.toordinal() counts from 1


class MilvusStore:
    """One library's collection on a Milvus server. Safe to use from many threads."""

    def __init__(self, address: str, library: str, dimension: int, identity: dict[str, str]) -> None:
        """Connect to `milvus://HOST:PORT`. `identity` says by what means the vectors are made.

        Raises StoreUnavailable when nobody answers, as every method does.
        """
        self._address = address
        self._name = f"citewire_{library}"
        self._dimension = dimension
        self._identity = identity
        self._is_loaded = False
        _keep_quiet()
        with self._our_errors():
            self._client = MilvusClient(uri=f"http://{urlsplit(address).netloc}", timeout=_ASK)

    def close(self) -> None:
        with suppress(MilvusException, grpc.RpcError):
            self._client.close()

    @property
    def description(self) -> str:
        return f"Milvus at {urlsplit(self._address).netloc} (HNSW)"

    def __len__(self) -> int:
        if not self._is_open():
            return 0
        with self._our_errors():
            counted = self._client.query(
                self._name,
                filter=f"id > {_MARK}",
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=_ASK,
            )
        return int(counted[0]["count(*)"])

    def ping(self) -> None:
        """Raise StoreUnavailable when the server does not answer."""
        with self._our_errors():
            self._client.has_collection(self._name, timeout=_ASK)

    # What the collection holds

    @property
    def mark(self) -> Mark | None:
        """How far the collection follows the library; None when there is none, or nothing is known of it.

        Raises WrongModel when its vectors were made by other means.
        """
        if not self._is_open():
            return None
        rows = self._settled()
        if not rows:
            return None
        said = json.loads(rows[0]["payload"])
        if not said.items() >= self._identity.items():
            raise WrongModel(
                f"the vectors of this library on {self._address} were made by another encoder, or otherwise, than "
                f"{self._identity.get('encoder')} makes them; make them anew with: citewire rebuild"
            )
        return Mark(said["revision"], said["last_id"])

    def put_mark(self, mark: Mark) -> None:
        """Say how far the collection follows the library, once all up to there has been sent."""
        said = json.dumps(self._identity | asdict(mark))
        nowhere = [0.0] * self._dimension
        self._send([_row(_MARK, nowhere, "", "", "", _UNDATED, said)])

    def _settled(self) -> list[dict[str, Any]]:
        """The row of the mark, if there is one, once the server has taken in all that anybody has sent it."""
        with self._our_errors():
            rows: list[dict[str, Any]] = self._client.query(
                self._name,
                filter=f"id in [{_MARK}]",
                output_fields=["payload"],
                consistency_level="Strong",
                timeout=_ASK,
            )
        return rows

    def clear(self) -> None:
        """Drop the collection with all it holds, and make an empty one.

        Its index is made now, while there is nothing to build: on a full collection that call does not return in time.
        """
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimension)
        for name in ("article", "language", "source", "payload"):
            schema.add_field(name, DataType.VARCHAR, max_length=_LONGEST)
        schema.add_field("published", DataType.INT64)
        index = MilvusClient.prepare_index_params()
        index.add_index("vector", index_type="HNSW", metric_type="IP", params={"M": _LINKS, "efConstruction": _BUILD})
        with self._our_errors():
            if self._client.has_collection(self._name, timeout=_CHANGE):
                self._client.drop_collection(self._name, timeout=_CHANGE)
            self._client.create_collection(
                self._name, schema=schema, index_params=index, consistency_level="Strong", timeout=_CHANGE
            )
        self._is_loaded = True

    def _is_open(self) -> bool:
        """Whether there is a collection; it is loaded then."""
        if not self._is_loaded:
            with self._our_errors():
                if not self._client.has_collection(self._name, timeout=_ASK):
                    return False
                self._client.load_collection(self._name, timeout=_LOAD)
            self._is_loaded = True
        return True

    # Vectors

    def add(self, ids: Ids, vectors: Vectors, payloads: Sequence[Payload], /) -> None:
        """Add unit vectors, shape (len(ids), dimension), in place of those held under the same ids."""
        for start in range(0, len(ids), _BATCH):
            part = slice(start, start + _BATCH)
            rows = zip(ids[part].tolist(), vectors[part].tolist(), payloads[part], strict=True)
            self._send([_sentence(id_, vector, payload) for id_, vector, payload in rows])

    def _send(self, rows: list[dict[str, Any]]) -> None:
        with self._our_errors():
            self._client.upsert(self._name, rows, timeout=_CHANGE)

    def remove(self, ids: Ids, /) -> None:
        """Remove vectors; unknown ids are ignored."""
        for start in range(0, len(ids), _BATCH):
            with self._our_errors():
                self._client.delete(self._name, ids=ids[start : start + _BATCH].tolist(), timeout=_CHANGE)
        if len(ids):
            self._settled()  # of an insertion the server tells when searches can see it, of a deletion it does not

    def search(self, vector: Vectors, limit: int, filters: Filters, /) -> tuple[Ids, Vectors]:
        """The `limit` nearest ids that pass the filters, and their cosines, best first."""
        if not self._is_open():
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        with self._our_errors():
            hits = self._client.search(
                self._name,
                data=[vector.tolist()],
                anns_field="vector",
                filter=expression(filters),
                limit=limit + 1,  # the mark may be among them
                search_params={"metric_type": "IP", "params": {"ef": max(_SEARCH, 2 * limit)}},
                consistency_level="Session",
                timeout=_ASK,
            )[0]
        found = [(hit["id"], hit["distance"]) for hit in hits if hit["id"] != _MARK][:limit]
        return np.array([id_ for id_, _ in found], np.int64), np.array([score for _, score in found], np.float32)

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except (MilvusException, grpc.RpcError, grpc.FutureTimeoutError) as error:
            self._is_loaded = False  # it may have been dropped, or the server been started again
            reason = " ".join(str(getattr(error, "message", "") or error).split())
            raise StoreUnavailable(
                f"the vector store {self._address} cannot be used ({reason}); see that its server runs, "
                "or keep the vectors in the library's folder with: citewire --store faiss rebuild"
            ) from error


def expression(filters: Filters) -> str:
    """The filters as Milvus reads them; empty for none."""
    clauses = []
    for field, wanted in (("language", filters.languages), ("source", filters.sources)):
        if wanted:
            clauses.append(f"{field} in {json.dumps(sorted(wanted), ensure_ascii=False)}")
    if filters.since or filters.until:
        clauses.append(f"published >= {filters.since.toordinal() if filters.since else _UNDATED + 1}")
    if filters.until:
        clauses.append(f"published <= {filters.until.toordinal()}")
    return " and ".join(clauses)


def _sentence(id_: int, vector: list[float], payload: Payload) -> dict[str, Any]:
    article = payload.article
    published = article.published.toordinal() if article.published else _UNDATED
    return _row(id_, vector, article.id, str(article.language), article.source, published, _packed(payload))


def _row(
    id_: int, vector: list[float], article: str, language: str, source: str, published: int, payload: str
) -> dict[str, Any]:
    return {
        "id": id_,
        "vector": vector,
        "article": article,
        "language": language,
        "source": source,
        "published": published,
        "payload": payload,
    }


def _packed(payload: Payload) -> str:
    """A payload as JSON. What is too long for a field is left out: the text first, which the offsets find again."""
    article = payload.article
    place: dict[str, Any] = {"position": payload.position, "start": payload.start, "end": payload.end}
    about = {
        "title": article.title,
        "title_derived": article.title_derived,
        "section": article.section,
        "url": article.url,
        "authors": article.authors,
        "fetched_at": article.fetched_at.isoformat() if article.fetched_at else None,
    }
    for fields in (place | about | {"text": payload.text}, place | about):
        packed = json.dumps(fields, ensure_ascii=False)
        if len(packed.encode()) <= _LONGEST:
            return packed
    return json.dumps(place)


def _keep_quiet() -> None:
    """Every error that pymilvus logs comes as an exception too, which says it in our words."""
    logger = logging.getLogger("pymilvus")
    logger.handlers, logger.propagate = [logging.NullHandler()], False
