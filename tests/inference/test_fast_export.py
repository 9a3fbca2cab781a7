"""An encoder that was made faster says the same; where it does not, PyTorch goes on computing."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from inference import fast_export
from inference.evidence import run
from inference.fast_export import TOLERANCE, prepare, prepare_from_cache, prepare_in_background, why_not
from inference.network import LoadedModel, build
from inference.network import prepare as put_together
from tests.inference.making import make_card

CPU = torch.device("cpu")
ROOT = Path(__file__).resolve().parents[2]


def make_model(architecture: str = "test_resnet", side: int = 96) -> LoadedModel:
    torch.manual_seed(0)
    card = make_card(architecture, side, id="m", weights_sha256="0" * 64)
    return put_together(card, build(card), CPU)


def graphs(folder: Path) -> list[Path]:
    return sorted(folder.glob("encoders/*.onnx"))


def state(folder: Path) -> dict[str, object]:
    (path,) = folder.glob("encoders/*.json")
    found: dict[str, object] = json.loads(path.read_text())
    return found


class Moody(nn.Module):
    """Does one thing or the other, as the image is: an export knows the one that it saw."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1 if float(x.abs().max()) > 0 else x


class Stubborn(nn.Module):
    """Computes something that ONNX has no words for."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.linalg.svdvals(x[:, 0]).sum() * 0


def with_first(model: LoadedModel, layer: nn.Module) -> LoadedModel:
    network = build(model.card)
    network.conv1 = nn.Sequential(layer, network.conv1)  # type: ignore[arg-type]
    return put_together(model.card, network, CPU)


@pytest.mark.parametrize(
    ("architecture", "side", "method"),
    [
        ("test_resnet", 96, "gradcam"),
        ("test_resnet", 96, "hirescam"),
        ("test_efficientnet", 96, "gradcam"),
        ("test_convnext", 96, "layercam"),
        ("test_vit", 160, "gradcam"),
        ("test_vit", 160, "hirescam"),
        ("swin_tiny_patch4_window7_224", 64, "gradcam"),
        ("torchvision/densenet121", 64, "gradcam"),
    ],
)
def test_a_fast_encoder_gives_the_same_logits_and_maps(
    tmp_path: Path, architecture: str, side: int, method: str
) -> None:
    model = make_model(architecture, side)
    batches = [torch.randn(count, 1, side, side) for count in (1, 5)]
    expected = [run(model, batch, method) for batch in batches]
    assert prepare(model, tmp_path)
    assert model.encoder.is_fast
    for batch, slow in zip(batches, expected, strict=True):
        fast = run(model, batch, method)
        for name in ("logits", "embedding", "maps"):
            theirs, ours = getattr(slow, name), getattr(fast, name)
            assert np.abs(ours - theirs).max() <= TOLERANCE * np.abs(theirs).max()


def test_many_images_are_computed_side_by_side_in_their_order(tmp_path: Path) -> None:
    model, before = make_model(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert prepare(model, tmp_path)
    finally:
        torch.set_num_threads(before)
    batch = torch.randn(9, 1, 96, 96)
    assert torch.allclose(model.encoder.features(batch), model.encoder.eager(batch), rtol=1e-3, atol=1e-4)


def test_an_export_is_made_once(tmp_path: Path) -> None:
    assert not prepare_from_cache(make_model(), tmp_path)
    assert not graphs(tmp_path)
    assert prepare(make_model(), tmp_path)
    (graph,) = graphs(tmp_path)
    first = graph.stat().st_ino
    again = make_model()
    assert prepare_from_cache(again, tmp_path)
    assert again.encoder.is_fast
    assert prepare(make_model(), tmp_path)
    assert graph.stat().st_ino == first
    assert not list(tmp_path.glob("encoders/*.part"))


def test_other_weights_have_an_export_of_their_own(tmp_path: Path) -> None:
    model = make_model()
    other = replace(model, card=replace(model.card, weights_sha256="1" * 64))
    prepare(model, tmp_path)
    prepare(other, tmp_path)
    assert len(graphs(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "other state"])
def test_a_damaged_export_is_made_again(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(make_model(), tmp_path)
    (graph,) = graphs(tmp_path)
    whole = graph.read_bytes()
    if damage == "cut":
        graph.write_bytes(whole[: len(whole) // 2])
    elif damage == "changed":
        graph.write_bytes(whole[:-10] + bytes(10))
    else:
        graph.with_suffix(".json").write_text("{]")
    with caplog.at_level(logging.WARNING):
        model = make_model()
        assert prepare(model, tmp_path)
    assert ("damaged" in caplog.text) == (damage != "other state")
    x = torch.randn(1, 1, 96, 96)
    assert torch.allclose(model.encoder.features(x), model.encoder.eager(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "reason"), [(Moody(), "its features differ by"), (Stubborn(), "UnsupportedOperatorError")]
)
def test_what_cannot_be_exported_is_computed_by_pytorch_and_not_tried_again(
    tmp_path: Path, layer: nn.Module, reason: str
) -> None:
    model = with_first(make_model(), layer)
    x = torch.randn(1, 1, 96, 96)
    expected = run(model, x, "gradcam")
    assert not prepare(model, tmp_path)
    assert not model.encoder.is_fast
    assert reason in str(state(tmp_path)["failed"])
    assert not graphs(tmp_path)
    assert not prepare(make_model(), tmp_path)  # of the same weights: it is remembered
    assert np.array_equal(run(model, x, "gradcam").logits, expected.logits)


def test_an_export_that_ended_its_process_three_times_is_not_tried_again_for_a_day(tmp_path: Path) -> None:
    prepare(make_model(), tmp_path)
    (graph,) = graphs(tmp_path)
    graph.unlink()
    graph.with_suffix(".json").write_text('{"sha256": "", "share": 1, "failed": "", "tries": 3}')
    assert not prepare(make_model(), tmp_path)
    yesterday = time.time() - 90000
    os.utime(graph.with_suffix(".json"), (yesterday, yesterday))
    assert prepare(make_model(), tmp_path)
    assert state(tmp_path)["tries"] == 0


def test_a_cache_that_cannot_be_written_is_tried_again_another_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "encoders").write_bytes(b"no folder")
    model = make_model()
    thread = prepare_in_background(model, tmp_path)
    assert thread is not None
    thread.join()
    assert not model.encoder.is_fast
    assert "could not be made faster" in caplog.text
    (tmp_path / "encoders").unlink()
    assert prepare(make_model(), tmp_path)


def test_a_cache_that_is_deleted_meanwhile_changes_nothing(tmp_path: Path) -> None:
    model, before = make_model(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert prepare(model, tmp_path)
    finally:
        torch.set_num_threads(before)
    shutil.rmtree(tmp_path)
    batch = torch.randn(9, 1, 96, 96)
    assert torch.allclose(model.encoder.features(batch), model.encoder.eager(batch), rtol=1e-3, atol=1e-4)


def test_in_the_background_nothing_waits_and_the_swap_comes_between_two_passes(tmp_path: Path) -> None:
    model, x = make_model(), torch.randn(1, 1, 96, 96)
    expected = run(model, x, "gradcam")
    thread = prepare_in_background(model, tmp_path)
    assert thread is not None
    assert prepare_in_background(model, tmp_path) is None
    maps = []
    while thread.is_alive():
        maps.append(run(model, x, "gradcam").maps)
    thread.join()
    assert model.encoder.is_fast
    maps.append(run(model, x, "gradcam").maps)
    assert expected.maps is not None
    assert all(found is not None and np.allclose(found, expected.maps, atol=1e-4) for found in maps)


def test_a_command_that_ends_meanwhile_leaves_an_export_for_the_next_one(tmp_path: Path) -> None:
    """At its end a program takes no more work in executors, and waits for the threads that it has."""
    program = f"""
