"""Question and passage → the tokens that a reader sees, and back from tokens to characters.

A passage is a few consecutive sentences of one article under its title. The reader sees
`<s> query: QUESTION </s> TITLE </s> SENTENCE </s> SENTENCE </s> …`; the token that closes a sentence stands for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

MAX_TOKENS = 160
_QUESTION, _TITLE = 48, 24  # tokens at most
_PROMPT = "query: "


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokens of a text, and the `[start, end)` that each covers in it."""

    ids: list[int]
    offsets: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a reader sees of one question and one passage.

    `tokens` are the places of each sentence's tokens among the `ids`, the closing one included; `offsets` the
    `[start, end)` that each of the ids from `begin` on covers in its sentence, empty for a closing one.
    """

    ids: list[int]
    begin: int
    tokens: list[range]
    offsets: list[tuple[int, int]]


class Pieced:
    """Cuts texts into pieces."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.first, self.last = tokenizer.token_to_id("<s>") or 0, tokenizer.token_to_id("</s>") or 0

    def cut(self, texts: Sequence[str]) -> list[Pieces]:
        cut = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Pieces(each.ids, each.offsets) for each in cut]

    def question(self, text: str) -> Pieces:
        return self.cut([_PROMPT + text])[0]


def sheet(
    pieced: Pieced, question: Pieces, title: Pieces, sentences: Sequence[Pieces], limit: int = MAX_TOKENS
) -> Sheet:
    """The tokens of all; what is over the limit is cut off the longest sentences.

    Of a long question the end stays: there it asks, and a follow-up borrows in front of itself.
    """
    ids = [pieced.first, *question.ids[-_QUESTION:], pieced.last, *title.ids[:_TITLE], pieced.last]
    begin, tokens, offsets = len(ids), [], []
    room = _fair(limit - begin - len(sentences), [len(each.ids) for each in sentences])
    for each, length in zip(sentences, room, strict=True):
        tokens.append(range(len(ids), len(ids) + length + 1))
        ids += [*each.ids[:length], pieced.last]
        offsets += [*each.offsets[:length], (0, 0)]
    return Sheet(ids, begin, tokens, offsets)


def overhead(question: Pieces, title: Pieces) -> int:
    """The tokens of a sheet before its first sentence."""
    return 3 + min(len(question.ids), _QUESTION) + min(len(title.ids), _TITLE)


def _fair(total: int, lengths: Sequence[int]) -> list[int]:
    """How many tokens each gets so that all have at most `total`: the shorter ones theirs, the longer ones the same."""
    granted, left = list(lengths), max(0, total)
    for done, index in enumerate(sorted(range(len(lengths)), key=lengths.__getitem__)):
        granted[index] = min(lengths[index], left // (len(lengths) - done))
        left -= granted[index]
    return granted
