"""Runs a transformer's layers on the processor, without torch: ONNX Runtime, tokenizers and NumPy.

The layers are files that index/layers.py made. What goes into them are word vectors, nine tenths of the model, which
stay on disk, mapped into memory: only the words that occur are read.
"""

import json
import os
import struct
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.types import Vectors

_FORMAT = 1  # of the files; raised when index/layers.py writes others from the same weights
WORDS = "embeddings.word_embeddings.weight"
_KINDS: dict[str, Any] = {"F16": "<f2", "F32": "<f4"}  # of numbers: safetensors' names and NumPy's
_TOGETHER = 384  # tokens that go through the layers at once; what they become still fits a processor's cache
# ONNX Runtime merges these operators into others that take several times as long on a processor.
_SLOW_FUSIONS = ["SkipLayerNormFusion", "BiasSkipLayerNormFusion", "BiasGeluFusion"]


def file_name(name: str) -> str:
    """Of a file of layers, as this version of Citewire writes them."""
    return f"{name}-{_FORMAT}.onnx"


class Words:
    """The tokenizer and the word vectors of an unpacked model (index/bundled.py), for all layers over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    @property
    def tokenizer(self) -> Tokenizer:
        """Loaded when first needed, in half a second. Safe to use from many threads."""
        with self._lock:
            return self._tokenizer

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    @property
    def dimension(self) -> int:
        return int(self._vectors.shape[1])

    def vectors(self, ids: NDArray[np.int64]) -> Vectors:
        """The vectors of token ids, shape (*ids.shape, dimension), float32."""
        return self._vectors[ids].astype(np.float32)

    @cached_property
    def _vectors(self) -> NDArray[np.floating[Any]]:
        """One tensor of the safetensors file: the length of a JSON header in 8 bytes, the header, then the numbers."""
        path = self.folder / "model.safetensors"
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            tensor = json.loads(file.read(length))[WORDS]
        kind, start = _KINDS[tensor["dtype"]], 8 + length + tensor["data_offsets"][0]
        return np.memmap(path, kind, "r", start, tuple(tensor["shape"]))


class Layers:
    """A transformer's layers, from word vectors to whatever stands on top. Safe to use from many threads.

    Every batch runs in one thread, and several at the same time: so none waits for another, and a question that comes
    while articles are encoded gets its share of the processors at once.
    """

    def __init__(self, path: Path, words: Words) -> None:
        self._words = words
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # hardly two batches have the same shape
        if not _has_vnni():  # such processors overflow, adding up products of 8-bit numbers, unless told not to
            options.add_session_config_entry("session.x64quantprecision", "1")
        self._session = onnxruntime.InferenceSession(
            path, options, ["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
        )
        self._workers = ThreadPoolExecutor(processors(), "layers")

    def run(self, rows: Sequence[Sequence[int]], begins: Sequence[int] | None = None) -> list[Vectors]:
        """For each row of token ids what the layers make of it, shape (its tokens, width).

        `begins` tell where the second segment of each row begins, for layers that know two.
        """
        found: dict[int, Vectors] = {}
        batches = list(_batches([len(row) for row in rows]))

        def work(batch: Sequence[int]) -> Vectors:
            return self._forward([rows[index] for index in batch], begins and [begins[index] for index in batch])

        outputs = self._workers.map(work, batches) if len(batches) > 1 else map(work, batches)
        for batch, output in zip(batches, outputs, strict=True):
            found |= {index: values[: len(rows[index])] for index, values in zip(batch, output, strict=True)}
        return [found[index] for index in range(len(rows))]

    def _forward(self, rows: Sequence[Sequence[int]], begins: Sequence[int] | None) -> Vectors:
        """Shape (rows, tokens of the longest, width)."""
        output: Vectors = self._session.run(None, inputs_of(self._words, rows, begins))[0]
        return output


def inputs_of(words: Words, rows: Sequence[Sequence[int]], begins: Sequence[int] | None) -> dict[str, NDArray[Any]]:
    """What layers take in: the vectors of rows of token ids, padded to the longest, and a mask of what is no padding.

    `begins` tell where the second segment of each row begins, for layers that know two.
    """
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask, segments = np.zeros_like(ids), np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = row, 1
        segments[place, begins[place] if begins else len(row) : len(row)] = 1
    inputs: dict[str, NDArray[Any]] = {"words": words.vectors(ids), "mask": mask}
    return inputs | {"segments": segments} if begins else inputs


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of rows, the longest first, those of like length together; none has more than a processor's share."""
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    together = min(_TOGETHER, -(-sum(lengths) // processors()))
    while order:
        many = max(1, together // max(1, lengths[order[0]]))
        yield order[:many]
        order = order[many:]


def _has_vnni() -> bool:
    """Whether the processor is known to add up products of 8-bit numbers in 32 bits (VNNI); only Linux tells."""
    try:
        return bool({"avx512_vnni", "avx_vnni"} & set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split()))
    except OSError:
        return False


def processors() -> int:
    """How many this process may use; OMP_NUM_THREADS, which other libraries obey, makes it fewer."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(count, max(1, int(told))) if told.isdecimal() else count
