"""Re-fits a model's head from reviews: corrections count at once, without training the network.

Softmax (or sigmoid) regression on the embeddings that are cached anyway, drawn towards the head in
use: what nobody corrected stays what it was, and one correction cannot overthrow thousands of films.
Films that the model was trained on are fitted along (`training.replay`), so that what a site corrects is
not learnt at the cost of what the model knew. Importing this module does not import torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.adapted import AdaptedHead, probabilities_of
from inference.card import FindingName, Task
from training.adapting.waiting import WAITING, likely_findings
from training.errors import TooLittleData, UnusablePlan
from training.replay import Replay
from training.samples import Sample, fits

Floats = NDArray[np.float64]
PULL = 0.3  # a single correction moves its own film's logits by at most about 2 / PULL
BALANCE = 0.5  # 0: every film counts the same; 1: every finding does
MOST_IMPORTANT = 4.0  # what a film of a rare finding counts at most, against one of all
AROUND = 2000  # films of a site that tell how it looks
OF_THEM = 500  # films of these that tell where a finding lies that the model has never seen
TOLD = 2.0  # so many times as much as the reviewed films do they count, and at most `WAITING` films
STILLNESS = 3.0  # so many films' worth of wish that what is said of a site's films stays as it is on average
LEAST_REPLAY = 200  # films of the base that count even where fewer were reviewed
CENTRING = 10.0  # films from which on embeddings are centred mostly on their own mean
STEPS = 200
UNASKED = -1e9  # the logit of a finding that nobody looked for on a film
TOLERANCE = 1e-8  # of the loss, where a fit ends
PRIOR = 0.05  # of a finding that readers added, before any example, where several are answered at once
ODDS = 1 / 3  # of one where one of many is: against an average finding
DOUBT = 2.0
"""Counter-examples that are imagined for a finding that readers added: with n examples it gets n / (n + 2) of
what the fit says, so that one film never makes a finding likelier than 1/3, nor two than 1/2."""


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """What a head is fitted to.

    Parameters
    ----------
    embeddings
        (N, D) float32.
    truth
        (N, K) int8: 1 present, 0 absent, -1 unknown, in the order of the head's findings.
    """

    embeddings: NDArray[np.float32]
    truth: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """How the films of a site lie, decided or not, by the first two moments of their embeddings.

    Parameters
    ----------
    mean
        (D,) float64.
    square
        (D, D) float64: the mean of x x^T.
    films
        (N, D) float32: some of them, at most about `OF_THEM`.
    """

    mean: Floats
    square: Floats
    films: NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> Around | None:
        """Of (N, D) embeddings; None of no film."""
        x = embeddings[np.isfinite(embeddings).all(axis=1)]
        if not len(x):
            return None
        few = x[:: math.ceil(len(x) / OF_THEM)].astype(np.float32)
        return cls(x.mean(axis=0, dtype=np.float64), np.asarray(x.T @ x, np.float64) / len(x), few)

    def spread(self, centre: Floats) -> Floats:
        """(D + 1, D + 1): d S d^T is the mean square by which a change d of weights and bias moves a logit,
        where embeddings are counted from `centre`."""
        mean = self.mean - centre
        both = np.outer(centre, self.mean)
        inner = self.square - both - both.T + np.outer(centre, centre)
        return np.block([[inner, mean[:, None]], [mean[None, :], np.ones((1, 1))]])


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Films that a fit goes through, one after the other, and what each counts.

    Parameters
    ----------
    embeddings
        (N, D) float32.
    target
        (N, K) in [0, 1]: 1 present; between 0 and 1 only where nobody said so.
    importance
        (N, K): what an answer counts; 0 where it is unknown.
    excess
        (K,): the log of how many times as many of these films show a finding as it has among those of
        this site; the same is added to what the head says of them, and has no part in the head.
    """

    embeddings: NDArray[np.float32]
    target: Floats
    importance: Floats
    excess: Floats


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
    replay: Replay | None = None,
    added: Sequence[FindingName] = (),
    around: Around | None = None,
) -> AdaptedHead:
    """A head for the embeddings of model `base`, fitted on reviews that are not in the test part.

    Parameters
    ----------
    samples
        Their `truth` stands in the order of `findings`, then `added`. Those of the test part, and those
        that cannot be learnt from, are left out; `reviews` of the result counts the others.
    features
        Gives a sample's embedding, (D,).
    current_head
        Weight (K, D) and bias (K,) of the head in use.
    temperature
        The base model's: its probabilities are those of logits over temperature, and so are these.
    pull
        How strongly the current head holds.
    replay
        Films that the model was trained on; they are fitted along and never counted.
    added
        Findings that readers added: they become classes of the head, those of them that have an example.
    around
        How the films lie among which the reviewed ones are: what a few corrections say is not to move what
        is said of all of them, as it would where a whole site looks otherwise than the model's films. And
        where among them findings lie that the model has never seen.

    Raises
    ------
    TooLittleData
        No review can be learnt from.
    """
    usable = [s for s in samples if s.part != "test" and fits(s, task)]
    if not usable:
        raise no_reviews()
    embeddings = np.stack([np.asarray(features(s), np.float32) for s in usable])  # (N, D)
    truth = np.array([[-1 if t is None else t for t in s.truth] for s in usable], np.int8)
    return fit_head(
        Films(embeddings, truth), current_head, findings, base=base, task=task, temperature=temperature,
        pull=pull, balance=balance, replay=replay, added=added, around=around,
    )  # fmt: skip


