"""Files that are damaged on purpose, opened and rendered through the pool, and what became of each."""

from __future__ import annotations

import random
import re
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image as Pillow
from pydicom import uid

from studies.display import initial_state, render
from studies.errors import StudyError
from studies.image import Header, Image
from studies.reader_pool import ReaderPool, Urgency, Wanted
from studies.reader_task import HeaderOutcome
from tests.studies.files import colours, dataset_of, encode_jpeg2000, ramp, save, write_dicom, write_frames

HANG_S = 90.0  # more than any limit of the pool: it should have ended its reader long before

_ELEMENT = re.compile(
    rb"[\x00-\xff]{4}(AE|AS|CS|DA|DS|DT|IS|LO|OB|OW|PN|SH|SQ|TM|UI|UN|US|SS|UL|FD)", re.DOTALL
)
_EXTREME = (0, 1, 2, 7, 8, 16, 255, 256, 32767, 32768, 65534, 65535)
_DECIMAL = (b"nan", b"1e999", b"-1e308", b"0", b"-0", b"1\\2\\3", b"99999999999", b"\\\\\\", b"x")


def write_originals(folder: Path) -> list[Path]:
    """One small sound file of every kind that can be made here."""
    small, frames = ramp(40, 48), [encode_jpeg2000(ramp(40, 48))]
    eight = ramp(40, 48, top=255, dtype="u1")
    write_dicom(folder / "explicit.dcm", small, WindowCenter=2000, WindowWidth=4000, PixelPaddingValue=0)
    write_dicom(folder / "frames.dcm", np.stack([small, small[::-1]]), NumberOfFrames=2)
    write_dicom(folder / "rgb.dcm", colours())
    for name, syntax in (
        ("implicit", uid.ImplicitVRLittleEndian),
        ("big", uid.ExplicitVRBigEndian),
        ("deflated", uid.DeflatedExplicitVRLittleEndian),
    ):
        order = ">u2" if name == "big" else "<u2"
        save(folder / f"{name}.dcm", dataset_of(small), small.astype(order).tobytes(), syntax)
    write_frames(folder / "j2k.dcm", uid.JPEG2000Lossless, frames, small)
    write_frames(folder / "jls.dcm", uid.JPEGLSLossless, [bytes(imagecodecs.jpegls_encode(small))], small)
    lossless = bytes(imagecodecs.ljpeg_encode(small, bitspersample=16))
    write_frames(folder / "ljpeg.dcm", uid.JPEGLosslessSV1, [lossless], small)
    baseline = bytes(imagecodecs.jpeg8_encode(eight, level=90))
    write_frames(folder / "jpeg.dcm", uid.JPEGBaseline8Bit, [baseline], eight)
    for suffix in ("png", "jpeg", "tiff"):
        Pillow.fromarray(colours()).save(folder / f"colour.{suffix}")
        Pillow.fromarray(eight).save(folder / f"grey.{suffix}")
    return sorted(folder.iterdir())


# -- ways to damage a file ---------------------------------------------------------------------------


def _flip(chance: random.Random, content: bytearray) -> None:
    """A few bytes, most of them where the header is."""
    for _ in range(chance.randint(1, 8)):
        end = min(len(content), 1500) if chance.random() < 0.6 else len(content)
        content[chance.randrange(end)] = chance.randrange(256)


def _truncate(chance: random.Random, content: bytearray) -> None:
    del content[chance.randrange(1, len(content)) :]


def _lengths(chance: random.Random, content: bytearray) -> None:
    """The length of an element, of two bytes or of four."""
    places = [found.end() for found in _ELEMENT.finditer(content)]
    if not places:
        _flip(chance, content)
        return
    place = chance.choice(places)
    if chance.random() < 0.5:
        content[place : place + 2] = struct.pack("<H", chance.choice(_EXTREME))
    else:
        length = chance.choice((0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0, 1, len(content), 1 << 24))
        content[place + 2 : place + 6] = struct.pack("<I", length)


def _swap_tags(chance: random.Random, content: bytearray) -> None:
    places = [found.start() for found in _ELEMENT.finditer(content)]
    if len(places) < 2:
        _flip(chance, content)
        return
    one, other = chance.sample(places, 2)
    content[one : one + 4], content[other : other + 4] = content[other : other + 4], content[one : one + 4]


