"""Scanning finds every image of a path, says of other files that matter why not, and stops nowhere."""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom.dataset import FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian

from studies.image import Header
from studies.scan import Failed, Found, assemble, natural_key, scan
from tests.studies.files import dataset_of, item, ramp, save, sequence, write_dicom
from tests.studies.test_refusals import as_nobody


def found(outcomes: list[Found | Failed]) -> list[str]:
    return [Path(outcome.header.path).name for outcome in outcomes if isinstance(outcome, Found)]


def failed(outcomes: list[Found | Failed]) -> list[str]:
    return [outcome.reason for outcome in outcomes if isinstance(outcome, Failed)]


def write_png(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(ramp(top=200, dtype="u1") + np.uint8(value)).save(path, "PNG")
    return path


def test_a_folder_is_searched_to_the_bottom_in_a_natural_order(tmp_path: Path) -> None:
    for name in ("im10", "im2.dcm", "b/deep/x", "a/y.dcm"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_dicom(tmp_path / name, ramp())
    write_png(tmp_path / "film.png")
    assert found(list(scan([tmp_path]))) == ["film.png", "im2.dcm", "im10", "y.dcm", "x"]


def test_other_files_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    write_png(tmp_path / "film.png")
    write_png(tmp_path / ".hidden.png")
    write_png(tmp_path / ".git" / "icon.png")
    write_png(tmp_path / "__MACOSX" / "film.png")
    (tmp_path / "labels.csv").write_text("file,label\n")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty").touch()
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    write_dicom(
        tmp_path / "report", ramp(), Rows=None, Columns=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"
    )
    outcomes = list(scan([tmp_path]))
    assert found(outcomes) == ["film.png"]
    assert failed(outcomes) == []


def test_what_claims_to_be_an_image_or_is_damaged_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_text("not at all")
    (tmp_path / "b.png").touch()
    whole = write_dicom(tmp_path / "c", ramp())
    whole.write_bytes(whole.read_bytes()[:-100])
    write_dicom(tmp_path / "d", ramp())
    outcomes = list(scan([tmp_path]))
    assert found(outcomes) == ["d"]
    reasons = failed(outcomes)
    assert len(reasons) == 3
    assert "no image" in reasons[0]
    assert "is empty" in reasons[1]
    assert "cut short" in reasons[2]


def test_a_file_that_was_named_is_answered_for(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("notes")
    outcomes = list(scan([notes, tmp_path / "gone.dcm"]))
    assert [outcome.path for outcome in outcomes if isinstance(outcome, Failed)] == [
        str(notes),
        str(tmp_path / "gone.dcm"),
    ]


def test_a_folder_without_images_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "notes.txt").write_text("notes")
    assert failed(list(scan([tmp_path]))) == [
        f"{tmp_path}: contains no images, expected DICOM, PNG, JPEG or TIFF files in it."
    ]


def test_a_file_that_is_reached_twice_is_found_once(tmp_path: Path) -> None:
    path = write_png(tmp_path / "film.png")
    assert found(list(scan([path, tmp_path, path]))) == ["film.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    write_png(tmp_path / "a" / "film.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert found(list(scan([tmp_path]))) == ["film.png"]


@pytest.mark.skipif(os.name == "nt", reason="rights are kept otherwise on Windows")
def test_a_folder_without_rights_is_named_and_the_rest_goes_on() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write_png(folder / "film.png").chmod(0o644)
        (folder / "closed").mkdir(mode=0)
        with as_nobody():
            outcomes = list(scan([folder]))
            alone = list(scan([folder / "closed"]))
        (folder / "closed").chmod(0o755)
    assert found(outcomes) == ["film.png"]
    assert len(failed(outcomes)) == len(failed(alone)) == 1
    assert f"{folder / 'closed'}: could not be listed (Permission denied)" in failed(outcomes)[0]


def test_results_come_before_the_search_is_over(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png")
    outcomes = scan([tmp_path])
    assert isinstance(next(outcomes), Found)
    write_png(tmp_path / "later" / "b.png", 1)
    outcomes.close()


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_images_of_an_archive_are_unpacked_once_and_found(tmp_path: Path) -> None:
    png, dicom = write_png(tmp_path / "x.png"), write_dicom(tmp_path / "x.dcm", ramp())
    archive = write_zip(
        tmp_path / "study.zip",
        {"a/film.png": png.read_bytes(), "a/b/IM1": dicom.read_bytes(), "readme.txt": b"hello", "d/": b""},
    )
    first = list(scan([archive], tmp_path / "cache"))
    assert found(first) == ["000001-film.png", "000002-IM1"]
    assert failed(first) == []
    assert [o.header.path for o in scan([archive], tmp_path / "cache") if isinstance(o, Found)] == [
        o.header.path for o in first if isinstance(o, Found)
    ]
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 2


def test_an_archive_in_a_folder_is_looked_into_as_well(tmp_path: Path) -> None:
    content = write_png(tmp_path / "x.png").read_bytes()
    (tmp_path / "in").mkdir()
    write_zip(tmp_path / "in" / "study.zip", {"film.png": content})
    assert found(list(scan([tmp_path / "in"], tmp_path / "cache"))) == ["000001-film.png"]


def test_an_archive_without_a_place_to_go_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "study.zip", {"a.txt": b"text"})
    assert "expected a folder that it may be unpacked into" in failed(list(scan([archive])))[0]
    assert "contains no images" in failed(list(scan([archive], tmp_path / "cache")))[0]


@pytest.mark.parametrize(
    "name", ["../evil.png", "a/../../evil.png", "/evil.png", "C:\\evil.png", "..\\evil.png"]
)
def test_an_archive_that_would_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    content = write_png(tmp_path / "x.png").read_bytes()
    archive = write_zip(tmp_path / "study.zip", {name: content})
    outcomes = list(scan([archive], tmp_path / "cache"))
    assert "would leave its folder" in failed(outcomes)[0]
    assert found(outcomes) == []
    assert not list(tmp_path.rglob("evil*"))


def test_an_archive_that_grows_beyond_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_zip(tmp_path / "bomb.zip", {"film.png": bytes(5_000_000)})
    monkeypatch.setattr("studies.archive.MAX_UNPACKED_BYTES", 1_000_000)
    assert "unpacks to 5,000,000 bytes" in failed(list(scan([archive], tmp_path / "cache")))[0]


def test_a_large_archive_of_almost_nothing_is_refused_before_it_takes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_zip(tmp_path / "bomb.zip", {"film.dcm": bytes(128) + b"DICM" + bytes(5_000_000)})
    monkeypatch.setattr("studies.archive.LARGE", 1_000_000)
    assert "expected honest compression" in failed(list(scan([archive], tmp_path / "cache")))[0]
    assert not list((tmp_path / "cache").rglob("*.dcm"))


def test_a_file_of_an_archive_that_only_claims_to_be_an_image_is_named_and_not_unpacked(
    tmp_path: Path,
) -> None:
    film = write_png(tmp_path / "film.png").read_bytes()
    archive = write_zip(tmp_path / "study.zip", {"in/fake.dcm": b"hello" * 99, "film.png": film})
    outcomes = list(scan([archive], tmp_path / "cache"))
    assert failed(outcomes) == [
        f"{archive}: its file in/fake.dcm is no image that can be told by its content,"
        " expected DICOM, PNG, JPEG or TIFF."
    ]
    assert len(found(outcomes)) == 1
    assert not list((tmp_path / "cache").rglob("*fake*"))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    content = write_png(tmp_path / "x.png").read_bytes()
    archive = write_zip(tmp_path / "study.zip", {"film.png": content, "other.png": content})
    damaged = bytearray(archive.read_bytes())
    damaged[60:90] = bytes(30)
    archive.write_bytes(bytes(damaged))
    outcomes = list(scan([archive], tmp_path / "cache"))
    assert "cannot be unpacked" in failed(outcomes)[0]
    assert found(outcomes) == ["000002-other.png"]
    assert not list((tmp_path / "cache").rglob("*film.png"))


def write_dicomdir(folder: Path, files: list[Path]) -> Path:
    fileset = FileSet()
    for path in files:
        fileset.add(path)
    fileset.write(folder)
    return folder / "DICOMDIR"


def study_file(path: Path, number: int) -> Path:
    uid = f"1.2.3.{number}"
    dataset = dataset_of(
        ramp(), SOPInstanceUID=uid, InstanceNumber=number, PatientName="A^B", StudyDate="20240101",
        StudyTime="1200", StudyID="1", SeriesNumber=1, AccessionNumber="", StudyDescription="",
    )  # fmt: skip
    dataset.file_meta.MediaStorageSOPInstanceUID = uid
    return save(path, dataset, ramp().tobytes())


def test_a_dicomdir_leads_to_its_images_whatever_their_case(tmp_path: Path) -> None:
    files = [study_file(tmp_path / f"{number}.dcm", number) for number in (1, 2)]
    dicomdir = write_dicomdir(tmp_path / "disc", files)
    outcomes = list(scan([dicomdir]))
    assert failed(outcomes) == []
    assert [o.header.instance_number for o in outcomes if isinstance(o, Found)] == [1, 2]
    for path in sorted((tmp_path / "disc").rglob("*"), reverse=True):
        if path.name != "DICOMDIR":
            path.rename(path.with_name(path.name.lower()))
    assert len(found(list(scan([dicomdir])))) == 2
    assert len(found(list(scan([tmp_path / "disc"])))) == 2


def write_directory_record(path: Path, *components: str) -> Path:
    dataset = item(DirectoryRecordSequence=sequence(item(ReferencedFileID=list(components))))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.filterwarnings("ignore:The value for the data element")
def test_a_dicomdir_that_leads_outside_its_folder_is_refused(tmp_path: Path) -> None:
    study_file(tmp_path / "SECRET", 1)
    dicomdir = write_directory_record(tmp_path / "disc" / "DICOMDIR", "..", "SECRET")
    outcomes = list(scan([dicomdir]))
    assert found(outcomes) == []
    assert "outside its folder" in failed(outcomes)[0]


def test_a_dicomdir_whose_images_are_missing_says_so(tmp_path: Path) -> None:
    dicomdir = write_directory_record(tmp_path / "disc" / "DICOMDIR", "GONE", "IM1")
    assert "does not exist" in failed(list(scan([dicomdir])))[0]


def header(number: int, **fields: object) -> Header:
    base = Header(f"/s/{number}.dcm", "dicom", f"1.{number}", "2.1", "3.1", 8, 8, instance_number=number)
    return replace(base, **fields)  # type: ignore[arg-type]


AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def order(headers: list[Header]) -> list[int | None]:
    (study,) = assemble(headers)
    (series,) = study.series
    return [one.instance_number for one in series.headers]


def test_slices_are_sorted_along_their_normal() -> None:
    heights = {1: 30.0, 2: -10.0, 3: 20.0, 4: 5.0}
    headers = [header(n, image_position=(7.0, 8.0, z), image_orientation=AXIAL) for n, z in heights.items()]
    assert order(headers) == [2, 4, 3, 1]
    sagittal = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)  # normal along -x
    headers = [
        header(n, image_position=(z, 0.0, 0.0), image_orientation=sagittal) for n, z in heights.items()
    ]
    assert order(headers) == [1, 3, 4, 2]


def test_slices_without_a_place_in_space_are_sorted_by_number_then_name() -> None:
    headers = [header(10), header(2), header(3, image_position=(0, 0, 0), image_orientation=AXIAL)]
    assert order(headers) == [2, 3, 10]
    unnumbered = [header(n, instance_number=None, path=f"/s/im{n}") for n in (10, 9)]
    (study,) = assemble(unnumbered)
    assert [Path(one.path).name for one in study.series[0].headers] == ["im9", "im10"]


def test_slices_at_one_place_follow_their_number() -> None:
    headers = [header(n, image_position=(0, 0, float(n % 2)), image_orientation=AXIAL) for n in (4, 3, 2, 1)]
    assert order(headers) == [2, 4, 1, 3]


def test_slices_of_a_tilted_gantry_are_sorted_along_their_normal() -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, 0.9397, -0.342)  # 20 degrees; the table moves along z, the slices lie askew
    headers = [
        header(n, image_position=(0.0, 250.0 - 3.0 * n, float(z)), image_orientation=tilted)
        for n, z in enumerate((40, 10, 30, 20), start=1)
    ]
    assert order(headers) == [2, 4, 3, 1]


def test_planes_of_a_localiser_stand_together_each_along_its_own_normal() -> None:
    planes = (AXIAL, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (1.0, 0.0, 0.0, 0.0, 0.0, -1.0))
    headers = [
        header(
            n,
            image_orientation=planes[n % 3],
            image_position=(float(-(n // 3)), float(n // 3), float(n // 3)),
        )
        for n in range(500)
    ]
    by_plane = [[n for n in range(500) if n % 3 == plane] for plane in range(3)]
    assert order(headers[::-1]) == by_plane[0] + by_plane[1] + by_plane[2]


def test_slices_that_turn_about_an_axis_follow_their_number() -> None:
    turns = np.linspace(0, np.pi, 60, endpoint=False)
    headers = [
        header(
            n, image_position=(0.0, 0.0, 60.0 - n),
            image_orientation=(float(np.cos(turn)), float(np.sin(turn)), 0.0, 0.0, 0.0, 1.0),
        )
        for n, turn in enumerate(turns)
    ]  # fmt: skip
    assert order(headers) == list(range(60))


def test_studies_come_newest_first_and_series_by_their_number() -> None:
    headers = [
        header(1, study_instance_uid="old", study_date="2020-01-01"),
        header(2, study_instance_uid="new", study_date="2024-01-01", study_time="08:00:00"),
        header(3, study_instance_uid="newest", study_date="2024-01-01", study_time="09:00:00"),
        header(4, study_instance_uid="new", study_date="2024-01-01", study_time="08:00:00",
               series_instance_uid="3.2", series_number=1),
        header(5, study_instance_uid="undated"),
        header(6, study_instance_uid="undated too"),
    ]  # fmt: skip
    studies = assemble(headers)
    assert [study.study_instance_uid for study in studies] == [
        "newest",
        "new",
        "old",
        "undated",
        "undated too",
    ]
    assert [series.series_instance_uid for series in studies[1].series] == ["3.2", "3.1"]


def test_an_instance_that_comes_twice_is_taken_once() -> None:
    assert order([header(1), header(1, path="/copy.dcm"), header(2)]) == [1, 2]


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["IM10", "im2", "IM1", "a", "1", "b²"]
    assert sorted(names, key=natural_key) == ["1", "a", "b²", "IM1", "im2", "IM10"]
