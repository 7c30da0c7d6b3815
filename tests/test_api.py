"""The REST contract, over the whole application: shapes, statuses, bad input, and what keeps strangers out."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from conftest import WordEncoder
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from corpus.types import Article, CitewireError, Language
from index.library import Library
from index.types import Filters, LibraryBusy, LibraryError, ModelUnavailable, WrongModel
from qa.types import (
    Abstention,
    AbstentionReason,
    Answer,
    Citation,
    CitedSentence,
    Context,
    QuestionRejected,
    ResolvedDate,
    Turn,
)
from ui import app as wiring
from ui.app import Settings, assemble
from ui.guard import Guard
from ui.keys import Keys
from ui.service import RUNNING, WAITING

HOST = "http://127.0.0.1:7860"
ARTICLES = (
    Article(
        "northern",
        "😀 The line will open in 2027. “Tickets,” Akimov said, “go on sale in May.”\r\nNobody asked why.",
        "Northern line to open",
        False,
        Language.EN,
        "The Northern Herald",
        "Transport",
        "https://herald.example/Line?b=2&a=1",
        date(2019, 9, 18),
        ("Ann Lee", "Bo Ek"),
    ),
    Article("severnaya", "Линия откроется в 2027 году. Билеты поступят в мае.", "Линия", True, Language.RU, "Вестник"),
    Article(
        "beifang",
        "该线路将于2027年开通。车票五月开售。",
        "线路",
        False,
        Language.ZH,
        "日报",
        published=date(2019, 9, 20),
    ),
)


class ScriptedAnswerer:
    """Gives the answer it is told to, and remembers what it was asked."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.answer = answered(library)
        self.failure: Exception | None = None
        self.asked: dict[str, Any] = {}

    def warm(self) -> None:
        self.library.warm()

    def ask(self, text: str, *, filters: Filters = Filters(), history: Sequence[Turn] = (), limit: int = 5) -> Answer:
        if self.failure:
            raise self.failure
        if not text.strip() or len(text) > 2_000:
            raise QuestionRejected("A question has between 1 and 2,000 characters.")
        self.asked = {"filters": filters, "history": list(history), "limit": limit}
        return replace(self.answer, question=text)


def cite(library: Library, article_id: str, position: int, number: int, **more: Any) -> Citation:
    article = library.article(article_id)
    assert article
    sentence = library.sentences(article_id)[position]
    return Citation(
        number,
        article.id,
        sentence.id,
        position,
        article.title,
        article.source,
        article.url,
        article.published,
        article.language,
        sentence.text,
        sentence.start,
        sentence.end,
        0.93,
        **more,
    )


def answered(library: Library) -> Answer:
    citations = (
        cite(library, "northern", 0, 1, span=(23, 27), same_as=(3,)),
        cite(library, "northern", 1, 2),
        cite(library, "severnaya", 0, 3, same_as=(1,)),
    )
    return Answer("", Language.EN, "The line … [1] [3] …", citations, 0.93, None, (), 3, 14.2345)


def abstained(library: Library) -> Answer:
    nearest = (cite(library, "beifang", 0, 0),)
    reason = Abstention(AbstentionReason.NO_SUPPORT, "No sentence answers this.")
    return Answer("", Language.EN, "", (), 0.12, reason, nearest, 3, 3.0)


@pytest.fixture
def library(library: Library) -> Library:
    assert [outcome.status for outcome in library.add(ARTICLES)] == ["added"] * 3
    return library


@pytest.fixture
def answerer(library: Library) -> ScriptedAnswerer:
    return ScriptedAnswerer(library)


@pytest.fixture
def build(answerer: ScriptedAnswerer, library: Library, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FastAPI]:
    """Makes the application without the chat: that takes a second, and most of these tests never look at it."""
    monkeypatch.setattr(wiring.chat, "mount", lambda app, _: app)
    return lambda **settings: assemble(answerer, Settings(library.folder, **settings))  # type: ignore[arg-type]


