"""Evidence goes where a reader says it is: planted opacities, beside a letter that always comes with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.architectures import create
from inference.card import Covers, FindingName, ModelCard
from inference.evidence import run
from inference.network import prepare
from inference.prediction import Heatmap
from inference.region_share import share_in_outlines
from reviews.record import Annotation
from reviews.regions import Outline
from tests.training.conftest import write_labels
from training.errors import UnusablePlan
from training.learning.allowed import AllowedRegions
from training.learning.learner import Learner
from training.learning.reasons import Reasons, share_outside
from training.learning.tensors import Films
from training.plan import Plan
from training.regions import Region, drawn_on
from training.samples import Sample, from_csv

SIDE = 96
PLAN = Plan(
    backbone="test_resnet", input_size=SIDE, epochs=12, batch_size=12, learning_rate=5e-3, threads=1,
    device="cpu", augmentation=0.3, class_balance=0.0, label_smoothing=0.0, weight_decay=0.0,
)  # fmt: skip
OPACITY = ((6.0, 6.0), (6.0, 44.0), (44.0, 44.0), (44.0, 6.0))
"""Around every planted opacity; the letter is in the opposite corner."""
LETTER = ((70.0, 70.0), (70.0, 96.0), (96.0, 96.0), (96.0, 70.0))


def write_film(path: Path, is_ill: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.normal(90, 12, (SIDE, SIDE))
    if is_ill:
        row, column = random.integers(12, 20, 2)
        pixels[row : row + 16, column : column + 16] += 90
        pixels[76:90, 76:90] += 90
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, ...]:
    """48 films, every second with an opacity and a letter."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(48):
        label = "opacity" if number % 2 else "no-finding"
        write_film(folder / f"{number}.png", number % 2 == 1, number)
        rows.append((f"{number}.png", label, f"p{number}"))
    samples = from_csv(write_labels(folder, rows), folder, held_out=False)
    assert samples.findings == ("no-finding", "opacity")
    return samples.samples


