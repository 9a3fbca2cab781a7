"""The repository is a program that runs from its root, names no machine's address and ships its licences."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.repository.rooms import ROOMS, ROOT, tracked_files

LARGEST_FILE_MB = 30
REQUIREMENT_FILES = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-without-dependencies.txt",
    "constraints.txt",
)
# Written in pieces, so that this file does not hold what it looks for.
REGISTRY_ADDRESS = re.compile(
    r"py"
    r"pi\.|python"
    r"hosted\.|download\.py"
    r"torch|registry\.npm"
    r"js|deb\.deb"
    r"ian|--(extra-)?index"
    r"-url"
)
MACHINE_PATH = re.compile(r"/wo" r"rk/|/ro" r"ot/|/ho" r"me/\w+/|\.py" r"env/|/o" r"pt/|C:\\Us" r"ers\\\w")


def text_files() -> list[tuple[Path, str]]:
    """Tracked files that are text, with their text."""
    found = []
    for file in tracked_files():
        try:
            found.append((file, file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_the_one_in_this_repository(room: str) -> None:
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / room / "__init__.py"


@pytest.mark.parametrize("room", ROOMS)
def test_init_files_are_empty_so_that_light_modules_import_alone(room: str) -> None:
    filled = [file for file in (ROOT / room).rglob("__init__.py") if file.read_text(encoding="utf-8").strip()]
    assert filled == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_of_code_is_a_package(room: str) -> None:
    folders = {file.parent for file in (ROOT / room).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_requirements_are_pinned_by_name_and_version_alone(name: str) -> None:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    loose = [
        line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line)
    ]
    assert loose == []


def test_qt_is_the_version_that_counts_references_right() -> None:
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    assert "PySide6-Essentials==6.11.3" in pinned
    assert "shiboken6==6.11.3" in pinned


@pytest.mark.parametrize(
    "pattern", [REGISTRY_ADDRESS, MACHINE_PATH], ids=["registry address", "machine path"]
)
def test_no_file_names_an_address_or_a_folder_of_one_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_file_is_too_big_to_clone() -> None:
    big = [file for file in tracked_files() if file.stat().st_size > LARGEST_FILE_MB * 1e6]
    assert big == []


def test_the_licences_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "TERMS AND CONDITIONS" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for file in ("LGPL-3.0.txt", "GPL-3.0.txt", "LGPL-2.1.txt", "README.md"):
        assert f"licences/{file}" in notice
        assert (ROOT / "licences" / file).stat().st_size > 500


def test_every_direct_requirement_has_its_reason_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    names = [
        line.split("==")[0].lower()
        for file in REQUIREMENT_FILES[:3]
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if "==" in line
    ]
    assert [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", readme)] == []
