"""What networks saw in images, on disk: so that a head is re-fitted, and an image looked at again, without
running the encoder or decoding the file.

Two files an image: the embedding in half precision, which is all that a head needs; and everything that a
second look needs, the features in half precision. What is here can always be computed again: a file that is
damaged or cannot be written costs time, never a result.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inference.bounded_folder import BoundedFolder
from inference.card import ModelCard
from studies.image import Header

if TYPE_CHECKING:
    from inference.lung_mask import LungMask

EMBEDDINGS_BYTES = 512 * 1024 * 1024
SEEN_BYTES = 2 * 1024 * 1024 * 1024

_NUMBER = struct.Struct("<f")  # how unfamiliar an image is, behind its embedding


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one pass over one frame gave, and what else a look is made of.

    Parameters
    ----------
    embedding
        (D,) float32: what the last linear layer sees.
    logits
        (K,) float32, exactly those of the pass.
    features
        What `inference.evidence.from_features` takes, without the axis of the batch, float32; None where
        the network has none.
    box
        See `inference.preprocess.covered_box`.
    warnings
        The image's own.
    lungs
        None where nobody looked for them.
    lung_shares
        Of each finding's Grad-CAM map, in the card's order, the share of what is positive that lies in the
        lungs; None for one that has none. Empty where no maps were worked out.
    unfamiliarity
        See `inference.prediction.Prediction`.
    likeness
        See `inference.prediction.Look`.
    """

    embedding: NDArray[np.float32]
    logits: NDArray[np.float32]
    features: NDArray[np.float32] | None
    box: tuple[float, float, float, float]
    warnings: tuple[str, ...]
    lungs: LungMask | None
    lung_shares: tuple[float | None, ...] = ()
    unfamiliarity: float | None = None
    likeness: bytes | None = None


