"""PNG, JPEG and TIFF files as images: each is a study of its own, known by its content."""

from __future__ import annotations

import hashlib
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
from studies.colour import to_eight_bits
from studies.dicom import MAX_PIXELS, frozen
from studies.dicom_file import quietly
from studies.dicom_header import derived_uid
from studies.errors import ImageTooLarge, UnreadableFile, UnsupportedImage
from studies.image import Header, Image, Polarity
from studies.tiff import OtherTiff, Page, deep_values, pages, upright

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

_TIFF = tuple(signature for signature, (kind, _) in _SIGNATURES.items() if kind == "TIFF")
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
_WHITE_IS_ZERO = 0
_TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")


def looks_like_picture(head: bytes) -> bool:
    """Whether a file's first bytes are those of a PNG, JPEG or TIFF."""
    return head.startswith(tuple(_SIGNATURES))


def _open(path: Path, stream: BinaryIO) -> tuple[str, ImageFile]:
    """The picture's kind and its header, size checked (Pillow's own check warns, and is passed by)."""
    head = stream.read(8)
    stream.seek(0)
    kind, plugin = next(entry for signature, entry in _SIGNATURES.items() if head.startswith(signature))
    if kind == "JPEG":
        precision = read_jpeg(stream.read()).precision
        stream.seek(0)
        if precision != 8:
            raise UnsupportedImage(f"{path}: has {precision}-bit JPEG pixels, expected 8-bit ones.")
    picture = plugin(stream)
    _require_size(path, *picture.size)
    return kind, picture


def _require_size(path: Path, columns: int, rows: int, bytes_a_pixel: int = 1) -> None:
    if columns < 1 or rows < 1:
        raise UnreadableFile(f"{path}: says it has {columns} x {rows} pixels, expected at least one.")
    if columns * rows * max(1, bytes_a_pixel / 4) > MAX_PIXELS:
        raise ImageTooLarge(
            f"{path}: promises {columns} x {rows} pixels, expected at most {MAX_PIXELS:,} a frame."
        )


def _tiff_pages(path: Path, stream: BinaryIO) -> list[Page]:
    """The pages of a TIFF, the sizes of all within limits."""
    found = pages(stream)
    for page in found:
        depth = page.samples * int(page.dtype[1:]) if page.is_deep else 1
        _require_size(path, page.columns, page.rows, depth)
        _require_size(path, *(max(side, 1) for side in page.tile))
    return found


def read_header(path: Path) -> Header:
    """Read a picture's size and make UIDs of its content; StudyError when that cannot be done."""
    sink: list[str] = []
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            is_tiff = stream.read(4) in _TIFF
            stream.seek(0)
            with quietly(sink):
                rows, columns, frames = _tiff_size(path, stream) if is_tiff else _picture_size(path, stream)
    except _PILLOW_ERRORS as error:
        raise _damaged(path, error) from error
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


def _picture_size(path: Path, stream: BinaryIO) -> tuple[int, int, int]:
    """Rows and columns, upright, of a PNG or JPEG, and one frame."""
    _, picture = _open(path, stream)
    columns, rows = picture.size
    turned = picture.getexif().get(_ORIENTATION) in _TURNED
    return (columns, rows, 1) if turned else (rows, columns, 1)


def _tiff_size(path: Path, stream: BinaryIO) -> tuple[int, int, int]:
    """Rows and columns, upright, of a TIFF's first page, and the number of its pages."""
    found = _tiff_pages(path, stream)
    first = found[0]
    turned = first.orientation in _TURNED
    return (*((first.columns, first.rows) if turned else (first.rows, first.columns)), len(found))


def read_frame(header: Header, frame: int = 1) -> Image:
    """Decode a picture (of a TIFF the page `frame`), upright; StudyError when that cannot be done."""
    path, sink = Path(header.path), []  # type: tuple[Path, list[str]]
    if not 1 <= frame <= header.frames:
        raise UnreadableFile(
            f"{path}: has {header.frames} frame(s), expected a frame number up to that, found {frame}."
        )
    try:
        with path.open("rb") as stream:
            is_tiff = stream.read(4) in _TIFF
            stream.seek(0)
            if is_tiff:
                return _tiff_image(header, frame, stream, sink)
            with quietly(sink):
                _, picture = _open(path, stream)
            picture.load()  # outside of the lock: only a TIFF warns while it decodes
            with quietly(sink):
                return _image(header, frame, picture, sink)
    except OtherTiff as error:
        raise UnsupportedImage(f"{path}: {error}.") from error
    except _PILLOW_ERRORS as error:
        raise _damaged(path, error) from error


