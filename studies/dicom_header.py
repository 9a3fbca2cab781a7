"""Who, when and what: the text of a DICOM data set as a `Header` holds it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from studies.dicom_file import OpenFile
from studies.image import Header

_DATE = re.compile(r"^(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})$")
_TIME = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?")


def text(dataset: Dataset, keyword: str) -> str:
    """A text element, decoded and trimmed, several values joined by a backslash; empty when absent."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, MultiValue | list):
        return "\\".join(str(part).strip() for part in value)
    return str(value).replace("\0", "").strip()


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a numeric element, or None when it is absent, empty or no number."""
    numbers = numeric(dataset, keyword)
    return numbers[0] if numbers else None


def numeric(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of a numeric element; empty when any of them is no finite number."""
    value: Any = dataset.get(keyword)
    if value is None or value == "":
        return ()
    try:
        values = tuple(float(part) for part in (value if isinstance(value, MultiValue | list) else [value]))
    except (TypeError, ValueError):
        return ()
    return values if all(abs(part) < 1e300 for part in values) else ()


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


def functional_group(dataset: Dataset, frame: int, keyword: str) -> Dataset | None:
    """The item of a frame's functional group macro, per frame or else shared (PS3.3 C.7.6.16.1)."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for groups in ([per_frame[frame - 1]] if frame <= len(per_frame) else []) + list(shared[:1]):
        found = groups.get(keyword)
        if found:
            return found[0] if isinstance(found[0], Dataset) else None
    return None


def macro(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """The functional group macro of a frame, or the data set itself where the file is not enhanced."""
    return functional_group(dataset, frame, keyword) or dataset


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
    position = numeric(macro(dataset, 1, "PlanePositionSequence"), "ImagePositionPatient")
    orientation = numeric(macro(dataset, 1, "PlaneOrientationSequence"), "ImageOrientationPatient")
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
        image_position=position if len(position) == 3 else None,
        image_orientation=orientation if len(orientation) == 6 else None,
        is_phantom=text(dataset, "QualityControlImage").upper() == "YES",
    )
