"""Pictures of the chat in all its states, from the real thing: `make screenshots`.

    python benchmarks/screenshots.py [FOLDER]

Serves the sample articles and drives Chromium; the four that README shows are kept in docs/, all go to FOLDER.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from serving import served

DOCS = Path(__file__).parents[1] / "docs"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
KEPT = ("desktop-answer", "desktop-dark-ru", "desktop-articles", "mobile-source")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (options, state) in STATES.items():
            page = opened(browser, address, **options)
            state(page)
            page.wait_for_timeout(600)  # until nothing moves
            page.screenshot(path=folder / f"{name}.png")
            page.context.close()
            print(folder / f"{name}.png")
        browser.close()
    for name in KEPT:
        shutil.copy(folder / f"{name}.png", DOCS / f"{name}.png")


def opened(browser: Browser, address: str, *, phone: bool = False, query: str = "", **options: Any) -> Page:
    size: dict[str, Any] = {"viewport": WIDE}
    if phone:
        size = {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
    page = browser.new_context(**{"locale": "en-US", **size, **options}).new_page()
    page.goto(address + query)
    page.wait_for_selector("#app.spoken")
    return page


def ask(*questions: str) -> Callable[[Page], None]:
    """Ask, wait for the answers, and for what may be asked next."""

    def state(page: Page) -> None:
        for asked, question in enumerate(questions, 1):
            page.fill("#ask textarea", question)
            page.press("#ask textarea", "Enter")
            page.wait_for_function("n => document.querySelectorAll('#chat .answer').length >= n", arg=asked)
            page.wait_for_timeout(1500)

    return state


def then(first: Callable[[Page], None], *selectors: str) -> Callable[[Page], None]:
    """A state, and then some clicks."""

    def state(page: Page) -> None:
        first(page)
        for selector in selectors:
            page.locator(selector).first.click()
            page.wait_for_timeout(300)

    return state


def nothing(_: Page) -> None:
    """The page as it opens."""


EN, RU, ZH = "What did Akimov announce?", "Что объявил Акимов?", "阿基莫夫宣布了什么？"
FOLLOW_UP = "And what did he say about ground stations?"
UNKNOWN = "Who won the chess olympiad in 1962?"
DARK: dict[str, Any] = {"color_scheme": "dark"}
STATES: dict[str, tuple[dict[str, Any], Callable[[Page], None]]] = {
    "desktop-empty": ({}, nothing),
    "desktop-answer": ({}, ask(EN)),
    "desktop-follow-up": ({}, ask(EN, FOLLOW_UP)),
    "desktop-no-support": ({}, then(ask(UNKNOWN), "#chat .nearest summary")),
    "desktop-zh-filters": ({"locale": "zh-CN"}, then(ask(ZH), "#filters > button")),
    "desktop-dark-ru": ({"locale": "ru-RU", **DARK}, ask(RU)),
    "desktop-articles": ({}, then(ask(EN), "#articles")),
    "desktop-dark-articles-zh": ({"locale": "zh-CN", **DARK}, then(nothing, "#articles")),
    "desktop-export": ({}, then(ask(EN), "#export summary")),
    "mobile-empty": ({"phone": True, "locale": "ru-RU"}, nothing),
    "mobile-answer": ({"phone": True}, ask(EN)),
    "mobile-source": ({"phone": True}, then(ask(EN), "#chat a.cite")),
    "mobile-articles": ({"phone": True, "locale": "zh-CN"}, then(nothing, "#articles")),
    "mobile-dark": ({"phone": True, "locale": "ru-RU", **DARK}, ask(RU)),
    "embedded": ({"query": "/?embed&lang=zh", "viewport": {"width": 400, "height": 600}}, ask(ZH)),
}


if __name__ == "__main__":
    main()
