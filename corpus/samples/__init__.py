"""The sample articles and questions that come with Citewire, written for it in three languages."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

from corpus.types import Language


def articles(language: Language) -> list[bytes]:
    """The sample articles in one language, each as a line of JSON Lines."""
    return _content(f"articles.{language}.jsonl").encode().splitlines()


def texts(language: Language) -> list[str]:
    """The texts of the sample articles in one language."""
    return [line["text"] for line in _lines(f"articles.{language}.jsonl")]


def questions(language: Language) -> list[str]:
    """The sample questions in one language."""
    return [line["question"][language] for line in _lines("questions.jsonl")]


def _lines(name: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, _content(name).splitlines())


def _content(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
