"""What travels with a job beside films: where lungs are, what readers drew, CT images in further windows."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from inference.registry import ModelRegistry
from studies.phantom import write_training_set
from studies.reader import read_header
from tests.studies.files import ramp, write_dicom
from tests.training.conftest import QUICK
from training.candidate import candidate_card
from training.errors import UnusableJob
from training.finetune import films_for, fine_tune
from training.jobs.exchange import ALLOWED, FILMS, _carried, learnt_weights, pack, work
from training.jobs.records import Job, Record, film_pseudonym
from training.plan import Plan
from training.regions import Region
from training.samples import Sample, Samples, from_csv

RESOURCES = Path(__file__).parents[3] / "resources"
SHAPE = ((100.0, 60.5), (100.0, 120.0), (170.25, 90.0))
POINTED = replace(QUICK, input_size=64, evidence_weight=0.5, blank_lungs=0.3)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> ModelRegistry:
    """With the network that finds lungs."""
    return ModelRegistry(tmp_path_factory.mktemp("models"), RESOURCES / "models")


@pytest.fixture(scope="module")
def chests(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Twelve chest phantoms; on the first of the training part a reader drew."""
    folder = tmp_path_factory.mktemp("chests")
    for _ in write_training_set(folder, 12, 1):
        pass
    found = from_csv(folder / "labels.csv", folder, seed=1, shares=(0.6, 0.2, 0.2))
    drawn = (Region(found.findings[0], True, SHAPE), Region("", False, SHAPE), Region("Roe's", True, SHAPE))
    first = found.of_part("train")[0]
    told = tuple(replace(s, regions=drawn) if s is first else s for s in found.samples)
    return replace(found, samples=told)


@pytest.fixture(scope="module")
def pointed(
    chests: Samples, registry: ModelRegistry, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Record]:
    """A job of films on which it matters where the evidence is."""
    folder = tmp_path_factory.mktemp("pointed")
    record, failures = pack(POINTED, chests, registry, None, folder / "job", folder / "jobs", {})
    assert failures == ()
    return folder / "job", record


def at_work(bundle: Path, folder: Path) -> list[Any]:
    return list(work(bundle, folder, RESOURCES / "models", folder / "r.zip", device="cpu", threads=1))