@pytest.fixture
def app(build: Callable[..., FastAPI]) -> FastAPI:
    return build()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, HOST, raise_server_exceptions=False) as open_client:
        yield open_client


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The whole application, as `citewire chat` serves it."""
    folder = tmp_path_factory.mktemp("whole")
    library = Library.open(folder / "library", encoder=WordEncoder(), cache=folder / "cache")
    list(library.add(ARTICLES))

    async def build() -> FastAPI:  # outside a loop Gradio makes loops that it never closes
        return assemble(ScriptedAnswerer(library), Settings(folder))  # type: ignore[arg-type]

    with TestClient(asyncio.run(build()), HOST, raise_server_exceptions=False) as open_client:
        yield open_client


def assert_problem(reply: Any, status: int) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert len(reply.content) < 5_000
    return problem


# POST /v1/ask

CITATION_KEYS = [
    *("number", "article_id", "sentence_id", "title", "source", "url", "published", "language", "quote", "start"),
    *("end", "probability", "span", "same_as", "context", "dates"),
]


def test_an_answer_has_exactly_the_shape_of_the_contract(client: TestClient) -> None:
    reply = client.post("/v1/ask", json={"question": "When does the line open?"})
    assert reply.status_code == 200
    answer = reply.json()
    assert list(answer) == [
        *("question", "language", "answered", "confidence", "text", "citations", "abstention", "nearest", "took_ms")
    ]
    assert answer | {"citations": []} == {
        "question": "When does the line open?",
        "language": "en",
        "answered": True,
        "confidence": 0.93,
        "text": "The line … [1] [3] …",
        "citations": [],
        "abstention": None,
        "nearest": [],
        "took_ms": 14.2,
    }
    assert [list(citation) for citation in answer["citations"]] == [CITATION_KEYS] * 3
    assert answer["citations"][0] == {
        "number": 1,
        "article_id": "northern",
        "sentence_id": "northern-0",
        "title": "Northern line to open",
        "source": "The Northern Herald",
        "url": "https://herald.example/Line?b=2&a=1",
        "published": "2019-09-18",
        "language": "en",
        "quote": answer["citations"][0]["quote"],
        "start": answer["citations"][0]["start"],
        "end": answer["citations"][0]["end"],
        "probability": 0.93,
        "span": {"start": 23, "end": 27},
        "same_as": [3],
        "context": None,
        "dates": [],
    }
    assert answer["citations"][2]["published"] is None
    assert answer["citations"][2]["span"] is None


def test_a_citation_tells_what_it_leans_on_and_what_its_dates_mean(
    client: TestClient, answerer: ScriptedAnswerer
) -> None:
    first, second, _ = answerer.answer.citations
    dates = (ResolvedDate(2, 5, date(2019, 9, 9), date(2019, 9, 15)),)
    leaning = replace(second, context=Context(first.start, first.end, first.quote), dates=dates)
    answerer.answer = replace(answerer.answer, citations=(leaning,), nearest=(leaning,))
    question = {"messages": [{"role": "user", "content": "When?"}]}
    asked = client.post("/v1/ask", json={"question": "When?"}).json()
    completed = client.post("/v1/chat/completions", json=question).json()
    for cited in (asked["citations"][0], asked["nearest"][0], completed["citations"][0]):
        assert cited["context"] == {"start": first.start, "end": first.end, "text": first.quote}
        assert cited["dates"] == [{"start": 2, "end": 5, "from": "2019-09-09", "until": "2019-09-15"}]


def test_every_quote_is_the_slice_of_the_article_that_its_offsets_name(client: TestClient) -> None:
    answer = client.post("/v1/ask", json={"question": "When?"}).json()
    for citation in answer["citations"]:
        text = client.get(f"/v1/articles/{citation['article_id']}").json()["text"]
        assert citation["quote"] == text[citation["start"] : citation["end"]]


def test_an_abstention_says_why_and_lists_numberless_passages(client: TestClient, answerer: ScriptedAnswerer) -> None:
    answerer.answer = abstained(answerer.library)
    answer = client.post("/v1/ask", json={"question": "Who won?"}).json()
    assert answer["answered"] is False
    assert answer["text"] == ""
    assert answer["citations"] == []
    assert answer["confidence"] == 0.12
    assert answer["abstention"] == {"reason": "no_support", "message": "No sentence answers this."}
    assert [list(passage) for passage in answer["nearest"]] == [CITATION_KEYS[1:]]


def test_filters_history_and_limit_reach_the_answerer(client: TestClient, answerer: ScriptedAnswerer) -> None:
    body = {
        "question": "And then?",
        "limit": 20,
        "filters": {"languages": ["en", "zh"], "sources": ["日报"], "since": "2019-09-01", "until": "2019-09-30"},
        "history": [
            {"question": "When?", "citations": [{"article_id": "a", "sentence_id": "a-1", "number": 1, "x": None}]},
            {"question": "Why?"},
        ],
    }
    assert client.post("/v1/ask", json=body).status_code == 200
    assert answerer.asked == {
        "filters": Filters(
            frozenset({Language.EN, Language.ZH}), frozenset({"日报"}), date(2019, 9, 1), date(2019, 9, 30)
        ),
        "history": [Turn("When?", (CitedSentence("a", "a-1"),)), Turn("Why?")],
        "limit": 20,
    }


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"filters": None, "history": None},
        {"filters": {}, "history": []},
        {"filters": {"languages": None, "sources": None, "since": None, "until": None}},
        {"filters": {"languages": [], "sources": []}, "top_k": 3, "unknown": {"deep": [1]}},
    ],
)
def test_what_is_absent_null_or_unknown_changes_nothing(
    client: TestClient, answerer: ScriptedAnswerer, more: dict[str, Any]
) -> None:
    assert client.post("/v1/ask", json={"question": "When?"} | more).status_code == 200
    assert answerer.asked == {"filters": Filters(), "history": [], "limit": 5}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/question"),
        ({"question": None}, "#/question"),
        ({"question": 5}, "#/question"),
        ({"question": ["When?"]}, "#/question"),
        ({"question": "When\ud800?"}, "#/question"),
        ([], "#"),
        ("When?", "#"),
        (None, "#"),
        *(({"question": "?", "limit": limit}, "#/limit") for limit in (0, 21, -1, "5", True, 2.5, None, 10**30)),
        ({"question": "?", "filters": []}, "#/filters"),
        ({"question": "?", "filters": {"languages": "en"}}, "#/filters/languages"),
        ({"question": "?", "filters": {"languages": ["de"]}}, "#/filters/languages/0"),
        ({"question": "?", "filters": {"sources": [7]}}, "#/filters/sources/0"),
        ({"question": "?", "filters": {"sources": ["x"] * 201}}, "#/filters/sources"),
        *(
            ({"question": "?", "filters": {"since": since}}, "#/filters/since")
            for since in ("", "yesterday", "2019-13-01", "2019-09-01T10:00:00", 20190901, 1.5, ["2019-09-01"])
        ),
        ({"question": "?", "history": {}}, "#/history"),
        ({"question": "?", "history": [{"citations": []}]}, "#/history/0/question"),
        (
            {"question": "?", "history": [{"question": "?", "citations": [{"article_id": "a"}]}]},
            "#/history/0/citations/0/sentence_id",
        ),
    ],
)
def test_a_wrong_body_is_refused_with_a_pointer_to_what_is_wrong(client: TestClient, body: Any, pointer: str) -> None:
    sent = json.dumps(body).encode()
    reply = client.post("/v1/ask", content=sent, headers={"Content-Type": "application/json"})
    problem = assert_problem(reply, 422)
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert all(error["detail"] for error in problem["errors"])


@pytest.mark.parametrize("question", ["", "  \n", "?" * 100_000, "Почему?" * 20_000])
def test_a_question_that_is_none_is_refused_without_echoing_it(client: TestClient, question: str) -> None:
    assert_problem(client.post("/v1/ask", json={"question": question}), 422)


def test_wrong_values_are_never_echoed_at_length(client: TestClient) -> None:
    long = "x" * 100_000
    for body in (
        {"question": [long]},
        {"question": "?", "filters": {"languages": [long] * 5, "since": long}},
        {"question": "?", "limit": long},
        {"question": "?", "filters": {"sources": [1] * 20_000}},
    ):
        assert "xxxx" not in client.post("/v1/ask", json=body).text
        assert_problem(client.post("/v1/ask", json=body), 422)


@pytest.mark.parametrize("body", [b"", b"{", b'{"question": "a', b"\xff\xfe", b'{"question": NaN?}', b"[" * 100_000])
def test_what_is_not_json_is_a_problem(client: TestClient, body: bytes) -> None:
    reply = client.post("/v1/ask", content=body, headers={"Content-Type": "application/json"})
    assert_problem(reply, 400 if body else 422)


def test_a_body_that_is_not_declared_as_json_is_refused(client: TestClient) -> None:
    """A page of another site can send forms and plain text without asking, but not JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        reply = client.post("/v1/ask", content=b'{"question": "When?"}', headers={"Content-Type": kind})
        assert "application/json" in assert_problem(reply, 415)["detail"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (LibraryBusy("another process is writing to the library"), 503),
        (ModelUnavailable("the model is missing"), 503),
        (WrongModel("the library was made with another model"), 500),
        (LibraryError("the folder cannot be read"), 500),
        (QuestionRejected("q" * 100_000), 422),
    ],
)
def test_citewires_own_errors_are_one_clear_line(
    client: TestClient, answerer: ScriptedAnswerer, failure: CitewireError, status: int
) -> None:
    answerer.failure = failure
    reply = client.post("/v1/ask", json={"question": "When?"})
    problem = assert_problem(reply, status)
    assert problem["detail"][:40] == str(failure)[:40]
    assert ("retry-after" in reply.headers) == (status == 503)


