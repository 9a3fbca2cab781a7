"""Charts: round numbers, lines where the points are, words for a screen reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from widgets import theme
from widgets.numbers import duration_text, figure_text, interval_text
from widgets.plots import LineChart, ReliabilityChart, RocChart, Series, nice_ticks
from widgets.plots_confusion import ConfusionMatrix
from widgets.theme import TOKENS

pytestmark = pytest.mark.usefixtures("themed")


def drawn(widget: QWidget, qtbot: QtBot) -> QImage:
    qtbot.addWidget(widget)
    widget.setStyleSheet(f"background: {TOKENS.panel};")
    widget.resize(300, 240)
    return widget.grab().toImage()


def has_colour(image: QImage, colour: str) -> bool:
    wanted = QColor(colour).rgb()
    return any(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(40, image.height() - 30)
    )


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 12))
def test_ticks_lie_between_the_ends_and_are_not_many(low: float, extent: float, most: int) -> None:
    ticks = nice_ticks(low, low + extent, most)
    slack = extent * 1e-6
    assert all(low - slack <= tick <= low + extent + slack for tick in ticks)
    assert len(ticks) <= most + 1


def test_ticks_are_round_numbers() -> None:
    assert nice_ticks(0, 1, 5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert nice_ticks(1, 20, 4) == [5, 10, 15, 20]
    assert nice_ticks(3, 3) == [3]


def test_an_empty_chart_says_so(qtbot: QtBot) -> None:
    chart = LineChart("Loss", "epoch", "log-loss")
    chart.set_series([])
    assert not has_colour(drawn(chart, qtbot), TOKENS.accent)
    assert chart.accessibleDescription() == "Nothing to draw yet"


def test_a_line_grows_and_is_drawn(qtbot: QtBot) -> None:
    chart = LineChart("Loss", "epoch", "log-loss")
    for number in range(1, 5):
        chart.append("training", number, 1.0)
    assert chart.series == (Series("training", ((1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0))),)
    assert has_colour(drawn(chart, qtbot), TOKENS.accent)
    assert chart.accessibleDescription() == "training: 1"


def test_a_single_epoch_is_drawn_as_a_point(qtbot: QtBot) -> None:
    chart = LineChart("Loss", "epoch", "log-loss")
    chart.append("training", 1, 0.7)
    assert not drawn(chart, qtbot).isNull()


def test_a_figure_that_is_not_finite_is_left_out(qtbot: QtBot) -> None:
    chart = LineChart("Loss", "epoch", "log-loss")
    for number, value in enumerate((1.0, float("nan"), float("inf"), 0.5)):
        chart.append("training", number, value)
    assert not drawn(chart, qtbot).isNull()


def test_a_perfect_curve_lies_at_the_upper_left(qtbot: QtBot) -> None:
    chart = RocChart("ROC")
    chart.set_series([Series("candidate", ((0, 0), (0, 1), (1, 1)))])
    image = drawn(chart, qtbot)
    below = range(60, image.height() - 60)
    columns = [x for x in range(image.width()) if all(image.pixelColor(x, y).blue() > 100 for y in below)]
    assert columns
    assert max(columns) < 60


@pytest.mark.parametrize("kind", [RocChart, ReliabilityChart])
def test_square_charts_are_drawn_in_any_size(kind: type[RocChart | ReliabilityChart], qtbot: QtBot) -> None:
    chart = kind("Curve")
    chart.set_series([Series("a", ((0.0, 0.0), (1.0, 1.0))), Series("b", ((0.0, 0.0), (1.0, 1.0)))])
    qtbot.addWidget(chart)
    for size in ((1, 1), (40, 400), (900, 60), (300, 300)):
        chart.resize(*size)
        chart.grab()


def test_a_confusion_matrix_tells_every_count(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix("Candidate")
    matrix.set_matrix(["pneumonia", "no finding"], [[3, 1], [0, 0]])
    assert not drawn(matrix, qtbot).isNull()
    assert matrix.accessibleDescription().split("; ") == [
        "pneumonia read as pneumonia: 3",
        "pneumonia read as no finding: 1",
        "no finding read as pneumonia: 0",
        "no finding read as no finding: 0",
    ]


def test_text_on_the_darkest_cell_can_be_read() -> None:
    """The fullest cell is 45% accent on `raised`."""
    accent, raised = QColor(TOKENS.accent), QColor(TOKENS.raised)
    mixed = QColor(
        round(0.45 * accent.red() + 0.55 * raised.red()),
        round(0.45 * accent.green() + 0.55 * raised.green()),
        round(0.45 * accent.blue() + 0.55 * raised.blue()),
    )
    assert theme.contrast(TOKENS.text, mixed.name()) >= 4.5


def test_missing_figures_are_dashes_and_never_zero() -> None:
    assert figure_text(None) == "–"
    assert figure_text(0.0) == ".000"
    assert figure_text(1.0) == "1.000"
    assert interval_text(None) == ""
    assert interval_text((0.871, 0.932)) == ".871 to .932"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59, "59 s"), (170, "3 min"), (5400, "1.5 h"), (90, "2 min")]
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
