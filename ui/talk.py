"""What the chat does when a reader asks, clicks, edits or judges: new values for its components, in their order.

Asking takes two steps, the question at once and the answer when there is one, and neither goes through Gradio's queue:
its stream closes when its last event ends, and loses a question that is asked at that moment.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from corpus.types import Language
from ui.conversation import UNFILTERED, Choice, Conversation, Exchange, Proposals, messages, proposals
from ui.export import markdown, plain_text
from ui.kept import keepable, restored
from ui.service import Service
from ui.words import Words, words

Posed = tuple[Any, Any]  # the ask box and the chat
Answered = tuple[Any, Any]  # the chat, and what the browser keeps
SKIP = (gr.skip(), gr.skip())


class Talk:
    """Conversations with one service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def asked(self, question: str, conversation: Conversation, page: str, kept: Any, *filters: Any) -> Posed:
        """The question, with its answer to come; `kept` is the conversation as the browser has it."""
        _recall(conversation, kept)
        question = question.strip()
        if not question:
            return SKIP
        conversation.ask(question, Choice(*filters))
        return "", messages(conversation.exchanges, words(Language(page)))

    def answered(self, conversation: Conversation, page: str, origin: str) -> Answered:
        """The answer to what was asked."""
        own = words(Language(page))
        if not conversation.answer(self.service, own):
            return SKIP
        return messages(conversation.exchanges, own), carried(conversation.exchanges, origin, own)

    def example_chosen(self, chosen: gr.SelectData, *asked: Any) -> Posed:
        return self.asked(str(chosen.value["text"]), *asked)

    def option_chosen(
        self, chosen: gr.SelectData, conversation: Conversation, page: str, kept: Any, *filters: Any
    ) -> tuple[Any, ...]:
        """A question that was offered, or the last one again without the filters."""
        _recall(conversation, kept)
        if chosen.value != UNFILTERED:
            posed = self.asked(str(chosen.value), conversation, page, kept, *filters)
            return *posed, gr.skip(), gr.skip(), gr.skip(), gr.skip()
        again = conversation.exchanges[-1].question if conversation.exchanges else ""
        return (
            *self.asked(again, conversation, page, kept),
            [],
            [],
            {},
            gr.update(label=words(Language(page)).say("filters")),
        )

    def edited(self, edit: gr.EditData, conversation: Conversation, page: str, kept: Any, *filters: Any) -> Posed:
        """The conversation from an edited question on; what came after it is gone."""
        _recall(conversation, kept)
        at = edit.index // 2 if isinstance(edit.index, int) else -1
        if not 0 <= at < len(conversation.exchanges) or not isinstance(edit.value, str):
            return SKIP
        question = edit.value.strip()
        if not question or question == conversation.exchanges[at].question:
            return gr.skip(), messages(conversation.exchanges, words(Language(page)))
        conversation.forget_from(at)
        return self.asked(question, conversation, page, None, *filters)

    def forgotten(self, conversation: Conversation) -> tuple[Any, ...]:
        """A new conversation: the ask box, the chat, and what the browser keeps."""
        conversation.forget_from(0)
        return "", [], carried([], "", words(Language.EN))

    def shown(self, conversation: Conversation, page: str) -> Any:
        """The chat as it is, whatever else has just been drawn."""
        return messages(conversation.exchanges, words(Language(page)))

    def judged(self, given: gr.EventData, conversation: Conversation, page: str, origin: str) -> Any:
        conversation.judge(getattr(given, "at", None), getattr(given, "feedback", None))
        return carried(conversation.exchanges, origin, words(Language(page)))

    def proposed(self, conversation: Conversation) -> Proposals | None:
        return proposals(self.service, conversation.exchanges)

    def offered(self, conversation: Conversation, proposed: Proposals | None, page: str) -> Any:
        """The chat with what may be asked next, unless something was asked meanwhile."""
        exchanges = conversation.exchanges
        if proposed is None or not proposed.questions or not exchanges or exchanges[-1].answer != proposed.answer:
            return gr.skip()
        return messages(exchanges, words(Language(page)), proposed.questions)


def _recall(conversation: Conversation, kept: Any) -> None:
    """Take a conversation up again that the server has forgotten, after a restart or a long pause."""
    if not conversation.exchanges:
        conversation.exchanges.extend(restored(kept))


def carried(exchanges: Sequence[Exchange], origin: str, page: Words) -> Any:
    """What the browser is given to keep, to copy and to export: properties of the source panel."""
    kept = keepable(exchanges)
    return gr.update(
        conversation=[shown for _, shown in kept],
        texts=[plain_text(each, origin) for each, _ in kept],
        markdown=markdown(exchanges, origin, page),
    )
