"""A command line to type into, the bundled models, and films. The models are small, and real."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.command_line import run
from app.workplace import Workplace
from tests.app.making import film, write_bundled, write_hospital, write_png


@dataclass(frozen=True)
class Told:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its JSON objects. Anything else on stdout is a failure."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (only,) = self.lines
        return only


Overread = Callable[..., Told]


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models that come with the program, here: `starter` and `phantom`."""
    return write_bundled(tmp_path_factory.mktemp("bundled"))


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 films of 48 patients and their `labels.csv`."""
    return write_hospital(tmp_path_factory.mktemp("hospital"), 48)


@pytest.fixture
def overread(
    data_dir: Path, bundled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Overread:
    """Type a command: ``overread("predict", path)``. It runs here, on a data folder of this test alone."""
    monkeypatch.setattr(os, "nice", lambda by: 0)  # a training must not slow down the tests that follow

    def type_in(*arguments: object, text: bool = False) -> Told:
        capsys.readouterr()
        typed = ["--data", str(data_dir), "--bundled", str(bundled), *map(str, arguments)]
        try:
            status = run(typed if text else [*typed, "--json"])
        except SystemExit as left:
            status = int(left.code or 0)
        out, err = capsys.readouterr()
        return Told(status, out, err)

    return type_in


@pytest.fixture
def workplace(data_dir: Path, bundled: Path) -> Any:
    """The same workplace, to look into what a command left."""
    place = Workplace(data_dir, bundled)
    yield place
    place.close()


@pytest.fixture
def png(tmp_path: Path) -> Path:
    return write_png(tmp_path / "film.png", film("pneumonia", seed=5))
