"""Any image file: recognised by its content, whatever it is called, and read by the one that can."""

from __future__ import annotations

from pathlib import Path

from studies import dicom, picture
from studies.dicom import MAX_PIXELS as MAX_PIXELS
from studies.dicom_file import looks_like_dicom
from studies.errors import NotAnImage, UnreadableFile
from studies.image import Header, Image

LONGEST_HEAD = 140
"""Bytes from which a file's kind is told."""


def first_bytes(path: Path) -> bytes:
    """The bytes from which a file's kind is told; StudyError for what is no readable file."""
    try:
        if path.is_dir():
            raise UnreadableFile(f"{path}: is a folder, expected an image file.")
        with path.open("rb") as stream:
            head = stream.read(LONGEST_HEAD)
    except FileNotFoundError as error:
        raise UnreadableFile(f"{path}: does not exist, expected an image file.") from error
    except PermissionError as error:
        raise UnreadableFile(
            f"{path}: may not be read by you, expected a file with rights to read it."
        ) from error
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path}: could not be read ({error}), expected an image file.") from error
    if not head:
        raise UnreadableFile(f"{path}: is empty, expected an image file.")
    return head


def read_header(path: Path) -> Header:
    """Read what an image file's header says, without decoding its pixels.

    Raises
    ------
    StudyError
        One sentence that names the file, what was found and what was expected.
    """
    path = Path(path).absolute()
    head = first_bytes(path)
    if looks_like_dicom(head):
        return dicom.read_header(path)
    if picture.looks_like_picture(head):
        return picture.read_header(path)
    raise NotAnImage(
        f"{path}: is no image that can be told by its content, expected DICOM, PNG, JPEG or TIFF."
    )


def read(header: Header, frame: int = 1) -> Image:
    """Decode one frame, counted from 1, of the file that a header was read from.

    Raises
    ------
    StudyError
        One sentence that names the file, what was found and what was expected.
    """
    first_bytes(Path(header.path))
    return dicom.read_frame(header, frame) if header.kind == "dicom" else picture.read_frame(header, frame)
