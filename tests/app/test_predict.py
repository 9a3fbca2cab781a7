"""`predict` and `explain`: what a program reads of them, and what becomes of bad input."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from pydicom import uid

from studies.display import render
from studies.reader import read, read_header
from tests.app.conftest import Overread
from tests.app.making import CT, FINDINGS, SAMPLES, film, write_inverted_dicom, write_png

PHANTOM = SAMPLES / "PHANTOM-001" / "chest-1.dcm"
KEYS = ["path", "sop_instance_uid", "frame", "model", "findings", "suggestion", "uncertainty", "warnings"]
KEYS += ["margin", "agreement", "unfamiliarity", "lung_share", "weights_sha256"]


def test_a_line_holds_exactly_what_the_contract_says(overread: Overread, png: Path) -> None:
    told = overread("predict", png)
    assert told.status == 0
    assert told.err == ""
    line = told.line
    assert list(line) == KEYS
    assert line["path"] == str(png)
    assert Path(line["path"]).is_absolute()
    assert line["frame"] == 1
    assert line["model"] == "starter"
    assert [f["name"] for f in line["findings"]] == list(FINDINGS)
    assert sum(f["probability"] for f in line["findings"]) == pytest.approx(1, abs=1e-5)
    likeliest = max(line["findings"], key=lambda f: f["probability"])
    assert line["suggestion"] == likeliest["name"]
    assert 0 <= line["uncertainty"] <= 1
    assert line["warnings"] == []


def test_a_relative_path_comes_out_absolute(
    overread: Overread, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(png.parent)
    assert overread("predict", png.name).line["path"] == str(png)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless])
def test_the_same_film_as_picture_and_as_dicom_gets_the_same_probabilities(
    overread: Overread, tmp_path: Path, syntax: str
) -> None:
    films = [film(label, seed) for seed, label in enumerate(FINDINGS)]
    pictures = [write_png(tmp_path / f"{n}.png", pixels) for n, pixels in enumerate(films)]
    dicoms = [write_inverted_dicom(tmp_path / f"{n}.dcm", pixels, syntax) for n, pixels in enumerate(films)]
    lines = {line["path"]: line for line in overread("predict", tmp_path).lines}
    answers = []
    for picture, dicom in zip(pictures, dicoms, strict=True):
        ours, theirs = ([f["probability"] for f in lines[str(p)]["findings"]] for p in (picture, dicom))
        assert lines[str(dicom)]["suggestion"] is not None
        assert ours == pytest.approx(theirs, abs=0.01)
        answers.append(ours)
    assert np.ptp(answers, axis=0).max() > 0.05, "a model that says the same of every film proves nothing"


def test_an_image_that_no_card_covers_gets_a_line_a_warning_and_no_suggestion(overread: Overread) -> None:
    told = overread("predict", CT / "020.dcm")
    assert told.status == 0
    line = told.line
    assert list(line) == KEYS
    assert line["suggestion"] is None
    assert len(line["findings"]) == len(FINDINGS)
    assert any("CT" in warning or "phantom" in warning for warning in line["warnings"])


def test_phantoms_are_answered_by_the_model_for_phantoms(overread: Overread) -> None:
    line = overread("predict", PHANTOM).line
    assert line["model"] == "phantom"
    assert line["suggestion"] in ("no-finding", "opacity")


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(overread: Overread, tmp_path: Path) -> None:
    films = tmp_path / "films"
    good = write_png(films / "good.png", film())
    text = films / "letter.txt"
    text.write_text("Dear colleague")
    truncated = films / "truncated.dcm"
    truncated.write_bytes(PHANTOM.read_bytes()[:3000])
    damaged = films / "damaged.dcm"  # its header and fragments are whole, what is in them is not
    content = bytearray(PHANTOM.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 2000] = bytes(2000)
    damaged.write_bytes(content)
    empty = tmp_path / "empty"
    empty.mkdir()
    missing = tmp_path / "missing.png"
    told = overread("predict", text, films, empty, missing)
    assert told.status == 1
    assert [line["path"] for line in told.lines] == [str(good)]
    sentences = told.err.splitlines()
    for path in (text, truncated, damaged, empty, missing):
        assert any(str(path) in sentence for sentence in sentences), (path, told.err)
    assert "Traceback" not in told.err


def test_every_frame_of_a_multi_frame_file_is_a_line(overread: Overread, tmp_path: Path) -> None:
    from tests.studies.files import write_dicom

    frames = np.stack([film(seed=n) for n in range(3)])
    path = write_dicom(
        tmp_path / "cine.dcm", frames, NumberOfFrames=3, Modality="CR", BodyPartExamined="CHEST"
    )
    assert [line["frame"] for line in overread("predict", path).lines] == [1, 2, 3]


@pytest.mark.parametrize("model", ["nobody", "adapted"])
def test_a_model_that_is_not_there_is_wrong_usage(overread: Overread, png: Path, model: str) -> None:
    told = overread("predict", png, "--model", model)
    assert told.status == 2
    assert told.out == ""
    assert told.err.count("\n") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_wrong_usage_told_once(overread: Overread, png: Path) -> None:
    told = overread("predict", png, png.parent, "--device", "cuda")
    assert (told.status, told.lines) == (2, [])
    assert told.err.count("cuda was asked for") == 1


def test_a_model_may_be_named_by_a_unique_beginning(overread: Overread, png: Path) -> None:
    assert overread("predict", png, "--model", "sta").line["model"] == "starter"


def test_what_is_covered_changes_what_is_said(overread: Overread, png: Path) -> None:
    header = read_header(png)
    rows, columns = header.rows, header.columns
    upper = f"0,0 0,{columns} {rows / 2},{columns} {rows / 2},0"
    said = [
        [f["probability"] for f in overread("predict", png, *options).line["findings"]]
        for options in ((), ("--cover", upper), ("--cover", upper, "--keep"), ())
    ]
    assert said[0] == said[3], "what was covered was remembered as the film"
    assert max(abs(a - b) for a, b in zip(said[0], said[1], strict=True)) > 0.001
    assert max(abs(a - b) for a, b in zip(said[1], said[2], strict=True)) > 0.001


@pytest.mark.parametrize("options", [("--cover", "1,2 3,4"), ("--cover", "a,b c,d e,f"), ("--keep",)])
def test_an_outline_that_is_none_is_wrong_usage(
    overread: Overread, png: Path, options: tuple[str, ...]
) -> None:
    told = overread("predict", png, *options)
    assert (told.status, told.out) == (2, "")


def test_agreement_is_told_when_it_is_asked_for(overread: Overread, png: Path) -> None:
    assert overread("predict", png).line["agreement"] is None
    line = overread("predict", png, "--agreement").line
    assert line["agreement"] in [n / 8 for n in range(9)]
    assert 0 <= line["margin"] <= 1


def test_a_second_time_the_answer_is_the_same_and_nothing_is_decoded(
    overread: Overread, tmp_path: Path
) -> None:
    path = write_inverted_dicom(tmp_path / "film.dcm", film("pneumonia", 3), uid.ExplicitVRLittleEndian)
    first, status = overread("predict", path).line, path.stat()
    with path.open("r+b") as file:  # black where the film was: decoded again, it would be another one
        file.seek(-status.st_size // 2, os.SEEK_END)
        file.write(bytes(status.st_size // 2))
    assert overread("predict", path).line["findings"] != first["findings"]
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
    black = overread("predict", path).line
    with path.open("r+b") as file:
        file.seek(-status.st_size // 2, os.SEEK_END)
        file.write(bytes([9]) * (status.st_size // 2))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
    assert overread("predict", path).line == black, "a file of the same size and age was decoded again"


def test_without_json_a_person_reads_a_sentence(overread: Overread, png: Path) -> None:
    told = overread("predict", png, text=True)
    assert told.out.startswith("film.png: suggests ")
    assert "other pneumonia 0." in told.out


@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_explain_writes_an_overlay_of_full_size_and_the_map_itself(
    overread: Overread, tmp_path: Path, png: Path, method: str
) -> None:
    pixels = film("covid-19", seed=3)[:, :40]
    path = write_png(tmp_path / "upright.png", pixels)
    out, raw = tmp_path / "made" / "o.png", tmp_path / "maps" / "m.npy"
    told = overread("explain", path, "--finding", "covid-19", "--method", method, "--out", out, "--raw", raw)
    assert told.status == 0, told.err
    assert told.line["out"] == str(out)
    assert told.line["raw"] == str(raw)
    overlay = np.asarray(Pillow.open(out))
    assert overlay.shape == (48, 40, 3)
    values = np.load(raw, allow_pickle=False)
    assert values.shape == (48, 40)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert values.std() > 0


def test_explain_draws_as_asked_and_the_map_itself_stays_the_same(
    overread: Overread, tmp_path: Path, png: Path
) -> None:
    """Without an option the overlay is smooth, in inferno, at half opacity, with nothing left out."""
    out, raw = tmp_path / "o.png", tmp_path / "m.npy"

    def strongest(finding: str) -> float:
        assert overread("explain", png, "--finding", finding, "--out", out, "--raw", raw).status == 0
        return float(np.load(raw, allow_pickle=False).max())

    finding = max(FINDINGS, key=strongest)  # some evidence, so that there is something to draw
    pictures, maps = {}, []
    for name, options in {
        "default": (),
        "spelled out": ("--mode", "smooth", "--colour-map", "inferno", "--opacity", 0.5, "--threshold", 0),
        "cells": ("--mode", "cells"),
        "contours": ("--mode", "contours"),
        "viridis": ("--colour-map", "viridis"),
        "cut": ("--threshold", 0.99),
    }.items():
        told = overread("explain", png, "--finding", finding, "--out", out, "--raw", raw, *options)
        assert told.status == 0, told.err
        pictures[name] = out.read_bytes()
        maps.append(np.load(raw, allow_pickle=False))
    assert pictures["default"] == pictures["spelled out"]
    assert len(set(pictures.values())) == len(pictures) - 1
    assert all(np.array_equal(maps[0], other) for other in maps)


@pytest.mark.parametrize(
    "option", [("--mode", "glow"), ("--colour-map", "jet"), ("--threshold", "2"), ("--opacity", "-0.1")]
)
def test_a_look_that_there_is_not_is_wrong_usage(
    overread: Overread, tmp_path: Path, png: Path, option: tuple[str, str]
) -> None:
    out = tmp_path / "o.png"
    told = overread("explain", png, "--finding", "pneumonia", "--out", out, *option)
    assert told.status == 2
    assert option[0] in told.err
    assert not out.exists()


def test_explain_takes_an_image_of_the_worklist_by_its_uid(
    overread: Overread, tmp_path: Path, png: Path
) -> None:
    identity = overread("import", png).line["sop_instance_uid"]
    for number, image in enumerate((f"{identity}:1", png)):
        raw = tmp_path / f"{number}.npy"
        told = overread("explain", image, "--finding", "pneumonia", "--out", tmp_path / "o.png", "--raw", raw)
        assert told.status == 0, told.err
    assert np.array_equal(np.load(tmp_path / "0.npy"), np.load(tmp_path / "1.npy"))


def test_an_unknown_finding_is_wrong_usage_and_nothing_is_written(
    overread: Overread, tmp_path: Path, png: Path
) -> None:
    out = tmp_path / "o.png"
    told = overread("explain", png, "--finding", "fracture", "--out", out)
    assert told.status == 2
    assert "fracture" in told.err
    assert not out.exists()


def test_render_gives_the_image_as_it_is_first_shown_in_full_size(overread: Overread, tmp_path: Path) -> None:
    out = tmp_path / "film.png"
    assert overread("render", PHANTOM, "--out", out).line["out"] == str(out)
    shown = np.asarray(Pillow.open(out))
    image = read(read_header(PHANTOM))
    assert shown.dtype == np.uint8
    assert shown.shape == image.shape
    assert np.array_equal(shown, render(image))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_is_named_with_the_file_that_did_not_fit(
    overread: Overread, png: Path, tmp_path: Path
) -> None:
    for typed in (("render", png), ("explain", png, "--finding", "pneumonia")):
        told = overread(*typed, "--out", "/dev/full")
        assert (told.status, told.lines) == (1, [])
        assert told.err == "overread: /dev/full: No space left on device.\n"
    told = overread(*typed, "--out", tmp_path / "o.png", "--raw", "/dev/full")
    assert told.err == "overread: /dev/full: No space left on device.\n"


def test_render_takes_a_frame_and_a_window(overread: Overread, tmp_path: Path) -> None:
    out = tmp_path / "slice.png"
    slice_ = CT / "020.dcm"
    assert overread("render", slice_, "--out", out, "--window", "40", "400").status == 0
    narrow = np.asarray(Pillow.open(out)).copy()
    assert overread("render", slice_, "--out", out, "--window", "-600", "1500").status == 0
    assert not np.array_equal(narrow, np.asarray(Pillow.open(out)))
    assert overread("render", slice_, "--out", out, "--window", "40", "0").status == 2
    told = overread("render", slice_, "--out", out, "--frame", "2")
    assert told.status == 1
    assert "frame 2" in told.err
