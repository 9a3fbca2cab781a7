"""The names that the window completes are those that can be imported."""

from __future__ import annotations

import sys

from app import locations

sys.path.insert(0, str(locations.resources()))
import list_architectures


def test_the_list_is_up_to_date() -> None:
    listed = locations.architectures().read_text(encoding="utf-8").split()
    assert listed == list_architectures.architectures(), "run: python resources/list_architectures.py"
    assert {"resnet18", "vit_tiny_patch16_224", "torchvision/densenet121"} <= set(listed)