def _extreme_values(chance: random.Random, content: bytearray) -> None:
    """Numbers at their ends, words for numbers."""
    places = [found for found in _ELEMENT.finditer(content) if found[1] in (b"US", b"SS", b"DS", b"IS")]
    if not places:
        _flip(chance, content)
        return
    for found in chance.sample(places, min(len(places), chance.randint(1, 3))):
        start = found.end() + 2
        if start > len(content):
            continue
        (length,) = struct.unpack_from("<H", content, found.end())
        if found[1] in (b"US", b"SS"):
            content[start : start + 2] = struct.pack("<H", chance.choice(_EXTREME))
        else:
            content[start : start + length] = chance.choice(_DECIMAL)[:length].ljust(min(length, 64))


def _cut_or_repeat(chance: random.Random, content: bytearray) -> None:
    start = chance.randrange(len(content))
    piece = content[start : start + chance.randint(1, 400)]
    if chance.random() < 0.5:
        del content[start : start + len(piece)]
    else:
        content[start:start] = piece * chance.randint(1, 5)


def _blank(chance: random.Random, content: bytearray) -> None:
    start = chance.randrange(len(content))
    count = min(chance.randint(1, 300), len(content) - start)
    content[start : start + count] = bytes([chance.choice((0, 255))]) * count


WAYS: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip,
    _truncate,
    _lengths,
    _swap_tags,
    _extreme_values,
    _cut_or_repeat,
    _blank,
)


def mutated(originals: list[Path], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` damaged files, each with a name that says of what it was made and how."""
    chance = random.Random(seed)
    contents = {path: path.read_bytes() for path in originals}
    for number in range(count):
        path = chance.choice(originals)
        content = bytearray(contents[path])
        ways = [chance.choice(WAYS) for _ in range(1 if chance.random() < 0.7 else 2)]
        for way in ways:
            if content:
                way(chance, content)
        words = "+".join(way.__name__.strip("_") for way in ways)
        yield f"{number:06d}-{words}-{path.name}", bytes(content)


# -- what becomes of them ------------------------------------------------------------------------------


@dataclass
class Tally:
    """How many ended in which way; `wrong` has a line for each that did not end as it should."""

    counts: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def open_all(pool: ReaderPool, files: Iterator[tuple[str, bytes]], folder: Path) -> Tally:
    """Open and render every file through the pool, some at a time."""
    tally = Tally()
    under_way: deque[tuple[Path, list[HeaderOutcome], Wanted[None]]] = deque()
    for name, content in files:
        path = folder / name
        path.write_bytes(content)
        outcomes: list[HeaderOutcome] = []
        under_way.append((path, outcomes, pool.headers([str(path)], outcomes.extend, Urgency.SHOWN)))
        if len(under_way) >= 2 * pool.count:
            _conclude(pool, tally, *under_way.popleft())
    while under_way:
        _conclude(pool, tally, *under_way.popleft())
    return tally


def _conclude(
    pool: ReaderPool, tally: Tally, path: Path, outcomes: list[HeaderOutcome], wanted: object
) -> None:
    try:
        wanted.result(HANG_S)  # type: ignore[attr-defined]
        (outcome,) = outcomes
        if isinstance(outcome, Header):
            image: Image = pool.frame(outcome, 1).result(HANG_S)
            shown = render(image, initial_state(image))
            good = shown.dtype == np.uint8 and shown.shape[:2] == image.shape
            tally.counts["an image"] += 1
            if not good:
                tally.wrong.append(f"{path.name}: was rendered as {shown.dtype} {shown.shape}")
        else:
            raise outcome
    except StudyError as refusal:
        _judge(tally, path, str(refusal))
    except TimeoutError:
        tally.wrong.append(f"{path.name}: hangs")
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what is looked for here)
        tally.wrong.append(f"{path.name}: {type(error).__name__}: {error}")
    finally:
        path.unlink()


def _judge(tally: Tally, path: Path, sentence: str) -> None:
    """Whether a refusal is one sentence that names the file, and no hang."""
    if "took too long" in sentence:
        tally.wrong.append(f"{path.name}: hangs until it is ended")
    elif "ended the process" in sentence:
        tally.counts["a crash, told"] += 1
        tally.crashes.append(path.name)
    elif "cannot be read (" in sentence:
        tally.wrong.append(f"{path.name}: an error that nobody had expected: {sentence}")
    else:
        tally.counts["a sentence"] += 1
    if not sentence.startswith(f"{path}: ") or not sentence.endswith(".") or "\n" in sentence:
        tally.wrong.append(f"{path.name}: is told badly: {sentence!r}")
