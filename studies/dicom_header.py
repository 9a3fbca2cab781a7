"""Who, when and what: the text of a DICOM data set as a `Header` holds it."""

from __future__ import annotations

import hashlib
import re

from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from studies.compression import lossy_compression
from studies.dicom_file import OpenFile
from studies.dicom_plane import frames_per_second, order_of_frames, plane_of
from studies.elements import functional_group, number, text
from studies.image import Header

_DATE = re.compile(r"^(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})$")
_TIME = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?")


HEADER_KEYWORDS = (
    # what the pixels are (studies.dicom)
    "Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel",
    "PixelRepresentation", "PhotometricInterpretation", "PlanarConfiguration", "SOPClassUID",
    # who, when and what (below)
    "SpecificCharacterSet", "PatientID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyDate", "SeriesDate",
    "AcquisitionDate", "ContentDate", "StudyTime", "StudyDescription", "SeriesDescription", "SeriesNumber",
    "InstanceNumber", "Modality", "BodyPartExamined", "AnatomicRegionSequence", "ViewPosition",
    "ViewCodeSequence", "ImageLaterality", "Laterality", "Manufacturer", "QualityControlImage",
    "FrameOfReferenceUID", "PresentationIntentType", "ImageType", "PatientOrientation",
    # studies.compression
    "LossyImageCompression", "LossyImageCompressionMethod", "LossyImageCompressionRatio",
    # where and how fast (studies.dicom_plane)
    "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence", "ImagePositionPatient",
    "ImageOrientationPatient", "DetectorInformationSequence", "GridFrameOffsetVector",
    "RecommendedDisplayFrameRate", "CineRate", "FrameTime", "FrameTimeVector",
)  # fmt: skip
"""All elements that a `Header` is made of; others are passed over when only headers are read.

What is read below and not named here is missing from every header: tests/studies/test_headers.py compares
headers read with and without this list.
"""


def readable_name(value: PersonName | str | None) -> str:
    """A person's name for reading: ``Doe^Jane^M^^Jr`` becomes ``Doe, Jane M, Jr`` (PS3.5 6.2.1)."""
    if value is None:
        return ""
    groups = [group for group in str(value).split("=") if group.strip(" ^")]
    if not groups:
        return ""
    family, given, middle, _prefix, suffix = ([part.strip() for part in groups[0].split("^")] + [""] * 5)[:5]
    first = " ".join(part for part in (given, middle) if part)
    return ", ".join(part for part in (family, first, suffix) if part)


def readable_date(value: str) -> str:
    """``YYYYMMDD`` as ``YYYY-MM-DD``; empty when it is no date."""
    found = _DATE.match(value.strip())
    if found is None or not ("01" <= found[2] <= "12" and "01" <= found[3] <= "31"):
        return ""
    return f"{found[1]}-{found[2]}-{found[3]}"


def readable_time(value: str) -> str:
    """``HHMMSS.ffffff`` as ``HH:MM:SS``; empty when it is no time."""
    found = _TIME.match(value.strip())
    if found is None:
        return ""
    parts = [found[1], found[2] or "00", found[3] or "00"]
    return ":".join(parts) if parts[0] < "24" and parts[1] < "60" and parts[2] <= "60" else ""


def _view(dataset: Dataset) -> str:
    """ViewPosition, else what ViewCodeSequence means in the same words."""
    view = text(dataset, "ViewPosition").upper()
    if view or not dataset.get("ViewCodeSequence"):
        return view
    meaning = text(dataset.ViewCodeSequence[0], "CodeMeaning").lower()
    for word, short in (("postero-anterior", "PA"), ("antero-posterior", "AP"), ("lateral", "LATERAL")):
        if word in meaning:
            return short
    return meaning.upper()


def _body_part(dataset: Dataset) -> str:
    """BodyPartExamined, else the meaning of AnatomicRegionSequence, in capitals."""
    part = text(dataset, "BodyPartExamined")
    if not part and dataset.get("AnatomicRegionSequence"):
        part = text(dataset.AnatomicRegionSequence[0], "CodeMeaning")
    return part.upper()


def _patient_orientation(dataset: Dataset) -> tuple[str, str] | None:
    """What lies to the right of and below a film, as letters (PS3.3 C.7.6.1.1.1)."""
    parts = text(dataset, "PatientOrientation").upper().split("\\")
    right, below = [*(part.strip() for part in parts), ""][:2]
    return (right, below) if right or below else None


def derived_uid(digest_hex: str, purpose: str = "") -> str:
    """A UID made from a SHA-256 (PS3.5 B.2): ``2.25.`` and its first 128 bits as a decimal number."""
    if purpose:
        digest_hex = hashlib.sha256(f"{purpose}:{digest_hex}".encode()).hexdigest()
    return f"2.25.{int(digest_hex[:32], 16)}"


def content_hash(file: OpenFile) -> str:
    """SHA-256 of the whole file as hex."""
    with file.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def header_of(file: OpenFile, rows: int, columns: int, frames: int) -> Header:
    """The `Header` of an open DICOM image; may raise what pydicom raises over damaged values."""
    dataset = file.dataset
    patient_id, sop = text(dataset, "PatientID"), text(dataset, "SOPInstanceUID")
    study, series = text(dataset, "StudyInstanceUID"), text(dataset, "SeriesInstanceUID")
    digest = content_hash(file) if not (patient_id and sop and study and series) else ""
    position, orientation = plane_of(dataset, 1)
    order, along = order_of_frames(dataset, frames)
    series_number, instance_number = number(dataset, "SeriesNumber"), number(dataset, "InstanceNumber")
    dates = (text(dataset, f"{kind}Date") for kind in ("Study", "Series", "Acquisition", "Content"))
    anatomy = functional_group(dataset, 1, "FrameAnatomySequence")
    return Header(
        path=str(file.path),
        kind="dicom",
        sop_instance_uid=sop or derived_uid(digest),
        study_instance_uid=study or derived_uid(digest, "study"),
        series_instance_uid=series or derived_uid(digest, "series"),
        rows=rows,
        columns=columns,
        frames=frames,
        content_hash="" if patient_id else digest,
        patient_name=readable_name(dataset.get("PatientName")),
        patient_id=patient_id,
        patient_birth_date=readable_date(text(dataset, "PatientBirthDate")),
        patient_sex=text(dataset, "PatientSex").upper(),
        accession_number=text(dataset, "AccessionNumber"),
        study_date=next((date for date in map(readable_date, dates) if date), ""),
        study_time=readable_time(text(dataset, "StudyTime")),
        study_description=text(dataset, "StudyDescription"),
        series_description=text(dataset, "SeriesDescription"),
        series_number=None if series_number is None else int(series_number),
        instance_number=None if instance_number is None else int(instance_number),
        modality=text(dataset, "Modality").upper(),
        body_part=_body_part(dataset) or (_body_part(anatomy) if anatomy else ""),
        view_position=_view(dataset),
        laterality=text(dataset, "ImageLaterality") or text(dataset, "Laterality"),
        manufacturer=text(dataset, "Manufacturer"),
        transfer_syntax_uid=file.transfer_syntax,
        image_position=position,
        image_orientation=orientation,
        is_phantom=text(dataset, "QualityControlImage").upper() == "YES",
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        presentation_intent=text(dataset, "PresentationIntentType").upper(),
        lossy_compression=lossy_compression(dataset, file.transfer_syntax),
        image_type=tuple(part for part in text(dataset, "ImageType").split("\\") if part),
        patient_orientation=_patient_orientation(dataset),
        frames_per_second=frames_per_second(dataset),
        frame_order=order,
        frame_positions_mm=along,
    )
