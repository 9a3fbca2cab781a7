"""`models import` and `models show`, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import Overread
from tests.inference.foreign import make_network, write_onnx, write_program


def test_an_onnx_file_is_imported_shown_and_predicts(overread: Overread, tmp_path: Path, png: Path) -> None:
    path = write_onnx(tmp_path / "scanner.onnx")
    told = overread("models", "import", path, "--findings", "a,b,c", "--mean", "0.5", "--std", "0.25")
    assert told.status == 0, told.err
    assert told.line["architecture"] == "scanner"
    assert told.line["notes"] == [
        "it gives no heatmaps in one pass (an ONNX file gives no heatmaps of its own; occlusion and LIME "
        "explain it)"
    ]
    assert overread("predict", png, "--model", told.line["id"]).line["model"] == told.line["id"]
    shown = overread("models", "show", told.line["id"], text=True).out
    for said in (
        "scanner (an ONNX file)",
        "a (a), b (b), c (c)",
        "one of many",
        "mean 0.5, 0.5, 0.5",
        "SHA-256",
    ):
        assert said in shown
    explained = overread(
        "explain", png, "--finding", "a", "--out", tmp_path / "o.png", "--model", told.line["id"]
    )
    assert explained.status == 1
    assert "occlusion and LIME" in explained.err
    refused = overread("train", "--model", told.line["id"])
    assert refused.status == 2
    assert "is an ONNX file" in refused.err
    assert "cannot be adapted" in overread("adapt", "--model", told.line["id"]).err


def test_a_program_is_imported_and_explained(overread: Overread, tmp_path: Path, png: Path) -> None:
    path = write_program(make_network(), tmp_path / "ours.pt2")
    told = overread("models", "import", path, "--findings", "a,b,c", "--task", "multilabel", "--name", "Ours")
    assert told.status == 0, told.err
    done = overread("explain", png, "--finding", "a", "--out", tmp_path / "o.png", "--model", "Ours")
    assert done.status == 0, done.err
    assert (tmp_path / "o.png").stat().st_size > 0
    shown = overread("models", "show", "Ours", text=True).out
    assert "several at once (sigmoid)" in shown
    assert "neither fine-tuned nor adapted" in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "a weights file, or --arch"),
        (("w.pth", "--pretrained", "--arch", "resnet18"), "exclude each other"),
        (("w.pth", "--arch", "resnet_18"), "is not there"),
    ],
)
def test_what_is_asked_for_wrongly_is_told(
    overread: Overread, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    typed = [str(tmp_path / o) if o == "w.pth" else o for o in options]
    told = overread("models", "import", *typed, "--findings", "a,b")
    assert told.status in (1, 2)
    assert said in told.err


def test_a_card_is_shown_to_people_with_all_that_it_says(overread: Overread) -> None:
    shown = overread("models", "show", "starter", text=True).out
    for title in (
        "Architecture", "Findings", "Task", "Input", "Meant for", "Temperature", "Operating points",
        "Typical images", "Parent", "Made", "Weights", "Licence", "Intended use",
    ):  # fmt: skip
        assert f"\n  {title}" in shown
    assert max(len(line) for line in shown.splitlines()) <= 110
    assert "{" not in shown