def test_an_unexpected_error_tells_nothing_of_the_inside(client: TestClient, answerer: ScriptedAnswerer) -> None:
    answerer.failure = ZeroDivisionError("secret")
    reply = client.post("/v1/ask", json={"question": "When?"})
    assert_problem(reply, 500)
    assert "secret" not in reply.text


def test_a_full_disk_is_said_to_be_full(client: TestClient, answerer: ScriptedAnswerer) -> None:
    answerer.failure = OSError(28, "No space left on device")
    assert "full" in assert_problem(client.post("/v1/ask", json={"question": "When?"}), 507)["detail"]


# Articles


def test_articles_are_listed_without_their_texts(client: TestClient) -> None:
    listed = client.get("/v1/articles").json()
    assert list(listed) == ["total", "articles"]
    assert listed["total"] == 3
    assert next(article for article in listed["articles"] if article["id"] == "northern") == {
        "id": "northern",
        "url": "https://herald.example/Line?b=2&a=1",
        "title": "Northern line to open",
        "title_derived": False,
        "source": "The Northern Herald",
        "section": "Transport",
        "language": "en",
        "published": "2019-09-18",
        "authors": ["Ann Lee", "Bo Ek"],
        "sentences": 3,
    }


def test_pages_of_articles_cover_them_all_once(client: TestClient) -> None:
    pages = [client.get("/v1/articles", params={"limit": 2, "offset": offset}).json() for offset in (0, 2, 4)]
    assert [page["total"] for page in pages] == [3, 3, 3]
    assert [len(page["articles"]) for page in pages] == [2, 1, 0]
    assert {article["id"] for page in pages for article in page["articles"]} == {a.id for a in ARTICLES}


