"""What the chat does when a reader asks, clicks, edits or judges: new values for its components, in their order."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from corpus.types import Language
from ui.conversation import (
    UNFILTERED,
    Choice,
    Exchange,
    Proposals,
    exchange,
    judged,
    messages,
    proposals,
)
from ui.export import markdown, plain_text
from ui.kept import keepable
from ui.service import Service
from ui.words import Words, words

Told = tuple[Any, Any, Any, Any]  # the ask box, the chat, the exchanges, and what the browser keeps
SKIP: Told = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


class Talk:
    """Conversations with one service. The exchanges so far come from, and go to, the reader's session."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def asked(self, question: str, before: Sequence[Exchange], page: str, origin: str, *filters: Any) -> Iterator[Told]:
        """The question at once, and the answer when there is one."""
        question = question.strip()
        if not question:
            yield SKIP
            return
        own = words(Language(page))
        before = [each for each in before if not each.is_awaited]
        awaiting = [*before, Exchange(question)]
        yield "", messages(awaiting, own), awaiting, gr.skip()
        now = [*before, exchange(self.service, question, before, Choice(*filters), own)]
        yield gr.skip(), messages(now, own), now, carried(now, origin, own)

    def resumed(self, before: Sequence[Exchange], *asked: Any) -> Told:
        """The answer to the question that the page opened with, where an address asked one."""
        *_, told = self.asked(before[-1].question if before and before[-1].is_awaited else "", before, *asked)
        return told

    def example_chosen(self, chosen: gr.SelectData, *asked: Any) -> Iterator[Told]:
        yield from self.asked(str(chosen.value["text"]), *asked)

    def option_chosen(
        self, chosen: gr.SelectData, before: Sequence[Exchange], page: str, origin: str, *filters: Any
    ) -> Iterator[Any]:
        """A question that was offered, or the last one again without the filters."""
        if chosen.value != UNFILTERED:
            for told in self.asked(str(chosen.value), before, page, origin, *filters):
                yield *told, gr.skip(), gr.skip(), gr.skip(), gr.skip()
        elif before:
            for told in self.asked(before[-1].question, before, page, origin):
                yield *told, [], [], {}, gr.update(label=words(Language(page)).say("filters"))

    def edited(
        self, edit: gr.EditData, before: Sequence[Exchange], page: str, origin: str, *filters: Any
    ) -> Iterator[Told]:
        """The conversation from an edited question on; what came after it is gone."""
        at = edit.index // 2 if isinstance(edit.index, int) else -1
        if not 0 <= at < len(before) or not isinstance(edit.value, str):
            yield SKIP
        elif not (question := edit.value.strip()) or question == before[at].question:
            yield gr.skip(), messages(before, words(Language(page))), gr.skip(), gr.skip()
        else:
            yield from self.asked(question, before[:at], page, origin, *filters)

    def judged(self, given: gr.EventData, exchanges: Sequence[Exchange], page: str, origin: str) -> tuple[Any, Any]:
        now = judged(exchanges, getattr(given, "at", None), getattr(given, "feedback", None))
        return now, carried(now, origin, words(Language(page)))

    def proposed(self, exchanges: Sequence[Exchange]) -> Proposals | None:
        return proposals(self.service, exchanges)

    def offered(self, exchanges: Sequence[Exchange], proposed: Proposals | None, page: str) -> Any:
        """The chat with what may be asked next, unless something was asked meanwhile."""
        if proposed is None or not proposed.questions or not exchanges or exchanges[-1].answer != proposed.answer:
            return gr.skip()
        return messages(exchanges, words(Language(page)), proposed.questions)


def carried(exchanges: Sequence[Exchange], origin: str, page: Words) -> Any:
    """What the browser is given to keep, to copy and to export: properties of the source panel."""
    kept = keepable(exchanges)
    return gr.update(
        conversation=[shown for _, shown in kept],
        texts=[plain_text(each, origin) for each, _ in kept],
        markdown=markdown(exchanges, origin, page),
    )
