"""What a file is read with: its own oddities are told, and nobody else's."""

from __future__ import annotations

import threading
import warnings

from studies.dicom_file import quietly


def test_what_another_thread_warns_of_says_nothing_about_the_file() -> None:
    told: list[str] = []
    with quietly(told):
        other = threading.Thread(target=warnings.warn, args=("The feature will be removed.", FutureWarning))
        other.start()
        other.join()
        for _ in range(2):
            warnings.warn("A value is\n  too long.", stacklevel=1)
    assert told == ["A value is too long."]


def test_afterwards_warnings_go_where_they_went_before() -> None:
    shown = warnings.showwarning
    with quietly([]):
        pass
    assert warnings.showwarning is shown
