"""How fast: the encoder, indexing and questions, on this machine.

    python benchmarks/speed.py [--sentences 1500] [--workers 2]

Everything is measured in one run on the sample articles, repeated to length. Absolute figures depend on the machine;
compare those of one run.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from platformdirs import user_cache_path

from corpus import samples
from corpus.readers import read
from corpus.sentences import sentences
from corpus.types import Article, Document, Language
from index.encoder import open_encoder
from index.library import Library
from index.workers import encoding
from qa.pipeline import Answerer
from qa.readers import OFF, ON, open_reader

ROUNDS = 20
PORTION = 128  # sentences, as adding hands them to the processes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1_500)
    parser.add_argument("--workers", type=int, help="encode in so many processes too; their start is not counted")
    options = parser.parse_args()
    encoder = open_encoder("", user_cache_path("citewire"))
    print(f"load the model            {seconds(lambda: encoder.encode_questions(['?'])):8.2f} s")
    articles, texts = to_length(options.sentences)
    bare = len(texts) / seconds(lambda: encoder.encode_sentences(texts))
    print(f"encode sentences          {bare:8.1f} a second")
    for language in Language:
        questions = itertools.cycle(samples.questions(language))
        milliseconds = median(lambda each=questions: encoder.encode_questions([next(each)]))
        print(f"encode one question, {language}   {milliseconds:8.1f} ms (p50)")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), encoder=encoder) as library:
        library.warm()
        rate = len(texts) / seconds(lambda: list(library.add(articles)))
        print(f"index articles            {rate:8.1f} sentences a second, {rate / bare:.2f} of the bare encoder")
        print(f"index them again          {seconds(lambda: list(library.add(articles))):8.2f} s (unchanged)")
    if options.workers:
        with encoding(encoder, options.workers) as encode, ThreadPoolExecutor(options.workers) as threads:
            by_length = sorted(texts, key=lambda text: len(text.encode()))
            portions = [by_length[start : start + PORTION] for start in range(0, len(texts), PORTION)]
            list(threads.map(encode, [[text] for text in texts[: options.workers]]))
            rate = len(texts) / seconds(lambda: list(threads.map(encode, portions)))
        print(f"encode in {options.workers} processes     {rate:8.1f} a second, {rate / bare:.2f} of the bare encoder")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), encoder=encoder) as library:
        list(library.add(sample_articles()))
        for reader in (OFF, ON):
            answerer = Answerer(library, reader=open_reader(reader, library.encoder))
            for language in Language:
                questions = itertools.cycle(samples.questions(language))
                milliseconds = median(lambda each=questions, asked=answerer: asked.ask(next(each)))
                print(f"answer one question, {language}   {milliseconds:8.1f} ms (p50), reader {reader}")


def to_length(least: int) -> tuple[list[Article], list[str]]:
    """Sample articles, again and again until they have at least so many sentences, and those."""
    articles, texts = list[Article](), list[str]()
    for number, article in enumerate(itertools.cycle(sample_articles())):
        articles.append(replace(article, id=f"{article.id}-{number}"))
        texts += [sentence.text for sentence in sentences(article)]
        if len(texts) >= least:
            break
    return articles, texts


def sample_articles() -> list[Article]:
    lines = [line for language in Language for line in samples.articles(language)]
    return [read(Document("sample", line, "application/json")) for line in lines]


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
