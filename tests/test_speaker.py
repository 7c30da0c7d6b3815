"""Who is speaking, from a sentence and its neighbours."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_article, make_hit

from corpus.sentences import sentences
from corpus.types import Language
from qa.question import understand
from qa.speaker import speaks


def _speaking(text: str, name: str, language: Language = Language.EN) -> list[float]:
    """How surely the person of that name, the question's only unit, speaks in each sentence of a text."""
    article = make_article(text, language=language)
    hits = [
        make_hit(article, each.position, matched=frozenset({0} if name in each.text else ()))
        for each in sentences(article)
    ]
    places = {(article.id, hit.sentence.position): hit for hit in hits}
    return [speaks(hit, places, {0}) for hit in hits]


def test_a_name_with_a_verb_of_speech_speaks() -> None:
    assert _speaking("Akimov said the work has begun. Rain fell. Akimov wore a hat.", "Akimov") == [1, 0, 0]


def test_the_rest_of_a_quotation_belongs_to_the_name_that_closes_it() -> None:
    opened, closed, other = _speaking("“We are planning a project. We have begun,” Akimov said. It rained.", "Akimov")
    assert (closed, other) == (1, 0)
    assert 0 < opened < 1


@pytest.mark.parametrize(
    ("text", "name", "language"),
    [
        ("Akimov said the work has begun. He added that it will take years.", "Akimov", Language.EN),
        ("Акимов сообщил о проекте. Он добавил, что работа началась.", "Акимов", Language.RU),
        ("阿基莫夫宣布了这个项目。他还表示，工作已经开始。", "阿基莫夫", Language.ZH),
    ],
)
def test_a_pronoun_after_the_name_goes_on_speaking(text: str, name: str, language: Language) -> None:
    first, second = _speaking(text, name, language)
    assert first == 1
    assert 0 < second < 1


@pytest.mark.parametrize("text", ["what did Akimov announce?", "Что объявил Акимов?", "阿基莫夫宣布了什么？"])
def test_a_question_for_whatever_was_said_is_open(text: str) -> None:
    assert understand(text).is_open


@pytest.mark.parametrize(
    "text",
    [
        "What did Akimov say about the moon landing?",
        "Что Акимов сказал о высадке на Луну?",
        "阿基莫夫对登月说了什么？",
        "Who announced the deal?",
        "When did Akimov say it?",
    ],
)
def test_a_question_about_something_is_not(text: str) -> None:
    assert not understand(text).is_open


def test_hits_that_differ_only_in_their_vectors_are_equal() -> None:
    hit = make_hit(make_article("Akimov said so."))
    assert hit == replace(hit, vector=np.ones(2, np.float32))


def test_quotes_go_on_for_a_while_after_the_name() -> None:
    text = "Akimov opened the bridge. It rained. “We are glad,” the minister said. “Very glad.” “Yes.” “No.” “Yes.”"
    named, _rain, said, *more = _speaking(text, "Akimov")
    assert named == 0
    assert 0 < said < 0.5
    assert more[-1] == 0


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("What did Maxim Akimov say about the constellation?", "Maxim Akimov"),
        ("what does the weather service in Phoenix think about storms", "the weather service in Phoenix"),
        ("How did LSU coach Will Wade react to the death?", "LSU coach Will Wade"),
        ("Why is aid refused, according to Aulia Arriani?", "Aulia Arriani"),
        ("Что Максим Акимов сказал о группировке?", "Максим Акимов"),
        ("Что сказал тренер Уилл Уэйд о гибели игрока?", "тренер Уилл Уэйд"),
        ("Почему, по словам Аулии Ариани, помощь не принимают?", "Аулии Ариани"),
        ("阿基莫夫宣布了什么？", "阿基莫夫"),
        ("关于称呼由谁决定，议会委员会怎么说？", "议会委员会"),
        ("按红十字会发言人的说法，为什么不能接受援助？", "红十字会发言人"),
        ("How much does the bridge cost?", ""),
        ("Сколько стоит мост?", ""),
        ("桥在哪里？", ""),
    ],
)
def test_whose_words_a_question_asks_for(text: str, speaker: str) -> None:
    assert understand(text).speaker == speaker
