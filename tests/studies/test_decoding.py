"""Every transfer syntax gives back the pixels that were written, and only whole files are read."""

from __future__ import annotations

import io
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydicom import uid
from pydicom.encaps import encapsulate, encapsulate_extended
from rle.utils import encode_array

from studies.decoding import (
    DECODERS,
    DEFLATED_IMAGE_FRAME,
    ENCAPSULATED_UNCOMPRESSED,
    RETIRED_JPEG,
    Layout,
    decode_encapsulated,
)
from studies.errors import StudyError
from studies.image import Image
from studies.reader import read, read_header
from tests.studies.files import (
    colours,
    dataset_of,
    encode_jpeg2000,
    item,
    ramp,
    save,
    sequence,
    write_dicom,
    write_frames,
)


def read_path(path: Path, frame: int = 1) -> Image:
    return read(read_header(path), frame)


def rle(pixels: NDArray[Any]) -> bytes:
    bits, samples = 8 * pixels.dtype.itemsize, pixels.shape[2] if pixels.ndim == 3 else 1
    return b"".join(
        encode_array(
            pixels, rows=pixels.shape[0], columns=pixels.shape[1], samples_per_pixel=samples,
            bits_allocated=bits, bits_stored=bits, pixel_representation=0, number_of_frames=1,
            photometric_interpretation="RGB" if samples == 3 else "MONOCHROME2",
        )
    )  # fmt: skip


def jpeg(pixels: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "JPEG", quality=100, **options)
    return buffer.getvalue()


def lossless_jpeg(pixels: NDArray[Any], bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits))


def deflate(pixels: NDArray[Any]) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(pixels.tobytes()) + packer.flush()


LOSSLESS = {
    ENCAPSULATED_UNCOMPRESSED: lambda pixels: pixels.tobytes(),
    uid.RLELossless: rle,
    DEFLATED_IMAGE_FRAME: deflate,
    uid.JPEGLossless: lambda pixels: lossless_jpeg(pixels, 8 * pixels.dtype.itemsize),
    uid.JPEGLosslessSV1: lambda pixels: lossless_jpeg(pixels, 8 * pixels.dtype.itemsize),
    uid.JPEGLSLossless: lambda pixels: bytes(imagecodecs.jpegls_encode(pixels)),
    uid.JPEG2000Lossless: encode_jpeg2000,
    uid.JPEG2000: encode_jpeg2000,
    uid.HTJ2KLossless: lambda pixels: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
    uid.HTJ2KLosslessRPCL: lambda pixels: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
    uid.HTJ2K: lambda pixels: bytes(imagecodecs.htj2k_encode(pixels, reversible=True)),
}
LOSSY = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, *RETIRED_JPEG}


def test_every_named_decoder_is_tried_here() -> None:
    assert set(DECODERS) == set(LOSSLESS) | LOSSY


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: uid.UID(syntax).name)
def test_a_lossless_frame_comes_back_as_it_was(tmp_path: Path, syntax: str, dtype: str) -> None:
    pixels = ramp(top=250 if dtype == "u1" else 60000, dtype=dtype)
    image = read_path(write_frames(tmp_path / "a.dcm", syntax, [LOSSLESS[syntax](pixels)], pixels))
    assert image.pixels.dtype == np.dtype(dtype)
    assert np.array_equal(image.pixels, pixels)
    assert image.header.transfer_syntax_uid == syntax
    assert not image.pixels.flags.writeable


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: uid.UID(syntax).name)
def test_signed_values_stay_signed(tmp_path: Path, syntax: str) -> None:
    pixels = ramp(top=3000, dtype="i2") - np.int16(1500)
    stored = pixels
    if syntax not in (uid.RLELossless, DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED):
        stored = pixels.view("u2") & np.uint16(0xFFFF)  # these codestreams are written without a sign
    path = write_frames(tmp_path / "a.dcm", syntax, [LOSSLESS[syntax](stored)], pixels, RescaleIntercept=-24)
    image = read_path(path)
    assert np.array_equal(image.pixels, pixels)
    assert image.stored_range == (-32768, 32767)
    assert image.intercept == -24


