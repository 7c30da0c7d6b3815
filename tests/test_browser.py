"""The chat as a reader meets it: a real Chromium against the whole application, its answers scripted."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from browser import PHONE, WIDE, Visit, ask, chromium, reload, served, settle, violations
from conftest import WordEncoder, make_article
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from corpus.types import Article, Language
from index.library import Library
from index.types import Filters, LibraryBusy
from qa.context import context_in
from qa.dates import relative_dates
from qa.pipeline import Answerer
from qa.types import Abstention, AbstentionReason, Answer, Citation, Context, Turn

__all__ = ["chromium"]  # a fixture, here too

# Gradio's queue uses options that Pandas is about to drop, and event loops that nobody closes.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
NAME_OF_FOCUSED = """() => {
    const focused = document.activeElement;
    return focused === document.body ? "" : (focused.ariaLabel ?? focused.textContent).trim();
}"""
SAMPLES = Path(__file__).parents[1] / "corpus" / "samples"

HERALD = (
    "Pavel Akimov met reporters in Petrozavodsk on Tuesday. 🚆 𝒜 train passed as he spoke. "
    "Akimov announced that the line to Murmansk will be electrified by the end of 2027.\n\n"
    "Work begins north of Kandalaksha. He did not say whether tickets would cost more. "
    "“We have waited for years,” Mayor Beatriz Fontana said."
)
VESTNIK = (
    "Акимов провёл пресс-конференцию. Линию электрифицируют к концу 2027 года. Акимов объявил о закупке 38 поездов."
    + "\n\nПоезд идёт на север." * 40
    + "\n\nМинистр Котов побывал в Кандалакше. Он добавил, что вчера осмотрел путь."
)
RIBAO = "阿基莫夫会见了记者。阿基莫夫宣布，工程将创造1200个就业岗位。总投资尚未公布。"
HOSTILE = (
    'The first says <script>window.__pwned=1</script><img src=x onerror="window.__pwned=2"> and goes on.\n'
    "The second says ${Object.assign(window,{__pwned:3})} {{value}} `tick` $$x^2$$ **bold** and goes on.\n"
    "The third says ![t](http://tracker.example/p.png) [l](javascript:alert(1)) http://evil.example and goes on.\n"
    "The fourth says </p></div><style>body{display:none}</style><form action=//evil.example><button>go and goes on.\n"
    "The fifth says \u202eoverridden and goes on.\n" + "x" * 10_000 + " is the sixth and goes on."
)
ARTICLES = (
    Article("herald", HERALD, "Line to Murmansk", False, Language.EN, "Sample Gazette", url="https://herald.example/a"),
    Article("vestnik", VESTNIK, "Линия", False, Language.RU, "Вестник", published=date(2024, 3, 12)),
    Article("ribao", RIBAO, "铁路", False, Language.ZH, "北方日报", published=date(2024, 3, 13)),
    Article("evil", HOSTILE, "<img src=x onerror=a()>", False, Language.EN, "<b>Evil</b>", url="javascript:alert(1)"),
)
# What each question finds: (article, number of the sentence, numbers of the citations that state the same).
SCRIPT: dict[str, list[tuple[str, int, tuple[int, ...]]]] = {
    "What did Akimov announce?": [("herald", 2, (4,)), ("vestnik", 2, ()), ("ribao", 1, ()), ("vestnik", 1, (1,))],
    "Что объявил Акимов?": [("vestnik", 2, ()), ("herald", 2, ()), ("ribao", 1, ())],
    "阿基莫夫宣布了什么？": [("ribao", 1, ()), ("herald", 2, ()), ("vestnik", 2, ())],
    "Where does it begin?": [("herald", 3, ()), ("herald", 4, ())],
    "What did Beatriz Fontana say?": [("herald", 5, ())],
    "Что осмотрел министр?": [("vestnik", 44, ())],
    "What is hostile?": [("evil", position, ()) for position in range(6)],
}


class Newsroom:
    """Answers from SCRIPT with real sentences of a real library; abstains otherwise."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.history: dict[str, Sequence[Turn]] = {}
        self.release = threading.Event()
        self.release.set()

    def warm(self) -> None:
        self.library.warm()

    def ask(self, text: str, *, filters: Filters = Filters(), history: Sequence[Turn] = (), **_: Any) -> Answer:
        self.history[text] = history
        self.release.wait(10)
        if "busy" in text:
            raise LibraryBusy("another process writes")
        searched = self.library.count(filters)
        language = Language.RU if re.search("[а-я]", text) else Language.ZH if "么" in text else Language.EN
        reply = Answer(text, language, "", (), 0.9, None, (), searched, 1.0)
        found = [
            self.cite(number, *each)
            for number, each in enumerate(SCRIPT.get(text.partition(" <")[0], ()), 1)
            if not filters.languages or self.article(each[0]).language in filters.languages
        ]
        if found:
            return replace(reply, citations=tuple(found))
        reason = AbstentionReason.NO_SUPPORT if searched else AbstentionReason.FILTERED_OUT
        nearest = (self.cite(0, "herald", 4), self.cite(0, "vestnik", 0))
        return replace(reply, abstention=Abstention(reason, "none"), nearest=nearest if searched else ())

    def article(self, article_id: str) -> Article:
        article = self.library.article(article_id)
        assert article is not None
        return article

    def cite(self, number: int, article_id: str, position: int, same_as: tuple[int, ...] = ()) -> Citation:
        article, sentence = self.article(article_id), self.library.sentences(article_id)[position]
        before = context_in(article, sentence)
        return Citation(
            number=number,
            article_id=article.id,
            sentence_id=sentence.id,
            position=position,
            title=article.title,
            source=article.source,
            url=article.url,
            published=article.published,
            language=article.language,
            quote=sentence.text,
            start=sentence.start,
            end=sentence.end,
            probability=0.9,
            same_as=same_as,
            context=Context(before.start, before.end, before.text) if before else None,
            dates=relative_dates(sentence.text, article.language, article.published),
        )


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    library = Library.open(tmp_path_factory.mktemp("library"), encoder=WordEncoder())
    assert len(list(library.add(ARTICLES))) == len(ARTICLES)
    yield Newsroom(library)