def no_reviews() -> TooLittleData:
    """What is said where there is nothing to fit."""
    return TooLittleData(
        "no reviewed image outside the test part says which finding is present; at least one is needed"
    )


def fit_head(
    reviewed: Films,
    current_head: tuple[NDArray[np.floating], NDArray[np.floating]],
    findings: Sequence[str],
    *,
    base: str = "",
    task: Task = "multiclass",
    temperature: float = 1.0,
    pull: float = PULL,
    balance: float = BALANCE,
    replay: Replay | None = None,
    added: Sequence[FindingName] = (),
    around: Around | None = None,
    start: AdaptedHead | None = None,
) -> AdaptedHead:
    """The same from arrays; every film is counted that has a finite embedding.

    Parameters
    ----------
    start
        A head that was fitted to nearly the same films: from there the fit takes a few steps. It decides
        how long it takes, not what comes out.
    """
    weight, bias = (np.asarray(a, np.float64) for a in current_head)
    if weight.shape[0] != len(findings) or bias.shape != (len(findings),):
        raise UnusablePlan(f"the head answers {weight.shape[0]} findings, expected {len(findings)}")
    finite = np.isfinite(reviewed.embeddings).all(axis=1)
    seen, truth = reviewed.embeddings[finite], reviewed.truth[finite]
    if not len(seen):
        raise no_reviews()
    known = len(findings)
    examples = (truth[:, known:] == 1).sum(axis=0)  # of each finding that was added
    chosen = [n for n in range(len(added)) if examples[n]]
    columns = [*range(known), *(known + n for n in chosen)]
    usable = Films(seen, truth[:, columns])
    films = _counted(usable, replay, known, task, balance)
    if chosen and task == "multiclass" and replay is not None and around is not None:
        own = probabilities_of(_logits(around.films, weight, bias), temperature, task)
        films = _with_waiting(films, usable, around.films, own, replay)
    weight, bias = _grown(weight, bias, len(chosen), temperature, task)
    names = (*findings, *(added[n].name for n in chosen))
    moved, offset = _fit(films, weight, bias, known, task, temperature, pull, around, _of(start, names))
    trust = np.ones(len(names), np.float32)
    trust[known:] = examples[chosen] / (examples[chosen] + DOUBT)
    return AdaptedHead(
        base=base,
        weight=moved.astype(np.float32),
        bias=offset.astype(np.float32),
        findings=names,
        reviews=len(seen),
        added=tuple(added[n] for n in chosen),
        trust=trust,
    )


def _of(start: AdaptedHead | None, names: tuple[str, ...]) -> tuple[Floats, Floats] | None:
    """Weight and bias to begin with, where they are those of the same findings."""
    if start is None or start.findings != names:
        return None
    return start.weight.astype(np.float64), start.bias.astype(np.float64)


