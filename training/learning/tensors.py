"""The films of a training, decoded once.

Every epoch reads the same films; decoding them each time would take longer than learning from them.
They are kept as they are just before augmentation: cut to their lungs where the network is shown no more,
on its square, intensities in 256 steps, one byte a pixel. A CT image whose window is to be varied is kept in
a few other windows too: each is applied to the whole image before it is resized, as it would be for a reader.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from inference.card import Preprocessing
from inference.lung_mask import LungMask
from inference.lungs import LungFinder
from inference.preprocess import cropped, resize
from studies.display import full_range_window, network_intensities
from studies.errors import StudyError
from studies.image import Image, LookupTable, Window
from studies.reader import read
from training.learning.allowed import AllowedRegions
from training.learning.changes import WINDOWS, jittered
from training.learning.spread import IN_MEMORY, room_for
from training.plan import Plan
from training.room import sentence_of
from training.samples import Sample

DECODING_THREADS = 4
WAIT_S = 0.5  # how long decoding may go on before somebody can cancel
_DIGEST_BYTES = 16
_ABANDONED_AFTER_S = 3600.0


class Films:
    """Intensities of samples, in their order; call `decode` first.

    Parameters
    ----------
    lungs
        Finds the lungs; needed where `preprocessing` cuts films to them.
    allowed
        Takes up, film by film, where its lungs are.
    plan
        Says how far the windows of CT images are varied; without it they are not.

    Attributes
    ----------
    pixels
        (N, S, S) uint8.
    windows
        (M, WINDOWS, S, S) uint8: the CT images among them in other windows, in their order.
    readable
        (N,) bool; a film that could not be read stays black and is named in `failures`.
    remarks
        Sentences on what could not be kept for the next time.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        cache_folder: Path | None = None,
        lungs: LungFinder | None = None,
        allowed: AllowedRegions | None = None,
        plan: Plan | None = None,
    ) -> None:
        if preprocessing.crop == "lungs" and lungs is None:
            raise ValueError("films that are cut to their lungs need somebody to find them")
        self.samples = tuple(samples)
        self.preprocessing = preprocessing
        self.allowed = allowed
        self._lungs = lungs if preprocessing.crop == "lungs" or allowed is not None else None
        self.remarks: tuple[str, ...] = ()
        self._cache_folder = cache_folder
        side = preprocessing.input_size
        self._shape = (len(self.samples), side, side)
        self.pixels = torch.zeros((0, side, side), dtype=torch.uint8)
        self._plan = plan if plan is not None and plan.window_jitter > 0 else None
        ct = [i for i, s in enumerate(self.samples) if self._plan and s.header.modality == "CT"]
        self._place_in_windows = {row: place for place, row in enumerate(ct)}
        self._windows_shape = (len(ct), WINDOWS, side, side)
        self.windows = torch.zeros((0, WINDOWS, side, side), dtype=torch.uint8)
        self.readable: NDArray[np.bool_] = np.zeros(len(self.samples), bool)
        self.failures: tuple[str, ...] = ()
        self._left_out: frozenset[int] = frozenset()
        self._stored = cache_folder / f"films-{self._key()}.npy" if cache_folder else None

    @classmethod
    def of(
        cls,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        pixels: torch.Tensor,
        *,
        allowed: AllowedRegions | None = None,
        windows: torch.Tensor | None = None,
        windowed: Sequence[int] = (),
    ) -> Films:
        """Films that were decoded elsewhere: (N, S, S) uint8, cut as the network wants them.

        Parameters
        ----------
        windows, windowed
            (M, WINDOWS, S, S) uint8, and which M of the films they are.
        """
        films = cls(samples, replace(preprocessing, crop="none"))
        films.preprocessing, films.pixels, films.allowed = preprocessing, pixels, allowed
        if windows is not None:
            films.windows = windows
            films._place_in_windows = {row: place for place, row in enumerate(windowed)}
        films.readable[:] = True
        return films

    @property
    def windowed(self) -> tuple[int, ...]:
        """Which of the films are in `windows`, in its order."""
        return tuple(self._place_in_windows)

    def leave_out(self, images: frozenset[str]) -> None:
        """Do not decode the films of these names (`Sample.image`), even if they can be read by now."""
        self._left_out = frozenset(i for i, s in enumerate(self.samples) if s.image in images)

    def digests(self) -> dict[str, str]:
        """By `Sample.image`: what the network is shown of each film, as a digest; empty where it cannot be
        read."""
        told = {}
        for i, sample in enumerate(self.samples):
            digest = blake2b(self.pixels[i].numpy().tobytes(), digest_size=_DIGEST_BYTES)
            if i in self._place_in_windows:
                digest.update(self.windows[self._place_in_windows[i]].numpy().tobytes())
            if self.allowed is not None:
                digest.update(self.allowed.lungs[i].numpy().tobytes() + self.allowed.boxes[i].tobytes())
            told[sample.image] = digest.hexdigest() if self.readable[i] else ""
        return told

    def decode(self, threads: int = DECODING_THREADS) -> Iterator[tuple[int, int]]:
        """Fill `pixels`; yields (done, all) at least every half second."""
        total = len(self.samples)
        if self.readable.all() or self._load():
            self.readable[list(self._left_out)] = False
            yield total, total
            return
        self.pixels, self.windows = self._room(self._shape), self._room(self._windows_shape)
        pool = ThreadPoolExecutor(threads)
        failures: dict[int, str] = {}
        try:
            open_: set[Future[str | None]] = set()
            number: dict[Future[str | None], int] = {}
            for i in range(total):
                number[job := pool.submit(self._decode_one, i)] = i
                open_.add(job)
            while open_:
                finished, open_ = wait(open_, timeout=WAIT_S, return_when=FIRST_COMPLETED)
                for job in finished:
                    reason = job.result()
                    if reason is not None:
                        failures[number[job]] = reason
                self.failures = tuple(failures[i] for i in sorted(failures))
                yield total - len(open_), total
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        if not failures:
            try:
                self._store()
                if self.pixels.nbytes > IN_MEMORY:
                    self._load()  # what was stored, in place of a second file
            except OSError as error:  # the training does not need it
                room = self.pixels.nbytes + self.windows.nbytes
                self.remarks += (f"{sentence_of(self._stored or Path(), error, room)}; it goes on without.",)
                yield total, total

    def batch(
        self,
        indices: Sequence[int] | NDArray[np.int64],
        device: torch.device,
        windows: NDArray[np.int64] | None = None,
    ) -> torch.Tensor:
        """(B, S, S) float32 intensities in [0, 1].

        Parameters
        ----------
        windows
            (B,) in which window each is wanted where it is a CT image: 0 for its own.
        """
        rows = np.asarray(indices, np.int64)
        chosen = self.pixels[torch.as_tensor(rows)]
        if windows is not None and self._place_in_windows:
            for b in np.flatnonzero(windows):
                place = self._place_in_windows.get(int(rows[b]))
                if place is not None:
                    chosen[b] = self.windows[place, int(windows[b]) - 1]
        return chosen.to(device).float() / 255

    def _room(self, shape: tuple[int, ...]) -> torch.Tensor:
        try:
            return room_for(shape, self._cache_folder)
        except OSError as error:
            where = self._cache_folder or Path()
            self.remarks = (f"{sentence_of(where / 'films', error, math.prod(shape))}; they lie in memory.",)
            return room_for(shape, None)

    def _decode_one(self, i: int) -> str | None:
        sample = self.samples[i]
        if i in self._left_out:
            name = Path(sample.header.path).name
            return f"{name} could not be read when this training began, so it is left out"
        try:
            image = read(sample.header, sample.frame)
            intensities = network_intensities(image)
        except StudyError as error:
            return str(error)
        mask = self._lungs.find_in(intensities) if self._lungs is not None else None
        self.pixels[i] = self._on_square(intensities, mask)
        if self._plan is not None and i in self._place_in_windows:
            for version, other in enumerate(_otherwise(image, self._plan, i)):
                square = self._on_square(network_intensities(other), mask)
                self.windows[self._place_in_windows[i], version] = square
        if self.allowed is not None:
            self.allowed.note(i, intensities.shape, mask)
        self.readable[i] = True
        return None

    def _on_square(self, intensities: NDArray[np.float32], mask: LungMask | None) -> torch.Tensor:
        """(S, S) uint8."""
        shown = cropped(intensities, self.preprocessing, mask)
        square = resize(shown, self.preprocessing, self.preprocessing.input_size)
        return (square * 255).round().to(torch.uint8)

    def _key(self) -> str:
        """Changes with every film and with everything about its geometry, not with augmentation."""
        told: list[int | str] = [self.preprocessing.input_size, self.preprocessing.geometry]
        if self._lungs is not None:
            told.append(self._lungs.card.weights_sha256)
        if self.allowed is not None:
            told.append(f"masks, crop {self.preprocessing.crop}")
        if self._plan is not None and self._place_in_windows:
            told.append(f"windows {self._plan.window_jitter} {self._plan.seed}")
        films = [[s.header.path, s.image, *_age(s.header.path)] for s in self.samples]
        return hashlib.sha256(json.dumps([told, films]).encode()).hexdigest()[:24]

    def _load(self) -> bool:
        if self._stored is None or not self._stored.exists():
            return False
        try:
            pixels = np.load(self._stored, mmap_mode="c", allow_pickle=False)  # read as it is needed
            if self._place_in_windows:
                windows = np.load(_windows_beside(self._stored), mmap_mode="c", allow_pickle=False)
                if windows.shape != self._windows_shape or windows.dtype != np.uint8:
                    return False
                self.windows = torch.from_numpy(windows)
            if self.allowed is not None and not self.allowed.load(self._stored.with_suffix(".npz")):
                return False
        except (OSError, ValueError, EOFError):
            return False
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            return False
        self.pixels = torch.from_numpy(pixels)
        self.readable[:] = True
        return True

    def _store(self) -> None:
        if self._stored is None:
            return
        self._stored.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self._stored.parent)
        if self.allowed is not None:  # first: pixels that are there have their masks
            _write(self._stored.with_suffix(".npz"), self.allowed.save)
        if self._place_in_windows:
            _write(_windows_beside(self._stored), partial(_save, self.windows))
        _write(self._stored, partial(_save, self.pixels))


