"""A head that was re-fitted from reviews, for an encoder that stays as it is. Needs numpy only."""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.card import Task
from inference.errors import InvalidWeights


@dataclass(frozen=True, slots=True, eq=False)
class AdaptedHead:
    """A linear head.

    Parameters
    ----------
    base
        Id of the model whose embeddings it reads.
    weight, bias
        (K, D) and (K,) float32.
    findings
        The K findings' machine names, in the base card's order.
    reviews
        How many reviews it was fitted from.
    """

    base: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    findings: tuple[str, ...]
    reviews: int

    def probabilities(
        self, embedding: NDArray[np.float32], temperature: float, task: Task
    ) -> NDArray[np.float32]:
        """(K,) probabilities for one (D,) embedding, or (N, K) for (N, D)."""
        return probabilities_of(embedding @ self.weight.T + self.bias, temperature, task)

    def write(self, path: Path) -> None:
        """Write an .npz file; the old one stands until the new one is complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as made:
            part = Path(made.name)
        try:
            with part.open("wb") as file:
                np.savez(
                    file,
                    base=np.array(self.base),
                    weight=self.weight.astype(np.float32),
                    bias=self.bias.astype(np.float32),
                    findings=np.array(self.findings, dtype=np.str_),
                    reviews=np.array(self.reviews),
                )
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError):  # a full disk does not say which file did not fit
                raise OSError(error.errno, error.strerror, str(path)) from error
            raise

    @classmethod
    def read(cls, path: Path) -> AdaptedHead:
        """Read what `write` wrote; raise `InvalidWeights` with one sentence when it is not that."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                head = cls(
                    base=str(stored["base"]),
                    weight=stored["weight"].astype(np.float32),
                    bias=stored["bias"].astype(np.float32),
                    findings=tuple(str(name) for name in stored["findings"]),
                    reviews=int(stored["reviews"]),
                )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise InvalidWeights(f"{path} is not an adapted head: {error}.") from error
        count = len(head.findings)
        if head.weight.ndim != 2 or head.weight.shape[0] != count or head.bias.shape != (count,):
            raise InvalidWeights(
                f"{path} is not an adapted head: {count} findings, but weights of shape "
                f"{head.weight.shape} and {head.bias.shape}."
            )
        return head


def probabilities_of(logits: NDArray[np.float32], temperature: float, task: Task) -> NDArray[np.float32]:
    """Calibrated probabilities: softmax (one of many) or sigmoid (several) of logits over temperature.

    Parameters
    ----------
    logits
        (..., K).
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if task == "multilabel":
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scaled)), dtype=np.float32)
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    shares = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return np.asarray(shares, dtype=np.float32)
