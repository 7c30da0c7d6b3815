"""Whether the server bears many clients at every door for long.

    python benchmarks/soak.py [--minutes 30] [--clients 16]

Starts `citewire chat` on the sample articles; the clients mix all doors, browsers and a program that adds and removes
articles among them. Fails on any error but an announced overload (503), and when the server's memory has grown by more
than 5 % after a warm-up of a fifth of the time.
"""

import argparse
import itertools
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import gradio_client
import httpx
import openai
from doors import QUESTIONS, mcp_tool, rest
from playwright.sync_api import sync_playwright
from prometheus_client.parser import text_string_to_metric_families
from serving import served

CHROMIUM = "/usr/bin/chromium"
WARM_UP = 0.2  # of the time
ALLOWED_GROWTH = 0.05
BUSY = re.compile("too much is going on|503|busy", re.IGNORECASE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    with served() as address:
        sys.exit(soak(address, options.clients, 60 * options.minutes))


class Soak:
    """What the clients of a soak saw."""

    def __init__(self, address: str, seconds: float) -> None:
        self.address = address
        self.until = time.monotonic() + seconds
        self.seen: Counter[tuple[str, str]] = Counter()
        self.errors: list[str] = []

    def client(self, door: str, number: int) -> None:
        """Ask at one door until the time is over; a client that breaks begins anew."""
        chance = random.Random(number)
        while time.monotonic() < self.until:
            try:
                with getattr(self, door)() as ask:
                    for _ in range(25):
                        if time.monotonic() < self.until:
                            self._note(door, ask, chance.choice(QUESTIONS))
            except Exception as error:
                self._failed(door, error)

    def outcomes(self) -> dict[str, int]:
        """How often each outcome was seen, at all doors together."""
        total: Counter[str] = Counter()
        for (_, outcome), number in list(self.seen.items()):
            total[outcome] += number
        return dict(total)

    def _note(self, door: str, ask: Callable[[str], object], question: str) -> None:
        try:
            ask(question)
            self.seen[door, "answered"] += 1
        except Exception as error:
            if not BUSY.search(str(error)):
                self._failed(door, error)
                return
            self.seen[door, "busy (503)"] += 1
            time.sleep(1)

    def _failed(self, door: str, error: Exception) -> None:
        self.seen[door, "failed"] += 1
        self.errors.append(f"{door}: {type(error).__name__}: {error}"[:300])
        time.sleep(1)

    @contextmanager
    def rest(self) -> Iterator[Callable[[str], object]]:
        with httpx.Client(base_url=self.address) as client:
            yield lambda question: rest(client, question)

    @contextmanager
    def openai(self) -> Iterator[Callable[[str], object]]:
        with openai.OpenAI(base_url=f"{self.address}/v1", api_key="none", max_retries=0) as client:

            def ask(question: str) -> object:
                messages: Any = [{"role": "user", "content": question}]
                return list(client.chat.completions.create(model="citewire", messages=messages, stream=True))

            yield ask

    @contextmanager
    def gradio(self) -> Iterator[Callable[[str], object]]:
        client = gradio_client.Client(self.address, verbose=False)

        def ask(question: str) -> object:
            try:
                return client.predict(question, api_name="/ask")
            except CancelledError:
                # gradio_client 2.7 may ask on a stream that the server is about to close, and then gives up.
                self.seen["gradio", "asked again"] += 1
                return client.predict(question, api_name="/ask")

        try:
            yield ask
        finally:
            client.close()

    @contextmanager
    def mcp(self) -> Iterator[Callable[[str], object]]:
        with mcp_tool(self.address) as ask_news:
            yield ask_news

    @contextmanager
    def chat(self) -> Iterator[Callable[[str], object]]:
        """A person's browser: asks, and reads the first source."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            page.goto(self.address)
            page.wait_for_selector("#app.spoken")

            def ask(question: str) -> None:
                before = page.locator("#chat .answer").count()
                page.fill("#ask textarea", question)
                page.press("#ask textarea", "Enter")
                page.wait_for_function("n => document.querySelectorAll('#chat .answer').length > n", arg=before)
                if page.locator("#chat .answer").last.locator(":scope.problem").count():
                    raise RuntimeError("503 in the chat")

            yield ask
            browser.close()

    @contextmanager
    def articles(self) -> Iterator[Callable[[str], object]]:
        """A program that adds an article, reads it, and removes it."""
        with httpx.Client(base_url=self.address, timeout=60) as client:

            def change(text: str) -> None:
                added = client.post("/v1/articles", json={"text": f"{text} Nobody knows.", "language": "en"})
                article = added.raise_for_status().headers["location"]
                client.get(article).raise_for_status()
                client.get("/v1/articles", params={"limit": 10}).raise_for_status()
                client.delete(article).raise_for_status()
                time.sleep(2)

            yield change


MIX = ("rest", "chat", "openai", "gradio", "mcp", "articles", "rest", "openai", "gradio", "mcp", "rest", "openai")


def soak(address: str, clients: int, seconds: float) -> int:
    """0 when nothing went wrong."""
    run = Soak(address, seconds)
    doors = itertools.islice(itertools.cycle(MIX), clients)
    threads = [threading.Thread(target=run.client, args=each[::-1], daemon=True) for each in enumerate(doors)]
    for thread in threads:
        thread.start()
    began, warm = time.monotonic(), 0.0
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(60.0, seconds / 20))
        memory, passed = memory_of(address), time.monotonic() - began
        warm = memory if not warm and passed >= WARM_UP * seconds else warm
        print(f"{passed / 60:5.1f} min  {memory / 2**20:7.0f} MiB  {run.outcomes()}", flush=True)
    growth = memory_of(address) / warm - 1
    print(f"memory after warm-up {warm / 2**20:.0f} MiB, growth {growth:+.1%}")
    for (door, outcome), number in sorted(run.seen.items()):
        print(f"{door:10}{outcome:12}{number:7}")
    for error in run.errors[:20]:
        print(error)
    return int(bool(run.errors) or growth > ALLOWED_GROWTH)


def memory_of(address: str) -> float:
    """Bytes that the server holds, as it says itself."""
    families = text_string_to_metric_families(httpx.get(f"{address}/metrics", timeout=60).text)
    return next(family.samples[0].value for family in families if family.name == "process_resident_memory_bytes")


if __name__ == "__main__":
    main()