@pytest.fixture(scope="module")
def address(newsroom: Newsroom) -> Iterator[str]:
    """The whole application, listening."""
    with served(cast(Answerer, newsroom)) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the chat in a fresh browser: `visit(locale="ru-RU", phone=True)`."""
    visits: list[Visit] = []
    contexts: list[BrowserContext] = []

    def opened(locale: str = "en-US", phone: bool = False, query: str = "", **options: Any) -> Page:
        options = {"viewport": PHONE if phone else WIDE, "has_touch": phone, "is_mobile": phone} | options
        contexts.append(chromium.new_context(locale=locale, **options))
        visits.append(Visit(contexts[-1], address))
        return visits[-1].open(query)

    yield opened
    pwned = [visit.page.evaluate("window.__pwned") for visit in visits]
    for context in contexts:
        context.close()
    assert [visit.trouble for visit in visits] == [[]] * len(visits)
    assert pwned == [None] * len(visits)


def highlighted(page: Page) -> Locator:
    return page.locator(".panel mark.hit bdi")


@pytest.mark.parametrize(
    ("locale", "question", "head", "first"),
    [
        ("en-US", "What did Akimov announce?", "4 supporting sentences from 3 articles", "Line to Murmansk"),
        ("ru-RU", "Что объявил Акимов?", "3 подтверждающих предложения из 3 статей", "Линия"),
        ("zh-HK", "阿基莫夫宣布了什么？", "找到 3 句依据，来自 3 篇文章", "铁路"),
    ],
)
def test_each_number_opens_its_article_at_the_quoted_sentence(
    visit: Callable[..., Page], newsroom: Newsroom, locale: str, question: str, head: str, first: str
) -> None:
    page = visit(locale)
    answer = ask(page, question)
    expect(answer.locator(".head")).to_have_text(head)
    expect(page.locator(".panel h2")).to_have_text(first)  # the first source opens by itself
    cited = newsroom.ask(question).citations
    for citation in cited:
        answer.locator(f"a.cite:has-text('{citation.number}')").first.click()
        expect(page.locator(".panel .number")).to_have_text(str(citation.number))
        expect(page.locator(".panel h2")).to_have_text(citation.title)
        assert highlighted(page).inner_text() == citation.quote
        expect(page.locator(".panel mark.hit")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.lang") == locale[:2]


def test_the_same_fact_is_folded_under_the_first_sentence_that_states_it(visit: Callable[..., Page]) -> None:
    page = visit()
    answer = ask(page, "What did Akimov announce?")
    folded = answer.get_by_text("Линию электрифицируют к концу 2027 года.")
    expect(folded).not_to_be_visible()
    answer.locator("summary").click()
    expect(folded).to_be_visible()
    expect(answer.locator("summary")).to_have_text("Also in Вестник")


def test_the_panel_walks_the_sources_and_marks_the_others(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "Where does it begin?")
    expect(page.locator(".panel .count")).to_have_text("Source 1 of 2")
    expect(page.locator(".panel mark sup")).to_have_text(["1", "2"])
    assert page.locator(".panel .text p").count() == 2
    expect(page.get_by_role("button", name="Previous source")).to_be_disabled()
    page.get_by_role("button", name="Next source").click()
    expect(highlighted(page)).to_have_text("He did not say whether tickets would cost more.")
    page.keyboard.press("ArrowLeft")
    expect(highlighted(page)).to_have_text("Work begins north of Kandalaksha.")
    expect(page.get_by_role("link", name="Open original")).to_have_attribute("href", "https://herald.example/a")
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_contain_text("Sources appear here")


@pytest.mark.parametrize(
    ("phone", "scheme", "colour"), [(False, "light", "rgb(255, 250, 224)"), (True, "dark", "rgb(42, 38, 17)")]
)
def test_what_a_quote_leans_on_and_what_its_dates_mean_is_seen(
    visit: Callable[..., Page], phone: bool, scheme: str, colour: str
) -> None:
    page = visit(locale="ru-RU", phone=phone, color_scheme=scheme)
    answer = ask(page, "Что осмотрел министр?")
    expect(answer.locator(".when")).to_have_text("вчера: 11 марта 2024")
    answer.locator("a.cite").click()
    context = page.locator(".panel mark.context")
    expect(context).to_have_text("Контекст: Министр Котов побывал в Кандалакше.")
    expect(context).to_be_in_viewport(ratio=1)
    expect(page.locator(".panel mark.hit")).to_be_in_viewport(ratio=1)
    assert violations(page) == {}
    page.goto(page.url + "article/vestnik#s44")
    said = page.locator("#s43")
    expect(said).to_have_css("background-color", colour)
    expect(page.locator("#s42")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    assert said.evaluate("said => getComputedStyle(said, '::before').content") == '"Контекст: "'
    expect(said).to_be_in_viewport(ratio=1)
    expect(page.locator("bdi:target")).to_be_in_viewport(ratio=1)
    assert violations(page) == {}


def test_the_quote_can_be_copied(visit: Callable[..., Page]) -> None:
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "Where does it begin?")
    page.get_by_role("button", name="Copy quote").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "“Work begins north of Kandalaksha.” — Sample Gazette, Line to Murmansk, https://herald.example/a"


def test_a_citation_is_a_link_that_works_by_itself(visit: Callable[..., Page]) -> None:
    page = visit()
    link = ask(page, "What did Akimov announce?").locator("a.cite").first
    with page.context.expect_page() as opening:
        link.click(modifiers=["Control"])
    article = opening.value
    expect(article.locator("bdi:target")).to_have_text(
        "Akimov announced that the line to Murmansk will be electrified by the end of 2027."
    )
    expect(article.locator("bdi:target")).to_have_css("background-color", "rgb(255, 242, 168)")
    assert article.locator("article p").count() == 3
    assert article.evaluate("document.scripts.length") == 0


def test_an_answer_that_nothing_supports(visit: Callable[..., Page]) -> None:
    page = visit(locale="ru-RU")
    answer = ask(page, "Who won the chess olympiad?")
    expect(answer.locator(".head")).to_have_text("No supporting sentence found")  # in the question's language
    expect(answer).to_contain_text("I searched 4 articles")
    expect(page.locator(".panel")).to_contain_text("Здесь появятся источники")
    expect(answer.locator(".quote").first).not_to_be_visible()
    answer.locator("summary").click()
    answer.locator("a.cite").first.click()
    expect(highlighted(page)).to_have_text("He did not say whether tickets would cost more.")


def test_filters_hold_and_can_be_dropped(visit: Callable[..., Page]) -> None:
    page = visit()
    page.locator("#filters > button").click()
    chinese = page.locator("#filters").get_by_label("中文")
    chinese.check()
    expect(page.locator("#filters > button")).to_contain_text("Filters · 1")
    assert ask(page, "What did Akimov announce?").locator(".quote").count() == 1
    none = ask(page, "Who won?")
    expect(none).to_contain_text("I searched 1 article and")
    expect(none).to_contain_text("Filters: Chinese")
    page.get_by_role("button", name="Search without filters").click()
    expect(page.locator("#chat .answer").last).to_contain_text("I searched 4 articles")
    expect(chinese).not_to_be_checked()
    page.get_by_label("Published since").fill("2024-03-13")
    expect(page.locator("#filters > button")).to_contain_text("Filters · 1")
    expect(ask(page, "Who won?")).to_contain_text("I searched 1 article and")


def test_a_follow_up_comes_with_the_turns_before_it(visit: Callable[..., Page], newsroom: Newsroom) -> None:
    page = visit()
    page.get_by_role("button", name="What did Akimov announce?").click()  # the example
    expect(page.locator("#chat .answer")).to_have_count(1)
    assert list(newsroom.history["What did Akimov announce?"]) == []
    ask(page, "Where does it begin?")
    (turn,) = newsroom.history["Where does it begin?"]
    assert turn.question == "What did Akimov announce?"
    assert [cited.article_id for cited in turn.citations] == ["herald", "vestnik", "ribao", "vestnik"]
    settle(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#chat .answer")).to_have_count(0)
    ask(page, "Where does it begin?")
    assert list(newsroom.history["Where does it begin?"]) == []


def test_hostile_articles_and_questions_are_only_text(visit: Callable[..., Page], newsroom: Newsroom) -> None:
    page = visit()
    question = "What is hostile? <img src=x onerror=window.__pwned=4> **b** ![i](http://tracker.example/q.png) ${1}"
    answer = ask(page, question)
    expect(page.locator("#chat .user-row")).to_have_text(question)
    cited = newsroom.ask(question).citations
    for citation in cited:
        assert answer.locator(".quote").nth(citation.number - 1).inner_text() == citation.quote
        answer.locator("a.cite").nth(citation.number - 1).click()
        expect(page.locator(".panel .number")).to_have_text(str(citation.number))
        assert highlighted(page).inner_text() == citation.quote
    expect(page.locator(".panel h2")).to_have_text("<img src=x onerror=a()>")
    expect(page.get_by_role("link", name="Open original")).to_have_count(0)
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("group").locator("summary", has_text="Export").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Markdown").click()
    assert "<script" not in saving.value.path().read_text(encoding="utf-8")
    for part in (".message-wrap", ".panel"):
        assert page.locator(f"{part} :is(script, style, img, form, strong, em, code, iframe)").count() == 0
        assert page.locator(part).evaluate("part => part.scrollWidth <= part.clientWidth")
    page.goto(f"{page.url}article/evil#s5")
    assert page.locator("article").evaluate("part => part.scrollWidth <= part.clientWidth")
    assert page.locator("bdi:target").inner_text() == cited[5].quote


def test_the_page_changes_its_language_and_keeps_the_conversation(visit: Callable[..., Page]) -> None:
    page = visit(locale="fr-FR")
    ask(page, "What did Akimov announce?")
    page.get_by_label("RU", exact=True).check()
    expect(page.locator("#ask textarea")).to_have_attribute("placeholder", "Спросите о новостях…")
    expect(page.locator(".panel .count")).to_have_text("Источник 1 из 4")
    expect(page.locator("#chat .head")).to_have_text("4 supporting sentences from 3 articles")
    assert page.title() == "Citewire: спросите новости"
    reload(page)
    expect(page.locator("#chat .head")).to_have_text("4 supporting sentences from 3 articles")
    expect(page.get_by_role("button", name="Новый разговор")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "ru"


def test_light_and_dark_are_remembered(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("body")).to_have_class(re.compile("dark"))
    reload(page)
    expect(page.locator("body")).to_have_class(re.compile("dark"))


def test_on_a_phone_the_source_is_a_sheet_from_below(visit: Callable[..., Page]) -> None:
    page = visit(phone=True)
    answer = ask(page, "Where does it begin?")
    panel = page.locator(".panel")
    expect(panel).not_to_be_visible()
    for leave in (lambda: page.keyboard.press("Escape"), lambda: page.touchscreen.tap(100, 60)):
        answer.locator("a.cite").first.tap()
        expect(panel).to_be_visible()
        expect(highlighted(page)).to_have_text("Work begins north of Kandalaksha.")
        leave()
        expect(panel).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_waiting_and_trouble_are_said(visit: Callable[..., Page], newsroom: Newsroom) -> None:
    page = visit(locale="ru-RU")
    newsroom.release.clear()
    page.fill("#ask textarea", "busy?")
    page.press("#ask textarea", "Enter")
    expect(page.locator("#chat .waiting")).to_have_text("Ищу…")
    newsroom.release.set()
    expect(page.locator("#chat .answer")).to_have_text("Библиотека занята. Спросите ещё раз через минуту.")


def test_the_page_can_be_used_from_the_keyboard(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "Where does it begin?")
    page.locator("#chat a.cite").first.focus()
    page.keyboard.press("/")
    expect(page.locator("#ask textarea")).to_be_focused()
    page.locator("#chat a.cite").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panel .number")).to_have_text("2")
    page.keyboard.press("Escape")
    expect(page.locator("#chat a.cite").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Previous source").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panel")).to_be_focused()  # there is no source before the first
    page.get_by_role("button", name="Next source").focus()
    page.get_by_role("button", name="Close the source").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chat a.cite").first).to_be_focused()
    ask(page, "What did Akimov announce?")
    expect(page.locator("#ask textarea")).to_be_focused()


# --- what outlives a reload, and what is taken away


def buttons(answer: Locator, *names: str) -> list[str | None]:
    return [answer.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed") for name in names]


def test_a_reload_keeps_the_conversation(visit: Callable[..., Page], newsroom: Newsroom) -> None:
    page = visit()
    first = ask(page, "What did Akimov announce?")
    first.get_by_role("button", name="Helpful", exact=True).click()
    none = ask(page, "Who won?")
    none.get_by_role("button", name="Helpful", exact=True).click()
    none.get_by_role("button", name="Not helpful").click()
    expect(none.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
    reload(page)
    answers = page.locator("#chat .answer")
    expect(answers).to_have_count(2)
    expect(page.locator("#chat .user-row")).to_have_text(["What did Akimov announce?", "Who won?"])
    assert buttons(answers.first, "Helpful", "Not helpful") == ["true", "false"]
    assert buttons(answers.last, "Helpful", "Not helpful") == ["false", "true"]
    answers.first.locator("a.cite:has-text('3')").click()
    expect(highlighted(page)).to_have_text("阿基莫夫宣布，工程将创造1200个就业岗位。")
    ask(page, "Where does it begin?")  # a follow-up still knows what came before
    assert [turn.question for turn in newsroom.history["Where does it begin?"]] == [
        "What did Akimov announce?",
        "Who won?",
    ]
    settle(page)
    page.get_by_role("button", name="New conversation").click()
    expect(answers).to_have_count(0)
    reload(page)
    page.wait_for_selector("#app.spoken")
    expect(page.locator("#chat .placeholder")).to_contain_text("What would you like to check?")


def test_what_the_browser_kept_is_not_trusted(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "Who won?")
    evil = "<img src=x onerror=window.__pwned=7>${window.__pwned=8}"
    page.evaluate(
        """evil => {
            const kept = JSON.parse(sessionStorage.citewire_conversation);
            Object.assign(kept[0], {question: evil});
            Object.assign(kept[0].answer.nearest[0], {quote: evil, source: evil, article_id: `x"${evil}`});
            sessionStorage.citewire_conversation = JSON.stringify(kept);
        }""",
        evil,
    )
    reload(page)
    expect(page.locator("#chat .user-row")).to_have_text(evil)
    expect(page.locator("#chat .quote").first).to_have_text(evil)
    assert page.locator("#chat .message-wrap img").count() == 0
    for garbage in ("{", "[{}]", '{"a": 1}', "x" * 100_000):
        page.evaluate("garbage => { sessionStorage.citewire_conversation = garbage; }", garbage)
        reload(page)
        expect(page.locator("#chat .placeholder")).to_contain_text("What would you like to check?")


def test_two_tabs_keep_a_conversation_each(visit: Callable[..., Page]) -> None:
    page = visit()
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#app.spoken")
    ask(page, "What did Akimov announce?")
    ask(other, "Where does it begin?")
    reload(page)
    reload(other)
    expect(page.locator("#chat .user-row")).to_have_text(["What did Akimov announce?"])
    expect(other.locator("#chat .user-row")).to_have_text(["Where does it begin?"])


def test_an_address_asks_its_question_with_its_filters(visit: Callable[..., Page]) -> None:
    page = visit(query="?q=What+did+Akimov+announce%3F&language=ru&language=xx&since=2024-01-01&source=No&lang=ru")
    answer = page.locator("#chat .answer")
    expect(answer.locator(".quote:visible")).to_have_text(
        ["Акимов объявил о закупке 38 поездов.", "Линию электрифицируют к концу 2027 года."]
    )
    expect(answer.locator(".filtered")).to_have_text("Filters: Russian; since 1 January 2024")
    expect(page.locator("#filters > button")).to_contain_text("Фильтры · 2")
    assert page.url.endswith("/?lang=ru")
    page.locator("#filters > button").click()
    expect(page.locator("#filters").get_by_label("Русский")).to_be_checked()
    expect(page.get_by_label("Опубликовано с")).to_have_value("2024-01-01")
    reload(page)
    expect(page.locator("#chat .answer")).to_have_count(1)
    settle(page)
    page.goto(f"{page.url}&q=Where+does+it+begin%3F")  # a fresh conversation
    expect(page.locator("#chat .user-row")).to_have_text(["Where does it begin?"])


def test_an_answer_is_copied_with_its_sources_and_linked(visit: Callable[..., Page]) -> None:
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer = ask(page, "What did Akimov announce?")
    answer.get_by_role("button", name="Copy", exact=True).click()
    expect(answer.get_by_role("button", name="Copied")).to_be_visible()
    home = page.url.rstrip("/")
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == [
        "What did Akimov announce?",
        "",
        "Akimov announced that the line to Murmansk will be electrified by the end of 2027. [1] [4]",
        "Акимов объявил о закупке 38 поездов. [2]",
        "阿基莫夫宣布，工程将创造1200个就业岗位。 [3]",
        "",
        "[1] Sample Gazette. Line to Murmansk. https://herald.example/a",
        f"[2] Вестник, 12 March 2024. Линия. {home}/article/vestnik#s2",
        f"[3] 北方日报, 13 March 2024. 铁路. {home}/article/ribao#s1",
        f"[4] Вестник, 12 March 2024. Линия. {home}/article/vestnik#s1",
    ]
    link = answer.get_by_role("link", name="Link")
    link.click()
    expect(answer.get_by_role("link", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{home}/?q=What+did+Akimov+announce%3F"


def test_a_conversation_is_saved_as_markdown_and_as_json(visit: Callable[..., Page]) -> None:
    page = visit()
    menu = page.locator("#export summary")
    expect(menu).not_to_be_visible()
    ask(page, "Where does it begin?").get_by_role("button", name="Helpful", exact=True).click()
    ask(page, "Who won?")
    saved: dict[str, str] = {}
    for kind in ("Markdown", "JSON"):
        menu.focus()
        page.keyboard.press("Enter")
        with page.expect_download() as saving:
            page.get_by_role("button", name=kind).click()
        saved[saving.value.suggested_filename] = saving.value.path().read_text(encoding="utf-8")
        expect(page.get_by_role("button", name=kind)).not_to_be_visible()
    assert saved["citewire.md"].startswith("# Citewire: ask the news\n\n## Where does it begin?\n\n> Work begins")
    assert "1. Sample Gazette. [Line to Murmansk](<https://herald.example/a>)" in saved["citewire.md"]
    assert "## Who won?\n\nNo supporting sentence found. I searched 4 articles" in saved["citewire.md"]
    first, second = json.loads(saved["citewire.json"])
    assert (first["question"], first["feedback"], second["feedback"]) == ("Where does it begin?", "liked", None)
    assert [each["position"] for each in first["answer"]["citations"]] == [3, 4]
    assert second["answer"]["abstention"]["reason"] == "no_support"


# --- leading on


def test_a_question_that_leads_on_is_offered_and_asked(visit: Callable[..., Page], newsroom: Newsroom) -> None:
    page = visit()
    first = ask(page, "Where does it begin?")
    node = first.element_handle()
    chip = page.get_by_role("button", name="What did Beatriz Fontana say?")
    chip.click()
    expect(page.locator("#chat .answer")).to_have_count(2)
    expect(page.locator("#chat .answer").last.locator(".quote")).to_have_text(
        "“We have waited for years,” Mayor Beatriz Fontana said."
    )
    expect(chip).to_have_count(0)
    assert [turn.question for turn in newsroom.history["What did Beatriz Fontana say?"]] == ["Where does it begin?"]
    assert node.evaluate("node => node.isConnected")  # what was said once is not announced again


def test_a_question_is_edited_and_what_came_after_it_is_gone(visit: Callable[..., Page], newsroom: Newsroom) -> None:
    page = visit()
    ask(page, "What's *new*?")
    ask(page, "What did Akimov announce?")
    edit = page.get_by_role("button", name="Edit the question")
    edit.first.click()
    box = page.get_by_role("textbox", name="Edit the question")
    expect(box).to_be_focused()
    expect(box).to_have_value("What's *new*?")
    page.keyboard.press("Escape")
    expect(edit.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    page.keyboard.press("Enter")  # unchanged
    expect(page.locator("#chat .user-row")).to_have_text(["What's *new*?", "What did Akimov announce?"])
    edit.first.click()
    box.fill("Where does it begin?")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("#chat .user-row")).to_have_text(["Where does it begin?"])
    expect(page.locator("#chat .head")).to_have_text(["2 supporting sentences from 1 article"])
    assert list(newsroom.history["Where does it begin?"]) == []


# --- articles that changed meanwhile


@pytest.fixture
def changing(newsroom: Newsroom) -> Iterator[Callable[[str], None]]:
    """Replaces the Herald's article by other text; it is as it was afterwards."""
    article = newsroom.article("herald")
    yield lambda text: newsroom.library.add([replace(article, text=text)]).__next__() and None
    list(newsroom.library.add([article]))


