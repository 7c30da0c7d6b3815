"""The embedded model as an encoder, on the processor alone: no torch once its layers are made."""

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from corpus import samples
from corpus.sentences import split
from corpus.types import Language
from index import bundled
from index.runtime import Layers, Words, file_name
from index.types import Vectors

_QUESTION, _SENTENCE = "query: ", "passage: "
_MAX_TOKENS = 512
_SAMPLES = 24  # questions, and sentences, of each language, on which the layers are fitted to 8 bits


class EmbeddedEncoder:
    """The model that comes with Citewire. Safe to use from many threads; what it needs is loaded when first needed."""

    name = bundled.NAME

    def __init__(self, cache: Path, progress: bundled.Progress = bundled.silent) -> None:
        self._cache = cache
        self._progress = progress
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it is another one of the same model, for another process."""
        return type(self), (self._cache,)

    @property
    def fingerprint(self) -> str:
        return bundled.fingerprint()

    @property
    def dimension(self) -> int:
        return self.words.dimension

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), float32."""
        return self._encode([_QUESTION + text for text in texts])

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), float32."""
        return self._encode([_SENTENCE + text for text in texts])

    @property
    def words(self) -> Words:
        """The model's tokenizer and word vectors. Unpacks the model if need be; raises ModelUnavailable."""
        with self._lock:
            return self._words

    @cached_property
    def _words(self) -> Words:
        return Words(bundled.model_folder(self._cache, self._progress))

    @cached_property
    def _layers(self) -> Layers:
        return Layers(bundled.kept(self._words.folder / file_name("layers"), self._make), self._words)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            layers = self._layers
        means = [values.mean(axis=0) for values in layers.run(self._rows(texts))]
        vectors = np.array(means, np.float32).reshape(len(texts), self.dimension)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def _rows(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, with the special ones around them."""
        rows = [each.ids for each in self.words.tokenizer.encode_batch_fast(list(texts))]
        return [row if len(row) <= _MAX_TOKENS else [*row[: _MAX_TOKENS - 1], row[-1]] for row in rows]

    def _make(self, path: Path) -> None:
        from index.layers import weights_of, write_layers  # which need onnx, and that once

        self._progress("rounding the model to 8 bits", 0.0)
        write_layers(path, self._words, weights_of(self._words.folder), self._rows(list(_sample_texts())))
        self._progress("model ready", 1.0)


def _sample_texts() -> Iterator[str]:
    for language in Language:
        sentences = [text[start:end] for text in samples.texts(language) for start, end in split(text, language)]
        yield from (_QUESTION + text for text in samples.questions(language)[:_SAMPLES])
        yield from (_SENTENCE + text for text in sentences[:_SAMPLES])
