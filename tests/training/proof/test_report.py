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
from training.events import Evaluation, Gate, ImageResult
from training.proof.metrics import curves, evaluate_results
from training.proof.probes import added
from training.proof.report import page, write_report

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


def drawings(text: str) -> dict[str, ElementTree.Element]:
    """The plots of a page by their titles."""
    found = re.findall(r'<svg class="plot".*?</svg>', text, flags=re.DOTALL)
    return {(plot := ElementTree.fromstring(one)).get("aria-label", ""): plot for one in found}


def test_plots_are_drawn_as_svg() -> None:
    plots = drawings(page(evaluation(), CARD))
    assert list(plots) == ["ROC", "Precision-recall", "Reliability"]
    assert len(plots["ROC"].findall("polyline")) == 2
    assert len(plots["Precision-recall"].findall("polyline")) == 2
    assert len(plots["Reliability"].findall("circle")) > 3
    for plot in plots.values():
        for line in plot.findall("polyline"):
            places = [tuple(map(float, p.split(","))) for p in line.get("points", "").split()]
            assert all(40 <= x <= 300 and 20 <= y <= 280 for x, y in places)


def test_a_candidate_and_the_model_in_use_stand_side_by_side() -> None:
    ours, theirs = evaluation(), replace(evaluation(), model="m0")
    gate = Gate(False, "not proven", ("It is not proven.", "<Too few> cases."))
    text = page(ours, CARD, (theirs, replace(CARD, id="m0", weights_sha256="ab" * 32)), gate)
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    assert text.index("It is not proven.") < text.index("<h2>Figures</h2>")
    assert "&lt;Too few&gt; cases." in text
    assert "<th>Candidate</th><th>Current model</th>" in text
    assert "weights abababababab" in text
    names = [f"{kind}, {name}" for name in NAMES for kind in ("ROC", "Precision-recall")]
    plots = drawings(text)
    assert list(plots) == [*names, "Reliability"]
    assert all(len(plots[name].findall("polyline")) == 2 for name in names)


def test_a_finding_that_only_the_model_in_use_knows_is_called_as_people_read_it() -> None:
    before = replace(CARD, id="m0", findings=(*CARD.findings, FindingName("tb", "Tuberculosis")))
    gate = Gate(False, "not proven", ("It is not proven.", "tb is not known to the candidate."))
    text = page(evaluation(), CARD, (replace(evaluation(), model="m0"), before), gate)
    assert "<li>Tuberculosis is not known to the candidate.</li>" in text


def test_both_files_say_what_the_evaluation_says(tmp_path: Path) -> None:
    told = evaluation()
    html, path = write_report(told, CARD, tmp_path / "report")
    assert html.is_absolute()
    assert path.is_absolute()
    content = json.loads(path.read_text())
    drawn = curves(told.per_image, told.findings, CARD.task)
    more = {"failures": list(told.failures), "weights_sha256": CARD.weights_sha256, "remarks": []}
    assert content == json.loads(json.dumps(told.as_json() | drawn | more))
    assert set(content["precision_recall"]) == set(NAMES)
    assert told.accuracy is not None
    assert f"{100 * told.accuracy:.1f}%" in html.read_text()
    assert f"{told.n} images of {told.patients} patients" in html.read_text()


def test_what_has_to_be_said_of_the_films_stands_in_both_files(tmp_path: Path) -> None:
    html, path = write_report(evaluation(), CARD, tmp_path, remarks=["Nobody knows which films <it> saw."])
    assert "Nobody knows which films &lt;it&gt; saw." in html.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["remarks"] == ["Nobody knows which films <it> saw."]


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
    assert "<td>Evidence in the lungs</td><td>25.0%<" in text
    assert "<td>Films that the model does not know</td><td>10.0%<" in text
    assert "<td>no-finding</td><td>0.400</td><td>100.0%<" in text


def test_without_lungs_and_operating_points_there_are_no_empty_sections() -> None:
    text = page(evaluation(), CARD)
    assert "Where it looks" not in text
    assert "Operating points" not in text
