"""Phantoms as DICOM files: fictional patients, lossless compression, and the truth in a private block.

What was planted stands in the private block ``OVERREAD PHANTOM`` of group 0011 (PS3.5 7.8): a reader
of the film does not come across it, a test can ask for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from studies.errors import StudyError, UnreadableFile
from studies.phantom_film import Exposure, Film, Opacity

_GROUP, _CREATOR = 0x0011, "OVERREAD PHANTOM"
_LABEL, _PLANTED = 0x01, 0x02
COMPRESSIONS = (JPEGLSLossless, JPEG2000Lossless, RLELossless)
_ENCODERS = {JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg", RLELossless: "pylibjpeg"}

_WOMEN = (
    "Ada", "Beata", "Cleo", "Dagny", "Edda", "Freya",
    "Greta", "Hedda", "Ines", "Junia", "Kaja", "Livia",
)  # fmt: skip
_MEN = (
    "Anton", "Basil", "Cyril", "Dorian", "Emil", "Felix",
    "Gustav", "Hugo", "Ivo", "Jasper", "Konrad", "Linus",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patient:
    """A fictional patient."""

    name: str
    patient_id: str
    birth_date: str  # YYYYMMDD
    sex: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What the header of one study says. `key` makes its UIDs: the same key, the same UIDs."""

    patient: Patient
    key: str
    accession: str
    date: str  # YYYYMMDD
    time: str  # HHMMSS
    description: str


def fictional_patient(number: int, female: bool) -> Patient:
    """The `number`-th (from 1) fictional patient."""
    names = _WOMEN if female else _MEN
    rng = np.random.default_rng([number, 11])
    born = date(1938, 1, 1) + timedelta(days=int(rng.integers(0, 62 * 365)))
    return Patient(
        f"Phantom^{names[(number - 1) % len(names)]}",
        f"PHANTOM-{number:03d}",
        born.strftime("%Y%m%d"),
        "F" if female else "M",
    )


