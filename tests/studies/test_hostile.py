"""Input that means harm, or looks like it, costs one sentence: never a hang, a crash or a file elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom import uid
from pydicom.encaps import encapsulate

from studies.errors import StudyError, UnreadableFile
from studies.reader import read, read_header
from studies.reader_pool import ReaderPool
from studies.scan import Failed, Found, scan
from tests.studies.files import dataset_of, encode_jpeg2000, ramp, save, write_dicom, write_frames
from tests.studies.test_scan import (
    failed,
    found,
    study_file,
    write_dicomdir,
    write_directory_record,
    write_zip,
)

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def sentence_of(path: Path, frame: int = 1) -> str:
    with pytest.raises(StudyError) as caught:
        read(read_header(path), frame)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert "expected" in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 400 + len(str(path))
    return sentence


# -- things that only look like files ----------------------------------------------------------------


@posix_only
@pytest.mark.timeout(30)
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "film.dcm"
    os.mkfifo(pipe)
    assert "is a named pipe" in sentence_of(pipe)
    assert "is a named pipe" in failed(list(scan([pipe])))[0]


@posix_only
@pytest.mark.timeout(30)
def test_pipes_sockets_and_links_to_devices_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.dcm")
    (tmp_path / "b.dcm").symlink_to("/dev/zero")
    (tmp_path / "c.dcm").symlink_to(tmp_path / "gone")
    (tmp_path / "d.zip").symlink_to("/dev/zero")
    write_dicom(tmp_path / "film.dcm", ramp())
    listening = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(tmp_path)  # the path of a socket is short
    try:
        listening.bind("e.dcm")
    finally:
        os.chdir(here)
    outcomes = list(scan([tmp_path]))
    listening.close()
    assert found(outcomes) == ["film.dcm"]
    assert failed(outcomes) == []


@posix_only
def test_a_device_is_no_image() -> None:
    assert "is a device" in failed(list(scan([Path("/dev/zero")])))[0]


# -- headers and fragments that lie --------------------------------------------------------------------


def nested(depth: int) -> bytes:
    """A sequence in a sequence in a sequence, none of a defined length."""
    opened = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closed = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return opened * depth + closed * depth


@pytest.mark.timeout(60)
@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_sequences_nested_beyond_all_measure_are_refused(tmp_path: Path, depth: int) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    content = path.read_bytes()
    place = content.index(b"\x08\x00\x16\x00UI", 200)  # SOP Class UID of the data set
    path.write_bytes(content[:place] + nested(depth) + content[place:])
    assert "damaged" in sentence_of(path)


def with_length(content: bytes, tag: bytes, length: int) -> bytes:
    """The file with another 32-bit length in the element that begins with `tag` (tag and VR)."""
    place = content.index(tag) + len(tag) + 2
    return content[:place] + struct.pack("<I", length) + content[place + 4 :]


def test_a_length_beyond_the_end_of_the_file_is_refused_without_reserving_it(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    path.write_bytes(with_length(path.read_bytes(), b"\xe0\x7f\x10\x00OW", 0xFFFFFFF0))
    assert read(read_header(path), 1).shape == ramp().shape  # more than enough is there
    path.write_bytes(path.read_bytes()[:-20])
    assert "cut short" in sentence_of(path)


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF, 1_000_000, 3])
def test_fragments_that_lie_about_their_length_are_refused(tmp_path: Path, length: int) -> None:
    path = write_frames(tmp_path / "a.dcm", uid.JPEG2000, [encode_jpeg2000(ramp())], ramp())
    content = path.read_bytes()
    first = content.index(b"\xfe\xff\x00\xe0") + 8  # after the offset table, which is empty or of one entry
    place = content.index(b"\xfe\xff\x00\xe0", first) + 4
    path.write_bytes(content[:place] + struct.pack("<I", length) + content[place + 4 :])
    sentence_of(path)


def test_an_offset_table_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    frames = [encode_jpeg2000(ramp()), encode_jpeg2000(ramp()[::-1].copy())]
    dataset = dataset_of(np.stack([ramp()] * 2), NumberOfFrames=2)
    data = bytearray(encapsulate(frames))
    struct.pack_into("<I", data, 8 + 4, 0x7FFFFFF0)
    path = save(tmp_path / "a.dcm", dataset, bytes(data), uid.JPEG2000Lossless)
    sentence_of(path, frame=2)


def test_frames_beyond_all_measure_are_refused(tmp_path: Path) -> None:
    dataset = dataset_of(ramp())
    dataset.NumberOfFrames = 2_000_000_000
    path = save(tmp_path / "b.dcm", dataset, ramp().tobytes())
    assert "cut short" in sentence_of(path)


@pytest.mark.parametrize(("rows", "columns"), [(65535, 65535), (65535, 4000)])
def test_sizes_beyond_all_measure_are_refused(tmp_path: Path, rows: int, columns: int) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), Rows=rows, Columns=columns)
    assert "promises" in sentence_of(path)


# -- files that change ---------------------------------------------------------------------------------


def test_a_film_that_was_replaced_by_another_is_not_shown_under_the_first_ones_name(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp(), PatientID="P1", SOPInstanceUID="1.2.1")
    header = read_header(path)
    write_dicom(path, ramp(), PatientID="P2", SOPInstanceUID="1.2.2")
    with pytest.raises(UnreadableFile, match="holds another image than when it was added"):
        read(header, 1)


def test_a_picture_that_was_replaced_by_another_is_not_shown_under_the_first_ones_name(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.png"
    Pillow.fromarray(ramp(dtype="u1", top=200)).save(path)
    header = read_header(path)
    Pillow.fromarray(ramp(dtype="u1", top=201)).save(path)
    with pytest.raises(UnreadableFile, match="holds another picture than when it was added"):
        read(header, 1)


def test_files_that_vanish_grow_or_shrink_between_header_and_pixels_are_refused(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    header, content = read_header(path), path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableFile):
        read(header, 1)
    write_dicom(path, ramp(48, 64))  # of the same name inside
    assert read(header, 1).shape == (48, 64)
    path.unlink()
    with pytest.raises(UnreadableFile, match="does not exist"):
        read(header, 1)


# -- archives --------------------------------------------------------------------------------------------


def test_an_archive_whose_files_overlap_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "film.dcm", ramp()).read_bytes()
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.dcm", film)
        archive.writestr("b.dcm", film)
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, second + 42, 0)  # the second entry points at the first one's bytes
    path.write_bytes(bytes(content))
    outcomes = list(scan([path], tmp_path / "cache"))
    assert "overlap" in failed(outcomes)[0]
    assert found(outcomes) == []
    assert not list((tmp_path / "cache").rglob("*.dcm"))


def test_an_archive_within_an_archive_is_not_entered(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "film.dcm", ramp()).read_bytes()
    inner = write_zip(tmp_path / "inner.zip", {"deep.dcm": film})
    outer = write_zip(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes(), "film.dcm": film})
    outcomes = list(scan([outer], tmp_path / "cache"))
    assert found(outcomes) == ["000002-film.dcm"]
    assert not list((tmp_path / "cache").rglob("*deep*"))


@posix_only
def test_a_link_in_an_archive_leads_nowhere(tmp_path: Path) -> None:
    write_dicom(tmp_path / "secret.dcm", ramp())
    path = tmp_path / "links.zip"
    link = zipfile.ZipInfo("film.dcm")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, str(tmp_path / "secret.dcm"))
    outcomes = list(scan([path], tmp_path / "cache"))
    assert found(outcomes) == []
    assert not any(file.is_symlink() for file in (tmp_path / "cache").rglob("*"))


def test_an_archive_that_says_less_than_it_holds_writes_no_more_than_it_says(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "film.dcm", ramp(200, 200)).read_bytes()
    path = write_zip(tmp_path / "lie.zip", {"film.dcm": film})
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, 1000)  # uncompressed size
    path.write_bytes(bytes(content))
    outcomes = list(scan([path], tmp_path / "cache"))
    assert found(outcomes) == []
    assert len(failed(outcomes)) == 1
    assert not [f for f in (tmp_path / "cache").rglob("*") if f.is_file() and f.stat().st_size > 1000]


# -- DICOMDIRs -------------------------------------------------------------------------------------------


@posix_only
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_a_dicomdir_whose_links_lead_outside_its_folder_is_refused(tmp_path: Path) -> None:
    study_file(tmp_path / "SECRET", 1)
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "IM1").symlink_to(tmp_path / "SECRET")
    (tmp_path / "disc" / "UP").symlink_to(tmp_path)
    for components in (("IM1",), ("UP", "SECRET")):
        dicomdir = write_directory_record(tmp_path / "disc" / "DICOMDIR", *components)
        outcomes = list(scan([dicomdir]))
        assert found(outcomes) == []
        assert "outside its folder" in failed(outcomes)[0]


def test_a_dicomdir_that_names_itself_ends(tmp_path: Path) -> None:
    dicomdir = write_directory_record(tmp_path / "disc" / "DICOMDIR", "DICOMDIR")
    outcomes = list(scan([dicomdir]))
    assert found(outcomes) == []
    assert len(failed(outcomes)) == 1


def test_a_dicomdir_whose_records_go_round_in_a_circle_ends(tmp_path: Path) -> None:
    files = [study_file(tmp_path / f"{number}.dcm", number) for number in (1, 2)]
    dicomdir = write_dicomdir(tmp_path / "disc", files)
    content = bytearray(dicomdir.read_bytes())
    for tag in (b"\x04\x00\x00\x14UL\x04\x00", b"\x04\x00\x20\x14UL\x04\x00"):  # next, lower level
        place = content.find(tag)
        while place >= 0:
            struct.pack_into("<I", content, place + len(tag), 400)
            place = content.find(tag, place + 1)
    dicomdir.write_bytes(bytes(content))
    assert len(found(list(scan([dicomdir])))) == 2


# -- a scan that hangs on one of them --------------------------------------------------------------------


@pytest.fixture
def pool() -> Iterator[ReaderPool]:
    readers = ReaderPool(2)
    yield readers
    readers.close()


def many(folder: Path, count: int) -> list[str]:
    """A folder with many images, some files that are none, and their names in order."""
    names = []
    for number in range(count):
        name = f"im{number}.dcm"
        write_dicom(folder / name, ramp(), InstanceNumber=number)
        names.append(name)
    (folder / "im7.dcm").write_text("Dear colleague")
    (folder / "notes.txt").write_text("Dear colleague")
    return names


def told(outcomes: list[Found | Failed]) -> list[str]:
    return [Path(o.header.path if isinstance(o, Found) else o.path).name for o in outcomes]


def test_many_processes_tell_the_same_in_the_same_order_as_one(
    pool: ReaderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = many(tmp_path, 300)
    with_readers = list(scan([tmp_path], readers=pool))
    monkeypatch.setattr("studies.scan.MANY", sys.maxsize)
    alone = list(scan([tmp_path]))
    monkeypatch.setattr("studies.scan.MANY", 20)
    by_itself = list(scan([tmp_path]))
    assert told(alone) == names
    assert with_readers == alone == by_itself
    assert sum(isinstance(outcome, Failed) for outcome in alone) == 1


@posix_only
@pytest.mark.timeout(60)
def test_a_scan_that_waits_for_a_file_is_stopped_within_a_second(pool: ReaderPool, tmp_path: Path) -> None:
    many(tmp_path, 300)
    stop = threading.Event()
    outcomes: list[Found | Failed] = []
    started, ended = threading.Event(), threading.Event()

    def work() -> None:
        for outcome in scan([tmp_path], readers=pool, stop=stop):
            outcomes.append(outcome)
            if len(outcomes) == 1:
                started.set()
                for pid in pool.pids:
                    os.kill(pid, signal.SIGSTOP)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    stopped = time.monotonic()
    stop.set()
    assert ended.wait(10)
    assert time.monotonic() - stopped < 1.0
    thread.join()
    assert 0 < len(outcomes) < 300


def test_a_scan_that_nobody_listens_to_any_more_leaves_no_process(tmp_path: Path) -> None:
    many(tmp_path, 300)
    outcomes = scan([tmp_path])
    for _ in range(250):
        next(outcomes)
    before = time.monotonic()
    outcomes.close()
    assert time.monotonic() - before < 1.0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("readers")]
