"""Small real things to work with: two bundled models, films with a spot, DICOM films from arrays."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydicom import uid
from pydicom.encaps import encapsulate

from app import locations
from inference.card import Covers, FindingName, ModelCard
from inference.registry import sha256_of
from tests.studies.files import dataset_of, encode_jpeg2000, save

FINDINGS = ("covid-19", "no-finding", "pneumonia")
DISPLAYS = ("COVID-19 pattern", "no finding", "other pneumonia")
SAMPLES = locations.sample_studies()
CT = SAMPLES / "PHANTOM-005" / "ct"
SIDE = 48


def write_bundled(folder: Path) -> Path:
    """A folder like `resources/models`: `starter` for chest films of people, `phantom` for phantoms."""
    from tests.inference.making import make_card

    radiographs = Covers(("CR", "DX", "picture"), ("CHEST",), ("PA", "AP"))
    starter = make_card(
        side=64,
        findings=tuple(FindingName(n, d) for n, d in zip(FINDINGS, DISPLAYS, strict=True)),
        covers=radiographs,
    )
    phantom = make_card(
        side=64,
        findings=(FindingName("no-finding", "no finding"), FindingName("opacity", "opacity")),
        covers=replace(radiographs, phantoms=True),
    )
    for seed, (model_id, card) in enumerate((("starter", starter), ("phantom", phantom))):
        own = folder / model_id
        own.mkdir(parents=True)
        weights = _write_weights(card, own / "weights.safetensors", seed)
        named = replace(
            card, id=model_id, name=model_id.capitalize(), bundled=True, weights_sha256=sha256_of(weights)
        )
        named.check()
        named.write(own / "card.json")
    return folder


def _write_weights(card: ModelCard, path: Path, seed: int) -> Path:
    """Random weights whose head is moved and stretched so that it tells films apart (logits around 0)."""
    import safetensors.torch
    import torch

    from inference.network import build, head_of

    torch.manual_seed(seed)
    network = build(card).eval()
    films = np.stack([film(FINDINGS[n % 3], n, card.preprocessing.input_size) for n in range(48)])
    batch = torch.from_numpy(films.astype(np.float32))[:, None] / 255  # (B, 1, S, S)
    batch = (batch - batch.mean((2, 3), keepdim=True)) / batch.std((2, 3), keepdim=True)
    head = head_of(network)
    assert head is not None
    with torch.no_grad():
        torch.nn.init.normal_(head[0])
        head[1].zero_()
        logits = network(batch)  # (B, K)
        head[0].mul_((1.5 / logits.std(0))[:, None])
        head[1].sub_(logits.mean(0) * 1.5 / logits.std(0))
    safetensors.torch.save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return path


def card_of(bundled: Path, model_id: str) -> ModelCard:
    return ModelCard.read(bundled / model_id / "card.json")


def film(label: str = "no-finding", seed: int = 0, side: int = SIDE) -> NDArray[np.uint8]:
    """An 8-bit film, (side, side): noise, and a bright spot below left, above right, or nowhere."""
    random = np.random.default_rng(seed)
    pixels = random.normal(90, 20, (side, side))
    row, column = (int(v) for v in random.integers(0, side // 8, 2))
    size = side // 4
    if label == "covid-19":
        pixels[side // 2 + row : side // 2 + row + size, 4 + column : 4 + column + size] += 120
    if label == "pneumonia":
        pixels[4 + row : 4 + row + size, side // 2 + column : side // 2 + column + size] += 120
    return pixels.clip(0, 255).astype(np.uint8)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(pixels).save(path)
    return path


def write_hospital(folder: Path, patients: int) -> Path:
    """`patients` films, one each, with the findings in turn, and their `labels.csv`."""
    rows = []
    for number in range(patients):
        label = FINDINGS[number % len(FINDINGS)]
        name = f"films/{number:03d}.png"
        write_png(folder / name, film(label, seed=number))
        rows.append((name, label, f"p{number:03d}"))
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "patient"))
        writer.writerows(rows)
    return folder


def write_inverted_dicom(path: Path, pixels: NDArray[np.uint8], syntax: str) -> Path:
    """The film of an 8-bit picture as 16-bit MONOCHROME1, rescaled, with a window of its whole range."""
    stored = ((255 - pixels.astype(np.uint32)) * 257).astype(np.uint16)
    elements: dict[str, Any] = {
        "Modality": "DX",
        "PatientID": "P7",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PhotometricInterpretation": "MONOCHROME1",
        "RescaleSlope": "0.0625",
        "RescaleIntercept": "-100",
        "WindowCenter": "1948",
        "WindowWidth": "4096",
        "SOPInstanceUID": uid.generate_uid(entropy_srcs=[path.name]),
    }
    dataset = dataset_of(stored, **elements)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    if syntax == uid.RLELossless:
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.PixelData = stored.tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.compress(uid.RLELossless, generate_instance_uid=False)
        dataset.save_as(path, enforce_file_format=True)
        return path
    data = encapsulate([encode_jpeg2000(stored)]) if syntax == uid.JPEG2000Lossless else stored.tobytes()
    return save(path, dataset, data, syntax)
