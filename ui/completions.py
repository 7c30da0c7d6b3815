"""OpenAI-compatible routes: any OpenAI client can ask, by naming the model `citewire`. No language model is behind it.

The user's last message is the question, the messages before it are what a follow-up may refer to.
"""

import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException

from corpus.types import CitewireError
from qa.answer import marks_in
from qa.types import Answer
from ui.api import TheService
from ui.completion_schemas import (
    MODEL,
    Annotation,
    Choice,
    Completion,
    CompletionRequest,
    Evidence,
    Model,
    Models,
    Spoken,
    UrlCitation,
)
from ui.problems import MEDIA_TYPE, documented
from ui.render import article_path, web_url
from ui.service import Door


class Refused(APIRoute):
    """Adds the `error` that OpenAI's clients look for to the problem details of a route's errors."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except (StarletteHTTPException, RequestValidationError, CitewireError) as error:
                handlers = request.app.exception_handlers
                kind = next(kind for kind in type(error).__mro__ if kind in handlers)
                return _with_error(await handlers[kind](request, error), error)

        return handled


router = APIRouter(route_class=Refused, tags=["OpenAI-compatible"])


class UnknownModel(HTTPException):
    def __init__(self) -> None:
        super().__init__(404, f"There is no such model here; the only one is {MODEL!r}.")


@router.post(
    "/v1/chat/completions",
    summary="Answer the user's last message",
    response_model=Completion,
    responses=documented(400, 404, 413, 422, 503),
)
def complete(body: CompletionRequest, service: TheService, request: Request) -> Completion | Response:
    """As `/v1/ask`. With `stream`, the whole answer comes as events as soon as it is there."""
    if body.model != MODEL:
        raise UnknownModel
    answer = service.ask(
        body.messages[-1].content,
        door=Door.OPENAI,
        filters=body.to_filters(),
        history=body.to_history(),
        limit=body.limit,
    )
    message = _message(answer, str(request.base_url))
    completion = Completion(choices=[Choice(message=message)], citations=message.citations)
    if not body.stream:
        return completion
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    return Response("".join(_events(completion, with_usage)), media_type="text/event-stream")


@router.get("/v1/models", summary="List the one model")
def list_models() -> Models:
    return Models()


@router.get("/v1/models/{model_id}", summary="Look up a model", responses=documented(404))
def get_model(model_id: str) -> Model:
    if model_id != MODEL:
        raise UnknownModel
    return Model()


def _message(answer: Answer, base: str) -> Spoken:
    by_number = {each.number: each for each in answer.citations}
    annotations = []
    for mark in marks_in(answer.citations):
        cited = by_number[mark.number]
        url = web_url(cited.url) or base.rstrip("/") + article_path(cited.article_id, cited.position)
        place = UrlCitation(url=url, title=cited.title, start_index=mark.start, end_index=mark.end)
        annotations.append(Annotation(url_citation=place))
    content = answer.abstention.message if answer.abstention else answer.text
    return Spoken(content=content, annotations=annotations, **dict(Evidence.model_validate(answer)))


def _events(completion: Completion, with_usage: bool) -> Iterator[str]:
    """Server-sent events: the role, the text, all that stands beside it, and the usage if it is wanted."""
    whole = completion.model_dump(mode="json")
    message = whole["choices"][0]["message"]
    role, content = {"role": message.pop("role")}, {"content": message.pop("content")}
    head = {key: whole[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk", "usage": None}
    yield _event(head | {"choices": [_chunk(role | {"content": ""})]})
    yield _event(head | {"choices": [_chunk(content)]})
    yield _event(head | {"choices": [_chunk(message) | {"finish_reason": "stop"}], "citations": whole["citations"]})
    if with_usage:
        yield _event(head | {"choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def _chunk(delta: dict[str, Any]) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}


def _event(data: dict[str, Any]) -> str:
    # In ASCII: some clients take U+2028, which a quote may hold, for the end of the line.
    return f"data: {json.dumps(data)}\n\n"


def _with_error(reply: Response, error: Exception) -> JSONResponse:
    problem = json.loads(bytes(reply.body))
    told = {
        "message": problem["detail"],
        "type": "server_error" if reply.status_code >= 500 else "invalid_request_error",
        "param": "model" if isinstance(error, UnknownModel) else _parameter(problem),
        "code": "model_not_found" if isinstance(error, UnknownModel) else None,
    }
    headers = {name: value for name, value in reply.headers.items() if name not in ("content-length", "content-type")}
    return JSONResponse(problem | {"error": told}, reply.status_code, headers, media_type=MEDIA_TYPE)


def _parameter(problem: dict[str, Any]) -> str | None:
    """The first part of the body that is wrong: `messages.0.content`."""
    pointer = next((entry.get("pointer", "") for entry in problem.get("errors", ())), "")
    return pointer.removeprefix("#").strip("/").replace("/", ".") or None