def test_a_signed_jpeg_2000_codestream_keeps_its_sign(tmp_path: Path) -> None:
    pixels = ramp(top=3000, dtype="i2") - np.int16(1500)
    path = write_frames(tmp_path / "a.dcm", uid.JPEG2000Lossless, [encode_jpeg2000(pixels)], pixels)
    assert np.array_equal(read_path(path).pixels, pixels)


@pytest.mark.parametrize(
    "syntax",
    [syntax for syntax in LOSSLESS if syntax != DEFLATED_IMAGE_FRAME],
    ids=lambda syntax: uid.UID(syntax).name,
)
def test_lossless_colour_comes_back_as_it_was(tmp_path: Path, syntax: str) -> None:
    pixels = colours()
    photometric = "YBR_RCT" if "2000" in uid.UID(syntax).name else "RGB"
    path = write_frames(
        tmp_path / "a.dcm", syntax, [LOSSLESS[syntax](pixels)], pixels, PhotometricInterpretation=photometric
    )
    image = read_path(path)
    assert image.is_colour
    assert np.array_equal(image.pixels, pixels)


def test_jpeg_baseline_is_close_in_grey_and_colour(tmp_path: Path) -> None:
    grey = ramp(top=255, dtype="u1")
    path = write_frames(tmp_path / "grey.dcm", uid.JPEGBaseline8Bit, [jpeg(grey)], grey)
    assert np.abs(read_path(path).pixels.astype(int) - grey).max() <= 4
    smooth = np.repeat(ramp(32, 32, 200, "u1")[..., None], 3, axis=2) // np.array([1, 2, 3], np.uint8)
    path = write_frames(
        tmp_path / "colour.dcm",
        uid.JPEGBaseline8Bit,
        [jpeg(smooth, subsampling=0)],
        smooth,
        PhotometricInterpretation="YBR_FULL_422",
    )
    assert np.abs(read_path(path).pixels.astype(int) - smooth).mean() < 2


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_a_colour_jpeg_without_markers_is_what_the_header_says(tmp_path: Path, photometric: str) -> None:
    flat = np.full((16, 16, 3), (200, 90, 40), np.uint8)
    # Encoded as it is, under component numbers that say nothing of colour.
    encoded = bytes(imagecodecs.jpeg8_encode(flat, level=100, colorspace="YCBCR", outcolorspace="YCBCR"))
    start = encoded.find(b"\xff\xe0")
    length = int.from_bytes(encoded[start + 2 : start + 4], "big")
    bare = encoded[:start] + encoded[start + 2 + length :]  # without its JFIF marker
    path = write_frames(
        tmp_path / "a.dcm", uid.JPEGBaseline8Bit, [bare], flat, PhotometricInterpretation=photometric
    )
    expected = flat[0, 0].astype(float)
    if photometric == "YBR_FULL":
        y, cb, cr = expected - [0, 128, 128]
        expected = np.clip([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], 0, 255)
    assert read_path(path).pixels[8, 8] == pytest.approx(expected, abs=3)


def test_jpeg_extended_keeps_twelve_bits(tmp_path: Path) -> None:
    pixels = ramp(top=4000)
    encoded = bytes(imagecodecs.jpeg8_encode(pixels, level=100, bitspersample=12))
    path = write_frames(tmp_path / "a.dcm", uid.JPEGExtended12Bit, [encoded], pixels, BitsStored=12)
    image = read_path(path)
    assert image.stored_range == (0, 4095)
    assert np.abs(image.pixels.astype(int) - pixels).max() <= 12


def test_near_lossless_jpeg_ls_stays_within_its_bound(tmp_path: Path) -> None:
    pixels = ramp(top=255, dtype="u1")
    encoded = bytes(imagecodecs.jpegls_encode(pixels, level=2))
    path = write_frames(tmp_path / "a.dcm", uid.JPEGLSNearLossless, [encoded], pixels)
    assert np.abs(read_path(path).pixels.astype(int) - pixels).max() <= 2


NATIVE = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
]


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4"])
@pytest.mark.parametrize("syntax", NATIVE, ids=lambda syntax: uid.UID(syntax).name)
def test_uncompressed_values_come_back_as_they_were(tmp_path: Path, syntax: str, dtype: str) -> None:
    pixels = (ramp(top=250, dtype="i4") - (100 if dtype[0] == "i" else 0)).clip(-128, 255)
    pixels = pixels.clip(max=np.iinfo(dtype).max).astype(dtype)
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    vr = "OB" if dtype[1] == "1" else "OW"
    image = read_path(save(tmp_path / "a.dcm", dataset_of(pixels), data, syntax, vr=vr))
    assert np.array_equal(image.pixels, pixels)
    assert image.pixels.dtype == np.dtype(dtype)


