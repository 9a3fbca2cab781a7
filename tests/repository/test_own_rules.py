"""The rules in tests/conftest.py bite: an unexpected warning of ours fails a test, an expected one not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.rooms import ROOT

SUITE = """
import logging
import os
import pytest

def test_warns_unexpectedly():
    logging.getLogger("studies.scan").warning("half of it is missing")

def test_logs_what_others_log():
    logging.getLogger("elsewhere").error("not ours")
    logging.getLogger("studies.scan").info("quiet")

def test_looks_for_the_warning(caplog):
    logging.getLogger("studies.scan").warning("half of it is missing")
    assert "half" in caplog.text

@pytest.mark.expects_warnings
def test_says_that_warnings_may_come():
    logging.getLogger("reviews").error("expected")

def test_draws_off_the_screen_in_its_own_folders(data_dir, tmp_path):
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    assert data_dir.parent == tmp_path and not list(data_dir.iterdir())
    assert "pytest" in os.environ["XDG_DATA_HOME"]
"""


@pytest.fixture
def outcome(tmp_path: Path) -> str:
    """What pytest says of a small suite under our conftest."""
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = expects_warnings: may log\n", encoding="utf-8")
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout


def test_only_the_unexpected_warning_fails(outcome: str) -> None:
    assert "5 passed, 1 error" in outcome
    assert "ERROR test_suite.py::test_warns_unexpectedly" in outcome
    assert "studies.scan: WARNING: half of it is missing" in outcome
