"""What goes over the wire between OpenAI's clients and us: their shapes, with what Citewire tells beside them."""

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from corpus.identity import article_id
from index.types import Filters
from qa.types import CitedSentence, Turn
from ui.schemas import (
    MAX_LIST,
    AbstentionReply,
    AskCited,
    AskFilters,
    CitationReply,
    Limit,
    PassageReply,
    Reply,
    Text,
)

MODEL = "citewire"
EARLIER = 20  # messages before the question that are read; a follow-up refers to none so far back
PAGE = re.compile(r"/article/([^/?#]+)#s(\d+)$")  # as `render.article_path` makes them

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]


class EchoedAddress(BaseModel):
    url: Text


class EchoedAnnotation(BaseModel):
    """An annotation of an earlier answer."""

    url_citation: EchoedAddress


def _those_that_fit(kind: type[BaseModel]) -> BeforeValidator:
    """Drops the entries that are not ours: answers of other servers may be part of a conversation."""

    def fitting(entries: list[object]) -> Iterator[BaseModel]:
        for entry in entries:
            with suppress(ValidationError):
                yield kind.model_validate(entry)

    return BeforeValidator(lambda value: list(fitting(value[:MAX_LIST])) if isinstance(value, list) else [])


class Message(BaseModel):
    """One message of the conversation; an answer may come back with the `citations` that it had."""

    role: Role
    content: Annotated[
        Text,
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]}),
    ] = ""
    citations: Annotated[list[AskCited], _those_that_fit(AskCited)] = []
    annotations: Annotated[list[EchoedAnnotation], _those_that_fit(EchoedAnnotation)] = []

    @field_validator("content", mode="before")
    @classmethod
    def _only_text(cls, value: object, info: ValidationInfo) -> object:
        """The user's words as one string; what others said is not read, so that it may have any form."""
        if info.data.get("role") != "user":
            return ""
        return "\n".join(map(_text_part, value)) if isinstance(value, list) else value

    def cited(self) -> tuple[CitedSentence, ...]:
        if self.citations:
            return tuple(CitedSentence(each.article_id, each.sentence_id) for each in self.citations)
        return tuple(_cited(each.url_citation.url) for each in self.annotations)


def _text_part(part: object) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise ValueError("only text can be asked: every part must have the type text, and its text")


def _cited(url: str) -> CitedSentence:
    """What an annotation's address tells: a page of ours the sentence, an article's own only the article."""
    if page := PAGE.search(url):
        article = unquote(page[1])
        return CitedSentence(article, f"{article}-{page[2]}")
    return CitedSentence(article_id(url, "", ""), "")


def _up_to_the_question(messages: object) -> object:
    """The user's last message and a few before it: some clients add instructions of their own at the end.

    The others are cut off before they are looked at: a body may hold thousands, and reading them holds up everybody.
    """
    if not isinstance(messages, list):
        return messages
    places = range(len(messages) - 1, -1, -1)
    last = next((place for place in places if _is_of_the_user(messages[place])), None)
    if last is None:
        raise ValueError("there must be a message of the user: the last of them is the question")
    return messages[max(0, last - EARLIER) : last + 1]


def _is_of_the_user(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") == "user"


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class CompletionRequest(BaseModel):
    """A conversation; the user's last message is the question. What means nothing here (temperature, tools) is ignored.

    `filters` and `limit` are those of `/v1/ask`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": MODEL, "messages": [{"role": "user", "content": "What did Akimov announce?"}]}]
        }
    )

    model: Text = MODEL
    messages: Annotated[list[Message], BeforeValidator(_up_to_the_question)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    limit: Limit = 5
    filters: AskFilters | None = None

    def to_filters(self) -> Filters:
        return self.filters.to_filters() if self.filters else Filters()

    def to_history(self) -> list[Turn]:
        """The user's earlier messages, each with what was cited before the next."""
        turns: list[Turn] = []
        for message in self.messages[:-1]:
            if message.role == "user":
                turns.append(Turn(message.content))
            elif turns and message.role == "assistant":
                turns[-1] = replace(turns[-1], citations=turns[-1].citations + message.cited())
        return turns


class UrlCitation(BaseModel):
    url: str = Field(description="The article's own address, else that of the sentence on this server.")
    title: str
    start_index: int = Field(description="Where the [n] begins in the content, in Unicode code points.")
    end_index: int


class Annotation(BaseModel):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class Evidence(Reply):
    """What `/v1/ask` tells beside the text."""

    answered: bool
    confidence: float
    abstention: AbstentionReply | None
    citations: list[CitationReply]
    nearest: list[PassageReply]


class Spoken(Evidence):
    """An answer as a message: the cited sentences, or why there are none."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class Choice(BaseModel):
    index: int = 0
    message: Spoken
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Usage(BaseModel):
    """Zeros: without a language model there are no tokens to count."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Completion(BaseModel):
    """An answer; its `citations` stand here and in the message."""

    id: str = Field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(default_factory=lambda: int(time.time()))
    model: str = MODEL
    choices: list[Choice]
    usage: Usage = Usage()
    citations: list[CitationReply]


class Model(BaseModel):
    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model] = [Model()]