def _tiff_image(header: Header, frame: int, stream: BinaryIO, sink: list[str]) -> Image:
    path = Path(header.path)
    with quietly(sink):
        found = _tiff_pages(path, stream)
    if len(found) < frame:
        raise UnreadableFile(f"{path}: has {len(found)} page(s), expected {header.frames}.")
    page = found[frame - 1]
    if page.is_deep:
        stream.seek(0)
        values = upright(deep_values(stream.read(), page), page.orientation)
        pixels, valid, bits = _deep_pixels(values)
        return _finished(header, frame, pixels, valid, bits, page.photometric == _WHITE_IS_ZERO, sink)
    stream.seek(0)
    with quietly(sink):
        _, picture = _open(path, stream)
        if page.index:
            picture.seek(page.index)
            _require_size(path, *picture.size)
        picture.load()
        return _image(header, frame, picture, sink)


def _damaged(path: Path, error: BaseException) -> UnreadableFile:
    if isinstance(error, PermissionError):
        return UnreadableFile(f"{path}: may not be read by you, expected a file with rights to read it.")
    words = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
    return UnreadableFile(f"{path}: is a damaged or cut short picture ({words}), expected a complete one.")


def _image(header: Header, frame: int, picture: ImageFile, sink: list[str]) -> Image:
    inverted = _is_white_zero(picture)
    upright_picture = ImageOps.exif_transpose(picture)
    pixels, valid, bits = _pixels(
        Path(header.path), upright_picture if upright_picture is not None else picture
    )
    return _finished(header, frame, pixels, valid, bits, inverted, sink)


def _finished(
    header: Header,
    frame: int,
    pixels: NDArray[Any],
    valid: NDArray[np.bool_] | None,
    bits: int,
    inverted: bool,
    sink: list[str],
) -> Image:
    if pixels.ndim == 3 and _is_grey(pixels):
        pixels = pixels[..., 0]
    if pixels.dtype.kind == "f":
        finite = np.isfinite(pixels)
        low, high = (pixels[finite].min(), pixels[finite].max()) if finite.any() else (0.0, 1.0)
        valid = valid if finite.all() else finite
        pixels = np.where(finite, pixels, np.float32(0))
        stored_range = (float(low), float(high))
    elif pixels.dtype.kind == "i":
        stored_range = (float(pixels.min()), float(pixels.max()))
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


def _deep_pixels(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None, int]:
    """Values of more than 8 bits as `_pixels` gives them; colour is brought to 8 bits."""
    bits = 8 * values.dtype.itemsize
    if values.ndim == 2 or values.shape[2] == 1:
        grey = values.reshape(values.shape[:2])
        return grey if grey.dtype.kind != "f" else grey.astype(np.float32), None, bits
    if values.shape[2] in (3, 4):
        values, bits = to_eight_bits(values, bits), 8
    shades, transparency = (values, None) if values.shape[2] == 3 else (values[..., :-1], values[..., -1:])
    if transparency is None:
        return shades, None, bits
    opacity = transparency / np.float64((1 << bits) - 1)
    laid = np.rint(shades * opacity).astype(values.dtype)
    return laid[..., 0] if laid.shape[2] == 1 else laid, transparency[..., 0] > 0, bits


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
        return np.asarray(picture).astype(np.uint16), None, 16
    if mode == "F":
        return np.asarray(picture, dtype=np.float32), None, 32
    if mode in ("1", "L"):
        return np.asarray(picture.convert("L")), None, 8
    if mode not in ("RGB", "RGBX", "P", "CMYK", "YCbCr", *_TRANSPARENT):
        raise UnsupportedImage(f"{path}: has pixels of the kind {mode}, expected grey, RGB or CMYK ones.")
    if mode in _TRANSPARENT or "transparency" in picture.info:
        rgba = np.asarray(picture.convert("RGBA"))
        alpha = rgba[..., 3:].astype(np.float32) / 255.0
        return np.rint(rgba[..., :3] * alpha).astype(np.uint8), rgba[..., 3] > 0, 8
    return np.asarray(picture.convert("RGB")), None, 8


def _is_grey(rgb: NDArray[Any]) -> bool:
    """Whether all three channels are the same throughout: a grey film stored in colour."""
    return bool(np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2]))
