"""Reading a question: its kind, its language, and what it borrows from the one before."""

import pytest

from corpus.types import Language
from qa.question import MAX_LENGTH, kind_of, readings, understand
from qa.types import CitedSentence, Kind, QuestionRejected, Turn

AKIMOV = Turn("What did Maxim Akimov announce about satellites?", (CitedSentence("a", "a-1"),))


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000", "\xa0"])
def test_an_empty_question_is_rejected(text: str) -> None:
    with pytest.raises(QuestionRejected, match="empty"):
        understand(text)


@pytest.mark.parametrize("length", [MAX_LENGTH + 1, 100_000])
@pytest.mark.parametrize("character", ["a", "я", "什", "😀"])
def test_a_question_that_is_too_long_is_rejected_in_one_line(length: int, character: str) -> None:
    with pytest.raises(QuestionRejected, match=f"{length:,} characters.*{MAX_LENGTH:,}") as caught:
        understand(character * length)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a" * MAX_LENGTH, " " + "什么" * (MAX_LENGTH // 2) + "\n", "?", "😀"])
def test_any_other_question_is_read(text: str) -> None:
    question = understand(text)
    assert question.text == text.strip()
    assert question.search_text == question.text
    assert question.leans_on == ()


@pytest.mark.parametrize(
    ("kind", "english", "russian", "chinese"),
    [
        (Kind.SAID, "What did Akimov announce?", "Что сообщил Акимов?", "阿基莫夫宣布了什么？"),
        (Kind.SAID, "what did she say about taxes", "что она сказала о налогах", "她怎么看税收"),
        (Kind.WHEN, "When did he say it?", "Когда он это сказал?", "他什么时候说的？"),
        (Kind.WHEN, "In what year was it built?", "В каком году его построили?", "它是哪年建成的？"),
        (Kind.NUMBER, "How many people came?", "Сколько человек пришло?", "来了多少人？"),
        (Kind.NUMBER, "how much does it cost?", "Сколько это стоит?", "要花多少钱？"),
        (Kind.WHY, "Why did he deny it?", "Почему он это отрицал?", "他为什么否认？"),
        (Kind.WHO, "Who won the race?", "Кто выиграл гонку?", "谁赢了比赛？"),
        (Kind.WHERE, "Where is the bridge?", "Где находится мост?", "桥在哪里？"),
        (Kind.WHICH, "Which protein does it see?", "Какой белок она видит?", "它识别哪种蛋白？"),
        (Kind.OTHER, "What is Glonass?", "Что такое Глонасс?", "格洛纳斯是什么？"),
    ],
)
def test_the_kind_is_the_same_in_three_languages(kind: Kind, english: str, russian: str, chinese: str) -> None:
    questions = {Language.EN: english, Language.RU: russian, Language.ZH: chinese}
    assert {language: kind_of(text, language) for language, text in questions.items()} == dict.fromkeys(questions, kind)
    assert {language: understand(text).language for language, text in questions.items()} == {
        language: language for language in questions
    }


@pytest.mark.parametrize(
    "text",
    [
        "And what did he say about Glonass?",
        "what about the second one?",
        "why?",
        "Why?",
        "When?",
        "How many were there?",
        "А когда?",
        "Почему?",
        "Сколько это будет стоить?",
        "Что ещё он сказал?",
        "为什么？",
        "他还说了什么？",
        "那要花多少钱？",
    ],
)
def test_a_follow_up_borrows_the_question_before(text: str) -> None:
    question = understand(text, [Turn("older"), AKIMOV])
    assert question.leans_on[-1] == AKIMOV
    assert question.text == text
    assert question.search_text.endswith(text)
    assert "satellites" in question.search_text


@pytest.mark.parametrize(
    "text",
    [
        "Who won the Monza race?",
        "Who said that taxes would rise?",
        "What is the treaty that Russia signed in 2019?",
        "Is there a bridge over the Oka?",
        "Кто выиграл гонку в Монце?",
        "Что сказал Путин о том, что цены растут?",
        "Сколько человек, в том числе детей, пострадали в Омске?",
        "谁赢了蒙扎的比赛？",
        "土耳其总统说了什么？",
        "挪威应该由谁负责渔业？",
        "哪些其他国家参加了东京会议？",
        "两国彼此承认了什么？",
    ],
)
def test_an_independent_question_borrows_nothing(text: str) -> None:
    question = understand(text, [AKIMOV])
    assert question.leans_on == ()
    assert question.search_text == text


