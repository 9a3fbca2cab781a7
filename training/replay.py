"""Films that a model was trained on, as it sees them: so that re-fitting its head does not forget them.

What is kept is their embeddings and what is true of them, not one image. Free of torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inference.card import REPLAY, ModelCard
from inference.errors import InvalidWeights
from inference.registry import ModelRegistry, content_of
from training.samples import Sample

MOST_FILMS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """Embeddings and labels of some films.

    Parameters
    ----------
    embeddings
        (N, D) float32: what the last linear layer sees. Kept in half precision.
    truth
        (N, K) int8: 1 present, 0 absent, -1 unknown.
    findings
        The K findings' machine names.
    """

    embeddings: NDArray[np.float32]
    truth: NDArray[np.int8]
    findings: tuple[str, ...]

    @classmethod
    def chosen(
        cls,
        embeddings: NDArray[np.float32],
        truth: NDArray[np.int8],
        findings: Sequence[str],
        most: int = MOST_FILMS,
        seed: int = 0,
    ) -> Replay:
        """At most so many of some films, as evenly over the findings as there are films of each.

        Films that half precision cannot hold are left out.
        """
        with np.errstate(over="ignore"):
            fit_in = np.isfinite(embeddings.astype(np.float16)).all(axis=1)
        rows = np.flatnonzero(fit_in)
        rows = np.sort(_evenly(truth[rows], most, seed, rows))
        return cls(embeddings[rows].astype(np.float32), truth[rows].astype(np.int8), tuple(findings))

    @classmethod
    def of_samples(
        cls, samples: Sequence[Sample], embeddings: Mapping[str, NDArray[np.float32]], findings: Sequence[str]
    ) -> Replay:
        """Of one or more samples, whose `truth` is in the order of the findings; `embeddings` by image."""
        truth = [[-1 if t is None else t for t in sample.truth] for sample in samples]
        rows = np.stack([embeddings[sample.image] for sample in samples])
        return cls.chosen(rows, np.array(truth, np.int8), findings)

    def of_findings(self, findings: Sequence[str]) -> Replay:
        """The same films with what is known of these findings, in their order; others are unknown."""
        truth = np.full((len(self.truth), len(findings)), -1, np.int8)
        for column, name in enumerate(findings):
            if name in self.findings:
                truth[:, column] = self.truth[:, self.findings.index(name)]
        return Replay(self.embeddings, truth, tuple(findings))

    def joined(self, other: Replay, most: int = MOST_FILMS) -> Replay:
        """These films and others, at most so many, by the findings of these."""
        those = other.of_findings(self.findings)
        return Replay.chosen(
            np.concatenate([self.embeddings, those.embeddings]),
            np.concatenate([self.truth, those.truth]),
            self.findings,
            most,
        )

    def write(self, path: Path) -> str:
        """Write a safetensors file; its SHA-256 as hex."""
        content = save(
            {
                "embeddings": np.ascontiguousarray(self.embeddings, np.float16),
                "truth": np.ascontiguousarray(self.truth, np.int8),
                "findings": np.frombuffer(json.dumps(self.findings).encode(), np.uint8),
            }
        )
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def read(cls, path: Path, sha256: str) -> Replay:
        """Read what `write` wrote.

        Raises
        ------
        InvalidWeights
            The file is missing, damaged, or not the one with this hash.
        """
        content = content_of(path, sha256)
        try:
            values = load(content)
            embeddings, truth = values["embeddings"].astype(np.float32), values["truth"].astype(np.int8)
            findings = tuple(str(name) for name in json.loads(values["findings"].tobytes()))
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise InvalidWeights(f"{path} holds no films to replay: {error}.") from error
        if embeddings.ndim != 2 or truth.shape != (len(embeddings), len(findings)):
            raise InvalidWeights(
                f"{path} holds no films to replay: embeddings of shape {embeddings.shape}, labels of shape "
                f"{truth.shape} for {len(findings)} findings."
            )
        if not np.isfinite(embeddings).all() or not np.isin(truth, (-1, 0, 1)).all():
            raise InvalidWeights(f"{path} holds no films to replay: a number in it cannot be.")
        return cls(embeddings, truth, findings)


def replay_of(registry: ModelRegistry, card: ModelCard) -> Replay | None:
    """Films that a model was trained on, by its own findings; None where it brought none along."""
    path = registry.companion_path(card, REPLAY)
    if path is None:
        return None
    return Replay.read(path, card.companions[REPLAY]).of_findings(card.finding_names)


def _evenly(truth: NDArray[np.int8], most: int, seed: int, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """`most` of some rows: of each finding in turn one more film that shows it, while there are any."""
    if len(rows) <= most:
        return rows
    order = np.random.default_rng(seed).permutation(len(rows))
    showing = [[int(n) for n in order if truth[n, k] == 1] for k in range(truth.shape[1])]
    queues = [*showing, [int(n) for n in order if not (truth[n] == 1).any()]]
    taken: dict[int, None] = {}
    while len(taken) < most:
        for queue in queues:
            while queue and queue[-1] in taken:
                queue.pop()
            if queue and len(taken) < most:
                taken[queue.pop()] = None
    return rows[list(taken)]
