"""Regions that a reader drew: kept like every annotation, and their outlines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reviews.record import REGIONS, AnnotationKind
from reviews.regions import outline_of
from reviews.store import Store
from tests.reviews.making import annotation, header

FILM = header(1)


@pytest.mark.parametrize("kind", REGIONS)
def test_a_region_is_kept_as_an_ellipse_or_as_an_outline(store: Store, kind: AnnotationKind) -> None:
    store.add_images([FILM])
    ellipse = annotation(FILM, kind)
    drawn = replace(annotation(FILM, kind), points=((1.0, 2.0), (8.0, 3.0), (5.5, 9.25), (2.0, 7.0)))
    store.annotate([ellipse, drawn])
    kept = store.annotations()
    assert [(one.kind, one.points, one.text) for one in kept] == [
        (kind, ellipse.points, "pneumonia"),
        (kind, drawn.points, "pneumonia"),
    ]
    store.undo_act("Ada")
    assert store.annotations() == []


def test_the_outline_of_an_ellipse_fills_its_box_whichever_corners_were_drawn() -> None:
    for points in (((10.0, 20.0), (40.0, 80.0)), ((40.0, 20.0), (10.0, 80.0))):
        corners = np.array(outline_of(replace(annotation(FILM, "evidence"), points=points)))
        assert corners.min(axis=0).tolist() == pytest.approx([10, 20])
        assert corners.max(axis=0).tolist() == pytest.approx([40, 80])
        across = ((corners - [25, 50]) / [15, 30]) ** 2
        assert across.sum(axis=1) == pytest.approx(1)


def test_an_outline_is_what_was_drawn() -> None:
    points = ((1.0, 2.0), (8.0, 3.0), (5.5, 9.25))
    assert outline_of(replace(annotation(FILM, "not-evidence"), points=points)) == points
