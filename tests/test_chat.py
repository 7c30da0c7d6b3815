"""What the chat says, without a browser: its words, answers as HTML, and the conversation behind the page."""

import json
import re
import string
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from corpus.types import CitewireError, Language, Sentence
from index.types import Filters, LibraryBusy
from qa.types import Abstention, AbstentionReason, Answer, Citation, QuestionRejected, ResolvedDate, Turn
from ui import render
from ui.conversation import (
    MOST,
    Choice,
    Conversation,
    Exchange,
    Feedback,
    Proposals,
    exchange,
    messages,
    proposals,
)
from ui.kept import keepable
from ui.service import Overloaded, Service
from ui.talk import SKIP, Talk
from ui.words import LOCALES, Words, plural, preferred, words

# Gradio makes event loops that nobody closes.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

FILES = Path(__file__).parents[1] / "corpus" / "samples"
NO_CHOICE = Choice()
EN, RU, ZH = (words(language) for language in Language)
HOSTILE = (
    "<script>window.__pwned=1</script>",
    '<img src=x onerror="window.__pwned=2">',
    "</p></div></li><style>body{display:none}</style>",
    "<form action=//evil.example><button>go</button></form>",
    "${Object.assign(window,{__pwned:3})} {{value}} `tick` $$x^2$$",
    "**bold** _em_ # head ![t](http://tracker.example/p.png) [l](javascript:alert(1))",
    "http://evil.example www.evil.example me@evil.example",
    "one\n\n# two\r\n\r\n    three\u2028four",
    "&lt;b&gt; &amp; \" ' \\",
    '__i18n__{"key": "common.submit"}',
)
OURS = {"div", "p", "ul", "li", "span", "a", "b", "bdi", "details", "summary", "code", "button"}


def citation(number: int = 1, **changes: Any) -> Citation:
    """A citation whose quote is a whole short article."""
    made = Citation(
        number=number,
        article_id="northern",
        sentence_id=f"northern-{number}",
        position=number,
        title="Line opens",
        source="The Northern Herald",
        url="https://herald.example/line",
        published=date(2019, 9, 18),
        language=Language.EN,
        quote="Akimov said the line opens in 2027.",
        start=0,
        end=35,
        probability=0.9,
    )
    return replace(made, **changes)


def answer(*citations: Citation, **changes: Any) -> Answer:
    made = Answer("What did Akimov say?", Language.EN, "", citations, 0.9, None, (), 3, 1.0)
    return replace(made, **changes)


def abstaining(reason: AbstentionReason, **changes: Any) -> Answer:
    return answer(abstention=Abstention(reason, "message"), **changes)


