"""Against forgetting: what the base model knew, and where readers said otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from inference.anatomy import examine
from inference.architectures import create
from inference.card import Preprocessing, Task
from tests.training.conftest import QUICK
from tests.training.learning.test_frozen import decoded, learner
from training.learning.remembering import Rehearsal, drift, recalled
from training.replay import Replay
from training.samples import Samples

CPU = torch.device("cpu")
NAN = float("nan")


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_who_says_the_same_does_not_drift_and_who_leaves_does(task: Task) -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    said = logits.softmax(1) if task == "multiclass" else logits.sigmoid()
    counts = torch.ones(5, 3)
    assert float(drift(logits, said, counts, task)) == pytest.approx(0, abs=1e-6)
    further = [float(drift(logits + far * torch.eye(3)[[0] * 5], said, counts, task)) for far in (0.5, 1, 3)]
    assert 0 < further[0] < further[1] < further[2]


def test_what_a_reader_corrected_is_not_held_on_to() -> None:
    said = np.asarray([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]], np.float32)
    truth = np.asarray([[1, 0], [0, 1], [NAN, NAN]], np.float32)  # agreed, corrected, not said
    _, counts = recalled(said, truth, "multiclass")
    assert counts[:, 0].tolist() == [1, 0, 1]
    _, counts = recalled(said, np.asarray([[1, 1], [0, NAN], [NAN, 0]], np.float32), "multilabel")
    assert counts.tolist() == [[1, 0], [0, 1], [1, 1]]


def test_a_finding_that_the_base_model_does_not_know_is_free() -> None:
    said, counts = recalled(
        np.asarray([[0.7, 0.3, NAN]], np.float32), np.full((1, 3), NAN, np.float32), "multiclass"
    )
    assert counts.tolist() == [[1, 1, 0]]
    logits = torch.cat([said[:, :2].log(), torch.tensor([[9.0]])], 1).requires_grad_()
    held = drift(logits, said, counts, "multiclass")
    assert float(held.detach()) == pytest.approx(0, abs=1e-6)
    (gradient,) = torch.autograd.grad(held, logits)
    assert float(gradient[0, 2]) == 0


def test_a_head_rehearses_embeddings_as_it_would_learn_from_films() -> None:
    network = create("test_resnet", 3, 1, 32).eval()
    anatomy = examine(network, Preprocessing(32, channels=1))
    embeddings = torch.randn(40, network.num_features)
    truth = np.eye(3, dtype=np.int8)[np.arange(40) % 3]
    rehearsal = Rehearsal(Replay(embeddings.numpy(), truth, ("a", "b", "c")), anatomy, "multiclass", 1, CPU)
    told = rehearsal.loss(network, 4000, 1, 0)
    logits = network.get_classifier()(embeddings)  # type: ignore[operator]
    wanted = F.cross_entropy(logits, torch.from_numpy(truth).argmax(1)).detach()
    assert float(told.detach()) == pytest.approx(float(wanted), rel=0.05)
    assert torch.equal(told, rehearsal.loss(network, 4000, 1, 0))
    assert not torch.equal(told, rehearsal.loss(network, 4000, 1, 1))
    told.backward()
    assert {n for n, p in network.named_parameters() if p.grad is not None} == {"fc.weight", "fc.bias"}


def test_films_of_two_findings_or_none_are_no_examples_of_one_of_many() -> None:
    network = create("test_resnet", 3, 1, 32).eval()
    anatomy = examine(network, Preprocessing(32, channels=1))
    truth = np.asarray([[1, 1, 0], [0, 0, 0], [1, 0, -1], [-1, -1, -1]], np.int8)
    replay = Replay(np.zeros((4, network.num_features), np.float32), truth, ("a", "b", "c"))
    assert len(Rehearsal(replay, anatomy, "multiclass", 1, CPU)) == 1
    assert len(Rehearsal(replay, anatomy, "multilabel", 1, CPU)) == 3


def test_a_head_that_learns_one_finding_forgets_less_with_replay_or_distillation(labelled: Samples) -> None:
    """Everything that is learned from shows one finding: the head alone would answer nothing else."""
    films = decoded(labelled)
    plan = replace(QUICK, depth="head", epochs=8, batch_size=8, learning_rate=3e-2, copies=0)
    one = [i for i, s in enumerate(films.samples) if s.present == 2]
    others = [i for i, s in enumerate(films.samples) if s.present != 2]
    truth = np.asarray([s.truth for s in films.samples], np.int8)
    first = learner(replace(plan, depth="all", epochs=12, learning_rate=5e-3), films)
    for epoch in range(1, 13):
        first.learn_epoch(epoch)
    first.network.eval()
    with torch.inference_mode():
        x = first._batches.plain(first.rows)
        embeddings = first.network.forward_head(first.network.forward_features(x), pre_logits=True)
    replay = Replay(embeddings.numpy(), truth[first.rows], labelled.findings)

    def forgotten(**choices: float) -> float:
        """Mean log-probability that is lost on films of other findings."""
        again = learner(replace(plan, **choices), films)
        again.network.load_state_dict(first.network.state_dict())
        again.rows, again.batch_size, again.steps_an_epoch = np.asarray(one), 8, len(one) // 8
        before = _log_probability(again.logits(others), truth[others])
        again.remember([True] * 3, replay)
        for epoch in range(1, 9):
            again.learn_epoch(epoch)
        return before - _log_probability(again.logits(others), truth[others])

    alone = forgotten()
    assert alone > 0.3
    assert forgotten(replay=0.5) < 0.6 * alone
    assert forgotten(distillation=2.0) < 0.8 * alone


def _log_probability(logits: np.ndarray, truth: np.ndarray) -> float:
    told = torch.from_numpy(logits).log_softmax(1).numpy()
    return float((told * truth).sum(1).mean())
