"""What a training leaves behind is compared with another model, and it says which and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inference.registry import ModelRegistry
from tests.training.conftest import QUICK
from training.finetune import fine_tune
from training.samples import Samples

ONE_EPOCH = replace(QUICK, epochs=1)


def test_a_candidate_that_is_in_use_already_is_compared_with_what_it_was_made_from(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    """A run that was killed before its last word, and is gone on with once its candidate was promoted."""
    *_, first = fine_tune(ONE_EPOCH, labelled, registry, tmp_path / "base")
    base = registry.find(first.values["model"])
    *_, before = fine_tune(ONE_EPOCH, labelled, registry, tmp_path / "run", base)
    own = registry.find(before.values["model"])
    *_, done = fine_tune(ONE_EPOCH, labelled, registry, tmp_path / "again", base, current=own)
    told = done.values
    assert told["model"] == own.id
    assert told["current_evaluation"]["model"] == told["gate"]["current"] == base.id
    said = f"The candidate is in use already: it is compared with {base.name}, which it was made from."
    assert told["gate"]["reasons"] == [*before.values["gate"]["reasons"], said]


def test_a_candidate_with_other_weights_is_compared_with_the_one_in_use(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    *_, first = fine_tune(ONE_EPOCH, labelled, registry, tmp_path / "base")
    base = registry.find(first.values["model"])
    *_, before = fine_tune(ONE_EPOCH, labelled, registry, tmp_path / "run", base)
    sibling = registry.find(before.values["model"])
    *_, done = fine_tune(
        replace(ONE_EPOCH, seed=1), labelled, registry, tmp_path / "again", base, current=sibling
    )
    assert done.values["gate"]["current"] == sibling.id
    assert "in use already" not in " ".join(done.values["gate"]["reasons"])
