"""ONNX classifiers, run by ONNX Runtime. They answer, and have no features that could be looked into.

A file is checked before a session is made of it: standard operators only, no tensors that lie in other
files, one image batch in, one tensor of logits out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import inliner
from torch import nn

from inference.errors import InvalidWeights
from inference.onnx_session import session
from inference.state_files import first_line

LARGEST_BYTES = (1 << 31) - 1  # protobuf's own limit
_STANDARD = ("", "ai.onnx")
_NEVER = ("Loop", "Scan", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
          "Multinomial", "Bernoulli")  # fmt: skip
_LEAST_PROBABILITY = 1e-7  # float32 tells 1 - p no finer
WHY_NO_MAP = "an ONNX file gives no heatmaps of its own; occlusion and LIME explain it"


class OnnxNetwork(nn.Module):
    """A session in timm's shape, whose features and embedding are its logits.

    Parameters
    ----------
    model
        A checked model.
    batch, channels, side, findings
        What it takes (None: any number of images, or any size) and gives.
    """

    why_no_map = WHY_NO_MAP
    output_fmt = "NCHW"
    num_prefix_tokens = 0

    def __init__(
        self, model: onnx.ModelProto, batch: int | None, channels: int, side: int | None, findings: int
    ) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(0), requires_grad=False)  # tells which device it is on
        self.batch, self.channels, self.side, self.num_features = batch, channels, side, findings
        self.ends_in = _ending_of(model)
        self._session = session(model.SerializeToString(), torch.get_num_threads())
        self._input = self._session.get_inputs()[0].name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, S, S) float32 to (B, K) logits on the same device."""
        return self.forward_features(x)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """The logits: nothing before them comes out of a session."""
        images = x.detach().cpu().float().numpy()
        size = self.batch or len(images)
        parts = [self._run(images[i : i + size], size) for i in range(0, len(images), size)]
        return torch.from_numpy(np.concatenate(parts)).to(x.device)

    def forward_head(self, features: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """The same again."""
        return features

    def get_classifier(self) -> nn.Module:
        """Logits are what comes out; there is no layer to look at."""
        return nn.Identity()

    def __deepcopy__(self, _memo: dict[int, Any]) -> OnnxNetwork:
        """A session holds no state, and cannot be copied."""
        return self

    def _run(self, images: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
        count = len(images)
        if count < size:  # made for a fixed number of images
            images = np.concatenate([images, np.repeat(images[-1:], size - count, axis=0)])
        (found,) = self._session.run(None, {self._input: np.ascontiguousarray(images)})
        given = np.asarray(found, dtype=np.float32)[:count]
        if not self.ends_in:
            return given
        probabilities = np.clip(given, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        logits = np.log(probabilities)
        return logits if self.ends_in == "softmax" else logits - np.log1p(-probabilities)


def load_onnx(path: Path, findings: int) -> OnnxNetwork:
    """Read and check an .onnx file.

    Parameters
    ----------
    findings
        How many logits it has to give.

    Raises
    ------
    InvalidWeights
        One sentence on what was found and what was expected.
    """
    model = _read(path)
    _check_contents(path, model)
    batch, channels, side = _input_of(path, model)
    network = _network_of(path, model, batch, channels, side, findings)
    trial = torch.zeros(network.batch or 1, channels, side or 224, side or 224)
    try:
        found = network(trial)
    except Exception as error:
        raise InvalidWeights(f"{path} cannot be run: {first_line(error)}.") from error
    if found.ndim != 2 or found.shape != (len(trial), findings):
        shape = " x ".join(str(n) for n in found.shape)
        raise InvalidWeights(f"{path} gives {shape} numbers; expected {len(trial)} x {findings} findings.")
    return network


def _read(path: Path) -> onnx.ModelProto:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InvalidWeights(f"{path} has {size >> 20} MB; ONNX files of at most 2 GB are read.")
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise InvalidWeights(f"{path} cannot be read: {error.strerror}.") from error
    except (DecodeError, ValueError, RuntimeError, MemoryError) as error:
        raise InvalidWeights(f"{path} is no complete ONNX file: {first_line(error)}.") from error
    if not model.graph.node:
        raise InvalidWeights(f"{path} is no complete ONNX file: it has no graph.")
    return model


def _check_contents(path: Path, model: onnx.ModelProto) -> None:
    """Standard operators and tensors of its own; nothing that reaches out of the file or runs for ever."""
    for tensor in _tensors(model.graph, model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise InvalidWeights(
                f"{path} keeps {tensor.name or 'a tensor'} in another file; save it with its weights inside."
            )
        _check_finite(path, tensor)
    try:
        if model.functions:
            model.CopyFrom(inliner.inline_local_functions(model))
        strange = sorted(
            {f"{n.domain}.{n.op_type}" for n in _nodes(model.graph) if n.domain not in _STANDARD}
        )
        strange += sorted({n.op_type for n in _nodes(model.graph) if n.op_type in _NEVER})
        if strange:
            raise InvalidWeights(
                f"{path} calls {', '.join(strange[:5])}, which is not run here; "
                "expected ONNX's own operators, and no loops."
            )
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError, TypeError) as error:
        raise InvalidWeights(f"{path} is no valid ONNX file: {first_line(error)}.") from error


def _check_finite(path: Path, tensor: onnx.TensorProto) -> None:
    if tensor.data_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE):
        return
    try:
        values = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InvalidWeights(f"{path} holds {tensor.name}, which is damaged: {first_line(error)}.") from error
    if np.isnan(values).any():
        raise InvalidWeights(f"{path} holds numbers that are not finite, in {tensor.name or 'a tensor'}.")


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of branches too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _nodes(inner)


def _tensors(graph: onnx.GraphProto, model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor that the file holds, wherever."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    nodes = [*graph.node, *(n for function in model.functions for n in function.node)]
    for node in nodes:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("sparse_tensor"):
                yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _tensors(inner, onnx.ModelProto())


def _input_of(path: Path, model: onnx.ModelProto) -> tuple[int | None, int, int | None]:
    """Images at a time (None for any number), channels and side (None for any) of the one input."""
    known = {tensor.name for tensor in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in known]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise InvalidWeights(
            f"{path} has {len(inputs)} inputs and {len(model.graph.output)} outputs; expected one of each."
        )
    kind = inputs[0].type.tensor_type
    sizes = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
    is_image = len(sizes) == 4 and sizes[1] in (1, 3) and sizes[2] == sizes[3]
    if not is_image or kind.elem_type != onnx.TensorProto.FLOAT:
        found = " x ".join("any" if n is None else str(n) for n in sizes)
        name = onnx.TensorProto.DataType.Name(kind.elem_type).lower()
        raise InvalidWeights(
            f"{path} takes {found} {name} as {inputs[0].name!r}; "
            "expected float32, batch x 1 or 3 channels x square."
        )
    return sizes[0] or None, int(sizes[1] or 0), sizes[2] or None


def _network_of(
    path: Path, model: onnx.ModelProto, batch: int | None, channels: int, side: int | None, findings: int
) -> OnnxNetwork:
    dims = model.graph.output[0].type.tensor_type.shape.dim
    told = dims[1].dim_value if len(dims) == 2 and dims[1].HasField("dim_value") else findings
    if len(dims) not in (0, 2) or told != findings:
        found = " x ".join(str(d.dim_value) if d.HasField("dim_value") else "any" for d in dims)
        raise InvalidWeights(f"{path} gives {found} numbers; {findings} findings were named.")
    try:
        return OnnxNetwork(model, batch, channels, side, findings)
    except Exception as error:
        raise InvalidWeights(f"{path} cannot be run: {first_line(error)}.") from error


def _ending_of(model: onnx.ModelProto) -> str:
    """``"softmax"`` or ``"sigmoid"`` where the last node makes probabilities, else empty."""
    wanted = model.graph.output[0].name
    last = next((n for n in model.graph.node if wanted in n.output), None)
    return {"Softmax": "softmax", "Sigmoid": "sigmoid"}.get(last.op_type if last is not None else "", "")
