"""A head that was re-fitted from reviews, for an encoder that stays as it is. Needs numpy only."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.card import FindingName, ModelCard, Task
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
        The K findings' machine names: in the base card's order, then those that readers added.
    reviews
        How many reviews it was fitted from.
    added
        The findings that readers added: the last ones of `findings`.
    trust
        (K,) float32 in [0, 1]: what share of what the logits say of a finding is believed; the rest goes to
        the others, as they stand to each other. None stands for 1 everywhere.
    base_sha256
        Of the base model's weights: a bundled model keeps its id when it gets others. Empty in heads that
        were written before this was.
    """

    base: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    findings: tuple[str, ...]
    reviews: int
    added: tuple[FindingName, ...] = ()
    trust: NDArray[np.float32] | None = None
    base_sha256: str = ""

    def probabilities(
        self, embedding: NDArray[np.float32], temperature: float, task: Task
    ) -> NDArray[np.float32]:
        """(K,) probabilities for one (D,) embedding, or (N, K) for (N, D)."""
        said = probabilities_of(embedding @ self.weight.T + self.bias, temperature, task)
        return said if self.trust is None else believed(said, self.trust, task)

    def sha256_on(self, card: ModelCard) -> str:
        """SHA-256 of a model's weights and this head together: of what a re-fitted head said."""
        parts = [self.weight, self.bias, *([] if self.trust is None else [self.trust])]
        digest = hashlib.sha256(card.weights_sha256.encode())
        for part in parts:
            digest.update(np.ascontiguousarray(part, np.float32).tobytes())
        return digest.hexdigest()

    def fits(self, card: ModelCard) -> bool:
        """Whether it was fitted for this model: its findings, and perhaps some that readers added."""
        own = self.findings[: len(self.findings) - len(self.added)]
        is_from_before = not self.base_sha256 and not card.bundled
        is_same = is_from_before or self.base_sha256 == card.weights_sha256
        return self.base == card.id and own == card.finding_names and is_same

    def card_of(self, card: ModelCard) -> ModelCard:
        """The base model's card with the findings that this head answers."""
        return replace(card, findings=(*card.findings, *self.added)) if self.added else card

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
                    added=np.array([(f.name, f.display) for f in self.added], np.str_).reshape(-1, 2),
                    trust=np.ones(len(self.findings), np.float32) if self.trust is None else self.trust,
                    base_sha256=np.array(self.base_sha256),
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
                    added=_added_in(stored),
                    trust=stored["trust"].astype(np.float32) if "trust" in stored else None,
                    base_sha256=str(stored["base_sha256"]) if "base_sha256" in stored else "",
                )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise InvalidWeights(f"{path} is not an adapted head: {error}.") from error
        count = len(head.findings)
        if head.weight.ndim != 2 or head.weight.shape[0] != count or head.bias.shape != (count,):
            raise InvalidWeights(
                f"{path} is not an adapted head: {count} findings, but weights of shape "
                f"{head.weight.shape} and {head.bias.shape}."
            )
        known = count - len(head.added)
        if head.findings[known:] != tuple(f.name for f in head.added) or (
            head.trust is not None and head.trust.shape != (count,)
        ):
            raise InvalidWeights(f"{path} is not an adapted head: what readers added does not fit the rest.")
        return head


def _added_in(stored: Mapping[str, NDArray[Any]]) -> tuple[FindingName, ...]:
    """Findings that readers added; heads that were written before there were any have none."""
    pairs = stored.get("added", ())
    return tuple(FindingName(str(name), str(display)) for name, display in pairs)


def believed(said: NDArray[np.float32], trust: NDArray[np.float32], task: Task) -> NDArray[np.float32]:
    """(..., K) probabilities of which a share is believed; of one of many the others get what is left."""
    kept = said * trust
    if task == "multilabel":
        return np.asarray(kept, np.float32)
    # Where nothing else is likely at all, what is not believed goes to those that are known evenly.
    others = said * (trust >= 1.0) + np.float32(1e-7) * (trust >= 1.0)
    left = (said - kept).sum(axis=-1, keepdims=True)
    return np.asarray(kept + left * others / others.sum(axis=-1, keepdims=True), np.float32)


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
