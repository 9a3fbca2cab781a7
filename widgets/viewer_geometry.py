"""Where a stored pixel stands on the screen, and which stored pixel a point of the screen shows.

Two spaces, both continuous, both with whole numbers on the edges between pixels:
stored-pixel space (row, column), where the centre of the first pixel is (0.5, 0.5), and the view's
space (x, y) in physical pixels of the screen, so that a zoom of 1 puts one stored pixel on one
pixel of the screen at any scaling of the desktop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studies.image import Image

MOST_ZOOM = 64.0
_LEAST_PART_OF_FIT = 0.25


@dataclass(frozen=True, slots=True)
class View:
    """How a reader has laid a film: first flipped left to right, then turned, then enlarged.

    Parameters
    ----------
    rotation
        Degrees clockwise: 0, 90, 180 or 270.
    flipped
        The stored columns run from right to left before the turn.
    zoom
        Pixels of the screen for one stored pixel along the direction with the smaller spacing;
        None fits the film into the viewport, whatever its size.
    centre
        (row, column) in stored-pixel space that stands in the middle of the viewport; None is the
        middle of the film.
    """

    rotation: int = 0
    flipped: bool = False
    zoom: float | None = None
    centre: tuple[float, float] | None = None

    def turned(self, degrees: int) -> View:
        """The view turned clockwise by a multiple of 90 degrees about the middle of the viewport."""
        return replace(self, rotation=(self.rotation + degrees) % 360)

    def mirrored(self) -> View:
        """The view with left and right of the screen exchanged, whatever the turn."""
        return replace(self, rotation=-self.rotation % 360, flipped=not self.flipped)


@dataclass(frozen=True, slots=True)
class Film:
    """The size of a film in stored pixels and the shape of its pixels.

    `row_scale` and `column_scale` are the spacing between rows and between columns over the
    smaller of the two, so that one of them is 1.
    """

    rows: int
    columns: int
    row_scale: float = 1.0
    column_scale: float = 1.0

    @classmethod
    def of(cls, image: Image) -> Film:
        """The film of an image; pixels are square where nothing is known of them."""
        rows, columns = image.shape
        spacing = image.spacing
        if spacing is None or spacing.row_mm <= 0 or spacing.column_mm <= 0:
            return cls(rows, columns)
        least = min(spacing.row_mm, spacing.column_mm)
        return cls(rows, columns, spacing.row_mm / least, spacing.column_mm / least)


@dataclass(frozen=True, slots=True)
class Placement:
    """A film laid into a viewport of `width` x `height` physical pixels: all that painting has to know."""

    film: Film
    view: View
    width: int
    height: int

    @property
    def zoom(self) -> float:
        """The zoom in force: the view's own, or the one that fits."""
        return self.fitting_zoom if self.view.zoom is None else self.view.zoom

    @property
    def fitting_zoom(self) -> float:
        """The zoom at which the whole film just fits into the viewport."""
        wide = self.film.columns * self.film.column_scale
        high = self.film.rows * self.film.row_scale
        if self.view.rotation in (90, 270):
            wide, high = high, wide
        return max(min(self.width / wide, self.height / high), 1e-6)

    @property
    def centre(self) -> tuple[float, float]:
        """(row, column) in the middle of the viewport."""
        if self.view.zoom is None or self.view.centre is None:
            return self.film.rows / 2, self.film.columns / 2
        return self.view.centre

    @property
    def steps(self) -> tuple[float, float]:
        """Physical pixels for one stored pixel down the rows and along the columns.

        Up to a zoom of 1 the whole film takes a whole number of pixels of the screen, so that what
        was reduced by area is copied to the screen and not resampled once more.
        """
        down, along = self.zoom * self.film.row_scale, self.zoom * self.film.column_scale
        if self.zoom > 1.0:
            return down, along
        rows, columns = self.film.rows, self.film.columns
        return max(round(rows * down), 1) / rows, max(round(columns * along), 1) / columns

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): ``x, y = matrix @ (column, row, 1)``.

        The film's corner falls on a corner between pixels of the screen, so that nothing is smeared
        over two pixels, and moving the film moves whole pixels.
        """
        matrix = self._unrounded()
        matrix[:, 2] = np.rint(matrix[:, 2])
        return matrix

    def _unrounded(self) -> NDArray[np.float64]:
        """As `matrix`, before the film is set on whole pixels: steps of a zoom must not add up their rest."""
        down, along = self.steps
        cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[self.view.rotation]
        across = -along if self.view.flipped else along
        turn = np.array([[cosine * across, -sine * down], [sine * across, cosine * down]])
        row, column = self.centre
        shift = np.array([self.width / 2, self.height / 2]) - turn @ np.array([column, row])
        return np.column_stack([turn, shift])

    def image_to_view(self, row: float, column: float) -> tuple[float, float]:
        """(x, y) in physical pixels of a point in stored-pixel space."""
        x, y = self.matrix() @ np.array([column, row, 1.0])
        return float(x), float(y)

    def view_to_image(self, x: float, y: float) -> tuple[float, float]:
        """(row, column) in stored-pixel space of a point of the viewport."""
        matrix = self.matrix()
        column, row = np.linalg.solve(matrix[:, :2], np.array([x, y]) - matrix[:, 2])
        return float(row), float(column)

    def film_box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the whole film in the viewport's physical pixels."""
        one = self.image_to_view(0, 0)
        other = self.image_to_view(self.film.rows, self.film.columns)
        return min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])

    def visible_box(self, margin: int = 0) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of the film's part in the viewport, in whole pixels; may be empty.

        With a margin, of its part in a viewport that is larger by so many pixels at each edge.
        """
        left, top, right, bottom = self.film_box()
        return (
            max(round(left), -margin),
            max(round(top), -margin),
            min(round(right), self.width + margin),
            min(round(bottom), self.height + margin),
        )

    def zoomed(self, zoom: float, x: float | None = None, y: float | None = None) -> View:
        """The view at another zoom, with the point under (x, y) kept where it is (the middle without one)."""
        least = min(self.fitting_zoom * _LEAST_PART_OF_FIT, 1.0)
        zoom = min(max(zoom, least), MOST_ZOOM)
        x = self.width / 2 if x is None else x
        y = self.height / 2 if y is None else y
        matrix = self._unrounded()
        column, row = np.linalg.solve(matrix[:, :2], np.array([x, y]) - matrix[:, 2])
        turn = replace(self, view=replace(self.view, zoom=zoom))._unrounded()[:, :2]
        across, down = np.linalg.solve(turn, np.array([x - self.width / 2, y - self.height / 2]))
        centre = float(row - down), float(column - across)
        return replace(self.view, zoom=zoom, centre=self._held(centre))

    def panned(self, dx: float, dy: float) -> View:
        """The view with the film pushed by (dx, dy) physical pixels; some of it stays in the viewport."""
        matrix = self.matrix()
        column, row = np.linalg.solve(matrix[:, :2], np.array([dx, dy]))
        centre = self.centre[0] - float(row), self.centre[1] - float(column)
        return replace(self.view, zoom=self.zoom, centre=self._held(centre))

    def _held(self, centre: tuple[float, float]) -> tuple[float, float]:
        row = min(max(centre[0], 0.0), float(self.film.rows))
        column = min(max(centre[1], 0.0), float(self.film.columns))
        return row, column
