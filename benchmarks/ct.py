"""Opening and scrolling a CT of 500 slices, 512 x 512, 16 bit.

    QT_QPA_PLATFORM=offscreen python benchmarks/ct.py [--slices 500] [--repeats 3]

Opening is what the window does: `app.gui.films.Films` is told which slice is shown, with the readers up as
they are when somebody opens a series; it is measured until that slice is ready and until all are kept. Beside
it stands decoding alone on all cores: a `concurrent.futures.ProcessPoolExecutor`, warm, that maps
`studies.reader.read` over the slices in chunks of eight and sends no pixels back. Scrolling shows every kept
slice in the real viewer of 1200 x 1000 (`show_image` and a repaint of the canvas), forwards and back.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from studies.image import Header  # noqa: E402
from studies.reader import read  # noqa: E402
from studies.scan import Found, assemble, scan  # noqa: E402
from tests.studies.files import write_dicom, write_frames  # noqa: E402

SYNTAXES: dict[str, tuple[str, Callable[[NDArray[np.uint16]], bytes] | None]] = {
    "uncompressed": (uid.ExplicitVRLittleEndian, None),
    "JPEG lossless": (uid.JPEGLosslessSV1, lambda p: bytes(imagecodecs.ljpeg_encode(p, bitspersample=16))),
    "JPEG 2000": (
        uid.JPEG2000Lossless,
        lambda p: bytes(imagecodecs.jpeg2k_encode(p, reversible=True, level=0, codecformat="j2k")),
    ),
}


def main() -> int:
    """Print opening and scrolling for every transfer syntax."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    choice = parser.parse_args()
    print(f"{choice.slices} slices of 512 x 512, 16 bit; median of {choice.repeats}")
    print(f"{'':14}{'first':>9}{'whole':>9}{'alone':>9}{'first/whole':>13}{'whole/alone':>13}")
    for name, (syntax, encode) in SYNTAXES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_series(Path(folder), choice.slices, syntax, encode)
            (study,) = assemble(item.header for item in scan([Path(folder)]) if isinstance(item, Found))
            frames = study.series[0].frames
            alone = decode_alone([header for header, _ in frames], choice.repeats)
            first, whole = open_series(frames, choice.repeats)
            print(
                f"{name:14}{first:8.3f}s{whole:8.2f}s{alone:8.2f}s{first / whole:13.3f}{whole / alone:13.2f}",
                flush=True,
            )
    scroll(choice.slices)
    return 0


def write_series(
    folder: Path, slices: int, syntax: str, encode: Callable[[NDArray[np.uint16]], bytes] | None
) -> None:
    """A body with grain, whose outline changes from slice to slice."""
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    grain = np.random.default_rng(0).normal(0, 15, (512, 512))
    for number in range(slices):
        radius = x**2 / 0.7 + y**2 / (0.5 + 0.2 * np.sin(number / 60))
        body = np.where(radius < 0.8, 1040 + 60 * np.cos(9 * x + number / 20), 24)
        pixels = np.clip(body + np.roll(grain, number, axis=1), 0, 4095).astype(np.uint16)
        elements = {
            "Modality": "CT", "SOPInstanceUID": f"1.2.9.{number + 1}", "InstanceNumber": number + 1,
            "ImagePositionPatient": [0, 0, number], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 40, "WindowWidth": 400,
            "BitsStored": 16, "PixelSpacing": [0.7, 0.7],
        }  # fmt: skip
        path = folder / f"{number:04d}.dcm"
        if encode is None:
            write_dicom(path, pixels, **elements)
        else:
            write_frames(path, syntax, [encode(pixels)], pixels, **elements)


def decode(header: Header) -> int:
    """Decode a slice and send nothing of it back."""
    return int(read(header, 1).pixels[0, 0])


def decode_alone(headers: list[Header], repeats: int) -> float:
    """Seconds to decode all on all cores."""
    from studies.reader_task import usable_cores

    times = []
    with ProcessPoolExecutor(usable_cores(), mp_context=get_context("spawn")) as pool:
        list(pool.map(decode, headers[:32]))
        for _ in range(repeats):
            started = time.perf_counter()
            for _ in pool.map(decode, headers, chunksize=8):
                pass
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def open_series(frames: tuple[tuple[Header, int], ...], repeats: int) -> tuple[float, float]:
    """Seconds until the first slice is ready, and until all are kept."""
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    from app.gui.film_cache import FilmCache
    from app.gui.films import Films
    from studies.reader_pool import ReaderPool

    _ = QApplication.instance() or QApplication(sys.argv[:1])
    pool = ReaderPool()
    for wanted in [pool.thumbnail(*frames[0]) for _ in range(8)]:
        wanted.result()
    firsts, wholes = [], []
    for _ in range(repeats):
        films = Films(pool, FilmCache(2 * 1024**3))
        loop = QEventLoop()
        came: list[float] = []

        def on_ready(
            key: object,
            image: object,
            came: list[float] = came,
            loop: QEventLoop = loop,
        ) -> None:
            came.append(time.perf_counter())
            if len(came) == len(frames):
                loop.quit()

        films.ready.connect(on_ready)
        started = time.perf_counter()
        films.show("view", frames, 0)
        loop.exec()
        firsts.append(came[0] - started)
        wholes.append(came[-1] - started)
        films.close()
    pool.close()
    return statistics.median(firsts), statistics.median(wholes)


def scroll(slices: int) -> None:
    """Frames a second while every slice is shown in turn."""
    from PySide6.QtWidgets import QApplication

    from widgets import theme
    from widgets.viewer import Viewer

    application = QApplication.instance() or QApplication(sys.argv[:1])
    theme.apply(application)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder), slices, uid.ExplicitVRLittleEndian, None)
        headers = [item.header for item in scan([Path(folder)]) if isinstance(item, Found)]
        images = [read(header, 1) for header in headers]
    viewer = Viewer()
    viewer.resize(1200, 1000)
    viewer.show()
    viewer.show_image(images[0])
    application.processEvents()
    times = []
    for number, image in [*enumerate(images), *reversed(list(enumerate(images)))]:
        started = time.perf_counter()
        viewer.show_image(image, keep_view=True)
        viewer.set_position(number, slices)
        viewer.grab()
        times.append(time.perf_counter() - started)
        application.processEvents()
    times.sort()
    mean, late = statistics.mean(times), times[int(0.95 * len(times))]
    print(
        f"scrolling in the viewer: {1 / mean:.0f} frames a second"
        f" (mean {mean * 1e3:.1f} ms, 95th percentile {late * 1e3:.1f} ms)"
    )


if __name__ == "__main__":
    sys.exit(main())
