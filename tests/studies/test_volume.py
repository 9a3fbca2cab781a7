"""NIfTI volumes lie as nibabel says they do, and are shown with the patient's right on the left."""

from __future__ import annotations

import gzip
import itertools
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from studies.display import render, stored_to_modality
from studies.errors import ImageTooLarge, StudyError, UnreadableFile, UnsupportedImage
from studies.geometry import letters_of, plane_of
from studies.image import Header, Image, Series
from studies.reader import read, read_header

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
TO_DICOM = np.diag([-1, -1, 1, 1])


def written(
    path: Path, voxels: NDArray[Any] = VOXELS, affine: Any = None, name: str = "a.nii", **fields: Any
) -> Path:
    """A NIfTI-1 file by nibabel; None as an affine writes none."""
    kind = fields.pop("kind", nibabel.Nifti1Image)
    image = kind(voxels, np.diag([2.0, 3.0, 4.0, 1.0]) if affine is None else affine)
    for field, value in fields.items():
        image.header[field] = value
    nibabel.save(image, path / name)
    return path / name


def scanner_place(header: Header, image: Image, row: int, column: int) -> NDArray[np.float64]:
    """Where a pixel lies in NIfTI's own directions, worked out from what DICOM's equation says."""
    plane = plane_of(image)
    assert plane is not None
    return TO_DICOM[:3, :3] @ plane.to_patient((row + 0.5, column + 0.5))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("turn", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_every_voxel_is_shown_where_it_lies(
    tmp_path: Path, turn: tuple[int, ...], signs: tuple[int, ...], name: str
) -> None:
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis in range(3):
        affine[turn[axis], axis] = signs[axis] * (2, 3, 4)[axis]
    affine[:3, 3] = (-11, 7, 30)
    path = written(tmp_path, affine=affine, name=name)
    header = read_header(path)
    inverse = np.linalg.inv(affine)
    assert header.frames * header.rows * header.columns == VOXELS.size
    for frame in range(1, header.frames + 1):
        image = read(header, frame)
        assert letters_of(image) == ("R", "A", "L", "P")
        for row, column in ((0, 0), (header.rows - 1, 0), (0, header.columns - 1), (1, 2)):
            i, j, k = np.rint(inverse @ (*scanner_place(header, image, row, column), 1))[:3].astype(int)
            assert image.pixels[row, column] == VOXELS[i, j, k]
    heights = header.frame_positions_mm
    assert len(heights) == header.frames
    assert list(heights) == sorted(heights)


def test_a_tilted_volume_lies_as_nibabel_says(tmp_path: Path) -> None:
    tilt = nibabel.eulerangles.euler2mat(0.2, -0.1, 0.3) @ np.diag([1.0, 1.5, 2.5])
    affine = nibabel.affines.from_matvec(tilt, (5, -6, 7))
    header = read_header(written(tmp_path, affine=affine))
    for frame in (1, 4):
        image = read(header, frame)
        place = scanner_place(header, image, 1, 2)
        i, j, k = np.rint(np.linalg.inv(affine) @ (*place, 1))[:3].astype(int)
        assert image.pixels[1, 2] == VOXELS[i, j, k]
        assert image.spacing is not None
        assert sorted((image.spacing.row_mm, image.spacing.column_mm)) == pytest.approx([1.0, 1.5], rel=1e-5)


@given(
    quaternion=st.tuples(*[st.floats(-0.57, 0.57)] * 3), qfac=st.sampled_from([-1, 1]),
    sizes=st.tuples(*[st.floats(0.2, 9)] * 3), origin=st.tuples(*[st.floats(-200, 200)] * 3),
)  # fmt: skip
def test_the_qform_is_nibabels(
    quaternion: tuple[float, ...], qfac: int, sizes: tuple[float, ...], origin: tuple[float, ...]
) -> None:
    from studies.nifti import read_nifti

    header = nibabel.Nifti1Header()
    header.set_data_shape((2, 2, 2))
    header["qform_code"], header["magic"], header["vox_offset"] = 1, b"n+1", 352
    header["pixdim"][:4] = (qfac, *sizes)
    header["quatern_b"], header["quatern_c"], header["quatern_d"] = quaternion
    header["qoffset_x"], header["qoffset_y"], header["qoffset_z"] = origin
    found = read_nifti(header.binaryblock + bytes(4))
    assert found.is_placed
    assert found.affine == pytest.approx((TO_DICOM @ header.get_qform())[:3], abs=1e-3)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8", "i8", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_values_of_every_type_and_byte_order(tmp_path: Path, dtype: str, order: str, kind: Any) -> None:
    voxels = VOXELS.astype(order + dtype)
    header = kind.header_class(endianness=order)
    header.set_data_dtype(voxels.dtype)
    nibabel.save(kind(voxels, np.diag([-1, -1, 1, 1]), header), tmp_path / "a.nii")
    image = read(read_header(tmp_path / "a.nii"), 3)
    assert image.pixels.dtype == np.dtype({"i8": "i4", "u8": "i4", "f8": "f4"}.get(dtype, dtype))
    assert np.array_equal(image.pixels, VOXELS[:, :, 2].T)


def test_slope_and_intercept_give_the_values_that_nibabel_gives(tmp_path: Path) -> None:
    path = written(tmp_path, affine=np.diag([-1, -1, 1, 1]))
    content = bytearray(path.read_bytes())
    content[112:120] = struct.pack("<2f", 0.5, -1024)
    path.write_bytes(content)
    image = read(read_header(path), 2)
    expected = nibabel.load(path).get_fdata()[:, :, 1].T
    assert np.allclose(stored_to_modality(image, image.pixels), expected)


def test_moments_follow_each_other_and_share_one_window(tmp_path: Path) -> None:
    voxels = np.stack([VOXELS, VOXELS + 1000], axis=-1)
    header = read_header(written(tmp_path, voxels, np.diag([-1, -1, 1, 1])))
    assert header.frames == 12
    assert np.array_equal(read(header, 7).pixels, voxels[:, :, 0, 1].T)
    assert [number for _, number in Series("1", (header,)).frames] == list(range(1, 13))
    windows = {read(header, number).voi for number in range(1, 13)}
    assert len(windows) == 1


def test_the_range_that_the_file_asks_for_is_its_window(tmp_path: Path) -> None:
    image = read(read_header(written(tmp_path, cal_min=-100, cal_max=300)))
    (window,) = image.voi
    assert (window.center, window.width, window.function) == (100, 400, "LINEAR_EXACT")  # type: ignore[union-attr]


def test_colour_volumes(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (4, 5, 6, 3)).astype(np.uint8)
    packed = colours.view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    image = read(read_header(written(tmp_path, packed, np.diag([-1, -1, 1, 1]))), 2)
    assert np.array_equal(render(image), colours[:, :, 1].transpose(1, 0, 2))


def test_what_is_not_a_number_is_invalid(tmp_path: Path) -> None:
    voxels = VOXELS.astype(np.float32)
    voxels[0, 0, 0] = np.nan
    image = read(read_header(written(tmp_path, voxels, np.diag([-1, -1, 1, 1]))))
    assert image.valid is not None
    assert not image.valid[0, 0]
    assert image.valid.sum() == image.valid.size - 1


def test_a_file_that_does_not_say_how_it_lies_has_no_letters_and_warns(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[252:256] = bytes(4)  # qform and sform codes
    path.write_bytes(content)
    image = read(read_header(path))
    assert letters_of(image) == ("", "", "", "")
    assert image.position is None
    assert image.warnings == ("The file does not say how it lies in the patient: sides may be swapped.",)
    assert image.spacing is not None
    assert (image.spacing.row_mm, image.spacing.column_mm) == (3, 2)


def test_units_other_than_millimetres(tmp_path: Path) -> None:
    image = read(read_header(written(tmp_path, affine=np.diag([0.002, 0.003, 0.004, 1]), xyzt_units=1)))
    assert image.spacing is not None
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((3, 2))


def test_a_volume_is_known_by_its_content(tmp_path: Path) -> None:
    first = read_header(written(tmp_path, descrip=b"T1 brain"))
    second = read_header(written(tmp_path, name="renamed.dcm.nii", descrip=b"T1 brain"))
    assert first.kind == "volume"
    assert first.series_description == "T1 brain"
    assert first.sop_instance_uid == second.sop_instance_uid
    assert first.split_key == f"content:{first.content_hash}"


def refusal(path: Path, kind: type[StudyError]) -> str:
    with pytest.raises(kind) as caught:
        read(read_header(path))
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def test_a_compressed_volume_that_grows_without_end(tmp_path: Path) -> None:
    path = written(tmp_path, np.zeros((4, 4, 4), np.int16), name="bomb.nii.gz")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[40:48] = struct.pack("<4h", 3, 10_000, 10_000, 30_000)
    path.write_bytes(gzip.compress(bytes(content) + bytes(10**6)))
    assert "grows to 6,000,000,000,352 bytes, expected at most 1,073,741,824; decompress it" in refusal(
        path, ImageTooLarge
    )


def test_no_more_is_inflated_than_the_header_accounts_for(tmp_path: Path) -> None:
    path = written(tmp_path, name="a.nii.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(50 * 10**6)))
    from studies import volume

    assert read(read_header(path)).pixels.shape == (5, 4)
    assert len(volume._inflated(path, path.stat().st_mtime_ns, 352 + 240)) == 592


@pytest.mark.parametrize(("field", "value", "words", "kind"), [
    ("dim", (3, 30000, 30000, 1, 1, 1, 1, 1), "promises 30000 x 30000 pixels", ImageTooLarge),
    ("dim", (4, 2, 2, 30000, 30000, 1, 1, 1), "promises 900,000,000 frames", ImageTooLarge),
    ("dim", (5, 4, 5, 6, 1, 3, 1, 1), "has 3 values a voxel", UnsupportedImage),
    ("dim", (3, 0, 5, 6, 1, 1, 1, 1), "its header is damaged", UnreadableFile),
    ("datatype", 32, "has complex values, expected integers, floats or RGB", UnsupportedImage),
    ("vox_offset", 3.0, "its header is damaged", UnreadableFile),
    ("magic", b"ni1", "is the header of a NIfTI pair", UnsupportedImage),
])  # fmt: skip
def test_headers_that_promise_what_they_do_not_hold(
    tmp_path: Path, field: str, value: Any, words: str, kind: type[StudyError]
) -> None:
    header = nibabel.Nifti1Header()
    header.set_data_shape((4, 5, 6))
    header["magic"], header["vox_offset"] = b"n+1", 352
    header[field] = value
    path = tmp_path / "a.nii"
    path.write_bytes(header.binaryblock + bytes(4) + VOXELS.tobytes())
    assert words in refusal(path, kind)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_volume_cut_short(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, np.random.default_rng(0).integers(0, 999, (9, 9, 9)).astype(np.int16), name=name)
    whole = path.read_bytes()
    for part in (0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(len(whole) * part)])
        assert "cut short" in refusal(path, UnreadableFile)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(["a.nii", "a.nii.gz"]))
def test_damaged_bytes_end_in_a_sentence_or_an_image(tmp_path: Path, data: st.DataObject, name: str) -> None:
    path = written(tmp_path, name=name)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(len(content), 360) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        header = read_header(path)
        image = read(header, header.frames)
    except StudyError:
        return
    assert image.shape == (header.rows, header.columns)
