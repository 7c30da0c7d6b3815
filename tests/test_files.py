"""Whole files over HTTP: what becomes of each article in them, and of those who send something else."""

import errno
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from test_api import HOST, ScriptedAnswerer, assert_problem, serving

from corpus.types import Language
from index.library import Library
from index.types import LibraryBusy
from qa.pipeline import Answerer
from ui import app as wiring
from ui.app import Settings, assemble

ENGLISH = "The bridge over the northern river is open. The mayor said that lorries may use it in May."
RUSSIAN = "Мост через северную реку открыт. Мэр сообщил, что грузовики смогут ездить по нему в мае."
CHINESE = "北方河流上的大桥已经开通。市长表示，卡车五月起可以通行。"
HTML = f"<!doctype html><html lang='en'><head><title>Bridge</title></head><body><p>{ENGLISH}</p></body></html>"


@pytest.fixture
def app(library: Library, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(wiring.chat, "mount", lambda app, _: app)
    return assemble(cast(Answerer, Empty(library)), Settings(library.folder))


class Empty(ScriptedAnswerer):
    """Answers nothing, from a library that holds nothing yet."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.failure = None

    def ask(self, text: str, **_: Any) -> Any:
        return text


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, HOST, raise_server_exceptions=False) as open_client:
        yield open_client


def send(client: TestClient, name: str, content: bytes | str, **headers: str) -> list[dict[str, str]]:
    """The lines of the reply."""
    body = content.encode() if isinstance(content, str) else content
    reply = client.post("/v1/files", params={"name": name}, content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert reply.text.endswith("\n")
    lines = [json.loads(line) for line in reply.text.splitlines()]
    assert all(list(line) == ["name", "id", "status", "reason"] for line in lines)
    assert all(bool(line["id"]) != (line["status"] == "rejected") == bool(line["reason"]) for line in lines)
    return lines


def article_line(text: str, **more: str) -> str:
    return json.dumps({"text": text, "language": "en", **more})


@pytest.mark.parametrize(
    ("name", "content", "language", "text"),
    [
        ("bridge.txt", ENGLISH, "en", ENGLISH),
        ("МОСТ.TXT", RUSSIAN.encode("windows-1251"), "ru", RUSSIAN),
        ("大桥.txt", CHINESE.encode("gb18030"), "zh", CHINESE),
        ("bridge.md", f"# Bridge\n\n{ENGLISH}\n", "en", ENGLISH),
        ("bridge.html", HTML, "en", ENGLISH),
        ("bridge.json", article_line(ENGLISH), "en", ENGLISH),
        ("no suffix", ENGLISH, "en", ENGLISH),
    ],
)
def test_a_file_of_each_kind_is_added_and_then_known(
    client: TestClient, name: str, content: bytes | str, language: str, text: str
) -> None:
    (line,) = send(client, name, content)
    assert line["status"] == "added"
    article = client.get(f"/v1/articles/{line['id']}").json()
    assert article["language"] == language
    assert text in article["text"]
    assert send(client, name, content) == [line | {"status": "unchanged"}]


def test_what_a_browser_says_of_the_type_changes_nothing(client: TestClient) -> None:
    for kind in ("application/json", "text/html", "multipart/form-data", "application/x-www-form-urlencoded"):
        (line,) = send(client, "bridge.txt", f"{ENGLISH} {kind}", **{"Content-Type": kind})
        assert line["status"] == "added"
        assert client.get(f"/v1/articles/{line['id']}").json()["text"] == f"{ENGLISH} {kind}"


def test_each_line_of_json_lines_is_an_article_and_a_bad_one_harms_no_other(client: TestClient) -> None:
    good = [article_line(f"Bridge number {number} is open.", title=f"Bridge {number}") for number in range(30)]
    outcomes = send(client, "news.jsonl", "\n".join([*good[:10], '{"text": ', "", *good[10:]]))
    assert [line["status"] for line in outcomes].count("added") == 30
    (bad,) = [line for line in outcomes if line["status"] == "rejected"]
    assert bad["name"] == "news.jsonl:11"
    assert "not valid JSON" in bad["reason"]
    assert client.get("/v1/articles").json()["total"] == 30


def test_of_a_file_of_junk_only_so_much_is_read(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.files.MOST_REJECTED", 3)
    lines = send(client, "junk.jsonl", "{}\n" * 3)
    assert [line["name"] for line in lines] == ["junk.jsonl:1", "junk.jsonl:2", "junk.jsonl:3"]
    lines = send(client, "junk.jsonl", "{}\n" * 9)
    assert [line["name"] for line in lines] == ["junk.jsonl:1", "junk.jsonl:2", "junk.jsonl:3", "junk.jsonl"]
    assert "the rest was not read" in lines[-1]["reason"]


def test_a_file_has_only_so_many_articles(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.files.MOST_ARTICLES", 3)
    news = [article_line(f"Bridge number {number} is open.") for number in range(5)]
    assert [line["status"] for line in send(client, "news.jsonl", "\n".join(news[:3]))] == ["added"] * 3
    lines = send(client, "news.jsonl", "\n".join(news))
    assert sorted(line["status"] for line in lines) == ["rejected", *["unchanged"] * 3]
    (last,) = [line for line in lines if line["status"] == "rejected"]
    assert (last["name"], "3 articles: put the rest in another" in last["reason"]) == ("news.jsonl", True)


def test_an_address_is_replaced_and_without_one_the_text_counts(client: TestClient) -> None:
    url = "https://news.example/bridge"
    (first,) = send(client, "one.jsonl", article_line(ENGLISH, url=url))
    (again,) = send(client, "two.jsonl", article_line(f"{ENGLISH} Rain fell.", url=url))
    assert (first["name"], first["status"], again["status"]) == (url, "added", "replaced")
    assert first["id"] == again["id"]
    # Two files of one name are two articles: a browser does not tell in which folder they lie.
    assert [send(client, "a.txt", text)[0]["status"] for text in (ENGLISH, f"{ENGLISH} Snow fell.")] == ["added"] * 2
    assert send(client, "b.txt", ENGLISH)[0]["status"] == "unchanged"
    assert client.get("/v1/articles").json()["total"] == 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "it is empty"),
        ("empty.jsonl", b"\n\n", "it is empty"),
        ("empty.json", b"[]", "list of articles is empty"),
        ("blank.md", b" \n\t", "it is empty"),
        ("junk.txt", bytes(range(256)) * 40, "encoding is not recognised: save it as UTF-8"),
        ("junk.html", b"\0\1\2\3" * 1_000, "convert it to text"),
        ("news.pdf", b"%PDF-1.7 and so on", "convert to text, Markdown or HTML"),
        ("news.docx", b"PK\x03\x04" + b"x" * 100, "Word files (DOCX) cannot be read yet"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0" + b"x" * 100, "images cannot be read yet"),
        ("german.txt", "Die Brücke über den Fluss ist seit Montag wieder offen.".encode(), "another language"),
        ("large.txt", b"The bridge is open. " * 600_000, "over the limit of 10 MB for one article"),
    ],
)
def test_what_is_no_article_is_rejected_with_what_to_do(
    client: TestClient, name: str, content: bytes, reason: str
) -> None:
    (line,) = send(client, name, content)
    assert (line["name"], line["status"]) == (name, "rejected")
    assert reason in line["reason"]
    assert client.get("/v1/articles").json()["total"] == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\me\\secret.txt", "secret.txt"),
        ("file:///etc/passwd", "passwd"),
        ("https://news.example/a.txt", "a.txt"),
        ("..", ".."),
        ("/", "file"),
        ("-", "-"),
        ("*", "*"),
        ("a\0b.txt", "a\0b.txt"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
    ],
)
def test_a_name_opens_nothing_and_is_only_a_name(client: TestClient, name: str, told: str) -> None:
    assert send(client, name, b"")[0] == {"name": told, "id": "", "status": "rejected", "reason": "it is empty"}
    (line,) = send(client, name, ENGLISH)
    assert line["status"] == "added"
    article = client.get(f"/v1/articles/{line['id']}").json()
    assert (article["text"], article["url"], article["source"]) == (ENGLISH, "", "")


def test_a_file_on_the_server_is_another_one_than_a_file_that_is_sent(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Library
) -> None:
    import corpus

    monkeypatch.chdir(tmp_path)
    Path("bridge.txt").write_text(f"{ENGLISH} It is ours.", encoding="utf-8")
    list(library.add(corpus.articles(["bridge.txt"])))
    assert send(client, "bridge.txt", ENGLISH)[0]["status"] == "added"
    assert library.count() == 2


@pytest.mark.parametrize("query", ["", "?name=", f"?name={'n' * 1_001}"])
def test_a_file_needs_a_name(client: TestClient, query: str) -> None:
    problem = assert_problem(client.post(f"/v1/files{query}", content=ENGLISH.encode()), 422)
    assert problem["errors"][0]["parameter"] == "name"


def test_only_posting_is_allowed(client: TestClient) -> None:
    assert_problem(client.get("/v1/files"), 405)


def test_a_page_of_another_site_cannot_send_files(client: TestClient) -> None:
    headers = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
    assert_problem(client.post("/v1/files?name=a.txt", content=ENGLISH.encode(), headers=headers), 403)


def test_the_schema_says_what_is_sent_and_what_comes_back(client: TestClient) -> None:
    route = client.get("/openapi.json").json()["paths"]["/v1/files"]["post"]
    assert list(route["requestBody"]["content"]) == ["application/octet-stream"]
    (kind,) = route["responses"]["200"]["content"]
    assert kind == "application/x-ndjson"
    assert {"413", "422", "503", "507"} <= set(route["responses"])


@pytest.mark.parametrize(("size", "status"), [(49_000_000, 200), (51_000_000, 413)])
def test_a_file_has_at_most_50_mb(client: TestClient, size: int, status: int) -> None:
    line = article_line("The bridge is open.", x="x" * 1_000_000).encode() + b"\n"
    body = line * (size // len(line))
    reply = client.post("/v1/files?name=news.jsonl", content=body)
    assert reply.status_code == status
    if status == 413:
        assert "50,000,000" in assert_problem(reply, 413)["detail"]


# What goes wrong on the way


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (LibraryBusy("another process is writing"), 503, "another process is writing"),
        (OSError(errno.ENOSPC, "No space left on device"), 507, "make room"),
        (ZeroDivisionError("secret"), 500, "log"),
    ],
)
def test_what_stops_the_first_article_is_a_problem_and_later_a_line(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, words: str
) -> None:
    body = "\n".join(article_line(f"Bridge {number} is open.") for number in range(3))
    add = Library.add

    def adding(library: Library, items: Any, after: int = 0) -> Iterator[Any]:
        yield from add(library, [item for item, _ in zip(items, range(after), strict=False)])
        raise failure

    monkeypatch.setattr(Library, "add", adding)
    assert words in assert_problem(client.post("/v1/files?name=a.jsonl", content=body), status)["detail"]
    monkeypatch.setattr(Library, "add", lambda library, items: adding(library, items, 2))
    lines = send(client, "a.jsonl", body)
    assert [line["status"] for line in lines] == ["added", "added", "rejected"]
    assert words in lines[2]["reason"]
    assert "secret" not in lines[2]["reason"]
    assert client.get("/v1/articles").json()["total"] == 2


def test_when_too_many_add_at_once_the_next_is_refused_and_served_later(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = app.state.service
    monkeypatch.setattr(service, "_adding", threading.BoundedSemaphore(1))
    monkeypatch.setattr("ui.service.PATIENCE", 0.01)
    with service.adding():
        reply = client.post("/v1/files?name=a.txt", content=ENGLISH)
        assert_problem(reply, 503)
        assert reply.headers["retry-after"]
    assert send(client, "a.txt", ENGLISH)[0]["status"] == "added"
    with service.adding():
        pass  # the place was given back


def test_lines_come_while_the_rest_is_still_being_read(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whoever goes away then leaves what was added, and no lock or place behind."""
    monkeypatch.setattr(app.state.service, "_adding", places := threading.BoundedSemaphore(1))
    monkeypatch.setattr("index.adding._GROUP", 1)
    go_on, stopped = threading.Event(), threading.Event()
    add = Library.add

    def slowly(items: Any) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 4:  # two groups are on their way while the next is read
                go_on.wait(20)
            yield item

    def adding(library: Library, items: Any) -> Iterator[Any]:
        try:
            yield from add(library, slowly(items))
        finally:
            stopped.set()

    monkeypatch.setattr(Library, "add", adding)
    body = "\n".join(article_line(f"Bridge {number} is open.") for number in range(50)).encode()
    library = app.state.service.library
    with serving(app) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
            head = f"POST /v1/files?name=a.jsonl HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
            stream.sendall(head.encode() + body)
            received = b""
            while received.count(b'"added"') < 2:
                received += stream.recv(10_000)
            assert b'"Bridge 4' not in received
        time.sleep(0.3)  # for the server to see that nobody listens
        go_on.set()
        assert stopped.wait(20)
        assert places.acquire(timeout=20)
        assert 2 <= library.count() < 50
        with library._lock(wait=0):
            pass
    assert library.search("bridge", Language.EN)


def test_a_file_that_breaks_off_is_not_added(app: FastAPI) -> None:
    with serving(app) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
            stream.sendall(
                b"POST /v1/files?name=a.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n\r\nThe bri"
            )
        time.sleep(0.3)
        assert app.state.service.library.count() == 0
        with app.state.service.adding():
            pass


def test_documents_are_read_line_by_line() -> None:
    """However many lines a file has, no more than one of them is held."""
    from corpus import sent_articles

    class Endless:
        read_so_far = 0

        def readline(self, _: int) -> bytes:
            self.read_so_far += 1
            return article_line("The bridge is open.").encode() + b"\n"

    stream = Endless()
    next(iter(sent_articles("a.ndjson", cast(Any, stream))))
    assert stream.read_so_far == 1
