"""The phantoms say what they are, say where their opacities are, and come out the same from the same seed."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from studies import phantom
from studies.errors import StudyError, UnreadableFile

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "resources" / "samples"
RADIOGRAPHS = sorted(SAMPLES.glob("*/chest-*.dcm"))
SLICES = sorted(SAMPLES.glob("*/ct/*.dcm"))


def displayed(ds: pydicom.Dataset) -> np.ndarray:
    """Grey values in [0, 1] with bone white, by the file's first window."""
    centre, width = float(ds.WindowCenter[0]), float(ds.WindowWidth[0])
    grey = np.clip((ds.pixel_array.astype(float) - centre) / width + 0.5, 0, 1)
    return 1 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        phantom.write_chest(tmp_path / name, 3, patient=4, visit=1, foci=2, rows=256, inverse=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_another_seed_gives_another_film_and_other_uids(tmp_path: Path) -> None:
    for seed in (3, 4):
        phantom.write_chest(tmp_path / str(seed), seed, rows=256)
    one, two = (pydicom.dcmread(tmp_path / str(seed)) for seed in (3, 4))
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.PatientID != two.PatientID
    assert one.PixelData != two.PixelData


def test_two_visits_are_of_one_patient_with_a_later_date(tmp_path: Path) -> None:
    for visit in (0, 1):
        phantom.write_chest(tmp_path / str(visit), 3, patient=2, visit=visit, rows=256)
    prior, current = (pydicom.dcmread(tmp_path / str(visit)) for visit in (0, 1))
    assert prior.PatientID == current.PatientID
    assert prior.PatientName == current.PatientName
    assert prior.StudyInstanceUID != current.StudyInstanceUID
    assert prior.StudyDate < current.StudyDate


@pytest.mark.parametrize("foci", [1, 2, 3])
def test_opacities_are_planted_inside_a_lung_and_read_back(tmp_path: Path, foci: int) -> None:
    path = tmp_path / "film.dcm"
    written = phantom.write_chest(path, 8, patient=foci, foci=foci, rows=320)
    assert len(written) == foci
    assert phantom.planted(path) == written
    lungs = phantom.chest(8, foci, 0, foci, rows=320)[0].lungs
    for opacity in written:
        assert lungs[round(opacity.row), round(opacity.column)]


def test_a_planted_opacity_is_whiter_than_the_same_lung_without_it() -> None:
    from studies.phantom_projection import expose

    film, exposure, body = phantom.chest(8, 21, 0, 2, rows=320)
    clear = expose(body, exposure, 0)
    rows, columns = np.ogrid[: film.grey.shape[0], : film.grey.shape[1]]
    added = film.grey - clear.grey
    for opacity in film.opacities:
        inside = np.hypot(rows - opacity.row, columns - opacity.column) < 0.7 * opacity.radius_px
        assert added[inside].mean() > 0.05
    near = np.zeros(film.grey.shape, bool)
    for opacity in film.opacities:
        near |= np.hypot(rows - opacity.row, columns - opacity.column) < 4 * opacity.radius_px
    assert abs(added[~near].mean()) < 0.02


def test_a_film_without_foci_has_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "clear.dcm"
    assert phantom.write_chest(path, 8, foci=0, rows=256) == ()
    assert phantom.planted(path) == ()
    assert phantom.label(path) == "no-finding"


def test_polarity_changes_the_stored_values_and_not_the_picture(tmp_path: Path) -> None:
    for name, inverse in (("one", False), ("two", True)):
        phantom.write_chest(tmp_path / name, 5, rows=256, inverse=inverse)
    one, two = pydicom.dcmread(tmp_path / "one"), pydicom.dcmread(tmp_path / "two")
    assert (one.PhotometricInterpretation, two.PhotometricInterpretation) == ("MONOCHROME2", "MONOCHROME1")
    assert (one.PresentationLUTShape, two.PresentationLUTShape) == ("IDENTITY", "INVERSE")
    assert np.abs(displayed(one) - displayed(two)).max() < 0.01


@pytest.mark.parametrize("compression", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_every_compression_keeps_every_pixel(tmp_path: Path, compression: str) -> None:
    phantom.write_chest(tmp_path / "film", 5, rows=128, compression=compression)
    phantom.write_chest(tmp_path / "reference", 5, rows=128, compression=RLELossless)
    film, reference = pydicom.dcmread(tmp_path / "film"), pydicom.dcmread(tmp_path / "reference")
    assert film.file_meta.TransferSyntaxUID == compression
    assert np.array_equal(film.pixel_array, reference.pixel_array)


def test_a_file_that_is_no_phantom_is_refused_with_its_name(tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("not an image")
    with pytest.raises(UnreadableFile, match=r"letter\.txt"):
        phantom.planted(text)
    with pytest.raises(UnreadableFile, match="nothing"):
        phantom.planted(tmp_path / "nothing")
    phantom.write_chest(tmp_path / "film", 5, rows=128)
    ds = pydicom.dcmread(tmp_path / "film")
    ds.remove_private_tags()
    ds.save_as(tmp_path / "stranger")
    with pytest.raises(StudyError, match="stranger"):
        phantom.planted(tmp_path / "stranger")


def test_the_ct_stack_has_one_geometry_and_a_nodule_in_a_lung(tmp_path: Path) -> None:
    paths = phantom.write_ct(tmp_path, 6, slices=16, side=96)
    slices = [pydicom.dcmread(path) for path in paths]
    heights = [float(ds.ImagePositionPatient[2]) for ds in slices]
    assert np.allclose(np.diff(heights), -float(slices[0].SpacingBetweenSlices), atol=1e-3)
    assert len({ds.SeriesInstanceUID for ds in slices}) == len({ds.FrameOfReferenceUID for ds in slices}) == 1
    assert len({ds.SOPInstanceUID for ds in slices}) == len(slices)
    scan = phantom.ct(6, 1, 16, 96)
    found = [
        (ds, i, o)
        for i, (ds, path) in enumerate(zip(slices, paths, strict=True))
        for o in phantom.planted(path)
    ]
    assert found
    for ds, i, nodule in found:
        hounsfield = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        row, column = round(nodule.row), round(nodule.column)
        assert scan.lungs[i, row, column]
        assert hounsfield[row, column] > -300
    air = slices[8].pixel_array[:4, :4] * 1.0 - 1024
    assert abs(air.mean() + 1000) < 60


def test_a_training_set_has_a_line_for_every_film_and_none_of_the_samples_patients(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "resources" / "make_samples.py"),
        "--training-set",
        "8",
        "--rows",
        "96",
    ]
    subprocess.run([*command, "--seed", "2", "--out", str(tmp_path)], check=True, capture_output=True)
    with (tmp_path / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert {row["label"] for row in rows} == set(phantom.FINDINGS)
    ours = {pydicom.dcmread(path, stop_before_pixels=True).PatientID for path in RADIOGRAPHS}
    for row in rows:
        ds = pydicom.dcmread(tmp_path / row["file"], stop_before_pixels=True)
        assert ds.PatientID == row["patient"]
        assert ds.PatientID not in ours
        assert phantom.label(tmp_path / row["file"]) == row["label"]


def test_a_training_set_never_takes_the_seed_of_the_samples(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "resources" / "make_samples.py"),
        "--training-set",
        "1",
        "--seed",
        "0",
    ]
    assert subprocess.run([*command, "--out", str(tmp_path)], capture_output=True).returncode == 2


def test_the_committed_samples_are_a_dozen_films_and_a_stack_of_at_most_20_mb() -> None:
    assert len(RADIOGRAPHS) == 12
    assert len(SLICES) == 40
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 20e6
    labels = [phantom.label(path) for path in RADIOGRAPHS]
    assert labels.count("opacity") == labels.count("no-finding") == 6
    patients = [path.parent.name for path in RADIOGRAPHS]
    assert len(set(patients)) == 9


@pytest.mark.parametrize("path", RADIOGRAPHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_sample_radiograph_says_what_it_is_and_shows_a_chest(path: Path) -> None:
    ds = pydicom.dcmread(path)
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.1.1"
    assert ds.QualityControlImage == "YES"
    assert (ds.Manufacturer, ds.ManufacturerModelName) == ("Overread", "Chest phantom")
    assert str(ds.PatientName).startswith("Phantom^")
    assert ds.PatientID == path.parent.name
    assert ds.Modality == "DX"
    assert ds.BodyPartExamined == "CHEST"
    assert ds.ViewPosition in ("PA", "AP")
    for keyword in ("AccessionNumber", "PatientBirthDate", "StudyDate", "StudyTime", "ImagerPixelSpacing"):
        assert ds[keyword].value
    assert 12 <= ds.BitsStored <= 14
    stored = ds.pixel_array
    assert stored.max() < 1 << ds.BitsStored
    grey = displayed(ds)
    middle = grey[ds.Rows // 4 : ds.Rows // 2]
    lung = middle[:, int(0.25 * ds.Columns) : int(0.35 * ds.Columns)].mean()
    spine = middle[:, int(0.45 * ds.Columns) : int(0.55 * ds.Columns)].mean()
    abdomen = grey[int(0.92 * ds.Rows) : int(0.95 * ds.Rows), ds.Columns // 3 : 2 * ds.Columns // 3].mean()
    assert lung + 0.2 < spine
    assert lung + 0.3 < abdomen


def test_a_committed_sample_is_what_its_seed_gives(tmp_path: Path) -> None:
    # Not byte for byte: another processor may round a pixel the other way.
    sample = SAMPLES / "PHANTOM-002" / "chest-1.dcm"
    film, exposure, _ = phantom.chest(0, 2, 0, 2)
    ds = pydicom.dcmread(sample)
    assert ds.ViewPosition == exposure.view
    assert ds.pixel_array.shape == film.grey.shape
    for made, kept in zip(film.opacities, phantom.planted(sample), strict=True):
        assert made.row == pytest.approx(kept.row, abs=0.5)
        assert made.column == pytest.approx(kept.column, abs=0.5)
    top = (1 << ds.BitsStored) - 1
    expected = np.clip(film.grey, 0, 1) * 0.9 * top + 0.04 * top
    assert np.abs(ds.pixel_array - expected).mean() < 1
