"""Chest phantoms: computed radiographs and one CT stack of people who do not exist.

The program ships with them, so that it can be tried at once and tested without a patient's image.
Everything is drawn from a seed: the same seed gives the same bytes. Opacities are planted at known places,
and `planted` reads those places back. A phantom says that it is one in QualityControlImage (0028,0300).

`studies.phantom_anatomy` and `studies.phantom_skeleton` are the body, `studies.phantom_projection` and
`studies.phantom_film` the radiograph, `studies.phantom_stack` the CT, `studies.phantom_writing` the files.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from pydicom.uid import UID, JPEG2000Lossless, JPEGLSLossless

from studies.phantom_anatomy import Body, draw_body
from studies.phantom_film import Exposure, Film, Opacity, draw_exposure
from studies.phantom_projection import expose
from studies.phantom_stack import Stack, stack
from studies.phantom_writing import (
    COMPRESSIONS,
    Patient,
    Visit,
    fictional_patient,
    film_dataset,
    planted,
    slice_dataset,
    write,
)

__all__ = [
    "FINDINGS",
    "Opacity",
    "chest",
    "ct",
    "label",
    "planted",
    "write_chest",
    "write_ct",
    "write_samples",
]

FINDINGS = ("opacity", "no-finding")
_FIRST_DAY = date(2025, 1, 7)


@dataclass(frozen=True, slots=True)
class _Sample:
    patient: int
    visit: int
    foci: int


# Patients with two studies have a prior; what changed between them is to be seen.
_SAMPLES = (
    *(_Sample(1, 0, 0), _Sample(1, 1, 1), _Sample(2, 0, 2), _Sample(3, 0, 0)),
    *(_Sample(4, 0, 1), _Sample(4, 1, 0), _Sample(5, 0, 3), _Sample(6, 0, 0)),
    *(_Sample(7, 0, 0), _Sample(7, 1, 2), _Sample(8, 0, 1), _Sample(9, 0, 0)),
)
_CT_PATIENT = 5


def chest(seed: int, patient: int, visit: int, foci: int, rows: int = 1024) -> tuple[Film, Exposure, Body]:
    """A radiograph (not yet a file): of the same body for all visits of a patient."""
    body = draw_body(np.random.default_rng([seed, patient, 1]))
    exposure = draw_exposure(np.random.default_rng([seed, patient, visit, 2]), rows)
    return expose(body, exposure, foci), exposure, body


def ct(seed: int, patient: int, slices: int = 40, side: int = 256) -> Stack:
    """The CT stack (not yet files) of a patient, with one nodule."""
    return stack(draw_body(np.random.default_rng([seed, patient, 1])), slices, side)


def label(path: Path) -> str:
    """``"opacity"`` or ``"no-finding"``: what the file at `path` was made to show."""
    return "opacity" if planted(path) else "no-finding"


def write_chest(
    path: Path,
    seed: int,
    *,
    patient: int = 1,
    visit: int = 0,
    foci: int = 0,
    rows: int = 1024,
    compression: UID = JPEGLSLossless,
    bits: int = 12,
    inverse: bool = False,
) -> tuple[Opacity, ...]:
    """Write one radiograph as DICOM DX and return what was planted in it.

    Parameters
    ----------
    path
        The file; its folder is made.
    seed, patient, visit
        Together they fix the film; `seed` and `patient` fix the body and the fictional person.
    foci
        Opacities to plant, 0 to 3; 0 is a film without a finding.
    rows
        Height in pixels; the width follows from the detector that is drawn.
    compression
        A lossless transfer syntax: JPEG-LS, JPEG 2000 or RLE.
    bits
        BitsStored.
    inverse
        Write MONOCHROME1 with Presentation LUT Shape INVERSE, else MONOCHROME2.
    """
    film, exposure, body = chest(seed, patient, visit, foci, rows)
    study = _visit(seed, patient, visit, body, f"Chest {exposure.view}")
    write(film_dataset(film, exposure, study, bits=bits, inverse=inverse), path, compression)
    return film.opacities


def write_ct(
    folder: Path, seed: int, *, patient: int = 1, visit: int = 2, slices: int = 40, side: int = 256
) -> list[Path]:
    """Write a CT stack, one file a slice, from the head downwards."""
    body = draw_body(np.random.default_rng([seed, patient, 1]))
    scan = ct(seed, patient, slices, side)
    study = _visit(seed, patient, visit, body, "CT chest")
    paths = []
    for i in range(slices):
        x, y, z = scan.origin_mm
        position = (x, y, z - i * scan.spacing_mm[1])
        ds = slice_dataset(scan.values_hu[i], study, i + 1, position, scan.spacing_mm, scan.opacities[i])
        paths.append(write(ds, folder / f"{i + 1:03d}.dcm", JPEG2000Lossless))
    return paths


def write_samples(folder: Path, seed: int = 0) -> list[Path]:
    """Write the sample studies: a dozen radiographs and one CT stack, in a folder for each patient."""
    paths = []
    for i, sample in enumerate(_SAMPLES):
        path = folder / f"PHANTOM-{sample.patient:03d}" / f"chest-{sample.visit + 1}.dcm"
        write_chest(
            path,
            seed,
            patient=sample.patient,
            visit=sample.visit,
            foci=sample.foci,
            compression=COMPRESSIONS[2] if i == 7 else COMPRESSIONS[i % 2],
            bits=14 if i in (4, 9) else 12,
            inverse=i % 3 == 1,
        )
        paths.append(path)
    return paths + write_ct(folder / f"PHANTOM-{_CT_PATIENT:03d}" / "ct", seed, patient=_CT_PATIENT)


def write_training_set(folder: Path, count: int, seed: int, rows: int = 320) -> Iterator[Path]:
    """Write `count` small radiographs of other people and ``labels.csv`` (file, label, patient).

    Half of them have opacities; every fifth patient has two films. Yields each file once it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 77])
    lines = []
    patient, visit = 1000, 0
    for i in range(count):
        patient, visit = (patient, 1) if visit == 0 and i and rng.random() < 0.25 else (patient + 1, 0)
        foci = int(rng.integers(1, 4)) if rng.random() < 0.5 else 0
        path = folder / f"{i:05d}.dcm"
        inverse = bool(rng.random() < 0.3)
        write_chest(path, seed, patient=patient, visit=visit, foci=foci, rows=rows, inverse=inverse)
        lines.append((path.name, label(path), _person(seed, patient, female=True).patient_id))
        yield path
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "label", "patient"), *lines])


def _visit(seed: int, patient: int, visit: int, body: Body, description: str) -> Visit:
    """Date, time and numbers of a study; a later visit has a later date."""
    rng = np.random.default_rng([seed, patient, 5])
    day = _FIRST_DAY + timedelta(days=int(rng.integers(0, 300)) + visit * int(rng.integers(9, 70)))
    clock = np.random.default_rng([seed, patient, visit, 6]).integers((7, 0, 0), (19, 60, 60))
    return Visit(
        patient=_person(seed, patient, body.breast > 0),
        key=f"{seed}/{patient}/{visit}",
        accession=f"OVR{seed % 1000:03d}{patient:04d}{visit + 1}",
        date=day.strftime("%Y%m%d"),
        time="".join(f"{int(v):02d}" for v in clock),
        description=description,
    )


def _person(seed: int, patient: int, female: bool) -> Patient:
    """The fictional patient; people of other seeds than the samples' have other numbers."""
    person = fictional_patient(patient, female)
    return replace(person, patient_id=f"{person.patient_id}-{seed}") if seed else person
