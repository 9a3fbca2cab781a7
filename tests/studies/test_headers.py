"""What a DICOM header says, as a reader wants to read it."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.dicom_header import readable_date, readable_name, readable_time
from studies.errors import StudyError
from studies.image import LookupTable, Window
from studies.reader import read, read_header
from tests.studies.files import dataset_of, item, lut_item, ramp, save, sequence, write_dicom


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^M^Dr^Jr", "Doe, Jane M, Jr"),
        ("Doe", "Doe"),
        ("^^^^", ""),
        ("", ""),
        (None, ""),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou"),
        ("=山田^太郎", "山田, 太郎"),
    ],
)
def test_a_name_is_formatted_for_reading(value: str | None, expected: str) -> None:
    assert readable_name(value) == expected


def test_dates_and_times_are_formatted_for_reading() -> None:
    assert readable_date("20240131") == "2024-01-31"
    assert readable_date("2024.01.31") == "2024-01-31"
    assert readable_date("20241331") == ""
    assert readable_date("yesterday") == ""
    assert readable_time("142305.123456") == "14:23:05"
    assert readable_time("14") == "14:00:00"
    assert readable_time("99") == ""


@given(st.text(max_size=20))
def test_no_text_breaks_the_formatting(value: str) -> None:
    for formatted in (readable_name(value), readable_date(value), readable_time(value)):
        assert "^" not in formatted


def test_headers_are_the_same_whether_all_elements_are_read_or_those_that_make_a_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(str(pydicom.data.__file__)).parent / "test_files"
    headers = {}
    for path in sorted(folder.rglob("*.dcm")):
        with contextlib.suppress(StudyError):
            headers[path] = read_header(path)
    assert len(headers) > 40
    monkeypatch.setattr("studies.dicom.HEADER_KEYWORDS", ())
    monkeypatch.setattr("studies.elements._PLAIN_TEXT", ())  # and whoever converts their values
    monkeypatch.setattr("studies.elements._DECIMALS", ())
    for path, header in headers.items():
        assert read_header(path) == header


def test_every_field_of_the_header_is_read(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), PatientName="Müller^Jörg", PatientBirthDate="19600229", PatientSex="M",
        AccessionNumber="A1", StudyDate="20240131", StudyTime="101112", StudyDescription="Thorax p.a.",
        SeriesDescription="PA", SeriesNumber=3, InstanceNumber=7, Modality="DX", BodyPartExamined="CHEST",
        ViewPosition="PA", ImageLaterality="U", Manufacturer="Maker", ImagePositionPatient=[1, 2, 3],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0], QualityControlImage="YES", FrameOfReferenceUID="1.2.9",
        PresentationIntentType="FOR PRESENTATION", ImageType=["ORIGINAL", "PRIMARY", ""],
        PatientOrientation=["L", "F"], LossyImageCompression="01",
    )  # fmt: skip
    header = read_header(path)
    assert header.path == str(path)
    assert header.kind == "dicom"
    assert (header.rows, header.columns, header.frames) == (24, 32, 1)
    assert (header.patient_name, header.patient_id) == ("Müller, Jörg", "P1")
    assert (header.patient_birth_date, header.patient_sex) == ("1960-02-29", "M")
    assert (header.study_date, header.study_time) == ("2024-01-31", "10:11:12")
    assert (header.accession_number, header.study_description) == ("A1", "Thorax p.a.")
    assert (header.series_description, header.series_number, header.instance_number) == ("PA", 3, 7)
    assert (header.modality, header.body_part, header.view_position) == ("DX", "CHEST", "PA")
    assert (header.laterality, header.manufacturer) == ("U", "Maker")
    assert header.image_position == (1, 2, 3)
    assert header.image_orientation == (1, 0, 0, 0, 1, 0)
    assert header.is_phantom
    assert header.frame_of_reference_uid == "1.2.9"
    assert header.presentation_intent == "FOR PRESENTATION"
    assert header.image_type == ("ORIGINAL", "PRIMARY")
    assert header.patient_orientation == ("L", "F")
    assert header.lossy_compression == "lossy"
    assert header.content_hash == ""
    assert header.split_key == "patient:P1"


def test_a_silent_header_leaves_fields_empty_and_is_known_by_its_content(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), PatientID=None, SOPInstanceUID="", StudyInstanceUID=None,
        SeriesInstanceUID=None, Modality=None,
    )  # fmt: skip
    header = read_header(path)
    assert (header.patient_name, header.modality, header.study_date, header.body_part) == ("", "", "", "")
    assert header.instance_number is None
    assert not header.is_phantom
    assert len(header.content_hash) == 64
    assert header.sop_instance_uid == f"2.25.{int(header.content_hash[:32], 16)}"
    assert len({header.sop_instance_uid, header.study_instance_uid, header.series_instance_uid}) == 3
    assert header.split_key == f"content:{header.content_hash}"


def test_old_character_sets_are_decoded(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), SpecificCharacterSet="ISO_IR 100", PatientName="Åse^Bjørn")
    assert b"\xc5se" in path.read_bytes()
    assert read_header(path).patient_name == "Åse, Bjørn"


def test_the_view_and_the_body_part_come_from_codes_when_the_text_is_silent(tmp_path: Path) -> None:
    view = item(
        CodeValue="399348003", CodingSchemeDesignator="SCT", CodeMeaning="Antero-posterior projection"
    )
    chest = item(CodeValue="816094009", CodingSchemeDesignator="SCT", CodeMeaning="Chest")
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), ViewCodeSequence=sequence(view), AnatomicRegionSequence=sequence(chest)
    )
    header = read_header(path)
    assert (header.view_position, header.body_part) == ("AP", "CHEST")


@pytest.mark.parametrize(
    ("photometric", "shape", "polarity"),
    [
        ("MONOCHROME2", None, "min-is-black"),
        ("MONOCHROME2", "IDENTITY", "min-is-black"),
        ("MONOCHROME2", "INVERSE", "min-is-white"),
        ("MONOCHROME1", None, "min-is-white"),
        ("MONOCHROME1", "INVERSE", "min-is-white"),
    ],
)
def test_grey_is_inverted_once_at_most(
    tmp_path: Path, photometric: str, shape: str | None, polarity: str
) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), PhotometricInterpretation=photometric, PresentationLUTShape=shape
    )
    assert read(read_header(path)).polarity == polarity


def test_windows_are_offered_in_the_files_order_after_its_luts(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), WindowCenter=[100, 200, 300], WindowWidth=[50, 0, 70],
        WindowCenterWidthExplanation=["SOFT", "BROKEN", "HARD"], VOILUTFunction="SIGMOID",
        VOILUTSequence=sequence(lut_item(0, [0, 1000, 4095], 12, LUTExplanation="CURVE")),
    )  # fmt: skip
    image = read(read_header(path))
    lut, soft, hard = image.voi
    assert isinstance(lut, LookupTable)
    assert (lut.first, lut.bits, lut.explanation) == (0, 12, "CURVE")
    assert soft == Window(100, 50, "SIGMOID", "SOFT")
    assert hard == Window(300, 70, "SIGMOID", "HARD")
    assert image.warnings == ("A window of width 0 cannot be used.",)


def test_a_modality_lut_may_begin_below_zero(tmp_path: Path) -> None:
    pixels = np.array([[-2, -1], [0, 1]], np.int16)
    path = write_dicom(
        tmp_path / "a.dcm", pixels,
        ModalityLUTSequence=sequence(lut_item(-1, [10, 20, 40], 16, ModalityLUTType="OD")),
    )  # fmt: skip
    image = read(read_header(path))
    assert image.modality_lut is not None
    assert image.modality_lut.first == -1
    assert image.modality_lut.entries.tolist() == [10, 20, 40]
    assert image.units == "OD"


@pytest.mark.parametrize(
    ("signed", "value", "limit"), [(True, -2000, None), (False, 4000, 4095), (False, 0, None)]
)
def test_padding_is_marked_invalid(tmp_path: Path, signed: bool, value: int, limit: int | None) -> None:
    pixels = np.array([[value, 100], [limit or value, 200]], np.int16 if signed else np.uint16)
    path = write_dicom(tmp_path / "a.dcm", pixels, PixelPaddingValue=value, PixelPaddingRangeLimit=limit)
    image = read(read_header(path))
    assert image.valid is not None
    assert image.valid.tolist() == [[False, True], [False, True]]
    assert image.padding == (value, limit or value)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, None),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "detector")),
        ({"ImagerPixelSpacing": [0.2, 0.1], "PixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "detector")),
        ({"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.15, 0.15]}, (0.15, 0.15, "patient")),
        ({"PixelSpacing": [0.15, 0.15]}, (0.15, 0.15, "detector")),
        ({"PixelSpacing": [0.15, 0.15], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.15, 0.15, "patient")),
        ({"PixelSpacing": [0.7, 0.7], "Modality": "CT"}, (0.7, 0.7, "patient")),
        ({"PixelSpacing": [0, 0]}, None),
    ],
)
def test_spacing_says_what_it_is_measured_at(
    tmp_path: Path, elements: dict[str, object], expected: tuple[float, float, str] | None
) -> None:
    spacing = read(read_header(write_dicom(tmp_path / "a.dcm", ramp(), **elements))).spacing
    found = None if spacing is None else (spacing.row_mm, spacing.column_mm, spacing.kind)
    assert found == expected


def test_an_image_for_processing_says_so(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), PresentationIntentType="FOR PROCESSING")
    assert read(read_header(path)).warnings == (
        "The image is FOR PROCESSING: it was not made to be read from.",
    )


def test_a_ct_is_in_hounsfield_units(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), Modality="CT", RescaleSlope=1, RescaleIntercept=-1024)
    image = read(read_header(path))
    assert (image.slope, image.intercept, image.units) == (1, -1024, "HU")


def test_what_pydicom_finds_odd_is_told_with_the_image(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), SpecificCharacterSet=None, PatientSex="M")
    content = path.read_bytes().replace(b"CS\x02\x00CR", b"CS\x02\x00c!")
    path.write_bytes(content)
    header = read_header(path)
    assert header.modality == "C!"
    assert read(header).pixels.shape == (24, 32)


def test_what_pydicom_finds_odd_is_a_warning_of_the_image_and_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), PatientID="p1")
    content = path.read_bytes()
    assert content.count(b"ISO_IR 192") == 1
    path.write_bytes(content.replace(b"ISO_IR 192", b"ISO_NONE 1"))
    with caplog.at_level(logging.DEBUG):
        image = read(read_header(path))
    assert any("ISO_NONE 1" in warning for warning in image.warnings)
    assert caplog.records == []


def test_a_header_longer_than_what_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the first bytes end: in a value, between items, between elements."""
    notes = sequence(*(item(CodeMeaning="x", CodeValue=str(n)) for n in range(4)))
    dataset = dataset_of(ramp(), AcquisitionContextSequence=notes)
    dataset["AcquisitionContextSequence"].is_undefined_length = True
    for note in notes:
        note.is_undefined_length_sequence_item = True
    path = save(tmp_path / "a.dcm", dataset, ramp().tobytes())
    expected = read_header(path)
    for count in range(300, path.stat().st_size - ramp().nbytes + 40):
        monkeypatch.setattr("studies.regular_file.HEAD_BYTES", count)
        assert read_header(path) == expected
