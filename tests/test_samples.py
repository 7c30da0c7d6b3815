"""The sample articles and questions: their reference sentences, their completeness, their balance."""

import json
from importlib import resources
from typing import Any

import pytest

from corpus import samples
from corpus.sentences import split
from corpus.types import Language

Item = dict[str, Any]


def _lines(name: str) -> list[Item]:
    return [json.loads(line) for line in resources.files(samples).joinpath(name).read_text("utf-8").splitlines()]


ARTICLES = {language: _lines(f"articles.{language}.jsonl") for language in Language}
QUESTIONS = _lines("questions.jsonl")
EVERY = [pytest.param(language, item, id=item["url"]) for language in Language for item in ARTICLES[language]]


def _references(question: Item, language: Language) -> list[str]:
    return [each for group in question["groups"][language] for each in group] + question["optional"]


@pytest.mark.parametrize(("language", "article"), EVERY)
def test_the_splitter_reproduces_the_reference_sentences(language: Language, article: Item) -> None:
    assert split(article["text"], language) == [tuple(segment) for segment in article["segments"]]


@pytest.mark.parametrize(("language", "article"), EVERY)
def test_reference_sentences_cover_the_text(language: Language, article: Item) -> None:
    assert article["language"] == language
    text, at = article["text"], 0
    for start, end in article["segments"]:
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


def test_every_document_is_there_once_in_each_language() -> None:
    documents = [sorted(item["document"] for item in ARTICLES[language]) for language in Language]
    assert documents[0] == documents[1] == documents[2]
    assert len(set(documents[0])) == len(documents[0])
    urls = [item["url"] for language in Language for item in ARTICLES[language]]
    assert len(set(urls)) == len(urls)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda item: item["id"])
def test_every_question_is_complete(question: Item) -> None:
    assert {"id", "question", "type", "groups", "optional", "answer", "previous"} <= question.keys()
    assert all(question["question"][language].strip() for language in Language)
    groups = question["groups"]
    assert len({len(groups[language]) for language in Language}) == 1, "a group may be empty, but not missing"
    assert {bool(groups[language]) for language in Language} == {bool(question["answer"])}
    assert bool(question["answer"]) is any(_references(question, language) for language in Language)
    if question["answer"]:
        assert all(question["answer"][language].strip() for language in Language)
    for language in Language:
        sizes = {item["document"]: len(item["segments"]) for item in ARTICLES[language]}
        for document, segment in (reference.rsplit("#", 1) for reference in _references(question, language)):
            assert int(segment) < sizes[document]


def test_follow_ups_follow_a_question_that_stands_alone_before_them() -> None:
    before: dict[str, Item] = {}
    for question in QUESTIONS:
        assert question["id"] not in before
        if question["previous"]:
            assert question["previous"] in before
        before[question["id"]] = question
    assert any(question["previous"] for question in QUESTIONS)


def test_at_least_a_third_of_the_questions_have_no_answer() -> None:
    unanswerable = [question for question in QUESTIONS if not question["answer"]]
    assert 3 * len(unanswerable) >= len(QUESTIONS)
    assert {question["type"] for question in unanswerable} > {"near"}


def test_texts_and_questions_are_what_the_files_hold() -> None:
    for language in Language:
        assert samples.texts(language) == [item["text"] for item in ARTICLES[language]]
        assert samples.questions(language) == [item["question"][language] for item in QUESTIONS]
