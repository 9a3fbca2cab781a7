"""The pool of readers gives what reading gives, and outlives crashes, stalls and greed of its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image as Pillow
from pydicom import uid

from studies.errors import ImageTooLarge, StudyError, UnreadableFile
from studies.image import Header, Image, LookupTable
from studies.reader import read, read_header
from studies.reader_pool import Limits, ReaderPool, Urgency, Wanted
from studies.reader_task import HeaderOutcome
from studies.thumbnail import thumbnail
from tests.studies.files import colours, encode_jpeg2000, lut_item, ramp, sequence, write_dicom, write_frames

ROOT = Path(__file__).resolve().parents[2]
SOON_S = 60

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture
def pool() -> Iterator[ReaderPool]:
    with_two = ReaderPool(2)
    yield with_two
    with_two.close()


@pytest.fixture
def lone() -> Iterator[ReaderPool]:
    """A pool of one reader: what is asked is read one after the other."""
    with_one = ReaderPool(1)
    yield with_one
    with_one.close()


def slow_film(path: Path, side: int = 1400) -> Header:
    """A film that takes a while to decode."""
    noise = np.random.default_rng(1).integers(0, 4096, (side, side)).astype("u2")
    return read_header(write_frames(path, uid.JPEG2000Lossless, [encode_jpeg2000(noise)], noise))


def ready(pool: ReaderPool, folder: Path) -> None:
    """Wait until every reader of the pool has answered something."""
    films = [read_header(write_dicom(folder / f"ready-{n}.dcm", ramp())) for n in range(4)]
    for wanted in [pool.thumbnail(film, 1) for film in films]:
        wanted.result(SOON_S)


def busy(pool: ReaderPool) -> int:
    """The process id of the reader that is at work, as soon as there is one."""
    end = time.monotonic() + SOON_S
    while not pool.busy_pids:
        assert time.monotonic() < end
        os.sched_yield()
    return pool.busy_pids[0]


def assert_same(one: Image, other: Image) -> None:
    """Every field is the same, whatever fields an image has."""
    for field in fields(Image):
        assert_same_value(getattr(one, field.name), getattr(other, field.name))


def assert_same_value(one: object, other: object) -> None:
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
        assert other.flags.writeable == one.flags.writeable
    elif isinstance(one, tuple):
        assert isinstance(other, tuple)
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same_value(left, right)
    elif isinstance(one, LookupTable):
        assert isinstance(other, LookupTable)
        assert_same_value(one.entries, other.entries)
    else:
        assert one == other


@pytest.mark.parametrize("side", [24, 600, 2000])  # through the pipe, copied, mapped
def test_a_frame_is_what_reading_gives(pool: ReaderPool, tmp_path: Path, side: int) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(side, side), PixelPaddingValue=0,
        VOILUTSequence=sequence(lut_item(0, list(range(4096)), LUTExplanation="bright")),
    )  # fmt: skip
    header = read_header(path)
    assert_same(read(header, 1), pool.frame(header, 1).result(SOON_S))


def test_every_frame_and_every_kind_of_file_comes_through(pool: ReaderPool, tmp_path: Path) -> None:
    frames = np.stack([ramp(), ramp()[::-1]])
    many = read_header(write_dicom(tmp_path / "a.dcm", frames, NumberOfFrames=2))
    picture = tmp_path / "a.png"
    Pillow.fromarray(colours(400, 500)).save(picture)
    coloured = read_header(picture)
    for header, frame in ((many, 1), (many, 2), (coloured, 1)):
        assert_same(read(header, frame), pool.frame(header, frame).result(SOON_S))


def test_a_thumbnail_is_made_where_the_film_is(pool: ReaderPool, tmp_path: Path) -> None:
    header = read_header(write_dicom(tmp_path / "a.dcm", ramp(300, 200)))
    small = pool.thumbnail(header, 1, 64).result(SOON_S)
    assert np.array_equal(small, thumbnail(read(header, 1), 64))


def test_a_refusal_is_the_same_sentence(pool: ReaderPool, tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", ramp())
    header = read_header(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UnreadableFile) as here:
        read(header, 1)
    with pytest.raises(UnreadableFile) as there:
        pool.frame(header, 1).result(SOON_S)
    assert str(here.value) == str(there.value)


@needs_signals
@pytest.mark.parametrize("blow", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_costs_one_sentence_and_another_reader_takes_over(
    lone: ReaderPool, tmp_path: Path, blow: signal.Signals
) -> None:
    ready(lone, tmp_path)
    header = slow_film(tmp_path / "slow.dcm")
    first, second = lone.frame(header, 1), lone.thumbnail(header, 1)
    dead = busy(lone)
    os.kill(dead, blow)
    with pytest.raises(UnreadableFile) as refusal:
        first.result(SOON_S)
    sentence = str(refusal.value)
    assert sentence.startswith(f"{header.path}: ended the process that read it ({-blow})")
    assert sentence.endswith("expected an intact image file.")
    assert second.result(SOON_S).shape == (96, 96)
    assert dead not in lone.pids


@needs_signals
def test_a_reader_that_stalls_is_ended_and_told_of(tmp_path: Path) -> None:
    pool = ReaderPool(1, Limits(seconds=1.0, seconds_per_megapixel=0.5))
    try:
        ready(pool, tmp_path)
        header = slow_film(tmp_path / "slow.dcm")
        wanted = pool.frame(header, 1)
        stalled = busy(pool)
        os.kill(stalled, signal.SIGSTOP)
        with pytest.raises(UnreadableFile, match=r"slow\.dcm: took too long and was given up"):
            wanted.result(SOON_S)
        assert not psutil.pid_exists(stalled)
        small = read_header(write_dicom(tmp_path / "small.dcm", ramp()))
        assert pool.frame(small, 1).result(SOON_S).shape == (24, 32)
    finally:
        pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel does not limit address space")
def test_a_file_that_needs_too_much_memory_is_refused_and_its_reader_lives(tmp_path: Path) -> None:
    pool = ReaderPool(1, Limits(bytes=40_000_000, bytes_per_pixel=0))
    try:
        ready(pool, tmp_path)
        (pid,) = pool.pids
        large = Pillow.new("RGB", (6000, 5000))
        large.save(tmp_path / "large.png")
        with pytest.raises(ImageTooLarge, match=r"large\.png: needs more memory"):
            pool.frame(read_header(tmp_path / "large.png"), 1).result(SOON_S)
        assert pool.pids == (pid,)
    finally:
        pool.close()


def test_where_the_kernel_sets_no_limit_the_pool_looks_after_memory_itself(tmp_path: Path) -> None:
    pool = ReaderPool(1, Limits(bytes=30_000_000, bytes_per_pixel=0), watches_memory=True)
    try:
        ready(pool, tmp_path)
        (pid,) = pool.pids
        with pytest.raises(
            UnreadableFile, match=r"slow\.dcm: needed more memory than a file of its size may"
        ):
            pool.frame(slow_film(tmp_path / "slow.dcm", 3000), 1).result(SOON_S)
        assert not psutil.pid_exists(pid)
    finally:
        pool.close()


def test_what_is_looked_at_goes_first_and_the_latest_of_it(lone: ReaderPool, tmp_path: Path) -> None:
    ready(lone, tmp_path)
    slow = slow_film(tmp_path / "slow.dcm")
    film = read_header(write_dicom(tmp_path / "a.dcm", ramp()))
    order: list[str] = []
    first = lone.frame(slow, 1, Urgency.LISTED)
    busy(lone)
    asked: dict[str, Wanted[Any]] = {
        "series": lone.frame(film, 1, Urgency.SERIES),
        "listed": lone.thumbnail(film, 1),
        "listed later": lone.thumbnail(film, 1),
        "ahead": lone.frame(film, 1, Urgency.AHEAD),
        "shown before": lone.frame(film, 1, Urgency.SHOWN),
        "shown": lone.frame(film, 1, Urgency.SHOWN),
    }
    for name, wanted in asked.items():
        wanted.add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
    first.result(SOON_S)
    asked["series"].result(SOON_S)
    assert order == ["shown", "shown before", "ahead", "listed", "listed later", "series"]


def test_what_was_asked_for_later_can_be_hastened_and_what_nobody_wants_is_not_read(
    lone: ReaderPool, tmp_path: Path
) -> None:
    ready(lone, tmp_path)
    slow = slow_film(tmp_path / "slow.dcm")
    film = read_header(write_dicom(tmp_path / "a.dcm", ramp()))
    order: list[str] = []
    lone.frame(slow, 1, Urgency.LISTED)
    busy(lone)
    one, unwanted, two = (lone.frame(film, 1, Urgency.SERIES) for _ in range(3))
    one.add_done_callback(lambda _: order.append("one"))
    two.add_done_callback(lambda _: order.append("two"))
    assert unwanted.cancel()
    lone.hasten(two, Urgency.SHOWN)
    one.result(SOON_S)
    assert order == ["two", "one"]


def test_before_the_readers_are_up_an_uncompressed_film_is_read_at_once(tmp_path: Path) -> None:
    header = read_header(write_dicom(tmp_path / "a.dcm", ramp()))
    pool = ReaderPool(1)
    try:
        threads: list[str] = []
        wanted = pool.frame(header, 1)
        wanted.add_done_callback(lambda _: threads.append(threading.current_thread().name))
        assert_same(read(header, 1), wanted.result(SOON_S))
        ready(pool, tmp_path)
        assert threads == ["readers-first"]
    finally:
        pool.close()


def gather(pool: ReaderPool, paths: Sequence[Path]) -> list[HeaderOutcome]:
    outcomes: list[HeaderOutcome] = []
    pool.headers([str(path) for path in paths], outcomes.extend).result(SOON_S)
    return outcomes


def test_headers_come_in_the_order_of_their_files_and_refusals_in_their_place(
    pool: ReaderPool, tmp_path: Path
) -> None:
    films = [write_dicom(tmp_path / f"{n}.dcm", ramp(), InstanceNumber=n) for n in range(20)]
    films[7].write_text("Dear colleague, " * 50)
    outcomes = gather(pool, films)
    assert [o.instance_number if isinstance(o, Header) else "no image" for o in outcomes] == [
        n if n != 7 else "no image" for n in range(20)
    ]
    assert "no image" in str(outcomes[7])


@needs_signals
def test_a_crash_among_many_headers_loses_none_of_the_others(lone: ReaderPool, tmp_path: Path) -> None:
    ready(lone, tmp_path)
    films = [write_dicom(tmp_path / f"{n}.dcm", ramp(), InstanceNumber=n) for n in range(400)]
    outcomes: list[HeaderOutcome] = []
    wanted = lone.headers([str(film) for film in films], outcomes.extend)
    os.kill(busy(lone), signal.SIGSEGV)
    wanted.result(SOON_S)
    assert [o.instance_number for o in outcomes if isinstance(o, Header)] == list(range(400))


def test_a_film_that_is_opened_does_not_wait_for_a_list_of_headers(lone: ReaderPool, tmp_path: Path) -> None:
    ready(lone, tmp_path)
    film = read_header(write_dicom(tmp_path / "film.dcm", ramp()))
    listed = [write_dicom(tmp_path / f"{n}.dcm", ramp(), InstanceNumber=n) for n in range(600)]
    outcomes: list[HeaderOutcome] = []
    headers = lone.headers([str(path) for path in listed], outcomes.extend)
    busy(lone)
    counts: list[int] = []
    shown = lone.frame(film, 1)
    shown.add_done_callback(lambda _: counts.append(len(outcomes)))
    shown.result(SOON_S)
    headers.result(SOON_S)
    assert counts[0] < 600
    assert [o.instance_number for o in outcomes if isinstance(o, Header)] == list(range(600))


@needs_signals
def test_a_crash_among_quick_frames_loses_none_of_the_others(lone: ReaderPool, tmp_path: Path) -> None:
    ready(lone, tmp_path)
    films = [read_header(write_dicom(tmp_path / f"{n}.dcm", ramp(200, 200) + n)) for n in range(200)]
    wanted = [lone.frame(film, 1, Urgency.SERIES) for film in films]
    wanted[50].result(SOON_S)  # by now they go several at a time
    os.kill(busy(lone), signal.SIGSEGV)
    sums = [int(one.result(SOON_S).pixels[100, 100]) for one in wanted]
    assert sums == [int(ramp(200, 200)[100, 100]) + n for n in range(200)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors as Linux does")
def test_nothing_is_left_of_films_that_nobody_holds(lone: ReaderPool, tmp_path: Path) -> None:
    ready(lone, tmp_path)
    header = read_header(write_dicom(tmp_path / "a.dcm", ramp(2000, 2000)))
    slow = slow_film(tmp_path / "slow.dcm")
    held = lone.frame(header, 1).result(SOON_S)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        lone.frame(header, 1).result(SOON_S)
    doomed = lone.frame(slow, 1)
    os.kill(busy(lone), signal.SIGKILL)
    assert isinstance(doomed.exception(SOON_S), UnreadableFile)
    del doomed
    assert lone.frame(header, 1).result(SOON_S).shape == held.shape
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    shared = Path("/dev/shm")
    assert not shared.is_dir() or not list(shared.glob("*overread*"))


LEFT_ALONE = """
import sys, time
from pathlib import Path
from studies.reader import read_header
from studies.reader_pool import ReaderPool, Urgency