def test_a_quote_is_found_again_where_the_article_changed(
    visit: Callable[..., Page], changing: Callable[[str], None]
) -> None:
    page = visit()
    answer = ask(page, "Where does it begin?")
    changing("A correction was made. " + HERALD)
    answer.locator("a.cite").first.click()
    expect(highlighted(page)).to_have_text("Work begins north of Kandalaksha.")
    expect(page.get_by_role("link", name="Open page")).to_have_attribute("href", "/article/herald#s4")
    changing("Nothing of it was true.")
    answer.locator("a.cite").nth(1).click()
    expect(page.locator(".panel .changed")).to_contain_text("This article has changed since")
    expect(page.locator(".panel .changed q")).to_have_text("He did not say whether tickets would cost more.")
    expect(page.locator(".panel mark")).to_have_count(0)
    expect(page.locator(".panel .text")).to_have_text("Nothing of it was true.")


def test_an_article_that_was_removed_is_said_to_be(chromium: Browser, address: str, newsroom: Newsroom) -> None:
    context = chromium.new_context(locale="zh-CN", viewport=WIDE)
    visit = Visit(context, address)
    page = visit.open()
    answer = ask(page, "阿基莫夫宣布了什么？")
    article = newsroom.article("vestnik")
    newsroom.library.remove("vestnik")
    answer.locator("a.cite:has-text('3')").click()
    expect(page.locator(".panel .note")).to_have_text("这篇文章已不在文章库中。")
    list(newsroom.library.add([article]))
    answer.locator("a.cite:has-text('3')").click()
    expect(highlighted(page)).to_have_text("Акимов объявил о закупке 38 поездов.")
    assert visit.trouble and all("404" in trouble for trouble in visit.trouble)
    context.close()


