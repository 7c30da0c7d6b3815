"""One web page over HTTP, from public addresses only and within bounds of time and size."""

import re
import zlib
from collections.abc import Iterable, Iterator

import httpcore
import httpx

from corpus.network import GuardedNetwork
from corpus.readers import LARGEST_DOCUMENT, too_large
from corpus.types import Document, UnreadableDocument

_SECONDS = 20.0
_MOST_REDIRECTS = 5
_PIECE = 65_536  # bytes unpacked at once
_HEADERS = {
    "User-Agent": "Citewire/0.1",
    "Accept": "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, application/json;q=0.8",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
_READABLE_TYPES = frozenset(
    "text/html application/xhtml+xml text/plain text/markdown text/x-markdown application/json".split()
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)


def fetch(url: str, *, allow_loopback: bool = False) -> Document:
    """The page at `url`, which is the document's `url` and name exactly as given, whatever it redirects to.

    At most 20 seconds in all, 5 redirects and 10 MB unpacked; raises UnreadableDocument otherwise, and for what is
    no page. `allow_loopback` admits this machine's own addresses, for tests.
    """
    network = GuardedNetwork(_SECONDS, allow_loopback=allow_loopback)
    try:
        with httpcore.ConnectionPool(httpx.create_ssl_context(), network_backend=network) as pool:
            return _follow(pool, url)
    except httpcore.TimeoutException:
        raise UnreadableDocument(f"it did not arrive within {_SECONDS:.0f} seconds: try again later") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, zlib.error) as error:
        raise UnreadableDocument(f"it cannot be fetched ({error or type(error).__name__}): check the address") from None


def _follow(pool: httpcore.ConnectionPool, url: str) -> Document:
    address = _parsed(url)
    for _ in range(1 + _MOST_REDIRECTS):
        target = httpcore.URL(
            scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path
        )
        headers = [("Host", address.netloc.decode("ascii")), *_HEADERS.items()]
        with pool.stream("GET", target, headers=headers) as response:
            location = _header(response, b"location")
            if not (300 <= response.status < 400 and location):
                return _document(response, url)
        address = _parsed(location, address)
    raise UnreadableDocument(f"it redirects more than {_MOST_REDIRECTS} times: give the final address")


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        address = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreadableDocument(f"{url[:100]!r} is no web address: {error}") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise UnreadableDocument(f"{str(address)[:100]!r} is no http or https address")
    if address.userinfo:
        raise UnreadableDocument("the address holds a user name or password: leave it out")
    return address


def _document(response: httpcore.Response, url: str) -> Document:
    if response.status != 200:
        reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        raise UnreadableDocument(f"the server answered {response.status} {reason}".rstrip() + ": check the address")
    content_type = _header(response, b"content-type")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type not in _READABLE_TYPES:
        raise UnreadableDocument(f"it is {media_type[:50]}, not a page or a text: give an article's own address")
    charset = _CHARSET.search(content_type)
    return Document(url, _body(response), media_type, charset[1] if charset else "", url)


def _body(response: httpcore.Response) -> bytes:
    size = _header(response, b"content-length")
    if size.isdigit() and int(size) > LARGEST_DOCUMENT:
        raise UnreadableDocument(too_large(int(size)))
    body = bytearray()
    for chunk in _unpacked(response.iter_stream(), _header(response, b"content-encoding").lower()):
        body += chunk
        if len(body) > LARGEST_DOCUMENT:
            raise UnreadableDocument(too_large(len(body)))
    return bytes(body)


def _unpacked(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The chunks without their compression, in pieces that stay small whatever they were packed from."""
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        raise UnreadableDocument(f"it is sent in the encoding {encoding[:20]!r}, which was not asked for")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for chunk in chunks:
        packed = chunk
        while not unpacker.eof:
            piece = unpacker.decompress(packed, _PIECE)
            packed = unpacker.unconsumed_tail
            yield piece
            if not packed and len(piece) < _PIECE:
                break
        if unpacker.eof:
            return
    raise UnreadableDocument("it ends before its end: try again later")


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")
