"""Haystack with its sentence-transformers embedders, and the store that is named: `memory` or `faiss`.

Two pipelines, as its documentation shows them: one that embeds and writes documents, one that embeds and retrieves.
"""

import sys

from haystack import Document, Pipeline
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.retrievers.faiss import FAISSEmbeddingRetriever
from haystack_integrations.document_stores.faiss import FAISSDocumentStore
from peer import TOP, Task, run


class Haystack:
    def __init__(self, task: Task) -> None:
        self.documents = [Document(id=str(number), content=text) for number, text in enumerate(task.sentences)]
        common = {
            "model": task.model,
            "device": ComponentDevice.from_str("cpu"),
            "normalize_embeddings": True,
            "progress_bar": False,
        }
        document_embedder = SentenceTransformersDocumentEmbedder(prefix="passage: ", **common)
        text_embedder = SentenceTransformersTextEmbedder(prefix="query: ", **common)
        document_embedder.warm_up()
        dimension = len(text_embedder.run("?")["embedding"])

        if sys.argv[1] == "faiss":
            store = FAISSDocumentStore(embedding_dim=dimension)
            retriever = FAISSEmbeddingRetriever(document_store=store, top_k=TOP)
        else:
            store = InMemoryDocumentStore()
            retriever = InMemoryEmbeddingRetriever(document_store=store, top_k=TOP)

        self.indexing = Pipeline()
        self.indexing.add_component("embedder", document_embedder)
        self.indexing.add_component("writer", DocumentWriter(document_store=store))
        self.indexing.connect("embedder", "writer")
        self.querying = Pipeline()
        self.querying.add_component("embedder", text_embedder)
        self.querying.add_component("retriever", retriever)
        self.querying.connect("embedder.embedding", "retriever.query_embedding")

    def index(self) -> None:
        self.indexing.run({"embedder": {"documents": self.documents}})

    def search(self, question: str) -> list[int]:
        found = self.querying.run({"embedder": {"text": question}})
        return [int(document.id) for document in found["retriever"]["documents"]]


run(Haystack)
