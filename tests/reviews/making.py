"""Headers and reviews for the tests of the store."""

from __future__ import annotations

from typing import Any

from inference.card import Covers, FindingName, ModelCard
from reviews.record import POINTS, Annotation, AnnotationKind, Answer, Review, Shown
from studies.image import Header

CARD = ModelCard(
    "starter",
    "Starter",
    "resnet18",
    (FindingName("covid-19", "COVID-19"), FindingName("no-finding", "No finding")),
    covers=Covers(modalities=("DX",), body_parts=("CHEST",)),
)


def header(number: int = 1, **fields: Any) -> Header:
    """A header with something in every field; each number is an image, a study and a patient of its own."""
    values: dict[str, Any] = {
        "path": f"/films/{number}.dcm",
        "kind": "dicom",
        "sop_instance_uid": f"1.2.826.{number}",
        "study_instance_uid": f"1.2.826.100.{number}",
        "series_instance_uid": f"1.2.826.200.{number}",
        "rows": 2500,
        "columns": 3000,
        "frames": 1,
        "patient_name": "Doe^Jané",
        "patient_id": f"patient-{number}",
        "patient_birth_date": "1971-02-03",
        "patient_sex": "F",
        "accession_number": "A1",
        "study_date": "2026-01-04",
        "study_time": "08:15:00",
        "study_description": "Thorax p.a.",
        "series_description": "chest",
        "series_number": 2,
        "instance_number": number,
        "modality": "DX",
        "body_part": "CHEST",
        "view_position": "PA",
        "laterality": "",
        "manufacturer": "Somebody",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "image_position": (0.1, -2.0, 1e-17),
        "image_orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "is_phantom": number % 2 == 0,
        "frame_of_reference_uid": "1.2.826.300",
        "presentation_intent": "FOR PRESENTATION",
        "lossy_compression": "JPEG, 12:1",
        "image_type": ("ORIGINAL", "PRIMARY"),
        "patient_orientation": ("L", "F"),
        "frames_per_second": 12.5,
        "frame_order": (1,),
        "frame_positions_mm": (-2.5,),
    }
    return Header(**{**values, **fields})


def review(image: Header, reader: str = "Ada", frame: int = 1, **answers: Answer) -> Review:
    """A decision; without answers, that pneumonia is present and nothing else."""
    findings = answers or {"covid_19": "absent", "pneumonia": "present"}
    return Review(
        image.sop_instance_uid,
        frame,
        reader,
        tuple(findings.items()),  # type: ignore[arg-type]
        shown=Shown("starter", "pneumonia", (("covid-19", 0.125), ("pneumonia", 0.1 + 0.2)), "ab" * 32),
    )


def annotation(
    image: Header, kind: AnnotationKind = "length", reader: str = "Ada", **fields: Any
) -> Annotation:
    """A new annotation of a kind, not recorded yet."""
    points = tuple((10.5 + 30 * n, 20.25 * (n + 1)) for n in range(POINTS[kind]))
    text = {"text": "seen", "evidence": "pneumonia", "not-evidence": "pneumonia"}.get(kind, "")
    return Annotation(image.sop_instance_uid, 1, kind, points, reader, **{"text": text, **fields})
