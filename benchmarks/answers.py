"""How good: the figures of `citewire evaluate` on the development sets, and on the questions every user will ask.

    python benchmarks/answers.py ../shared/eval [--reader off|NAME] [--only news|xquad|founding]

For each set a library of the scattered articles (each document in one language only: what a real library looks
like), and one of all articles with the 3 x 3 matrix. Then the founding article among all of the news.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

import corpus
from corpus.types import Language
from index.encoder import open_encoder
from index.library import Library
from index.types import Encoder
from qa.evaluation import Report, evaluate
from qa.pipeline import Answerer
from qa.readers import ON, open_reader

QUESTIONS = (
    "what did Akimov announce?",
    "Что объявил Акимов?",
    "阿基莫夫宣布了什么？",
    "When did China and Russia agree to strengthen cooperation in innovation?",
    "Who co-chaired the meeting?",
    "Какие годы объявлены годами научно-технического сотрудничества?",
    "孙春兰和戈利科娃同意了什么？",
    "Who won the 2018 World Cup?",
    "Кто выиграл чемпионат мира по футболу 2018 года?",
    "谁赢得了2018年世界杯？",
    "What did Akimov say about the moon landing?",
    "Что Акимов сказал о высадке на Луну?",
    "阿基莫夫对登月说了什么？",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, help="the folder that holds news/ and xquad/")
    parser.add_argument("--only", choices=("news", "xquad", "founding"))
    parser.add_argument("--reader", default=ON, help="on, off or the name of another")
    options = parser.parse_args()
    encoder = open_encoder("", user_cache_path("citewire"))
    for name in ("news", "xquad"):
        if options.only in (None, name):
            folder = options.sets / name
            with library(encoder, folder / "articles.scattered.jsonl") as opened:
                show(f"{name}, scattered library", evaluate(answering(opened, options.reader), folder))
            if name == "news":
                with library(encoder, *(folder / f"articles.{language}.jsonl" for language in Language)) as opened:
                    show(f"{name}, all articles", evaluate(answering(opened, options.reader), folder, matrix=True))
    if options.only in (None, "founding"):
        founding(encoder, options.sets, options.reader)


def founding(encoder: Encoder, sets: Path, reader: str) -> None:
    article = sets.parent / "articles" / "china-russia-2019-09-18.txt"
    news = [sets / "news" / f"articles.{language}.jsonl" for language in Language]
    for title, places in (("alone", [article]), ("among 186 news articles", [article, *news])):
        with library(encoder, *places) as opened:
            print(f"\n### The founding article, {title}\n")
            answerer = answering(opened, reader)
            for question in QUESTIONS:
                answer = answerer.ask(question)
                print(f"- **{question}** ({'answered' if answer.answered else 'declined'}, {answer.confidence:.2f})")
                for citation in answer.citations:
                    print(f"    {citation.number}. {citation.quote}")


def answering(opened: Library, reader: str) -> Answerer:
    return Answerer(opened, reader=open_reader(reader, opened.encoder))


@contextmanager
def library(encoder: Encoder, *places: Path) -> Iterator[Library]:
    """A library of these files that lasts for a `with` block."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), encoder=encoder) as opened:
        for _outcome in opened.add(corpus.articles([str(place) for place in places])):
            pass
        yield opened


def show(title: str, report: Report) -> None:
    """The report as Markdown tables, figures that were not measured left out."""
    print(f"\n### {title}\n")
    columns = [key for key in next(iter(report["whole"].values())) if key != "p50_ms"]
    print(f"| library | question | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    for run, rows in report.items():
        for language, figures in rows.items():
            cells = ["–" if figures[column] is None else str(figures[column]) for column in columns]
            print(f"| {run} | {language} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
