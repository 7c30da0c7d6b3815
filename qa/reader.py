"""Readers look at question and sentence together: does the sentence answer, and with which words?

The embedded one is the encoder's own transformer, trained further (training/reader.py). It reads a passage, that is,
neighbouring sentences of one article, in one pass (extractive question answering, Devlin et al. 2019,
arXiv:1810.04805): each token is scored as the first and as the last of an answer, each sentence as one that answers.
Any cross-encoder of sentence-transformers, or question-answering model of transformers, may take its place
(qa/readers.py).
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from corpus import samples
from corpus.sentences import split
from corpus.types import Language
from index import bundled
from index.embedded import EmbeddedEncoder
from index.runtime import Layers, file_name
from index.types import ModelUnavailable
from qa.passages import MAX_TOKENS, Pieced, Pieces, Sheet, overhead, sheet

WEIGHTS = "reader.safetensors"
SCALE = ".scale"  # of the rows of a matrix that is kept as 8-bit integers
_LONGEST = 40  # tokens of an answer
_NOWHERE = -1e4  # the score of a span in a sentence without tokens
_SAMPLED = 6  # sentences of an article, on which the layers are fitted to 8 bits


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
    """The reader that comes with Citewire, over the tokenizer and the word vectors of the embedded encoder.

    `weights` are what training/reader.py wrote, if not those that come along. Safe to use from many threads; what it
    needs is loaded with the first question, and made from the weights if this is the first ever.
    """

    def __init__(self, encoder: EmbeddedEncoder, weights: Path | None = None) -> None:
        self._encoder = encoder
        self._weights = weights or Path(str(resources.files("qa").joinpath(WEIGHTS)))
        self._lock = threading.Lock()

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        """Raises ModelUnavailable when the weights cannot be used."""
        with self._lock:
            pieced, layers = self._pieced, self._layers
        asked = pieced.question(question)
        laid = [(index, *each) for index, excerpt in enumerate(excerpts) for each in _sheets(pieced, asked, excerpt)]
        pages = [page for *_, page in laid]
        scores = layers.run([page.ids for page in pages], [page.begin for page in pages])
        found: list[dict[int, Reading]] = [{} for _ in excerpts]
        for (index, run, core, page), score in zip(laid, scores, strict=True):
            sentences = [excerpts[index].sentences[place] for place in run]
            for place, reading in zip(run, readings(page, score, sentences), strict=True):
                if place in core or place not in found[index]:
                    found[index][place] = reading
        return found

    @cached_property
    def _pieced(self) -> Pieced:
        return Pieced(self._encoder.words.tokenizer)

    @cached_property
    def _layers(self) -> Layers:
        """Three scores for each token: of the trained transformer, over the encoder's words and positions."""
        words = self._encoder.words
        try:
            content = self._weights.read_bytes()
            name = file_name(f"reader-{hashlib.blake2b(content, digest_size=6).hexdigest()}")
            return Layers(bundled.kept(words.folder / name, lambda path: self._make(content, path)), words)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise ModelUnavailable(
                f"the reader's weights {self._weights} cannot be used ({str(error).splitlines()[0]}); install Citewire "
                "again, or give --reader off"
            ) from error

    def _make(self, content: bytes, path: Path) -> None:
        from index.layers import POSITIONS, weights_of, write_layers  # which need onnx, and that once

        weights, words = unpacked(load(content)), self._encoder.words
        weights[POSITIONS] = weights_of(words.folder)[POSITIONS]
        pages = list(_sample_sheets(self._pieced))
        write_layers(path, words, weights, [page.ids for page in pages], [page.begin for page in pages])


def unpacked(kept: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Weights as floating-point numbers, whether they are kept as such or as integers with a scale for each row."""
    whole = {name: values.astype(np.float32) for name, values in kept.items()}
    return {
        name: values * whole[name + SCALE][:, None] if name + SCALE in whole else values
        for name, values in whole.items()
        if not name.endswith(SCALE)
    }


def _sheets(pieced: Pieced, question: Pieces, excerpt: Excerpt) -> Iterator[tuple[range, range, Sheet]]:
    """The windows of the excerpt, each with its sheet."""
    places = sorted(excerpt.sentences)
    title, *pieces = pieced.cut([excerpt.title, *(excerpt.sentences[place] for place in places)])
    cut = dict(zip(places, pieces, strict=True))
    lengths = {place: len(each.ids) + 1 for place, each in cut.items()}
    for run, core in windows(excerpt.wanted, lengths, MAX_TOKENS - overhead(question, title)):
        yield run, core, sheet(pieced, question, title, [cut[place] for place in run])


def _sample_sheets(pieced: Pieced) -> Iterator[Sheet]:
    """Questions of the sample set, each with the beginning of an article."""
    for language in Language:
        for question, text in zip(samples.questions(language), samples.texts(language), strict=False):
            title, *sentences = pieced.cut([text[start:end] for start, end in split(text, language)[:_SAMPLED]])
            yield sheet(pieced, pieced.question(question), title, sentences)


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