def test_big_endian_bytes_in_words_are_swapped_back_in_every_frame(tmp_path: Path) -> None:
    pixels = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    words = np.append(pixels.reshape(-1), 0).astype(np.uint8).view("u2").byteswap().tobytes()
    path = save(
        tmp_path / "a.dcm", dataset_of(pixels, NumberOfFrames=3, SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", PlanarConfiguration=None, Rows=5, Columns=3),
        words, uid.ExplicitVRBigEndian, vr="OW",
    )  # fmt: skip
    for number in (1, 2, 3):
        assert np.array_equal(read_path(path, number).pixels, pixels[number - 1])


@pytest.mark.parametrize("stored", [1, 7, 10, 12, 15])
def test_bits_above_the_stored_ones_are_ignored(tmp_path: Path, stored: int) -> None:
    values = ramp(top=2**stored - 1)
    pixels = values | np.uint16(0xFFFF << stored & 0xFFFF)
    image = read_path(write_dicom(tmp_path / "a.dcm", pixels, BitsStored=stored))
    assert np.array_equal(image.pixels, values)
    assert image.stored_range == (0, 2**stored - 1)


def test_a_high_bit_further_up_is_shifted_down(tmp_path: Path) -> None:
    values = ramp(top=4095)
    image = read_path(write_dicom(tmp_path / "a.dcm", values << 4, BitsStored=12, HighBit=15))
    assert np.array_equal(image.pixels, values)


def test_one_bit_frames_need_not_begin_at_a_byte(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 2, (3, 5, 7)).astype(np.uint8)
    data = np.packbits(frames.reshape(-1), bitorder="little").tobytes()
    dataset = dataset_of(frames, NumberOfFrames=3, BitsAllocated=1, BitsStored=1, HighBit=0,
                         SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
                         PlanarConfiguration=None, Rows=5, Columns=7)  # fmt: skip
    path = save(tmp_path / "a.dcm", dataset, data)
    for number in (1, 2, 3):
        assert np.array_equal(read_path(path, number).pixels, frames[number - 1])
    assert read_path(path).stored_range == (0, 1)


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")])
def test_float_pixels_are_read_and_what_is_not_finite_is_invalid(
    tmp_path: Path, keyword: str, dtype: str
) -> None:
    pixels = ramp(top=10, dtype=dtype)
    pixels[0, 0] = np.nan
    dataset = dataset_of(pixels, BitsStored=None, HighBit=None, PixelRepresentation=None)
    image = read_path(save(tmp_path / "a.dcm", dataset, pixels.tobytes(), keyword=keyword))
    assert image.pixels.dtype == np.float32
    assert image.valid is not None
    assert not image.valid[0, 0]
    assert np.allclose(image.pixels[1:], pixels[1:])


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("syntax", NATIVE[:3], ids=lambda syntax: uid.UID(syntax).name)
def test_both_planar_configurations_give_the_same_colours(tmp_path: Path, syntax: str, planar: int) -> None:
    pixels = colours()
    data = pixels.tobytes() if planar == 0 else pixels.transpose(2, 0, 1).tobytes()
    path = save(tmp_path / "a.dcm", dataset_of(pixels, PlanarConfiguration=planar), data, syntax, vr="OB")
    assert np.array_equal(read_path(path).pixels, pixels)


def test_uncompressed_ybr_becomes_rgb(tmp_path: Path) -> None:
    red = np.full((2, 4, 3), (76, 85, 255), np.uint8)  # ITU-T T.871: 0.299 * 255, and so on
    path = write_dicom(tmp_path / "full.dcm", red, PhotometricInterpretation="YBR_FULL")
    assert read_path(path).pixels[0, 0] == pytest.approx([254, 0, 0], abs=1)
    quads = np.tile(np.array([76, 76, 85, 255], np.uint8), 4).tobytes()
    dataset = dataset_of(red, PhotometricInterpretation="YBR_FULL_422")
    image = read_path(save(tmp_path / "half.dcm", dataset, quads, vr="OB"))
    assert image.pixels.shape == (2, 4, 3)
    assert image.pixels[1, 3] == pytest.approx([254, 0, 0], abs=1)


def test_colour_of_sixteen_bits_is_brought_to_eight(tmp_path: Path) -> None:
    pixels = colours().astype(np.uint16) * 257
    assert np.array_equal(read_path(write_dicom(tmp_path / "a.dcm", pixels)).pixels, colours())


@pytest.mark.parametrize(("bits", "scale"), [(8, 1), (16, 257), (16, 256)])
def test_a_palette_becomes_rgb(tmp_path: Path, bits: int, scale: int) -> None:
    palette = {"Red": [10, 20, 30], "Green": [40, 50, 60], "Blue": [255, 0, 128]}
    dataset = dataset_of(np.array([[5, 6], [7, 200]], np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for name, entries in palette.items():
        values = np.array(entries, np.uint16) * scale
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [3, 5, bits])
        setattr(dataset, f"{name}PaletteColorLookupTableData", values.astype("<u2").tobytes())
    image = read_path(save(tmp_path / "a.dcm", dataset, b"\x05\x06\x07\xc8", vr="OB"))
    assert image.pixels[0].tolist() == [[10, 40, 255], [20, 50, 0]]
    assert image.pixels[1].tolist() == [[30, 60, 128], [30, 60, 128]]


@pytest.mark.parametrize("with_offsets", [True, False])
@pytest.mark.parametrize("fragments", [1, 2])
def test_any_frame_of_many_can_be_read_alone(tmp_path: Path, with_offsets: bool, fragments: int) -> None:
    frames = np.stack([ramp(top=1000 * number) for number in (1, 2, 3)])
    encoded = [encode_jpeg2000(frame) for frame in frames]
    data = encapsulate(encoded, fragments_per_frame=fragments, has_bot=with_offsets)
    path = save(tmp_path / "a.dcm", dataset_of(frames, NumberOfFrames=3), data, uid.JPEG2000Lossless)
    assert read_header(path).frames == 3
    for number in (3, 1, 2):
        assert np.array_equal(read_path(path, number).pixels, frames[number - 1])


def test_an_extended_offset_table_is_followed(tmp_path: Path) -> None:
    frames = np.stack([ramp(top=1000 * number) for number in (1, 2)])
    data, offsets, lengths = encapsulate_extended([encode_jpeg2000(frame) for frame in frames])
    dataset = dataset_of(
        frames, NumberOfFrames=2, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths
    )
    path = save(tmp_path / "a.dcm", dataset, data, uid.JPEG2000Lossless)
    assert np.array_equal(read_path(path, 2).pixels, frames[1])


def test_only_the_frame_that_is_asked_for_is_decoded(tmp_path: Path) -> None:
    frames = np.stack([ramp(), ramp()])
    path = write_frames(
        tmp_path / "a.dcm", uid.JPEG2000Lossless, [encode_jpeg2000(ramp()), b"\xff\x4f damaged!"], frames,
        NumberOfFrames=2,
    )  # fmt: skip
    assert np.array_equal(read_path(path, 1).pixels, ramp())
    with pytest.raises(StudyError, match=r"frame 2 cannot be decoded \(no JPEG 2000 image size\)"):
        read_path(path, 2)


def test_frames_of_an_enhanced_file_have_transforms_of_their_own(tmp_path: Path) -> None:
    frames = np.stack([ramp(), ramp()])
    groups = [
        item(
            PixelValueTransformationSequence=sequence(
                item(RescaleSlope=slope, RescaleIntercept=-5, RescaleType="HU")
            ),
            FrameVOILUTSequence=sequence(item(WindowCenter=[slope * 100], WindowWidth=[50])),
            PlanePositionSequence=sequence(item(ImagePositionPatient=[0, 0, slope])),
        )
        for slope in (1, 2)
    ]
    shared = item(PixelMeasuresSequence=sequence(item(PixelSpacing=[0.5, 0.25])))
    path = write_dicom(
        tmp_path / "a.dcm", frames, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=sequence(*groups),
        SharedFunctionalGroupsSequence=sequence(shared),
    )  # fmt: skip
    second = read_path(path, 2)
    assert (second.slope, second.intercept, second.units) == (2, -5, "HU")
    assert [voi.center for voi in second.voi if hasattr(voi, "center")] == [200]
    assert read_path(path, 1).slope == 1
    assert second.spacing is not None
    assert (second.spacing.row_mm, second.spacing.column_mm) == (0.5, 0.25)
    assert second.header.image_position == (0, 0, 1)


def test_a_file_without_preamble_and_meta_is_read(tmp_path: Path) -> None:
    whole = write_dicom(tmp_path / "whole.dcm", ramp())
    content = whole.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    bare = tmp_path / "bare"
    bare.write_bytes(content[144 + length :])
    assert np.array_equal(read_path(bare).pixels, ramp())


@pytest.mark.parametrize("syntax", [*LOSSLESS, uid.JPEGBaseline8Bit, *NATIVE], ids=lambda s: uid.UID(s).name)
def test_a_file_cut_short_anywhere_is_refused_and_never_shown_in_part(tmp_path: Path, syntax: str) -> None:
    pixels = ramp(top=250, dtype="u1")
    if syntax in NATIVE:
        path = save(tmp_path / "a.dcm", dataset_of(pixels), pixels.tobytes(), syntax, vr="OB")
    else:
        encode = LOSSLESS.get(syntax, jpeg)
        path = write_frames(tmp_path / "a.dcm", syntax, [encode(pixels)], pixels)
    whole, cut = path.read_bytes(), tmp_path / "cut.dcm"
    expected = read_path(path).pixels
    for length in range(1, len(whole), max(1, len(whole) // 120)):
        cut.write_bytes(whole[:length])
        with suppress(StudyError):
            assert np.array_equal(read_path(cut).pixels, expected)


@pytest.mark.parametrize("syntax", [*LOSSLESS, uid.JPEGBaseline8Bit], ids=lambda syntax: uid.UID(syntax).name)
def test_a_codestream_cut_short_within_a_whole_file_is_refused(tmp_path: Path, syntax: str) -> None:
    pixels = ramp(64, 64, 250, "u1")
    encoded = LOSSLESS.get(syntax, jpeg)(pixels)
    for part in (0.3, 0.6, 0.9):
        path = write_frames(tmp_path / "a.dcm", syntax, [encoded[: int(len(encoded) * part)]], pixels)
        with pytest.raises(StudyError, match="cannot be decoded"):
            read_path(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), syntax=st.sampled_from([uid.ExplicitVRLittleEndian, *LOSSLESS]))
def test_damaged_bytes_end_in_a_sentence_or_an_image(
    tmp_path: Path, data: st.DataObject, syntax: str
) -> None:
    pixels = ramp(8, 8, 250, "u1")
    path = tmp_path / "a.dcm"
    if syntax in LOSSLESS:
        write_frames(path, syntax, [LOSSLESS[syntax](pixels)], pixels)
    else:
        write_dicom(path, pixels)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    with suppress(StudyError):
        image = read_path(path)
        assert image.pixels.size == image.header.rows * image.header.columns * (3 if image.is_colour else 1)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEG2000Lossless])
def test_a_pixel_element_without_a_vr_in_a_file_that_has_them_is_read(tmp_path: Path, syntax: str) -> None:
    """As in pydicom's SC_rgb_jpeg.dcm, of a writer that changes to implicit for the pixels."""
    pixels = ramp()
    if syntax == uid.JPEG2000Lossless:
        path = write_frames(tmp_path / "a.dcm", syntax, [encode_jpeg2000(pixels)], pixels)
    else:
        path = write_dicom(tmp_path / "a.dcm", pixels)
    content = path.read_bytes()
    start = content.rindex(b"\xe0\x7f\x10\x00")
    path.write_bytes(content[: start + 4] + content[start + 8 :])
    assert np.array_equal(read_path(path).pixels, pixels)


@pytest.mark.parametrize("syntax", RETIRED_JPEG, ids=lambda syntax: uid.UID(syntax).name)
def test_retired_kinds_of_jpeg_are_read(tmp_path: Path, syntax: str) -> None:
    grey = ramp(top=255, dtype="u1")
    progressive = uid.UID(syntax).name.find("Extended") < 0
    path = write_frames(tmp_path / "a.dcm", syntax, [jpeg(grey, progressive=progressive)], grey)
    assert np.abs(read_path(path).pixels.astype(int) - grey).max() <= 4
    deep = ramp(top=4000)
    encoded = bytes(imagecodecs.jpeg8_encode(deep, level=100, bitspersample=12))
    path = write_frames(tmp_path / "b.dcm", syntax, [encoded], deep, BitsStored=12)
    assert np.abs(read_path(path).pixels.astype(int) - deep).max() <= 12


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
def test_wrapped_colour_is_read_as_bare_colour_is(tmp_path: Path, photometric: str) -> None:
    pixels = np.full((2, 4, 3), (76, 85, 255), np.uint8)
    data = pixels.tobytes() if photometric == "RGB" else bytes([76, 76, 85, 255] * 4)
    bare = save(tmp_path / "a.dcm", dataset_of(pixels, PhotometricInterpretation=photometric), data, vr="OB")
    wrapped = write_frames(
        tmp_path / "b.dcm", ENCAPSULATED_UNCOMPRESSED, [data], pixels, PhotometricInterpretation=photometric
    )
    assert np.array_equal(read_path(bare).pixels, read_path(wrapped).pixels)


def test_a_file_of_many_frames_that_changes_is_read_anew(tmp_path: Path) -> None:
    """What was learned of a file is kept from frame to frame, and no longer than the file stays the same."""
    first, second = np.stack([ramp(), ramp()]), np.stack([ramp(top=100), ramp(top=200)])
    path = write_dicom(tmp_path / "a.dcm", first, NumberOfFrames=2, RescaleIntercept=-1)
    header = read_header(path)
    assert read(header, 2).intercept == -1
    write_dicom(path, second, NumberOfFrames=2, RescaleIntercept=-2)
    os.utime(path, ns=(1, 1))
    assert np.array_equal(read(header, 1).pixels, second[0])
    assert read(header, 2).intercept == -2
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(StudyError, match="cut short"):
        read(header, 2)
    write_dicom(path, first, NumberOfFrames=2, SOPInstanceUID="9.9")
    with pytest.raises(StudyError, match="holds another image"):
        read(header, 2)


def test_frames_of_one_file_can_be_read_by_several_threads(tmp_path: Path) -> None:
    frames = np.stack([ramp(top=100 * number) for number in range(1, 9)])
    encoded = [encode_jpeg2000(frame) for frame in frames]
    path = write_frames(tmp_path / "a.dcm", uid.JPEG2000Lossless, encoded, frames, NumberOfFrames=8)
    header = read_header(path)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda number: read(header, number), [*range(1, 9)] * 4))
    for image in images:
        assert np.array_equal(image.pixels, frames[image.frame - 1])


