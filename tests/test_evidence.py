"""Whether a sentence shows the kind of thing that is asked for."""

import pytest

from corpus.types import Language
from qa.evidence import holds
from qa.question import understand
from qa.types import Kind, Question

EN, RU, ZH = Language


def _holds(kind: Kind, question: str, sentence: str, language: Language) -> float:
    return holds(Question(question, language, kind, question), sentence, language)


@pytest.mark.parametrize(
    ("kind", "language", "question", "yes", "no"),
    [
        (Kind.NUMBER, EN, "How many came in 2019?", "In 2019, 350 came.", "In 2019 they came."),
        (Kind.NUMBER, RU, "Сколько пришло?", "Пришло 350 человек.", "Люди разошлись."),
        (Kind.NUMBER, ZH, "来了多少人？", "来了350人。", "人都走了。"),
        (Kind.WHEN, EN, "When did it open?", "It opened on Tuesday.", "They may win."),
        (Kind.WHEN, EN, "When did it open?", "It opened on Sept. 18.", "It opened."),
        (Kind.WHEN, RU, "Когда открыли мост?", "Мост открыли в среду.", "Мост открыли."),
        (Kind.WHEN, RU, "Когда открыли мост?", "Это было 17 сентября.", "Часть людей ушла."),
        (Kind.WHEN, ZH, "桥什么时候开通？", "桥于周二开通。", "桥开通了。"),
        (Kind.SAID, EN, "What did he say?", "“It works,” he said.", "It rained."),
        (Kind.SAID, RU, "Что он сказал?", "«Работает», — сказал он.", "Шёл дождь."),
        (Kind.SAID, ZH, "他说了什么？", "他说：“没有问题。”", "下雨了。"),
        (Kind.WHO, EN, "Who agreed?", "Akimov agreed.", "They agreed."),
        (Kind.WHO, EN, "Who agreed?", "On Monday Tatyana Golikova agreed.", "It was agreed."),
        (Kind.WHO, RU, "Кто согласился?", "Вице-премьер Голикова согласилась.", "Все согласились."),
        (Kind.WHO, ZH, "谁同意了？", "戈利科娃同意了。", "大家都同意了。"),
        (Kind.WHERE, EN, "Where is it?", "It is in Omsk.", "It is big."),
        (Kind.WHERE, RU, "Где он?", "Он в Омске.", "Он большой."),
        (Kind.WHERE, ZH, "它在哪里？", "它位于鄂木斯克市。", "它很大。"),
        (Kind.WHY, EN, "Why?", "Because a cable broke.", "A cable is long."),
        (Kind.WHY, RU, "Почему?", "Из-за шторма.", "Кабель длинный."),
        (Kind.WHY, ZH, "为什么？", "由于风暴。", "电缆很长。"),
    ],
)
def test_what_answers_the_kind_holds_more_than_what_does_not(
    kind: Kind, language: Language, question: str, yes: str, no: str
) -> None:
    more, less = _holds(kind, question, yes, language), _holds(kind, question, no, language)
    assert 0 <= less < more <= 1


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("sentence", ["", "😀", "…" * 200, "a" * 5_000, "1" * 5_000, "说" * 5_000])
def test_every_sentence_gets_a_share(kind: Kind, language: Language, sentence: str) -> None:
    assert 0 <= _holds(kind, "?", sentence, language) <= 1


@pytest.mark.parametrize(
    ("text", "gives", "lacks"),
    [
        ("Which years were named?", "They named 2020 and 2021.", "They were named on 5 May."),
        ("Какие годы объявлены?", "Объявлены 2020 и 2021 годы.", "Объявлено вчера, 5 мая."),
        ("哪两年被定为创新年？", "2020年和2021年被定为创新年。", "5月被定为创新月。"),
    ],
)
def test_a_year_is_the_surest_sign_when_one_is_asked_for(text: str, gives: str, lacks: str) -> None:
    question = understand(text)
    assert holds(question, gives, question.language) > holds(question, lacks, question.language)
    assert holds(understand(f"{text} 2020, 2021"), gives, question.language) < 2
