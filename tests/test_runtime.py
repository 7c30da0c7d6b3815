"""Layers in 8-bit integers against the transformer in torch that their weights are of."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from test_passages import make_tokenizer
from transformers import BertConfig, BertModel

from index import runtime
from index.layers import weights_of, write_layers
from index.runtime import Layers, Words

ROWS = [[5, 6, 7], [5, 6, 7, 8, 9, 10, 4, 4, 8], [4], [9, 9], [8, 7, 6, 5, 10, 9]]
BEGINS = [1, 4, 0, 2, 6]


def make_model(folder: Path) -> BertModel:
    """A tiny transformer, and in `folder` the files that index/bundled.py would unpack."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=200, pad_token_id=2, initializer_range=0.5,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False).eval()
    for name, weights in model.named_parameters():
        if name.endswith("bias") or "LayerNorm" in name:
            torch.nn.init.normal_(weights, weights.mean().item(), 0.2)
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    make_tokenizer().save(str(folder / "tokenizer.json"))
    return model


@pytest.fixture
def model(tmp_path: Path) -> BertModel:
    return make_model(tmp_path)


def make_layers(folder: Path, *, with_segments: bool = False) -> Layers:
    words = Words(folder)
    write_layers(folder / "layers.onnx", words, weights_of(folder), ROWS, BEGINS if with_segments else None)
    return Layers(folder / "layers.onnx", words)


def _expected(model: BertModel, row: list[int], begin: int | None = None) -> np.ndarray:
    segments = torch.tensor([[int(begin is not None and place >= begin) for place in range(len(row))]])
    with torch.inference_mode():
        return model(torch.tensor([row]), token_type_ids=segments).last_hidden_state[0].numpy()


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def test_word_vectors_are_those_of_the_file(tmp_path: Path, model: BertModel) -> None:
    words = Words(tmp_path)
    ids = np.array([[0, 10], [3, 3]])
    np.testing.assert_array_equal(words.vectors(ids), model.embeddings.word_embeddings.weight.detach().numpy()[ids])
    assert words.dimension == 16


def test_word_vectors_may_have_16_bits(tmp_path: Path, model: BertModel) -> None:
    save_file({name: values.half() for name, values in model.state_dict().items()}, tmp_path / "model.safetensors")
    vectors = Words(tmp_path).vectors(np.arange(11))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, model.embeddings.word_embeddings.weight.detach().numpy(), rtol=1e-3)


def test_layers_say_nearly_what_torch_says(tmp_path: Path, model: BertModel) -> None:
    for row, values in zip(ROWS, make_layers(tmp_path).run(ROWS), strict=True):
        assert values.shape == (len(row), 16)
        assert values.dtype == np.float32
        assert _cosine(values, _expected(model, row)) > 0.997


def test_layers_may_know_two_segments(tmp_path: Path, model: BertModel) -> None:
    found = make_layers(tmp_path, with_segments=True).run(ROWS, BEGINS)
    for row, begin, values in zip(ROWS, BEGINS, found, strict=True):
        assert _cosine(values, _expected(model, row, begin)) > 0.997


def test_a_last_layer_may_stand_on_top(tmp_path: Path, model: BertModel) -> None:
    head = {"head.weight": np.eye(3, 16, dtype=np.float32), "head.bias": np.array([0, 1, 2], np.float32)}
    write_layers(tmp_path / "layers.onnx", Words(tmp_path), weights_of(tmp_path) | head, ROWS)
    (values,) = Layers(tmp_path / "layers.onnx", Words(tmp_path)).run(ROWS[:1])
    np.testing.assert_allclose(values, _expected(model, ROWS[0])[:, :3] + [0, 1, 2], atol=0.1)


def test_without_rounding_layers_say_what_torch_says(tmp_path: Path, model: BertModel) -> None:
    from onnxruntime import InferenceSession

    from index.layers import Layers as Graph

    graph = Graph(json.loads((tmp_path / "config.json").read_text()), weights_of(tmp_path), with_segments=False).model()
    session = InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = runtime.inputs_of(Words(tmp_path), ROWS, None)
    for row, values in zip(ROWS, session.run(["values"], inputs)[0], strict=True):
        np.testing.assert_allclose(values[: len(row)], _expected(model, row), atol=1e-5)


@pytest.mark.usefixtures("model")
def test_what_else_is_in_a_batch_changes_nothing(tmp_path: Path) -> None:
    layers = make_layers(tmp_path)
    together = layers.run([*ROWS * 7, [10] * 150])
    for row, values in zip([*ROWS * 7, [10] * 150], together, strict=True):
        np.testing.assert_allclose(layers.run([row])[0], values, atol=1e-5)


@pytest.mark.usefixtures("model")
def test_nothing_runs_to_nothing(tmp_path: Path) -> None:
    assert make_layers(tmp_path).run([]) == []


@pytest.mark.usefixtures("model")
def test_many_threads_may_run_layers(tmp_path: Path) -> None:
    layers, wrong = make_layers(tmp_path), []
    expected = layers.run(ROWS)

    def work() -> None:
        for _ in range(20):
            found = layers.run(ROWS)
            wrong.extend(0 for one, other in zip(found, expected, strict=True) if np.abs(one - other).max() > 1e-5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("processors", [1, 2, 16])
def test_batches_hold_every_row_once_and_rows_of_like_length(monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    monkeypatch.setattr(runtime, "processors", lambda: processors)
    chance = np.random.default_rng(1)
    for count in (0, 1, 7, 300):
        lengths = chance.integers(1, 200, count).tolist()
        batches = list(runtime._batches(lengths))
        assert sorted(place for batch in batches for place in batch) == list(range(count))
        for batch in batches:
            assert len(batch) == 1 or max(lengths[place] for place in batch) * len(batch) <= 384
        ordered = [lengths[place] for batch in batches for place in batch]
        assert ordered == sorted(ordered, reverse=True)


def test_every_processor_gets_a_share_of_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "processors", lambda: 4)
    assert len(list(runtime._batches([40] * 8))) == 4


def test_as_many_processors_are_used_as_the_process_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 3, 5}, raising=False)
    assert runtime.processors() == 3
    for told, used in {"2": 2, "64": 3, "0": 1, "many": 3}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", told)
        assert runtime.processors() == used


@pytest.mark.usefixtures("model")
def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    weights = weights_of(tmp_path)
    del weights["encoder.layer.1.output.dense.weight"]
    with pytest.raises(KeyError, match=r"layer\.1\.output"):
        write_layers(tmp_path / "layers.onnx", Words(tmp_path), weights, ROWS)
    assert not (tmp_path / "layers.onnx").exists()


@pytest.mark.usefixtures("model")
def test_a_process_that_answers_loads_no_torch_and_reports_to_nobody(tmp_path: Path) -> None:
    make_layers(tmp_path)
    code = (
        "import sys, pathlib, qa.pipeline, qa.readers; from index.runtime import Layers, Words;"
        "folder = pathlib.Path(sys.argv[1]); Layers(folder / 'layers.onnx', Words(folder)).run([[4, 5]]);"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'onnx') if name in sys.modules])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], env=environment | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
    assert not (tmp_path / "cache").exists()  # ONNX Runtime keeps there what it has to report
