"""Labels become samples; what cannot is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inference.card import Covers, FindingName, ModelCard
from reviews.record import Review
from reviews.store import Store
from studies.reader import read_header
from tests.training.conftest import FINDINGS, write_film, write_hospital, write_labels
from training.errors import TooLittleData, UnusableLabels, UnusablePlan
from training.samples import Samples, from_csv, from_store, hints_for, require_some


def test_a_csv_gives_findings_truth_and_patients(hospital: Path) -> None:
    samples = from_csv(hospital / "labels.csv", hospital)
    assert samples.findings == FINDINGS
    assert len(samples.samples) == 60
    first = samples.samples[0]
    assert (first.truth, first.patient, first.frame) == ((1, 0, 0), "p000", 1)
    assert samples.failures == ()


def test_several_labels_are_joined_by_a_bar(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    csv = write_labels(tmp_path, [("a.png", "nodule|effusion", "p")])
    (sample,) = from_csv(csv, tmp_path).samples
    assert sample.truth == (1, 1)
    assert sample.present is None


def test_without_a_patient_the_files_content_is_the_patient(tmp_path: Path) -> None:
    for name, seed in (("a.png", 1), ("copy of a.png", 1), ("b.png", 2)):
        write_film(tmp_path / name, "nodule", seed)
    csv = tmp_path / "labels.csv"
    csv.write_text("file,label\na.png,nodule\ncopy of a.png,nodule\nb.png,nodule\n")
    a, copy, b = from_csv(csv, tmp_path).samples
    assert a.patient == copy.patient != b.patient


def test_rows_that_cannot_be_used_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_film(tmp_path / "good.png", "nodule", 1)
    (tmp_path / "text.png").write_text("no image")
    rows = [("good.png", "nodule", "p"), ("text.png", "nodule", "q"), ("gone.png", "nodule", "r")]
    samples = from_csv(write_labels(tmp_path, [*rows, ("x.png", "", "s"), ("y.png", "cat", "t")]), tmp_path,
                       ["nodule"])  # fmt: skip
    assert [s.header.path for s in samples.samples] == [str(tmp_path / "good.png")]
    told = "\n".join(samples.failures)
    assert "text.png" in told
    assert "gone.png" in told
    assert "line 5: the label is empty" in told
    assert "y.png: labelled cat, one of nodule is expected" in told


def test_a_file_with_two_different_labels_is_left_out_and_named(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_film(tmp_path / name, "nodule", ord(name[0]))
    rows = [("a.png", "nodule", "p"), ("b.png", "nodule", "q"), ("a.png", "effusion", "p")]
    samples = from_csv(write_labels(tmp_path, rows), tmp_path)
    assert [Path(s.header.path).name for s in samples.samples] == ["b.png"]
    assert samples.failures == (
        "a.png: labelled twice and differently (nodule; effusion), one label is expected; it is left out",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,kind\na,b\n", "has the columns name, kind"),
        (b"", "has the columns (none)"),
        (b"file,label\n", "labels no image"),
        (b"\xff\xfe\x00file", "cannot be read as a CSV"),
    ],
)
def test_a_csv_that_is_none_is_told_in_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    csv = tmp_path / "labels.csv"
    csv.write_bytes(content)
    with pytest.raises(UnusableLabels, match=r"labels\.csv") as caught:
        from_csv(csv, tmp_path)
    assert said in str(caught.value)


def test_a_missing_csv_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableLabels) as caught:
        from_csv(tmp_path / "gone.csv", tmp_path)
    expected = "No such file or directory; a CSV file with file,label[,patient] is expected"
    assert str(caught.value) == f"{tmp_path / 'gone.csv'}: {expected}"


def test_parts_keep_patients_whole_and_follow_the_shares(tmp_path: Path) -> None:
    csv = write_hospital(tmp_path, 90, films_each=2)
    samples = from_csv(csv, tmp_path, seed=5, shares=(0.7, 0.1, 0.2))
    parts: dict[str, set[str]] = {}
    for s in samples.samples:
        parts.setdefault(s.patient, set()).add(s.part)
    assert all(len(p) == 1 for p in parts.values())
    counts = samples.counts()
    assert [counts[p]["patients"] for p in ("train", "validation", "test")] == pytest.approx(
        [63, 9, 18], abs=2
    )
    for finding in FINDINGS:
        assert counts["test"][f"with {finding}"] == pytest.approx(12, abs=2)


def test_the_same_seed_gives_the_same_parts_and_another_seed_others(hospital: Path) -> None:
    def parts(seed: int) -> list[str]:
        return [s.part for s in from_csv(hospital / "labels.csv", hospital, seed=seed).samples]

    assert parts(1) == parts(1)
    assert parts(1) != parts(2)


def test_folds_test_every_patient_once(hospital: Path) -> None:
    tested: list[str] = []
    for fold in range(5):
        samples = from_csv(hospital / "labels.csv", hospital, folds=5, fold=fold)
        tested += sorted({s.patient for s in samples.of_part("test")})
        fitted = {s.patient for s in samples.of_part("train", "validation")}
        assert not fitted & {s.patient for s in samples.of_part("test")}
        assert samples.of_part("validation")
    assert sorted(tested) == sorted({s.patient for s in samples.samples})


def test_folds_without_a_validation_share_fit_all_the_rest(hospital: Path) -> None:
    samples = from_csv(hospital / "labels.csv", hospital, folds=5, fold=0, shares=(1, 0, 0))
    assert not samples.of_part("validation")
    assert len(samples.of_part("train", "test")) == 60


def test_a_fold_that_is_not_there_is_refused(hospital: Path) -> None:
    with pytest.raises(UnusablePlan, match="fold 5 of 5"):
        from_csv(hospital / "labels.csv", hospital, folds=5, fold=5)


def test_nothing_is_held_out_where_that_is_asked(hospital: Path) -> None:
    samples = from_csv(hospital / "labels.csv", hospital, held_out=False)
    assert {s.part for s in samples.samples} == {"train"}


def test_hints_name_findings_with_few_examples(tmp_path: Path) -> None:
    samples = from_csv(write_hospital(tmp_path, 6, films_each=1), tmp_path, held_out=False)
    assert samples.hints[0].startswith("2 images of the training part show “effusion”; with fewer than 10")
    samples = from_csv(tmp_path / "labels.csv", tmp_path, (*FINDINGS, "tuberculosis"), held_out=False)
    assert "no image of the training part shows “tuberculosis”" in " ".join(samples.hints)


def test_one_image_is_not_called_images(tmp_path: Path) -> None:
    write_film(tmp_path / "a.png", "nodule", 1)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    rows = [("a.png", "nodule", "p1"), ("b.png", "nodule", "p2")]
    for name, label in (("c.png", "effusion|nodule"), ("d.png", "effusion")):
        write_film(tmp_path / name, "effusion", 2 if name == "c.png" else 3)
        rows.append((name, label, name))
    told = from_csv(write_labels(tmp_path, rows[1:]), tmp_path, held_out=False)
    said = " ".join([*told.hints, *hints_for(told, "multiclass")])
    assert "1 image shows several findings and is left out" in said
    alone = replace(told, samples=told.samples[:1])
    with pytest.raises(TooLittleData, match="1 image of the training part has a decision to learn from"):
        require_some(alone, "multiclass")
    assert "2 images of the training part show “nodule”" in said
    assert "1 images" not in said


def test_findings_are_called_in_hints_as_people_read_them(tmp_path: Path) -> None:
    csv = write_hospital(tmp_path, 4, films_each=1)
    headers = [read_header(Path(s.header.path)) for s in from_csv(csv, tmp_path).samples]
    read_as = replace(CARD, findings=tuple(FindingName(f, f"{f} as read") for f in FINDINGS))
    with Store(tmp_path / "store.sqlite") as store:
        store.add_images(headers)
        store.add_finding("Pulmonary tuberculosis", read_as, "reader")
        for header in headers:
            _review(store, header.sop_instance_uid, nodule="present", pulmonary_tuberculosis="absent")
        hints = " ".join(from_store(store, read_as, least_examples=0).hints)
    assert "shows “effusion as read”" in hints
    assert "shows “Pulmonary tuberculosis”" in hints


def test_one_finding_only_cannot_be_learnt_from(tmp_path: Path) -> None:
    for i in range(3):
        write_film(tmp_path / f"{i}.png", "nodule", i)
    csv = write_labels(tmp_path, [(f"{i}.png", "nodule", f"p{i}") for i in range(3)])
    samples = from_csv(csv, tmp_path, FINDINGS, held_out=False)
    with pytest.raises(TooLittleData, match="all 3 images of the training part show “nodule”"):
        require_some(samples, "multiclass")


CARD = ModelCard(
    "m", "M", "test_resnet", tuple(FindingName(f, f) for f in FINDINGS), covers=Covers(("picture",))
)


def _review(store: Store, uid: str, **answers: str) -> None:
    store.append(Review(uid, 1, "reader", tuple((k.replace("_", "-"), v) for k, v in answers.items())))  # type: ignore[misc]


def test_reviews_become_samples_with_the_part_that_the_store_gave(tmp_path: Path) -> None:
    csv = write_hospital(tmp_path, 4, films_each=1)
    headers = [read_header(Path(s.header.path)) for s in from_csv(csv, tmp_path).samples]
    store = Store(tmp_path / "store.sqlite")
    try:
        store.add_images(headers)
        uids = [h.sop_instance_uid for h in headers]
        _review(store, uids[0], effusion="absent", no_finding="absent", nodule="present")
        _review(store, uids[1], effusion="unknown", no_finding="unknown", nodule="unknown")
        _review(store, uids[2], nodule="absent")
        _review(store, uids[2], nodule="present")
        samples: Samples = from_store(store, CARD)
        by_uid = {s.header.sop_instance_uid: s for s in samples.samples}
        assert set(by_uid) == {uids[0], uids[2]}
        assert by_uid[uids[0]].truth == (0, 0, 1)
        assert by_uid[uids[2]].truth[2] == 1
        assert by_uid[uids[0]].part == store.part_of(headers[0])
        assert by_uid[uids[0]].patient == headers[0].split_key
        chests_only = ModelCard("c", "C", "test_resnet", CARD.findings, covers=Covers(("CT",)))
        assert from_store(store, chests_only).samples == ()
    finally:
        store.close()


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[tuple[Store, list[str]]]:
    """A store with images of which none is in the test part, and their UIDs."""
    csv = write_hospital(tmp_path, 20, films_each=1)
    headers = [read_header(Path(s.header.path)) for s in from_csv(csv, tmp_path).samples]
    with Store(tmp_path / "store.sqlite") as store:
        store.add_images(headers)
        yield store, [h.sop_instance_uid for h in headers if store.part_of(h) != "test"]


def test_a_finding_that_readers_added_counts_once_enough_images_show_it(
    ward: tuple[Store, list[str]],
) -> None:
    store, uids = ward
    store.add_finding("Pulmonary tuberculosis", CARD, "reader")
    for uid in uids[:2]:
        _review(store, uid, nodule="absent", pulmonary_tuberculosis="present")
    _review(store, uids[2], nodule="present")
    assert from_store(store, CARD, least_examples=3).findings == FINDINGS
    _review(store, uids[3], pulmonary_tuberculosis="present")
    samples = from_store(store, CARD, least_examples=3)
    assert samples.findings == (*FINDINGS, "pulmonary-tuberculosis")
    assert samples.display_names == (("pulmonary-tuberculosis", "Pulmonary tuberculosis"),)
    truth = {s.header.sop_instance_uid: s.truth for s in samples.samples}
    assert truth[uids[0]][-1] == 1
    assert truth[uids[2]][-1] is None  # not asked when it was read: unknown, not absent
    assert len(samples.samples) == 4
    assert {s.header.sop_instance_uid for s in from_store(store, CARD).samples} == set(uids[:3])


def test_images_of_the_test_part_make_no_finding_grow(tmp_path: Path) -> None:
    csv = write_hospital(tmp_path, 80, films_each=1)
    headers = [read_header(Path(s.header.path)) for s in from_csv(csv, tmp_path).samples]
    with Store(tmp_path / "store.sqlite") as store:
        store.add_images(headers)
        store.add_finding("Tuberculosis", CARD, "reader")
        kept_aside = [h for h in headers if store.part_of(h) == "test"]
        assert kept_aside
        for header in kept_aside:
            _review(store, header.sop_instance_uid, tuberculosis="present")
        assert from_store(store, CARD, least_examples=1).findings == FINDINGS
