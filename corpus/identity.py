"""The id of an article: the same for the same address, so that adding again replaces."""

import hashlib
import re
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import SplitResult, quote, urlsplit

# Says where the reader came from, not what is read.
_TRACKING = re.compile(r"utm_\w*|gclid|fbclid|yclid", re.I)
_DEFAULT_PORTS = {None, 80, 443}
_UNRESERVED = frozenset(ascii_letters + digits + "-._~")


def article_id(url: str, path: str, text: str) -> str:
    """24 hexadecimal digits for the URL, else for the file, else for the text: the first that is not empty.

    Addresses that differ in http or https, case of the host, default port, fragment, tracking parameters, a final
    slash, or the spelling of an escape share one id; so do paths that lead to one file.
    """
    key = f"url:{_canonical(url)}" if url else f"path:{Path(path).resolve()}" if path else f"text:{text}"
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _canonical(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https"):
            return url.strip()
        return f"//{_host(parts)}{_escaped(parts.path).rstrip('/')}{_query(parts.query)}"
    except ValueError:
        return url.strip()


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        host = _escaped(host)
    return host if parts.port in _DEFAULT_PORTS else f"{host}:{parts.port}"


def _query(query: str) -> str:
    kept = [_escaped(pair) for pair in query.split("&") if not _TRACKING.fullmatch(pair.partition("=")[0])]
    return "?" + "&".join(kept) if any(kept) else ""


def _escaped(part: str) -> str:
    """The one spelling of a percent-encoded part: needless escapes undone, the others in capitals."""
    ascii_only = quote(part, safe="!#$%&'()*+,/:;=?@[]~", errors="surrogatepass")
    return re.sub("%[0-9A-Fa-f]{2}", _unescape, ascii_only)


def _unescape(escape: re.Match[str]) -> str:
    char = chr(int(escape[0][1:], 16))
    return char if char in _UNRESERVED else escape[0].upper()