def test_lungs_and_regions_arrive_as_a_training_here_has_them(
    pointed: tuple[Path, Record], chests: Samples, registry: ModelRegistry
) -> None:
    bundle, record = pointed
    job = Job.from_json(json.loads((bundle / "job.json").read_text()), bundle)
    card = candidate_card(job.plan, Samples(job.findings, ()), None)
    _, arrived = _carried(job, job.plan, bundle, card)
    by_name = {film_pseudonym(record.key, s): s for s in chests.samples}
    own = films_for(POINTED, [by_name[f.film] for f in job.films], chests.findings, card, registry, None)
    for _ in own.decode():
        pass
    assert arrived.allowed is not None
    assert own.allowed is not None
    rows = np.arange(len(job.films))
    ours, theirs = (films.allowed.batch(rows, torch.device("cpu")) for films in (own, arrived))  # type: ignore[union-attr]
    for name in ("masks", "known", "drawn", "whole"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name
    assert float(ours.drawn.sum()) == len(chests.findings)
    assert torch.equal(own.allowed.lungs, arrived.allowed.lungs)
    assert arrived.allowed.knows_lungs(list(rows))
    assert "Roe" not in (bundle / "job.json").read_text()


def test_a_server_learns_from_them_and_the_result_is_taken_though_the_regions_are_gone(
    pointed: tuple[Path, Record], chests: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    bundle, record = pointed
    events = at_work(bundle, tmp_path)
    assert events[-1].event == "done", events[-1]
    bare = replace(chests, samples=tuple(replace(s, regions=()) for s in chests.samples))
    weights = learnt_weights(tmp_path / "r.zip", record.job, bare, None)
    taken = list(fine_tune(record.job.plan, bare, registry, tmp_path / "run", learnt=weights))
    assert taken[-1].event == "done", taken[-1]
    assert registry.find(taken[-1].values["model"]).recipe["evidence_weight"] == 0.5


def test_regions_do_not_travel_where_the_plan_does_not_ask_for_them(
    chests: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    pack(
        replace(POINTED, evidence_weight=0, blank_lungs=0),
        chests,
        registry,
        None,
        tmp_path / "job",
        tmp_path / "jobs",
        {},
    )
    assert "regions" not in (tmp_path / "job" / "job.json").read_text()
    assert not (tmp_path / "job" / ALLOWED).exists()


def test_films_of_a_shared_folder_bring_their_regions_too(
    chests: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    folder = Path(chests.samples[0].header.path).parent
    plan = replace(POINTED, blank_lungs=0)
    pack(plan, chests, registry, None, tmp_path / "job", tmp_path / "jobs", {}, shared=folder)
    assert not (tmp_path / "job" / ALLOWED).exists()
    told = list(work(tmp_path / "job", tmp_path / "w", RESOURCES / "models", tmp_path / "r.zip",
                     device="cpu", threads=1, shared=folder))  # fmt: skip
    assert told[-1].event == "done", told[-1]


def _damaged(bundle: Path, target: Path, change: Any) -> Path:
    """The same bundle with a change to its manifest or to its files, hashes and sizes made to fit."""
    import hashlib

    shutil.copytree(bundle, target)
    manifest = json.loads((target / "job.json").read_text())
    change(manifest, target)
    for name in manifest["files"]:
        content = (target / name).read_bytes()
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (target / "job.json").write_text(json.dumps(manifest))
    return target


def _regions(manifest: dict[str, Any]) -> list[Any]:
    return next(f["regions"] for f in manifest["films"] if "regions" in f)  # type: ignore[no-any-return]


REGIONS: dict[str, Any] = {
    "of no finding": ["elsewhere", True, [list(p) for p in SHAPE]],
    "is evidence maybe": ["", "maybe", [list(p) for p in SHAPE]],
    "two points": ["", True, [[0, 0], [1, 1]]],
    "too many points": ["", True, [[0.0, 1.0]] * 5000],
    "far away": ["", True, [[0, 0], [1e300, 0], [1, 1]]],
    "no number": ["", True, [[0, 0], [float("nan"), 0], [1, 1]]],
    "a text": ["", True, [[0, 0], ["1", 0], [1, 1]]],
    "three coordinates": ["", True, [[0, 0, 0], [1, 0, 0], [1, 1, 0]]],
    "no region": 7,
}


@pytest.mark.parametrize("name", list(REGIONS))
def test_regions_that_cannot_be_are_refused(name: str, pointed: tuple[Path, Record], tmp_path: Path) -> None:
    def change(manifest: dict[str, Any], _: Path) -> None:
        _regions(manifest)[0] = REGIONS[name]

    refused(_damaged(pointed[0], tmp_path / "bad", change), tmp_path)


def test_too_many_regions_are_refused(pointed: tuple[Path, Record], tmp_path: Path) -> None:
    def change(manifest: dict[str, Any], _: Path) -> None:
        _regions(manifest)[:] = _regions(manifest)[:1] * 1000

    refused(_damaged(pointed[0], tmp_path / "bad", change), tmp_path)


def refused(bundle: Path, tmp_path: Path) -> str:
    with pytest.raises(UnusableJob) as caught:
        at_work(bundle, tmp_path / "w")
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 900
    return said


TENSORS: dict[str, Any] = {
    "another kind": lambda t: t | {"lungs": t["lungs"].float()},
    "another size": lambda t: t | {"lungs": t["lungs"][:, :4].contiguous()},
    "one film less": lambda t: t | {"boxes": t["boxes"][1:].contiguous()},
    "single precision": lambda t: t | {"boxes": t["boxes"].float()},
    "no box": lambda t: {"lungs": t["lungs"]},
    "one more": lambda t: t | {"strange": torch.zeros(3)},
    "no number": lambda t: t | {"boxes": t["boxes"] * float("nan")},
    "upside down": lambda t: t | {"boxes": t["boxes"][:, [2, 1, 0, 3]].contiguous()},
    "no height": lambda t: t | {"boxes": t["boxes"] * 1e-9},
    "far away": lambda t: t | {"boxes": t["boxes"] * 1e9},
}


@pytest.mark.parametrize("name", list(TENSORS))
def test_lungs_that_cannot_be_are_refused(name: str, pointed: tuple[Path, Record], tmp_path: Path) -> None:
    def change(_: dict[str, Any], folder: Path) -> None:
        save_file(TENSORS[name](load_file(folder / ALLOWED)), folder / ALLOWED)

    assert ALLOWED in refused(_damaged(pointed[0], tmp_path / "bad", change), tmp_path)


def test_lungs_that_are_no_tensors_or_not_there_are_refused(
    pointed: tuple[Path, Record], tmp_path: Path
) -> None:
    def spoil(_: dict[str, Any], folder: Path) -> None:
        (folder / ALLOWED).write_bytes(b"\x80\x04.")

    def lose(manifest: dict[str, Any], folder: Path) -> None:
        (folder / ALLOWED).unlink()
        del manifest["files"][ALLOWED]

    for number, change in enumerate((spoil, lose)):
        refused(_damaged(pointed[0], tmp_path / f"bad{number}", change), tmp_path)


@pytest.fixture
def slices(tmp_path: Path) -> Samples:
    """CT slices of eight patients, every second one a nodule."""
    samples = []
    for n in range(8):
        stored = ramp(64, 64) + np.uint16(40 * (n % 2) + n)
        path = tmp_path / "ct" / f"{n}.dcm"
        path.parent.mkdir(exist_ok=True)
        write_dicom(
            path, stored, Modality="CT", RescaleIntercept=-1024, RescaleSlope=1, WindowCenter=40,
            WindowWidth=400, SOPInstanceUID=f"1.2.{n}", PatientID=f"P{n}",
        )  # fmt: skip
        part = ("train", "train", "train", "validation")[n // 2]
        samples.append(Sample(read_header(path), 1, f"p{n}", (n % 2, 1 - n % 2), part))  # type: ignore[arg-type]
    return Samples(("nodule", "no-finding"), tuple(samples))


def test_ct_images_travel_in_all_their_windows(
    slices: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    plan: Plan = replace(QUICK, window_jitter=0.2)
    record, _ = pack(plan, slices, registry, None, tmp_path / "job", tmp_path / "jobs", {})
    assert record.job.plan.window_jitter == 0.2
    card = candidate_card(plan, slices, None)
    _, arrived = _carried(record.job, record.job.plan, tmp_path / "job", card)
    own = films_for(plan, slices.samples, slices.findings, card, registry, None)
    for _ in own.decode():
        pass
    places = {film_pseudonym(record.key, s): i for i, s in enumerate(slices.samples)}
    order = [places[film.film] for film in record.job.films]
    for version in range(5):
        windows = np.full(len(order), version)
        cpu = torch.device("cpu")
        assert torch.equal(arrived.batch(np.arange(8), cpu, windows), own.batch(order, cpu, windows))
    assert at_work(tmp_path / "job", tmp_path / "w")[-1].event == "done"

    def change(_: dict[str, Any], folder: Path) -> None:
        told = load_file(folder / FILMS)
        save_file(told | {"windows": told["windows"][:, :1].contiguous()}, folder / FILMS)

    assert "windows" in refused(_damaged(tmp_path / "job", tmp_path / "bad", change), tmp_path)
