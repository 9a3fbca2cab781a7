"""A picture of the window, taken by itself, shows evidence whatever part the first film belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from app.gui.start import take_picture_when_settled
from studies.reader import read_header
from tests.app.gui.conftest import OpenDesk
from tests.app.making import FINDINGS, film, write_png
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(200)


@pytest.mark.parametrize("hidden", [(), (0,), (1,), (0, 1)])
def test_a_picture_is_taken_of_a_film_that_hides_nothing(
    open_desk: OpenDesk, data_dir: Path, tmp_path: Path, hidden: tuple[int, ...]
) -> None:
    for n in range(2):
        path = write_png(tmp_path / "films" / f"{n}.png", film(FINDINGS[n], n))
        keys = [read_header(path).split_key]
        give_part(data_dir / "overread.sqlite", keys, "test" if n in hidden else "train")
    desk = open_desk()
    desk.station.open_paths([tmp_path / "films"])
    desk.until(lambda: len(desk.rows) == 2)
    taken: list[bool] = []
    take_picture_when_settled(desk.station, tmp_path / "window.png", taken)
    desk.until(lambda: taken == [True])
    with Image.open(tmp_path / "window.png") as picture:
        assert len(picture.convert("L").getcolors(256) or ()) > 20, "the window is blank"
    is_drawn = desk.window.reading.viewer.is_heatmap_drawn
    assert is_drawn == (len(hidden) < 2)
