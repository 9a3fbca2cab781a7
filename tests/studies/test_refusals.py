"""Each bad input ends in one sentence that names the file, what was found and what was expected."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom import uid

from studies.errors import ImageTooLarge, NotAnImage, StudyError, UnreadableFile, UnsupportedImage
from studies.reader import read, read_header
from tests.studies.files import dataset_of, encode_jpeg2000, ramp, save, write_dicom, write_frames
from tests.studies.test_decoding import LOSSLESS


def refusal(path: Path, kind: type[StudyError], frame: int = 1) -> str:
    """The sentence with which a file is refused, its form checked."""
    with pytest.raises(StudyError) as caught:
        read(read_header(path), frame)
    sentence = str(caught.value)
    assert type(caught.value) is kind
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "expected" in sentence
    assert "\n" not in sentence
    return sentence


def test_a_text_file_is_no_image_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("notes.txt", "notes.dcm", "notes.png"):
        path = tmp_path / name
        path.write_text("Dear colleague, " * 50)
        assert "no image" in refusal(path, NotAnImage)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "gone.dcm", UnreadableFile)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.dcm"
    path.touch()
    assert "is empty" in refusal(path, UnreadableFile)


def test_a_folder_in_a_files_place(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path, UnreadableFile)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's rights for a while, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="rights are kept otherwise on Windows")
def test_a_file_without_rights() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for path in (write_dicom(Path(folder) / "a.dcm", ramp()), Path(folder) / "a.png"):
            Pillow.fromarray(ramp(dtype="u1")).save(Path(folder) / "a.png")
            path.chmod(0)
            with as_nobody():
                assert "may not be read by you" in refusal(path, UnreadableFile)


def test_pixels_cut_short(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    path.write_bytes(path.read_bytes()[:-500])
    sentence = refusal(path, UnreadableFile)
    assert (
        "cut short, found 1036 bytes of pixel data, expected 1536 (32 x 24, 16 bit, 1 frame(s))" in sentence
    )


def test_compressed_pixels_cut_short(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "a.dcm", uid.JPEG2000, [encode_jpeg2000(ramp())], ramp())
    path.write_bytes(path.read_bytes()[:-50])
    assert "is cut short" in refusal(path, UnreadableFile)


def test_a_file_that_ends_before_its_pixels(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    path.write_bytes(path.read_bytes()[: -ramp().nbytes - 12])
    assert "ends before its pixel data" in refusal(path, UnreadableFile)


def test_a_file_that_ends_within_its_header(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    path.write_bytes(path.read_bytes()[:400])
    refusal(path, UnreadableFile)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.3.4.5.6.7.8.9.10.11"])
def test_a_transfer_syntax_that_cannot_be_decoded(tmp_path: Path, syntax: str) -> None:
    path = write_frames(tmp_path / "a.dcm", uid.JPEG2000, [encode_jpeg2000(ramp())], ramp())
    content = path.read_bytes()
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    old = uid.JPEG2000.encode() + b"\0" * (len(uid.JPEG2000) % 2)
    content = content.replace(struct.pack("<H", len(old)) + old, struct.pack("<H", len(new)) + new)
    length = struct.unpack_from("<I", content, 140)[0] + len(new) - len(old)
    path.write_bytes(content[:140] + struct.pack("<I", length) + content[144:])
    assert "transfer syntax" in refusal(path, UnsupportedImage)


def test_a_header_that_promises_60000_by_60000_pixels(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), Rows=60000, Columns=60000)
    assert "promises 60000 x 60000 pixels, expected at most 200,000,000" in refusal(path, ImageTooLarge)


def test_a_codestream_that_is_larger_than_its_header_says(tmp_path: Path) -> None:
    path = write_frames(
        tmp_path / "a.dcm", uid.JPEG2000, [encode_jpeg2000(ramp(64, 64))], ramp(), Rows=24, Columns=32
    )
    assert "compressed frame is 64 x 64 with 1 component(s), expected 32 x 24" in refusal(
        path, UnreadableFile
    )


@pytest.mark.parametrize(
    ("elements", "kind", "words"),
    [
        ({"Rows": 0}, UnreadableFile, "32 x 0 pixels"),
        ({"BitsAllocated": 12}, UnsupportedImage, "12 bits allocated"),
        ({"BitsStored": 17, "HighBit": 16}, UnreadableFile, "17 bits stored"),
        ({"PhotometricInterpretation": "CMYK"}, UnsupportedImage, "photometric interpretation CMYK"),
        ({"SamplesPerPixel": 2}, UnsupportedImage, "2 sample(s)"),
        ({"Rows": None, "Columns": None}, UnreadableFile, "no Rows and Columns"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, UnreadableFile, "cannot be decoded"),
    ],
)
def test_a_header_that_makes_no_image(
    tmp_path: Path, elements: dict[str, object], kind: type[StudyError], words: str
) -> None:
    assert words in refusal(write_dicom(tmp_path / "a.dcm", ramp(), **elements), kind)


def test_a_report_is_no_image(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), Rows=None, Columns=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"
    )
    assert "a DICOM object without an image (Basic Text SR Storage)" in refusal(path, NotAnImage)


def test_a_frame_that_does_not_exist(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    assert "has 1 frame(s)" in refusal(path, UnreadableFile, frame=2)
    picture = tmp_path / "a.png"
    Pillow.fromarray(ramp(dtype="u1")).save(picture)
    assert "has 1 frame(s)" in refusal(picture, UnreadableFile, frame=0)


def test_pixels_wrapped_otherwise_than_the_transfer_syntax_says(tmp_path: Path) -> None:
    wrapped = write_frames(tmp_path / "a.dcm", uid.JPEG2000, [encode_jpeg2000(ramp())], ramp())
    old, new = uid.JPEG2000.encode(), uid.ExplicitVRLittleEndian.encode().ljust(22, b"\0")
    wrapped.write_bytes(wrapped.read_bytes().replace(old, new))
    assert "holds compressed pixel data" in refusal(wrapped, UnreadableFile)
    bare = write_dicom(tmp_path / "b.dcm", ramp())
    content = bare.read_bytes()
    old, new = (
        b"\x14\x00" + uid.ExplicitVRLittleEndian.encode() + b"\0",
        b"\x14\x00" + uid.RLELossless.encode() + b"\0",
    )
    assert old in content
    bare.write_bytes(content.replace(old, new))
    assert "holds uncompressed pixel data" in refusal(bare, UnreadableFile)


def test_a_deflated_file_that_grows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.dicom_file.LARGEST_INFLATED", 1000)
    path = save(tmp_path / "a.dcm", dataset_of(ramp()), ramp().tobytes(), uid.DeflatedExplicitVRLittleEndian)
    assert "deflated data set grows beyond" in refusal(path, ImageTooLarge)


def png_header(columns: int, rows: int) -> bytes:
    """A PNG of the given size with no pixels to speak of."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def test_a_picture_that_promises_too_much(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(60000, 60000))
    assert "promises 60000 x 60000 pixels" in refusal(path, ImageTooLarge)


