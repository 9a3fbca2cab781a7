"""What stands still is looked through once, and the network learns as if it were not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.anatomy import examine
from inference.architectures import create
from inference.card import Preprocessing
from tests.training.conftest import QUICK
from training.learning import frozen
from training.learning.frozen import find_cut
from training.learning.learner import Learner
from training.learning.networks import moving_parameters, set_moving, set_training_mode
from training.learning.tensors import Films
from training.plan import Depth, Plan
from training.samples import Samples

CPU = torch.device("cpu")
TUNING = replace(QUICK, epochs=6, batch_size=8, learning_rate=1e-2, copies=2)


def decoded(samples: Samples) -> Films:
    films = Films(samples.samples, QUICK.preprocessing)
    for _ in films.decode():
        pass
    return films


def learner(plan: Plan, films: Films, name: str = "test_resnet") -> Learner:
    torch.manual_seed(0)
    network = create(name, 3, 1, 32)
    rows = [i for i, s in enumerate(films.samples) if s.part == "train"]
    return Learner(
        plan, network, plan.preprocessing, films, rows, CPU,
        task="multiclass", is_tuned=True, look_up=lambda: None,
    )  # fmt: skip


def seen_by(module: torch.nn.Module) -> list[int]:
    """How many films each later call of a module is given."""
    counts: list[int] = []
    module.register_forward_hook(lambda _module, inputs, _output: counts.append(len(inputs[0])))
    return counts


@pytest.mark.parametrize("depth", ["head", "last", "half"])
@pytest.mark.parametrize(
    "name",
    ["test_resnet", "test_vit", "test_efficientnet", "mobilenetv3_small_050", "convnext_atto", "levit_128s",
     "torchvision/mobilenet_v3_small"],
)  # fmt: skip
def test_a_cut_network_gives_what_the_whole_gives(name: str, depth: Depth) -> None:
    side = 64
    network = create(name, 3, 1, side).eval()
    anatomy = examine(network, Preprocessing(side, channels=1))
    moving = moving_parameters(network, depth)
    set_moving(network, moving)
    set_training_mode(network, freeze_batch_norm=True)
    x = torch.randn(2, 1, side, side)
    cut = find_cut(network, moving, anatomy, x, needs_grid=False)
    assert cut is not None
    network.eval()
    with torch.no_grad():
        kept = cut.front(x)
        assert kept[0].numel() == cut.size
        again = network.forward_head(cut.back(kept.clone()))  # type: ignore[operator]
        assert torch.allclose(again, network(x), atol=1e-4)
    kept = cut.front(x).detach()
    network.forward_head(cut.back(kept)).sum().backward()  # type: ignore[operator]
    reached = {n for n, p in network.named_parameters() if p.grad is not None}
    assert reached <= moving


def test_nothing_is_cut_where_all_of_it_moves() -> None:
    network = create("test_resnet", 3, 1, 32)
    anatomy = examine(network.eval(), QUICK.preprocessing)
    everything = {name for name, _ in network.named_parameters()}
    cut = find_cut(network, everything, anatomy, torch.randn(1, 1, 32, 32), needs_grid=False)
    assert cut is None or cut.size == 32 * 32  # before the first layer is before nothing


@pytest.mark.parametrize("depth", ["head", "last"])
def test_films_go_through_what_stands_still_once_a_version(depth: Depth, labelled: Samples) -> None:
    films = decoded(labelled)
    whole = learner(replace(TUNING, depth=depth), films)
    still, moves = seen_by(whole.network.layer1[0]), seen_by(whole.network.layer4[0])
    for epoch in range(1, 7):
        whole.learn_epoch(epoch)
    extra = sum(1 for count in still if count == 1)  # one film is put through to find the cut
    assert sum(still) - extra == 2 * len(whole.rows)
    if depth == "last":
        assert sum(moves) >= 6 * whole.steps_an_epoch * whole.batch_size


@pytest.mark.parametrize("depth", ["head", "last", "half"])
def test_a_network_learns_from_kept_features_what_it_learns_from_films(
    depth: Depth, labelled: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = decoded(labelled)
    plan = replace(TUNING, depth=depth, augmentation=0.0, noise=0.0, optimiser="sgd")
    kept = learner(plan, films)
    started = {k: v.clone() for k, v in kept.network.state_dict().items()}
    losses = [kept.learn_epoch(epoch)[0] for epoch in range(1, 7)]
    monkeypatch.setattr(frozen, "KEPT_BYTES", 0)  # so that nothing is kept
    fresh = learner(plan, films)
    assert [fresh.learn_epoch(epoch)[0] for epoch in range(1, 7)] == pytest.approx(losses, rel=2e-2)
    one, other = kept.network.state_dict(), fresh.network.state_dict()
    moved = max(float((one[k] - started[k]).abs().max()) for k in one if one[k].is_floating_point())
    apart = max(float((one[k] - other[k]).abs().max()) for k in one if one[k].is_floating_point())
    assert moved > 0.01
    assert apart < 0.15 * moved


def test_a_film_that_is_drawn_again_in_an_epoch_comes_in_another_version(labelled: Samples) -> None:
    films = decoded(labelled)
    balanced = learner(replace(TUNING, depth="head", sampling="balanced"), films)
    balanced.learn_epoch(1)
    phase = balanced._phase_of(1)
    assert phase.is_kept
    assert phase.versions(1, np.asarray([0, 1, 2])).tolist() == [0, 1, 0]
    assert phase.versions(2, np.asarray([0, 1, 2])).tolist() == [1, 0, 1]


def test_versions_that_would_be_used_once_are_not_kept(labelled: Samples) -> None:
    films = decoded(labelled)
    assert not learner(replace(TUNING, depth="head", epochs=2), films)._phase_of(1).is_kept
    assert not learner(replace(TUNING, depth="head", copies=0), films)._phase_of(1).is_kept
    assert not learner(replace(TUNING, depth="head", mixup=0.3), films)._phase_of(1).is_kept
