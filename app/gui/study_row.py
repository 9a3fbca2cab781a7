"""A row of the worklist, made of all that is known of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication

from inference.card import ModelCard
from inference.coverage import reason_not_covered
from inference.prediction import Prediction
from studies.image import Header, Study
from widgets.words import in_words
from widgets.worklist_model import Row, Status

if TYPE_CHECKING:
    from app.gui.library import Library

FrameKey = tuple[str, int]


class _Said(NamedTuple):
    """What a row shows of what the models say of its study; `reason` is why they suggest nothing."""

    reason: str = ""
    suggestion: str | None = None
    confidence: float | None = None
    adapted: str | None = None
    adapted_confidence: float | None = None
    uncertainty: float | None = None
    speaker: FrameKey | None = None


def study_row(library: Library, study: Study) -> tuple[Row, FrameKey | None]:
    """A study as the worklist shows it; its most uncertain suggested frame speaks for it, and is told."""
    uid, cards = study.study_instance_uid, library.cards
    first = study.first
    frames = [
        (h.sop_instance_uid, n) for s in study.series for h in s.headers for n in range(1, h.frames + 1)
    ]
    told = [p for key in frames if (p := library.told(key)) is not None]
    covered = [series for series in study.series if not cards or _covers(cards, series.headers[0])]
    is_covered = bool(covered)
    hidden = [
        (h.sop_instance_uid, n)
        for s in covered
        for h in s.headers
        for n in range(1, h.frames + 1)
        if library.is_hidden((h.sop_instance_uid, n))
    ]
    says = _what_is_said(library, told) if is_covered else _Said(reason_without_model(cards, first))
    failure = (
        next((library.failures[k] for k in frames if k in library.failures), "") if library.failures else ""
    )
    modalities = "/".join(dict.fromkeys(s.modality for s in study.series if s.modality))
    row = Row(
        study_uid=uid,
        patient=first.patient_name or (Path(first.path).name if first.kind != "dicom" else ""),
        patient_id=first.patient_id,
        birth_date=first.patient_birth_date,
        sex=first.patient_sex,
        accession=first.accession_number,
        date=first.study_date,
        time=first.study_time,
        modality=modalities or in_words("picture"),
        description=first.study_description or first.series_description or first.body_part.capitalize(),
        images=len(frames),
        suggestion=says.suggestion,
        confidence=says.confidence,
        adapted=says.adapted,
        adapted_confidence=says.adapted_confidence,
        uncertainty=says.uncertainty,
        status=_status(library, uid, frames, told, hidden, is_covered),
        decided=_decided(library, frames) if library.standing else "",
        note=failure or says.reason,
        thumbnail=library.thumbnail_of(uid),
        is_waiting=any(k in library.waiting for k in frames),
        urgent_by=library.urgent.get(uid, ()),
        is_urgent=library.reader in library.urgent.get(uid, ()),
        is_second_read=bool(library.second_reads) and any(key in library.second_reads for key in frames),
        is_hidden=bool(hidden) and says.suggestion is None,
    )
    return row, says.speaker


def _covers(cards: Sequence[ModelCard], header: Header) -> bool:
    return any(reason_not_covered(card, header) is None for card in cards)


def _what_is_said(library: Library, told: list[Prediction]) -> _Said:
    """What the models say of a study, from what they say of its frames."""
    covered = [p for p in told if p.suggestion is not None]
    if not covered:
        if any(is_unfamiliar(p) for p in told):
            return _Said("not what the model knows")
        return _Said(next((" ".join(p.warnings) for p in told if p.warnings), ""))
    speaker = max(covered, key=lambda p: p.uncertainty or 0.0)
    card = library.card_of(speaker.model)
    if card is None or speaker.suggestion is None:
        return _Said()
    confidence = speaker.probability_of(speaker.suggestion)
    suggestion = in_words(card.display_of(speaker.suggestion))
    key = (speaker.sop_instance_uid, speaker.frame)
    told_adapted = library.told_adapted(key)
    if told_adapted is None or told_adapted.suggestion is None:
        return _Said("", suggestion, confidence, None, None, speaker.uncertainty, key)
    return _Said(
        "",
        suggestion,
        confidence,
        in_words((library.adapted.card_of(key) or card).display_of(told_adapted.suggestion)),
        told_adapted.probability_of(told_adapted.suggestion),
        told_adapted.uncertainty,
        key,
    )


def is_unfamiliar(prediction: Prediction) -> bool:
    """Whether the image is not what the model knows."""
    return prediction.unfamiliarity is not None and prediction.unfamiliarity > 1.0


def _status(
    library: Library,
    uid: str,
    frames: list[FrameKey],
    told: list[Prediction],
    hidden: list[FrameKey],
    is_covered: bool,
) -> Status:
    if library.is_study_read(uid):
        return "read"
    # Whether the model suggests anything for a hidden frame is not told either.
    suggested = [*((p.sop_instance_uid, p.frame) for p in told if p.suggestion is not None), *hidden]
    if any(library.decision(key) is not None for key in frames):
        return "read" if all(library.decision(key) is not None for key in suggested) else "part read"
    if library.failures and any(key in library.failures for key in frames):
        return "reading failed"
    if not is_covered or (told and not suggested):
        return "no suggestion"
    return "to read"


def _decided(library: Library, frames: list[FrameKey]) -> str:
    """What readers decided of a study, in words; nothing of frames whose suggestion is hidden."""
    decisions = [
        decision.findings
        for key in frames
        if (decision := library.decision(key)) is not None and not library.is_hidden(key)
    ]
    if not decisions:
        return ""
    answers = [answer for findings in decisions for answer in findings]
    present = dict.fromkeys(name for name, answer in answers if answer == "present")
    if present:
        displays = {f.name: in_words(f.display) for card in library.cards for f in card.findings}
        return ", ".join(displays.get(name) or name.replace("-", " ") for name in present)
    if all(answer == "unknown" for _, answer in answers):
        return QCoreApplication.translate("FindingsPanel", "unsure")
    return QCoreApplication.translate("FindingsPanel", "none of these present")


def reason_without_model(models: Sequence[ModelCard], header: Header) -> str:
    """Why no model in use gives a suggestion for an image; that of the model for its kind comes first."""
    reasons = [(m.covers.phantoms != header.is_phantom, reason_not_covered(m, header)) for m in models]
    told = [reason for _, reason in sorted(reasons, key=lambda pair: pair[0]) if reason]
    return told[0] if told else "No model is in use."
