"""ONNX classifiers predict through ONNX Runtime; what reaches out of the file is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from inference.errors import CannotExplain, InvalidWeights
from inference.evidence import run
from inference.heads import read_head
from inference.importing import import_weights
from inference.network import load
from inference.onnx_network import OnnxNetwork, load_onnx
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from tests.inference.foreign import make_network, make_onnx, onnx_logits, write_onnx
from tests.inference.making import FINDINGS, make_image
from training.errors import UnusablePlan
from training.learning.networks import check_can_be_tuned

NAMES = tuple(f.name for f in FINDINGS)
CPU = torch.device("cpu")


def refused(registry: ModelRegistry, path: Path) -> str:
    """What is said when a file is refused: one sentence that names it."""
    with pytest.raises(InvalidWeights) as refusal:
        import_weights(registry, path, "", NAMES)
    said = str(refusal.value)
    assert str(path) in said
    assert "\n" not in said
    assert registry.cards() == []
    return said


def test_an_onnx_classifier_is_imported_predicts_and_says_what_explains_it(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    path = write_onnx(tmp_path / "scanner.onnx")
    card = import_weights(registry, path, "", NAMES)
    assert (card.format, card.name, card.architecture, card.head) == ("onnx", "scanner", "scanner", "none")
    assert registry.weights_path(card).name == "model.onnx"
    assert "no mean and std were given; those of ImageNet are assumed" in card.data["imported"]["notes"]
    model = load(card, registry, CPU)
    prediction = Predictor(model).look(make_image()).prediction
    assert sum(f.probability for f in prediction.findings) == pytest.approx(1)
    x = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(torch.from_numpy(run(model, x).logits), onnx_logits(make_onnx(), x))
    with pytest.raises(CannotExplain, match="occlusion and LIME"):
        run(model, x, "gradcam")
    with pytest.raises(InvalidWeights, match=r"an ONNX file.*cannot be adapted"):
        read_head(card, registry.weights_path(card))
    with pytest.raises(UnusablePlan, match="is an ONNX file"):
        check_can_be_tuned(card)
    assert copy.deepcopy(model.network)(x).shape == (3, 3)


@pytest.mark.filterwarnings("ignore")
def test_what_torch_exports_gives_what_the_network_gives(tmp_path: Path, registry: ModelRegistry) -> None:
    network = make_network(channels=3)
    path = tmp_path / "ours.onnx"
    torch.onnx.export(
        network, (torch.randn(1, 3, 96, 96),), path, dynamo=True, external_data=False, verbose=False
    )
    model = load(import_weights(registry, path, "test_resnet", NAMES), registry, CPU)
    assert model.card.architecture == "test_resnet"
    assert model.card.preprocessing.mean == (0.5, 0.5, 0.5)  # the architecture's own
    x = torch.randn(3, 3, 96, 96)  # the file takes one at a time
    with torch.inference_mode():
        torch.testing.assert_close(torch.from_numpy(run(model, x).logits), network(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_a_fixed_number_of_images_at_a_time_is_kept_to(tmp_path: Path, batch: int | str) -> None:
    network = load_onnx(write_onnx(tmp_path / "m.onnx", batch=batch), 3)
    x = torch.randn(5, 3, 32, 32)
    torch.testing.assert_close(network(x), onnx_logits(make_onnx(), x))


def test_a_file_that_takes_any_size_takes_the_one_that_is_given(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    path = write_onnx(tmp_path / "any.onnx", side="side")
    assert import_weights(registry, path, "", NAMES, input_size=48).preprocessing.input_size == 48
    assumed = import_weights(registry, path, "", NAMES)
    assert assumed.preprocessing.input_size == 224
    assert any("224 pixels are assumed" in note for note in assumed.data["imported"]["notes"])
    with pytest.raises(InvalidWeights, match="takes 32 x 32 pixels; --input-size 48"):
        import_weights(registry, write_onnx(tmp_path / "m.onnx"), "", NAMES, input_size=48)


@pytest.mark.parametrize(("ending", "task"), [("Softmax", "multiclass"), ("Sigmoid", "multilabel")])
def test_probabilities_are_taken_back_to_logits(
    tmp_path: Path, registry: ModelRegistry, ending: str, task: Any
) -> None:
    path = write_onnx(tmp_path / "p.onnx", ending=ending)
    model = load(import_weights(registry, path, "", NAMES, task=task), registry, CPU)
    x = torch.randn(2, 3, 32, 32) * 0.1
    logits = onnx_logits(make_onnx(), x)
    expected = torch.log_softmax(logits, 1) if ending == "Softmax" else logits
    torch.testing.assert_close(torch.from_numpy(run(model, x).logits), expected, rtol=1e-3, atol=1e-3)
    other = "multilabel" if task == "multiclass" else "multiclass"
    with pytest.raises(InvalidWeights, match=f"--task {task} is expected"):
        import_weights(registry, path, "", NAMES, task=other)  # type: ignore[arg-type]


def test_tensors_in_other_files_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    model = make_onnx()
    onnx.save_model(
        model, tmp_path / "m.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert "in another file" in refused(registry, tmp_path / "m.onnx")
    model = make_onnx()
    hidden = numpy_helper.from_array(np.zeros(4, np.float32), "hidden")
    hidden.data_location = TensorProto.EXTERNAL
    hidden.ClearField("raw_data")
    entry = hidden.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    model.graph.node.insert(0, helper.make_node("Constant", [], ["read"], value=hidden))
    assert "keeps hidden in another file" in refused(registry, write_onnx(tmp_path / "c.onnx", model))


def test_operators_of_others_and_loops_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    model = make_onnx()
    model.graph.node[1].domain = "com.hospital"
    model.opset_import.append(helper.make_opsetid("com.hospital", 1))
    assert "com.hospital.Relu" in refused(registry, write_onnx(tmp_path / "a.onnx", model))
    model = make_onnx()
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["forever"], body=body))
    assert "calls Loop" in refused(registry, write_onnx(tmp_path / "b.onnx", model))


def test_what_is_no_image_classifier_is_told(tmp_path: Path, registry: ModelRegistry) -> None:
    assert "gives any x 5 numbers; 3 findings" in refused(
        registry, write_onnx(tmp_path / "five.onnx", findings=5)
    )
    assert "takes any x 2 x 32 x 32 float as 'image'" in refused(
        registry, write_onnx(tmp_path / "two.onnx", channels=2)
    )
    model = make_onnx()
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, [1]))
    assert "has 2 inputs" in refused(registry, write_onnx(tmp_path / "age.onnx", model))
    model = make_onnx()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    assert "uint8" in refused(registry, write_onnx(tmp_path / "bytes.onnx", model))
    model = make_onnx()
    model.graph.node[0].op_type = "Nonsense"
    assert "no valid ONNX file" in refused(registry, write_onnx(tmp_path / "nonsense.onnx", model))


def test_damaged_files_are_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    whole = make_onnx().SerializeToString()
    path = tmp_path / "m.onnx"
    for content in (b"", b"PK\x03\x04", b"garbage " * 99, whole[: len(whole) // 2], whole[:-40]):
        path.write_bytes(content)
        refused(registry, path)
    model = make_onnx()
    kernel = numpy_helper.to_array(model.graph.initializer[0]).copy()
    kernel[0, 0, 0, 0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(kernel, "kernel"))
    assert "not finite, in kernel" in refused(registry, write_onnx(path, model))
    model = make_onnx()
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-8]
    assert "damaged" in refused(registry, write_onnx(path, model))
    model = make_onnx()
    model.graph.initializer[0].dims[0] = 1 << 40
    assert refused(registry, write_onnx(path, model))


def test_a_session_keeps_to_torchs_threads(tmp_path: Path) -> None:
    network = load_onnx(write_onnx(tmp_path / "m.onnx"), 3)
    assert isinstance(network, OnnxNetwork)
    assert network._session.get_session_options().intra_op_num_threads == torch.get_num_threads()
