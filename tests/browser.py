"""A real Chromium for the tests, and what they all do with it."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Response, sync_playwright

from qa.pipeline import Answerer

FLAGS = [
    *"--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
    *"--disable-component-update --disable-sync".split(),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@contextmanager
def served(answerer: Answerer, **settings: Any) -> Iterator[str]:
    """The address of the whole application, listening."""
    from ui.app import Settings, assemble

    app = assemble(answerer, Settings(answerer.library.folder, **settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The browser tests drive Chromium, which is not installed: run `make browser`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """One reader's browser: whatever it asks of other sites, or complains about, fails the test."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.trouble: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.note(message.type in ("error", "warning"), message.text))
        self.page.on("pageerror", lambda error: self.note(True, str(error)))
        context.on("request", self.requested)
        context.on("response", self.responded)

    def note(self, bad: bool, what: str) -> None:
        if bad:
            self.trouble.append(what)

    def requested(self, request: Request) -> None:
        self.note(not request.url.startswith((self.address, "data:", "blob:")), f"request to {request.url}")

    def responded(self, response: Response) -> None:
        self.note(response.status >= 400, f"{response.status} for {response.url}")

    def open(self, query: str = "") -> Page:
        self.page.goto(f"{self.address}/{query}")
        self.page.wait_for_selector("#app.spoken")
        return self.page


def ask(page: Page, question: str) -> Locator:
    """Ask, and wait for the answer."""
    before = page.locator("#chat .answer").count()
    page.fill("#ask textarea", question)
    page.press("#ask textarea", "Enter")
    page.wait_for_function("n => document.querySelectorAll('#chat .answer').length > n", arg=before)
    return page.locator("#chat .answer").last


def reload(page: Page) -> None:
    settle(page)
    page.reload()


def settle(page: Page) -> None:
    """Leaving while Gradio still talks to its server is an error to Gradio: after an answer come the follow-ups."""
    page.wait_for_timeout(500)


def violations(page: Page) -> dict[str, list[str]]:
    """What axe-core finds against WCAG 2.1 AA and its own best practice, with where."""
    page.wait_for_timeout(300)  # what fades in or slides has to be there
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    return {each["id"]: [node["html"][:200] for node in each["nodes"]] for each in found}
