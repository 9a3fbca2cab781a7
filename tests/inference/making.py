"""Small real things to test with: images, headers, cards, and models of random weights in a registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow

from inference.card import Covers, FindingName, ModelCard, Preprocessing
from inference.network import build, head_of
from inference.registry import ModelRegistry
from studies.image import Header, Image

FINDINGS = (
    FindingName("covid-19", "COVID-19 pattern"),
    FindingName("no-finding", "no finding"),
    FindingName("pneumonia", "other pneumonia"),
)


def make_header(**values: object) -> Header:
    known: dict[str, object] = {
        "path": "/films/a.dcm",
        "kind": "dicom",
        "sop_instance_uid": "1.2.3",
        "study_instance_uid": "1.2",
        "series_instance_uid": "1.2.1",
        "rows": 60,
        "columns": 40,
        "modality": "DX",
    }
    return Header(**{**known, **values})  # type: ignore[arg-type]


def make_film(rows: int = 300, columns: int = 240, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth random grey picture: (rows, columns) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 10), dtype=np.uint8)
    return np.asarray(Pillow.fromarray(coarse).resize((columns, rows), Pillow.Resampling.BICUBIC))


def make_image(rows: int = 300, columns: int = 240, seed: int = 0, **header: object) -> Image:
    known = {"kind": "picture", "modality": "", "rows": rows, "columns": columns}
    return Image(make_header(**{**known, **header}), 1, make_film(rows, columns, seed))


def make_card(architecture: str = "test_resnet", side: int = 96, **values: object) -> ModelCard:
    card = ModelCard(
        id="",
        name=architecture,
        architecture=architecture,
        findings=FINDINGS,
        preprocessing=Preprocessing(side, channels=1, normalisation="image", mean=(0.5,), std=(0.5,)),
        covers=Covers(modalities=("CR", "DX", "picture"), body_parts=("CHEST",), views=("PA", "AP")),
    )
    return replace(card, **values)  # type: ignore[arg-type]


def make_weights(card: ModelCard, path: Path, seed: int = 0) -> Path:
    """Random weights whose head is large enough to tell findings apart."""
    torch.manual_seed(seed)
    network = build(card)
    head = head_of(network)
    assert head is not None
    torch.nn.init.normal_(head[0])
    safetensors.torch.save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return path


def add_model(
    registry: ModelRegistry, folder: Path, card: ModelCard | None = None, seed: int = 0
) -> ModelCard:
    card = card or make_card()
    return registry.add(card, make_weights(card, folder / f"made-{seed}.safetensors", seed))
