"""Some hundred damaged files end in an image or in one sentence; benchmarks/mutations.py does thousands."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies.reader_pool import Limits, ReaderPool
from tests.studies.mutations import mutated, open_all, write_originals


@pytest.mark.timeout(300)
@pytest.mark.expects_warnings
def test_damaged_files_end_in_an_image_or_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "originals").mkdir()
    (tmp_path / "damaged").mkdir()
    originals = write_originals(tmp_path / "originals")
    pool = ReaderPool(2, Limits(seconds=20.0))
    try:
        tally = open_all(pool, mutated(originals, 400, seed=7), tmp_path / "damaged")
    finally:
        pool.close()
    assert tally.wrong == []
    assert tally.counts["an image"] > 50
    assert tally.counts["a sentence"] > 50
    assert sum(tally.counts.values()) == 400
