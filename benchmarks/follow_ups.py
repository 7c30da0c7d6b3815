"""Follow-up questions over the news set: pronouns, ellipsis, another person, another topic, also across languages.

    python benchmarks/follow_ups.py ../shared/eval/news

Each item of `follow_ups.jsonl` (written for this project) asks a first question in one language and then a follow-up
in the same or another; the gold sentences are those of the follow-up. The library holds the scattered articles.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from answers import answering, library
from platformdirs import user_cache_path

from index.encoder import open_encoder
from qa.evaluation import Gold, references
from qa.pipeline import Answerer
from qa.readers import ON
from qa.types import CitedSentence, Turn

ITEMS = Path(__file__).with_name("follow_ups.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--reader", default=ON, help="on, off or the name of another")
    parser.add_argument("--errors", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    gold = Gold(options.set)
    right: dict[str, list[bool]] = defaultdict(list)
    alone: dict[str, list[bool]] = defaultdict(list)
    encoder = open_encoder("", user_cache_path("citewire"))
    with library(encoder, options.set / "articles.scattered.jsonl") as opened:
        answerer = answering(opened, options.reader)
        for line in ITEMS.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            first, then = item["first"]["question"], item["then"]["question"]
            cited = answerer.ask(first).citations
            turn = Turn(first, tuple(CitedSentence(each.article_id, each.sentence_id) for each in cited))
            across = "across languages" if item["first"]["language"] != item["then"]["language"] else "one language"
            for figures, history in ((right, [turn]), (alone, [])):
                correct = is_right(gold, item, answerer, then, history, show=options.errors and figures is right)
                for group in (item["turn"], across) if item["groups"] else (item["turn"],):
                    figures[group].append(correct)
    print("| follow-up | items | right | without the turn before |\n|---|---|---|---|")
    for group, values in right.items():
        print(f"| {group} | {len(values)} | {mean(values):.2f} | {mean(alone[group]):.2f} |")


def is_right(gold: Gold, item: Any, answerer: Answerer, text: str, history: list[Turn], *, show: bool) -> bool:
    """Whether the first sentence shown answers; for what no article answers, whether it was declined."""
    answer = answerer.ask(text, history=history)
    first = next(iter(answer.citations or answer.nearest), None)
    if item["groups"]:
        correct = first is not None and gold.is_right(first, references(item, first.language))
    else:
        correct = not answer.answered
    if show and not correct:
        print(f"{item['id']} {item['turn']}: {item['first']['question']} | {text}\n    {first.quote if first else '–'}")
    return correct


def mean(values: list[bool]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
