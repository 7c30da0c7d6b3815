"""Citewire against its peers, in one run: time to index, time to answer, and how often the first hit is right.

    python benchmarks/peers/compare.py [--sentences 2000] [--questions 200] [--rounds 3] [--articles FILE...]

All embed with the same model, on the processor, with the same number of threads, each in a process and an environment
of its own. They run one after the other, and again in the other order, so that the spread between rounds shows what
is noise. README.md beside this file says what is counted.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environments import interpreter
from material import Asked, QuestionSet, articles, of_length, record
from platformdirs import user_cache_path

from corpus.types import Article, Language
from index import bundled

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "corpus" / "samples"
NEWS = ROOT.parent / "shared" / "eval" / "news"


@dataclass(slots=True)
class Contender:
    """Who is measured, and the figures of each round, as `peer.py` describes them."""

    title: str
    command: tuple[str, ...]  # a script of this folder, and its argument
    environment: str = ""  # of environments.py; none is Citewire's own
    rounds: list[dict[str, Any]] = field(default_factory=list)
    right: dict[Language, float] = field(default_factory=dict)  # the share of right first hits, by question language

    @property
    def indexing(self) -> list[float]:
        """Seconds, of each round."""
        return [figures["index"] for figures in self.rounds]

    @property
    def answering(self) -> list[float]:
        """Seconds for all questions together, of each round."""
        return [sum(figures["questions"]) for figures in self.rounds]


def contenders() -> tuple[list[Contender], list[Contender]]:
    """Citewire by each of its doors, and the peers."""
    ours = [
        Contender("Citewire, search alone", ("with_citewire.py", "search")),
        Contender("Citewire, reader off", ("with_citewire.py", "off")),
        Contender("Citewire, reader on", ("with_citewire.py", "on")),
    ]
    peers = [
        Contender("sentence-transformers + FAISS", ("with_sentence_transformers.py",), "sentence_transformers"),
        Contender("txtai", ("with_txtai.py",), "txtai"),
        Contender("Haystack, in memory", ("with_haystack.py", "memory"), "haystack"),
        Contender("Haystack, FAISS", ("with_haystack.py", "faiss"), "haystack"),
        Contender("LlamaIndex + FAISS", ("with_llama_index.py",), "llama_index"),
    ]
    return ours, peers


def main() -> None:
    options = parse()
    ours, peers = contenders()
    everyone = [*ours, *peers]
    questions = QuestionSet(options.set)
    timed = of_length(articles(options.articles), options.sentences)
    asked = list(itertools.islice(itertools.cycle(questions.questions), options.questions))
    for each in everyone:
        each.right = judged(each, questions, options.threads)
        told(f"{each.title}: {statistics.mean(each.right.values()):.3f} of first hits right")
    for number in range(options.rounds):
        for each in everyone if number % 2 == 0 else reversed(everyone):
            each.rounds.append(figures(each, timed, asked, options.threads))
            told(f"round {number + 1}, {each.title}: {each.indexing[-1]:.1f} s, {each.answering[-1]:.2f} s")
    print(
        f"\n{options.sentences:,} sentences and {options.questions:,} questions, threads: {options.threads}, "
        f"the median of {options.rounds} rounds (and the range);\n"
        f"first hits of {len(questions.answerable)} questions among the {len(questions.articles)} articles of the set\n"
    )
    print(table(ours, peers))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=2_000, help="how many to index (default: 2000)")
    parser.add_argument("--questions", type=int, default=200, help="how many to ask (default: 200)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default: 3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for each (default: all cores)")
    parser.add_argument(
        "--articles", type=Path, nargs="+", help="to index (default: the news in ../shared, else the samples)"
    )
    parser.add_argument("--set", type=Path, default=SAMPLES, help="question set (default: that of the samples)")
    options = parser.parse_args()
    if not options.articles:
        options.articles = sorted((NEWS if NEWS.exists() else SAMPLES).glob("articles.??.jsonl"))
    return options


def judged(contender: Contender, questions: QuestionSet, threads: int) -> dict[Language, float]:
    """How often the first hit is right when the set's own articles are indexed, by question language."""
    hits = figures(contender, questions.articles, questions.answerable, threads)["hits"]
    places = [(each, *span) for each in map(record, questions.articles) for span in each["sentences"]]
    right: dict[Language, list[bool]] = {language: [] for language in Language}
    for asked, found in zip(questions.answerable, hits, strict=True):
        right[asked.language].append(bool(found) and questions.is_right(asked, *places[found[0]]))
    return {language: statistics.mean(each) for language, each in right.items()}


def figures(contender: Contender, some: Sequence[Article], asked: Sequence[Asked], threads: int) -> dict[str, Any]:
    """One run of a contender's script, in a process of its own."""
    task = {
        "model": str(bundled.model_folder(user_cache_path("citewire"))),
        "articles": [record(article) for article in some],
        "questions": [each.text for each in asked],
    }
    python = interpreter(contender.environment) if contender.environment else sys.executable
    command = [str(python), str(Path(__file__).with_name(contender.command[0])), *contender.command[1:]]
    run = subprocess.run(command, input=json.dumps(task), env=environ(threads), capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{contender.title} failed:\n{run.stderr[-3_000:]}")
    return dict(json.loads(run.stdout.splitlines()[-1]))


def environ(threads: int) -> dict[str, str]:
    """The same for all: no GPU, so many threads, and nothing asked of or told to the network."""
    settings = {
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
    }
    return {**os.environ, **settings}


def table(ours: Sequence[Contender], peers: Sequence[Contender]) -> str:
    """Markdown: times with their ratio to Citewire's, then the share of right first hits."""
    doors = [each.title.removeprefix("Citewire, ") for each in ours]
    heads = ["", "indexing, s", "× Citewire", "questions, s", "p50, ms", *(f"× {door}" for door in doors)]
    heads += ["first hit right", *Language]
    indexing = statistics.median(seconds for each in ours for seconds in each.indexing)
    lines = [heads, ["---"] * len(heads)]
    for each in [*ours, *peers]:
        answering = statistics.median(each.answering)
        lines.append(
            [
                each.title,
                spread(each.indexing),
                f"{statistics.median(each.indexing) / indexing:.2f}",
                spread(each.answering),
                f"{1000 * statistics.median(seconds for run in each.rounds for seconds in run['questions']):.1f}",
                *(f"{answering / statistics.median(door.answering):.2f}" for door in ours),
                f"{statistics.mean(each.right.values()):.3f}",
                *(f"{share:.3f}" for share in each.right.values()),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
