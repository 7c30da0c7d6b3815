"""What the server tells whoever runs it, on stderr: lines to read at a terminal, else JSON.

Tracebacks never show the values of local variables: keys and questions are among them.
"""

import json
import logging
import sys
from io import StringIO
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger


def configure() -> None:
    """Send our own lines and those of the libraries (from warnings on) to stderr, each with its request's id."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    drawn = _lines() if sys.stderr.isatty() else _json()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *drawn],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("citewire").setLevel(logging.INFO)


def _lines() -> list[Processor]:
    return [_visible_values, structlog.dev.ConsoleRenderer(exception_formatter=_traceback)]


def _json() -> list[Processor]:
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False), _visible_json]


def _visible_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape in text what a terminal would obey, or take for another line."""
    return {name: _visible(value) if isinstance(value, str) else value for name, value in event.items()}


def _traceback(stream: TextIO, error: ExcInfo) -> None:
    """An exception's message is as foreign as any value; only the traceback's own line ends stay."""
    plain = StringIO()
    structlog.dev.plain_traceback(plain, error)
    stream.write("\n".join(map(_visible, plain.getvalue().split("\n"))))


def _visible_json(_: WrappedLogger, __: str, line: Any) -> str:
    """JSON itself escapes the controls of ASCII only; the others get escapes that every reader of JSON undoes."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