def _otherwise(image: Image, plan: Plan, sample: int) -> Iterator[Image]:
    """A CT image as it is through other windows; one that a lookup table shows stays as it is."""
    voi = image.voi[0] if image.voi else full_range_window(image)
    for center, width in jittered(plan, sample, *_ends(voi)):
        window = replace(voi, center=center, width=width) if isinstance(voi, Window) else voi
        yield replace(image, voi=(window,))


def _ends(voi: Window | LookupTable) -> tuple[float, float]:
    return (voi.center, voi.width) if isinstance(voi, Window) else (0.0, 1.0)


def _windows_beside(path: Path) -> Path:
    return path.with_suffix(".windows.npy")


def _save(tensor: torch.Tensor, stream: BinaryIO) -> None:
    """Write an array by `write` alone: where numpy knows the file itself, it does not say why it failed."""
    np.save(_Written(stream), tensor.numpy())


class _Written:
    def __init__(self, stream: BinaryIO) -> None:
        self.write = stream.write


def _write(path: Path, save: Callable[[BinaryIO], None]) -> None:
    """Write a file as a whole or not at all."""
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            save(stream)
        Path(part).replace(path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def _remove_abandoned(folder: Path) -> None:
    """What a process left behind that died while writing."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED_AFTER_S:
                part.unlink()


def _age(path: str) -> tuple[int, int]:
    """Size and time of change of a file, (0, 0) where it is gone."""
    try:
        told = Path(path).stat()
    except OSError:
        return 0, 0
    return told.st_size, told.st_mtime_ns
