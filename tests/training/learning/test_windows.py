"""CT images are learned from through more windows than their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.preprocess import resize
from studies.display import network_intensities
from studies.image import Window
from studies.reader import read, read_header
from tests.studies.files import ramp, write_dicom
from tests.training.conftest import QUICK, write_film
from training.learning.batches import Batches
from training.learning.changes import WINDOWS, draw, jittered
from training.learning.tensors import Films
from training.samples import Sample

CPU = torch.device("cpu")
PLAN = replace(QUICK, window_jitter=0.2, augmentation=0.0, noise=0.0)


@pytest.fixture
def mixed(tmp_path: Path) -> tuple[Sample, ...]:
    """A CT slice with a window, one without, and a film."""
    stored = ramp(64, 64)
    write_dicom(
        tmp_path / "a.dcm", stored, Modality="CT", RescaleIntercept=-1024, RescaleSlope=1,
        WindowCenter=40, WindowWidth=400, SOPInstanceUID="1.2.3",
    )  # fmt: skip
    write_dicom(tmp_path / "b.dcm", stored, Modality="CT", SOPInstanceUID="1.2.4")
    write_film(tmp_path / "c.png", "nodule", 1)
    headers = [read_header(tmp_path / name) for name in ("a.dcm", "b.dcm", "c.png")]
    return tuple(Sample(header, 1, "p", (1, 0), "train") for header in headers)


def decoded(samples: tuple[Sample, ...], plan: object, cache: Path | None = None) -> Films:
    films = Films(samples, QUICK.preprocessing, cache, plan=plan)  # type: ignore[arg-type]
    assert list(films.decode())[-1] == (3, 3)
    assert films.readable.all()
    return films


def test_another_window_is_applied_to_the_image_before_it_is_resized(mixed: tuple[Sample, ...]) -> None:
    films = decoded(mixed, PLAN)
    assert films.windows.shape == (2, WINDOWS, 32, 32)
    image = read(mixed[0].header)
    own = image.voi[0]
    assert isinstance(own, Window)
    for version, (center, width) in enumerate(jittered(PLAN, 0, own.center, own.width), start=1):
        assert abs(center - 40) <= 80
        assert 320 <= width <= 480
        shown = replace(image, voi=(replace(own, center=center, width=width),))
        wanted = resize(network_intensities(shown), QUICK.preprocessing, 32)
        given = films.batch([0], CPU, np.asarray([version]))[0]
        assert float((given - wanted).abs().max()) <= 0.5 / 255 + 1e-6
    assert not torch.equal(films.batch([1], CPU, np.asarray([1])), films.batch([1], CPU))


def test_films_and_the_files_own_window_stay_as_they_are(mixed: tuple[Sample, ...]) -> None:
    films, plain = decoded(mixed, PLAN), decoded(mixed, None)
    assert torch.equal(films.pixels, plain.pixels)
    assert torch.equal(films.batch([2], CPU, np.asarray([3])), plain.batch([2], CPU))
    assert torch.equal(films.batch([0, 1, 2], CPU, np.zeros(3, np.int64)), plain.batch([0, 1, 2], CPU))
    assert not len(decoded(mixed, replace(PLAN, window_jitter=0.0)).windows)


def test_every_window_comes_about_equally_often() -> None:
    drawn = draw(PLAN, 1, np.arange(5000)).window
    assert np.bincount(drawn, minlength=WINDOWS + 1).min() > 800
    assert drawn.max() == WINDOWS
    assert not draw(replace(PLAN, window_jitter=0.0), 1, np.arange(100)).window.any()


def test_epochs_see_a_slice_in_turn_through_several_windows(mixed: tuple[Sample, ...]) -> None:
    films = decoded(mixed, PLAN)
    batches = Batches(PLAN, PLAN.preprocessing, films, CPU, "multiclass")
    rows = np.arange(3)
    seen = [batches.changed(rows, epoch)[0] for epoch in range(1, 13)]
    assert len({tuple(x[0].flatten().tolist()) for x in seen}) > 2
    assert len({tuple(x[2].flatten().tolist()) for x in seen}) == 1
    assert not batches.changes_nothing


def test_windows_are_kept_with_the_films_and_belong_to_their_choice(
    mixed: tuple[Sample, ...], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    films = decoded(mixed, PLAN, cache)
    again = decoded(mixed, PLAN, cache)
    assert torch.equal(films.windows, again.windows)
    assert torch.equal(films.pixels, again.pixels)
    wider = decoded(mixed, replace(PLAN, window_jitter=0.4), cache)
    assert not torch.equal(films.windows, wider.windows)
