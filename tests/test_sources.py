import gzip
import io
import json
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import corpus
import corpus.fetch
from corpus import Article, Document, Rejection, count_documents, documents
from corpus.network import is_public
from corpus.readers import LARGEST_DOCUMENT

ENGLISH = "China and Russia agreed in Moscow to strengthen cooperation in science and technology."
PAGE = f"<html><head><title>News</title></head><body><article><p>{ENGLISH}</p></article></body></html>".encode()


def found(*places: str | Path, stdin: bytes = b"", allow_loopback: bool = False) -> list[Document | Rejection]:
    return list(documents(map(str, places), stdin=io.BytesIO(stdin), allow_loopback=allow_loopback))


def names(*places: str | Path) -> list[str]:
    return [item.name for item in found(*places)]


def rejected(*places: str | Path, **options: Any) -> str:
    """The reason of the only thing found, which must be a rejection in one line."""
    (item,) = found(*places, **options)
    assert isinstance(item, Rejection)
    assert "\n" not in item.reason
    return item.reason


# Files, folders, patterns


def test_a_file_is_one_document_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\ntwo")
    assert found(path) == [Document(str(path), b"one\r\ntwo")]


def test_a_file_with_an_unknown_suffix_or_none_is_tried_when_named(tmp_path: Path) -> None:
    for name in ("README", "story.news", ".hidden.txt"):
        (tmp_path / name).write_text(ENGLISH)
        assert found(tmp_path / name) == [Document(str(tmp_path / name), ENGLISH.encode())]


def test_a_folder_gives_its_known_files_sorted_and_skips_the_rest_silently(tmp_path: Path) -> None:
    for name in ("b.txt", "a.MD", "sub/c.html", "sub/deep/d.txt", "photo.png", "x.pdf", "README", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(ENGLISH)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "e.txt").write_text(ENGLISH)
    expected = ["a.MD", "b.txt", "sub/c.html", "sub/deep/d.txt"]
    assert names(tmp_path) == [str(tmp_path / name) for name in expected]


def test_a_folder_without_articles_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    assert "holds no articles (.txt" in rejected(tmp_path)


def test_missing_paths_and_circular_links_are_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ENGLISH)
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "dangling.txt").symlink_to("nowhere.txt")
    missing, loop, good = found(tmp_path / "none.txt", tmp_path / "loop.txt", tmp_path / "a.txt")
    assert isinstance(missing, Rejection) and "no such file or folder" in missing.reason
    assert isinstance(loop, Rejection) and "too many levels of symbolic links" in loop.reason
    assert isinstance(good, Document)
    assert [type(item).__name__ for item in found(tmp_path)] == ["Document", "Rejection", "Rejection"]


def test_a_link_to_a_folder_is_not_followed_so_circles_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ENGLISH)
    (tmp_path / "self").symlink_to(tmp_path)
    document, link = found(tmp_path)
    assert isinstance(document, Document)
    assert link == Rejection(
        str(tmp_path / "self"), "it is a link to a folder, which is not followed: name that folder itself"
    )
    assert names(tmp_path / "self")[0] == str(tmp_path / "self" / "a.txt")


def test_a_pipe_is_rejected_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "pipe" in rejected(tmp_path / "pipe.txt")
    assert "device" in rejected("/dev/zero")


def test_a_file_that_may_not_be_read_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_text(ENGLISH)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "permission denied" in rejected(tmp_path / "a.txt")


def test_a_name_that_is_not_utf8_can_be_printed(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.txt"
    Path(os.fsdecode(path)).write_text(ENGLISH)
    assert names(tmp_path) == [f"{tmp_path}/\ufffd.txt"]


@pytest.mark.parametrize("place", ["", "a\0b"])
def test_a_place_that_is_no_path_is_rejected(place: str) -> None:
    assert rejected(place)


def test_a_large_file_is_rejected_by_its_size_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(50_000_000)
    assert "50.00 MB is over the limit of 10 MB" in rejected(tmp_path / "large.txt")


def test_patterns_match_files_at_any_depth_and_take_what_they_name(tmp_path: Path) -> None:
    for name in ("a.txt", "b.md", "c.dat", "sub/d.txt", "sub/.e.txt", ".f/g.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(ENGLISH)
    relative = {
        "*.txt": ["a.txt"],
        "**/*.txt": ["a.txt", "sub/d.txt"],
        "**": ["a.txt", "b.md", "sub/d.txt"],
        "*": ["a.txt", "b.md", "sub/d.txt"],
        "*.dat": ["c.dat"],
        "[ab].*": ["a.txt", "b.md"],
        "s?b/*.txt": ["sub/d.txt"],
    }
    for pattern, expected in relative.items():
        assert names(tmp_path / pattern) == [str(tmp_path / name) for name in expected], pattern


def test_a_relative_pattern_starts_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(ENGLISH)
    monkeypatch.chdir(tmp_path)
    assert names("*.txt") == ["a.txt"]


def test_a_pattern_through_circular_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ENGLISH)
    for name in ("one", "two", "three"):
        (tmp_path / name).symlink_to(tmp_path)
    assert names(tmp_path / "**" / "*.txt") == [str(tmp_path / "a.txt")]


def test_a_pattern_without_a_match_is_rejected(tmp_path: Path) -> None:
    assert "nothing matches" in rejected(tmp_path / "*.txt")
    assert rejected(tmp_path / "a**b")


def test_brackets_in_the_name_of_a_file_are_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "news[1].txt").write_text(ENGLISH)
    assert names(tmp_path / "news[1].txt") == [str(tmp_path / "news[1].txt")]


