"""Measuring a model on real films, also where it fails on some."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from inference.network import LoadedModel, load
from inference.registry import ModelRegistry
from training.proof.evaluate import evaluate
from training.samples import Samples


@pytest.fixture
def model(trained: dict[str, object], shared_registry: ModelRegistry) -> LoadedModel:
    return load(shared_registry.find(str(trained["model"])), shared_registry, torch.device("cpu"))


def test_a_film_that_the_network_gives_no_numbers_for_is_named_and_the_rest_is_measured(
    model: LoadedModel, labelled: Samples
) -> None:
    """A network that overflows on one film."""
    test = replace(labelled, samples=labelled.of_part("test"))
    whole = evaluate(model, test, bootstrap=20)
    hooked = _overflowing(model, number=2)
    told = evaluate(hooked, test, bootstrap=20)
    assert told.n == whole.n - 1
    silent = [r.image for r in told.per_image if r.probabilities[0] != r.probabilities[0]]
    assert len(silent) == 1
    assert any(silent[0] in failure and "no finite numbers" in failure for failure in told.failures)
    others = {r.image: r.probabilities for r in told.per_image if r.image != silent[0]}
    before = {r.image: r.probabilities for r in whole.per_image if r.image != silent[0]}
    assert others.keys() == before.keys()
    for image, said in others.items():
        assert said == pytest.approx(before[image], abs=1e-5)


def _overflowing(model: LoadedModel, number: int) -> LoadedModel:
    """The same network, with NaN in the answer to the input that was at place `number` of the first batch."""
    seen: list[torch.Tensor] = []

    def spoil(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        batch = inputs[0]
        if not seen:
            seen.append(batch[number].clone())
        is_it = torch.tensor([bool(torch.equal(one, seen[0])) for one in batch])
        return (torch.where(is_it[:, None, None, None], torch.nan, batch),)

    next(iter(model.network.children())).register_forward_pre_hook(spoil)
    return model


def test_findings_that_the_model_does_not_know_are_told_apart(model: LoadedModel, labelled: Samples) -> None:
    test = replace(labelled, samples=labelled.of_part("test"))
    told = evaluate(model, test, findings=(*labelled.findings, "tuberculosis"), bootstrap=0)
    assert told.findings[-1] == "tuberculosis"
    assert told.known_findings == labelled.findings
    assert told.as_json()["knows"] == list(labelled.findings)