# --- for everybody


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_nothing_stands_in_a_readers_way(visit: Callable[..., Page], phone: bool, dark: bool) -> None:
    page = visit(phone=phone, color_scheme="dark" if dark else "light")
    found = {"empty": violations(page)}
    answer = ask(page, "What did Akimov announce?")
    answer.get_by_role("button", name="Helpful", exact=True).click()
    answer.locator("summary").click()
    found["answer"] = violations(page)
    answer.locator("a.cite").first.click()
    found["source"] = violations(page)
    page.keyboard.press("Escape")
    ask(page, "Where does it begin?")
    expect(page.locator("#chat .option")).to_have_count(1)
    page.locator("#export summary").click()
    found["follow-up"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit the question").last.click()
    found["edit"] = violations(page)
    page.keyboard.press("Escape")
    page.locator("#filters > button").click()
    page.locator("#filters").get_by_label("中文").check()
    ask(page, "Who won?").locator("summary").click()
    found["no support, filters open"] = violations(page)
    page.goto(f"{page.url}article/herald#s2")
    found["article"] = violations(page)
    assert found == {state: {} for state in found}


def test_in_a_frame_there_is_the_chat_alone(visit: Callable[..., Page]) -> None:
    page = visit(query="?embed&lang=ru", viewport={"width": 360, "height": 480})
    expect(page.get_by_role("button", name="API")).not_to_be_visible()
    found = {"empty": violations(page)}
    answer = ask(page, "Что объявил Акимов?")
    for part in (answer.locator(".head"), page.locator("#ask textarea"), page.locator("#filters > button")):
        expect(part).to_be_in_viewport(ratio=1)
    found["answer"] = violations(page)
    answer.locator("a.cite").first.click()
    expect(highlighted(page)).to_be_in_viewport()
    page.get_by_role("button", name="Закрыть источник").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.url.endswith("/?embed=&lang=ru")
    reload(page)
    expect(page.locator("#chat .answer")).to_have_count(1)
    page.get_by_role("button", name="Новый разговор").click()
    expect(page.locator("#chat .placeholder")).to_contain_text("Что проверить?")
    assert found == {state: {} for state in found}


def test_the_sheet_of_a_phone_holds_the_focus(visit: Callable[..., Page]) -> None:
    page = visit(phone=True)
    cite = ask(page, "Where does it begin?").locator("a.cite").nth(1)
    cite.tap()
    sheet = page.get_by_role("dialog", name="Source")
    expect(sheet).to_be_focused()
    expect(sheet).to_have_attribute("aria-modal", "true")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert not page.evaluate("Boolean(document.activeElement.closest('#left, #top'))")
    page.keyboard.press("Escape")
    expect(cite).to_be_focused()
    expect(sheet).to_have_count(0)
    page.get_by_role("button", name="New conversation").click()  # nothing is inert any more
    expect(page.locator("#chat .answer")).to_have_count(0)


def test_what_a_screen_reader_hears(visit: Callable[..., Page]) -> None:
    page = visit()
    cite = ask(page, "Where does it begin?").locator("a.cite").first
    heard = page.locator("#source [role=status]")
    expect(heard).to_have_text("")  # the answer itself is announced, by the log that it is in
    cite.click()
    expect(heard).to_have_text("Source 1 of 2: Line to Murmansk")
    page.keyboard.press("ArrowRight")
    expect(heard).to_have_text("Source 2 of 2: Line to Murmansk")
    expect(page.get_by_role("log", name="Conversation")).to_contain_text("2 supporting sentences")


def test_a_journey_with_the_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit()
    page.get_by_role("button", name="Light or dark").focus()
    page.keyboard.press("/")
    page.keyboard.type("Where does it begin?")
    page.keyboard.press("Enter")
    expect(page.locator("#chat .option")).to_have_count(1)
    seen: list[str] = []
    for _ in range(24):  # back through all that an answer offers
        page.keyboard.press("Shift+Tab")
        seen.append(page.evaluate(NAME_OF_FOCUSED))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert seen[-1] == "" or outline != "none", seen[-1]
    order = ["What did Beatriz Fontana say?", "Not helpful", "Helpful", "Link", "Copy", "Source 2", "Source 1"]
    at = [seen.index(name) for name in order]
    assert at == sorted(at), seen
    page.locator("#chat a.cite").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".panel .count")).to_have_text("Source 2 of 2")
    page.keyboard.press("Escape")
    page.locator("#chat .option").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chat .answer")).to_have_count(2)


