"""Connections to public addresses only, none of which outlasts its deadline.

A name is looked up, its addresses are checked, and one of these very addresses is connected to, all in one place: a
name cannot lead elsewhere between check and connection, and a redirect is checked like the first address.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from corpus.types import UnreadableDocument

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Answer = list[str] | OSError

# Public by Python's tables, but no place of articles: protocol assignments (among them Oracle's metadata service),
# 6to4 relays, Azure's metadata service.
_REFUSED = [ipaddress.ip_network(n) for n in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")]
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address, and what it leads to by translation or tunnel, is one of the public internet."""
    target = _unwrapped(ipaddress.ip_address(address))
    if isinstance(target, ipaddress.IPv6Address):
        return target in _GLOBAL_UNICAST and target.is_global
    return target.is_global and not target.is_multicast and not any(target in network for network in _REFUSED)


def _unwrapped(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class GuardedNetwork(httpcore.NetworkBackend):
    """A network backend for httpcore, good for `seconds` from now.

    Raises UnreadableDocument for a host with an address that is not public; `allow_loopback` admits this machine's.
    """

    def __init__(self, seconds: float, *, allow_loopback: bool = False) -> None:
        self._deadline = _Deadline(seconds)
        self._allow_loopback = allow_loopback

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._checked(host, _resolve(host, port, self._deadline.left())):
            seconds = self._deadline.left(timeout)
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, seconds, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure

    def _checked(self, host: str, addresses: list[str]) -> list[str]:
        for address in addresses:
            if not is_public(address) and not (self._allow_loopback and ipaddress.ip_address(address).is_loopback):
                raise UnreadableDocument(f"{host} is at {address}, no public address: save the page and add the file")
        return addresses


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self, timeout: float | None = None) -> float:
        """Seconds until then, `timeout` at most; raises httpcore.ReadTimeout when there are none."""
        seconds = self._at - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout()
        return seconds if timeout is None else min(seconds, timeout)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of `host`, looked up in a thread of its own because the system's resolver knows no deadline."""
    answers: queue.Queue[_Answer] = queue.Queue()
    threading.Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout() from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(f"{host} is not known") from answer
    return answer


def _look_up(host: str, port: int, answers: "queue.Queue[_Answer]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
    except OSError as error:
        answers.put(error)
    except UnicodeError as error:
        answers.put(OSError(str(error)))
