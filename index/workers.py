"""Encoding in several processes of one machine, each with an encoder of its own; whoever asks them writes alone."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from corpus.types import CitewireError
from index.types import Encoder, LibraryError, Vectors

Encode = Callable[[Sequence[str]], Vectors]

_PATIENCE = 10.0  # seconds that a process has to end
_SPAWN = get_context("spawn")  # a fork would inherit the threads of torch in whatever state they are


@contextmanager
def encoding(encoder: Encoder, workers: int) -> Iterator[Encode]:
    """How to encode sentences with so many processes, from as many threads at a time; with one, here.

    They are started when first needed, and ended with the block, whatever they are at. The encoder must be picklable.
    """
    if workers == 1:
        yield encoder.encode_sentences
        return
    processes, prepare = [_Worker(encoder, max(1, _cores() // workers)) for _ in range(workers)], threading.Lock()
    idle: SimpleQueue[_Worker] = SimpleQueue()
    for process in processes:
        idle.put(process)

    def encode(texts: Sequence[str]) -> Vectors:
        with prepare:
            _ = encoder.dimension  # a model that must be unpacked or fetched is, before all of them want it
        process = idle.get()
        try:
            return process.encode(texts)
        finally:
            idle.put(process)

    try:
        yield encode
    finally:
        for process in processes:
            process.end()


class _Worker:
    """One process, used by one thread at a time."""

    def __init__(self, encoder: Encoder, threads: int) -> None:
        self._connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, encoder, threads), daemon=True)
        self._theirs: Connection | None = theirs

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Raises LibraryError when the process has ended, and what it raises for users."""
        try:
            if self._theirs:
                self._start(self._theirs)
            self._connection.send(list(texts))
            reply: Vectors | CitewireError = self._connection.recv()
        except (EOFError, OSError) as error:
            raise LibraryError(
                "a process that encodes has ended before its time, perhaps for want of memory; use fewer --workers"
            ) from error
        if isinstance(reply, CitewireError):
            raise reply
        return reply

    def _start(self, theirs: Connection) -> None:
        with _interrupts_held():
            self._process.start()
        theirs.close()  # so that its end is heard
        self._theirs = None

    def end(self) -> None:
        if self._theirs is None:
            self._process.terminate()
            self._process.join(_PATIENCE)
            self._process.kill()
            self._process.join()
        self._connection.close()


def _serve(connection: Connection, encoder: Encoder, threads: int) -> None:
    """Encode what comes until nobody sends any more. An interrupt is for the process that sends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read when the encoder loads its model
    while True:
        try:
            texts = connection.recv()
        except EOFError:
            return
        reply: Any
        try:
            reply = encoder.encode_sentences(texts)
        except CitewireError as error:
            reply = error
        connection.send(reply)


def _leave(*_: object) -> None:
    """End in good order: what libraries share between processes is given back."""
    raise SystemExit


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process started inside is not interrupted with this one, not even before it can say so; this one is later."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
