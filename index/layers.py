"""A BERT's weights → a file of its layers for ONNX Runtime (index/runtime.py), in 8-bit integers.

The graph is written operator by operator. PyTorch's exporter would take half a minute of the first start for the same,
and ONNX Runtime's own quantisers give all tokens of a batch one scale, so that a text's vector depends on what else is
encoded with it. Here weights have a scale for each output, and their inputs one for each token as it comes.

A few channels of the inputs are much larger than the others and would take all the precision. So each is divided by the
square root of the largest value seen in it on sample texts, and the weights are multiplied by it (SmoothQuant, Xiao et
al. 2023, arXiv:2211.10438). How near all this stays to 32-bit numbers: `python benchmarks/runtimes.py`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

from index.runtime import WORDS, Words, inputs_of

POSITIONS = "embeddings.position_embeddings.weight"
_MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own operators
_OPSETS = {"": 20, _MICROSOFT: 1}
_FORMAT = 10  # of the file, that goes with these
_LARGEST, _ZERO = 127, 128  # of an 8-bit integer: the largest absolute value, and what stands for zero
_SMALLEST = 1e-6  # that anything is divided by
_HIDDEN = 1e9  # taken off the scores of padding

Array = NDArray[Any]
Weights = Mapping[str, Array]


def weights_of(folder: Path) -> dict[str, Array]:
    """The weights of the model in `folder`, by the names that transformers gives them, but for the words' vectors."""
    with safe_open(folder / "model.safetensors", "np") as file:
        names = set(file.keys()) - {WORDS}
        return {name: file.get_tensor(name).astype(np.float32) for name in names}


def write_layers(
    path: Path, words: Words, weights: Weights, samples: Sequence[Sequence[int]], begins: Sequence[int] | None = None
) -> None:
    """Write the layers that `weights` are of, over `words`; weights named `head` are one more, at the end.

    `samples` are the token ids of texts such as they will see; `begins` tell where the second segment of each begins,
    if they are to know two. Raises KeyError when weights are missing.
    """
    config = json.loads((words.folder / "config.json").read_text(encoding="utf-8"))
    plain = Layers(config, weights, begins is not None)
    session = onnxruntime.InferenceSession(plain.model().SerializeToString(), providers=["CPUExecutionProvider"])
    seen = [
        session.run(plain.watched, inputs_of(words, [ids], begins and [begins[place]]))
        for place, ids in enumerate(samples)
    ]
    largest = {name: np.max(values, axis=0) for name, *values in zip(plain.watched, *seen, strict=True)}
    onnx.save(Layers(config, weights, begins is not None, largest).model(), path)


