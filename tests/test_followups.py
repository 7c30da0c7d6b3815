"""Questions that lead on: who else is speaking, in each language, and only what is really answered anew."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from corpus.types import Language, Sentence
from qa.followups import follow_ups
from qa.types import Abstention, AbstentionReason, Answer, Citation, CitedSentence, Turn


def sentences(language: Language, *texts: str) -> list[Sentence]:
    return [Sentence(f"a-{at}", "a", at, 0, len(text), text, language) for at, text in enumerate(texts)]


def answer(language: Language, sentence_id: str, article_id: str = "a") -> Answer:
    cited = Citation(1, article_id, sentence_id, 0, "", "", "", None, language, "Quote.", 0, 6, 0.9)
    return Answer("Q?", language, "", (cited,), 0.9, None, (), 1, 1.0)


class Library:
    """Answers each question by a fresh sentence, or by what it was told to; counts what it was asked."""

    def __init__(self, language: Language, *texts: str, reply: Answer | None = None) -> None:
        self.language = language
        self.sentences = sentences(language, *texts)
        self.reply = reply
        self.asked: list[str] = []

    def ask(self, question: str, history: Sequence[Turn]) -> Answer:
        assert history[-1].question == "Q?"
        self.asked.append(question)
        return self.reply or answer(self.language, f"fresh-{len(self.asked)}")

    def follow_ups(self, *earlier: str) -> tuple[str, ...]:
        """Of an answer that cited the first sentence."""
        history = [*(Turn(question) for question in earlier), Turn("Q?", (CitedSentence("a", "a-0"),))]
        return follow_ups(self.ask, lambda _: self.sentences, answer(self.language, "a-0"), history)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("“Never,” project director Kari Lien said.", "What did Kari Lien say?"),
        ("Mayor Beatriz Fontana said homes were lost.", "What did Beatriz Fontana say?"),
        ("Lien denied that the turbines harm Lien.", "What did Lien say?"),
        ("Officials said no.", None),
        ("The Ministry said no to the Ministry.", None),
        ("He said that He said.", None),
        ("Kari Lien walked on.", None),
    ],
)
def test_english_speakers(text: str, offered: str | None) -> None:
    found = Library(Language.EN, "It cost 5.", text).follow_ups()
    assert found == ((offered,) if offered else ())


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Об этом рассказала историк кино Нина Орлова.", "Что сказала Нина Орлова?"),
        ("Премьер Дмитрий Медведев заявил об этом.", "Что сказал Дмитрий Медведев?"),
        ("Медведев заявил, что премьер Медведев согласен.", "Что сказал Медведев?"),
        ("«Нет», — сказал исполнительный директор Эрик Халворсен.", "Что сказал Эрик Халворсен?"),
        ("Об этом он сообщил Дмитрию Медведеву.", None),  # not the one who speaks
        ("Нине Орловой сообщила подруга.", None),
        ("Министр заявил, что согласен.", None),
    ],
)
def test_russian_speakers_as_subjects(text: str, offered: str | None) -> None:
    found = Library(Language.RU, "Цена 5.", text).follow_ups()
    assert found == ((offered,) if offered else ())


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("市长贝亚特丽斯·丰塔纳说，已有居民被安置。", "丰塔纳说了什么？"),
        ("梅德韦杰夫则表示，俄方愿意合作。", "梅德韦杰夫说了什么？"),
        ("代理律师约斯特·范坎彭则坚称公司毫不知情。", "范坎彭说了什么？"),
        ("公司表示，项目已经开工。", None),
        ("他说，没有。", None),
    ],
)
def test_chinese_speakers(text: str, offered: str | None) -> None:
    found = Library(Language.ZH, "造价为五亿。", text).follow_ups()
    assert found == ((offered,) if offered else ())


def test_people_are_offered_once_and_not_those_who_were_asked_about() -> None:
    texts = ("Kari Lien said no.", "So Lien said again.", "Odd Myklebust said yes.")
    assert Library(Language.EN, "It cost 5.", *texts).follow_ups("What did Myklebust want?") == (
        "What did Kari Lien say?",
    )


def test_few_are_offered_and_few_are_tried() -> None:
    names = ("Ada Alm", "Bo Berg", "Cleo Dahl", "Dan Eek", "Eva Falk", "Finn Gran")
    library = Library(Language.EN, "It cost 5.", *(f"{name} said so." for name in names))
    assert len(library.follow_ups()) == 3
    assert len(library.asked) <= 4


@pytest.mark.parametrize(
    "reply",
    [
        answer(Language.EN, "a-0"),  # cited already
        answer(Language.EN, "b-1", article_id="b"),  # leads elsewhere
        replace(answer(Language.EN, "x"), citations=(), abstention=Abstention(AbstentionReason.NO_SUPPORT, "")),
    ],
)
def test_only_what_is_answered_anew_from_the_same_articles_is_offered(reply: Answer) -> None:
    library = Library(Language.EN, "It cost 5.", "Kari Lien said no.", reply=reply)
    assert library.follow_ups() == ()
    assert library.asked == ["What did Kari Lien say?"]


def test_only_sentences_near_a_cited_one_are_read() -> None:
    far = Library(Language.EN, "It cost 5.", *["It rained."] * 20, "Kari Lien said no.")
    near = Library(Language.EN, "It cost 5.", *["It rained."] * 19, "Kari Lien said no.")
    assert (far.follow_ups(), near.follow_ups()) == ((), ("What did Kari Lien say?",))


def test_names_are_bounded() -> None:
    """Else a text of "A-A-A-…" would be read again from each of its letters."""
    name = "A-" * 20 + "A"
    assert Library(Language.EN, "It cost 5.", f"{name} {name} said no.").follow_ups() == ()


def test_two_questions_with_one_answer_are_offered_once() -> None:
    texts = ("Kari Lien said no.", "Odd Myklebust said yes.")
    library = Library(Language.EN, "It cost 5.", *texts, reply=answer(Language.EN, "a-2"))
    assert library.follow_ups() == ("What did Kari Lien say?",)


def test_people_who_speak_in_articles_of_another_language_are_not_offered() -> None:
    library = Library(Language.RU, "Цена 5.")
    library.sentences += sentences(Language.EN, "", "Kari Lien said no.")
    assert library.follow_ups() == ()
    assert library.asked == []
