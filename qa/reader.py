"""Readers look at question and sentence together: does the sentence answer, and with which words?

The embedded one is the encoder's own transformer, trained further (training/reader.py). It reads a passage, that is,
neighbouring sentences of one article, in one pass (extractive question answering, Devlin et al. 2019,
arXiv:1810.04805): each token is scored as the first and as the last of an answer, each sentence as one that answers.
Any cross-encoder of sentence-transformers, or question-answering model of transformers, may take its place
(qa/readers.py).
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.encoder import SentenceTransformerEncoder
from index.types import ModelUnavailable
from qa.passages import MAX_TOKENS, Pieced, Pieces, Sheet, overhead, padded, sheet

WEIGHTS = "reader.safetensors"
SCALE = ".scale"  # of the rows of a matrix that is kept as 8-bit integers
_LONGEST = 40  # tokens of an answer
_NOWHERE = -1e4  # the score of a span in a sentence without tokens
_TOGETHER = 2400  # tokens that go through the model at once


@dataclass(frozen=True, slots=True)
class Excerpt:
    """An article's title, those of its sentences that are known, by their places in it, and which of them to read."""

    title: str
    sentences: Mapping[int, str]
    wanted: Sequence[int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a sentence: the log-odds that it answers, and the answer's `[start, end)` in it.

    `margin` is by how much the reader prefers that span to there being none; 0 where it looks for no spans.
    """

    answers: float
    span: tuple[int, int] | None = None
    margin: float = 0.0


class Reader(Protocol):
    """Reads the wanted sentences of every excerpt; its readings, by place, may hold others that were in view too."""

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]: ...


class EmbeddedReader:
    """The reader that comes with Citewire. It shares tokenizer and word vectors with the embedded encoder.

    `weights` are what training/reader.py wrote, if not those that come along. They are loaded with the first question.
    """

    def __init__(self, encoder: SentenceTransformerEncoder, weights: Path | None = None) -> None:
        self._encoder = encoder
        self._weights = weights or Path(str(resources.files("qa").joinpath(WEIGHTS)))
        self._model: _Model | None = None

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        """Loads the weights first, when it has not yet."""
        with self._encoder.transformer() as transformer:
            if self._model is None:
                self._model = _Model(transformer, self._weights)
            return self._model.read(question, excerpts)


class _Model:
    """The transformer with its head, and the layout of what goes in and comes out."""

    def __init__(self, transformer: Any, weights: Path) -> None:
        import torch

        self._torch = torch
        self._pieced = Pieced(transformer.tokenizer)
        self._body, self._head = _parts(transformer.model, weights)
        # Twice as fast where the processor has instructions for it, and several times as slow where it has not.
        able = torch.cpu.get_capabilities()
        self._half = self._body.device.type != "cpu" or bool(able.get("avx512_bf16") or able.get("amx_bf16"))

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        asked = self._pieced.question(question)
        laid = [(index, *each) for index, excerpt in enumerate(excerpts) for each in self._sheets(asked, excerpt)]
        scores = self._scores([page for *_, page in laid])
        found: list[dict[int, Reading]] = [{} for _ in excerpts]
        for (index, run, core, page), score in zip(laid, scores, strict=True):
            sentences = [excerpts[index].sentences[place] for place in run]
            for place, reading in zip(run, readings(page, score, sentences), strict=True):
                if place in core or place not in found[index]:
                    found[index][place] = reading
        return found

    def _sheets(self, question: Pieces, excerpt: Excerpt) -> Iterator[tuple[range, range, Sheet]]:
        """The windows of the excerpt, each with its sheet."""
        places = sorted(excerpt.sentences)
        title, *pieces = self._pieced.cut([excerpt.title, *(excerpt.sentences[place] for place in places)])
        cut = dict(zip(places, pieces, strict=True))
        lengths = {place: len(each.ids) + 1 for place, each in cut.items()}
        for run, core in windows(excerpt.wanted, lengths, MAX_TOKENS - overhead(question, title)):
            yield run, core, sheet(self._pieced, question, title, [cut[place] for place in run])

    def _scores(self, sheets: Sequence[Sheet]) -> list[NDArray[np.float32]]:
        """For each sheet the three scores of its tokens, shape (tokens, 3)."""
        order = sorted(range(len(sheets)), key=lambda index: len(sheets[index].ids))
        scores: dict[int, NDArray[np.float32]] = {}
        while order:
            many = max(1, _TOGETHER // len(sheets[order[-1]].ids))
            batch, order = order[-many:], order[:-many]
            for index, values in zip(batch, self._forward([sheets[index] for index in batch]), strict=True):
                scores[index] = values[: len(sheets[index].ids)]
        return [scores[index] for index in range(len(sheets))]

    def _forward(self, sheets: Sequence[Sheet]) -> NDArray[np.float32]:
        """Shape (sheets, tokens of the longest, 3)."""
        torch, device = self._torch, self._body.device
        inputs = {
            name: torch.tensor(rows, device=device) for name, rows in padded(sheets, self._pieced.padding).items()
        }
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=self._half):
            hidden = self._body(**inputs).last_hidden_state
        with torch.inference_mode():
            scores: NDArray[np.float32] = self._head(hidden.float()).cpu().numpy()
        return scores


def _parts(base: Any, path: Path) -> tuple[Any, Any]:
    """The reader's transformer, over the word and position vectors of `base`, and the head on top of it."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from transformers import AutoModel

    config = copy.deepcopy(base.config)
    config.vocab_size = config.pad_token_id + 1  # the vectors of the words are the encoder's
    head = torch.nn.Linear(config.hidden_size, 3)
    try:
        weights = unpacked(load_file(path))
        config.num_hidden_layers = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
        body = AutoModel.from_config(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
        body.embeddings.word_embeddings = body.embeddings.position_embeddings = torch.nn.Identity()
        head.load_state_dict({name: weights.pop(f"head.{name}") for name in ("weight", "bias")})
        body.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(
            f"the reader's weights {path} cannot be used ({str(error).splitlines()[0]}); install Citewire again, "
            "or give --reader off"
        ) from error
    body.embeddings.word_embeddings = base.embeddings.word_embeddings
    body.embeddings.position_embeddings = base.embeddings.position_embeddings
    return body.to(base.device).eval(), head.to(base.device).eval()


def unpacked(kept: dict[str, Any]) -> dict[str, Any]:
    """Weights as floating-point numbers, whether they are kept as such or as integers with a scale for each row."""
    return {
        name: values.float() * kept[name + SCALE].float()[:, None] if name + SCALE in kept else values.float()
        for name, values in kept.items()
        if not name.endswith(SCALE)
    }


def windows(wanted: Sequence[int], lengths: Mapping[int, int], room: int) -> Iterator[tuple[range, range]]:
    """Runs of neighbouring sentences, of `room` tokens at most unless one is longer; with each, those it is read for.

    `lengths` are the tokens of those that may be read. Every wanted one is read for in one run; what is around
    comes in, the nearest first, as long as there is room.
    """
    left = sorted(set(wanted))
    while left:
        first = last = left.pop(0)
        room_left = room - lengths[first]
        while left and all(place in lengths for place in range(last + 1, left[0])):
            more = sum(lengths[place] for place in range(last + 1, left[0] + 1))
            if more > room_left:
                break
            last, room_left = left.pop(0), room_left - more
        core = range(first, last + 1)
        while fitting := [side for side in (first - 1, last + 1) if lengths.get(side, room_left + 1) <= room_left]:
            side = min(fitting, key=lambda side: max(core.start - side, side - core.stop + 1))
            first, last, room_left = min(first, side), max(last, side), room_left - lengths[side]
        yield range(first, last + 1), core


def readings(page: Sheet, scores: NDArray[np.float32], sentences: Sequence[str]) -> Iterator[Reading]:
    """What the scores of a sheet's tokens, shape (tokens, 3), say about each of its sentences."""
    nothing = float(scores[0, 0] + scores[0, 1])
    for sentence, tokens in zip(sentences, page.tokens, strict=True):
        first, last, score = best_span(scores[tokens.start : tokens.stop - 1, :2])
        offsets = page.offsets[tokens.start - page.begin :]
        start, end = offsets[first][0], offsets[last][1]
        start += len(sentence[start:end]) - len(sentence[start:end].lstrip())
        own = scores[tokens.start : tokens.stop, 2]
        answers = float(np.logaddexp.reduce(own) - np.log(len(own)))
        yield Reading(answers, (start, end) if end > start else None, score - nothing)


def best_span(scores: NDArray[np.float32]) -> tuple[int, int, float]:
    """The first and the last of the tokens whose scores as such, shape (tokens, 2), add up to most; and that sum."""
    if not len(scores):
        return 0, 0, _NOWHERE
    sums = scores[:, None, 0] + scores[None, :, 1]
    allowed = np.triu(np.ones_like(sums, bool)) & ~np.triu(np.ones_like(sums, bool), _LONGEST)
    first, last = np.unravel_index(int(np.where(allowed, sums, -np.inf).argmax()), sums.shape)
    return int(first), int(last), float(sums[first, last])