def save_png(path: Path) -> None:
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype("u1")).save(path, "PNG")


def save_jpeg(path: Path) -> None:
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype("u1")).save(path, "JPEG")


def save_tiff(path: Path) -> None:
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype("u1")).save(path, "TIFF")


@pytest.mark.parametrize("write", [save_png, save_jpeg, save_tiff])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_picture_cut_short(tmp_path: Path, write: Callable[[Path], None], part: float) -> None:
    path = tmp_path / "a.picture"
    write(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert "damaged or cut short picture" in refusal(path, UnreadableFile)


@pytest.mark.parametrize(
    ("syntax", "missing", "remedy"),
    [
        (uid.MPEG2MPML, "no decoder of MPEG2 Main video", "video player"),
        (uid.MPEG4HP41, "no decoder of MPEG-4 AVC/H.264 High video", "ask for it again as JPEG"),
        (uid.HEVCMP51, "no decoder of HEVC/H.265 Main video", "ask for it again as JPEG"),
        (uid.JPEG2000MCLossless, "no decoder of JPEG 2000 Part 2", "ask for it again as JPEG"),
        ("1.2.840.10008.1.2.4.94", "the pixels on a JPIP server", "retrieve the whole image"),
        ("1.2.840.10008.1.2.4.204", "the pixels on a JPIP server", "retrieve the whole image"),
        ("1.2.840.10008.1.2.4.59", "hierarchical JPEG", "convert it with gdcmconv --raw"),
        ("1.2.840.10008.1.2.7.1", "pixels of a live stream", "record it"),
        (
            "1.2.840.113619.5.9",
            "the transfer syntax 1.2.840.113619.5.9, which is private",
            "ask for it again",
        ),
    ],
)
def test_a_decoder_that_we_lack_is_named_with_its_remedy(
    tmp_path: Path, syntax: str, missing: str, remedy: str
) -> None:
    path = write_frames(tmp_path / "a.dcm", syntax, [b"\0\0"], ramp())
    sentence = refusal(path, UnsupportedImage)
    assert missing in sentence
    assert remedy in sentence


@pytest.mark.parametrize(
    ("syntax", "module", "package"),
    [
        (uid.JPEG2000Lossless, "imagecodecs", "imagecodecs"),
        (uid.JPEGLosslessSV1, "imagecodecs", "imagecodecs"),
        (uid.JPEGLSLossless, "jpeg_ls", "pyjpegls"),
        (uid.RLELossless, "imagecodecs", "imagecodecs"),
    ],
)
def test_a_decoder_that_is_not_installed_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: str, module: str, package: str
) -> None:
    pixels = ramp()
    path = write_frames(tmp_path / "a.dcm", syntax, [LOSSLESS[syntax](pixels)], pixels)
    monkeypatch.setitem(sys.modules, module, None)
    sentence = refusal(path, UnsupportedImage)
    assert f"{uid.UID(syntax).name}, of which the decoder {package} is not installed" in sentence
    assert sentence.endswith(f"pip install {package}.")