@pytest.mark.parametrize(
    ("earlier", "name", "text"),
    [
        ("What did Maxim Akimov announce?", "Akimov", "And what about Golikova?"),
        ("What did Maxim Akimov announce?", "Akimov", "And Golikova?"),
        ("Что сообщил Акимов?", "Акимов", "А что сказала Голикова?"),
        ("Что сообщил Акимов?", "Акимов", "А «Роскосмос»?"),
        ("Акимов что сообщил?", "Акимов", "А Голикова?"),
        ("阿基莫夫说了什么？", "阿基莫夫", "那梅德韦杰夫呢？"),
        ("李克强说了什么？", "李克强", "那梅德韦杰夫呢？"),
        ("阿基莫夫说了什么？", "阿基莫夫", "那孙春兰呢？"),
    ],
)
def test_a_change_of_person_does_not_drag_the_earlier_name(earlier: str, name: str, text: str) -> None:
    question = understand(text, [Turn(earlier)])
    assert question.leans_on
    assert name not in question.search_text
    assert question.search_text.endswith(text)


def test_a_follow_up_without_an_earlier_turn_stands_alone() -> None:
    question = understand("And what did he say?")
    assert (question.leans_on, question.search_text) == ((), "And what did he say?")


def test_only_the_latest_turns_are_leant_on() -> None:
    turns = [Turn(f"Question {n}?") for n in range(200)]
    question = understand("why?", turns)
    assert 1 <= len(question.leans_on) <= 5
    assert question.leans_on[-1] == turns[-1]


def test_an_endless_earlier_question_is_not_searched_for_whole() -> None:
    question = understand("why?", [Turn("word " * 20_000)])
    assert len(question.search_text) <= 3 * MAX_LENGTH


@pytest.mark.parametrize(
    "text", ["What does Tom Daley say about his son?", "Что Пейлин сказала о её сыне?", "特朗普对他的对手说了什么？"]
)
def test_a_question_that_names_whom_it_means_stands_alone(text: str) -> None:
    assert understand(text, [AKIMOV]).search_text == text


@pytest.mark.parametrize(
    "text",
    ["And how many Syrians have fled since then?", "А какую шляпу показал Валентино?", "那邓迪星队周六的比分是多少？"],
)
def test_what_begins_like_a_follow_up_may_begin_a_new_topic(text: str) -> None:
    leaning, alone = readings(text, [AKIMOV])
    assert leaning.leans_on == (AKIMOV,)
    assert (alone.leans_on, alone.search_text) == ((), text)


@pytest.mark.parametrize(
    "text", ["And when?", "What did he say?", "А на CNN?", "Что он сказал?", "那餐馆呢？", "他说了什么？"]
)
def test_what_cannot_stand_alone_is_read_one_way(text: str) -> None:
    assert [reading.leans_on for reading in readings(text, [AKIMOV])] == [(AKIMOV,)]


def test_a_chain_of_follow_ups_leans_on_all_of_it() -> None:
    history = [Turn("What did Golikova say?"), AKIMOV, Turn("And when?")]
    assert understand("Where?", history).leans_on == (AKIMOV, Turn("And when?"))
    assert "satellites" in understand("Where?", history).search_text


@pytest.mark.parametrize(
    ("text", "kind", "speaker"),
    [
        ("And Golikova?", Kind.SAID, "Golikova"),
        ("А Голикова?", Kind.SAID, "Голикова"),
        ("那戈利科娃呢？", Kind.SAID, "戈利科娃"),
        ("And what did he say about Glonass?", Kind.SAID, "Maxim Akimov"),
        ("Что он ещё сказал?", Kind.SAID, "Maxim Akimov"),
        ("And when?", Kind.WHEN, "Maxim Akimov"),
    ],
)
def test_a_follow_up_asks_what_was_asked(text: str, kind: Kind, speaker: str) -> None:
    question = understand(text, [AKIMOV])
    assert (question.kind, question.speaker) == (kind, speaker)
