"""Embeddings on disk, so that a head is re-fitted without running the encoder again.

Half precision, one file an embedding, oldest thrown away first. What is here can always be computed
again: a file that is damaged or cannot be written costs time, never a result.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.card import ModelCard
from studies.image import Header

_log = logging.getLogger(__name__)

_BLOCK = 4096


def feature_key(card: ModelCard, header: Header, frame: int) -> str:
    """Name of one frame's embedding: SHA-256 over encoder, preprocessing and image, as hex."""
    what = {
        "weights": card.weights_sha256,
        "preprocessing": asdict(card.preprocessing),
        "image": [header.sop_instance_uid, header.content_hash, frame],
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


class FeatureCache:
    """Embeddings in `folder`, which is made when something is first put there.

    `limit_bytes` bounds what they take on the disk, where a small file takes a whole block.
    """

    def __init__(self, folder: Path, limit_bytes: int = 512 * 1024 * 1024):
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._bytes: int | None = None  # unknown until the first put looks

    def get(self, key: str) -> NDArray[np.float32] | None:
        """The (D,) float32 embedding, or None where there is none."""
        path = self._path(key)
        try:
            vector = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError):
            _log.warning("A cached embedding is damaged and will be computed again: %s", path.name)
            path.unlink(missing_ok=True)
            return None
        return np.asarray(vector, dtype=np.float32)

    def put(self, key: str, vector: NDArray[np.float32]) -> None:
        """Keep a (D,) embedding. One that half precision cannot hold, or a full disk, keeps nothing."""
        with np.errstate(over="ignore"):
            half = np.asarray(vector, dtype=np.float16)
        if not np.isfinite(half).all():
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
                try:
                    np.save(file, half, allow_pickle=False)
                    file.flush()
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            added = 0 if path.exists() else max(Path(file.name).stat().st_size, _BLOCK)
            Path(file.name).replace(path)
        except OSError as error:
            _log.warning("An embedding could not be cached: %s", error.strerror)
            return
        self._bytes = self._measure() if self._bytes is None else self._bytes + added
        if self._bytes > self._limit_bytes:
            self._drop_oldest()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.npy"

    def _files(self) -> list[tuple[int, int, Path]]:
        """(time in ns, bytes, path) of every embedding; other processes may add and remove meanwhile."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime_ns, max(status.st_size, _BLOCK), path))
        return found

    def _measure(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _drop_oldest(self) -> None:
        """Down to nine tenths of the limit, so that this is not done at every put."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._limit_bytes * 0.9:
                break
            path.unlink(missing_ok=True)
            left -= size
        self._bytes = left