if __name__ == "__main__":
    pool = ReaderPool(2)
    header = read_header(Path(sys.argv[1]))
    pool.thumbnail(header, 1).result()
    if sys.argv[2] == "stay":
        wanted = [pool.frame(header, 1, Urgency.SHOWN) for _ in range(100)]
        while len(pool.busy_pids) < 2:
            time.sleep(0.01)
        print(*pool.pids, flush=True)
        time.sleep(1000)
"""


def left_alone(folder: Path, header: Header, what: str) -> subprocess.Popen[str]:
    script = folder / "alone.py"
    script.write_text(LEFT_ALONE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(script), header.path, what],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def test_readers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    parent = left_alone(tmp_path, slow_film(tmp_path / "slow.dcm"), "stay")
    assert parent.stdout is not None
    readers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    assert len(readers) == 2
    parent.kill()
    parent.communicate()
    _, alive = psutil.wait_procs(readers, timeout=10)
    assert not alive


def test_a_program_that_forgets_to_close_its_pool_ends_without_a_word(tmp_path: Path) -> None:
    header = read_header(write_dicom(tmp_path / "a.dcm", ramp(2000, 2000)))
    program = left_alone(tmp_path, header, "go")
    out, err = program.communicate(timeout=SOON_S)
    assert (program.returncode, out, err) == (0, "", "")


def test_closing_cancels_what_waits_and_ends_what_runs(tmp_path: Path) -> None:
    pool = ReaderPool(1)
    ready(pool, tmp_path)
    slow = slow_film(tmp_path / "slow.dcm")
    running, waiting = pool.frame(slow, 1), pool.frame(slow, 1, Urgency.SERIES)
    busy(pool)
    pids = pool.pids
    pool.close()
    assert waiting.cancelled()
    assert isinstance(running.exception(), StudyError)
    assert pool.frame(slow, 1).cancelled()
    assert not any(psutil.pid_exists(pid) for pid in pids)
