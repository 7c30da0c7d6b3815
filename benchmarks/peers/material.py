"""What all are given: articles of so many sentences to index, questions to answer, and which sentences answer them."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import corpus
from corpus.sentences import sentences
from corpus.types import Article, Language
from qa.evaluation import Gold, read_questions, references

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a question set in one language."""

    text: str
    language: Language
    item: Item


class QuestionSet:
    """A folder as `citewire evaluate` reads it. Follow-up questions are left out: peers know of no earlier turn."""

    def __init__(self, folder: Path) -> None:
        self.articles = articles([folder / f"articles.{language}.jsonl" for language in Language])
        self.questions = [
            Asked(item["question"][language], language, item)
            for item in read_questions(folder)
            if not item.get("previous")
            for language in Language
        ]
        self.answerable = [asked for asked in self.questions if _is_answerable(asked)]
        self._gold = Gold(folder)

    def is_right(self, asked: Asked, article: Item, start: int, end: int) -> bool:
        """Whether that span of an article overlaps a sentence that answers the question."""
        return self._gold.hits(article["url"], start, end, references(asked.item, Language(article["language"])))


def _is_answerable(asked: Asked) -> bool:
    groups = asked.item["groups"]
    return bool(groups[asked.language] if isinstance(groups, dict) else groups)


def articles(files: Iterable[Path]) -> list[Article]:
    """The articles in these files, of each file in turn."""
    of_each = [[each for each in corpus.articles([str(file)]) if isinstance(each, Article)] for file in files]
    turns = itertools.zip_longest(*of_each)
    return [article for turn in turns for article in turn if article]


def of_length(some: Sequence[Article], wanted: int) -> list[Article]:
    """Articles that hold `wanted` sentences: these, then varied copies of them; the last one is cut."""
    chosen = []
    for article in _endless(some):
        spans = sentences(article)[:wanted]
        chosen.append(replace(article, text=article.text[: spans[-1].end], url=f"https://peers.example/{len(chosen)}"))
        wanted -= len(spans)
        if not wanted:
            return chosen
    raise AssertionError("articles never end")


def _endless(some: Sequence[Article]) -> Iterator[Article]:
    for copy in itertools.count():
        for article in some:
            yield _varied(article, copy) if copy else article


def _varied(article: Article, copy: int) -> Article:
    """The article without the `copy`-th word (in Chinese, character) of each sentence."""
    pieces, done = [], 0
    for sentence in sentences(article):
        separator = "" if article.language is Language.ZH else " "
        words = sentence.text.split(" ") if separator else list(sentence.text)
        kept = words[: copy % len(words)] + words[copy % len(words) + 1 :]
        pieces += [article.text[done : sentence.start], separator.join(kept)]
        done = sentence.end
    return replace(article, text="".join([*pieces, article.text[done:]]))


def record(article: Article) -> Item:
    """An article as a peer's task holds it: what `citewire add` reads, with its sentences as spans of the text."""
    return {
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "language": article.language,
        "published": article.published and article.published.isoformat(),
        "text": article.text,
        "sentences": [[sentence.start, sentence.end] for sentence in sentences(article)],
    }
