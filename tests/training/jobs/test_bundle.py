"""Bundles: what was put in comes out, and whatever else somebody puts in is refused in a sentence."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.errors import UnusableJob
from training.jobs.bundle import read_manifest, unpack_bundle, write_bundle

LIMITS = {"a.bin": 1000, "b.bin": 1000}
MANIFEST = {"format": "test", "version": 1, "said": "ä"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, content in (("a.bin", b"alpha" * 20), ("b.bin", b"")):
        found[name] = tmp_path / f"source-{name}"
        found[name].write_bytes(content)
    return found


@pytest.fixture(params=["bundle.zip", "bundle"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path, files: dict[str, Path]) -> Path:
    path = tmp_path / str(request.param)
    write_bundle(path, "manifest.json", MANIFEST, files)
    return path


def unpack(path: Path, into: Path, limits: dict[str, int] = LIMITS) -> dict[str, Any]:
    return unpack_bundle(path, "manifest.json", "test", limits, into)


def refused(path: Path, into: Path, limits: dict[str, int] = LIMITS) -> str:
    with pytest.raises(UnusableJob) as caught:
        unpack(path, into, limits)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_what_was_put_in_comes_out(bundle: Path, files: dict[str, Path], tmp_path: Path) -> None:
    manifest = unpack(bundle, tmp_path / "out")
    assert manifest["said"] == "ä"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.bin", "b.bin"}
    for name, source in files.items():
        assert (tmp_path / "out" / name).read_bytes() == source.read_bytes()
    assert read_manifest(bundle, "manifest.json", "test") == manifest


def test_a_bundle_is_never_written_over_another(bundle: Path) -> None:
    with pytest.raises(UnusableJob, match="is there already"):
        write_bundle(bundle, "manifest.json", MANIFEST, {})


def test_a_zip_says_nothing_of_when_it_was_made(bundle: Path) -> None:
    if bundle.suffix == ".zip":
        with zipfile.ZipFile(bundle) as archive:
            assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_another_format_and_another_version_are_named(tmp_path: Path) -> None:
    for number, (manifest, said) in enumerate(
        (({"format": "other", "version": 1}, "'other'"), ({"format": "test", "version": 7}, "version 7"))
    ):
        path = tmp_path / f"{number}.zip"
        write_bundle(path, "manifest.json", manifest, {})
        assert said in refused(path, tmp_path / "out")


def test_a_file_that_was_changed_on_its_way_is_refused(
    bundle: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    if bundle.is_dir():
        (bundle / "a.bin").write_bytes(b"omega" * 20)
    else:
        content = bundle.read_bytes()
        bundle.write_bytes(content.replace(b"alphaalpha", b"omegaomega"))
    assert "a.bin" in refused(bundle, tmp_path / "out")
    assert not (tmp_path / "out" / "a.bin").exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_unpacked(bundle: Path, tmp_path: Path) -> None:
    assert "at most 99 are expected" in refused(bundle, tmp_path / "out", LIMITS | {"a.bin": 99})
    assert not (tmp_path / "out").exists()


def _rewritten(path: Path, change: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        change(archive)
    return path


@pytest.mark.parametrize(
    "name", ["../escaped.txt", "/etc/escaped.txt", "c:\\escaped.txt", "deep/a.bin", "code.pkl"]
)
def test_a_name_that_does_not_belong_there_is_refused(
    name: str, tmp_path: Path, files: dict[str, Path]
) -> None:
    write_bundle(tmp_path / "bundle.zip", "manifest.json", MANIFEST, files)
    path = _rewritten(tmp_path / "bundle.zip", lambda archive: archive.writestr(name, b"x"))
    assert "does not belong there" in refused(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("escaped.txt"))


def test_compressed_members_and_names_that_come_twice_are_refused(
    tmp_path: Path, files: dict[str, Path], recwarn: pytest.WarningsRecorder
) -> None:
    write_bundle(tmp_path / "bundle.zip", "manifest.json", MANIFEST, {})
    path = _rewritten(
        tmp_path / "bundle.zip",
        lambda archive: archive.writestr("a.bin", b"0" * 100_000, zipfile.ZIP_DEFLATED),
    )
    assert "compressed" in refused(path, tmp_path / "out")
    write_bundle(tmp_path / "twice.zip", "manifest.json", MANIFEST, files)
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = _rewritten(tmp_path / "twice.zip", lambda archive: archive.writestr("a.bin", b"x"))
    assert "twice" in refused(path, tmp_path / "out")


def test_links_pipes_and_folders_are_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    for number, make in enumerate((lambda p: p.symlink_to("/etc/hostname"), os.mkfifo, lambda p: p.mkdir())):
        path = tmp_path / f"bundle-{number}"
        write_bundle(path, "manifest.json", MANIFEST, files)
        (path / "a.bin").unlink()
        make(path / "a.bin")
        assert "a plain file is expected" in refused(path, tmp_path / "out")
    os.mkfifo(tmp_path / "pipe.zip")
    assert "no file and no folder" in refused(tmp_path / "pipe.zip", tmp_path / "out")


def test_a_missing_file_and_a_missing_bundle_are_told(bundle: Path, tmp_path: Path) -> None:
    if bundle.is_dir():
        (bundle / "b.bin").unlink()
        assert "does not hold the files" in refused(bundle, tmp_path / "out")
    assert "is not there" in refused(tmp_path / "nowhere.zip", tmp_path / "out")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_zip_gives_what_was_put_in_or_a_sentence(
    data: st.DataObject, tmp_path: Path, files: dict[str, Path]
) -> None:
    whole = tmp_path / "whole.zip"
    if not whole.exists():
        write_bundle(whole, "manifest.json", MANIFEST, files)
    content = bytearray(whole.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged, out = tmp_path / "damaged.zip", tmp_path / "out"
    damaged.write_bytes(content)
    shutil.rmtree(out, ignore_errors=True)
    try:
        manifest = unpack(damaged, out)
    except UnusableJob:
        return
    assert set(manifest["files"]) == {"a.bin", "b.bin"}
    assert (out / "a.bin").read_bytes() == files["a.bin"].read_bytes()


def test_a_manifest_that_is_no_object_is_refused(tmp_path: Path) -> None:
    for number, text in enumerate(("[]", "null", "{", json.dumps("test"), "[" * 100_000)):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.json", text)
        refused(path, tmp_path / "out")
