"""What each lever of retrieval gives, alone and together: the adapter, names across scripts, the ranker.

    python benchmarks/levers.py ../shared/eval

Top1 by question language among the scattered news articles, then by pair of languages (en → ru: asked in English,
of the Russian articles alone). Without the adapter the model is e5 as it comes, centred; without names, no term joins
two scripts; without the ranker, hits stay in the plain order in which search returns them.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from answers import library
from platformdirs import user_cache_path

import index.search
from corpus.types import Language
from index import bundled
from index.encoder import open_encoder
from index.library import Library
from index.terms import Unit, query_units
from index.types import Filters
from qa.evaluation import Gold, read_questions, references
from qa.question import understand
from qa.rank import Ranker

LEVERS = ("adapter", "names", "ranker")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    folder = parser.parse_args().sets / "news"
    cache = user_cache_path("citewire")
    pairs = [f"{asked} → {told}" for asked in Language for told in Language]
    print(f"| levers | {' | '.join([*map(str, Language), *pairs])} |\n|---{'|---' * (3 + len(pairs))}|")
    for adapter in (False, True):
        model = "" if adapter else str(bundled.model_folder(cache, adapted=False))
        encoder = open_encoder(model, cache)
        every = [folder / f"articles.{language}.jsonl" for language in Language]
        with library(encoder, folder / "articles.scattered.jsonl") as scattered, library(encoder, *every) as whole:
            for names, ranker in itertools.product((False, True), repeat=2):
                used = [name for name, on in zip(LEVERS, (adapter, names, ranker), strict=True) if on]
                cells = top1s(folder, scattered, whole, names=names, ranker=ranker)
                print(f"| {' + '.join(used) or 'none'} | {' | '.join(f'{cell:.2f}' for cell in cells)} |", flush=True)


def top1s(folder: Path, scattered: Library, whole: Library, *, names: bool, ranker: bool) -> Iterator[float]:
    with joined(names):
        for asked in Language:
            yield top1(folder, scattered, asked, Filters(), ranker=ranker)
        for asked, told in itertools.product(Language, repeat=2):
            yield top1(folder, whole, asked, Filters(languages=frozenset({told})), ranker=ranker)


def top1(folder: Path, opened: Library, asked: Language, filters: Filters, *, ranker: bool) -> float:
    gold, judge, right = Gold(folder), Ranker(), []
    for item in read_questions(folder):
        if item["groups"]:
            question = understand(item["question"][asked])
            hits = opened.search(question.search_text, question.language, filters=filters)
            first = judge.rank(question, hits)[0].hit if ranker else hits[0]
            wanted = references(item, first.article.language)
            right.append(gold.hits(first.article.url, first.sentence.start, first.sentence.end, wanted))
    return sum(right) / len(right)


@contextmanager
def joined(names: bool) -> Iterator[None]:
    """Whether the terms that join names across scripts are searched for."""

    def plain(text: str) -> Sequence[Unit]:
        units = (Unit(tuple(term for term in unit.terms if term[0].isalnum()), unit.name) for unit in query_units(text))
        return [unit for unit in units if unit.terms]

    with mock.patch.object(index.search, "query_units", query_units if names else plain):
        yield


if __name__ == "__main__":
    main()