# --- the real thing


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The sample articles with the embedded model."""
    library = Library.open(tmp_path_factory.mktemp("real"))
    lines = [line for path in sorted(SAMPLES.glob("articles.*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    fields = ("url", "title", "source", "section")
    for item in map(json.loads, lines):
        known: dict[str, Any] = {field: item[field] for field in fields}
        day, language = date.fromisoformat(item["published"]), Language(item["language"])
        list(library.add([make_article(item["text"], **known, published=day, language=language, title_derived=False)]))
    yield library


@pytest.fixture(scope="module")
def real_address(real: Library) -> Iterator[str]:
    with served(Answerer(real)) as address:
        yield address


def test_the_real_pipeline_answers_in_three_languages(chromium: Browser, real_address: str) -> None:
    context = chromium.new_context(locale="en-US", viewport=WIDE)
    visit = Visit(context, real_address)
    page = visit.open()
    for question in ("What did Akimov announce?", "Что объявил Акимов?", "阿基莫夫宣布了什么？"):
        answer = ask(page, question)
        expect(answer.locator(".quote").first).to_contain_text(re.compile("Akimov|Акимов|阿基莫夫"))
        answer.locator("a.cite").first.click()
        quote = answer.locator(".quote").first.inner_text()
        expect(highlighted(page)).to_have_text(quote)
    expect(page.locator("#chat .option")).to_have_text(["梅德韦杰夫说了什么？"])
    page.locator("#chat .option").click()
    expect(page.locator("#chat .answer").last.locator(".quote").first).to_contain_text("梅德韦杰夫")
    expect(ask(page, "Who won the 1998 chess olympiad?").locator(".head")).to_have_text("No supporting sentence found")
    context.close()
    assert visit.trouble == []
