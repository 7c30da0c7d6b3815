"""Whole files of articles in: `POST /v1/files`, and what became of each article as soon as it is known."""

import json
import logging
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from corpus import Article, Rejection, sent_articles
from index.types import Outcome, Status
from ui import problems
from ui.api import TheService
from ui.problems import documented

MEDIA_TYPE = "application/x-ndjson"
MOST_ARTICLES = 100_000  # of one file
MOST_REJECTED = 1_000
IN_MEMORY = 1_000_000  # bytes of a file; more than that waits on the disk
LINE = {
    "type": "object",
    "required": ["name", "id", "status", "reason"],
    "properties": {
        "name": {"type": "string", "description": "The article's address or title; where it failed, its place."},
        "id": {"type": "string", "description": "Empty when it was rejected."},
        "status": {"enum": [str(status) for status in Status]},
        "reason": {"type": "string", "description": "Why it was rejected, and what to do; else empty."},
    },
}

router = APIRouter()
log = logging.getLogger(__name__)


async def _file(request: Request) -> AsyncIterator[BinaryIO]:
    """The body, all of it, as a file that is gone when the reply is."""
    with SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            async for piece in request.stream():
                await run_in_threadpool(file.write, piece)
        except ClientDisconnect:
            raise HTTPException(400, "The file ended before its end; send it again.") from None
        file.seek(0)
        yield cast(BinaryIO, file)


def _adding(service: TheService) -> Iterator[ExitStack]:
    """A place among those who add. What enters the stack is closed before the place is given up, come what may."""
    with service.adding(), ExitStack() as stack:
        yield stack


@router.post(
    "/v1/files",
    tags=["articles"],
    summary="Add a file of articles",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A line for each article, as soon as it is done",
            "content": {MEDIA_TYPE: {"schema": LINE}},
        },
        **documented(413, 422, 503, 507),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def add_file(
    name: Annotated[str, Query(min_length=1, max_length=1_000, examples=["news.jsonl"])],
    file: Annotated[BinaryIO, Depends(_file)],
    adding: Annotated[ExitStack, Depends(_adding)],
    service: TheService,
) -> StreamingResponse:
    """The body is a text, Markdown, HTML or JSON Lines file, at most 50 MB; the end of `name` tells which.

    An article of a known address is replaced; one without an address is known by its text. Whoever goes away before
    the last line loses nothing that was added by then. After 100,000 articles, or 1,000 parts that are none, the rest
    is not read, and the last line says so.
    """
    items = _affordable(sent_articles(name, file), name)
    lines = adding.enter_context(closing(_lines(service.add(items), name)))
    # What stops the first article stops them all, and is still in time to be a problem of its own.
    first = list(islice(lines, 1))
    return StreamingResponse(chain(first, lines), media_type=MEDIA_TYPE)


def _affordable(items: Iterable[Article | Rejection], name: str) -> Iterator[Article | Rejection]:
    """The items until there are too many; then a last Rejection."""
    articles = rejected = 0
    for item in items:
        if articles == MOST_ARTICLES:
            yield Rejection(name, f"a file may hold {MOST_ARTICLES:,} articles: put the rest in another one")
            return
        if rejected == MOST_REJECTED:
            yield Rejection(
                name, f"{MOST_REJECTED:,} parts of it are no articles, so the rest was not read: correct the file"
            )
            return
        articles += isinstance(item, Article)
        rejected += isinstance(item, Rejection)
        yield item


def _lines(outcomes: Generator[Outcome, None, None], name: str) -> Generator[str, None, None]:
    """Each outcome as a line of JSON; once there is one, whatever stops the others is a line too."""
    begun = False
    with closing(outcomes):
        try:
            for outcome in outcomes:
                yield _line(outcome)
                begun = True
        except Exception as error:
            if not begun:
                raise
            log.exception("%s stopped before its end", name)
            yield _line(Outcome(Status.REJECTED, name, reason=problems.reason(error)))


def _line(outcome: Outcome) -> str:
    line: dict[str, Any] = {
        "name": outcome.name,
        "id": outcome.article_id,
        "status": outcome.status,
        "reason": outcome.reason,
    }
    return json.dumps(line, ensure_ascii=False) + "\n"
