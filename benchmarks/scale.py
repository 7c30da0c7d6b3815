"""What size costs: building, disk, memory, recall and questions, of libraries that scale_data.py makes.

    python benchmarks/scale.py [--size 10k,100k,1m] [--questions FOLDER ...] [--folder DIR] [--articles FILE ...]
                               [--parallel FILE] [--embedded N] [--seed N]

Prints Markdown tables. The first has a column for each size, and one with what 100 million sentences would take where a
cost grows with their number: multiplied from the largest size, not measured.

- Building: SQLite (articles, and vectors that are given), full text, vectors; the time of the encoder is computed from
  its rate.
- Recall@10 of the vector index: against comparing the questions with each vector that passes the filter.
- One article of 15 sentences more and less, in a library that is open.
- Memory: resident, of a `citewire chat` that has answered 50 questions; and how much more that is, for each sentence,
  than over the sample articles.

The others have the questions at each size: those of the sets (`--questions`, folders with a questions.jsonl; default
the samples) in three languages, some of common words only, and the first again under filters that half, 4 % and 0.1 %
of the articles pass; in milliseconds, without the reader unless a line says so. The encoder alone is timed by turns
with them; stages say where the rest goes (p50 of each).

Libraries are made in a temporary folder, or kept in `--folder` and found there again. Linux only.
"""

import argparse
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import scale_data
from platformdirs import user_cache_path
from serving import SAMPLES, chat, index_samples

from corpus.identity import article_id
from corpus.types import Article, Language
from index.building import Read
from index.columns import Columns
from index.dense import LocalVectors
from index.derived import Derived
from index.encoder import open_encoder
from index.library import Library
from index.stages import measured
from index.store import Store
from index.types import Encoder, Filters, Ids, Vectors
from qa.evaluation import read_questions
from qa.pipeline import Answerer
from qa.question import understand
from qa.readers import ON, open_reader

FAR = 100_000_000  # sentences that growing costs are multiplied to
ASKED = 120  # questions, in all languages
WARMING = 6  # questions that do not count
READ = 24  # questions with the reader
HELD = 50  # questions after which memory is looked at
COMMON = (
    "what did the president say",
    "when will the government decide",
    "how many people came last year",
    "что сказал президент",
    "когда правительство примет решение",
    "сколько людей приехало в прошлом году",
    "总统说了什么",
    "政府什么时候决定",
    "去年有多少人来",
)
ENCODED = 256  # sentences that tell the encoder's rate
CHUNK = 20_000  # vectors compared at a time
FETCHED, NEAREST = 80, 10  # vectors that a question asks for, and those that recall is about
FEW = 0.001  # of the articles
STAGES = ("embed", "dense", "lexical", "fetch", "score", "rank", "read", "answer")


@dataclass(frozen=True, slots=True)
class Figure:
    """A cell: words, or a number of seconds ("s"), bytes ("B") or things; whether it grows with the sentences."""

    value: float | str
    unit: str = ""
    grows: bool = True

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return self.value
        value, unit = self.value, self.unit
        for larger, factor in LARGER.get(unit, ()):
            if value >= factor:
                value, unit = value / factor, larger
                break
        digits = max(0, 2 - int(np.log10(max(value, 1)))) if unit not in ("", "B") else 0
        return f"{value:,.{digits}f} {unit}".rstrip()

    def times(self, factor: float) -> str:
        return "" if isinstance(self.value, str) or not self.grows else str(Figure(factor * self.value, self.unit))


