"""Masks lie on the square that a network is shown as their films do, and move with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from inference.card import Preprocessing
from inference.lungs import LungFinder
from inference.preprocess import covered_box_of
from inference.registry import ModelRegistry
from reviews.record import Annotation, Review
from reviews.store import Store
from studies.phantom import chest
from studies.reader import read_header
from tests.training.conftest import FINDINGS, QUICK, write_film, write_labels
from tests.training.test_samples import CARD
from training.finetune import fine_tune
from training.learning.allowed import AllowedRegions
from training.learning.augment import distorted
from training.learning.batches import Batches
from training.learning.changes import draw
from training.learning.tensors import Films
from training.plan import Plan
from training.regions import Region
from training.samples import Samples, from_csv, from_store

CPU = torch.device("cpu")
ROWS, COLUMNS = 300, 240
BRIGHT = (60, 40, 190, 150)  # top, left, bottom, right


def rectangle(top: float, left: float, bottom: float, right: float) -> tuple[tuple[float, float], ...]:
    return ((top, left), (top, right), (bottom, right), (bottom, left))


@pytest.fixture(scope="module")
def finder() -> LungFinder:
    return LungFinder(Path(__file__).parents[3] / "resources" / "lungs")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """A black film with a bright rectangle, a chest phantom, a chest phantom with that rectangle in it."""
    folder = tmp_path_factory.mktemp("films")
    top, left, bottom, right = BRIGHT
    black = np.zeros((ROWS, COLUMNS), np.uint8)
    grey = np.rint(chest(3, 1, 0, 1, rows=ROWS)[0].grey * 255).astype(np.uint8)
    for name, pixels in (("black", black), ("chest", grey)):
        marked = pixels.copy()
        if name == "black":
            marked[top:bottom, left:right] = 255
        Image.fromarray(marked).save(folder / f"{name}.png")
    rows = [("black.png", "nodule", "p0"), ("chest.png", "no-finding", "p1")]
    return from_csv(write_labels(folder, rows), folder, FINDINGS, held_out=False)


def with_regions(samples: Samples, *regions: Region) -> Samples:
    return replace(samples, samples=tuple(replace(s, regions=regions) for s in samples.samples))


def centre(picture: torch.Tensor, axis: int) -> float:
    """The centre of mass along an axis, in cells."""
    weights = picture.sum(dim=1 - axis)
    return float((weights * torch.arange(len(weights))).sum() / weights.sum())


def spread(picture: torch.Tensor, axis: int) -> float:
    """The standard deviation of mass along an axis, in cells."""
    weights, middle = picture.sum(dim=1 - axis), centre(picture, axis)
    variance = (weights * (torch.arange(len(weights)) - middle) ** 2).sum() / weights.sum()
    return float(variance.sqrt())


def decoded(
    samples: Samples, pre: Preprocessing, finder: LungFinder | None, cache: Path | None = None
) -> tuple[Films, AllowedRegions]:
    allowed = AllowedRegions(samples.samples, samples.findings, pre)
    made = Films(samples.samples, pre, cache, finder, allowed)
    for _ in made.decode():
        pass
    assert made.readable.all()
    return made, allowed


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), geometry=st.sampled_from(["squash", "pad"]), strength=st.floats(0, 1.5))
def test_a_drawn_region_moves_exactly_as_its_film(
    films: Samples, seed: int, geometry: str, strength: float
) -> None:
    pre = Preprocessing(96, geometry, channels=1, normalisation="image")  # type: ignore[arg-type]
    drawn = with_regions(films, Region("nodule", True, rectangle(*BRIGHT)))
    decoded_films, allowed = decoded(drawn, pre, None)
    changes = draw(Plan(augmentation=strength, horizontal_flip=True, seed=seed), 1, [0])
    plain = replace(changes, gamma=1 + 0 * changes.gamma, contrast=1 + 0 * changes.contrast,
                    brightness=0 * changes.brightness)  # fmt: skip
    x, grid = distorted(decoded_films.batch([0], CPU), plain)
    film = F.avg_pool2d(x[:, None], 4)[0, 0]  # the bright rectangle is all there is
    mask = allowed.batch([0], CPU, grid).masks[0, FINDINGS.index("nodule")]
    assert float((film - mask).abs().mean()) < 0.03  # their edges are blurred differently
    if float(film.sum()) > 20:
        for axis in (0, 1):
            assert centre(film, axis) == pytest.approx(centre(mask, axis), abs=0.1)  # of 24 cells
            assert -0.02 < spread(mask, axis) - spread(film, axis) < 0.12  # cells blur what they show


def test_what_was_drawn_lies_where_the_cropped_square_shows_it(films: Samples, finder: LungFinder) -> None:
    pre = Preprocessing(96, channels=1, normalisation="image", crop="lungs")
    region = rectangle(110, 140, 160, 190)
    _, allowed = decoded(with_regions(films, Region("nodule", True, region)), pre, finder)
    top, left, bottom, right = allowed.boxes[1]
    grey = np.asarray(Image.open(films.samples[1].header.path)).astype(np.float32) / np.float32(255)
    assert (top, left, bottom, right) == covered_box_of(grey.shape, pre, finder.find_in(grey))
    assert (bottom - top) * (right - left) < 0.95 * grey.size
    mask = allowed.batch([1], CPU).masks[0, FINDINGS.index("nodule")].numpy()
    cells = np.argwhere(mask > 0.5) + 0.5
    rows, columns = top + cells[:, 0] / 24 * (bottom - top), left + cells[:, 1] / 24 * (right - left)
    assert (rows.min(), rows.max()) == pytest.approx((110, 160), abs=8)
    assert (columns.min(), columns.max()) == pytest.approx((140, 190), abs=8)


def test_lungs_count_where_nobody_drew_and_what_is_wrong_is_taken_out_of_them(
    films: Samples, finder: LungFinder
) -> None:
    pre = Preprocessing(96, channels=1, normalisation="image")
    wrong = Region("nodule", False, rectangle(0, 0, ROWS, COLUMNS / 2))
    _, allowed = decoded(with_regions(films, wrong), pre, finder)
    told = allowed.batch([0, 1], CPU)
    nodule, effusion = FINDINGS.index("nodule"), FINDINGS.index("effusion")
    assert told.known.tolist() == [[0, 0, 1], [1, 1, 1]]  # the black film has no lungs
    assert told.drawn.tolist() == [[0, 0, 1], [0, 0, 1]]
    assert float(told.masks[0, nodule, :, :11].max()) == 0
    assert float(told.masks[0, nodule, :, 13:].min()) == 1
    lungs = told.masks[1, effusion]
    assert 0.1 < float(lungs.mean()) < 0.6
    assert float(told.masks[1, nodule, :, :11].max()) == 0
    assert torch.equal(told.masks[1, nodule, :, 13:], lungs[:, 13:])
    assert torch.equal(told.whole[1, 0], told.masks[1, nodule])


def test_of_mixed_films_either_place_is_allowed(films: Samples, finder: LungFinder) -> None:
    pre = Preprocessing(96, channels=1, normalisation="image")
    _, allowed = decoded(films, pre, finder)
    chest_film, black = allowed.batch([1], CPU), allowed.batch([0], CPU)
    mixed = chest_film.mixed_with(black)
    assert float(mixed.known.max()) == 0  # nothing is known of one of them
    assert torch.equal(mixed.whole, torch.maximum(chest_film.whole, black.whole))


def test_lungs_are_kept_beside_the_films_and_drawings_are_not(
    films: Samples, finder: LungFinder, tmp_path: Path
) -> None:
    pre = Preprocessing(96, channels=1, normalisation="image")
    first, allowed = decoded(films, pre, finder, tmp_path)
    drawn = with_regions(films, Region("nodule", True, rectangle(*BRIGHT)))
    again, from_cache = decoded(drawn, pre, finder, tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 1
    assert torch.equal(first.pixels, again.pixels)
    assert torch.equal(allowed.lungs, from_cache.lungs)
    assert float(from_cache.batch([0], CPU).drawn.max()) == 1
    next(tmp_path.glob("*.npz")).write_bytes(b"torn")
    _, decoded_anew = decoded(films, pre, finder, tmp_path)
    assert torch.equal(allowed.lungs, decoded_anew.lungs)


# -- covered lungs ---------------------------------------------------------------------------------


def test_covered_lungs_hold_nothing_of_the_film_and_only_they_change(
    films: Samples, finder: LungFinder
) -> None:
    plan = Plan(blank_lungs=0.9, augmentation=0.0, noise=0.0, class_balance=0.0)
    pre = Preprocessing(96, channels=1, normalisation="fixed", mean=(0.0,), std=(1.0,))
    made, allowed = decoded(films, pre, finder)
    batches = Batches(plan, pre, made, CPU, "multiclass")
    rows = np.full(40, 1)
    x, _ = batches.changed(rows, np.arange(1, 41))
    told = batches.told(rows, x, None, np.arange(1, 41))
    assert told.blanked is not None
    assert 30 <= int(told.blanked.sum()) < 40
    as_it_is = made.batch([1], CPU)[0]
    inside = F.interpolate(allowed.lungs[None, 1:2].float() / 255, size=(96, 96), mode="bilinear")[0, 0]
    for film, is_blanked, target in zip(x[:, 0], told.blanked, told.targets, strict=True):
        assert torch.allclose(film[inside == 0], as_it_is[inside == 0], atol=1e-6)
        assert torch.equal(film, as_it_is) is not bool(is_blanked)
        assert target.tolist() == ([0, 0.5, 0.5] if is_blanked else pytest.approx([1 / 60, 29 / 30, 1 / 60]))
    rare = x[told.blanked][:, 0][:, inside == 1]
    assert float((rare - as_it_is[inside == 1]).abs().mean()) > 0.05
    alone, _ = batches.changed(rows[:1], np.array([7]))
    assert torch.equal(alone[0], x[6])  # whoever else is in the batch


def test_without_lungs_or_drawings_a_plan_that_needs_them_fails_in_a_sentence(
    hospital: Path, tmp_path: Path
) -> None:
    samples = from_csv(hospital / "labels.csv", hospital, seed=3, shares=(0.6, 0.2, 0.2))
    registry = ModelRegistry(tmp_path / "models", Path(__file__).parents[3] / "resources" / "models")
    plans = {
        "Evidence_weight": replace(QUICK, evidence_weight=1.0),
        "Blank_lungs": replace(QUICK, blank_lungs=0.2),
    }
    for sentence, plan in plans.items():
        done = list(fine_tune(plan, samples, registry, tmp_path / sentence))[-1]
        assert done.event == "failed"
        assert done.values["reason"].startswith(f"{sentence} is ")
        assert done.values["reason"].endswith(" are expected, or 0.")


# -- from the store --------------------------------------------------------------------------------


def test_a_sample_of_the_store_brings_what_readers_drew_on_it(tmp_path: Path) -> None:
    write_film(tmp_path / "film.png", "nodule", 1)
    header = read_header(tmp_path / "film.png")
    uid = header.sop_instance_uid
    answers = (("effusion", "absent"), ("no-finding", "absent"), ("nodule", "present"))
    with Store(tmp_path / "overread.sqlite") as store:
        store.add_images([header])
        store.append(Review(uid, 1, "Ada", answers))  # type: ignore[arg-type]
        store.annotate([Annotation(uid, 1, "evidence", ((4.0, 26.0), (12.0, 34.0)), "Ada", "nodule")])
        (sample,) = from_store(store, CARD).samples
        (region,) = sample.regions
        assert (region.finding, region.is_evidence) == ("nodule", True)
        assert np.mean(region.outline, axis=0).tolist() == pytest.approx([8.0, 30.0])
        store.undo_act("Ada")
        assert from_store(store, CARD).samples[0].regions == ()


def test_a_training_does_not_go_on_with_other_drawings_than_it_began_with(films: Samples) -> None:
    drawn = with_regions(films, Region("nodule", True, rectangle(*BRIGHT)))
    moved = with_regions(films, Region("nodule", True, rectangle(0, 0, 50, 50)))
    told = [Plan().fingerprint(each.samples, FINDINGS, "") for each in (films, drawn, moved)]
    assert len(set(told)) == 3
