"""Every file of pydicom's collections is shown as pydicom computes it, or refused for a reason that is named.

Those of pydicom-data are here where it is installed, as it is for development.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studies.against_pydicom import collection, compare


@pytest.mark.parametrize("path", collection(), ids=lambda path: path.name)
def test_a_file_of_the_collections_is_what_pydicom_says(path: Path) -> None:
    outcome = compare(path)
    assert outcome.is_explained, f"{outcome.verdict}: {outcome.detail}"
    if outcome.verdict in ("refused", "not an image"):
        assert outcome.detail.startswith(str(path))
