"""Settings survive, and what is damaged in them costs only itself."""

from __future__ import annotations

import getpass
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings, read_settings, write_settings
from inference.overlay import HeatmapStyle


def test_what_was_written_is_read(tmp_path: Path) -> None:
    settings = replace(
        Settings(), reader="A. Smith", heatmap_shown=True, heatmap_opacity=0.25, order="uncertain"
    )
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


def test_how_heatmaps_look_is_remembered(tmp_path: Path) -> None:
    style = HeatmapStyle("contours", 0.7, 0.1, "viridis")
    settings = replace(
        Settings(),
        heatmap_mode=style.mode,
        heatmap_opacity=style.opacity,
        heatmap_threshold=style.threshold,
        heatmap_colour_map=style.colour_map,
    )
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path).heatmap_style == style
    assert Settings().heatmap_style == HeatmapStyle()


def test_a_mode_or_colour_map_that_is_none_keeps_its_default(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_text('{"heatmap_mode": "glow", "heatmap_colour_map": "jet"}')
    assert read_settings(tmp_path) == Settings()
    assert [r.getMessage().rpartition(": ")[2] for r in caplog.records] == [
        "heatmap_mode is none of smooth, cells, contours; its default is used",
        "heatmap_colour_map is none of inferno, viridis, magma, cividis; its default is used",
    ]


def test_without_a_file_the_defaults_hold_and_the_reader_is_the_systems_user(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert settings == Settings()
    assert settings.reader_name == getpass.getuser()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", '{"reader": "A'])
def test_a_damaged_file_gives_the_defaults_and_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / "settings.json").write_text(text)
    assert read_settings(tmp_path) == Settings()
    assert [r.levelno for r in caplog.records] == [logging.WARNING]


def test_bytes_that_are_no_text_give_the_defaults(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "settings.json").write_bytes(b"\xff\xfe\x00{")
    assert read_settings(tmp_path) == Settings()
    assert caplog.records


def test_a_value_of_another_type_keeps_its_default_and_the_others_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_text(
        '{"reader": 7, "heatmap_shown": 1, "heatmap_opacity": "much", "order": "patient", "unknown": []}'
    )
    assert read_settings(tmp_path) == replace(Settings(), order="patient")
    assert len(caplog.records) == 3


def test_a_whole_number_serves_as_a_fraction(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"heatmap_opacity": 1, "gate_margin": 0}')
    settings = read_settings(tmp_path)
    assert (settings.heatmap_opacity, settings.gate_margin) == (1.0, 0.0)
    assert isinstance(settings.heatmap_opacity, float)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "7", "-1"])
def test_an_opacity_that_cannot_be_keeps_its_default(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    (tmp_path / "settings.json").write_text(f'{{"heatmap_opacity": {value}}}')
    assert read_settings(tmp_path).heatmap_opacity == Settings().heatmap_opacity
    assert caplog.records
