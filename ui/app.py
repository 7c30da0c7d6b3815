"""The web side's only wiring: one library, one answerer, and every door to them in one ASGI application."""

import ctypes
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from limits import parse
from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount

# Read when gradio and the hub's client are imported, so set before: no request leaves the machine.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from index.library import Library
from qa.pipeline import Answerer
from qa.readers import ON, open_reader
from ui import api, chat, completions, entry, files, logs, pages, problems
from ui.guard import Guard
from ui.keys import Keys
from ui.service import Service

M_ARENA_MAX = -8  # of <malloc.h>


@dataclass(frozen=True, slots=True)
class Settings:
    """What is served, where, and to whom.

    `names` are more names that this server goes by, `frames` the sites that may show the chat in a frame, `rate` the
    requests allowed to each key or address ("120/minute"; none: any number). `needs_key` refuses whoever has no key,
    also when the library has none left. `allow_loopback` lets tests add articles from servers of this machine.
    """

    library: Path
    model: str | None = None
    reader: str = ON
    store: str | None = None
    host: str = "127.0.0.1"
    port: int = 7860
    names: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    rate: str | None = None
    needs_key: bool = False
    log_questions: bool = False
    allow_loopback: bool = False


def create_app(settings: Settings) -> FastAPI:
    """Open the library and build everything that serves it; the application's lifespan closes it again."""
    library = Library.open(settings.library, model=settings.model, store=settings.store)
    try:
        return assemble(Answerer(library, reader=open_reader(settings.reader, library.encoder)), settings)
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
    service = Service(answerer, log_questions=settings.log_questions)
    keys = Keys(settings.library)
    app.state.answerer, app.state.service, app.state.settings = answerer, service, settings
    app.state.ready = False
    app.include_router(api.router)
    app.include_router(files.router)
    app.include_router(completions.router)
    app.include_router(pages.router(answerer.library))
    app.include_router(entry.router(keys))
    app.include_router(problems.fallbacks([*api.router.routes, *files.router.routes, *completions.router.routes]))
    app = chat.mount(app, service)
    for mounted in (route.app for route in app.routes if isinstance(route, Mount)):
        if isinstance(mounted, FastAPI):
            problems.install(mounted)
    problems.install(app)
    # Without a CORSMiddleware of ours Gradio lets every origin in, with credentials, unless on localhost.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(
        Guard,
        host=settings.host,
        keys=keys,
        needs_key=settings.needs_key,
        names=settings.names,
        frames=settings.frames,
        rate=parse(settings.rate) if settings.rate else None,
    )
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
    answerer.warm()
    answerer.ask("Ready?")


class Server(uvicorn.Server):
    """Calls `ready` once connections are answered: the lifespan has loaded the model by then."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def _spare_memory() -> None:
    """Let all threads share two of glibc's arenas; with one each, each holds on to the most it ever needed."""
    with suppress(OSError, AttributeError):  # other systems have no need
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def serve(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until interrupted. The model is loaded before the server starts: its failure is one clear error."""
    logs.configure()
    _spare_memory()
    app = create_app(settings)
    try:
        _warm(app.state.answerer)
    except BaseException:
        app.state.answerer.library.close()
        raise
    # An open chat page holds a connection for good; a stop waits for it no longer than this.
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3)
    Server(config, ready).run(sockets=[listener])
