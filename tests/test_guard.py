"""Keys, rates, names and frames: who gets through to any door, and what is told of it."""

import inspect
import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from conftest import make_article
from fastapi import FastAPI
from fastapi.testclient import TestClient
from filelock import FileLock
from limits import parse
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from index.library import Library
from qa.pipeline import Answerer
from ui import entry, problems
from ui.api import healthz
from ui.app import Settings, assemble
from ui.guard import Guard
from ui.keys import FILE, LOCK, Keys, KeyTrouble

# Gradio makes event loops that nobody closes.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

HOST = "http://127.0.0.1:7860"
ROOT = Path(__file__).parents[1]
DOORS = [
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/gradio_api/info"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/ask"),
    ("POST", "/gradio_api/call/ask"),
    ("POST", "/gradio_api/mcp/"),
    ("GET", "/gradio_api/mcp/schema"),
    ("POST", "/v1/ask"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("GET", "/v1/articles"),
    ("POST", "/v1/articles"),
    ("POST", "/v1/files"),
    ("DELETE", "/v1/articles/bridge"),
    ("GET", "/article/bridge"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
    ("GET", "/nothing"),
    ("GET", "/healthz/"),
    ("GET", "//healthz"),
]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture
def guarded(keys: Keys) -> Callable[..., TestClient]:
    """A guard in front of an application that says yes to everything but the key page."""

    def build(host: str = "127.0.0.1", base: str = HOST, **options: Any) -> TestClient:
        inner = FastAPI()
        inner.include_router(entry.router(keys))
        inner.mount("/", PlainTextResponse("yes"))
        guard = Guard(inner, host=host, keys=keys, **options)
        return TestClient(guard, base, follow_redirects=False)

    return build


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    """The whole application with a key, and the key."""
    from conftest import WordEncoder

    folder = tmp_path_factory.mktemp("locked")
    library = Library.open(folder, encoder=WordEncoder(), cache=folder / "cache")
    list(library.add([make_article("The bridge is open.", id="bridge")]))
    key = Keys(folder).add("test")
    with TestClient(assemble(Answerer(library), Settings(folder)), HOST) as client:
        yield client, key


# --- keys


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_no_door_opens_without_a_key(locked: tuple[TestClient, str], method: str, path: str) -> None:
    client, key = locked
    for headers in ({}, {"Authorization": f"Bearer {key}x"}, {"Authorization": f"Basic {key}"}, {"Cookie": "a=b"}):
        reply = client.request(method, path, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert reply.headers["content-type"] == "application/problem+json"
    assert client.request(method, path, headers={"Authorization": f"Bearer {key}"}).status_code != 401
    assert client.request(method, path, headers={"Cookie": f"{entry.COOKIE}={key}"}).status_code != 401
    if (method, path) == ("DELETE", "/v1/articles/bridge"):
        assert client.get("/v1/articles/bridge", headers={"Authorization": f"Bearer {key}"}).status_code == 404


def test_health_is_told_to_everyone(locked: tuple[TestClient, str]) -> None:
    assert locked[0].get("/healthz").status_code == 200


def test_health_is_told_when_all_threads_are_taken() -> None:
    assert inspect.iscoroutinefunction(healthz)  # it waits for no thread


def test_a_browser_is_asked_for_the_key_once(guarded: Callable[..., TestClient], keys: Keys) -> None:
    key = keys.add("reader")
    client = guarded()
    page = client.get("/?q=a%20b&lang=ru", headers={"Accept": "text/html,*/*", "Accept-Language": "ru"})
    assert page.status_code == 401
    assert 'lang="ru"' in page.text and 'value="/?q=a%20b&amp;lang=ru"' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    wrong = client.post("/key", data={"key": "cw_guess", "next": "/docs"})
    assert wrong.status_code == 401 and 'role="alert"' in wrong.text and "set-cookie" not in wrong.headers
    entered = client.post("/key", data={"key": f" {key} ", "next": "/?q=a%20b&lang=ru"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/?q=a%20b&lang=ru")
    flags = entered.headers["set-cookie"].lower()
    assert "httponly" in flags and "samesite=strict" in flags and "secure" not in flags
    assert client.get("/").text == "yes"  # the client keeps cookies as a browser does


def test_a_browser_sends_the_form_with_the_page_it_comes_from(guarded: Callable[..., TestClient], keys: Keys) -> None:
    key = keys.add("reader")
    client = guarded()
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.headers["referrer-policy"] == "same-origin"  # else the browser sends `Origin: null`
    assert client.post("/key", data={"key": key}, headers={"Origin": "null"}).status_code == 403
    assert client.post("/key", data={"key": key}, headers={"Origin": HOST}).status_code == 303
    assert client.get("/").headers["referrer-policy"] == "no-referrer"


def test_a_form_is_no_larger_than_a_key_needs(guarded: Callable[..., TestClient], keys: Keys) -> None:
    key = keys.add("reader")
    assert guarded().post("/key", data={"key": key, "next": "/" + "x" * 4_000}).status_code == 413
    many = "&".join(["a=b"] * 10)
    assert guarded().post("/key", content=f"{many}&key={key}").status_code == 401
    assert guarded().post("/key", content=f"key={key}").status_code == 303


def test_over_https_the_cookie_stays_there(guarded: Callable[..., TestClient], keys: Keys) -> None:
    entered = guarded(base="https://localhost").post("/key", data={"key": keys.add("reader")})
    assert "secure" in entered.headers["set-cookie"].lower()


@pytest.mark.parametrize("then", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nX: y"])
def test_a_key_leads_to_no_other_site(guarded: Callable[..., TestClient], keys: Keys, then: str) -> None:
    entered = guarded().post("/key", data={"key": keys.add("reader"), "next": then})
    assert entered.headers["location"] == "/"
    assert "x" not in entered.headers


def test_a_removed_key_opens_nothing_and_removing_the_last_does_not_open_a_locked_server(
    guarded: Callable[..., TestClient], keys: Keys, tmp_path: Path
) -> None:
    first, second = keys.add("first"), keys.add("second")
    client = guarded(needs_key=True)
    assert client.get("/", headers={"Authorization": f"Bearer {first}"}).status_code == 200
    assert Keys(tmp_path).remove("first")  # another process: `citewire keys remove first`
    assert client.get("/", headers={"Authorization": f"Bearer {first}"}).status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {second}"}).status_code == 200
    assert keys.remove("second") and not keys.remove("second")
    assert client.get("/").status_code == 401
    assert guarded().get("/").status_code == 200


def test_a_damaged_file_of_keys_lets_nobody_in(guarded: Callable[..., TestClient], keys: Keys, tmp_path: Path) -> None:
    key = keys.add("reader")
    client = guarded()
    short = '[{"name": "a", "sha256": "ab", "created": "2026"}]'
    unnamed = json.dumps([{"name": 1, "sha256": "a" * 64, "created": "2026"}])
    for content in ("", "{", '[{"name": 1}]', "[1]", "null", "{}", short, unnamed):
        (tmp_path / FILE).write_text(content)
        with structlog.testing.capture_logs() as lines:
            reply = client.get("/", headers={"Authorization": f"Bearer {key}"})
        assert reply.status_code == 503
        assert reply.json()["detail"] == "The keys cannot be read; the server's log says why."
        assert str(tmp_path) not in reply.text and str(tmp_path) in lines[0]["reason"]
        assert client.get("/healthz").status_code == 200
        with pytest.raises(KeyTrouble, match="damaged"):
            Keys(tmp_path).add("another")


def test_two_who_change_the_keys_at_once_lose_none(tmp_path: Path) -> None:
    names = {f"reader {number}" for number in range(30)}
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda name: Keys(tmp_path).add(name), names))
        assert {key.name for key in Keys(tmp_path).all()} == names
        assert all(pool.map(lambda name: Keys(tmp_path).remove(name), names))
    assert Keys(tmp_path).all() == ()


def test_keys_that_another_process_keeps_changing_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.keys.WAIT", 0.01)
    with FileLock(tmp_path / LOCK), pytest.raises(KeyTrouble, match="try again"):
        Keys(tmp_path).add("reader")
    assert Keys(tmp_path).all() == ()


def test_only_hashes_are_kept_and_only_for_their_owner(keys: Keys, tmp_path: Path) -> None:
    key = keys.add("reader")
    kept = tmp_path / FILE
    assert key not in kept.read_text() and key.removeprefix("cw_") not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert keys.owner(key) == "reader"
    assert keys.owner("") is keys.owner(json.loads(kept.read_text())[0]["sha256"]) is None
    with pytest.raises(KeyTrouble, match="remove it first"):
        keys.add("reader")


def test_a_key_is_compared_with_every_stored_one_in_constant_time(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        key = keys.add(name)
    compared: list[tuple[str, str]] = []
    monkeypatch.setattr("hmac.compare_digest", lambda one, other: compared.append((one, other)) or one == other)
    assert keys.owner(key) == "c" and len(compared) == 3
    assert keys.owner("cw_wrong") is None and len(compared) == 6


def test_an_open_server_lets_no_other_site_read_its_replies(library: Library) -> None:
    # Away from localhost Gradio alone would echo any origin, and allow it credentials.
    app = assemble(Answerer(library), Settings(library.folder, host="0.0.0.0"))
    client = TestClient(app, "http://10.1.2.3:7860", headers={"Origin": "https://evil.example"})
    for path in ("/", "/config", "/gradio_api/info", "/v1/articles", "/docs"):
        headers = client.get(path).headers
        assert not [name for name in headers if name.startswith("access-control")], path
    assert client.post("/gradio_api/run/ask", json={"data": ["Who?"]}).status_code == 403


# --- rates


def test_a_rate_holds_for_each_key_and_each_address(guarded: Callable[..., TestClient], keys: Keys) -> None:
    one, other = ({"Authorization": f"Bearer {keys.add(name)}"} for name in ("one", "other"))
    client = guarded(rate=parse("2/minute"))
    assert [client.post("/v1/ask", headers=one).status_code for _ in range(3)] == [200, 200, 429]
    assert client.post("/gradio_api/mcp/", headers=other).status_code == 200
    assert [client.get("/docs").status_code for _ in range(3)] == [401, 401, 429]  # guessing counts too


def test_whoever_asks_too_often_is_told_when_to_come_back(guarded: Callable[..., TestClient]) -> None:
    client = guarded(rate=parse("1/minute"))
    assert client.get("/").status_code == 200
    reply = client.post("/gradio_api/queue/join")
    assert reply.status_code == 429 and "1 per 1 minute" in reply.json()["detail"]
    assert 1 <= int(reply.headers["retry-after"]) <= 60


def test_the_pages_own_files_and_the_health_check_do_not_count(guarded: Callable[..., TestClient]) -> None:
    client = guarded(rate=parse("1/minute"))
    for path in ["/assets/index.js", "/theme.css", "/gradio_api/heartbeat/a", "/healthz"] * 3:
        assert client.get(path).status_code == 200
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", "config info openapi.json mcp/schema queue/data call/ask/1".split())
def test_what_gradio_works_for_counts(guarded: Callable[..., TestClient], path: str) -> None:
    client = guarded(rate=parse("1/minute"))
    whole = "/config" if path == "config" else f"/gradio_api/{path}"
    assert [client.get(whole).status_code for _ in range(2)] == [200, 429]


def test_an_address_is_not_counted_as_the_key_of_its_name(guarded: Callable[..., TestClient], keys: Keys) -> None:
    key = keys.add("testclient")  # the address that the client gives
    client = guarded(rate=parse("1/minute"))
    assert client.get("/").status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("a", "b", False),
    ],
)
def test_the_addresses_of_one_network_count_together(
    guarded: Callable[..., TestClient], one: str, other: str, together: bool
) -> None:
    guard = guarded(rate=parse("1/minute")).app
    clients = [TestClient(guard, HOST, client=(address, 1)) for address in (one, other)]
    assert [client.get("/").status_code for client in clients] == [200, 429 if together else 200]


@pytest.mark.parametrize("path", ["upload", "custom_component/a/client/component/x.js", "deep_link", "monitoring"])
def test_what_nothing_here_needs_of_gradio_is_closed(guarded: Callable[..., TestClient], path: str) -> None:
    whole = "/monitoring" if path == "monitoring" else f"/gradio_api/{path}"
    assert guarded().get(whole).status_code == 404


# --- names and frames


def test_other_names_of_the_server_can_be_allowed(guarded: Callable[..., TestClient]) -> None:
    client = guarded(names=["Ask.example"])
    assert client.get("/", headers={"Host": "ask.example:443"}).status_code == 200
    assert client.get("/", headers={"Host": "other.example"}).status_code == 400


def test_only_allowed_sites_may_frame_the_chat(guarded: Callable[..., TestClient]) -> None:
    policy = "content-security-policy"
    assert guarded().get("/").headers[policy].endswith("frame-ancestors 'self'")
    allowed = guarded(frames=["https://news.example", "https://*.paper.example"]).get("/").headers[policy]
    assert allowed.endswith("frame-ancestors 'self' https://news.example https://*.paper.example")


# --- what is told


def test_a_request_keeps_the_id_it_came_with(guarded: Callable[..., TestClient]) -> None:
    client = guarded()
    assert client.get("/", headers={"X-Request-ID": "abc-1.2"}).headers["x-request-id"] == "abc-1.2"
    for hostile in ("a b", "x" * 65, '"}', ""):
        given = client.get("/", headers={"X-Request-ID": hostile}).headers["x-request-id"]
        assert given != hostile and len(given) == 16
    assert client.get("/", headers={"Host": "evil.example"}).headers["x-request-id"]  # refusals have one too


def test_requests_are_logged_with_their_id_and_without_their_query(guarded: Callable[..., TestClient]) -> None:
    client = guarded()
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        client.get("/?q=secret", headers={"X-Request-ID": "one"})
        client.get("/assets/index.js")
        client.get("/gradio_api/upload")
    assert [(line["path"], line["status"]) for line in lines] == [("/", 200), ("/gradio_api/upload", 404)]
    assert lines[0]["request_id"] == "one" and "secret" not in str(lines)


def test_a_question_is_logged_with_the_id_of_its_request(locked: tuple[TestClient, str]) -> None:
    client, key = locked
    headers = {"Authorization": f"Bearer {key}", "X-Request-ID": "mine"}
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        assert client.post("/v1/ask", json={"question": "Is the bridge open?"}, headers=headers).status_code == 200
    asked = cast(dict[str, Any], next(line for line in lines if line["event"] == "question"))
    assert (asked["request_id"], asked["door"]) == ("mine", "rest")
    assert "bridge" not in str(asked)


@pytest.mark.parametrize("begun", [False, True])
def test_a_reply_to_an_unexpected_error_is_like_any_other(keys: Keys, begun: bool) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await problems.problem(500, "told already")(scope, receive, send)
        raise ZeroDivisionError("secret")

    client = TestClient(Guard(broken, host="127.0.0.1", keys=keys), HOST, raise_server_exceptions=False)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        reply = client.get("/", headers={"X-Request-ID": "mine"})
    assert reply.status_code == 500
    assert reply.json()["detail"] == ("told already" if begun else problems.UNEXPECTED)
    assert reply.headers["x-request-id"] == "mine" and "content-security-policy" in reply.headers
    assert [(line["request_id"], line.get("status"), line.get("exc_info")) for line in lines] == [
        ("mine", None, True),
        ("mine", 500, None),
    ]


def test_an_unexpected_error_of_the_whole_application_has_its_id(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = assemble(Answerer(library), Settings(library.folder))
    monkeypatch.setattr(Library, "articles", lambda *_, **__: 1 / 0)
    client = TestClient(app, HOST, raise_server_exceptions=False)
    reply = client.get("/v1/articles", headers={"X-Request-ID": "mine"})
    assert (reply.status_code, reply.headers["x-request-id"]) == (500, "mine")
    assert reply.headers["x-content-type-options"] == "nosniff"


# --- the log

WRITING = """
import logging, sys
import structlog
from ui import logs

def fail(key):
    raise ZeroDivisionError(HOSTILE)

sys.stderr.isatty = lambda: TERMINAL
logs.configure()
structlog.get_logger("citewire").info("request", path=HOSTILE)
for log in (structlog.get_logger("citewire"), logging.getLogger("library")):
    try:
        fail("cw_" + "value")
    except ZeroDivisionError:
        log.exception("failed")
logging.getLogger("library").warning("odd path %s", HOSTILE)
"""
HOSTILE = "/\x1b]0;a\x07\x9b2J\x7f\u202e\nforged"


@pytest.mark.parametrize("terminal", [False, True])
def test_the_log_shows_no_local_values_and_nothing_that_a_terminal_would_obey(terminal: bool) -> None:
    code = f"TERMINAL, HOSTILE = {terminal}, {HOSTILE!a}\n{WRITING}"
    # A process of its own: logging is configured for the whole process.
    ran = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, cwd=ROOT, check=True)
    shown = ran.stderr.decode()
    assert shown.count("ZeroDivisionError") == 2
    assert "cw_value" not in shown
    without_colours = re.sub(r"\x1b\[\d*m", "", shown)
    assert not [char for char in without_colours if not char.isprintable() and char != "\n"]
    if terminal:
        assert r"path=/\x1b]0;a\x07\x9b2J\x7f\u202e\nforged" in without_colours
    else:
        lines = [json.loads(line) for line in shown.splitlines()]
        assert (len(lines), lines[0]["path"]) == (4, HOSTILE)
        assert lines[1]["exception"][0]["frames"][-1]["name"] == "fail"
