"""Any image file: recognised by its content, whatever it is called, and read by the one that can."""

from __future__ import annotations

import hashlib
from pathlib import Path

from studies import dicom, picture, volume
from studies.dicom import MAX_PIXELS as MAX_PIXELS
from studies.dicom_file import looks_like_dicom
from studies.errors import NotAnImage, UnreadableFile
from studies.image import Header, Image
from studies.regular_file import RegularFile, open_regular

LARGEST_COMPARED = 64 * 1024**2
"""Bytes of a picture up to which its content is compared before it is shown; that takes 50 ms here."""


def read_header(path: Path) -> Header:
    """Read what an image file's header says, without decoding its pixels.

    Raises
    ------
    StudyError
        One sentence that names the file, what was found and what was expected.
    """
    path = Path(path).absolute()
    with open_regular(path) as file:
        if looks_like_dicom(file.head):
            return dicom.read_header(path, file)
        is_picture = picture.looks_like_picture(file.head)
        is_volume = not is_picture and volume.looks_like_volume(file.head)
    if is_picture:
        return picture.read_header(path)
    if is_volume:
        return volume.read_header(path)
    raise NotAnImage(
        f"{path}: is no image that can be told by its content, expected DICOM, PNG, JPEG, TIFF or NIfTI."
    )


def read(header: Header, frame: int = 1) -> Image:
    """Decode one frame, counted from 1, of the file that a header was read from.

    Raises
    ------
    StudyError
        One sentence that names the file, what was found and what was expected.
    """
    if header.kind == "dicom":
        return dicom.read_frame(header, frame)
    with open_regular(Path(header.path)) as file:
        _require_same(header, file)
        reader = picture if header.kind == "picture" else volume
        image: Image = reader.read_frame(header, frame)
        return image


def _require_same(header: Header, file: RegularFile) -> None:
    """Refuse a picture that was replaced since its header was read; a very large one is taken on trust."""
    if header.kind != "picture" or file.size > LARGEST_COMPARED:
        return
    digest = hashlib.sha256(file.head)
    while block := file.stream.read(1 << 20):
        digest.update(block)
    if digest.hexdigest() != header.content_hash:
        raise UnreadableFile(
            f"{file.path}: holds another picture than when it was added, expected the same one; add it again."
        )