# JSON


def test_json_lines_are_one_document_a_line_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "one"}\n\n \r\n{"text": "two"}\r\n{"text": "three"}')
    assert names(path) == [f"{path}:1", f"{path}:4", f"{path}:5"]
    assert {item.media_type for item in found(path) if isinstance(item, Document)} == {"application/json"}


def test_json_lines_are_read_as_they_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "large.ndjson"
    line = json.dumps({"text": "x" * 1_000_000}) + "\n"
    with path.open("w") as file:
        file.writelines(line for _ in range(50))
    items = documents([str(path)])
    first = next(items)
    assert isinstance(first, Document) and len(first.content) < 1_100_000
    assert sum(1 for _ in items) == 49


def test_a_line_over_the_limit_is_skipped_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "one"}\n' + b"x" * (2 * LARGEST_DOCUMENT) + b'\n{"text": "three"}\n')
    one, long, three = found(path)
    assert isinstance(one, Document) and isinstance(three, Document)
    assert three.name == f"{path}:3"
    assert isinstance(long, Rejection) and long.name == f"{path}:2" and "10 MB" in long.reason


def test_json_lines_that_are_empty_or_in_utf16_are_rejected_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n \n")
    assert "empty" in rejected(path)
    path.write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-16")
    assert "UTF-16" in rejected(path)


def test_a_json_file_holds_one_article_or_a_list_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"text": ENGLISH}, indent=2))
    assert names(path) == [str(path)]
    path.write_text(json.dumps([{"text": "one \ud800"}, {"text": "two"}], indent=2))
    first, second = found(path)
    assert isinstance(first, Document) and json.loads(first.content) == {"text": "one \ud800"}
    assert second.name == f"{path}:2"
    path.write_text("[]")
    assert "empty" in rejected(path)


# Standard input


def test_documents_are_counted_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder/below").mkdir(parents=True)
    Path("folder/a.txt").write_text(ENGLISH)
    Path("folder/below/b.jsonl").write_text('{"text": "x"}\n\n{"text": "y"}')
    Path("folder/c.json").write_text('{"text": "x"}')
    Path("empty.jsonl").touch()
    places = ["folder", "folder/*.txt", "folder/**", "empty.jsonl", "missing.txt", "missing*", "", "./**x", "a\0"]
    for place in places:
        assert count_documents([place]) == len(found(place)), place
    assert count_documents([*places, "https://news.example/a"]) == len(found(*places)) + 1


