"""Whether answers depend on how the vectors are kept: the same libraries under several indexes and stores.

    python benchmarks/equivalence.py ../shared/eval [--store milvus://HOST:PORT] [--among FOLDER] [--reader off|NAME]

Against a library that compares whole vectors (Flat): 8 bits for each component (SQ8), these in lists as large libraries
have them (IVF), and a server where one is given. Printed of each: top1 on xquad, and how many answers to the questions
about news cite other sentences, or the same in another order. Both libraries are the scattered ones; `--among` puts
their articles into a copy of another library, such as scale_data.py makes. The server is left as it was.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from math import sqrt
from pathlib import Path
from statistics import mean
from unittest import mock

from platformdirs import user_cache_path

import corpus
from corpus.types import Language
from index.derived import FAISS
from index.encoder import open_encoder
from index.library import Library
from index.store import Store
from qa.evaluation import evaluate, read_questions
from qa.pipeline import Answerer
from qa.readers import ON, open_reader

Cited = tuple[str, ...]  # the ids of the sentences that an answer cites, in order


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, help="the folder that holds news/ and xquad/")
    parser.add_argument("--store", help="also this server")
    parser.add_argument("--among", type=Path, help="a library, which is copied")
    parser.add_argument("--reader", default=ON, help="on, off or the name of another")
    options = parser.parse_args()
    news, xquad = options.sets / "news", options.sets / "xquad"
    answers = {kind: news_answers(answerer, news) for kind, answerer in kinds(news, options)}
    top1 = {kind: xquad_top1(answerer, xquad) for kind, answerer in kinds(xquad, options)}
    show(answers, top1)


def kinds(questions: Path, options: argparse.Namespace) -> Iterator[tuple[str, Answerer]]:
    """One library, its vectors kept in each of the ways."""
    encoder = open_encoder("", user_cache_path("citewire"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "library"
        if options.among:
            shutil.copytree(options.among, folder)
        with Library.open(folder, encoder=encoder) as library:
            for _outcome in library.add(corpus.articles([str(questions / "articles.scattered.jsonl")])):
                pass
            lists = round(4 * sqrt(library.count_sentences()))
        ways = [(FAISS, kind) for kind in ("Flat", "SQ8", f"IVF{lists},SQ8")]
        if options.store:
            ways += [(options.store, "Milvus")]
        for store, kind in ways:
            with Library.open(folder, encoder=encoder, store=store) as library:
                with mock.patch("index.dense.kind_for", return_value=kind):
                    library.rebuild()
                yield library.stats().vector_index, Answerer(library, reader=open_reader(options.reader, encoder))
        if options.store:
            drop(options.store, folder)


def drop(address: str, folder: Path) -> None:
    """Take the library's vectors off the server."""
    from pymilvus import MilvusClient

    with closing(Store(folder / "library.sqlite")) as store:
        name = f"citewire_{store.get('id')}"
    with closing(MilvusClient(uri=address.replace("milvus://", "http://"))) as client:
        client.drop_collection(name)


def news_answers(answerer: Answerer, folder: Path) -> dict[bool, list[Cited]]:
    """What is cited for the answerable and for the unanswerable questions."""
    cited: dict[bool, list[Cited]] = {True: [], False: []}
    for item in read_questions(folder):
        for language in Language:
            answer = answerer.ask(item["question"][language])
            cited[bool(item["groups"])].append(tuple(citation.sentence_id for citation in answer.citations))
    return cited


def xquad_top1(answerer: Answerer, folder: Path) -> float:
    """The mean of the three languages."""
    return mean(figures["top1"] or 0.0 for figures in evaluate(answerer, folder)["whole"].values())


def show(answers: dict[str, dict[bool, list[Cited]]], top1: dict[str, float]) -> None:
    """Indexes of the two libraries may differ in words (their lists), not in order."""
    first = next(iter(answers.values()))
    told = [f"{len(first[is_answerable])} {kind}" for is_answerable, kind in ((True, "answerable"), (False, "others"))]
    print(f"| vectors | xquad top1 | news answers that differ, of {told[0]} | of {told[1]} |\n|---|---|---|---|")
    for (kind, cited), right in zip(answers.items(), top1.values(), strict=True):
        differ = [sum(one != other for one, other in zip(first[each], cited[each], strict=True)) for each in first]
        print(f"| {kind} | {right:.3f} | {' | '.join(map(str, differ))} |")


if __name__ == "__main__":
    main()