LARGER = {"s": (("h", 3600), ("min", 60)), "B": (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))}
Column = dict[str, Figure]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="10k", help="sentences: one number or several, such as 10k,100k")
    parser.add_argument("--questions", type=Path, nargs="+", default=[SAMPLES[0].parent])
    parser.add_argument("--folder", type=Path, help="keep the libraries here")
    scale_data.add_options(parser)
    options = parser.parse_args()
    sizes = sorted(map(scale_data.count, options.size.split(",")))
    encoder = open_encoder("", user_cache_path("citewire"))
    real = scale_data.from_options(options, sizes[-1], encoder)
    print(f"{scale_data.likeness(real, options.seed)}\n", flush=True)
    asked = questions(options.questions)
    some = real.texts[:: max(1, len(real.texts) // ENCODED)]
    each = timed(lambda: encoder.encode_sentences(some)) / len(some)
    columns, clocks = {}, {}
    with kept(options.folder) as folder:
        small = memory_over_samples(asked)
        for size in sizes:
            library = folder / f"{size}-{options.seed}"
            columns[size] = building(library, size, real, encoder, options.seed)
            columns[size] |= {"embedding, from the encoder's rate": Figure(size * each, "s")}
            columns[size] |= recall(library, encoder, asked) | changing(library, encoder, real.texts)
            columns[size] |= served(library, asked, small, size)
            clocks[size] = asking(library, encoder, asked)
    show(columns)
    for size, table in clocks.items():
        show_clocks(size, table)


@contextmanager
def kept(folder: Path | None) -> Iterator[Path]:
    if folder:
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def questions(folders: Sequence[Path]) -> list[str]:
    """Some of each set, in each language."""
    share = ASKED // (len(folders) * len(Language))
    chosen = []
    for folder in folders:
        items = read_questions(folder)
        chosen += items[:: max(1, len(items) // share)][:share]
    return [item["question"][language] for item in chosen for language in Language]


def show(columns: dict[int, Column]) -> None:
    largest, last = max(columns), columns[max(columns)]
    print(f"| | {' | '.join(f'{size:,}' for size in columns)} | {FAR:,}, computed |")
    print("|---" * (len(columns) + 2) + "|")
    for name, figure in last.items():
        cells = [*(str(column[name]) for column in columns.values()), figure.times(FAR / largest)]
        print(f"| {name} | {' | '.join(cells)} |")


# Building


def building(folder: Path, size: int, real: scale_data.Real, encoder: Encoder, seed: int) -> Column:
    """Make a library and its indexes, unless they are there."""
    took = dict.fromkeys(("SQLite", "full text", "vectors"), Figure("found"))
    if not folder.exists():
        took["SQLite"] = seconds(lambda: scale_data.make(folder, size, real, encoder, seed))
        with opened(folder, encoder) as (store, derived):
            took["full text"] = seconds(derived.update)
            took["vectors"] = seconds(LocalVectors(folder, store, derived.embeddings).rebuild)
    with opened(folder, encoder) as (store, derived):
        articles, sentences, kind = store.count_articles(), store.count_sentences(), derived.description
    on_disk = {"SQLite": "library.sqlite*", "full text": "terms/*", "vectors": "vectors.*"}
    return {
        "sentences": Figure(sentences),
        "articles": Figure(articles),
        **{f"building: {name}": figure for name, figure in took.items()},
        **{
            f"disk: {name}": Figure(sum(path.stat().st_size for path in folder.glob(pattern)), "B")
            for name, pattern in on_disk.items()
        },
        "vector index": Figure(kind),
    }


@contextmanager
def opened(folder: Path, encoder: Encoder) -> Iterator[tuple[Store, Derived]]:
    """A library's database, and what is derived from it."""
    with (
        closing(Store(folder / "library.sqlite")) as store,
        closing(Derived(folder, store, encoder, user_cache_path("citewire"))) as derived,
    ):
        yield store, derived


def seconds(work: Callable[[], object]) -> Figure:
    return Figure(timed(work), "s")


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# Recall


def recall(folder: Path, encoder: Encoder, asked: Sequence[str]) -> Column:
    """Of the vector index against exact search, without a filter and with each."""
    with opened(folder, encoder) as (store, derived):
        understood = [understand(text) for text in asked]
        encoded = encoder.encode_questions([question.search_text for question in understood])
        pairs = zip(encoded, understood, strict=True)
        vectors = np.stack([derived.centring.question(vector, question.language) for vector, question in pairs])
        filters = {"no filter": Filters()} | selective(store.count_articles)
        columns = Columns(store)
        allowed = {name: columns.ids(each) for name, each in filters.items()}
        exact = nearest(vectors, store.ids(), allowed, derived.embeddings.read)
        index, column = derived.vectors(), {}
        for name, each in filters.items():
            found = [index.search(vector, FETCHED, each)[0][:NEAREST] for vector in vectors]
            shares = [np.isin(right, ids).mean() for right, ids in zip(exact[name], found, strict=True)]
            column[f"recall@{NEAREST}, {name}"] = Figure(f"{np.mean(shares):.3f}")
        return column


def nearest(vectors: Vectors, ids: Ids, allowed: dict[str, Ids], read: Read) -> dict[str, list[Ids]]:
    """By comparing all: for each set of allowed ids, those nearest to each vector."""
    nothing = np.zeros(0, np.float32), np.zeros(0, np.int64)
    best = {name: [nothing] * len(vectors) for name in allowed}
    for start in range(0, len(ids), CHUNK):
        some, their_vectors = read(ids[start : start + CHUNK])
        cosines = vectors @ their_vectors.T
        for name, those in allowed.items():
            passing = np.isin(some, those)
            rows = zip(best[name], cosines[:, passing], strict=True)
            best[name] = [_merged(held, row, some[passing]) for held, row in rows]
    return {name: [ids for _cosines, ids in held] for name, held in best.items()}


def _merged(held: tuple[Vectors, Ids], cosines: Vectors, ids: Ids) -> tuple[Vectors, Ids]:
    """The nearest of those held and of more."""
    cosines, ids = np.concatenate([held[0], cosines]), np.concatenate([held[1], ids])
    chosen = np.argsort(-cosines)[:NEAREST]
    return cosines[chosen], ids[chosen]


def selective(count: Callable[[Filters], int]) -> dict[str, Filters]:
    """Filters that half, 4 % and 0.1 % of the articles pass: a language, a source, the last days."""
    last = scale_data.FIRST_DAY + timedelta(days=scale_data.DAYS)
    latest = (Filters(since=last - timedelta(days=days)) for days in itertools.count(1))
    wanted = FEW * count(Filters())
    return {
        "filter 50 %": Filters(languages=frozenset({Language.EN})),
        "filter 4 %": Filters(sources=frozenset({scale_data.source(4)})),
        "filter 0.1 %": next(few for few in latest if count(few) >= wanted),
    }


# Changes


def changing(folder: Path, encoder: Encoder, texts: Sequence[str]) -> Column:
    """One article that is added to an open library, and removed."""
    text = " ".join(texts[:15])
    article = Article(article_id("", "", text), text, "One more", False, Language.EN)
    with Library.open(folder, encoder=encoder) as library:
        library.warm()
        return {
            "one article more": Figure(timed(lambda: list(library.add([article]))), "s", grows=False),
            "one article less": Figure(timed(lambda: library.remove(article.id)), "s", grows=False),
        }


# Questions


@dataclass(slots=True)
class Clock:
    """Milliseconds of each question: all of it, the encoder alone, and each stage."""

    whole: list[float] = field(default_factory=list)
    encoder: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def asking(folder: Path, encoder: Encoder, asked: Sequence[str]) -> dict[str, Clock]:
    """The time of each kind of question, asked one by one in this process."""
    with Library.open(folder, encoder=encoder) as library:
        without, reading = Answerer(library), Answerer(library, reader=open_reader(ON, encoder))
        for answerer in (without, reading):
            answerer.warm()
            clock(answerer, asked[:WARMING])
        clocks = {"of the sets": clock(without, asked), "common words": clock(without, 3 * COMMON)}
        for name, filters in selective(library.count).items():
            clocks[name] = clock(without, asked[:: len(asked) // READ], filters)
        clocks["of the sets, with the reader"] = clock(reading, asked[:: len(asked) // READ])
        return clocks


def clock(answerer: Answerer, asked: Sequence[str], filters: Filters = Filters()) -> Clock:
    """Ask each question once; the encoder alone gets another in between, lest it remembers."""
    clock = Clock()
    for number, text in enumerate(asked):
        alone = timed(lambda other=asked[number - 1]: answerer.library.encoder.encode_questions([other]))
        clock.encoder.append(1000 * alone)
        with measured() as stages:
            clock.whole.append(1000 * timed(lambda question=text: answerer.ask(question, filters=filters)))
        for name in STAGES:
            clock.stages[name].append(1000 * stages.get(name, 0.0))
        clock.stages["other"].append(clock.whole[-1] - 1000 * sum(stages.values()))
    return clock


def show_clocks(size: int, clocks: dict[str, Clock]) -> None:
    names = (*STAGES, "other")
    print(f"\n{size:,} sentences\n\n| questions | p50 | p95 | encoder alone | beyond it | {' | '.join(names)} |")
    print("|---" * (len(names) + 5) + "|")
    for kind, each in clocks.items():
        p50, p95 = np.percentile(each.whole, (50, 95))
        alone = np.median(each.encoder)
        cells = (p50, p95, alone, p50 - alone, *(np.median(each.stages[name]) for name in names))
        print(f"| {kind} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")


# A chat of its own


def served(folder: Path, asked: Sequence[str], small: int, size: int) -> Column:
    ready, memory = memory_of_chat(folder, asked)
    return {
        "chat, until ready": Figure(ready, "s", grows=False),
        "chat, resident": Figure(memory, "B", grows=False),
        "chat, resident beyond the samples'": Figure(memory - small, "B"),
        "chat, resident beyond the samples', each sentence": Figure(f"{(memory - small) / size:,.0f} B"),
    }


def memory_over_samples(asked: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        index_samples(folder)
        return memory_of_chat(Path(folder), asked)[1]


def memory_of_chat(folder: Path, asked: Sequence[str]) -> tuple[float, int]:
    """Seconds until a chat is ready, and the bytes that it holds after some questions."""
    began = time.perf_counter()
    with chat(str(folder)) as (address, process):
        ready = time.perf_counter() - began
        for text in asked[:HELD]:
            httpx.post(f"{address}/v1/ask", json={"question": text}, timeout=60).raise_for_status()
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return ready, 1024 * int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main()
