"""An open DICOM file: its data set up to the pixels, and where in the file the pixels lie.

Only the bytes of the frame that is asked for are read. pydicom says what it finds odd through Python's
warnings, which are process-wide; `quietly` turns them into a list.
"""

from __future__ import annotations

import io
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, TextIO

from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag

from studies.elements import text
from studies.errors import ImageTooLarge, NotAnImage, UnreadableFile
from studies.regular_file import RegularFile, open_regular

LARGEST_INFLATED = 2 * 1024**3
"""Bytes that a deflated data set may grow to."""

PIXEL_TAGS = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}

PARSER_ERRORS = (
    BytesLengthException,
    InvalidDicomError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NameError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom and the decoders raise over damaged bytes (they promise no error of their own)."""

_EXPLICIT_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN", b"UC", b"UR", b"UT", b"SQ")
_ROWS = BaseTag(0x00280010)
_USUAL_SYNTAXES = frozenset(map(str, uid.AllTransferSyntaxes)) - {uid.DeflatedExplicitVRLittleEndian}
_WARNING_LOCK = threading.RLock()

# pydicom also logs what it warns of, and quotes values of the header, which belong in no log.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)


@contextmanager
def quietly(sink: list[str]) -> Iterator[None]:
    """Collect the warnings of the block into `sink`, one sentence each, instead of showing them.

    `warnings.catch_warnings` swaps process-wide state, hence the lock; keep decoding out of the block. What
    other threads warn of meanwhile, such as libraries that prepare a network, says nothing of the file.
    """
    here = threading.get_ident()

    def keep(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        sentence = " ".join(str(message).split())
        if threading.get_ident() == here and sentence not in sink:
            sink.append(sentence)

    with _WARNING_LOCK, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = keep
        yield


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where the value of the pixel element begins; `length` None means encapsulated fragments."""

    keyword: str
    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A data set without its pixels, and the stream that holds them (inflated if the file is deflated)."""

    path: Path
    dataset: Dataset
    stream: BinaryIO
    size: int
    transfer_syntax: str
    is_big_endian: bool
    pixel_element: PixelElement | None


def looks_like_dicom(head: bytes) -> bool:
    """Whether the first 140 bytes are those of a DICOM file, with its preamble or, as older ones, without."""
    if head[128:132] == b"DICM":
        return True
    if len(head) < 16:
        return False
    group, element = struct.unpack_from("<HH", head)
    if (group == 0x0008 and element < 0x0100) or (group == 0x0002 and element < 0x0020):
        vr, (length,) = head[4:6], struct.unpack_from("<I", head, 4)
        return (vr.isalpha() and vr.isupper()) or length < 1024
    big_group, big_element = struct.unpack_from(">HH", head)
    return big_group == 0x0008 and big_element < 0x0100 and head[4:6].isalpha() and head[4:6].isupper()


@contextmanager
def opened(
    path: Path, sink: list[str], file: RegularFile | None = None, keywords: Collection[str] = ()
) -> Iterator[OpenFile]:
    """Open a DICOM file and read its data set up to the pixels; oddities go to `sink`.

    Parameters
    ----------
    file
        The file, when it is open already.
    keywords
        Elements to read; those of the outermost data set that are not named are passed over. All without.

    Raises
    ------
    UnreadableFile
        The file may not be read, is empty, is no DICOM, or is damaged before its pixels.
    """
    if file is not None:
        yield _parse(file, sink, keywords)
        return
    with open_regular(path) as opened_here:
        yield _parse(opened_here, sink, keywords)


def _parse(file: RegularFile, sink: list[str], keywords: Collection[str]) -> OpenFile:
    path, stream, size = file.path, file.stream, file.size
    if not looks_like_dicom(file.head):
        raise NotAnImage(f"{path}: is no DICOM file (no 'DICM' at byte 128), expected a DICOM image.")
    tags = _tags(tuple(keywords))
    found = _parse_head(file, sink, tags)
    syntax = ""
    if found is None:
        try:
            stream.seek(0)
            with quietly(sink):
                dataset, stream, size = _read_header(path, stream, size, file.head, tags)
                element = _pixel_element(dataset, stream, size)
        except (*PARSER_ERRORS, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the system; pydicom raises OSError of its own over items that end early
            raise UnreadableFile(
                f"{path}: its header is damaged or cut short ({clause(error)}), expected a readable one."
            ) from error
    else:
        dataset, element, syntax = found
    meta = getattr(dataset, "file_meta", None)
    implicit, little = dataset.original_encoding
    if not syntax and meta is not None:
        syntax = text(meta, "TransferSyntaxUID")
    if not syntax:
        native = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
        syntax = str(uid.ImplicitVRLittleEndian if implicit else native)
    return OpenFile(path, dataset, stream, size, syntax, not little, element)


def _parse_head(
    file: RegularFile, sink: list[str], tags: list[BaseTag | int] | None
) -> tuple[Dataset, PixelElement, str] | None:
    """The data set, when all of it up to the pixels is in the bytes that were read at once.

    With it comes the transfer syntax, where it is known.
    """
    if uid.DeflatedExplicitVRLittleEndian.encode() in file.head[:1024]:
        return None
    oddities: list[str] = []
    buffer = io.BytesIO(file.head)
    try:
        with quietly(oddities):
            dataset, syntax = _read_usual(buffer, file.head, tags) if tags else (None, "")
            if dataset is None:
                buffer.seek(0)
                dataset, _, _ = _read_header(file.path, buffer, file.size, file.head, tags)
            element = _pixel_element(dataset, buffer, file.size)
    except (*PARSER_ERRORS, OSError):
        return None  # cut in the middle of a value, or damaged: the whole file will tell
    if element is None:
        return None
    sink.extend(oddity for oddity in oddities if oddity not in sink)
    return dataset, element, syntax


def _read_usual(buffer: BinaryIO, head: bytes, tags: list[BaseTag | int]) -> tuple[Dataset | None, str]:
    """Some elements of an image in the usual form (PS3.10 7.1), and its transfer syntax; else nothing.

    pydicom reads it as in `_read_header`, without making a `FileDataset` with all that it can do, which takes
    a fifth of the time when thousands of headers are read.
    """
    if head[128:138] != b"DICM\x02\x00\x00\x00UL":
        return None, ""
    buffer.seek(132)
    meta = read_dataset(buffer, False, True, stop_when=_stop_after_meta)
    syntax = text(meta, "TransferSyntaxUID")
    start = buffer.tell()
    if (
        syntax not in _USUAL_SYNTAXES or head[start : start + 2] == b"\0\0"
    ):  # a command set, against PS3.10 7.3
        return None, ""
    implicit, little = syntax == uid.ImplicitVRLittleEndian, syntax != uid.ExplicitVRBigEndian
    dataset = read_dataset(buffer, implicit, little, stop_when=_stop_at_pixels, specific_tags=tags)
    return (dataset, syntax) if _ROWS in dataset else (None, "")


@cache
def _tags(keywords: tuple[str, ...]) -> list[BaseTag | int] | None:
    found = [tag_for_keyword(keyword) for keyword in keywords]
    return [tag for tag in found if tag is not None] or None


def clause(error: BaseException) -> str:
    """What went wrong as a short clause on one line, without values of the file where pydicom quotes them."""
    if isinstance(error, BytesLengthException):
        return "a value of the wrong length"
    words = error.args[0] if isinstance(error, KeyError) and error.args else error
    return (" ".join(str(words).split()) or type(error).__name__).rstrip(".")[:200]


def _stop_after_meta(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag >> 16 != 2


def _stop_at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag in PIXEL_TAGS


def _read_header(
    path: Path, stream: BinaryIO, size: int, head: bytes, tags: list[BaseTag | int] | None
) -> tuple[Dataset, BinaryIO, int]:
    """The data set, the stream that stands at its pixels, and that stream's size in bytes."""
    if head[128:132] == b"DICM" and head[132:138] == b"\x02\x00\x00\x00UL":
        meta_end = 144 + int.from_bytes(_at(stream, 140, 4), "little")
        meta_bytes = _at(stream, 132, meta_end - 132)
        if uid.DeflatedExplicitVRLittleEndian.encode() in meta_bytes:
            return _read_deflated(path, stream, meta_bytes, meta_end)
        stream.seek(0)
    dataset = read_partial(stream, _stop_at_pixels, defer_size=None, force=True, specific_tags=tags)
    return dataset, stream, size


def _at(stream: BinaryIO, offset: int, count: int) -> bytes:
    stream.seek(offset)
    return stream.read(count)


def _read_deflated(
    path: Path, stream: BinaryIO, meta_bytes: bytes, meta_end: int
) -> tuple[Dataset, BinaryIO, int]:
    """Inflate a deflated data set within limits, then read it (PS3.5 A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(_at(stream, meta_end, -1), LARGEST_INFLATED)
    if inflater.unconsumed_tail:
        raise ImageTooLarge(
            f"{path}: its deflated data set grows beyond {LARGEST_INFLATED // 1024**3} GiB,"
            " expected one within that limit."
        )
    if not inflater.eof:
        raise UnreadableFile(f"{path}: its deflated data set is cut short, expected a complete one.")
    meta = FileMetaDataset(read_dataset(io.BytesIO(meta_bytes), False, True))
    buffer = io.BytesIO(inflated)
    dataset = read_dataset(buffer, False, True, stop_when=_stop_at_pixels)
    dataset.file_meta = meta
    dataset.set_original_encoding(False, True, dataset._character_set)
    return dataset, buffer, len(inflated)


def _pixel_element(dataset: Dataset, stream: BinaryIO, size: int) -> PixelElement | None:
    """Read the pixel element's own header, at which the stream stands (PS3.5 7.1); None at the file's end."""
    start = stream.tell()
    implicit, little = dataset.original_encoding
    order = "<" if little else ">"
    head = stream.read(12)
    if len(head) < 8:
        return None
    group, element = struct.unpack_from(f"{order}HH", head)
    keyword = PIXEL_TAGS.get(group << 16 | element)
    if keyword is None:
        return None
    if implicit or not head[4:6].isalpha():  # some writers change to implicit for this one element
        vr, (length,), header = "OW", struct.unpack_from(f"{order}I", head, 4), 8
    elif head[4:6] in _EXPLICIT_LONG and len(head) == 12:
        vr, (length,), header = head[4:6].decode(), struct.unpack_from(f"{order}I", head, 8), 12
    else:
        vr, (length,), header = (
            head[4:6].decode("ascii", "replace"),
            struct.unpack_from(f"{order}H", head, 6),
            8,
        )
    return PixelElement(keyword, vr, start + header, None if length == 0xFFFFFFFF else int(length))
