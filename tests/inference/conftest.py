from pathlib import Path

import pytest

from inference.registry import ModelRegistry


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """An empty registry; nothing is bundled with it."""
    return ModelRegistry(tmp_path / "models", tmp_path / "bundled")