def uid_of(*parts: object) -> UID:
    """A UID that depends on nothing but `parts` (PS3.5 B.2: 2.25 and a 128-bit number)."""
    digest = hashlib.sha256("/".join(("overread phantom", *(str(p) for p in parts))).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def film_dataset(film: Film, exposure: Exposure, visit: Visit, *, bits: int, inverse: bool) -> Dataset:
    """A Digital X-Ray Image for Presentation (PS3.3 A.26) of a film, not yet compressed."""
    top = (1 << bits) - 1
    stored = np.round(np.clip(film.grey, 0, 1) * (0.9 * top) + 0.04 * top)
    low, high = (float(v) for v in np.percentile(stored[film.grey > 0.02], (1, 99.5)))
    if inverse:
        stored, low, high = top - stored, top - high, top - low
    ds = _common(visit, "DX", DigitalXRayImageStorageForPresentation, "film")
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.SeriesDescription = f"Chest {exposure.view}"
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageType = ["DERIVED", "PRIMARY", ""]
    ds.BodyPartExamined, ds.ViewPosition, ds.ImageLaterality = "CHEST", exposure.view, "U"
    ds.PatientOrientation = ["L", "F"]
    ds.AnatomicRegionSequence = [_code("51185008", "SCT", "Chest")]
    modifier = (
        ("272479007", "Postero-anterior") if exposure.view == "PA" else ("272478004", "Antero-posterior")
    )
    ds.ViewCodeSequence = [_code(modifier[0], "SCT", modifier[1])]
    ds.KVP, ds.Exposure = "110", str(max(round(3 * exposure.dose), 1))
    ds.DistanceSourceToDetector = f"{10 * exposure.source_distance:.0f}"
    ds.ImagerPixelSpacing = [f"{10 * exposure.spacing:.5f}"] * 2
    ds.DetectorType, ds.DetectorID = "DIRECT", "PHANTOM"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LOG", 1 if inverse else -1
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "0", "US"
    ds.PhotometricInterpretation = "MONOCHROME1" if inverse else "MONOCHROME2"
    ds.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    centre, width = (low + high) / 2, max(high - low, 16)
    ds.WindowCenter = [f"{centre:.0f}", f"{centre:.0f}"]
    ds.WindowWidth = [f"{1.06 * width:.0f}", f"{0.7 * width:.0f}"]
    ds.WindowCenterWidthExplanation = ["NORMAL", "HARDER"]
    ds.LossyImageCompression = "00"
    _set_pixels(ds, stored.astype(np.uint16), bits)
    _set_truth(ds, film.opacities)
    return ds


def slice_dataset(
    values_hu: NDArray[np.float32],
    visit: Visit,
    number: int,
    position_mm: tuple[float, float, float],
    spacing_mm: tuple[float, float],
    opacities: tuple[Opacity, ...],
) -> Dataset:
    """One axial slice as CT Image (PS3.3 A.3), not yet compressed; `spacing_mm` is in plane and between."""
    ds = _common(visit, "CT", CTImageStorage, f"slice {number}")
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = 2, number, 1
    ds.SeriesDescription = "Chest, axial"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.BodyPartExamined, ds.PatientPosition = "CHEST", "HFS"
    ds.PatientOrientation = ["L", "P"]
    ds.PositionReferenceIndicator = ""
    ds.KVP, ds.ConvolutionKernel = "120", "PHANTOM"
    ds.ImagePositionPatient = [f"{v:.4f}" for v in position_mm]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.SliceLocation = f"{position_mm[2]:.4f}"
    ds.PixelSpacing = [f"{spacing_mm[0]:.4f}"] * 2
    ds.SliceThickness = ds.SpacingBetweenSlices = f"{spacing_mm[1]:.4f}"
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "-1024", "HU"
    ds.WindowCenter, ds.WindowWidth = ["-600", "40"], ["1500", "400"]
    ds.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
    _set_pixels(ds, (np.clip(np.round(values_hu), -1024, 3071) + 1024).astype(np.uint16), 12)
    _set_truth(ds, opacities)
    return ds


def write(ds: Dataset, path: Path, compression: UID) -> Path:
    """Compress losslessly and write; the bytes depend on the dataset alone."""
    ds.compress(compression, encoding_plugin=_ENCODERS[compression], generate_instance_uid=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, ds, enforce_file_format=True)
    return path


def planted(path: Path) -> tuple[Opacity, ...]:
    """What was planted in a phantom's image, in its stored-pixel space; empty for one without a finding.

    Raises
    ------
    UnreadableFile
        The file is no DICOM.
    StudyError
        The file is no phantom of this program.
    """
    try:
        with pydicom.dcmread(path, stop_before_pixels=True) as ds:
            block = ds.private_block(_GROUP, _CREATOR)
            raw = block[_PLANTED].value if _PLANTED in block else []
    except (OSError, InvalidDicomError) as error:
        raise UnreadableFile(
            f"{path} is not a DICOM file that can be read, a phantom was expected"
        ) from error
    except KeyError as error:
        raise StudyError(
            f"{path} has no block {_CREATOR!r}, a phantom of this program was expected"
        ) from error
    values = [float(v) for v in (raw if isinstance(raw, Iterable) else [raw])]
    return tuple(Opacity(*values[i : i + 3]) for i in range(0, len(values), 3))


def _common(visit: Visit, modality: str, sop_class: UID, instance: str) -> Dataset:
    """Patient, study, series, equipment: what all phantoms share."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = uid_of(visit.key, modality, instance)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.ImplementationClassUID = uid_of("implementation")
    ds.file_meta.ImplementationVersionName = "OVERREAD_PHANTOM"
    ds.SpecificCharacterSet = "ISO_IR 100"
    patient = visit.patient
    ds.PatientName, ds.PatientID, ds.PatientSex = patient.name, patient.patient_id, patient.sex
    ds.PatientBirthDate = patient.birth_date
    ds.PatientAge = f"{(int(visit.date) - int(patient.birth_date)) // 10000:03d}Y"
    ds.PatientComments = "A computed phantom, not a person"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid_of(visit.key), uid_of(visit.key, modality)
    ds.FrameOfReferenceUID = uid_of(visit.key, modality, "frame of reference")
    ds.StudyID, ds.AccessionNumber = visit.accession[-4:], visit.accession
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = visit.date
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = visit.time
    ds.StudyDescription, ds.ReferringPhysicianName = visit.description, "Phantom^Referrer"
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = modality, "Overread", "Chest phantom"
    ds.InstitutionName, ds.DeviceSerialNumber, ds.SoftwareVersions = "Overread", "PHANTOM", "1"
    ds.QualityControlImage, ds.BurnedInAnnotation = "YES", "NO"
    ds.ImageComments = "Phantom computed by Overread. Not a patient."
    return ds


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _set_pixels(ds: Dataset, stored: NDArray[np.uint16], bits: int) -> None:
    ds.SamplesPerPixel, ds.PixelRepresentation = 1, 0
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    ds.PixelData = stored.astype("<u2").tobytes()


def _set_truth(ds: Dataset, opacities: tuple[Opacity, ...]) -> None:
    block = ds.private_block(_GROUP, _CREATOR, create=True)
    block.add_new(_LABEL, "LO", "opacity" if opacities else "no-finding")
    if opacities:
        block.add_new(_PLANTED, "FD", [float(v) for o in opacities for v in (o.row, o.column, o.radius_px)])
