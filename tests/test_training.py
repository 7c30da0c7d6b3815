"""What the weights were trained on: never what they are measured with."""

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import SHARED
from test_passages import make_pieced

from corpus.sentences import split
from corpus.types import Language
from qa.passages import Pieces, sheet
from training.news import articles, is_held_out, place, questions
from training.reader import PARAGRAPHS, Example, key_of, losses, padded, swapped, token_spans, window

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
    for item in (*questions(), *_lines(PARAGRAPHS)):
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
    for item in asked:  # some are in English and the article's other language alone
        assert Language.EN in item["question"]
        assert len(item["question"]) > 1
        assert set(item["question"]) <= set(Language)
        assert all(item["question"].values())
    assert all(bool(item["groups"]) is (item["type"] != "near") for item in asked)
    for before, item in itertools.pairwise(asked):
        assert not item.get("follows") or place(before) == place(item)


def test_some_articles_are_held_out_for_the_ranker() -> None:
    places = {place(item) for item in questions()}
    assert 0.2 < sum(map(is_held_out, places)) / len(places) < 0.4


@needs_data
def test_every_marked_answer_is_inside_its_sentence_or_paragraph() -> None:
    data, marked = SHARED / "training", 0
    texts = articles(data, {place(item) for item in questions()})
    for item in questions():
        for number, spans in item.get("spans", {}).items():
            assert any(int(number) in group for group in item["groups"])
            for language, (start, end) in spans.items():
                sentence = texts[place(item)][int(number)][language]
                assert 0 <= start < end <= len(sentence)
                assert sentence[start:end] == sentence[start:end].strip()
                marked += 1
    assert marked > 6_000
    paragraphs = {key_of(item["context"]): item["context"] for item in _lines(data / "reading.jsonl")}
    for item in _lines(PARAGRAPHS):
        start, end = item["span"] or (0, 1)
        assert 0 <= start < end <= len(paragraphs[item["paragraph"]])


def test_a_window_holds_its_sentence_fits_and_leaves_the_barred_out() -> None:
    chance = random.Random(1)
    for _ in range(500):
        lengths = [chance.randint(2, 40) for _ in range(12)]
        barred = set(chance.sample(range(12), 4))
        at = chance.choice([place for place in range(12) if place not in barred])
        view = window(lengths, at, barred, 80, chance)
        assert at in view
        assert not barred & set(view)
        assert sum(lengths[place] for place in view) <= 80


def test_spans_of_characters_become_spans_of_tokens() -> None:
    pieced = make_pieced()
    sentences = ["Ann left early", "Ann came"]
    page = sheet(pieced, pieced.question("who came"), Pieces([], []), pieced.cut(sentences))
    first = page.tokens[0].start
    assert token_spans(page, {0: (4, 14)}) == [(first + 1, first + 2)]
    assert token_spans(page, {1: (0, 3)}) == [(page.tokens[1].start,) * 2]
    short = sheet(pieced, pieced.question("who came"), Pieces([], []), pieced.cut(sentences[:1]), limit=9)
    assert token_spans(short, {0: (9, 14)}) == []  # cut off


def test_sheets_of_one_batch_are_padded_to_the_longest_and_masked() -> None:
    pieced = make_pieced()
    short, long = (
        sheet(pieced, pieced.question("who"), Pieces([], []), pieced.cut([text])) for text in ("Ann", "Ann left early")
    )
    inputs = padded([short, long], 2)
    assert inputs["input_ids"][0] == [*short.ids, 2, 2]
    assert inputs["attention_mask"] == [[1] * len(short.ids) + [0, 0], [1] * len(long.ids)]
    assert inputs["token_type_ids"][0] == [0, 0, 0, 0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("question", ["Who won in 2014?", "Кто победил в 2014 году?", "谁在2014年获胜？"])
def test_another_number_is_not_one_of_the_text(question: str) -> None:
    chance = random.Random(1)
    others = {swapped(question, "Ann won in 2014 and 2016.", chance) for _ in range(50)} - {None}
    assert others
    assert not any("2014" in other or "2016" in other for other in others if other)
    assert swapped("Who won?", "2014", chance) is None


def test_the_losses_fall_when_the_scores_are_right() -> None:
    pieced = make_pieced()
    page = sheet(pieced, pieced.question("who"), Pieces([], []), pieced.cut(["Ann left", "who came"]))
    first = page.tokens[0].start
    answered = Example(page, [1, 0], [(first, first)])
    nothing = Example(page, [0, 0], [])
    unsure = torch.zeros(1, len(page.ids), 3)
    right, none = unsure.clone(), unsure.clone()
    right[0, first, :2] = 9.0
    right[0, page.tokens[0].start : page.tokens[0].stop, 2] = 9.0
    right[0, page.tokens[1].start : page.tokens[1].stop, 2] = -9.0
    none[0, 0, :2], none[0, page.begin :, 2] = 9.0, -9.0
    for example, good, bad in ((answered, right, none), (nothing, none, right)):
        for better, middle, worse in zip(*(losses([example], each) for each in (good, unsure, bad)), strict=True):
            assert better < 0.05 < middle < worse


def test_a_sentence_that_may_count_is_left_out_of_the_loss() -> None:
    pieced = make_pieced()
    page = sheet(pieced, pieced.question("who"), Pieces([], []), pieced.cut(["Ann left", "who came"]))
    low, high = torch.zeros(1, len(page.ids), 3), torch.zeros(1, len(page.ids), 3)
    high[0, page.tokens[1].start : page.tokens[1].stop, 2] = 9.0
    for labels in ([1, -1], [0, -1]):
        one, other = (losses([Example(page, labels, None)], scores)[0] for scores in (low, high))
        assert one == pytest.approx(float(other), abs=1e-3)