def _grown(weight: Floats, bias: Floats, count: int, temperature: float, task: Task) -> tuple[Floats, Floats]:
    """The current head with rows for findings that it does not know: unlikely, whatever the film.

    One of many: the new logit is the mean of the others, which what all logits have in common does not
    change, less the odds against it. Several at once: no weights, and a bias.
    """
    if not count:
        return weight, bias
    if task == "multilabel":
        row, offset = np.zeros(weight.shape[1]), temperature * math.log(PRIOR / (1 - PRIOR))
    else:
        row, offset = weight.mean(axis=0), float(bias.mean()) + temperature * math.log(ODDS)
    return np.vstack([weight, *[row] * count]), np.hstack([bias, *[offset] * count])


def _counted(reviewed: Films, replay: Replay | None, known: int, task: Task, balance: float) -> _Counted:
    """Reviewed and replayed films.

    The replayed ones together count as much as the reviewed ones, and at least as `LEAST_REPLAY` films. Of
    one of many, they do not show what readers added later; but they would say how rare that is, here as
    well, were it not for the `excess` (the correction of a case-control study's intercept: Prentice and Pyke
    1979). Of several at once nobody looked for it: unknown.
    """
    importance = _importance(reviewed.truth, task, balance)
    count, findings = reviewed.truth.shape
    target, excess = (reviewed.truth == 1).astype(np.float64), np.zeros(findings)
    if replay is None or not len(replay.embeddings):
        return _Counted(reviewed.embeddings, target, importance, excess)
    truth = np.full((len(replay.truth), findings), 0 if task == "multiclass" else -1, np.int8)
    truth[:, :known] = replay.truth
    each = min(1.0, max(count, LEAST_REPLAY) / len(truth))
    importance = np.vstack([importance, each * _importance(truth, task, balance)])
    target = np.vstack([target, truth == 1])
    if findings > known and task == "multiclass":
        here, all_of_them = ((importance * target)[:n, :known].sum() for n in (count, None))
        excess[:known] = math.log((all_of_them + 1.0) / (here + 1.0))
    return _Counted(np.vstack([reviewed.embeddings, replay.embeddings]), target, importance, excess)


def _with_waiting(
    films: _Counted, reviewed: Films, waiting: NDArray[np.float32], own: NDArray[np.float32], replay: Replay
) -> _Counted:
    """The same and films that wait, as far as they tell where a finding lies that the model has never seen;
    findings that it knows are told apart on them as it does by itself.

    Parameters
    ----------
    own
        (N, K): what the head in use says of those that wait.
    """
    likely = likely_findings(reviewed.embeddings, reviewed.truth, waiting, own, replay)
    if likely is None:
        return films
    known = own.shape[1]
    likely[:, :known] = own * likely[:, :known].sum(axis=1, keepdims=True)
    each = min(1.0, min(TOLD * len(reviewed.truth), WAITING) / len(waiting))
    return _Counted(
        np.vstack([films.embeddings, waiting]),
        np.vstack([films.target, likely]),
        np.vstack([films.importance, np.full(likely.shape, each)]),
        films.excess,
    )


def _logits(embeddings: NDArray[np.float32], weight: Floats, bias: Floats) -> NDArray[np.float32]:
    return embeddings @ weight.T.astype(np.float32) + bias.astype(np.float32)


