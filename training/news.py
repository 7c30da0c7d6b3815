"""News articles of the parallel data, and the questions that were written about them for Citewire.

`questions.jsonl` names an article by its test set and the numbers of its first and last sentence, and gold sentences by
their numbers; the sentences themselves stay in `parallel_news.jsonl`. `groups`, `optional` and `type` mean what they
mean in a question set (qa/evaluation.py); a question that `follows` leans on the one on the line before it.
"""

import json
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

from corpus.types import Language

QUESTIONS = Path(__file__).with_name("questions.jsonl")
HELD_OUT = 0.3  # of the articles: the adapter never sees their questions, the ranker is fitted on them

Place = tuple[str, int, int]  # test set, first and last sentence
Sentences = dict[int, dict[str, str]]  # number → language → text


def questions() -> list[dict[str, Any]]:
    return lines(QUESTIONS)


def place(question: dict[str, Any]) -> Place:
    first, last = question["article"]
    return question["set"], first, last


def is_held_out(where: Place) -> bool:
    return zlib.crc32(f"{where[0]} {where[1]}".encode()) % 100 < 100 * HELD_OUT


def articles(data: Path, wanted: set[Place]) -> dict[Place, Sentences]:
    """Each article's sentences in every language in which all of them exist."""
    pairs = lines(data / "parallel_news.jsonl")
    english: dict[str, dict[str, str]] = defaultdict(dict)
    for pair in pairs:
        if "en" in pair:  # some English sentences were translated into both languages
            english[pair["en"]] |= {language: pair[language] for language in Language if language in pair}
    known = {(pair["set"], pair["n"]): english[pair["en"]] if "en" in pair else pair for pair in pairs}
    found = {}
    for where in sorted(wanted):
        name, first, last = where
        numbers = [number for number in range(first, last + 1) if (name, number) in known]
        complete = [language for language in Language if all(language in known[name, number] for number in numbers)]
        found[where] = {
            number: {language: known[name, number][language].strip() for language in complete} for number in numbers
        }
    return found


def languages(sentences: Sentences) -> list[Language]:
    return [language for language in Language if language in next(iter(sentences.values()))]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
