"""What decoding in a reader's process costs over decoding in one's own.

    python benchmarks/decoding.py [--rows 2500] [--columns 3000] [--repeats 7]

A film of 16 bits is written in every transfer syntax. Each is read in this process (`studies.reader.read`)
and through the pool (`studies.reader_pool`), in turn, and the median of each is printed with their ratio.
The pixels are looked through once within the time, as painting them would, and the last films are kept, as
the window keeps them: memory that was just given back costs less than memory that is new.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.pixels.encoders import RLELosslessEncoder

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from studies.image import Image  # noqa: E402
from studies.reader import read, read_header  # noqa: E402
from studies.reader_pool import ReaderPool  # noqa: E402
from tests.studies.files import dataset_of, save, write_frames  # noqa: E402

KEPT = 8


def film(rows: int, columns: int) -> NDArray[np.uint16]:
    """Something like a film of 12 bits stored in 16: broad shadows, edges, and grain."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    y, x = y / rows, x / columns
    shadows = 1800 + 1200 * np.sin(5 * x) * np.cos(4 * y) + 400 * ((x * 12).astype(int) % 2)
    grain = np.random.default_rng(0).normal(0, 12, shadows.shape)
    return np.clip(shadows + grain, 0, 4095).astype(np.uint16)


def encoders() -> dict[str, tuple[str, Callable[[NDArray[np.uint16]], bytes] | None]]:
    """Name of a transfer syntax, its UID, and how a frame of it is made (None: not compressed)."""

    def rle(pixels: NDArray[np.uint16]) -> bytes:
        return RLELosslessEncoder.encode(
            pixels,
            rows=pixels.shape[0],
            columns=pixels.shape[1],
            samples_per_pixel=1,
            bits_allocated=16,
            bits_stored=16,
            pixel_representation=0,
            photometric_interpretation="MONOCHROME2",
            number_of_frames=1,
        )

    return {
        "uncompressed": (uid.ExplicitVRLittleEndian, None),
        "big endian": (uid.ExplicitVRBigEndian, None),
        "deflated": (uid.DeflatedExplicitVRLittleEndian, None),
        "RLE": (uid.RLELossless, rle),
        "JPEG lossless": (
            uid.JPEGLosslessSV1,
            lambda p: bytes(imagecodecs.ljpeg_encode(p, bitspersample=16)),
        ),
        "JPEG-LS": (uid.JPEGLSLossless, lambda p: bytes(imagecodecs.jpegls_encode(p))),
        "JPEG 2000": (
            uid.JPEG2000Lossless,
            lambda p: bytes(imagecodecs.jpeg2k_encode(p, reversible=True, level=0, codecformat="j2k")),
        ),
    }


def main() -> int:
    """Print one line a transfer syntax."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2500)
    parser.add_argument("--columns", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=7)
    choice = parser.parse_args()
    pixels = film(choice.rows, choice.columns)
    pool = ReaderPool()
    pool.start()
    print(f"{choice.columns} x {choice.rows}, 16 bit; median of {choice.repeats}; milliseconds")
    print(f"{'':16}{'own process':>12}{'reader':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (syntax, encode) in encoders().items():
            path = Path(folder) / "film.dcm"
            if encode is None:
                order = ">u2" if syntax == uid.ExplicitVRBigEndian else "<u2"
                save(path, dataset_of(pixels), pixels.astype(order).tobytes(), syntax)
            else:
                write_frames(path, syntax, [encode(pixels)], pixels)
            own, other = compare(pool, path, choice.repeats)
            print(f"{name:16}{own * 1e3:12.1f}{other * 1e3:10.1f}{other / own:8.2f}", flush=True)
    pool.close()
    return 0


def compare(pool: ReaderPool, path: Path, repeats: int) -> tuple[float, float]:
    """Median seconds of reading a file here and through the pool, in turn."""
    header = read_header(path)
    own, other = [], []
    kept_own: deque[Image] = deque(maxlen=KEPT)
    kept_other: deque[Image] = deque(maxlen=KEPT)
    for turn in range(repeats + 1):
        started = time.perf_counter()
        kept_own.append(read(header, 1))
        here = int(kept_own[-1].pixels.max())
        own.append(time.perf_counter() - started)
        started = time.perf_counter()
        kept_other.append(pool.frame(header, 1).result())
        there = int(kept_other[-1].pixels.max())
        other.append(time.perf_counter() - started)
        if here != there:
            sys.exit(f"{path}: not the same film ({here}, {there})")
        if turn == 0:
            own.clear()
            other.clear()
    return statistics.median(own), statistics.median(other)


if __name__ == "__main__":
    sys.exit(main())
