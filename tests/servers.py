"""Starts the Milvus servers that tests need: the real one, of `make milvus`, and the small one of the extra `dev`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PROGRAMS = {
    "milvus_server": (Path(__file__).parents[1] / ".milvus/bin/milvus-server", "make milvus"),
    "milvus_lite": (Path(sys.executable).with_name("milvus-lite"), "pip install milvus-lite"),
}
START, STOP = 120, 20  # seconds that a server may take


def _options(kind: str, folder: Path, port: int) -> list[str]:
    """Both are told to keep to `folder`."""
    if kind == "milvus_server":
        return ["--data", str(folder), "--proxy-port", str(port)]
    return ["server", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def running(kind: str, folder: Path) -> Iterator[str]:
    """The address of a server that runs for the time of the block; skips where its package is not installed."""
    pytest.importorskip("pymilvus", reason="the package pymilvus is not installed")
    program, remedy = PROGRAMS[kind]
    if not program.exists():
        pytest.skip(f"{program.name} is not installed: {remedy}")
    port = _free_port()
    arguments = [str(program), *_options(kind, folder / "data", port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(process, port, folder / "log")
            yield f"milvus://127.0.0.1:{port}"
        finally:
            _end(process)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Until the server answers a question, not just a connection."""
    deadline = time.monotonic() + START
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(port):
            return
        time.sleep(0.5)
    said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
    raise RuntimeError(f"the server did not answer within {START} s (exit code {process.poll()}): {said}")


def _answers(port: int) -> bool:
    from pymilvus import MilvusClient, MilvusException

    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1), suppress(MilvusException):
        client = MilvusClient(uri=f"http://127.0.0.1:{port}", timeout=5)
        try:
            client.list_collections(timeout=5)
            return True
        finally:
            client.close()
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the server and what it has started: the real one is a child of its wrapper, and outlives it."""
    children = _children(process.pid)
    process.terminate()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # its data are of no use any more
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP)


def _children(pid: int) -> list[int]:
    """The processes whose parent is `pid`; on Linux."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            after_name = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(after_name[1]) == pid:
                found.append(int(path.parent.name))
    return found
