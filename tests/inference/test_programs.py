"""Programs of torch.export are run node by node, explained like any network, and never trusted."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inference.errors import CannotExplain, InferenceError, InvalidWeights
from inference.evidence import run
from inference.heads import read_head
from inference.importing import import_weights
from inference.network import load
from inference.predictor import Predictor
from inference.program_network import load_program
from inference.registry import ModelRegistry
from tests.inference.foreign import Bomb, make_network, rewrite, with_graph, write_program
from tests.inference.making import FINDINGS, make_image
from training.errors import UnusablePlan
from training.learning.networks import check_can_be_tuned

NAMES = tuple(f.name for f in FINDINGS)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network's program, for any number of grey images of 96 x 96."""
    return write_program(make_network(), tmp_path_factory.mktemp("programs") / "ours.pt2", batch=None)


@pytest.fixture
def program(exported: Path, tmp_path: Path) -> Path:
    """A copy of it that may be spoilt."""
    path = tmp_path / "ours.pt2"
    path.write_bytes(exported.read_bytes())
    return path


def refused(registry: ModelRegistry, path: Path, *findings: str) -> str:
    """What is said when a file is refused: one sentence that names it."""
    with pytest.raises(InvalidWeights) as refusal:
        import_weights(registry, path, "", findings or NAMES)
    said = str(refusal.value)
    assert str(path) in said
    assert "\n" not in said
    assert said.endswith(".")
    assert registry.cards() == []
    return said


def test_a_program_is_imported_predicts_and_is_explained(program: Path, registry: ModelRegistry) -> None:
    card = import_weights(registry, program, "", NAMES, mean=[0.5], std=[0.25])
    assert (card.format, card.name, card.architecture, card.head) == ("program", "ours", "ours", "none")
    assert (card.preprocessing.input_size, card.preprocessing.channels) == (96, 1)
    assert registry.weights_path(card).name == "program.pt2"
    assert registry.weights_path(card).read_bytes() == program.read_bytes()
    assert any("neither fine-tuned nor adapted" in limit for limit in card.limits)
    model = load(card, registry, CPU)
    look = Predictor(model).look(make_image(), maps=NAMES)
    assert [h.grid.shape for h in look.heatmaps] == [(3, 3)] * 3
    assert len(look.embedding) == 96
    with pytest.raises(InvalidWeights, match=r"program of torch\.export.*cannot be adapted"):
        read_head(card, registry.weights_path(card))
    with pytest.raises(UnusablePlan, match=r"is a program of torch\.export"):
        check_can_be_tuned(card)
    assert copy.deepcopy(model.network)(torch.zeros(1, 1, 96, 96)).shape == (1, 3)


@pytest.mark.parametrize(
    ("architecture", "side", "batch"),
    [
        ("test_resnet", 96, 1),
        ("test_resnet", 96, 2),
        ("test_convnext", 96, None),
        ("test_vit", 96, None),
        ("test_vit", 96, 1),
        ("test_efficientnet", 96, None),
        ("torchvision/squeezenet1_1", 64, 1),
    ],
)
def test_a_program_gives_what_its_network_gives(
    tmp_path: Path, architecture: str, side: int, batch: int | None
) -> None:
    network = make_network(architecture, side)
    path = write_program(network, tmp_path / "p.pt2", side=side, batch=batch)
    program = load_program(path, 3)
    x = torch.randn(3, 1, side, side)  # more than it takes at a time
    with torch.inference_mode():
        expected, given = network(x), program(x)
        features = program.forward_features(x)
        torch.testing.assert_close(given, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(program.forward_head(features), expected, rtol=1e-4, atol=1e-5)
    assert program.why_no_map == ""
    assert len(features) == 3


def test_a_programs_maps_are_those_of_the_network_it_was_made_from(
    program: Path, registry: ModelRegistry, tmp_path: Path
) -> None:
    from inference.network import prepare
    from tests.inference.making import make_card

    card = import_weights(registry, program, "", NAMES)
    ours = load(card, registry, CPU)
    theirs = prepare(make_card(), make_network(), CPU)
    x = torch.randn(1, 1, 96, 96)
    assert ours.anatomy.is_pool_and_linear
    for method in ("gradcam", "hirescam"):
        found, expected = run(ours, x, method).maps, run(theirs, x, method).maps
        assert found is not None
        assert expected is not None
        np.testing.assert_allclose(found, expected, atol=1e-4 * float(np.abs(expected).max()))


def test_a_class_token_is_explained_before_the_last_block(registry: ModelRegistry, tmp_path: Path) -> None:
    path = write_program(make_network("test_vit", 96), tmp_path / "vit.pt2")
    card = import_weights(registry, path, "", NAMES)
    model = load(card, registry, CPU)
    maps = run(model, torch.randn(1, 1, 96, 96), "gradcam").maps
    assert maps is not None
    assert maps.shape == (1, 3, 6, 6)
    assert np.abs(maps).max() > 0


def test_a_program_without_a_grid_says_what_explains_it(registry: ModelRegistry, tmp_path: Path) -> None:
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(32 * 32, 3)).eval()
    path = write_program(flat, tmp_path / "flat.pt2", side=32)
    model = load(import_weights(registry, path, "", NAMES), registry, CPU)
    with pytest.raises(CannotExplain, match="occlusion and LIME"):
        run(model, torch.randn(1, 1, 32, 32), "gradcam")
    assert run(model, torch.randn(2, 1, 32, 32)).logits.shape == (2, 3)


