"""The web side's only wiring: one library, one answerer, and every door to them in one ASGI application."""

import os
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Read when gradio and the hub's client are imported, so set before: no request leaves the machine.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from index.library import Library
from qa.pipeline import Answerer
from ui import api, chat, pages, problems
from ui.service import Service

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})
MAX_BODY = 1_000_000  # bytes
MAX_ARTICLE_BODY = 12_000_000
MAX_DROPPED = 32_000_000
# Gradio routes that nothing here needs: files sent in, addresses fetched for a stranger, editing, dashboards.
CLOSED = re.compile(
    r"/gradio_api/(upload|process_recording|proxy=|file=https?:|file/https?:|stream/|deep_link|vibe|undo-vibe"
    r"|run-history|runs|dev/|profiling)|/(monitoring|login|logout|pwa_icon)(/|$)",
    re.IGNORECASE,
)
HEADERS = {
    # Gradio's own pages need inline scripts and eval; nothing is ever loaded from, or sent to, another site.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "form-action 'none'; base-uri 'self'; object-src 'none'; frame-src 'none'; frame-ancestors 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What is served and where; `allow_loopback` lets tests add articles from servers of this machine."""

    library: Path
    model: str | None = None
    host: str = "127.0.0.1"
    port: int = 7860
    allow_loopback: bool = False


def create_app(settings: Settings) -> FastAPI:
    """Open the library and build everything that serves it; the application's lifespan closes it again."""
    library = Library.open(settings.library, model=settings.model)
    try:
        return assemble(Answerer(library), settings)
    except BaseException:
        library.close()
        raise


def assemble(answerer: Answerer, settings: Settings) -> FastAPI:
    """REST, article pages and chat over one answerer, behind one guard."""
    app = FastAPIOffline(
        title="Citewire",
        summary="Ask news articles in English, Russian and Chinese; get only sentences it can cite.",
        redoc_url=None,
        lifespan=_lifespan,
    )
    service = Service(answerer)
    app.state.answerer, app.state.service, app.state.settings = answerer, service, settings
    app.state.ready = False
    app.include_router(api.router)
    app.include_router(pages.router(answerer.library))
    app.include_router(problems.fallbacks(api.router.routes))
    app = chat.mount(app, service)
    for mounted in (route.app for route in app.routes if isinstance(route, Mount)):
        if isinstance(mounted, FastAPI):
            problems.install(mounted)
    problems.install(app)
    # Without a CORSMiddleware of ours Gradio lets every origin in, with credentials, unless on localhost.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(Guard, host=settings.host)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    with closing(app.state.answerer.library):
        await run_in_threadpool(_warm, app.state.answerer)
        app.state.ready = True
        yield
        app.state.ready = False


def _warm(answerer: Answerer) -> None:
    """Load everything that an answer needs; whatever is missing shows now rather than at the first question."""
    answerer.library.warm()
    answerer.ask("Ready?")


class Guard:
    """The outermost layer: refuses what nobody else needs to see, and puts security headers on every reply."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app = app
        self.by_number = host in ANY_ADDRESS
        # Any other name is another site's that points here (DNS rebinding); such a name is never a number.
        self.names = LOOPBACK | {host.lower()} | ({socket.gethostname().lower()} if self.by_number else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":  # nothing here speaks it
            return await send({"type": "websocket.close", "code": 1008})
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], scope["path"], headers)
        limit = MAX_ARTICLE_BODY if scope["path"] == "/v1/articles" else MAX_BODY
        if refusal is None and _declared(headers) > limit:
            refusal = problems.problem(413, _too_large(limit))
            if "expect" not in headers:  # else the client asks before it sends
                await _drop(receive)
        return await (refusal or self.app)(scope, _limited(receive, limit), _with_headers(send))

    def _refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._known(host):
            return problems.problem(400, "This server does not go by the name in the Host header.")
        origin = headers.get("origin")
        if origin is not None and method not in ("GET", "HEAD") and origin.partition("://")[2] != host:
            return problems.problem(403, "Pages of other sites may not use this server.")
        if CLOSED.match(path):
            return problems.problem(404, "There is nothing at this path.")
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self.names or (self.by_number and ip_address(name) is not None)
        except ValueError:
            return False


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit:,} bytes."


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _limited(receive: Receive, limit: int) -> Receive:
    """Refuse a body that turns out longer than `limit`: chunked ones do not say how long they are."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            if message.get("more_body"):
                await _drop(receive)
            raise HTTPException(413, _too_large(limit))
        return message

    return limited


async def _drop(receive: Receive) -> None:
    """Let the rest of a body pass, up to a bound: most clients hear the answer only when they have sent it all."""
    dropped, more = 0, True
    while more and dropped < MAX_DROPPED:
        message = await receive()
        dropped += len(message.get("body", b""))
        more = message.get("more_body", False)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


class Server(uvicorn.Server):
    """Calls `ready` once connections are answered: the lifespan has loaded the model by then."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def serve(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until interrupted. The model is loaded before the server starts: its failure is one clear error."""
    app = create_app(settings)
    try:
        _warm(app.state.answerer)
    except BaseException:
        app.state.answerer.library.close()
        raise
    # An open chat page holds a connection for good; a stop waits for it no longer than this.
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=3)
    Server(config, ready).run(sockets=[listener])
