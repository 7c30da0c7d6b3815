"""What each door costs on top of the answer.

    python benchmarks/doors.py [--rounds 60]

Starts `citewire chat` on the sample articles. Overhead is what a client waits beyond the time that the answer itself
says it took (where a door does not tell, the
median of what REST said of the same question). All doors take turns in one run.
"""

import argparse
import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio_client
import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from serving import served

from corpus import samples
from corpus.types import Language

QUESTIONS = [question for language in Language for question in samples.questions(language)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with served() as address:
        overhead(address, rounds)


def overhead(address: str, rounds: int) -> None:
    """Milliseconds beyond the answer's own, p50; the doors take turns, so that noise falls on all alike."""
    with httpx.Client(base_url=address) as client, mcp_tool(address) as ask_news:
        gradio = gradio_client.Client(address, verbose=False)
        doors: dict[str, Callable[[str], float | None]] = {
            "REST": lambda question: rest(client, question)["took_ms"],
            "OpenAI-compatible": lambda question: completion(client, question) and None,
            "Gradio, as HTTP": lambda question: gradio_http(client, question)["took_ms"],
            "Gradio, gradio_client": lambda question: gradio.predict(question, api_name="/ask")["took_ms"],
            "MCP": lambda question: ask_news(question) and None,
        }
        waited: dict[str, list[float]] = {name: [] for name in doors}
        for question in itertools.islice(itertools.cycle(QUESTIONS), rounds):
            own = statistics.median(rest(client, question)["took_ms"] for _ in range(3))
            for name, door in doors.items():
                began = time.perf_counter()
                took = door(question)
                waited[name].append(1000 * (time.perf_counter() - began) - (own if took is None else took))
    for name, overheads in waited.items():
        print(f"{name:24}{statistics.median(overheads):7.1f} ms over the answer itself (p50 of {len(overheads)})")


def rest(client: httpx.Client, question: str) -> dict[str, Any]:
    return dict(client.post("/v1/ask", json={"question": question}, timeout=60).raise_for_status().json())


def completion(client: httpx.Client, question: str) -> dict[str, Any]:
    body = {"model": "citewire", "messages": [{"role": "user", "content": question}]}
    return dict(client.post("/v1/chat/completions", json=body, timeout=60).raise_for_status().json())


def gradio_http(client: httpx.Client, question: str) -> dict[str, Any]:
    body = {"data": [question, None, None, None, None, 5, None]}
    reply = client.post("/gradio_api/run/ask", json=body, timeout=60).raise_for_status()
    return dict(reply.json()["data"][0])


@contextmanager
def mcp_tool(address: str) -> Iterator[Callable[[str], str]]:
    """`ask_news` as a plain function: its session lives on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    ready: asyncio.Future[ClientSession] = asyncio.run_coroutine_threadsafe(_future(), loop).result()
    over = asyncio.run_coroutine_threadsafe(_event(), loop).result()

    async def stay() -> None:
        async with (
            streamablehttp_client(f"{address}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            ready.set_result(session)
            await over.wait()

    async def call(question: str) -> str:
        result = await (await ready).call_tool("ask_news", {"question": question})
        text = "".join(getattr(part, "text", "") for part in result.content)
        if result.isError:
            raise RuntimeError(text)
        return text

    staying = asyncio.run_coroutine_threadsafe(stay(), loop)
    try:
        yield lambda question: asyncio.run_coroutine_threadsafe(call(question), loop).result(60)
    finally:
        loop.call_soon_threadsafe(over.set)
        staying.result(20)
        asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _future() -> "asyncio.Future[ClientSession]":
    return asyncio.get_running_loop().create_future()


async def _event() -> asyncio.Event:
    return asyncio.Event()


if __name__ == "__main__":
    main()
