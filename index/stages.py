"""How long each stage of a question takes, for whoever asks to know; free of cost for everyone else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_measured: ContextVar[dict[str, float] | None] = ContextVar("stages", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """The work inside belongs to the stage `name`."""
    stages = _measured.get()
    if stages is None:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        stages[name] = stages.get(name, 0.0) + time.perf_counter() - began


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Collects the seconds of every stage that this thread passes through inside, by name."""
    stages: dict[str, float] = {}
    token = _measured.set(stages)
    try:
        yield stages
    finally:
        _measured.reset(token)
