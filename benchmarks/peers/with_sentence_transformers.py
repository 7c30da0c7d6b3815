"""sentence-transformers and FAISS, as a user would write it."""

import faiss
from peer import TOP, Task, run
from sentence_transformers import SentenceTransformer


class SentenceTransformers:
    def __init__(self, task: Task) -> None:
        self.sentences = task.sentences
        self.model = SentenceTransformer(task.model, device="cpu")
        self.model.encode("?", prompt_name="query")

    def index(self) -> None:
        vectors = self.model.encode(self.sentences, prompt_name="passage", normalize_embeddings=True)
        self.vectors = faiss.IndexFlatIP(vectors.shape[1])
        self.vectors.add(vectors)

    def search(self, question: str) -> list[int]:
        vectors = self.model.encode([question], prompt_name="query", normalize_embeddings=True)
        _scores, numbers = self.vectors.search(vectors, TOP)
        return numbers[0].tolist()


run(SentenceTransformers)