def test_articles_are_listed_by_language_and_source(client: TestClient) -> None:
    def ids(**query: str) -> list[str]:
        return [article["id"] for article in client.get("/v1/articles", params=query).json()["articles"]]

    assert ids(language="ru") == ["severnaya"]
    assert ids(source="日报") == ["beifang"]
    assert ids(language="en", source="日报") == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        (f"offset={10**30}", "offset"),
        ("language=de", "language"),
    ],
)
def test_a_wrong_query_is_refused_by_name(client: TestClient, query: str, parameter: str) -> None:
    problem = assert_problem(client.get(f"/v1/articles?{query}"), 422)
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


def test_an_article_is_read_with_its_text_and_the_places_of_its_sentences(client: TestClient) -> None:
    article = client.get("/v1/articles/northern").json()
    assert list(article) == [
        *("id", "url", "title", "title_derived", "source", "section", "language", "published", "authors"),
        *("text", "sentences"),
    ]
    assert article["text"] == ARTICLES[0].text
    assert [list(sentence) for sentence in article["sentences"]] == [["id", "position", "start", "end", "text"]] * 3
    assert [sentence["position"] for sentence in article["sentences"]] == [0, 1, 2]
    for sentence in article["sentences"]:
        assert sentence["text"] == article["text"][sentence["start"] : sentence["end"]]


@pytest.mark.parametrize("article_id", ["unknown", "%00", "%ff", "a" * 5_000, "northern-0", "..%5c"])
def test_an_unknown_article_is_not_found(client: TestClient, article_id: str) -> None:
    assert_problem(client.get(f"/v1/articles/{article_id}"), 404)
    assert_problem(client.delete(f"/v1/articles/{article_id}"), 404)