@pytest.mark.parametrize("pad", [b"", b"\0", b"\0\0"])
@pytest.mark.parametrize(("dtype", "samples"), [("u1", 1), ("u1", 3), ("u2", 1), ("u4", 1)])
def test_rle_frames_of_odd_sizes_and_with_padding(
    tmp_path: Path, dtype: str, samples: int, pad: bytes
) -> None:
    random = np.random.default_rng(4)
    for rows, columns in ((1, 1), (1, 7), (5, 7), (9, 130), (11, 257)):
        for pixels in (
            random.integers(0, 255, (rows, columns, samples)),
            np.full((rows, columns, samples), 7),
        ):
            frame = pixels.astype(dtype) if samples > 1 else pixels[..., 0].astype(dtype)
            image = read_path(write_frames(tmp_path / "a.dcm", uid.RLELossless, [rle(frame) + pad], frame))
            assert np.array_equal(image.pixels, frame)


@settings(max_examples=200)
@given(data=st.data())
def test_damaged_rle_segments_end_in_an_error_that_python_knows(data: st.DataObject) -> None:
    """Some decoders fault over these, and take the process with them."""
    encoded = bytearray(rle(np.random.default_rng(0).integers(0, 9, (20, 31)).astype("u2")))
    for _ in range(data.draw(st.integers(1, 8))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    layout = Layout(20, 31, 1, 16, 16, 15, False, "MONOCHROME2", 0)
    with suppress(ValueError, RuntimeError):
        assert decode_encapsulated(uid.RLELossless, bytes(encoded), layout).pixels.shape == (20, 31)
