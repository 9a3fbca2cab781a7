"""Real image files for the tests of this folder, written from arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from studies.decoding import DEFLATED_IMAGE_FRAME

CR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.1"


def ramp(rows: int = 24, columns: int = 32, top: int = 4095, dtype: str = "u2") -> NDArray[Any]:
    """A smooth picture with a corner that stands out, so that turned or swapped axes show."""
    y, x = np.mgrid[0:rows, 0:columns]
    picture = (x * 0.6 / columns + y * 0.4 / rows) * top
    picture[:4, :6] = top
    return picture.astype(dtype)


def colours(rows: int = 24, columns: int = 32) -> NDArray[np.uint8]:
    """A smooth colour picture, (rows, columns, 3) uint8."""
    grey = ramp(rows, columns, 255, "f8")
    return np.stack((grey, 255 - grey, grey[::-1]), axis=-1).astype(np.uint8)


def dataset_of(pixels: NDArray[Any], **elements: Any) -> Dataset:
    """A data set for the pixels of one frame (H, W[, 3]) or, with NumberOfFrames, several."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.UID(CR_IMAGE_STORAGE)
    meta.MediaStorageSOPInstanceUID = uid.UID("1.2.3.4")
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    frames = int(elements.get("NumberOfFrames", 1))
    one = pixels if frames == 1 else pixels[0]
    bits = 8 * pixels.dtype.itemsize
    stored = int(elements.get("BitsStored") or bits)
    defaults = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": CR_IMAGE_STORAGE,
        "SOPInstanceUID": "1.2.3.4",
        "StudyInstanceUID": "1.2.3.1",
        "SeriesInstanceUID": "1.2.3.2",
        "PatientID": "P1",
        "Modality": "CR",
        "SamplesPerPixel": 3 if one.ndim == 3 else 1,
        "PhotometricInterpretation": "RGB" if one.ndim == 3 else "MONOCHROME2",
        "Rows": one.shape[0],
        "Columns": one.shape[1],
        "BitsAllocated": bits,
        "BitsStored": stored,
        "HighBit": stored - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if one.ndim == 3:
        defaults["PlanarConfiguration"] = 0
    for keyword, value in {**defaults, **elements}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def save(
    path: Path,
    dataset: Dataset,
    data: bytes,
    syntax: str = uid.ExplicitVRLittleEndian,
    *,
    keyword: str = "PixelData",
    vr: str = "OW",
) -> Path:
    """Write the data set with these bytes as its pixels."""
    dataset.file_meta.TransferSyntaxUID = uid.UID(syntax)
    if (
        syntax == DEFLATED_IMAGE_FRAME
    ):  # which pydicom does not write; its UID is as long, padded, as this one
        save(path, dataset, data, uid.JPEG2000Lossless)
        path.write_bytes(path.read_bytes().replace(uid.JPEG2000Lossless.encode(), syntax.encode() + b"\0"))
        return path
    encapsulated = syntax not in (
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
    )
    if keyword == "PixelData":
        dataset.add_new("PixelData", "OB" if encapsulated else vr, data + b"\0" * (len(data) % 2))
        dataset["PixelData"].is_undefined_length = encapsulated
    else:
        setattr(dataset, keyword, data)
    little = syntax != uid.ExplicitVRBigEndian
    dataset.save_as(
        path,
        implicit_vr=syntax == uid.ImplicitVRLittleEndian,
        little_endian=little,
        enforce_file_format=True,
    )
    return path


def write_dicom(path: Path, pixels: NDArray[Any], **elements: Any) -> Path:
    """Write pixels uncompressed."""
    return save(path, dataset_of(pixels, **elements), np.ascontiguousarray(pixels).tobytes())


def write_frames(path: Path, syntax: str, frames: list[bytes], pixels: NDArray[Any], **elements: Any) -> Path:
    """Write encoded frames that stand for `pixels`."""
    return save(path, dataset_of(pixels, **elements), encapsulate(frames), syntax)


def encode_jpeg2000(pixels: NDArray[Any], bits: int | None = None) -> bytes:
    """A lossless JPEG 2000 codestream."""
    return bytes(
        imagecodecs.jpeg2k_encode(pixels, reversible=True, level=0, codecformat="j2k", bitspersample=bits)
    )


def item(**elements: Any) -> Dataset:
    """A sequence item."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def sequence(*items: Dataset) -> Sequence:
    """A sequence of items."""
    return Sequence(items)


def lut_item(first: int, entries: list[int], bits: int = 16, **elements: Any) -> Dataset:
    """A LUT Sequence item whose descriptor may be negative."""
    dataset = item(**elements)
    dataset.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    dataset.add_new("LUTData", "US", entries)
    return dataset