class Page(HTMLParser):
    """What a browser would make of some HTML: its elements, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str | None]:
        """Where the citations lead."""
        return [each["href"] for tag, each in self.elements if tag == "a" and each.get("class") == "cite"]


class Scripted:
    """An answerer that says what it is told to, and remembers what it was asked."""

    def __init__(self, reply: Answer | Exception) -> None:
        self.reply = reply
        self.asked: list[tuple[str, Filters, list[Turn]]] = []

    def ask(self, text: str, *, filters: Filters, history: Sequence[Turn], **_: Any) -> Answer:
        self.asked.append((text, filters, list(history)))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def ask(reply: Answer | Exception, *before: Exchange, choice: Choice = NO_CHOICE, page: Words = EN) -> Exchange:
    return exchange(cast(Service, Scripted(reply)), "What?", before, choice, page)


# --- words


def test_all_languages_have_the_same_words_with_the_same_gaps() -> None:
    gaps = {
        language: {key: set(re.findall(r"{(\w+)}", str(value))) for key, value in words(language).table.items()}
        for language in Language
    }
    assert gaps[Language.RU] == gaps[Language.EN] == gaps[Language.ZH]


def test_counted_words_have_every_plural_form_of_their_language() -> None:
    for language in Language:
        forms = {plural(language, number) for number in range(200)}
        counted = [word for key, word in words(language).table.items() if isinstance(word, dict) and "other" in word]
        assert all(set(word) == forms for word in counted)
        assert "code" in json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 статей"),
        (1, "1 статья"),
        (2, "2 статьи"),
        (4, "4 статьи"),
        (5, "5 статей"),
        (11, "11 статей"),
        (12, "12 статей"),
        (21, "21 статья"),
        (22, "22 статьи"),
        (111, "111 статей"),
        (1001, "1\u00a0001 статья"),
    ],
)
def test_russian_counts(number: int, expected: str) -> None:
    assert RU.count("searched_articles", number) == expected


def test_english_and_chinese_counts() -> None:
    assert [EN.count("searched_articles", number) for number in (0, 1, 2)] == ["0 articles", "1 article", "2 articles"]
    assert ZH.count("searched_articles", 12_000) == "12,000 篇文章"


def test_dates_are_written_out_in_each_language() -> None:
    day = date(2024, 3, 1)
    assert [own.day(day) for own in (EN, RU, ZH)] == ["1 March 2024", "1 марта 2024", "2024年3月1日"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh", Language.ZH),
        ("zh-HK", Language.ZH),
        ("zh-Hans-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        ("ru-RU,ru;q=0.9,en-US;q=0.8", Language.RU),
        ("fr-FR, fr;q=0.9, ru;q=0.5", Language.RU),
        ("en;q=0.1, ru;q=0.9", Language.RU),
        ("ru;q=0, zh;q=0.5", Language.ZH),
        ("de", Language.EN),
        ("*", Language.EN),
        ("", Language.EN),
        ("ru;q=bad, zh", Language.ZH),
    ],
)
def test_the_page_speaks_the_browsers_language(header: str, expected: Language) -> None:
    assert preferred(header) is expected


# --- escaping


@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_is_neither_html_nor_markdown(hostile: str) -> None:
    escaped = render.text(hostile)
    assert not set(re.sub(r"&#\d+;", "", escaped)) & set(string.punctuation)
    assert unescape(escaped) == " ".join(hostile.splitlines())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_question_is_shown_as_it_was_typed(hostile: str) -> None:
    escaped = render.question(hostile)
    assert not set(re.sub(r"&#\d+;", "", escaped)) & set("<>&\"'\\`*_[]~|@#$^{}\n")
    assert "://" not in escaped and "www." not in escaped
    assert unescape(escaped) == " ".join(hostile.split())


@pytest.mark.parametrize("line", ["1. one", "- one", "+ one", "= one", "12) one", "> one", "# one", "--- one"])
def test_a_question_cannot_begin_a_list_or_a_heading(line: str) -> None:
    assert render.question(line).startswith("&#")
    assert unescape(render.question(line)) == line


def test_a_plain_question_stays_plain() -> None:
    for plain in ("What did Akimov announce in 2019?", "Что объявил Акимов (вице-премьер)?", "阿基莫夫宣布了什么？"):
        assert render.question(plain) == plain


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_article_is_only_text_in_an_answer(hostile: str) -> None:
    cited = citation(quote=hostile, source=hostile, title=hostile, url="javascript:alert(1)", article_id=hostile)
    same = replace(cited, number=2, same_as=(1,))
    for html in (
        render.answer(answer(replace(cited, same_as=(2,)), same), Filters(sources=frozenset([hostile]))),
        render.answer(abstaining(AbstentionReason.NO_SUPPORT, nearest=(replace(cited, number=0),)), Filters()),
    ):
        page = Page(html)
        assert {tag for tag, _ in page.elements} <= OURS
        assert {name for _, attributes in page.elements for name in attributes} <= {"class", "href", "title", "lang"}
        assert all(link and re.fullmatch(r"/article/[\w%.~-]+#s\d", link) for link in page.links())
        assert " ".join(hostile.splitlines()) in page.text
        assert "\n" not in html  # a blank line would end the HTML and begin Markdown


# --- answers


def test_an_answer_counts_quotes_and_numbers_its_sentences() -> None:
    second = citation(2, language=Language.RU, quote="Линия откроется в 2027 году.", source="Вестник", published=None)
    page = Page(render.answer(answer(citation(), replace(second, article_id="other")), Filters()))
    assert "2 supporting sentences from 2 articles" in page.text
    assert "Akimov said the line opens in 2027.\u00a0Source 1The Northern Herald · 18 September 2019" in page.text
    assert "Линия откроется в 2027 году.\u00a0Source 2Вестник · Russian" in page.text
    assert page.links() == ["/article/northern#s1", "/article/other#s2"]
    assert [attributes["lang"] for _, attributes in page.elements if "lang" in attributes] == ["en", "ru"]


def test_an_answer_speaks_the_questions_language() -> None:
    page = Page(render.answer(answer(citation(), language=Language.RU), Filters()))
    assert page.text.startswith("1 подтверждающее предложение из 1 статьи")
    assert "18 сентября 2019 · английский" in page.text


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (Language.EN, "yesterday: 17 September 2019 · last week: 9 September 2019 – 15 September 2019"),
        (Language.RU, "yesterday: 17 сентября 2019 · last week: 9 сентября 2019 – 15 сентября 2019"),
        (Language.ZH, "yesterday：2019年9月17日 · last week：2019年9月9日至2019年9月15日"),
    ],
)
def test_what_dates_mean_is_said_once_in_the_questions_language(language: Language, shown: str) -> None:
    yesterday, week = (date(2019, 9, 17),) * 2, (date(2019, 9, 9), date(2019, 9, 15))
    dates = (ResolvedDate(0, 9, *yesterday), ResolvedDate(10, 19, *yesterday), ResolvedDate(20, 29, *week))
    cited = citation(quote="yesterday yesterday last\nweek <b>", dates=dates)
    html = render.answer(answer(cited, language=language), Filters())
    assert re.search('<p class="when">(.*?)</p>', html)[1] == render.text(shown)  # type: ignore[index]
    assert 'class="when"' not in render.answer(answer(citation()), Filters())


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        (date(2024, 2, 1), ["1 February 2024", "1 февраля 2024", "2024年2月1日"]),
        (date(2024, 2, 29), ["February 2024", "февраль 2024", "2024年2月"]),
        (date(2024, 3, 31), ["1 February 2024 – 31 March 2024", "1 февраля 2024 – 31 марта 2024",
                             "2024年2月1日至2024年3月31日"]),
    ],
)  # fmt: skip
def test_a_span_of_days_is_said_as_short_as_it_can(last: date, shown: list[str]) -> None:
    assert [own.days(date(2024, 2, 1), last) for own in (EN, RU, ZH)] == shown
    assert [own.days(date(2024, 1, 1), date(2024, 12, 31)) for own in (EN, RU, ZH)] == ["2024", "2024 год", "2024年"]


def test_a_chinese_quote_takes_no_space_before_its_number() -> None:
    html = render.answer(answer(citation(quote="线路将于2027年开通。", language=Language.ZH)), Filters())
    assert "开通。\u2060Source 1" in Page(html).text


def test_the_span_that_answers_is_bold() -> None:
    html = render.answer(answer(citation(quote="😀 It opens in <2027>.", span=(15, 19))), Filters())
    assert f"{render.text('😀 It opens in <')}<b>2027</b>{render.text('>.')}" in html


def test_the_same_fact_comes_once_with_all_its_numbers() -> None:
    one = citation(1, same_as=(3,))
    two = citation(2, quote="Tickets go on sale in May.")
    three = citation(
        3, article_id="sever", source="Вестник", quote="Откроется в 2027.", language=Language.RU, same_as=(1,)
    )
    page = Page(render.answer(answer(one, two, three), Filters()))
    assert "2027.\u00a0Source 1 Source 3The Northern Herald" in page.text
    assert page.text.index("Also in Вестник") < page.text.index("Откроется") < page.text.index("Tickets")
    assert page.links() == ["/article/northern#s1", "/article/sever#s3", "/article/sever#s3", "/article/northern#s2"]


@pytest.mark.parametrize(("probability", "shown"), [(0.88, "[2] [1]"), (0.86, "[1] [2]")])
def test_among_equals_the_sentence_in_the_readers_language_is_shown(probability: float, shown: str) -> None:
    russian = citation(1, quote="Откроется.", language=Language.RU, same_as=(2,), probability=0.9)
    english = citation(2, quote="It opens.", same_as=(1,), probability=probability)
    ((first, others),) = render.facts_of([russian, english], Language.EN)
    assert first.marks == shown
    assert len(others) == 1


@pytest.mark.parametrize(
    ("source", "url", "shown"),
    [("Herald", "", "Herald"), ("", "https://herald.example/a", "herald.example"), ("", "ftp://x", "Line opens")],
)
def test_a_sentence_always_says_where_it_is_from(source: str, url: str, shown: str) -> None:
    page = Page(render.answer(answer(citation(source=source, url=url)), Filters()))
    assert f"Source 1{shown} · 18 September" in page.text


def test_no_support_says_what_was_searched_and_shows_the_nearest_closed() -> None:
    filters = Filters(frozenset([Language.RU]), frozenset(["Вестник"]), date(2019, 9, 1), date(2019, 9, 30))
    nearest = (citation(0), citation(0, position=7))
    reply = abstaining(AbstentionReason.NO_SUPPORT, nearest=nearest, searched_articles=1)
    page = Page(render.answer(reply, filters))
    assert "No supporting sentence found" in page.text
    assert "I searched 1 article and" in page.text
    assert "Filters: Russian; Вестник; since 1 September 2019; until 30 September 2019" in page.text
    assert "they do not answer" in page.text
    assert "Passage a" in page.text and "Passage b" in page.text
    assert ("details", {"class": "nearest"}) in page.elements  # no `open`
    assert page.links() == ["/article/northern#s0", "/article/northern#s7"]


def test_an_empty_library_says_how_to_add_articles() -> None:
    for language in Language:
        html = render.answer(abstaining(AbstentionReason.NO_ARTICLES, language=language), Filters())
        assert words(language).say("add_articles") in Page(html).text
        assert ("button", {"class": "add-articles"}) in Page(html).elements


def test_only_web_addresses_are_addresses() -> None:
    assert render.web_url("HTTPS://a.example") == "HTTPS://a.example"
    assert [render.web_url(url) for url in ("javascript:alert(1)", " http://a", "data:text/html,x", "//a", "")] == [
        ""
    ] * 5


# --- the conversation


def reply_of(each: Exchange) -> str:
    return str(messages([each], EN)[1]["content"])


def options_of(each: Exchange) -> Any:
    return messages([each], EN)[1]["options"]


def test_a_follow_up_is_asked_with_the_turns_before_it() -> None:
    scripted = Scripted(answer(citation()))
    first = exchange(cast(Service, scripted), "What did Akimov say?", (), Choice(), EN)
    failed = ask(LibraryBusy("busy"))
    exchange(cast(Service, scripted), "And when?", (first, failed), Choice(), EN)
    ((_, _, none), (asked, _, history)) = scripted.asked
    assert none == []
    assert asked == "And when?"
    assert [(turn.question, [cited.sentence_id for cited in turn.citations]) for turn in history] == [
        ("What did Akimov say?", ["northern-1"])
    ]


def test_the_filters_chosen_are_the_filters_asked_with() -> None:
    scripted = Scripted(answer(citation()))
    choice = Choice(["ru", "zh"], ["Вестник"], {"since": "2019-09-01", "until": ""})
    exchange(cast(Service, scripted), "Что?", (), choice, RU)
    expected = Filters(frozenset([Language.RU, Language.ZH]), frozenset(["Вестник"]), date(2019, 9, 1), None)
    assert scripted.asked[0][1] == expected
    assert choice.active == 3
    assert Choice().active == 0


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (QuestionRejected("too long"), "Вопрос должен быть длиной"),
        (LibraryBusy("busy"), "Библиотека занята"),
        (CitewireError("no <model>"), "(no <model>)"),
        (RuntimeError("boom"), "Не получилось"),
    ],
)
def test_what_goes_wrong_is_one_plain_line(error: Exception, line: str, caplog: pytest.LogCaptureFixture) -> None:
    result = ask(error, page=RU)
    assert line in Page(reply_of(result)).text
    assert result.turn is None
    assert "boom" not in reply_of(result)
    assert bool(caplog.records) == isinstance(error, RuntimeError)  # only the unexpected is for the log


@pytest.mark.parametrize("dates", [{"since": "yesterday"}, {"until": "2019-13-01"}])
def test_filters_that_cannot_be_meant_are_said_to_be(dates: dict[str, str]) -> None:
    result = ask(answer(citation()), choice=Choice(dates=dates))
    assert "Those filters cannot be used" in Page(reply_of(result)).text


def test_searching_again_is_offered_only_where_filters_may_be_the_reason() -> None:
    none = abstaining(AbstentionReason.NO_SUPPORT, language=Language.RU)
    filtered = Choice(["en"])
    assert options_of(ask(none, choice=filtered)) == [{"value": "unfiltered", "label": "Искать без фильтров"}]
    assert options_of(ask(none)) == []
    assert options_of(ask(answer(citation()), choice=filtered)) == []


def test_the_conversation_is_shown_as_questions_and_answers() -> None:
    told = Exchange("*Who*?", answer=answer(citation()))
    shown = messages([told, told, Exchange("When?")], EN)
    assert [each["role"] for each in shown] == ["user", "assistant"] * 3
    assert shown[0]["content"] == "&#42;Who&#42;?"
    assert "Akimov said" in Page(shown[1]["content"]).text
    assert shown[5]["content"] == render.waiting(EN.say("waiting"))


def test_what_may_be_asked_next_is_offered_after_the_last_answer_only() -> None:
    told = Exchange("Who?", answer=answer(citation()))
    shown = messages([told, told], EN, ["And when?"])
    assert [each.get("options") for each in shown] == [None, [], None, [{"value": "And when?", "label": "And when?"}]]


def test_an_answer_links_to_its_question_with_the_filters() -> None:
    filters = Filters(frozenset([Language.RU]), frozenset(["A & B"]), date(2019, 9, 1))
    page = Page(render.answer(answer(citation(), question='Why "now"?'), filters))
    (link,) = [each["href"] for tag, each in page.elements if tag == "a" and each["class"] == "link"]
    assert link == "/?q=Why+%22now%22%3F&language=ru&source=A+%26+B&since=2019-09-01"


def test_feedback_is_given_changed_and_taken_back() -> None:
    first, last = (Exchange(question, answer=answer(citation())) for question in ("Who?", "When?"))
    told = Conversation([first, Exchange("Hm?", problem="no"), last])

    def given(at: Any, feedback: Any) -> list[Feedback | None]:
        told.judge(at, feedback)
        return [each.feedback for each in told.exchanges]

    assert given(-2, "liked") == [Feedback.LIKED, None, None]
    assert given(-2, "disliked") == [Feedback.DISLIKED, None, None]
    assert given(-2, "disliked") == [None, None, None]
    for at, feedback in ((0, "liked"), (-3, "liked"), ("1", "liked"), (None, None), (-1, "loved"), (-1, {})):
        assert given(at, feedback) == [None, None, None]


def test_a_question_is_shown_at_once_and_its_answer_when_there_is_one() -> None:
    scripted = Scripted(answer(citation()))
    talk, told = Talk(cast(Service, scripted)), Conversation()
    assert talk.asked("  ", told, "en", "[]") == SKIP
    box, shown = talk.asked(" Who? ", told, "en", "[]", ["ru"], [], {})
    assert box == "" and "waiting" in shown[-1]["content"] and not scripted.asked
    shown, kept = talk.answered(told, "en", "")
    assert "Akimov" in shown[-1]["content"] and len(kept["conversation"]) == 1
    assert scripted.asked[0][:2] == ("Who?", Filters(frozenset([Language.RU])))
    assert talk.answered(told, "en", "") == SKIP


def test_a_question_asked_while_another_is_answered_is_not_lost() -> None:
    told = Conversation()

    class Interrupted(Scripted):
        def ask(self, text: str, **options: Any) -> Answer:
            if text == "One?":
                talk.asked("Two?", told, "en", "[]")
            return super().ask(text, **options)

    scripted = Interrupted(answer(citation()))
    talk = Talk(cast(Service, scripted))
    talk.asked("One?", told, "en", "[]")
    shown, _ = talk.answered(told, "en", "")
    assert [each.question for each in told.exchanges if each.answer] == ["One?", "Two?"]
    assert len(shown) == 4
    assert [turn.question for turn in scripted.asked[1][2]] == ["One?"]


def test_a_conversation_that_the_server_forgot_is_taken_up_again() -> None:
    scripted = Scripted(answer(citation()))
    talk, told = Talk(cast(Service, scripted)), Conversation()
    stored = json.dumps([shown for _, shown in keepable([Exchange("Who?", answer=answer(citation()))])])
    talk.asked("And when?", told, "en", stored)
    talk.answered(told, "en", "")
    assert [each.question for each in told.exchanges] == ["Who?", "And when?"]
    assert [turn.question for turn in scripted.asked[0][2]] == ["Who?"]
    talk.asked("And then?", told, "en", stored)  # not forgotten: nothing comes twice
    assert len(told.exchanges) == 3


def test_a_conversation_is_bounded() -> None:
    told = Conversation()
    for _ in range(MOST + 10):
        told.ask("x" * 10_000, NO_CHOICE)
    assert len(told.exchanges) == MOST
    assert len(told.exchanges[0].question) < 10_000


def test_what_is_forgotten_while_it_is_answered_stays_forgotten() -> None:
    told = Conversation()

    class Forgetful(Scripted):
        def ask(self, text: str, **options: Any) -> Answer:
            assert talk.forgotten(told)[1] == []
            return super().ask(text, **options)

    talk = Talk(cast(Service, Forgetful(answer(citation()))))
    talk.asked("One?", told, "en", "[]")
    assert talk.answered(told, "en", "")[0] == told.exchanges == []


def test_an_edited_question_is_asked_from_there() -> None:
    scripted = Scripted(answer(citation()))
    talk = Talk(cast(Service, scripted))
    told = Conversation(Exchange(question, answer=answer(citation())) for question in ("One?", "Two?", "Three?"))

    def edited(index: Any, value: Any) -> Any:
        return talk.edited(cast(Any, SimpleNamespace(index=index, value=value)), told, "en", None)

    for index, value in ((8, "x"), (-2, "x"), ([0, 1], "x"), (2, None)):
        assert edited(index, value) == SKIP
    _, shown = edited(2, "Two?")  # as it was: Gradio has put its raw text into the chat
    assert shown == messages(told.exchanges, EN) and len(told.exchanges) == 3
    edited(2, " Two, then? ")
    talk.answered(told, "en", "")
    assert [each.question for each in told.exchanges] == ["One?", "Two, then?"]
    assert [turn.question for turn in scripted.asked[0][2]] == ["One?"]
    assert len(scripted.asked) == 1


def test_what_was_asked_meanwhile_is_not_overwritten_by_proposals() -> None:
    talk = Talk(cast(Service, Scripted(answer(citation()))))
    old, new = answer(citation()), answer(citation(quote="Other."))
    proposed = Proposals(old, ("And when?",))
    (*_, shown) = talk.offered(Conversation([Exchange("Who?", answer=old)]), proposed, "en")
    assert shown["options"]
    for exchanges in ([Exchange("Who?", answer=new)], [Exchange("Who?", answer=old), Exchange("Why?")], []):
        assert "__type__" in talk.offered(Conversation(exchanges), proposed, "en")


def test_nothing_is_proposed_while_others_are_answered() -> None:
    def preview(*_: Any, **__: Any) -> Answer:
        raise Overloaded("busy")

    sentence = Sentence("s", "northern", 0, 0, 19, "Kari Lien said no.", Language.EN)
    library = SimpleNamespace(sentences=lambda _: [sentence])
    service = cast(Service, SimpleNamespace(preview=preview, library=library))
    told = Exchange("Who?", answer=answer(citation()))
    assert proposals(service, [told]) is None
    assert proposals(service, []) is proposals(service, [Exchange("Who?", problem="no")]) is None


# --- the page


@pytest.fixture(scope="module")
def chat() -> Any:
    from ui.chat import Chat

    library = SimpleNamespace(count=lambda: 2, sources=lambda: ["Вестник"])
    return Chat(cast(Service, SimpleNamespace(library=library)))


def test_nothing_that_happens_on_the_page_is_listed_as_api(chat: Any) -> None:
    listed = chat.page.get_api_info()
    assert set(listed["named_endpoints"]) == {"/ask", "/ask_news", "/get_article"}  # those of ui/tools.py
    assert listed["unnamed_endpoints"] == {}


def test_the_browser_cannot_send_messages_back(chat: Any) -> None:
    assert all(chat.chat not in listener.inputs for listener in chat.page.fns.values())


def test_the_page_asks_no_other_site_for_anything(chat: Any) -> None:
    from ui.chat import THEME

    assert chat.page.analytics_enabled is False
    assert THEME._stylesheets == []
    assert chat.chat.buttons == []
    assert chat.chat.latex_delimiters == []


@pytest.mark.parametrize(
    ("saved", "header", "language"), [("", "ru", "ru"), ("zh", "ru", "zh"), ({"a": 1}, "ru", "ru"), ("xx", "", "en")]
)
def test_the_language_chosen_on_the_page_wins(chat: Any, saved: Any, header: str, language: str) -> None:
    updates = chat.opened({"chosen": saved}, SimpleNamespace(headers={"accept-language": header}))
    own = words(Language(language))
    assert updates[chat.language]["value"] == language
    assert updates[chat.box]["placeholder"] == own.say("ask")
    assert updates[chat.sources]["choices"] == ["Вестник"]
    assert own.count("searching", 2) in updates[chat.chat]["placeholder"]


def test_the_address_sets_the_filters_and_asks_in_a_fresh_conversation(chat: Any) -> None:
    stored = json.dumps([shown for _, shown in keepable([Exchange("Who?", answer=answer(citation()))])])
    found = {"search": "?q=Что%3F&language=ru&source=Вестник&since=2019-09-01&lang=zh", "stored": stored}
    updates = chat.opened(found, SimpleNamespace(headers={}))
    assert updates[chat.talked].exchanges == [Exchange("Что?")]
    assert updates[chat.language]["value"] == "zh"
    assert (updates[chat.languages]["value"], updates[chat.sources]["value"]) == (["ru"], ["Вестник"])
    assert updates[chat.dates]["value"] == {"since": "2019-09-01"}
    assert updates[chat.filters]["label"] == ZH.say("filters_on", n=3)
    again = chat.opened({"search": "", "stored": stored}, SimpleNamespace(headers={}))
    assert [each.question for each in again[chat.talked].exchanges] == ["Who?"]
    assert len(again[chat.panel]["conversation"]) == 1


@pytest.mark.parametrize("found", [None, 1, "x", [], {"stored": 3, "search": ["q"], "origin": {}}, {"stored": "[{}]"}])
def test_whatever_a_browser_sends_the_page_opens(chat: Any, found: Any) -> None:
    updates = chat.opened(found, SimpleNamespace(headers={}))
    assert (updates[chat.talked].exchanges, updates[chat.origin]) == ([], "")


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ("https://news.example:8443", "https://news.example:8443"),
        ("http://[::1]:7860", "http://[::1]:7860"),
        ("javascript:alert(1)", ""),
        ("https://a.example/x", ""),
        ("null", ""),
        (None, ""),
    ],
)
def test_an_origin_is_scheme_name_and_port(told: Any, origin: str) -> None:
    from ui.chat import origin_of

    assert origin_of(told) == origin


@pytest.mark.parametrize(("source", "examples"), [("Sample Gazette", 3), ("The Herald", 0)])
def test_the_examples_are_shown_where_they_fit(
    chat: Any, monkeypatch: pytest.MonkeyPatch, source: str, examples: int
) -> None:
    monkeypatch.setattr(chat.library, "sources", lambda: [source])
    updates = chat.opened({}, SimpleNamespace(headers={}))
    assert len(updates[chat.chat]["examples"]) == examples


def test_the_sample_sources_are_those_of_the_samples() -> None:
    from ui.chat import SAMPLES

    lines = [line for path in FILES.glob("articles.*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert {json.loads(line)["source"] for line in lines} == SAMPLES


def test_an_empty_library_is_welcomed_with_the_command_to_fill_it() -> None:
    from ui.chat import welcome

    assert render.ADD_COMMAND in Page(welcome(EN, 0)).text
