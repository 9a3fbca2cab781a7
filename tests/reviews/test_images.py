"""Images in the store: what goes in comes out, files move, parts stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.store import Store
from studies.image import Header
from tests.reviews.making import header, review


def test_headers_come_back_as_they_went_in(store: Store) -> None:
    given_headers = [header(n) for n in (3, 1, 2)]
    store.add_images(given_headers)
    assert store.headers() == given_headers
    assert store.header("1.2.826.1") == header(1)
    assert store.header_of_path("/films/2.dcm") == header(2)


def test_every_field_of_a_header_has_a_value_in_these_tests() -> None:
    silent = Header("", "dicom", "", "", "", 0, 0)
    unset = [f.name for f in fields(Header) if getattr(header(2), f.name) == getattr(silent, f.name)]
    assert set(unset) <= {"kind", "frames", "content_hash", "laterality"}


@given(
    text=st.text(max_size=20),
    path=st.text(st.characters(exclude_categories=()), min_size=1, max_size=20),
    position=st.none() | st.tuples(*[st.floats(allow_nan=False)] * 3),
    number=st.none() | st.integers(-(2**40), 2**40),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_in_a_header_survives(
    tmp_path: Path, text: str, path: str, position: tuple[float, float, float] | None, number: int | None
) -> None:
    with Store(tmp_path / "overread.sqlite") as store:
        odd = header(
            1,
            sop_instance_uid=f"{len(store.headers())}{text}{path}",
            path=path,
            patient_id=text,
            content_hash=text,
            study_description=text,
            image_position=position,
            series_number=number,
        )
        store.add_images([odd])
        assert store.header(odd.sop_instance_uid) == odd
        assert store.header_of_path(path) == odd


def test_an_unknown_image_is_none(store: Store) -> None:
    assert store.header("1.2.3") is None
    assert store.header_of_path("/nowhere.dcm") is None


def test_adding_says_which_frames_are_new_and_only_once(store: Store) -> None:
    stack = header(1, frames=3)
    assert store.add_images([stack]).images_added == tuple((stack.sop_instance_uid, n) for n in (1, 2, 3))
    again = store.add_images([stack])
    assert (again.images_added, again.images_updated, again.skipped) == ((), (), ())
    assert store.headers() == [stack]


def test_a_moved_file_is_found_at_its_new_place_and_keeps_its_reviews(store: Store) -> None:
    store.add_images([header(1)])
    store.append(review(header(1)))
    moved = replace(header(1), path="/archive/1.dcm")
    assert store.add_images([moved]).images_updated == (moved.sop_instance_uid,)
    assert store.headers() == [moved]
    assert store.header_of_path("/archive/1.dcm") == moved
    assert store.header_of_path("/films/1.dcm") == moved
    standing = store.standing(moved.sop_instance_uid, 1)
    assert standing is not None
    assert standing.answer_for("pneumonia") == "present"


def test_a_header_that_reads_better_replaces_what_was_known(store: Store) -> None:
    store.add_images([header(1, body_part="")])
    store.add_images([header(1)])
    assert store.headers() == [header(1)]


def test_a_copy_of_a_file_in_one_import_is_the_same_image(store: Store) -> None:
    copy = replace(header(1), path="/films/copy.dcm")
    changes = store.add_images([header(1), copy])
    assert len(changes.images_added) == 1
    assert store.headers() == [header(1)]


@pytest.mark.parametrize(
    "difference", [{"patient_id": "another"}, {"rows": 17}, {"frames": 2}, {"study_instance_uid": "9"}]
)
def test_another_image_under_a_known_uid_is_refused_by_name(
    store: Store, difference: dict[str, object]
) -> None:
    store.add_images([header(1)])
    other = replace(header(1, **difference), path="/other/x.dcm")
    changes = store.add_images([other])
    assert len(changes.skipped) == 1
    assert "/other/x.dcm" in changes.skipped[0]
    assert "/films/1.dcm" in changes.skipped[0]
    assert store.headers() == [header(1)]


def test_an_image_without_uid_is_refused_and_the_rest_is_added(store: Store) -> None:
    changes = store.add_images([header(1, sop_instance_uid=""), header(2)])
    assert "/films/1.dcm" in changes.skipped[0]
    assert store.headers() == [header(2)]


def test_a_scan_that_breaks_off_keeps_what_it_had(store: Store) -> None:
    def scan() -> Iterator[Header]:
        for number in range(1200):
            yield header(number)
        raise OSError("the disk was pulled")

    with pytest.raises(OSError, match="pulled"):
        store.add_images(scan())
    assert len(store.headers()) == 1000


def test_a_part_is_given_at_first_sight_and_stays_after_a_restart(tmp_path: Path) -> None:
    images = [header(n) for n in range(60)]
    with Store(tmp_path / "a.sqlite") as store:
        store.add_images(images)
        before = [store.part_of(h) for h in images]
    with Store(tmp_path / "a.sqlite") as store:
        assert [store.part_of(h) for h in images] == before
    assert set(Counter(before)) == {"train", "validation", "test"}


def test_images_of_one_patient_share_a_part(store: Store) -> None:
    images = [header(n, patient_id="the same") for n in range(20)]
    store.add_images(images)
    assert len({store.part_of(h) for h in images}) == 1


def test_an_image_keeps_its_part_when_its_header_names_another_patient_later(store: Store) -> None:
    images = [header(n) for n in range(30)]
    store.add_images(images)
    before = [store.part_of(h) for h in images]
    assert [store.part_of(replace(h, patient_id=f"renamed {h.patient_id}")) for h in images] == before


def test_a_patient_who_is_not_in_the_worklist_yet_gets_the_part_that_they_keep(store: Store) -> None:
    early = [store.part_of(header(n)) for n in range(30)]
    store.add_images(header(n) for n in range(30))
    assert [store.part_of(header(n)) for n in range(30)] == early


def test_two_stores_split_differently(tmp_path: Path) -> None:
    images = [header(n) for n in range(80)]
    with Store(tmp_path / "a.sqlite") as one, Store(tmp_path / "b.sqlite") as other:
        assert [one.part_of(h) for h in images] != [other.part_of(h) for h in images]