def _fit(
    films: _Counted, weight: Floats, bias: Floats, known: int, task: Task,
    temperature: float, pull: float, around: Around | None, start: tuple[Floats, Floats] | None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """The head with the least weighted log-loss plus pull / 2 * (scale |W - W0|^2 + |b - b0|^2), plus
    `STILLNESS` / 2 times the mean square by which the logits of the films `around` change; of the first
    `known` findings: nothing was said of the others yet that could stay as it is.

    Embeddings are centred, and `scale` is their mean squared length, so that `pull` means the same for
    every network. L-BFGS works in units in which the loss is about equally steep in every direction
    (those of the embeddings' covariance), so that a few steps are enough.
    """
    from scipy.linalg import cholesky, solve_triangular
    from scipy.optimize import minimize

    target, importance = films.target, films.importance
    counts = importance.max(axis=1).astype(np.float32)  # (N,)
    total = max(float(counts.sum()), 1e-12)
    centre = (counts @ films.embeddings) / (total + CENTRING)
    x = np.empty((len(counts), films.embeddings.shape[1] + 1), np.float32)
    np.subtract(films.embeddings, centre, out=x[:, :-1])
    x[:, -1] = 1.0
    scale = max(float(np.einsum("nd,nd,n->", x[:, :-1], x[:, :-1], counts)) / total, 1e-12)
    centred = centre.astype(np.float64)
    free = np.diag(np.append(np.full(x.shape[1] - 1, pull * scale), pull))
    strength = free if around is None else free + STILLNESS * around.spread(centred)

    def of_centred(w: Floats, b: Floats) -> Floats:
        return np.hstack([w, (b + w @ centred)[:, None]])  # (K, D + 1)

    held = of_centred(weight, bias)
    before = (x @ held.T.astype(np.float32)) / temperature + films.excess.astype(np.float32)
    steepness = _steepness(before, importance, task) / temperature**2
    rooted = np.sqrt(counts)[:, None] * x
    bowl = steepness * (rooted.T @ rooted).astype(np.float64) + strength
    root = cholesky(bowl, lower=True, check_finite=False)

    def change_of(steps: Floats) -> Floats:
        flat = steps.reshape(len(held), -1).T
        return np.asarray(solve_triangular(root, flat, lower=True, trans=1, check_finite=False).T)

    def loss_and_slope(steps: Floats) -> tuple[float, Floats]:
        change = change_of(steps)
        logits = (before + (x @ change.T.astype(np.float32)) / temperature).astype(np.float64)
        loss, error = _loss(logits, target, importance, task)
        held_back = np.vstack([change[:known] @ strength, change[known:] @ free])
        slope = (error.T.astype(np.float32) @ x).astype(np.float64) / temperature + held_back
        eased = solve_triangular(root, slope.T, lower=True, check_finite=False).T
        return loss + 0.5 * float((change * held_back).sum()), eased.ravel()

    begin = np.zeros(held.size)
    if start is not None and start[0].shape == weight.shape:
        begin = ((of_centred(*start) - held) @ root).ravel()
    options = {"maxiter": STEPS, "ftol": TOLERANCE}
    found = minimize(loss_and_slope, begin, jac=True, method="L-BFGS-B", options=options)
    fitted = held + change_of(found.x)
    return fitted[:, :-1], fitted[:, -1] - fitted[:, :-1] @ centred


def _steepness(logits: NDArray[np.floating], importance: Floats, task: Task) -> float:
    """How fast the slope of the loss grows on average, by logit and film of importance 1."""
    if task == "multilabel":
        said = 0.5 * (1 + np.tanh(0.5 * logits))
    else:
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        said = shifted / shifted.sum(axis=1, keepdims=True)
    spread = importance * said * (1 - said)
    return max(float(spread.mean()) / max(float(importance.mean()), 1e-12), 1e-3)


def _loss(logits: Floats, target: Floats, importance: Floats, task: Task) -> tuple[float, Floats]:
    """Weighted log-loss summed over the films, and its slope by logit, (N, K).

    Of one of many, a finding that nobody looked for on a film is none that the film is told apart from.
    """
    if task == "multilabel":
        said = 0.5 * (1 + np.tanh(0.5 * logits))
        loss = importance * (np.logaddexp(0.0, logits) - target * logits)
        return float(loss.sum()), importance * (said - target)
    logits = np.where(importance > 0, logits, UNASKED)
    top = logits.max(axis=1, keepdims=True)
    shifted = np.exp(logits - top)
    total = shifted.sum(axis=1, keepdims=True)
    films = (importance * target).sum(axis=1, keepdims=True)  # (N, 1)
    loss = films[:, 0] * (np.log(total) + top)[:, 0] - (importance * target * logits).sum(axis=1)
    return float(loss.sum()), films * shifted / total - importance * target


def _importance(truth: NDArray[np.int8], task: Task, balance: float) -> Floats:
    """(N, K): rare answers count more, the mean stays about 1; unknown ones count nothing."""
    known, target = truth >= 0, truth == 1
    present = target.sum(axis=0)
    if task == "multilabel":
        absent = known.sum(axis=0) - present
        rare = np.where(target, absent + 1, present + 1) / np.maximum(present + absent + 2, 1) * 2
        return np.asarray(known * rare**balance, np.float64)
    shown = present > 0
    even = present.sum() / max(int(shown.sum()), 1)
    weights = np.where(shown, even / np.maximum(present, 1), 1.0) ** balance
    return np.asarray(known * np.minimum(weights, MOST_IMPORTANT), np.float64)
