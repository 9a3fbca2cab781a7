"""run.py says what is wrong in a sentence, and notices when something changed."""

import ast
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run
from tests.repository.rooms import ROOT

RUN = ROOT / "run.py"


def test_an_old_python_can_read_the_file_far_enough_to_be_told() -> None:
    ast.parse(RUN.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_only_the_standard_library_is_imported() -> None:
    tree = ast.parse(RUN.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names) | {"__future__"}


def test_a_python_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "OLDEST_PYTHON", (99, 0))
    assert run.main([]) == 1
    assert sys.version.split()[0] in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["tset"], ["--fast"], ["-h", "test"]])
def test_an_unknown_argument_gets_the_usage_and_status_2(arguments: list[str], tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(RUN), *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "usage: python run.py" in result.stderr
    assert result.stdout == ""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """run.py believes that its files lie in a folder with a space in its name."""
    folder = tmp_path / "over read"
    folder.mkdir()
    for name in ("REQUIREMENTS", "REQUIREMENTS_DEV", "REQUIREMENTS_WITHOUT_DEPENDENCIES", "CONSTRAINTS"):
        copy = shutil.copy2(getattr(run, name), folder)
        monkeypatch.setattr(run, name, Path(copy))
    monkeypatch.setattr(run, "STAMP", folder / "stamp.json")
    return folder


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("requirements.txt", {"run", "test"}),
        ("constraints.txt", {"run", "test"}),
        ("requirements-without-dependencies.txt", {"run", "test"}),
        ("requirements-dev.txt", {"test"}),
    ],
)
def test_a_changed_requirement_is_installed_again(name: str, kinds: set[str], checkout: Path) -> None:
    before = {"run": run.fingerprint(False), "test": run.fingerprint(True)}
    with (checkout / name).open("a", encoding="utf-8") as file:
        file.write("six==1.16.0\n")
    after = {"run": run.fingerprint(False), "test": run.fingerprint(True)}
    assert {kind for kind in before if before[kind] != after[kind]} == kinds


def test_what_was_installed_is_remembered(checkout: Path) -> None:
    assert run.read_stamp() == {}
    run.write_stamp(development=False)
    assert run.read_stamp() == {"run": run.fingerprint(False)}
    run.write_stamp(development=True)
    assert run.read_stamp() == {"run": run.fingerprint(False), "test": run.fingerprint(True)}


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_memory_means_that_nothing_is_installed(text: str, checkout: Path) -> None:
    run.STAMP.write_text(text, encoding="utf-8")
    assert run.read_stamp() == {}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt brings its libraries along elsewhere")
def test_missing_system_libraries_are_named_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(
        run,
        "QT_LIBRARIES",
        (("libc.so.6", "libc6", False), ("libno.so.7", "libno7", False), ("libwin.so.1", "libwin1", True)),
    )
    with pytest.raises(run.SetUpError, match=r"apt-get install libno7\n.*libno\.so\.7"):
        run.ensure_system_libraries(with_screen=False)
    with pytest.raises(run.SetUpError, match=r"apt-get install libno7 libwin1\n"):
        run.ensure_system_libraries(with_screen=True)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (f"ERROR: Could not install: {os.strerror(errno.ENOSPC)}", "the disk is full"),
        ("Failed to establish a new connection: NewConnectionError('...')", "cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "offers no such version for Python"),
        ("ERROR: something else", "pip said:\n    ERROR: something else"),
    ],
)
def test_why_installing_failed_is_a_sentence(output: str, sentence: str) -> None:
    assert sentence in run.explain(output)


def test_with_no_display_there_is_no_screen_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not run.has_screen()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert run.has_screen()
