"""Turns at something that one thread uses at a time: who is waited for goes before who has much to do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock with two doors: while somebody wants a turn `now`, nobody gets one `later`."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._taken = False
        self._urgent = 0  # how many wait for a turn now

    @contextmanager
    def now(self) -> Iterator[None]:
        """Hold the lock as soon as whoever holds it has finished."""
        with self._change:
            self._urgent += 1
            try:
                self._change.wait_for(lambda: not self._taken)
            finally:
                self._urgent -= 1
            self._taken = True
        yield from self._held()

    @contextmanager
    def later(self) -> Iterator[None]:
        """Hold the lock when nobody wants it now: take a turn for each part of a long piece of work."""
        with self._change:
            self._change.wait_for(lambda: not self._taken and not self._urgent)
            self._taken = True
        yield from self._held()

    def _held(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._change:
                self._taken = False
                self._change.notify_all()
