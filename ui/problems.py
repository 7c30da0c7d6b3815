"""Every error of the web side as RFC 9457 problem details, and the status that each of Citewire's own gets."""

import errno
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from corpus.types import CitewireError, UnreadableDocument
from index.types import LibraryBusy, ModelUnavailable, StoreUnavailable
from qa.types import QuestionRejected
from ui.service import Overloaded

MEDIA_TYPE = "application/problem+json"
MAX_DETAIL = 500  # characters: what was sent is never echoed at length
MAX_ERRORS = 20
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
STATUSES: dict[type[CitewireError], int] = {
    QuestionRejected: 422,
    UnreadableDocument: 422,
    LibraryBusy: 503,
    ModelUnavailable: 503,
    StoreUnavailable: 503,
    Overloaded: 503,
}
RETRY_AFTER = {503: {"Retry-After": "5"}}
FULL = (errno.ENOSPC, errno.EDQUOT)
DISK_FULL = "The disk that holds the library is full: make room on it, then try again."
UNEXPECTED = "Something unexpected went wrong; the server's log says what."
SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in ("detail", "pointer", "parameter")},
            },
        },
    },
}


def problem(status: int, detail: object, *, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """A reply with problem details; a 503 says when to come back."""
    line = str(detail)
    if len(line) > MAX_DETAIL:
        line = line[: MAX_DETAIL - 1] + "…"
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": line,
        **more,
    }
    return JSONResponse(content, status, {**RETRY_AFTER.get(status, {}), **(headers or {})}, media_type=MEDIA_TYPE)


def reason(error: Exception) -> str:
    """What is told of an error after the reply has begun, when it is too late for problem details."""
    if isinstance(error, CitewireError):
        return str(error)
    return DISK_FULL if _is_full(error) else UNEXPECTED


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can fail with these statuses."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Let `app` answer every error with problem details."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CitewireError, _refused)
    app.add_exception_handler(OSError, _disk)
    app.add_exception_handler(Exception, _unexpected)


def fallbacks(routes: Iterable[object]) -> APIRouter:
    """Routes for what `routes` leave open: 405 for their paths' other methods, 404 for the rest of `/v1`.

    The chat is mounted on `/` and would otherwise be asked first.
    """
    offered: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, APIRoute):
            offered.setdefault(route.path, set()).update(route.methods or ())
    router = APIRouter(include_in_schema=False)
    for path, methods in offered.items():
        router.add_api_route(path, _closed(sorted(methods)), methods=sorted(METHODS - methods))
    router.add_api_route("/v1/{rest:path}", _missing, methods=sorted(METHODS))
    return router


def _closed(allowed: list[str]) -> Any:
    async def refuse() -> None:
        raise HTTPException(405, f"Only {', '.join(allowed)} here.", {"Allow": ", ".join(allowed)})

    return refuse


async def _missing() -> None:
    raise HTTPException(404, "There is nothing at this path; /docs lists what there is.")


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, headers=error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        reason = found[0].get("ctx", {}).get("error", "")
        return problem(400, f"The body is not valid JSON: {reason} at character {found[0]['loc'][-1]}.")
    sent = request.headers.get("content-type", "")
    if any(tuple(entry["loc"]) == ("body",) for entry in found) and "json" not in sent:
        return problem(415, "Send a JSON body with the header Content-Type: application/json.")
    errors = [_located(entry) for entry in found[:MAX_ERRORS]]
    detail = "; ".join(f"{e.get('pointer') or e.get('parameter')}: {e['detail']}" for e in errors)
    return problem(422, detail, errors=errors)


def _located(entry: Mapping[str, Any]) -> dict[str, str]:
    """One validation error: a JSON pointer into the body, or the name of a parameter; never the value."""
    place, *rest = (str(part) for part in entry["loc"])
    where = {"pointer": "".join(["#", *("/" + part for part in rest)])}
    if place != "body":
        where = {"parameter": ".".join(rest)}
    return {"detail": entry["msg"].removeprefix("Value error, "), **where}


async def _refused(_: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    return problem(status, error)


async def _disk(_: Request, error: Exception) -> JSONResponse:
    if _is_full(error):
        return problem(507, DISK_FULL)
    raise error


async def _unexpected(_: Request, __: Exception) -> JSONResponse:
    return problem(500, UNEXPECTED)


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in FULL