def feature_key(card: ModelCard, header: Header, frame: int) -> str:
    """Name of one frame's embedding: SHA-256 over encoder, preprocessing and image, as hex."""
    what = {
        "weights": card.weights_sha256,
        "preprocessing": asdict(card.preprocessing),
        "image": [header.sop_instance_uid, header.content_hash, frame],
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


class FeatureCache:
    """What is kept in `folder`, which is made when something is first put there.

    Parameters
    ----------
    limit_bytes, seen_limit_bytes
        What embeddings, and what everything else may take on the disk.
    """

    def __init__(self, folder: Path, limit_bytes: int = EMBEDDINGS_BYTES, seen_limit_bytes: int = SEEN_BYTES):
        self._embeddings = BoundedFolder(folder, ".npy", limit_bytes)
        self._seen = BoundedFolder(folder / "seen", ".safetensors", seen_limit_bytes)

    def get(self, key: str) -> NDArray[np.float32] | None:
        """The (D,) float32 embedding, or None where there is none."""
        payload = self._embeddings.get(key)
        if payload is None:
            return None
        try:
            vector = np.load(io.BytesIO(payload), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            self._embeddings.forget(key)
            return None
        return np.asarray(vector, dtype=np.float32)

    def unfamiliarity(self, key: str) -> float | None:
        """How unfamiliar the image of an embedding is; None where that is not known."""
        payload = self._embeddings.get(key)
        found = _NUMBER.unpack(payload[-_NUMBER.size :])[0] if payload is not None else math.nan
        return float(found) if math.isfinite(found) else None

    def described(self, key: str) -> tuple[NDArray[np.float32], float | None] | None:
        """Embedding and unfamiliarity at once, from one look at the disk; None where there is none."""
        payload = self._embeddings.get(key)
        if payload is None:
            return None
        try:
            vector = np.load(io.BytesIO(payload), allow_pickle=False)
            (unfamiliarity,) = _NUMBER.unpack(payload[-_NUMBER.size :])
        except (OSError, ValueError, EOFError, struct.error):
            self._embeddings.forget(key)
            return None
        is_known = math.isfinite(unfamiliarity)
        return np.asarray(vector, dtype=np.float32), float(unfamiliarity) if is_known else None

    def put(self, key: str, vector: NDArray[np.float32], unfamiliarity: float | None = None) -> None:
        """Keep a (D,) embedding. One that half precision cannot hold, or a full disk, keeps nothing."""
        half = _half(vector)
        if half is None:
            return
        stream = io.BytesIO()
        np.save(stream, half, allow_pickle=False)
        stream.write(_NUMBER.pack(math.nan if unfamiliarity is None else unfamiliarity))
        self._embeddings.put(key, stream.getvalue())

    def recall(self, key: str, header: Header, version: str = "") -> Seen | None:
        """What `keep` kept of a frame; None where nothing was, or where its file is another one by now.

        Parameters
        ----------
        version
            Changes with what is not the encoder and has a part in what was seen: what finds lungs, what
            knows typical images.
        """
        stamp = _stamp(header, version)
        payload = self._seen.get(key) if stamp is not None else None
        if payload is None:
            return None
        try:
            arrays = load(payload)
            about = json.loads(arrays["about"].tobytes())
            if about["stamp"] != stamp:
                return None
            return _seen_of(arrays, about)
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError):
            self._seen.forget(key)
            return None

    def keep(self, key: str, header: Header, seen: Seen, version: str = "") -> None:
        """Keep what was seen of a frame, unless half precision cannot hold its features."""
        stamp = _stamp(header, version)
        features = None if seen.features is None else _half(seen.features)
        if stamp is None or (features is None) != (seen.features is None):
            return
        about: dict[str, object] = {
            "stamp": stamp,
            "box": seen.box,
            "warnings": seen.warnings,
            "lung_shares": seen.lung_shares,
            "unfamiliarity": seen.unfamiliarity,
            "likeness": None if seen.likeness is None else seen.likeness.hex(),
        }
        # Logits and embedding are whole, so that a second look says to the last digit what the first said.
        arrays: dict[str, NDArray[Any]] = {
            "embedding": np.ascontiguousarray(seen.embedding, np.float32),
            "logits": np.ascontiguousarray(seen.logits, np.float32),
        }
        if features is not None:
            arrays["features"] = features
        if seen.lungs is not None:
            about["lungs"] = {"box": seen.lungs.box, "is_plausible": seen.lungs.is_plausible}
            arrays["lungs"] = np.ascontiguousarray(seen.lungs.grid)
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        self._seen.put(key, save(arrays))


def _half(values: NDArray[np.float32]) -> NDArray[np.float16] | None:
    """In half precision, None where that cannot hold it."""
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(values, dtype=np.float16)
    return half if np.isfinite(half).all() else None


def _stamp(header: Header, version: str) -> list[object] | None:
    """What changes when a file is replaced by another of the same name; None where there is no file."""
    try:
        status = Path(header.path).stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, version]


def _seen_of(arrays: dict[str, NDArray[Any]], about: dict[str, object]) -> Seen:
    from inference.lung_mask import LungMask  # OpenCV: not for everybody who has a workplace

    told = about.get("lungs")
    lungs = None
    if isinstance(told, dict):
        grid = np.asarray(arrays["lungs"], dtype=np.uint8)
        lungs = LungMask(grid, _box(told["box"]), bool(told["is_plausible"]))
    features = arrays.get("features")
    warnings, shares = about["warnings"], about["lung_shares"]
    if not isinstance(warnings, list) or not isinstance(shares, list):
        raise TypeError("its warnings or shares are no lists")
    return Seen(
        np.asarray(arrays["embedding"], dtype=np.float32),
        np.asarray(arrays["logits"], dtype=np.float32),
        None if features is None else np.asarray(features, dtype=np.float32),
        _box(about["box"]),
        tuple(str(warning) for warning in warnings),
        lungs,
        tuple(_number(share) for share in shares),
        _number(about["unfamiliarity"]),
        None if (likeness := about.get("likeness")) is None else bytes.fromhex(str(likeness)),
    )


def _number(value: object) -> float | None:
    if value is not None and not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return None if value is None else float(value)


def _box(values: object) -> tuple[float, float, float, float]:
    if not isinstance(values, list) or len(values) != 4:
        raise ValueError(f"{values!r} is no box")
    top, left, bottom, right = (float(value) for value in values)
    return top, left, bottom, right
