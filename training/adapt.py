"""Re-fits a model's head from reviews: corrections count at once, without training the network.

Softmax (or sigmoid) regression on the embeddings that are cached anyway, drawn towards the head in
use: what nobody corrected stays what it was, and one correction cannot overthrow thousands of films.
Two thousand reviews take a fraction of a second. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.adapted import AdaptedHead
from inference.card import Task
from training.errors import TooLittleData, UnusablePlan
from training.samples import Sample, fits

Floats = NDArray[np.float64]
PULL = 1.0  # a single correction moves its own film's logits by at most about 2 / PULL
BALANCE = 0.5  # 0: every film counts the same; 1: every finding does
CENTRING = 10.0  # reviews from which on embeddings are centred mostly on their own mean
STEPS = 200


def adapt(
    samples: Sequence[Sample],
    features: Callable[[Sample], NDArray[np.floating]],
    current_head: tuple[NDArray[np.floating], NDArray[np.floating]],
    findings: Sequence[str],
    *,
    base: str = "",
    task: Task = "multiclass",
    temperature: float = 1.0,
    pull: float = PULL,
    balance: float = BALANCE,
) -> AdaptedHead:
    """A head for the embeddings of model `base`, fitted on reviews that are not in the test part.

    Parameters
    ----------
    samples
        Their `truth` stands in the order of `findings`. Those of the test part, and those that cannot
        be learnt from, are left out; `reviews` of the result counts the others.
    features
        Gives a sample's embedding, (D,).
    current_head
        Weight (K, D) and bias (K,) of the head in use.
    temperature
        The base model's: its probabilities are those of logits over temperature, and so are these.
    pull
        How strongly the current head holds.

    Raises
    ------
    TooLittleData
        No review can be learnt from.
    """
    usable = [s for s in samples if s.part != "test" and fits(s, task)]
    if not usable:
        raise TooLittleData(
            "no reviewed image outside the test part says which finding is present; at least one is needed"
        )
    weight, bias = (np.asarray(a, np.float64) for a in current_head)
    if weight.shape[0] != len(findings) or bias.shape != (len(findings),):
        raise UnusablePlan(f"the head answers {weight.shape[0]} findings, expected {len(findings)}")
    embeddings = np.stack([np.asarray(features(s), np.float64) for s in usable])  # (N, D)
    truth = np.array([[np.nan if t is None else t for t in s.truth] for s in usable], np.float64)
    centre = embeddings.mean(axis=0) * len(usable) / (len(usable) + CENTRING)
    moved, offset = _fit(embeddings - centre, truth, weight, bias + weight @ centre, task, temperature,
                         pull, balance)  # fmt: skip
    return AdaptedHead(
        base=base,
        weight=moved.astype(np.float32),
        bias=(offset - moved @ centre).astype(np.float32),
        findings=tuple(findings),
        reviews=len(usable),
    )


def _fit(
    x: Floats, truth: Floats, weight: Floats, bias: Floats, task: Task, temperature: float,
    pull: float, balance: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """The head with the least weighted log-loss plus pull / 2 * (scale |W - W0|^2 + |b - b0|^2).

    `scale` is the embeddings' mean squared length, so that `pull` means the same for every network.
    """
    from scipy.optimize import minimize

    count, classes = truth.shape
    known = np.isfinite(truth)
    target = np.where(known, truth, 0.0)
    importance = known * _importance(target, known, task, balance)  # (N, K)
    scale = max(float((x**2).sum(axis=1).mean()), 1e-12)
    start = np.hstack([weight, bias[:, None]])  # (K, D + 1)
    extended = np.hstack([x, np.ones((count, 1))])
    strength = np.full(start.shape[1], pull * scale)
    strength[-1] = pull
    # In units in which the pull is the same in every direction, L-BFGS needs few steps.
    stretch = np.sqrt(strength)
    inputs = extended / stretch / temperature

    def loss_and_slope(change: Floats) -> tuple[float, Floats]:
        moved = change.reshape(classes, -1)
        logits = before + inputs @ moved.T
        loss, error = _loss(logits, target, importance, task)
        return loss + 0.5 * float((moved**2).sum()), (error.T @ inputs + moved).ravel()

    before = extended @ start.T / temperature
    found = minimize(
        loss_and_slope,
        np.zeros(start.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "ftol": 1e-7},
    )
    fitted = start + found.x.reshape(classes, -1) / stretch
    return fitted[:, :-1], fitted[:, -1]


def _loss(logits: Floats, target: Floats, importance: Floats, task: Task) -> tuple[float, Floats]:
    """Weighted log-loss summed over the films, and its slope by logit, (N, K)."""
    if task == "multilabel":
        said = 0.5 * (1 + np.tanh(0.5 * logits))
        loss = importance * (np.logaddexp(0.0, logits) - target * logits)
        return float(loss.sum()), importance * (said - target)
    top = logits.max(axis=1, keepdims=True)
    shifted = np.exp(logits - top)
    total = shifted.sum(axis=1, keepdims=True)
    films = (importance * target).sum(axis=1, keepdims=True)  # (N, 1)
    loss = films[:, 0] * (np.log(total) + top)[:, 0] - (importance * target * logits).sum(axis=1)
    return float(loss.sum()), films * shifted / total - importance * target


def _importance(target: Floats, known: NDArray[np.bool_], task: Task, balance: float) -> Floats:
    """(N, K): rare answers count more, the mean stays about 1."""
    present = target.sum(axis=0)
    if task == "multilabel":
        absent = known.sum(axis=0) - present
        rare = np.where(target > 0, absent + 1, present + 1) / np.maximum(present + absent + 2, 1) * 2
        return np.asarray(rare**balance, np.float64)
    shown = present > 0
    weights = np.where(shown, present.sum() / (max(int(shown.sum()), 1) * np.maximum(present, 1)), 1.0)
    return np.asarray(np.broadcast_to(weights**balance, target.shape), np.float64)
