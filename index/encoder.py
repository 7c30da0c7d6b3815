"""The encoder: the embedded model, or any of sentence-transformers; and the centring that makes languages comparable.

Centring: a multilingual encoder places each language's texts around a mean of their own, so the nearest sentence is
in the question's own language nearly always, however wrong. Subtracting each language's mean vector, questions and
sentences apart, before normalising, removes most of that (LAReQA, Roy et al. 2020, arXiv:2004.05484, names the bias).
The means come from the sample articles and their questions, which say the same things in all three languages.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from corpus import samples
from corpus.sentences import split
from corpus.types import Language
from index import bundled
from index.embedded import EmbeddedEncoder
from index.turns import Turns
from index.types import Encoder, ModelUnavailable, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_GPU_FILES = ("/dev/nvidia0", "/dev/kfd", "/dev/dxg")  # of NVIDIA's and AMD's drivers, and of Windows' for Linux
_BATCH = 32  # sentences, after which a question may go first
_CALIBRATION = 400  # sentences per language; the means move by less than 0.01 beyond


def open_encoder(name: str, cache: Path, progress: bundled.Progress = bundled.silent) -> Encoder:
    """The embedded model (`name` empty or its own), or the sentence-transformers model of that name or folder."""
    if name in ("", bundled.NAME) and not _sees_gpu():
        return EmbeddedEncoder(cache, progress)
    return SentenceTransformerEncoder(name, cache, progress)


def _sees_gpu() -> bool:
    """Whether torch sees a GPU; it is imported, which takes seconds, only where there may be one."""
    if not any(map(os.path.exists, _GPU_FILES)) and (sys.platform, platform.machine()) != ("darwin", "arm64"):
        return False
    import torch

    return torch.cuda.is_available() or torch.backends.mps.is_available()


class SentenceTransformerEncoder:
    """The sentence-transformers model of that name or folder, or the embedded one (`name` empty), with torch.

    The model is loaded when first needed, since that and importing torch take seconds. A name is looked up where
    sentence-transformers looks: a local folder, the hub's cache, the hub.
    """

    def __init__(self, name: str, cache: Path, progress: bundled.Progress = bundled.silent) -> None:
        self.name = name or bundled.NAME
        self._is_embedded = name in ("", bundled.NAME)
        self._cache = cache
        self._progress = progress
        self._turns = Turns()  # two encodings at once are slower than one after the other

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it is another one of the same model, for another process."""
        return type(self), (self.name, self._cache)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer

        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if self._is_embedded:
            folder = bundled.model_folder(self._cache, self._progress)
            return SentenceTransformer(str(folder), local_files_only=True)
        try:
            return SentenceTransformer(self.name, prompts=_default_prompts(self.name))
        except (OSError, ValueError, ImportError) as error:
            raise ModelUnavailable(
                f"the model {self.name!r} cannot be loaded ({str(error).splitlines()[0]}); "
                "give --model the folder of a sentence-transformers model, or leave it out for the embedded one"
            ) from error

    @property
    def fingerprint(self) -> str:
        return bundled.fingerprint() if self._is_embedded else f"{self.name}:{self.dimension}"

    @cached_property
    def dimension(self) -> int:
        with self._turns.now():
            return int(self._model.get_embedding_dimension() or 0)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), float32."""
        with self._turns.now():
            return self._encode(texts, ("query",))

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), float32. Questions need not wait for more than one batch."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        # Alike together: little padding. Bytes tell more of the tokens than characters do, in three scripts.
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index].encode()))
        for start in range(0, len(by_length), _BATCH):
            batch = by_length[start : start + _BATCH]
            with self._turns.later():
                vectors[batch] = self._encode([texts[index] for index in batch], ("passage", "document"))
        return vectors

    def _encode(self, texts: Sequence[str], roles: Sequence[str]) -> Vectors:
        prompts = self._model.prompts
        role = next((role for role in roles if prompts.get(role)), None)
        vectors = self._model.encode(
            list(texts), prompt_name=role, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)


def _default_prompts(name: str) -> dict[str, str] | None:
    """E5 models want their prompts, and the older of them do not carry them."""
    return {"query": "query: ", "passage": "passage: "} if "e5" in Path(name).name.lower().split("-") else None


@dataclass(frozen=True, slots=True)
class Centring:
    """The mean vector of each language's questions, and of its sentences; shape (dimension,)."""

    questions: dict[Language, Vectors]
    sentences: dict[Language, Vectors]

    def question(self, vector: Vectors, language: Language) -> Vectors:
        """A question's vector without its language's mean, unit length again."""
        return normalise(vector - self.questions[language])

    def sentence(self, vectors: Vectors, languages: Sequence[Language]) -> Vectors:
        """Sentences' vectors, shape (n, dimension), without their languages' means, unit length again."""
        number = {language: number for number, language in enumerate(self.sentences)}
        means = np.stack(list(self.sentences.values()))
        return normalise(vectors - means[np.array([number[language] for language in languages], np.intp)])

    @property
    def fingerprint(self) -> str:
        """Changes when the means do, so that an index made with others is rebuilt."""
        parts = [*self.questions.values(), *self.sentences.values()]
        return hashlib.blake2b(np.concatenate(parts).round(4).tobytes(), digest_size=8).hexdigest()


def normalise(vectors: Vectors) -> Vectors:
    """Scale to unit length along the last axis; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def centring(encoder: Encoder, cache: Path) -> Centring:
    """The means for this encoder, measured once on the sample articles and kept in `cache`."""
    texts = {language: _calibration_texts(language) for language in Language}
    key = hashlib.blake2b(json.dumps([encoder.fingerprint, texts]).encode(), digest_size=8).hexdigest()
    path = cache / f"centring-{key}.npz"
    try:
        return _load(path)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        measured = _measure(encoder, texts)
    with suppress(OSError):  # a cache that cannot be written costs time, nothing else
        _save(path, measured)
    return measured


def _calibration_texts(language: Language) -> tuple[list[str], list[str]]:
    """Questions and sentences of the sample set in one language."""
    sentences = [text[start:end] for text in samples.texts(language) for start, end in split(text, language)]
    return samples.questions(language), sentences[:_CALIBRATION]


def _measure(encoder: Encoder, texts: dict[Language, tuple[list[str], list[str]]]) -> Centring:
    return Centring(
        {language: encoder.encode_questions(questions).mean(axis=0) for language, (questions, _) in texts.items()},
        {language: encoder.encode_sentences(sentences).mean(axis=0) for language, (_, sentences) in texts.items()},
    )


def _load(path: Path) -> Centring:
    with path.open("rb") as file, np.load(file) as arrays:
        return Centring(
            {language: arrays[f"questions_{language}"] for language in Language},
            {language: arrays[f"sentences_{language}"] for language in Language},
        )


def _save(path: Path, means: Centring) -> None:
    arrays = {f"questions_{language}": vector for language, vector in means.questions.items()}
    arrays |= {f"sentences_{language}": vector for language, vector in means.sentences.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(beside, allow_pickle=False, **arrays)
    beside.replace(path)
