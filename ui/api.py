"""The REST routes: plain functions, so that each request runs in a thread and not on the event loop.

Only the health check is not: it must answer also when all threads are taken.
"""

import json
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import WithJsonSchema

from corpus import (
    Article,
    CitewireError,
    Document,
    Language,
    Rejection,
    UnreadableDocument,
    articles,
    read,
)
from index.library import Library
from index.types import Outcome, Status
from ui.problems import documented
from ui.schemas import (
    AddedReply,
    AnswerReply,
    ArticleReply,
    ArticlesReply,
    AskRequest,
    HealthReply,
    articles_reply,
)
from ui.service import Door, Service

MAX_PAGE = 1_000
MAX_OFFSET = 2**31  # SQLite's integers end at 2**63

router = APIRouter()


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _library(service: Annotated[Service, Depends(_service)]) -> Library:
    return service.library


TheService = Annotated[Service, Depends(_service)]
TheLibrary = Annotated[Library, Depends(_library)]
# Goes to the reader of JSON Lines as it is, so that files and requests have one set of rules.
NewArticle = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "title": "NewArticle",
            "type": "object",
            "description": "`url` alone is fetched; with `text` the article is taken as given.",
            "properties": {
                "url": {"type": "string", "format": "uri"},
                "text": {"type": "string", "description": "Kept exactly as given."},
                "title": {"type": "string"},
                "source": {"type": "string"},
                "section": {"type": "string"},
                "language": {"enum": [str(language) for language in Language]},
                "published": {"type": "string", "format": "date"},
                "authors": {"type": "array", "items": {"type": "string"}},
            },
        }
    ),
    Body(
        openapi_examples={
            "text": {"value": {"text": "The line opens in 2027. Tickets go on sale in May.", "source": "Herald"}},
            "url": {"value": {"url": "https://news.example/2026/line-opens"}},
        }
    ),
]


@router.post("/v1/ask", tags=["answers"], summary="Answer a question", responses=documented(400, 413, 422, 503))
def ask(request: AskRequest, service: TheService) -> AnswerReply:
    """Answers with sentences quoted from articles, or abstains with a reason and the nearest passages."""
    answer = service.ask(
        request.question,
        door=Door.REST,
        filters=request.to_filters(),
        history=request.to_history(),
        limit=request.limit,
    )
    return AnswerReply.model_validate(answer)


@router.get("/v1/articles", tags=["articles"], summary="List articles", responses=documented(422))
def list_articles(
    library: TheLibrary,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    language: Language | None = None,
    source: str | None = None,
) -> ArticlesReply:
    """One page of the library's articles, without their texts."""
    total, page = library.articles(limit=limit, offset=offset, language=language, source=source)
    return articles_reply(total, page)


@router.get("/v1/articles/{article_id}", tags=["articles"], summary="Read an article", responses=documented(404))
def get_article(article_id: str, library: TheLibrary) -> ArticleReply:
    """An article with its text and the places of its sentences in it."""
    article = library.article(article_id)
    if article is None:
        raise HTTPException(404, "No article has this id.")
    return ArticleReply.of(article, library.sentences(article_id))


@router.post(
    "/v1/articles",
    status_code=201,
    tags=["articles"],
    summary="Add or replace an article",
    responses={
        200: {"model": AddedReply, "description": "Unchanged or replaced"},
        **documented(400, 413, 422, 503),
    },
)
def add_article(body: NewArticle, service: TheService, request: Request, response: Response) -> AddedReply:
    """`{"url"}` is fetched, `{"text", ...}` taken as it is. An article of the same address is replaced."""
    with service.adding():
        outcome = _added(service, _article(body, allow_loopback=request.app.state.settings.allow_loopback))
    if outcome.status is not Status.ADDED:
        response.status_code = 200
    response.headers["Location"] = f"/v1/articles/{outcome.article_id}"
    return AddedReply(id=outcome.article_id, status=outcome.status)


@router.delete(
    "/v1/articles/{article_id}",
    status_code=204,
    tags=["articles"],
    summary="Remove an article",
    responses=documented(404, 503),
)
def remove_article(article_id: str, service: TheService) -> None:
    """Removes an article; no answer cites it from then on."""
    if not service.remove(article_id):
        raise HTTPException(404, "No article has this id.")


@router.get("/healthz", tags=["service"], summary="Ready to answer?", responses=documented(503))
async def healthz(request: Request, library: TheLibrary) -> HealthReply:
    """200 only when questions can be answered: the model is loaded and the library can be read."""
    if not request.app.state.ready:
        raise HTTPException(503, "The model is still being loaded.")
    try:
        return HealthReply(articles=library.count())
    except (CitewireError, OSError) as error:
        raise HTTPException(503, str(error)) from error


@router.get("/metrics", tags=["service"], summary="Figures for Prometheus", response_class=PlainTextResponse)
def metrics(service: TheService) -> Response:
    """Questions, abstentions, time by stage, articles and sentences, in Prometheus' text format."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _article(body: dict[str, Any], *, allow_loopback: bool) -> Article | Rejection:
    """The one article that the body holds or points to."""
    if body.get("text") is not None:
        line = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return read(Document("the request", line, "application/json"))
    first = list(islice(articles([_address(body)], allow_loopback=allow_loopback), 2))
    if len(first) != 1:
        raise UnreadableDocument("The address does not hold one article; add a feed with `citewire add`.")
    return first[0]


def _address(body: dict[str, Any]) -> str:
    """Only the web: a path of this machine named in a request must never be read."""
    url = body.get("url")
    if not isinstance(url, str):
        raise UnreadableDocument('Give the article as {"text": ...} or its address as {"url": ...}.')
    if not url.lower().startswith(("http://", "https://")):
        raise UnreadableDocument("The url must begin with http:// or https://.")
    return url


def _added(service: Service, item: Article | Rejection) -> Outcome:
    (outcome,) = service.add([item])
    if outcome.status is Status.REJECTED:
        raise UnreadableDocument(outcome.reason)
    return outcome
