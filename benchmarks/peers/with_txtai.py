"""txtai: its own pooling over transformers, and FAISS, both by default."""

from peer import TOP, Task, run
from txtai import Embeddings


class Txtai:
    def __init__(self, task: Task) -> None:
        self.sentences = task.sentences
        instructions = {"query": "query: ", "data": "passage: "}
        self.embeddings = Embeddings(path=task.model, instructions=instructions, gpu=False)
        self.embeddings.transform("?")

    def index(self) -> None:
        self.embeddings.index(self.sentences)

    def search(self, question: str) -> list[int]:
        return [number for number, _score in self.embeddings.search(question, TOP)]


run(Txtai)
