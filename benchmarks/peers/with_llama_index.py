"""LlamaIndex with its sentence-transformers embedding and its FAISS store."""

import faiss
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.faiss import FaissVectorStore
from peer import TOP, Task, run


class LlamaIndex:
    def __init__(self, task: Task) -> None:
        self.nodes = [TextNode(id_=str(number), text=text) for number, text in enumerate(task.sentences)]
        self.embedding = HuggingFaceEmbedding(
            task.model, query_instruction="query: ", text_instruction="passage: ", device="cpu"
        )
        self.dimension = len(self.embedding.get_query_embedding("?"))

    def index(self) -> None:
        store = FaissVectorStore(faiss.IndexFlatL2(self.dimension))
        context = StorageContext.from_defaults(vector_store=store)
        index = VectorStoreIndex(self.nodes, storage_context=context, embed_model=self.embedding)
        self.retriever = index.as_retriever(similarity_top_k=TOP)

    def search(self, question: str) -> list[int]:
        return [int(found.node.node_id) for found in self.retriever.retrieve(question)]


run(LlamaIndex)