def test_what_a_quick_look_cannot_count_has_no_number(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('\ufeff [{"text": "x"}]', encoding="utf-8")
    with (tmp_path / "large.jsonl").open("wb") as file:
        file.truncate(2 << 30)
    for place in ("-", tmp_path / "list.json", tmp_path / "large.jsonl", tmp_path):
        assert count_documents([str(place)]) is None


def test_standard_input_is_a_text() -> None:
    assert found("-", stdin=b"\n\nOne.\n\nTwo.\n") == [Document("-", b"One.\n\nTwo.\n")]
    assert found("-", stdin=b"") == [Document("-", b"")]


def test_standard_input_is_json_lines_when_its_first_line_is_an_object() -> None:
    items = found("-", stdin=b'\n{"text": "one"}\n\n{"text": "two"}\n')
    assert [item.name for item in items] == ["-:2", "-:4"]


def test_standard_input_may_be_a_json_list_or_an_indented_object() -> None:
    assert [i.name for i in found("-", stdin=json.dumps([{"text": "one"}, {"text": "two"}], indent=1).encode())] == [
        "-:1",
        "-:2",
    ]
    (article,) = corpus.articles(["-"], stdin=io.BytesIO(json.dumps({"text": ENGLISH}, indent=1).encode()))
    assert isinstance(article, Article) and article.text == ENGLISH


# The room's door


def test_a_batch_goes_on_past_everything_that_is_no_article(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {"a.txt": ENGLISH, "b.txt": "\0", "c.txt": "break it", "d.txt": ENGLISH}.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr("corpus.readers.plain_draft", breaking_on("break it", corpus.readers.plain_draft))
    items = list(corpus.articles([str(tmp_path)]))
    assert [type(item) for item in items] == [Article, Rejection, Rejection, Article]
    assert isinstance(items[2], Rejection) and "RecursionError" in items[2].reason


def breaking_on(text: str, draft: Callable[[str], Any]) -> Callable[[str], Any]:
    def broken(given: str) -> Any:
        if given == text:
            raise RecursionError("maximum\nrecursion depth exceeded")
        return draft(given)

    return broken


# Web pages


class Pages(BaseHTTPRequestHandler):
    """What the local server answers, by path: a function of the handler."""

    answers: dict[str, Callable[["Pages"], None]] = {}  # noqa: RUF012
    asked: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        self.answers[self.path](self)

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answering(body: bytes = PAGE, status: int = 200, **headers: str) -> Callable[[Pages], None]:
    return lambda handler: handler.answer(body, status, **{"Content_Type": "text/html", **headers})


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that hang up in the middle of a large answer are what is tested."""


@pytest.fixture
def site() -> Iterator[str]:
    Pages.answers, Pages.asked = {}, []
    server = Server(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_is_fetched_with_what_the_server_says_of_it(site: str) -> None:
    Pages.answers["/a?b=1"] = answering(Content_Type="text/html; charset=KOI8-R")
    url = f"{site}/a?b=1#part"
    assert found(url, allow_loopback=True) == [Document(url, PAGE, "text/html", "KOI8-R", url)]
    assert Pages.asked[0][1]["User-Agent"] == "Citewire/0.1"
    assert Pages.asked[0][1]["Host"] == site.removeprefix("http://")


def test_a_fetched_page_becomes_an_article_with_its_address_as_given(site: str) -> None:
    Pages.answers["/old"] = answering(b"", 301, Location="/new?x=1")
    Pages.answers["/new?x=1"] = answering()
    (article,) = corpus.articles([f"{site}/old"], allow_loopback=True)
    assert isinstance(article, Article)
    assert (article.url, article.text, article.source) == (f"{site}/old", ENGLISH, "127.0.0.1")
    assert article.fetched_at is not None and article.fetched_at.tzinfo is not None


def test_proxies_of_the_environment_are_not_asked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Pages.answers["/"] = answering()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(found(site, allow_loopback=True)[0], Document)


def test_compressed_pages_are_unpacked(site: str) -> None:
    Pages.answers["/"] = answering(gzip.compress(PAGE), Content_Encoding="gzip")
    (document,) = found(f"{site}/", allow_loopback=True)
    assert isinstance(document, Document) and document.content == PAGE


def test_highly_compressed_pages_within_the_limit_arrive_whole(site: str) -> None:
    body = b"<p>" + b"a" * 9_000_000
    Pages.answers["/"] = answering(gzip.compress(body), Content_Encoding="gzip")
    (document,) = found(f"{site}/", allow_loopback=True)
    assert isinstance(document, Document) and document.content == body


def test_a_decompression_bomb_is_refused_before_it_unfolds(site: str) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(100)) + packer.flush()
    assert len(bomb) < 200_000
    Pages.answers["/"] = answering(bomb, Content_Encoding="gzip")
    assert "over the limit of 10 MB" in rejected(f"{site}/", allow_loopback=True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering(status=404), "404 Not Found"),
        (answering(status=503), "503"),
        (answering(status=204), "204"),
        (answering(status=302), "302"),
        (answering(Content_Type="application/pdf"), "application/pdf"),
        (answering(Content_Type="image/png"), "image/png"),
        (answering(Content_Encoding="br"), "'br'"),
        (answering(gzip.compress(PAGE)[:-20], Content_Encoding="gzip"), "ends before its end"),
        (answering(PAGE, Content_Encoding="gzip"), "cannot be fetched"),
        (answering(b"x" * (LARGEST_DOCUMENT + 1)), "over the limit of 10 MB"),
        (answering(b"", 302, Location="/"), "redirects more than 5 times"),
        (answering(b"", 302, Location="ftp://127.0.0.1/x"), "no http or https address"),
        (answering(b"", 302, Location="file:///etc/passwd"), "no http or https address"),
        (answering(b"", 302, Location="http://user:secret@127.0.0.1/"), "user name or password"),
        (answering(b"", 302, Location="http://169.254.169.254/latest/meta-data/"), "no public address"),
        (answering(b"", 302, Location="http://10.0.0.1/"), "no public address"),
        (answering(b"", 302, Location="http://[::ffff:10.0.0.1]/"), "no public address"),
        (answering(b"", 302, Location="//[fd00:ec2::254]/"), "no public address"),
    ],
)
def test_what_is_no_readable_page_is_rejected(site: str, answer: Callable[[Pages], None], reason: str) -> None:
    Pages.answers["/"] = answer
    assert reason in rejected(f"{site}/", allow_loopback=True)


def test_a_body_without_an_end_is_cut_off_at_the_limit(site: str) -> None:
    def endless(handler: Pages) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 100_000)
        except OSError:
            pass

    Pages.answers["/"] = endless
    assert "over the limit" in rejected(f"{site}/", allow_loopback=True)


@pytest.mark.parametrize("headers_too", [False, True])
def test_a_server_that_drips_is_given_up_at_the_deadline(
    site: str, monkeypatch: pytest.MonkeyPatch, headers_too: bool
) -> None:
    def drip(handler: Pages) -> None:
        if not headers_too:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/html")
            handler.end_headers()
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500:
                handler.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass

    Pages.answers["/"] = drip
    monkeypatch.setattr(corpus.fetch, "_SECONDS", 0.5)
    started = time.monotonic()
    assert "seconds" in rejected(f"{site}/", allow_loopback=True)
    assert time.monotonic() - started < 2


def test_a_name_server_that_never_answers_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1.5) or [])
    monkeypatch.setattr(corpus.fetch, "_SECONDS", 0.3)
    started = time.monotonic()
    assert "seconds" in rejected("http://slow.example/")
    assert time.monotonic() - started < 1.2


def test_a_server_that_is_not_there_is_rejected() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert "cannot be fetched" in rejected(f"http://127.0.0.1:{port}/", allow_loopback=True)


def test_a_server_that_talks_something_else_is_rejected(site: str) -> None:
    Pages.answers["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")  # type: ignore[assignment, return-value]
    assert "cannot be fetched" in rejected(f"{site}/", allow_loopback=True)
    assert "cannot be fetched" in rejected(site.replace("http:", "https:"), allow_loopback=True)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/a.txt", "file:///etc/passwd", "gopher://x/", "http://", "http://a b/"]
)
def test_other_addresses_than_web_addresses_are_rejected(url: str) -> None:
    assert "address" in rejected(url)


def test_addresses_with_credentials_are_rejected() -> None:
    assert "user name or password" in rejected("http://user:secret@example.com/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0"]
)
def test_this_machine_is_refused_however_its_address_is_written(site: str, host: str) -> None:
    Pages.answers["/"] = answering()
    port = site.rpartition(":")[2]
    reason = rejected(f"http://{host}:{port}/")
    assert "no public address" in reason or "no web address" in reason
    assert Pages.asked == []


def test_a_public_name_with_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.215.14", "192.168.1.1")
    assert "192.168.1.1, no public address" in rejected("https://rebind.example/")


def test_the_address_that_was_checked_is_the_one_connected_to(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look-up, which a rebinding name server would answer differently, must not happen."""
    looked_up = []
    real = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **options: Any) -> Any:
        looked_up.append(host)
        return real("127.0.0.1" if host == "news.example" else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    Pages.answers["/"] = answering()
    port = site.rpartition(":")[2]
    (document,) = found(f"http://news.example:{port}/", allow_loopback=True)
    assert isinstance(document, Document)
    assert looked_up == ["news.example", "127.0.0.1"]
    assert Pages.asked[0][1]["Host"] == f"news.example:{port}"


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


@pytest.mark.parametrize(
    "address",
    """0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254
    172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:169.254.169.254
    64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001:0:4136:e378:8000:63bf:3fff:fdd2
    2001:db8::1 100::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 5f00::1""".split(),
)
def test_addresses_inside_some_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    "8.8.8.8 93.184.215.14 2606:4700::1111 2a02:6b8::1 64:ff9b::808:808 2002:808:808:: ::ffff:8.8.8.8".split(),
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)
