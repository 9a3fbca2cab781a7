"""PNG, JPEG and TIFF files as images: each is a study of its own, known by its content."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError
from PIL.Image import Image as Picture
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from studies.codestream import DamagedCodestream, read_jpeg
from studies.dicom import MAX_PIXELS, frozen
from studies.dicom_file import quietly
from studies.dicom_header import derived_uid
from studies.errors import ImageTooLarge, UnreadableFile, UnsupportedImage
from studies.image import Header, Image, Polarity

_SIGNATURES: dict[bytes, tuple[str, type[ImageFile]]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", PngImageFile),
    b"\xff\xd8\xff": ("JPEG", JpegImageFile),
    b"II*\0": ("TIFF", TiffImageFile),
    b"MM\0*": ("TIFF", TiffImageFile),
    b"II+\0": ("TIFF", TiffImageFile),
    b"MM\0+": ("TIFF", TiffImageFile),
}

_PILLOW_ERRORS = (
    UnidentifiedImageError,
    DamagedCodestream,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow was seen to raise over damaged files."""

_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
_WHITE_IS_ZERO = 0


def looks_like_picture(head: bytes) -> bool:
    """Whether a file's first bytes are those of a PNG, JPEG or TIFF."""
    return head.startswith(tuple(_SIGNATURES))


def _open(path: Path, stream: BinaryIO) -> tuple[str, ImageFile]:
    """The picture's kind and its header, size checked (Pillow's own check warns, and is passed by)."""
    head = stream.read(8)
    stream.seek(0)
    kind, plugin = next(entry for signature, entry in _SIGNATURES.items() if head.startswith(signature))
    picture = plugin(stream)
    columns, rows = picture.size
    if columns * rows > MAX_PIXELS:
        raise ImageTooLarge(
            f"{path}: promises {columns} x {rows} pixels, expected at most {MAX_PIXELS:,} a frame."
        )
    if columns < 1 or rows < 1:
        raise UnreadableFile(f"{path}: says it has {columns} x {rows} pixels, expected at least one.")
    return kind, picture


def read_header(path: Path) -> Header:
    """Read a picture's size and make UIDs of its content; StudyError when that cannot be done."""
    sink: list[str] = []
    try:
        content = path.read_bytes()
        with quietly(sink):
            kind, picture = _open(path, io.BytesIO(content))
            columns, rows = picture.size  # of a TIFF as it is turned, of others as it is stored
            if kind != "TIFF" and picture.getexif().get(_ORIENTATION) in _TURNED:
                rows, columns = columns, rows
            frames = int(getattr(picture, "n_frames", 1)) if kind == "TIFF" else 1
        if kind == "JPEG":
            read_jpeg(content)
    except _PILLOW_ERRORS as error:
        raise _damaged(path, error) from error
    digest = hashlib.sha256(content).hexdigest()
    return Header(
        path=str(path),
        kind="picture",
        sop_instance_uid=derived_uid(digest),
        study_instance_uid=derived_uid(digest, "study"),
        series_instance_uid=derived_uid(digest, "series"),
        rows=rows,
        columns=columns,
        frames=frames,
        content_hash=digest,
    )


def read_frame(header: Header, frame: int = 1) -> Image:
    """Decode a picture (of a TIFF the page `frame`), upright; StudyError when that cannot be done."""
    path, sink = Path(header.path), []  # type: tuple[Path, list[str]]
    if not 1 <= frame <= header.frames:
        raise UnreadableFile(
            f"{path}: has {header.frames} frame(s), expected a frame number up to that, found {frame}."
        )
    try:
        with path.open("rb") as stream:
            with quietly(sink):
                kind, picture = _open(path, stream)
                if frame > 1:
                    picture.seek(frame - 1)
                    _open_again(path, picture)
            if kind == "JPEG":
                read_jpeg(path.read_bytes())
            if kind != "TIFF":  # a TIFF warns while it decodes, others need no lock for it
                picture.load()
            with quietly(sink):
                picture.load()
                return _image(header, frame, picture, sink)
    except _PILLOW_ERRORS as error:
        raise _damaged(path, error) from error


def _open_again(path: Path, picture: ImageFile) -> None:
    columns, rows = picture.size
    if columns * rows > MAX_PIXELS:
        raise ImageTooLarge(
            f"{path}: promises {columns} x {rows} pixels, expected at most {MAX_PIXELS:,} a frame."
        )


def _damaged(path: Path, error: BaseException) -> UnreadableFile:
    if isinstance(error, PermissionError):
        return UnreadableFile(f"{path}: may not be read by you, expected a file with rights to read it.")
    words = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
    return UnreadableFile(f"{path}: is a damaged or cut short picture ({words}), expected a complete one.")


def _image(header: Header, frame: int, picture: ImageFile, sink: list[str]) -> Image:
    inverted = _is_white_zero(picture)
    upright = ImageOps.exif_transpose(picture)
    pixels, valid, bits = _pixels(Path(header.path), upright if upright is not None else picture)
    if pixels.ndim == 3 and _is_grey(pixels):
        pixels = pixels[..., 0]
    if pixels.dtype.kind == "f":
        finite = np.isfinite(pixels)
        low, high = (pixels[finite].min(), pixels[finite].max()) if finite.any() else (0.0, 1.0)
        valid = valid if finite.all() else finite
        pixels = np.where(finite, pixels, np.float32(0))
        stored_range = (float(low), float(high))
    else:
        stored_range = (0.0, float((1 << bits) - 1))
    polarity: Polarity = "min-is-white" if inverted else "min-is-black"
    return Image(
        header,
        frame,
        frozen(pixels),
        polarity=polarity,
        valid=None if valid is None or valid.all() else frozen(valid),
        stored_range=stored_range,
        bits_stored=bits,
        warnings=tuple(sink),
    )


def _is_white_zero(picture: ImageFile) -> bool:
    """A deep TIFF whose 0 is white; Pillow turns shallow ones round itself."""
    if not isinstance(picture, TiffImageFile) or picture.mode in ("1", "L"):
        return False
    return bool(picture.tag_v2.get(262) == _WHITE_IS_ZERO)


def _pixels(path: Path, picture: Picture) -> tuple[NDArray[Any], NDArray[np.bool_] | None, int]:
    """Grey (H, W) or RGB (H, W, 3), where it is valid, and its bits; transparency lies on black."""
    mode = picture.mode
    if mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16), None, 16
    if mode == "I":
        deep = np.asarray(picture)
        if int(deep.min()) < 0:
            raise UnsupportedImage(f"{path}: has signed 32-bit pixels, expected unsigned ones.")
        return (
            (deep.astype(np.uint16), None, 16)
            if int(deep.max()) < 65536
            else (deep.astype(np.uint32), None, 32)
        )
    if mode == "F":
        return np.asarray(picture, dtype=np.float32), None, 32
    if mode in ("1", "L"):
        return np.asarray(picture.convert("L")), None, 8
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        rgba = np.asarray(picture.convert("RGBA"))
        alpha = rgba[..., 3:].astype(np.float32) / 255.0
        return np.rint(rgba[..., :3] * alpha).astype(np.uint8), rgba[..., 3] > 0, 8
    return np.asarray(picture.convert("RGB")), None, 8


def _is_grey(rgb: NDArray[Any]) -> bool:
    """Whether all three channels are the same throughout: a grey film stored in colour."""
    return bool(np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2]))