class Layers:
    """The graph as it grows: the output of every operator has a name. Values have the shape (tokens, width).

    Without `largest` it computes in 32 bits, and `watched` names more outputs: the largest absolute values among the
    inputs of each linear layer, shape (inputs,). `largest` are these, by the same names.
    """

    def __init__(
        self, config: Mapping[str, Any], weights: Weights, with_segments: bool, largest: Weights | None = None
    ) -> None:
        self.watched: list[str] = []
        self._config, self._weights, self._largest = config, weights, largest
        self._inputs = ["words", "mask", "segments"] if with_segments else ["words", "mask"]
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        """From word vectors, shape (texts, tokens, width), and mask to values of the same shape."""
        self._shape = self._add("Shape", "mask")
        values = self._embeddings()
        padding = self._add("Cast", "mask", to=TensorProto.FLOAT)
        padding = self._add("Mul", self._add("Sub", padding, self._number(1)), self._number(_HIDDEN))
        padding = self._add("Unsqueeze", padding, self._whole(1, 2))
        self._zeros = self._add("Expand", self._constant(np.uint8(_ZERO)), self._add("Shape", values, start=0, end=1))
        for layer in range(len({name.split(".")[2] for name in self._weights if name.startswith("encoder.layer.")})):
            name = f"encoder.layer.{layer}"
            heard = self._attention(f"{name}.attention", values, padding)
            values = self._normalise(f"{name}.attention.output", self._add("Add", heard, values))
            inner = self._add("Gelu", self._linear(values, f"{name}.intermediate.dense"))
            outer = self._linear(inner, f"{name}.output.dense")
            values = self._normalise(f"{name}.output", self._add("Add", outer, values))
        if any(name.startswith("head.") for name in self._weights):
            values = self._product(values, self._weights["head.weight"], self._weights["head.bias"])
        self._add("Reshape", values, self._add("Concat", self._shape, self._whole(-1), axis=0), name="values")
        return self._finished()

    def _embeddings(self) -> str:
        length = self._add("Shape", "mask", start=1)
        positions = self._constant(self._weights[POSITIONS])
        values = self._add("Add", "words", self._add("Slice", positions, self._whole(0), length, self._whole(0)))
        kinds = self._weights["embeddings.token_type_embeddings.weight"]
        if "segments" in self._inputs:
            kind = self._add("Gather", self._constant(kinds), "segments")
        else:
            kind = self._constant(kinds[0])
        values = self._add("Reshape", self._add("Add", values, kind), self._whole(-1, kinds.shape[1]))
        return self._normalise("embeddings", values)

    def _attention(self, name: str, values: str, padding: str) -> str:
        heads, width = self._config["num_attention_heads"], self._config["hidden_size"]
        parts = self._linear(values, *(f"{name}.self.{part}" for part in ("query", "key", "value")))
        shape = self._add("Concat", self._shape, self._whole(3 * heads, width // heads), axis=0)
        parts = self._add("Transpose", self._add("Reshape", parts, shape), perm=[0, 2, 1, 3])
        query, key, value = (
            self._add("Slice", parts, self._whole(start), self._whole(start + heads), self._whole(1))
            for start in (0, heads, 2 * heads)
        )
        scores = self._add("MatMul", query, self._add("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self._add("Mul", scores, self._number((width // heads) ** -0.5))
        shares = self._add("Softmax", self._add("Add", scores, padding), axis=-1)
        heard = self._add("Transpose", self._add("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self._linear(self._add("Reshape", heard, self._whole(-1, width)), f"{name}.output.dense")

    def _normalise(self, name: str, values: str) -> str:
        scale, bias = (self._constant(self._weights[f"{name}.LayerNorm.{part}"]) for part in ("weight", "bias"))
        return self._add("LayerNormalization", values, scale, bias, epsilon=self._config["layer_norm_eps"])

    def _linear(self, values: str, *names: str) -> str:
        """The outputs of linear layers that have the same inputs, one behind the other."""
        weight = np.concatenate([self._weights[f"{name}.weight"] for name in names])
        bias = np.concatenate([self._weights[f"{name}.bias"] for name in names])
        if self._largest is None:
            largest = self._add("ReduceMax", self._add("Abs", values), self._whole(0), name=names[0], keepdims=0)
            self.watched.append(largest)
            return self._product(values, weight, bias)
        smooth = np.sqrt(np.maximum(self._largest[names[0]], _SMALLEST)).astype(np.float32)
        return self._rounded_product(self._add("Mul", values, self._constant(1 / smooth)), weight * smooth, bias)

    def _product(self, values: str, weight: Array, bias: Array) -> str:
        return self._add("Add", self._add("MatMul", values, self._constant(weight.T)), self._constant(bias))

    def _rounded_product(self, values: str, weight: Array, bias: Array) -> str:
        scale = np.abs(weight).max(axis=1) / _LARGEST
        whole = np.round(weight / scale[:, None]).astype(np.int8).T
        largest = self._add("ReduceMax", self._add("Abs", values), self._whole(1))
        own_scale = self._add("Max", self._add("Mul", largest, self._number(1 / _LARGEST)), self._number(_SMALLEST))
        each = self._add("Reshape", own_scale, self._whole(-1))
        rounded = self._add("QuantizeLinear", values, each, self._zeros, axis=0)
        zero = self._constant(np.uint8(_ZERO))
        inputs = (rounded, self._constant(whole), self._number(1), self._constant(scale), zero)
        product = self._add("MatMulIntegerToFloat", *inputs, domain=_MICROSOFT)
        return self._add("Add", self._add("Mul", product, own_scale), self._constant(bias))

    def _finished(self) -> onnx.ModelProto:
        kinds = {name: TensorProto.FLOAT if name == "words" else TensorProto.INT64 for name in self._inputs}
        inputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
        names = ["values", *self.watched]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
        graph = helper.make_graph(self._nodes, "layers", inputs, outputs, self._constants)
        opsets = [helper.make_opsetid(*each) for each in _OPSETS.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_FORMAT)

    def _add(self, operator: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        name = name or f"{operator}.{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name, domain=domain, **attributes))
        return name

    def _constant(self, values: Array | np.generic) -> str:
        name = f"constant.{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _number(self, value: float) -> str:
        return self._constant(np.float32(value))

    def _whole(self, *values: int) -> str:
        return self._constant(np.array(values, np.int64))
