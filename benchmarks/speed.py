"""How fast: the encoder, indexing and questions, on this machine.

    python benchmarks/speed.py [--sentences 384]

Everything is measured in one run on the sample articles, repeated to length. Absolute figures depend on the machine;
compare those of one run.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from corpus import samples
from corpus.readers import read
from corpus.sentences import split
from corpus.types import Article, Document, Language
from index.encoder import SentenceTransformerEncoder
from index.library import Library
from qa.pipeline import Answerer
from qa.readers import OFF, ON, open_reader

ROUNDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=384)
    options = parser.parse_args()
    encoder = SentenceTransformerEncoder("", user_cache_path("citewire"))
    print(f"load the model            {seconds(lambda: encoder.encode_questions(['?'])):8.2f} s")
    sentences = list(itertools.islice(itertools.cycle(all_sentences()), options.sentences))
    bare = options.sentences / seconds(lambda: encoder.encode_sentences(sentences))
    print(f"encode sentences          {bare:8.1f} a second")
    for language in Language:
        questions = itertools.cycle(samples.questions(language))
        milliseconds = median(lambda each=questions: encoder.encode_questions([next(each)]))
        print(f"encode one question, {language}   {milliseconds:8.1f} ms (p50)")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), encoder=encoder) as library:
        articles = [article for language in Language for article in sample_articles(language)]
        library.warm()
        took = seconds(lambda: list(library.add(articles)))
        rate = library.stats().sentences / took
        print(f"index articles            {rate:8.1f} sentences a second, {rate / bare:.2f} of the bare encoder")
        print(f"index them again          {seconds(lambda: list(library.add(articles))):8.2f} s (unchanged)")
        for reader in (OFF, ON):
            answerer = Answerer(library, reader=open_reader(reader, library.encoder))
            for language in Language:
                questions = itertools.cycle(samples.questions(language))
                milliseconds = median(lambda each=questions, asked=answerer: asked.ask(next(each)))
                print(f"answer one question, {language}   {milliseconds:8.1f} ms (p50), reader {reader}")


def all_sentences() -> list[str]:
    return [
        text[start:end]
        for language in Language
        for text in samples.texts(language)
        for start, end in split(text, language)
    ]


def sample_articles(language: Language) -> list[Article]:
    return [read(Document("sample", line, "application/json")) for line in samples.articles(language)]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(work: Callable[[], object]) -> float:
    """Milliseconds, p50 of some rounds after one that does not count."""
    work()
    return 1000 * statistics.median(seconds(work) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
