"""What the weights were trained on: never what they are measured with."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED

from corpus.sentences import split
from corpus.types import Language
from training.news import is_held_out, place, questions

SHORTEST = 25  # characters: "Yes, he said." may occur anywhere
needs_data = pytest.mark.skipif(
    not (SHARED / "training").is_dir() or not (SHARED / "eval").is_dir(),
    reason="needs the training and development data beside the checkout",
)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _evaluated() -> Iterator[str]:
    for name in ("news", "xquad"):
        for language in Language:
            for article in _lines(SHARED / "eval" / name / f"articles.{language}.jsonl"):
                yield from (article["text"][start:end] for start, end in article["segments"])
            yield from (item["question"][language] for item in _lines(SHARED / "eval" / name / "questions.jsonl"))


def _trained_on() -> Iterator[str]:
    for name in ("parallel_news", "parallel_questions"):
        for item in _lines(SHARED / "training" / f"{name}.jsonl"):
            yield from (item[language] for language in Language if language in item)
    contexts = {}
    for item in _lines(SHARED / "training" / "reading.jsonl"):
        contexts[item["context"]] = Language(item["language"])
        yield item["question"]
    for context, language in contexts.items():
        yield from (context[start:end] for start, end in split(context, language))
    for item in questions():
        yield from item["question"].values()


@needs_data
def test_no_sentence_or_question_that_measures_was_trained_on() -> None:
    measured = {_plain(text) for text in _evaluated() if len(text) >= SHORTEST}
    trained = {_plain(text) for text in _trained_on() if len(text) >= SHORTEST}
    assert len(measured) > 5_000
    assert len(trained) > 50_000
    assert not measured & trained


@needs_data
def test_every_question_is_about_an_article_of_the_data() -> None:
    known = {(pair["set"], pair["n"]) for pair in _lines(SHARED / "training" / "parallel_news.jsonl")}
    for item in questions():
        name, first, last = place(item)
        cited = {number for group in item["groups"] for number in group} | set(item["optional"])
        assert all((name, number) in known for number in cited)
        assert all(first <= number <= last for group in item["groups"] for number in group)


def test_questions_stand_in_three_languages_and_follow_ups_behind_what_they_follow() -> None:
    asked = questions()
    assert all(set(item["question"]) == set(Language) and all(item["question"].values()) for item in asked)
    assert all(bool(item["groups"]) is (item["type"] != "near") for item in asked)
    for before, item in itertools.pairwise(asked):
        assert not item.get("follows") or place(before) == place(item)


def test_some_articles_are_held_out_for_the_ranker() -> None:
    places = {place(item) for item in questions()}
    assert 0.2 < sum(map(is_held_out, places)) / len(places) < 0.4