import torch
from pathlib import Path
from inference.fast_export import prepare_in_background
from tests.inference.test_fast_export import make_model
torch.set_num_threads(2)
prepare_in_background(make_model(), Path({str(tmp_path)!r}))
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=100)
    assert state(tmp_path)["failed"] == ""
    assert prepare_from_cache(make_model(), tmp_path)


def test_explaining_with_gradients_is_not_disturbed_by_an_export(tmp_path: Path) -> None:
    """Both would hook the same block; the export has a copy of the network."""
    model, x = make_model("test_vit", 160), torch.randn(1, 1, 160, 160)
    expected = run(model, x, "layercam").maps
    assert expected is not None
    thread = prepare_in_background(model, tmp_path)
    assert thread is not None
    while thread.is_alive():
        found = run(model, x, "layercam").maps
        assert found is not None
        assert np.allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())
    thread.join()


def test_the_oldest_exports_go_where_all_take_too_much_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model()
    prepare(model, tmp_path)
    (first,) = graphs(tmp_path)
    monkeypatch.setattr(fast_export, "_LIMIT_BYTES", int(first.stat().st_size * 1.5))
    prepare(replace(model, card=replace(model.card, weights_sha256="1" * 64)), tmp_path)
    (left,) = graphs(tmp_path)
    assert left != first
    assert len(list(tmp_path.glob("encoders/*.json"))) == 1


def test_what_is_not_on_the_cpu_or_has_no_name_is_left_alone(tmp_path: Path) -> None:
    model = make_model()
    assert why_not(replace(model, device=torch.device("meta"))) == "it runs on meta"
    nameless = replace(model, card=replace(model.card, weights_sha256=""))
    assert why_not(nameless)
    assert prepare_in_background(nameless, tmp_path) is None
    assert not prepare(nameless, tmp_path)
