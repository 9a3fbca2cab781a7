from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviews.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "overread.sqlite") as opened:
        yield opened
