"""The outermost layer, round every door: who may enter, how often, how much they may send; and what is told of it.

Gradio's own authentication covers neither MCP nor the routes beside it, so nothing here is left to it.
"""

import re
import secrets
import socket
import time
from collections.abc import Mapping, MutableMapping, Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import structlog
from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpus.types import CitewireError
from ui import entry, problems
from ui.keys import Keys

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})
MAX_BODY = 1_000_000  # bytes
LIMITS = {entry.PATH: 4_000, "/v1/articles": 12_000_000, "/v1/files": 50_000_000}
MAX_DROPPED = 32_000_000
# Gradio routes that nothing here needs: files sent in, addresses fetched for a stranger, others' components, editing,
# dashboards, MCP's former transport.
CLOSED = re.compile(
    r"/gradio_api/(upload|process_recording|proxy=|file=https?:|file/https?:|stream/|custom_component|deep_link|vibe|undo-vibe"
    r"|mcp/(sse|messages)"
    r"|run-history|runs|dev/|profiling)|/(monitoring|login|logout|pwa_icon)(/|$)",
    re.IGNORECASE,
)
# What is work or news to read; the rest are the page's own files and streams of what was asked before.
COUNTED = re.compile(
    r"/$|/(v1|article|docs|metrics|openapi\.json|config|gradio_api/(info|openapi\.json|mcp|queue/data|call))(/|$)"
)
KEYS_UNREADABLE = "The keys cannot be read; the server's log says why."
REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)

log = structlog.get_logger("citewire")


def headers(frames: Sequence[str] = ()) -> dict[str, str]:
    """The security headers of every reply; the sites `frames` may show the chat in a frame."""
    return {
        # Gradio's own pages need inline scripts and eval; nothing is ever loaded from, or sent to, another site.
        "Content-Security-Policy": (
            "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
            "form-action 'none'; base-uri 'self'; object-src 'none'; frame-src 'none'; "
            f"frame-ancestors 'self' {' '.join(frames)}".rstrip()
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


class Guard:
    """Refuses what nobody else needs to see, and puts a request id and security headers on every reply."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        keys: Keys,
        needs_key: bool = False,
        names: Sequence[str] = (),
        frames: Sequence[str] = (),
        rate: RateLimitItem | None = None,
    ) -> None:
        self.app = app
        self._keys, self._needs_key, self._rate = keys, needs_key, rate
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._headers = headers(frames)
        self._by_number = host in ANY_ADDRESS
        # Any other name is another site's that points here (DNS rebinding); such a name is never a number.
        own = {socket.gethostname().lower()} if self._by_number else set()
        self._names = LOOPBACK | {host.lower()} | own | {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":  # nothing here speaks it
            return await send({"type": "websocket.close", "code": 1008})
        told = Told(scope)
        with structlog.contextvars.bound_contextvars(request_id=told.id):
            try:
                await self._http(scope, receive, told.sending(send, self._headers))
            except HTTPException:  # a body too long, told to whoever reads it: the application answers it
                raise
            except Exception:
                log.exception("a request failed", method=scope["method"], path=scope["path"])
                if not told.has_begun:
                    reply = problems.problem(500, problems.UNEXPECTED)
                    await reply(scope, receive, told.sending(send, self._headers))
            finally:
                told.log()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = Headers(scope=scope)
        refusal = self._refusal(scope, sent)
        limit = LIMITS.get(scope["path"], MAX_BODY)
        if refusal is None and _declared(sent) > limit:
            refusal = problems.problem(413, _too_large(limit))
            if "expect" not in sent:  # else the client asks before it sends
                await _drop(receive)
        await (refusal or self.app)(scope, _limited(receive, limit), send)

    def _refusal(self, scope: Scope, sent: Headers) -> Response | None:
        method, path, host = scope["method"], scope["path"], sent.get("host", "")
        if not self._known(host):
            return problems.problem(400, "This server does not go by the name in the Host header.")
        origin = sent.get("origin")
        if origin is not None and method not in ("GET", "HEAD") and origin.partition("://")[2] != host:
            return problems.problem(403, "Pages of other sites may not use this server.")
        if CLOSED.match(path):
            return problems.problem(404, "There is nothing at this path.")
        return None if path == "/healthz" else self._closed_to(scope, sent)

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self._names or (self._by_number and ip_address(name) is not None)
        except ValueError:
            return False

    def _closed_to(self, scope: Scope, sent: Headers) -> Response | None:
        """A refusal for whoever has no key where one is needed, or asks too often."""
        try:
            needs_key = self._needs_key or bool(self._keys.all())
            owner = self._keys.owner(_secret(sent)) if needs_key else None
        except (CitewireError, OSError) as error:
            log.error("the keys cannot be read", reason=str(error))
            return problems.problem(503, KEYS_UNREADABLE)
        who = f"key:{owner}" if owner else f"address:{_network(_client(scope))}"
        if self._rate and _is_counted(scope) and not self._limiter.hit(self._rate, who):
            reset = self._limiter.get_window_stats(self._rate, who).reset_time
            wait = {"Retry-After": str(max(1, round(reset - time.time())))}
            return problems.problem(429, f"That was more than {self._rate}; wait a little.", headers=wait)
        if not needs_key or owner or scope["path"] == entry.PATH:
            return None
        return entry.refuse(scope, sent)


class Told:
    """What is told of one request: its id, to the client and in the log; its outcome, in the log."""

    def __init__(self, scope: Scope) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        self.id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self._scope, self._began, self._status = scope, time.perf_counter(), 0

    @property
    def has_begun(self) -> bool:
        """Whether a reply has begun: then no other can be sent."""
        return self._status > 0

    def sending(self, send: Send, extra: Mapping[str, str]) -> Send:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                replied = MutableHeaders(scope=message)
                for name, value in extra.items():
                    replied.setdefault(name, value)
                replied["X-Request-ID"] = self.id
            await send(message)

        return told

    def log(self) -> None:
        """One line, without the query: it may hold a question. The page's own files only when something is wrong."""
        if not _is_counted(self._scope) and self._status < 400:
            return
        log.info(
            "request",
            method=self._scope["method"],
            path=self._scope["path"],
            status=self._status,
            client=_client(self._scope),
            took_ms=round(1000 * (time.perf_counter() - self._began), 1),
        )


def _client(scope: Scope) -> str:
    return str((scope["client"] or ("unknown",))[0])


def _network(client: str) -> str:
    """What is counted as one client: of IPv6 a /64, since whoever has one address has all of its network."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return client
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))


def _is_counted(scope: MutableMapping[str, Any]) -> bool:
    return scope["method"] not in ("GET", "HEAD") or COUNTED.match(scope["path"]) is not None


def _secret(sent: Headers) -> str:
    """A program's key from `Authorization: Bearer`, else a browser's from its cookie."""
    scheme, _, token = sent.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return cookie_parser(sent.get("cookie", "")).get(entry.COOKIE, "")


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit:,} bytes."


def _declared(sent: Headers) -> int:
    length = sent.get("content-length", "")
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
