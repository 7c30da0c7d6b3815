"""Guests: readers who need a key, and pages of other sites that show the chat in a frame."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import PHONE, WIDE, Visit, ask, chromium, served, violations
from conftest import WordEncoder, make_article
from playwright.sync_api import Browser, expect

from index.library import Library
from qa.pipeline import Answerer
from ui.keys import Keys

__all__ = ["chromium"]  # a fixture, here too

# Gradio's queue uses options that Pandas is about to drop, and event loops that nobody closes.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture
def answerer(tmp_path: Path) -> Answerer:
    library = Library.open(tmp_path / "library", encoder=WordEncoder(), cache=tmp_path / "cache")
    list(library.add([make_article("The bridge over the northern river will open in May.", id="bridge")]))
    return Answerer(library)


@contextmanager
def framing(address: str) -> Iterator[str]:
    """Another site, whose page shows `address` in a frame."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            frame = f'<iframe src="{address}/?embed&lang=ru" title="Citewire" width="400" height="600"></iframe>'
            self.wfile.write(f"<!doctype html><title>News</title>{frame}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            # Another name than 127.0.0.1 makes it another site to the browser, not only another origin.
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(20)


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("dark", [False, True])
def test_a_reader_gives_the_key_once(chromium: Browser, answerer: Answerer, phone: bool, dark: bool) -> None:
    key = Keys(answerer.library.folder).add("reader")
    with served(answerer) as address:
        context = chromium.new_context(
            locale="ru-RU", viewport=PHONE if phone else WIDE, color_scheme="dark" if dark else "light"
        )
        visit = Visit(context, address)
        page = visit.page
        page.goto(f"{address}/?q=bridge&lang=en")
        expect(page.get_by_role("heading")).to_have_text("Для входа нужен ключ")
        assert violations(page) == {}
        page.get_by_label("Ключ").fill("cw_guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Этот ключ не подходит.")
        assert violations(page) == {}
        page.get_by_label("Ключ").fill(key)
        page.get_by_role("button", name="Войти").click()
        expect(page.locator("#chat .answer")).to_have_count(1)  # the link still asks
        assert "bridge" in page.locator("#chat .user-row").inner_text()
        ask(page, "When will the bridge open?")
        (cookie,) = context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("citewire_key", True, "Strict")
        assert key not in page.evaluate("document.cookie + JSON.stringify(localStorage) + location.href")
        context.close()
        assert [each for each in visit.trouble if not re.search("401|favicon", each)] == []


def test_only_a_site_that_is_allowed_can_frame_the_chat(chromium: Browser, answerer: Answerer) -> None:
    for allowed in (True, False):
        frames = ("http://localhost:*",) if allowed else ("https://news.example",)
        with served(answerer, frames=frames) as address, framing(address) as site:
            page = chromium.new_context(locale="en-US").new_page()
            page.goto(site)
            frame = page.frame_locator("iframe")
            if allowed:
                frame.locator("#app.spoken").wait_for()
                expect(frame.locator("#ask textarea")).to_have_attribute("placeholder", "Спросите о новостях…")
                frame.locator("#ask textarea").fill("When will the bridge open?")
                frame.locator("#ask textarea").press("Enter")
                expect(frame.locator("#chat .answer")).to_have_count(1)
                expect(frame.get_by_role("button", name="API")).not_to_be_visible()
            else:
                page.wait_for_timeout(1000)
                assert frame.locator("#app").count() == 0
            page.context.close()
