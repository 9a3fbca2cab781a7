"""The report is one page that needs nothing else and says what the evaluation says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from inference.card import FindingName, ModelCard
from training.events import Evaluation, ImageResult
from training.metrics import evaluate_results
from training.probes import added
from training.report import page, write_report

NAMES = ("<script>alert(1)</script>", "no-finding")
CARD = ModelCard(
    "m1", "A & B <model>", "test_resnet", tuple(FindingName(n, n) for n in NAMES), limits=("Only <adults>.",)
)


def evaluation(count: int = 60) -> Evaluation:
    random = np.random.default_rng(0)
    results = []
    for i in range(count):
        said = float(random.uniform())
        true = int(random.uniform() < said)
        results.append(ImageResult(f"i{i}", f"p{i}", (true, 1 - true), (said, 1 - said)))
    return evaluate_results(results, NAMES, "m1", bootstrap=50, failures=("a.png <is damaged>",))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_names_are_escaped() -> None:
    text = page(evaluation(), CARD)
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    assert "script" not in reader.seen
    assert "A &amp; B &lt;model&gt;" in text
    assert "a.png &lt;is damaged&gt;" in text
    assert "Only &lt;adults&gt;." in text


def test_nothing_is_fetched_from_anywhere() -> None:
    text = page(evaluation(), CARD)
    assert not re.search(r"https?://|src=|<link|@import|url\(", text)


def test_plots_are_drawn_as_svg() -> None:
    drawings = re.findall(r"<svg.*?</svg>", page(evaluation(), CARD), flags=re.DOTALL)
    roc, reliability = (ElementTree.fromstring(d) for d in drawings)
    assert len(roc.findall("polyline")) == 2
    assert len(reliability.findall("circle")) > 3


def test_both_files_say_what_the_evaluation_says(tmp_path: Path) -> None:
    told = evaluation()
    html, path = write_report(told, CARD, tmp_path / "report")
    assert html.is_absolute()
    assert path.is_absolute()
    content = json.loads(path.read_text())
    assert content == json.loads(json.dumps(told.as_json() | {"failures": list(told.failures)}))
    assert told.accuracy is not None
    assert f"{100 * told.accuracy:.1f}%" in html.read_text()
    assert f"{told.n} images of {told.patients} patients" in html.read_text()


def test_figures_that_cannot_be_had_are_dashes() -> None:
    text = page(evaluate_results([], NAMES, "m1"), CARD)
    assert "–" in text
    assert "None" not in text
    assert "nan" not in re.sub(r"<style>.*</style>", "", text)


def test_an_evaluation_without_images_has_no_plots() -> None:
    assert "<svg" not in page(replace(evaluation(), per_image=()), CARD)


def test_where_the_model_looks_is_told_and_an_alarm_stands_on_top() -> None:
    random = np.random.default_rng(2)
    results = []
    for i in range(30):
        said = float(random.uniform(0.6, 0.9))
        pair = (said, 1 - said) if i % 2 else (1 - said, said)
        results.append(
            ImageResult(f"i{i}", f"p{i}", (i % 2, 1 - i % 2), pair, 0.25, 1.5 if i < 3 else 0.5, pair)
        )
    told = added(
        evaluate_results(results, NAMES, "m1", bootstrap=20, operating_points={"no-finding": 0.4}),
        "multiclass",
    )
    text = page(told, CARD)
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    assert text.index('class="alarm"') < text.index("<h2>Figures</h2>")
    assert "With their lungs covered 100% of the films" in text
    assert "<td>Evidence in the lungs</td><td>25.0%</td>" in text
    assert "<td>Films that the model does not know</td><td>10.0%</td>" in text
    assert "<td>no-finding</td><td>0.400</td><td>100.0%</td><td>100.0%</td>" in text


def test_without_lungs_and_operating_points_there_are_no_empty_sections() -> None:
    text = page(evaluation(), CARD)
    assert "Where it looks" not in text
    assert "Operating points" not in text
