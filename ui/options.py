"""What the command line is told before and beside its commands, checked before anything slow is loaded."""

import errno
import os
import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import typer

from corpus.types import CitewireError


@dataclass(frozen=True, slots=True)
class Choice:
    """The options that come before the command."""

    folder: Path
    model: str | None
    reader: str
    store: str | None


def rate(wanted: str) -> str | None:
    """A rate that the server will understand, or None for none."""
    from limits import parse

    if wanted.lower() == "none":
        return None
    try:
        parse(wanted)
    except ValueError:
        raise typer.BadParameter("must be such as 120/minute, 10/second or none.", param_hint="--rate-limit") from None
    return wanted


def vector_store(wanted: str) -> str:
    """`faiss`, or the address of a Milvus server with its port."""
    if wanted == "faiss":
        return wanted
    server = re.fullmatch(r"(milvus://(?:[\w.-]+|\[[\da-fA-F:]+\]))(:\d{1,5})?", wanted, re.ASCII)
    if not server:
        raise typer.BadParameter("must be faiss, or a server such as milvus://localhost:19530.", param_hint="--store")
    return f"{server[1]}{server[2] or ':19530'}"


def origin(wanted: str) -> str:
    if not re.fullmatch(r"https?://(\*\.)?[\w.-]+(:\d+)?", wanted, re.ASCII):
        raise typer.BadParameter("must be a site such as https://news.example.", param_hint="--allow-frame")
    return wanted


def loopback_is_allowed() -> bool:
    """Whether articles may be fetched from this machine: a setting for tests, since anything may listen there."""
    return "CITEWIRE_ALLOW_LOOPBACK" in os.environ


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, for this machine alone."""
    try:
        name = urlsplit(f"//[{host}]" if ":" in host else f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is loaded, so that a taken one is known at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol's number asyncio leaves Nagle's algorithm on, and most replies wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CitewireError(f"Port {port} on {host} is in use; choose another with --port.") from None
        reason = error.strerror or error
        raise CitewireError(f"Cannot listen on {host}, port {port} ({reason}); choose others.") from None
    return listener