class _Ending(torch.nn.Module):
    def __init__(self, inner: torch.nn.Module, ending: torch.nn.Module):
        super().__init__()
        self.inner, self.ending = inner, ending

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ending(self.inner(x))  # type: ignore[no-any-return]


def test_probabilities_at_the_end_are_taken_back_to_logits(registry: ModelRegistry, tmp_path: Path) -> None:
    network = make_network()
    path = write_program(_Ending(network, torch.nn.Softmax(1)), tmp_path / "soft.pt2")
    card = import_weights(registry, path, "", NAMES)
    model, x = load(card, registry, CPU), torch.randn(1, 1, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(model.network(x), network(x), rtol=1e-4, atol=1e-5)
    assert any("ends in a softmax" in note for note in card.data["imported"]["notes"])
    path = write_program(_Ending(network, torch.nn.Sigmoid()), tmp_path / "sig.pt2")
    with pytest.raises(InvalidWeights, match="--task multilabel is expected"):
        import_weights(registry, path, "", NAMES)
    assert import_weights(registry, path, "", NAMES, task="multilabel").task == "multilabel"


def test_what_a_program_takes_and_gives_has_to_be_a_classifiers(
    program: Path, registry: ModelRegistry, tmp_path: Path
) -> None:
    assert "gives 3 numbers for an image; 2 findings were named" in refused(registry, program, "a", "b")
    with pytest.raises(InvalidWeights, match="takes 96 x 96 pixels; --input-size 64"):
        import_weights(registry, program, "", NAMES, input_size=64)
    two = write_program(torch.nn.Flatten(), tmp_path / "two.pt2", side=8)
    assert "gives 64 numbers" in refused(registry, two)
    whole = write_program(torch.nn.Identity(), tmp_path / "whole.pt2", side=8)
    assert "expected batch x findings" in refused(registry, whole)
    training = write_program(make_network().train(), tmp_path / "training.pt2", batch=2)
    assert "exported in training mode" in refused(registry, training) or "outputs" in refused(
        registry, training
    )


def test_code_in_sample_inputs_is_never_read(program: Path, registry: ModelRegistry, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(Bomb(tmp_path / "boom"), buffer)
    rewrite(program, lambda name, c: buffer.getvalue() if "sample_inputs" in name else c)
    import_weights(registry, program, "", NAMES)
    assert not (tmp_path / "boom").exists()


def test_weights_that_are_python_objects_are_refused(
    program: Path, registry: ModelRegistry, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    torch.save(Bomb(tmp_path / "boom"), buffer)

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("weights_config.json"):
            told = json.loads(content)
            told["config"]["conv1.0.weight"]["use_pickle"] = True
            return json.dumps(told).encode()
        return buffer.getvalue() if name.endswith("weight_0") else content

    assert "would run code from the file" in refused(registry, rewrite(program, change))
    assert not (tmp_path / "boom").exists()


def test_code_in_an_older_archive_is_refused(program: Path, registry: ModelRegistry, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"conv1.0.weight": Bomb(tmp_path / "boom")}, buffer)
    rewrite(
        program,
        lambda name, c: None if "data/weights" in name else c,
        **{"data/weights/model.pt": buffer.getvalue()},
    )
    assert "would run code from the file" in refused(registry, program)
    assert not (tmp_path / "boom").exists()


def test_an_older_archives_tensors_are_read(program: Path, registry: ModelRegistry) -> None:
    network = make_network()
    buffer = io.BytesIO()
    torch.save(dict(network.state_dict()), buffer)
    rewrite(
        program,
        lambda name, c: None if "data/weights" in name else c,
        **{"data/weights/model.pt": buffer.getvalue()},
    )
    model = load(import_weights(registry, program, "", NAMES), registry, CPU)
    x = torch.randn(1, 1, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(model.network(x), network(x), rtol=1e-4, atol=1e-5)


def _first_node(target: str) -> Any:
    def change(told: dict[str, Any]) -> None:
        told["graph_module"]["graph"]["nodes"][0]["target"] = target

    return change


@pytest.mark.parametrize(
    "target",
    [
        "torch.hub.load", "torch.ops.aten.from_file.default", "torch.ops.higher_order.cond", "os.system", "",
        "torch.ops.aten.rand.default", "_operator.methodcaller", "torch.ops.profiler._record_function_enter",
        "torch.ops.aten.conv2d.default.__globals__", "math.__loader__",
    ],
)  # fmt: skip
def test_a_node_may_only_compute(program: Path, registry: ModelRegistry, target: str) -> None:
    assert "which is not run here" in refused(registry, with_graph(program, _first_node(target)))


def test_an_operator_that_does_not_exist_is_told(program: Path, registry: ModelRegistry) -> None:
    spoilt = with_graph(program, _first_node("torch.ops.aten.conv2d.nothing"))
    assert "cannot be run" in refused(registry, spoilt)


class _Wrapped(torch.nn.Module):
    """Parts of it stand under switches that torch.export keeps as graphs in the graph."""

    def __init__(self, precise: bool = True):
        super().__init__()
        self.linear, self.precise = torch.nn.Linear(64, 3), precise

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            flat = x.flatten(1) * 2
        with torch.autocast("cpu", torch.bfloat16, enabled=not self.precise):
            logits = self.linear(flat)
        return logits + flat.mean()  # type: ignore[no-any-return]


def test_graphs_in_a_graph_are_run_where_they_change_nothing(registry: ModelRegistry, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = _Wrapped().eval()
    program = load_program(write_program(network, tmp_path / "w.pt2", side=8), 3)
    x = torch.randn(1, 1, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(program(x), network(x))
    mixed = write_program(_Wrapped(precise=False).eval(), tmp_path / "m.pt2", side=8)
    assert "computes in mixed precision" in refused(registry, mixed)


class _Restless(torch.nn.Module):
    """Works in place on what it is given, or on what it holds."""

    def __init__(self, on_itself: bool):
        super().__init__()
        self.linear = torch.nn.Linear(64, 3)
        self.register_buffer("steps", torch.zeros(1))
        self.on_itself = on_itself

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        moved = self.steps.add_(1) if self.on_itself else x.sub_(0.5)
        return self.linear(x.flatten(1)) + moved.mean()  # type: ignore[no-any-return]


def test_a_program_changes_neither_its_image_nor_itself(registry: ModelRegistry, tmp_path: Path) -> None:
    program = load_program(write_program(_Restless(False).eval(), tmp_path / "image.pt2", side=8), 3)
    x = torch.randn(1, 1, 8, 8)
    kept = x.clone()
    assert torch.equal(program(x), program(x))
    assert torch.equal(x, kept)
    path = write_program(_Restless(True).eval(), tmp_path / "itself.pt2", side=8)
    assert "changes b_steps, one of its weights" in refused(registry, path)


def test_symbolic_sizes_are_never_evaluated(program: Path, registry: ModelRegistry, tmp_path: Path) -> None:
    evil = f"__import__('os').mkdir({str(tmp_path / 'boom')!r})"

    def change(told: dict[str, Any]) -> None:
        for meta in told["graph_module"]["graph"]["tensor_values"].values():
            for size in meta["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = evil
        told["range_constraints"] = {evil: {"min_val": 0, "max_val": None}}
        told["guards_code"] = [evil]

    import_weights(registry, with_graph(program, change), "", NAMES)
    assert not (tmp_path / "boom").exists()


def test_spoilt_graphs_are_refused(program: Path, registry: ModelRegistry) -> None:
    content = program.read_bytes()

    def spoilt(change: Any) -> str:
        program.write_bytes(content)
        return refused(registry, with_graph(program, change))

    def graph(told: dict[str, Any]) -> Any:
        return told["graph_module"]["graph"]

    def endless(told: dict[str, Any]) -> None:
        graph(told)["tensor_values"]["conv2d"]["sizes"] = [{"as_int": 1 << 20}] * 4

    def backwards(told: dict[str, Any]) -> None:
        graph(told)["nodes"].reverse()

    def unknown(told: dict[str, Any]) -> None:
        told["graph_module"]["signature"]["input_specs"][0]["parameter"]["parameter_name"] = "x"

    assert "more than" in spoilt(endless)
    assert "before it is there" in spoilt(backwards)
    assert "no 'nodes'" in spoilt(lambda told: graph(told).pop("nodes"))
    assert "schema 7" in spoilt(lambda told: told["schema_version"].update(major=7))
    assert "is missing" in spoilt(
        lambda told: told["graph_module"]["signature"]["input_specs"][0]["parameter"].update(
            parameter_name="x"
        )
    )
    assert refused(registry, rewrite(program, lambda n, c: b"{" if n.endswith("model.json") else c))
    program.write_bytes(content)
    deep = b"[" * 100_000
    assert refused(registry, rewrite(program, lambda n, c: deep if n.endswith("model.json") else c))


def test_archives_are_looked_at_before_they_are_unpacked(
    program: Path, registry: ModelRegistry, tmp_path: Path
) -> None:
    whole = program.read_bytes()
    with zipfile.ZipFile(program, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ours/data/weights/zeros", bytes(10 << 20))
    assert "compressed" in refused(registry, program)
    program.write_bytes(whole)
    rewrite(program, lambda _n, c: c, **{"data/aotinductor/model/x.so": b"\x7fELF"})
    assert "compiled code" in refused(registry, program)
    for cut in (0, 10, len(whole) // 2, len(whole) - 30):
        program.write_bytes(whole[:cut])
        said = refused(registry, program)
        assert "is no complete" in said or "holds 0 programs" in said  # a ZIP file lies inside the other
    program.write_bytes(whole)
    short = rewrite(program, lambda n, c: c[:8] if n.endswith("weight_0") else c)
    assert "cannot be run" in refused(registry, short)
    nothing = tmp_path / "nothing.pt2"
    with zipfile.ZipFile(nothing, "w") as archive:
        archive.writestr("x/archive_format", "pt2")
    assert "holds 0 programs" in refused(registry, nothing)


def test_numbers_that_are_not_finite_are_refused(program: Path, registry: ModelRegistry) -> None:
    nan = np.full(144, np.nan, np.float32).tobytes()
    spoilt = rewrite(program, lambda n, c: nan + c[len(nan) :] if n.endswith("weight_0") else c)
    assert "not finite, in conv1.0.weight" in refused(registry, spoilt)


def test_a_program_that_was_changed_afterwards_is_not_loaded(program: Path, registry: ModelRegistry) -> None:
    card = import_weights(registry, program, "", NAMES)
    path = registry.weights_path(card)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InferenceError, match="is not the file that its card names"):
        load(card, registry, CPU)


def test_a_program_under_another_name_is_recognised(program: Path, registry: ModelRegistry) -> None:
    renamed = program.rename(program.with_suffix(".pt"))
    assert import_weights(registry, renamed, "", NAMES).format == "program"