def pointed_at(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    region = Region("opacity", True, OPACITY)
    return tuple(replace(s, regions=(region,)) if s.truth[1] == 1 else s for s in samples)


def learned(samples: tuple[Sample, ...], weight: float, where: Outline = OPACITY) -> tuple[float, float]:
    """(share of the films told right, mean share of the shown evidence for an opacity that lies there)."""
    pre = PLAN.preprocessing
    allowed = AllowedRegions(samples, ("no-finding", "opacity"), pre)
    decoded = Films(samples, pre, allowed=allowed)
    for _ in decoded.decode():
        pass
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = create(PLAN.backbone, 2, 1, SIDE)
        terms = [Reasons(weight, network, pre, allowed, "multiclass", PLAN.backbone)] if weight else []
        learner = Learner(
            PLAN, network, pre, decoded, range(len(samples)), torch.device("cpu"),
            task="multiclass", is_tuned=False, look_up=lambda: None, terms=terms,
        )  # fmt: skip
        for epoch in range(1, PLAN.epochs + 1):
            learner.learn_epoch(epoch)
    names = tuple(FindingName(name, name) for name in ("no-finding", "opacity"))
    card = ModelCard("m", "m", PLAN.backbone, findings=names, preprocessing=pre, covers=Covers(("picture",)))
    model = prepare(card, learner.measured.cpu(), torch.device("cpu"))
    ill = [i for i, sample in enumerate(samples) if sample.truth[1] == 1]
    seen = run(model, learner_input(decoded, ill), "gradcam")
    assert seen.maps is not None
    box = (0.0, 0.0, float(SIDE), float(SIDE))
    maps = [Heatmap("opacity", "gradcam", grid[1], box, float(grid.max())) for grid in seen.maps]
    shares = [share_in_outlines(one, (SIDE, SIDE), [where]) for one in maps]
    logits = learner.logits(range(len(samples)))
    right = np.mean(logits.argmax(1) == [sample.truth[1] for sample in samples])
    return float(right), float(np.mean([share or 0.0 for share in shares]))


def learner_input(films: Films, rows: list[int]) -> torch.Tensor:
    from inference.preprocess import normalise

    return normalise(films.batch(rows, torch.device("cpu")), films.preprocessing)


def test_with_feedback_the_evidence_moves_to_the_opacity_and_answers_stay_right(
    films: tuple[Sample, ...],
) -> None:
    right_before, share_before = learned(films, 0.0)
    right_after, share_after = learned(pointed_at(films), 1.0)
    assert right_before > 0.95
    assert right_after > 0.95
    assert share_before < 0.75  # the letter tells as much
    assert share_after > share_before + 0.15


def test_a_place_that_is_marked_as_wrong_is_left(films: tuple[Sample, ...]) -> None:
    marked = tuple(
        replace(s, regions=(Region("opacity", False, LETTER),)) if s.truth[1] == 1 else s for s in films
    )
    right, share = learned(marked, 1.0, LETTER)
    assert right > 0.95
    assert share < learned(films, 0.0, LETTER)[1] / 2


def test_the_share_outside_is_that_of_the_drawn_map() -> None:
    maps = torch.zeros(2, 1, 4, 4)
    maps[0, 0, :, :2] = 3.0
    maps[1, 0, :, :2] = -3.0  # evidence against lies somewhere too
    left = torch.zeros(2, 1, 32, 32)
    left[..., :20] = 1.0
    assert share_outside(maps, left).tolist() == pytest.approx([0, 0], abs=0.01)
    assert share_outside(maps, 1 - left).tolist() == pytest.approx([1, 1], abs=0.01)
    assert share_outside(torch.zeros_like(maps), left).tolist() == [0, 0]


@pytest.mark.parametrize("backbone", ["test_convnext", "test_vit"])
def test_heads_of_other_kinds_learn_by_the_gradients_of_their_maps(backbone: str) -> None:
    """A norm after pooling; a class token: the penalty's gradient goes down when it is followed."""
    torch.manual_seed(0)
    side = 160 if backbone == "test_vit" else 64
    plan = replace(PLAN, backbone=backbone, input_size=side)
    network: Any = create(backbone, 2, 1, side)
    reasons = Reasons(1.0, network, plan.preprocessing, None, "multiclass", backbone)  # type: ignore[arg-type]
    x = torch.randn(2, 1, side, side)
    findings = torch.tensor([[1], [1]])
    allowed = torch.zeros(2, 1, 16, 16)
    allowed[..., :8, :] = 1.0

    def outside() -> torch.Tensor:
        features = network.forward_features(x)
        return share_outside(reasons.maps(features, network.forward_head(features), findings), allowed).mean()

    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    before = float(outside().detach())
    for _ in range(8):
        optimiser.zero_grad()
        outside().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert float(outside().detach()) < before - 0.1


def test_a_network_whose_maps_have_no_gradient_is_refused_in_a_sentence() -> None:
    network = create("test_vit3", 2, 1, 160)
    pre = replace(PLAN, input_size=160).preprocessing
    with pytest.raises(UnusablePlan, match=r"test_vit3 .* an evidence weight of 0 is expected"):
        Reasons(1.0, network, pre, None, "multiclass", "test_vit3")  # type: ignore[arg-type]


def test_regions_of_a_film_are_those_that_stand() -> None:
    points = ((1.0, 2.0), (5.0, 8.0))
    kept = Annotation("1.2", 1, "evidence", points, "Ada", "opacity", uuid="a")
    wrong = Annotation("1.2", 1, "not-evidence", (*points, (9.0, 3.0)), "Ada", "opacity", uuid="b")
    length = Annotation("1.2", 1, "length", points, "Ada", uuid="c")
    gone = replace(kept, is_deleted=True, frame=2)
    found = drawn_on([kept, wrong, length, gone])
    assert list(found) == [("1.2", 1)]
    assert [(r.finding, r.is_evidence) for r in found["1.2", 1]] == [("opacity", True), ("opacity", False)]
    assert found["1.2", 1][1].outline == (*points, (9.0, 3.0))
