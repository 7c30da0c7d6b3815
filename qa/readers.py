"""Which reader: none, the embedded one, or one that others trained.

Those are cross-encoders of sentence-transformers and question-answering models of transformers, loaded by name or
folder with the loaders of these libraries, from the hub where the network allows.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from index.bundled import Progress, silent
from index.embedded import EmbeddedEncoder
from index.types import Encoder, ModelUnavailable
from qa.reader import EmbeddedReader, Excerpt, Reader, Reading, best_span

ON, OFF = "on", "off"
_MAX_TOKENS = 384  # of question and passage
_QUESTION = 64  # of the question
_AROUND = 1_000  # characters of a passage, from which a sentence is read without its neighbours
_TOGETHER = 16  # passages that go through a model at once
_UNREAD = Reading(-10.0, None, -10.0)  # a sentence that a model has no room for


def open_reader(wanted: str, encoder: Encoder, progress: Progress = silent) -> Reader | None:
    """None for "off", the embedded reader for "on", else the model of that name or folder.

    The embedded one shares what it can with `encoder`; `progress` is told if its model must be unpacked. Another is
    loaded at once, as its configuration says: as a question-answering model or a cross-encoder. Raises ModelUnavailable
    when it is neither, cannot be loaded, or gives several labels instead of one score.
    """
    if wanted == OFF:
        return None
    if wanted == ON:
        if not isinstance(encoder, EmbeddedEncoder):
            encoder = EmbeddedEncoder(user_cache_path("citewire"), progress)
        return EmbeddedReader(encoder)
    from safetensors import SafetensorError

    try:
        return _loaded(wanted)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ModelUnavailable(
            f"the reader {wanted!r} cannot be loaded ({reason}); give --reader the name or folder of a cross-encoder "
            "or question-answering model, or `on` for the embedded one"
        ) from error


def _loaded(name: str) -> Reader:
    from transformers import AutoConfig

    architectures = AutoConfig.from_pretrained(name).architectures or []
    if any(each.endswith("ForQuestionAnswering") for each in architectures):
        return SpanReader(name)
    if any(each.endswith("ForSequenceClassification") for each in architectures):
        return PairReader(name)
    raise ValueError(f"it is a {' and a '.join(architectures) or 'model of no known kind'}")


class PairReader:
    """A cross-encoder (Nogueira & Cho 2019, arXiv:1901.04085): one score of question and sentence, and no spans."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        self._model = CrossEncoder(name)
        self._lock = threading.Lock()  # its tokenizer is not for two threads at once
        if self._model.num_labels != 1:
            raise ValueError(f"it gives {self._model.num_labels} labels instead of one score")

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        """The readings of the wanted sentences; each is read behind its article's title."""
        from torch.nn import Identity

        pairs = [(question, _titled(each, place)) for each in excerpts for place in each.wanted]
        with self._lock:
            scores = self._model.predict(pairs, activation_fn=Identity(), batch_size=_TOGETHER, show_progress_bar=False)
        each_score = iter(scores)
        return [{place: Reading(float(next(each_score))) for place in each.wanted} for each in excerpts]


def _titled(excerpt: Excerpt, place: int) -> str:
    sentence = excerpt.sentences[place]
    return sentence if excerpt.title in ("", sentence) else f"{excerpt.title}\n{sentence}"


class SpanReader:
    """A question-answering model: where an answer begins and ends, or that there is none (at the first token)."""

    def __init__(self, name: str) -> None:
        import torch
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(name)
        if not self._tokenizer.is_fast:
            raise ValueError("it has no fast tokenizer, which alone tells where in the text a token stands")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = AutoModelForQuestionAnswering.from_pretrained(name).to(device).eval()
        self._limit = min(_MAX_TOKENS, self._tokenizer.model_max_length)
        self._lock = threading.Lock()  # its tokenizer is not for two threads at once

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        """The readings of the wanted sentences; each is read between its neighbours, if they are not long."""
        wanted = [(each, place) for each in excerpts for place in each.wanted]
        found: list[Reading] = []
        with self._lock:
            asked = self._end_of(question)
            for start in range(0, len(wanted), _TOGETHER):
                found += self._read(asked, wanted[start : start + _TOGETHER])
        readings = iter(found)
        return [{place: next(readings) for place in each.wanted} for each in excerpts]

    def _end_of(self, question: str) -> str:
        """As much of the question's end, where it asks, as leaves most of the room to the passage."""
        cut = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = cut["offset_mapping"][-min(_QUESTION, self._limit // 3) :]
        return question[offsets[0][0] :].strip() if offsets else question

    def _read(self, question: str, wanted: Sequence[tuple[Excerpt, int]]) -> list[Reading]:
        import torch

        passages = [_between_neighbours(*each) for each in wanted]
        texts = [text for text, *_ in passages]
        inputs = self._tokenizer(
            [question] * len(texts), texts, truncation="only_second", max_length=self._limit, padding=True,
            return_offsets_mapping=True, return_tensors="pt",
        )  # fmt: skip
        offsets = inputs.pop("offset_mapping").numpy()
        with torch.inference_mode():
            output: Any = self._model(**inputs.to(self._model.device))
        scores = torch.stack([output.start_logits, output.end_logits], -1).float().cpu().numpy()
        return [
            _reading(scores[row], offsets[row], inputs.sequence_ids(row), *passage)
            for row, passage in enumerate(passages)
        ]


def _between_neighbours(excerpt: Excerpt, place: int) -> tuple[str, int, int]:
    """The sentence with the one before and the one after, and its start and end in that text."""
    sentence = excerpt.sentences[place]
    before, after = (excerpt.sentences.get(place + step, "") for step in (-1, 1))
    if len(before) + len(sentence) + len(after) > _AROUND:
        return sentence, 0, len(sentence)
    start = len(before) + 1 if before else 0
    return " ".join(filter(None, (before, sentence, after))), start, start + len(sentence)


def _reading(
    scores: NDArray[np.float32],
    offsets: NDArray[np.int64],
    sequences: Sequence[int | None],
    text: str,
    start: int,
    end: int,
) -> Reading:
    inside = []
    for token, (begin, stop) in enumerate(offsets):
        shown = stop - len(text[begin:stop].lstrip())  # some tokenizers count the space before a word to it
        if sequences[token] == 1 and start <= shown < stop <= end:
            inside.append((token, int(shown) - start, int(stop) - start))
    if not inside:
        return _UNREAD
    first, last, score = best_span(scores[[token for token, *_ in inside]])
    margin = score - float(scores[0].sum())
    return Reading(margin, (inside[first][1], inside[last][2]), margin)
