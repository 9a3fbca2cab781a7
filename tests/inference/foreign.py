"""Model files from elsewhere, made here: programs of torch.export, ONNX classifiers, and spoilt ones."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from inference.network import build, head_of
from tests.inference.making import make_card


class Bomb:
    """What a hostile pickle looks like: it makes a folder when it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def make_network(architecture: str = "test_resnet", side: int = 96, channels: int = 1) -> torch.nn.Module:
    """In eval mode, with a head that is large enough to tell findings apart."""
    card = make_card(architecture, side)
    torch.manual_seed(0)
    network = build(replace(card, preprocessing=replace(card.preprocessing, channels=channels))).eval()
    head = head_of(network)
    if head is not None:
        torch.nn.init.normal_(head[0])
    return network


def write_program(
    network: torch.nn.Module, path: Path, *, side: int = 96, channels: int = 1, batch: int | None = 1
) -> Path:
    """Export a network as a hospital would; `batch` None takes any number of images."""
    shapes = ({0: torch.export.Dim("batch")},) if batch is None else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = (torch.randn(batch or 2, channels, side, side),)
        torch.export.save(torch.export.export(network, example, dynamic_shapes=shapes), path)
    return path


def rewrite(path: Path, change: Callable[[str, bytes], bytes | None], **added: bytes) -> Path:
    """Write an archive anew with its members changed (None: left out) and others added beside the graph."""
    with zipfile.ZipFile(path) as archive:
        members = {m.filename: archive.read(m) for m in archive.infolist()}
    root = next(iter(members)).partition("/")[0]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            changed = change(name, content)
            if changed is not None:
                archive.writestr(name, changed)
        for name, content in added.items():
            archive.writestr(f"{root}/{name}", content)
    return path


def with_graph(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change the JSON of a program's graph."""

    def changed(name: str, content: bytes) -> bytes:
        if not name.endswith("models/model.json"):
            return content
        told = json.loads(content)
        change(told)
        return json.dumps(told).encode()

    return rewrite(path, changed)


def make_onnx(
    *,
    side: int | str = 32,
    channels: int = 3,
    findings: int = 3,
    batch: int | str = "batch",
    ending: str = "",
) -> onnx.ModelProto:
    """A convolution, a mean over the image and a linear layer; `ending` may be Softmax or Sigmoid."""
    random = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> TensorProto:
        return numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)

    logits = "logits" if not ending else "raw"
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["felt"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["felt"], ["rectified"]),
        helper.make_node("GlobalAveragePool", ["rectified"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["embedding"]),
        helper.make_node("Gemm", ["embedding", "weight", "bias"], [logits], transB=1),
    ]
    if ending:
        nodes.append(helper.make_node(ending, ["raw"], ["logits"]))
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, channels, side, side])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, findings])],
        [weight("kernel", 8, channels, 3, 3), weight("weight", findings, 8), weight("bias", findings)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def write_onnx(path: Path, model: onnx.ModelProto | None = None, **shape: Any) -> Path:
    path.write_bytes((model or make_onnx(**shape)).SerializeToString())
    return path


def onnx_logits(model: onnx.ModelProto, images: torch.Tensor) -> torch.Tensor:
    """What `make_onnx`'s network gives, worked out by torch."""
    held = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
    felt = torch.nn.functional.conv2d(images, held["kernel"], stride=2, padding=1).relu()
    return felt.mean(dim=(2, 3)) @ held["weight"].T + held["bias"]
