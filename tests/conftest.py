"""What every test stands on: no screen, nothing of the user's own is touched, no unexpected warning.

Nothing heavy is imported here (no torch, no Qt), so that a test of one module stays quick.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Before Qt or torch is imported anywhere, and inherited by the workers that tests start: windows are drawn
# off the screen, and a worker that has nothing to do does not spin on the cores that the tests share.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

OUR_PACKAGES = ("app", "widgets", "training", "reviews", "inference", "studies")

# Shared and busy machines make a deadline for one example meaningless.
hypothesis.settings.register_profile(
    "overread", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("overread")


class _Warnings(logging.Handler):
    """Keeps what was logged at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _no_unexpected_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which our own packages log a warning or an error that the test does not look for.

    A test looks for it when it uses pytest's ``caplog``, or is marked ``expects_warnings``.
    """
    if "caplog" in request.fixturenames or request.node.get_closest_marker("expects_warnings"):
        yield
        return
    handler = _Warnings()
    loggers = [logging.getLogger(name) for name in OUR_PACKAGES]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    if handler.records:
        lines = "\n".join(f"  {r.name}: {r.levelname}: {r.getMessage()}" for r in handler.records)
        pytest.fail(f"logged, and not expected by this test:\n{lines}", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _own_user_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Move the user's data and settings folders into this run's own folder (where platformdirs obeys)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty folder to give as ``--data``: store, models and cache of this test alone."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
