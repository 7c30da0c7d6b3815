"""Measure answers against a question set: the figures of `citewire evaluate`.

A set is a folder with `questions.jsonl` and `articles.{en,ru,zh}.jsonl`; the articles give the gold sentences as
spans. Every question is asked in three languages of the open library, whatever articles that holds. A citation is
right when its span overlaps, by half of the shorter one, a gold or optional sentence of the right document in the
citation's own language, and is no longer than three such sentences (or 300 code points).

  top1        share of answerable questions whose first citation (or first nearest, when abstaining) is right
  complete    share whose citations hit every required group of sentences
  precision   share of all citations returned for answerable questions that are right
  declined    share of answerable questions that were declined (an error)
  invented    share of unanswerable questions that were answered; near: those about the same people or events
  auroc       of the confidence, answerable against unanswerable
  own_lang    share of first citations in the question's language
  follow_up   top1 of the questions that lean on an earlier one (they are left out of top1)
  broken      citations whose quote is not article.text[start:end]
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.types import CitewireError, Language
from index.types import Filters
from qa.pipeline import Answerer
from qa.types import Answer, Citation, CitedSentence, Turn

_LIMIT = 5
Item = dict[str, Any]
Report = dict[str, dict[str, dict[str, float | int | None]]]


class BadQuestionSet(CitewireError):
    """The folder does not hold a question set; the message says what is wrong with it."""


def evaluate(answerer: Answerer, folder: Path, *, matrix: bool = False) -> Report:
    """Figures by run ("whole"; with `matrix` also "only en", "only ru", "only zh") and question language."""
    questions = read_questions(folder)
    gold = Gold(folder)
    report = {"whole": _run(answerer, questions, gold, Filters())}
    for language in Language if matrix else ():
        report[f"only {language}"] = _run(answerer, questions, gold, Filters(languages=frozenset({language})))
    return report


def read_questions(folder: Path) -> list[Item]:
    """The questions of a set. Raises BadQuestionSet."""
    return _read(folder / "questions.jsonl", _is_question)


def _read(path: Path, is_sound: Callable[[Any], bool]) -> list[Item]:
    try:
        # Not splitlines(): texts may hold U+2028 and other separators.
        items = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except OSError as error:
        raise BadQuestionSet(f"cannot read {path}: {error.strerror}; a question set needs it") from error
    except ValueError as error:
        raise BadQuestionSet(f"{path} is not JSON Lines in UTF-8: {error}") from error
    if not items:
        raise BadQuestionSet(f"{path} is empty")
    for number, item in enumerate(items, 1):
        if not is_sound(item):
            raise BadQuestionSet(f"{path}, line {number}: not in the format of corpus/samples/{path.name}")
    return items


def _is_question(item: Any) -> bool:
    try:
        groups = item["groups"]
        by_language = groups if isinstance(groups, dict) else dict.fromkeys(Language, groups)
        references = [each for language in Language for group in by_language[language] for each in group]
        return (
            isinstance(item["id"], str)
            and isinstance(item["type"], str)
            and all(isinstance(item["question"][language], str) for language in Language)
            and all(each.rsplit("#", 1)[1].isdecimal() for each in [*references, *(item.get("optional") or [])])
        )
    except (AttributeError, IndexError, KeyError, TypeError):
        return False


def _is_article(item: Any) -> bool:
    try:
        whole = all(isinstance(start, int) and isinstance(end, int) for start, end in item["segments"])
        return whole and all(isinstance(item[key], str) for key in ("url", "document", "language"))
    except (KeyError, TypeError, ValueError):
        return False


class Gold:
    """The reference sentences as spans of the articles, by URL and by document and language."""

    def __init__(self, folder: Path) -> None:
        files = (folder / f"articles.{language}.jsonl" for language in Language)
        articles = [item for file in files for item in _read(file, _is_article)]
        self._by_url = {item["url"]: item for item in articles}

    def articles(self, language: Language) -> list[Item]:
        """The articles in one language, as their file has them."""
        return [item for item in self._by_url.values() if item["language"] == language]

    def is_right(self, citation: Citation, references: Sequence[str]) -> bool:
        """Whether a citation hits one of the sentences, each given as `document#number`."""
        return self.hits(citation.url, citation.start, citation.end, references)

    def hits(self, url: str, start: int, end: int, references: Sequence[str]) -> bool:
        """The same of a span in the article of that URL."""
        article = self._by_url.get(url)
        return article is not None and any(
            _covers(start, end, article["segments"], int(segment))
            for document, segment in (reference.rsplit("#", 1) for reference in references)
            if document == article["document"]
        )


def _covers(begin: int, stop: int, segments: Sequence[Sequence[int]], number: int) -> bool:
    if number >= len(segments):
        raise BadQuestionSet(f"a question refers to sentence {number} of an article that has {len(segments)}")
    start, end = segments[number]
    overlap = min(end, stop) - max(start, begin)
    length = stop - begin
    return 0 < overlap >= 0.5 * min(end - start, length) and length <= max(3 * (end - start), 300)


@dataclass
class _Tally:
    """What is counted for one question language."""

    top1: list[bool] = field(default_factory=list)
    complete: list[bool] = field(default_factory=list)
    declined: list[bool] = field(default_factory=list)
    invented: list[bool] = field(default_factory=list)
    near: list[bool] = field(default_factory=list)
    own_lang: list[bool] = field(default_factory=list)
    follow_up: list[bool] = field(default_factory=list)
    yes: list[float] = field(default_factory=list)
    no: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    good: int = 0
    given: int = 0
    broken: int = 0

    def figures(self) -> dict[str, float | int | None]:
        return {
            "top1": _mean(self.top1),
            "complete": _mean(self.complete),
            "precision": round(self.good / self.given, 3) if self.given else None,
            "declined": _mean(self.declined),
            "invented": _mean(self.invented),
            "near": _mean(self.near),
            "auroc": _auroc(self.yes, self.no),
            "own_lang": _mean(self.own_lang),
            "follow_up": _mean(self.follow_up),
            "broken": self.broken,
            "p50_ms": round(1000 * sorted(self.seconds)[len(self.seconds) // 2], 1),
        }


def _run(answerer: Answerer, questions: Sequence[Item], gold: Gold, filters: Filters) -> dict[str, Any]:
    by_id = {item["id"]: item for item in questions}
    tallies = {language: _Tally() for language in Language}
    for item in questions:
        for language, tally in tallies.items():
            history = _history(answerer, by_id.get(item.get("previous")), language, filters)
            began = time.perf_counter()
            answer = answerer.ask(item["question"][language], filters=filters, history=history, limit=_LIMIT)
            tally.seconds.append(time.perf_counter() - began)
            _count(tally, answerer, item, language, answer, gold)
    return {language.value: tally.figures() for language, tally in tallies.items()}


def _history(answerer: Answerer, earlier: Item | None, language: Language, filters: Filters) -> tuple[Turn, ...]:
    if earlier is None:
        return ()
    text = earlier["question"][language]
    answer = answerer.ask(text, filters=filters, limit=_LIMIT)
    return (Turn(text, tuple(CitedSentence(each.article_id, each.sentence_id) for each in answer.citations)),)


def _count(tally: _Tally, answerer: Answerer, item: Item, language: Language, answer: Answer, gold: Gold) -> None:
    first = next(iter(answer.citations or answer.nearest), None)
    if first:
        tally.own_lang.append(first.language == language)
    tally.broken += sum(_is_broken(answerer, citation) for citation in answer.citations)
    if not _groups(item, language):
        (tally.near if item["type"] == "near" else tally.invented).append(answer.answered)
        tally.no.append(answer.confidence)
        return
    right = [gold.is_right(citation, references(item, citation.language)) for citation in answer.citations]
    tally.yes.append(answer.confidence)
    tally.declined.append(not answer.answered)
    tops = tally.follow_up if item.get("previous") else tally.top1
    tops.append(first is not None and gold.is_right(first, references(item, first.language)))
    tally.complete.append(answer.answered and _is_complete(item, language, answer, gold))
    tally.good += sum(right)
    tally.given += len(right)


def _is_complete(item: Item, language: Language, answer: Answer, gold: Gold) -> bool:
    """Whether some citation hits each required group, as its own language counts the groups."""
    return all(
        any(gold.is_right(citation, _groups(item, citation.language)[index]) for citation in answer.citations)
        for index in range(len(_groups(item, language)))
    )


def _groups(item: Item, language: Language) -> list[list[str]]:
    groups: list[list[str]] | dict[str, list[list[str]]] = item["groups"]
    return groups[language] if isinstance(groups, dict) else groups


def references(item: Item, language: Language) -> list[str]:
    """The gold and optional sentences of a question, as articles in that language count them."""
    return [reference for group in _groups(item, language) for reference in group] + list(item.get("optional") or [])


def _is_broken(answerer: Answerer, citation: Citation) -> bool:
    article = answerer.library.article(citation.article_id)
    return article is None or citation.quote != article.text[citation.start : citation.end]


def _mean(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def _auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """The probability that an answerable question gets the higher confidence; ties count half."""
    if not positive or not negative:
        return None
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return round(wins / (len(positive) * len(negative)), 3)
