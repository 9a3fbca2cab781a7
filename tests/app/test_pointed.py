"""A training on films on which readers drew regions learns to look there."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from app.commands.train import make_plan
from tests.training.conftest import FINDINGS, write_hospital
from tests.training.test_samples import CARD
from training.regions import Region
from training.samples import from_csv


def test_it_looks_where_readers_pointed_unless_it_is_told_not_to(tmp_path: Path) -> None:
    samples = from_csv(write_hospital(tmp_path, 6), tmp_path, FINDINGS, held_out=False)
    region = Region("nodule", True, ((4.0, 26.0), (4.0, 34.0), (12.0, 34.0)))
    first, *others = samples.samples
    pointed = replace(samples, samples=(replace(first, regions=(region,)), *others))
    told = argparse.Namespace(depth="last", evidence_weight=None)
    assert make_plan(told, CARD, samples).evidence_weight == 0
    assert make_plan(told, CARD, pointed).evidence_weight == 1
    refused = argparse.Namespace(depth="last", evidence_weight=0.0)
    assert make_plan(refused, CARD, pointed).evidence_weight == 0
    assert make_plan(told, None, pointed).evidence_weight == 0  # a new network, of labels