def test_adding_an_article_says_whether_it_was_added_unchanged_or_replaced(client: TestClient) -> None:
    article = {"url": "https://news.example/a", "text": "The bridge is open. It is new.", "language": "en", "x": 1}
    first = client.post("/v1/articles", json=article)
    assert first.status_code == 201
    assert list(first.json()) == ["id", "status"]
    assert first.json()["status"] == "added"
    assert first.headers["location"] == f"/v1/articles/{first.json()['id']}"
    again = client.post("/v1/articles", json=article)
    assert (again.status_code, again.json()) == (200, first.json() | {"status": "unchanged"})
    other = client.post("/v1/articles", json=article | {"text": "The bridge is shut. It is old."})
    assert (other.status_code, other.json()) == (200, first.json() | {"status": "replaced"})
    assert client.get(first.headers["location"]).json()["text"] == "The bridge is shut. It is old."


def test_the_text_of_an_added_article_is_kept_as_it_came(client: TestClient) -> None:
    text = "\ufeff The 😀 bridge is open.\r\n\u3000It “is” new.\n"
    added = client.post("/v1/articles", json={"text": text, "language": "en"}).json()
    assert client.get(f"/v1/articles/{added['id']}").json()["text"] == text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "No text"},
        {"text": ""},
        {"text": "  \n"},
        {"text": 5},
        {"text": ["a"]},
        {"text": None},
        {"text": "The bridge is open \ud800."},
        {"text": "Die Brücke ist offen.", "language": "de"},
        {"url": 5},
        {"url": ""},
        {"url": "no address"},
        {"url": "/etc/passwd"},
        {"url": "file:///etc/passwd"},
        {"url": "-"},
        {"url": "https://[broken"},
    ],
)
def test_what_is_no_article_is_rejected_with_the_reason(client: TestClient, body: dict[str, Any]) -> None:
    reply = client.post("/v1/articles", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert_problem(reply, 422)
    assert client.get("/v1/articles").json()["total"] == 3


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_an_article_is_an_object(client: TestClient, body: Any) -> None:
    reply = client.post("/v1/articles", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert_problem(reply, 422)


PAGE = """<!doctype html><html lang="en"><head><title>Bridge opens</title></head><body><article><h1>Bridge opens</h1>
<p>The new bridge over the northern river was opened to traffic on Monday morning by the mayor of the town.</p>
<p>The mayor said that the work had taken four years and had cost far less than the council had expected.</p>
<p>Lorries may use the bridge from the first day of May, when the last tests of its pillars have been made.</p>
</article></body></html>"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>A</title><link>/a</link></item><item><title>B</title><link>/b</link></item></channel></rss>"""


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a small news site."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feed = self.path == "/feed"
            here = f"http://127.0.0.1:{self.server.server_address[1]}"
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml" if feed else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((FEED.replace("<link>", f"<link>{here}") if feed else PAGE).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_address_is_fetched(build: Callable[..., FastAPI], site: str) -> None:
    client = TestClient(build(allow_loopback=True), HOST)
    reply = client.post("/v1/articles", json={"url": f"{site}/bridge"})
    assert (reply.status_code, reply.json()["status"]) == (201, "added"), reply.text
    article = client.get(reply.headers["location"]).json()
    assert article["url"] == f"{site}/bridge"
    assert "had taken four years" in article["text"]


def test_a_feed_is_not_one_article(build: Callable[..., FastAPI], library: Library, site: str) -> None:
    client = TestClient(build(allow_loopback=True), HOST)
    assert_problem(client.post("/v1/articles", json={"url": f"{site}/feed"}), 422)
    assert library.count() == 3


def test_this_machines_own_servers_are_not_fetched_for_a_request(client: TestClient, site: str) -> None:
    assert_problem(client.post("/v1/articles", json={"url": f"{site}/bridge"}), 422)


def test_a_removed_article_is_gone(client: TestClient) -> None:
    reply = client.delete("/v1/articles/northern")
    assert (reply.status_code, reply.content) == (204, b"")
    assert_problem(client.delete("/v1/articles/northern"), 404)
    assert_problem(client.get("/v1/articles/northern"), 404)
    assert client.get("/v1/articles").json()["total"] == 2


# Service, documentation, unknown paths


def test_health_is_ok_when_questions_can_be_answered(client: TestClient) -> None:
    reply = client.get("/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "articles": 3})


def test_health_is_unavailable_before_the_model_is_loaded(app: FastAPI) -> None:
    assert_problem(TestClient(app, HOST).get("/healthz"), 503)


def test_what_cannot_answer_does_not_start(app: FastAPI, answerer: ScriptedAnswerer) -> None:
    answerer.failure = ModelUnavailable("the ranker is missing")
    with pytest.raises(ModelUnavailable), TestClient(app, HOST):
        pass


@pytest.mark.parametrize("failure", [LibraryError("the folder is gone"), OSError(5, "Input/output error")])
def test_health_is_unavailable_when_the_library_cannot_be_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def count(_: Library) -> int:
        raise failure

    monkeypatch.setattr(Library, "count", count)
    assert_problem(client.get("/healthz"), 503)


def test_the_documentation_needs_no_other_machine(whole: TestClient) -> None:
    page = whole.get("/docs")
    assert page.status_code == 200
    assert 'src="http' not in page.text
    assert 'href="http' not in page.text
    assert whole.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_the_schema_has_examples_and_says_how_errors_look(whole: TestClient) -> None:
    schema = whole.get("/openapi.json").json()
    ask = schema["paths"]["/v1/ask"]["post"]
    assert schema["components"]["schemas"]["AskRequest"]["examples"][0]["question"]
    assert list(ask["responses"]["422"]["content"]) == ["application/problem+json"]
    assert set(schema["paths"]) >= {"/v1/ask", "/v1/articles", "/v1/articles/{article_id}", "/healthz", "/metrics"}
    body = schema["paths"]["/v1/articles"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["examples"]) == {"text", "url"}


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/ask", 405, "POST"),
        ("PUT", "/v1/articles", 405, "GET, POST"),
        ("POST", "/v1/articles/northern", 405, "DELETE, GET"),
        ("POST", "/healthz", 405, "GET"),
        ("GET", "/v1/nothing", 404, None),
        ("POST", "/v1/nothing/at/all", 404, None),
        ("GET", "/nothing", 404, None),
        ("GET", "/nothing/at/all", 404, None),
    ],
)
def test_unknown_paths_and_methods_are_problems(
    whole: TestClient, method: str, path: str, status: int, allow: str | None
) -> None:
    reply = whole.request(method, path)
    assert_problem(reply, status)
    assert reply.headers.get("allow") == allow


def test_the_chat_and_the_pages_of_articles_are_served_beside_it(whole: TestClient) -> None:
    assert "text/html" in whole.get("/").headers["content-type"]
    assert 'id="s1"' in whole.get("/article/northern").text
    assert whole.get("/article/unknown").status_code == 404


# What keeps strangers out


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[", "localhost.evil:80"])
def test_a_host_name_that_is_not_ours_is_refused(client: TestClient, host: str) -> None:
    assert_problem(client.get("/v1/articles", headers={"Host": host}), 400)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7860", "127.0.0.1", "[::1]:7860"])
def test_every_name_of_this_machine_is_known(client: TestClient, host: str) -> None:
    assert client.get("/v1/articles", headers={"Host": host}).status_code == 200


def test_a_server_for_all_addresses_is_known_by_number_but_not_by_other_names(build: Callable[..., FastAPI]) -> None:
    app = build(host="0.0.0.0")
    for host in ("10.1.2.3:7860", "[fe80::1]", "localhost", socket.gethostname()):
        assert TestClient(app, f"http://{host}").get("/v1/articles").status_code == 200
    assert_problem(TestClient(app, "http://evil.example").get("/v1/articles"), 400)


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1:1", "null"])
def test_pages_of_other_sites_cannot_write(whole: TestClient, origin: str) -> None:
    headers = {"Origin": origin, "Content-Type": "application/json"}
    assert_problem(whole.post("/v1/ask", json={"question": "When?"}, headers=headers), 403)
    assert_problem(whole.delete("/v1/articles/northern", headers=headers), 403)
    assert_problem(whole.post("/gradio_api/queue/join", json={}, headers=headers), 403)
    preflight = whole.options("/v1/ask", headers=headers | {"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 403
    for path in ("/v1/articles", "/config"):
        assert "access-control-allow-origin" not in whole.get(path, headers=headers).headers


def test_our_own_pages_can_write(client: TestClient) -> None:
    assert client.post("/v1/ask", json={"question": "When?"}, headers={"Origin": HOST}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/v1/articles", "/v1/articles/unknown", "/docs", "/article/northern", "/nothing"]
)
def test_every_reply_forbids_other_sites_to_be_loaded_or_to_frame_it(whole: TestClient, path: str) -> None:
    headers = whole.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "form-action 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload",
        "/gradio_api/upload_progress",
        "/gradio_api/file=http://127.0.0.1:1/",
        "/gradio_api/file=HTTPS://evil.example/",
        "/gradio_api/proxy=http://evil.example/",
        "/gradio_api/deep_link",
        "/gradio_api/vibe-code",
        "//gradio_api/vibe-code",
        "/gradio_api/%76ibe-code",
        "/gradio_api/run-history/records",
        "/gradio_api/stream/x/y/z/playlist.m3u8",
        "/gradio_api/mcp/sse",
        "/gradio_api/mcp/messages/",
        "/monitoring",
        "/monitoring/summary",
        "/login",
    ],
)
def test_gradio_routes_that_nothing_needs_are_closed(whole: TestClient, path: str) -> None:
    assert_problem(whole.get(path), 404)
    assert_problem(whole.post(path), 404)


def test_web_sockets_are_refused(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


# On a real server


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """The port of a server for `app` in a thread."""
    ready = threading.Event()
    server = wiring.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1), ready.set)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert ready.wait(30)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(30)


def test_the_server_calls_back_when_it_is_healthy(app: FastAPI) -> None:
    with serving(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/v1/ask", 900_000, 200),
        ("/v1/ask", 20_000_000, 413),
        ("/v1/articles", 2_000_000, 201),
        ("/v1/articles", 20_000_000, 413),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(app: FastAPI, path: str, size: int, status: int, declared: bool) -> None:
    body = b'{"question": "When?", "text": "The bridge is open.", "language": "en", "x": "%s"}' % (b"x" * size)
    sent: Any = body if declared else (body[at : at + 100_000] for at in range(0, len(body), 100_000))
    with serving(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, sent, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        assert reply.status == status
        if status == 413:
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert json.load(reply)["status"] == 413
        connection.close()


def test_a_body_that_is_too_large_for_the_chat_is_refused_too(whole: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    chunks = (b"x" * 100_000 for _ in range(20))
    assert_problem(whole.post("/gradio_api/queue/join", content=chunks, headers=headers), 413)


def test_an_endless_body_is_not_read_to_its_end(tmp_path: Path) -> None:
    received = 0

    async def receive() -> Message:
        nonlocal received
        received += 100_000
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    async def read_all(_: Scope, receive: Receive, __: Send) -> None:
        while (await receive())["more_body"]:
            pass

    async def send(_: Message) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/v1/ask", "headers": [(b"host", b"localhost")], "client": None}
    with pytest.raises(HTTPException, match="413"):
        asyncio.run(Guard(read_all, host="localhost", keys=Keys(tmp_path))(scope, receive, send))
    assert received < 40_000_000


def test_a_question_holds_up_nothing_else_and_the_line_is_bounded(
    client: TestClient, answerer: ScriptedAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, answer = threading.Event(), threading.Event()
    ask = answerer.ask

    def wait_and_ask(text: str, **options: Any) -> Answer:
        asking.set()
        answer.wait(30)
        return ask(text, **options)

    def post() -> Any:
        reply = client.post("/v1/ask", json={"question": "When?"})
        if reply.status_code == 503:
            answer.set()  # only the refusal lets the others finish
        return reply

    monkeypatch.setattr(answerer, "ask", wait_and_ask)
    with ThreadPoolExecutor(RUNNING + WAITING + 1) as pool:
        replies = [pool.submit(post) for _ in range(RUNNING + WAITING + 1)]
        assert asking.wait(30)
        assert client.get("/healthz").status_code == client.get("/v1/articles").status_code == 200
        statuses = sorted(reply.result().status_code for reply in replies)
    assert statuses == [200] * (RUNNING + WAITING) + [503]
    (refused,) = [reply.result() for reply in replies if reply.result().status_code == 503]
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) >= 1
