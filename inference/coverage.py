"""Whether a model is meant for an image, in words for a reader."""

from __future__ import annotations

import re
from functools import lru_cache

from inference.card import Covers, ModelCard
from studies.image import Header

_RADIOGRAPHS = {"CR", "DX", "DR", "RG", "PX", "RF", "PICTURE"}
_MODALITY_NAMES = {
    "CT": "CT",
    "MR": "MR image",
    "US": "ultrasound image",
    "MG": "mammogram",
    "PT": "PET image",
    "NM": "nuclear medicine image",
    "XA": "angiogram",
    "SC": "secondary capture",
    "PICTURE": "picture",
}
_BODY_PART_SYNONYMS = {"THORAX": "CHEST", "LUNG": "CHEST", "LUNGS": "CHEST"}
_VIEW_SYNONYMS = {"LATERAL": "LL", "LAT": "LL", "RL": "LL", "LLAT": "LL", "RLAT": "LL"}
_FRONTAL = {"PA", "AP"}


def reason_not_covered(card: ModelCard, header: Header) -> str | None:
    """Why `card`'s model should not be believed on this image: one sentence, or None if it is covered.

    A header that is silent about body part or view is accepted, one without a modality is not
    (Modality is Type 1, PS3.3 C.7.3.1). Phantom models cover phantoms only, the others patients only.
    """
    modality = "PICTURE" if header.kind == "picture" else header.modality
    return _reason(
        card.covers,
        card.name or card.id,
        header.is_phantom,
        modality,
        header.body_part,
        header.view_position,
    )


# Remembered: a worklist asks it of every image it has, and their headers say few different things.
@lru_cache(maxsize=4096)
def _reason(
    covers: Covers, model: str, is_phantom: bool, modality: str, body_part: str, view_position: str
) -> str | None:
    if covers.phantoms != is_phantom:
        meant, found = ("phantoms", "patient") if covers.phantoms else ("patients", "phantom")
        return f"{model} is meant for {meant}; this is {_article(found)}."
    modality = modality.strip().upper()
    if covers.modalities and modality not in {m.upper() for m in covers.modalities}:
        found = _modality_in_words(modality)
        return f"{model} is meant for {_meant_for(covers)}; this is {found}."
    known_part = _body_part(body_part)
    if covers.body_parts and known_part and not _words(known_part) & _all_words(covers.body_parts):
        found = body_part.strip()
        return f"{model} is meant for {_meant_for(covers)}; this image's body part is {found}."
    view = view_position.strip().upper()
    if covers.views and view and not _same_view(view, covers.views):
        wanted = ", ".join(covers.views)
        kind = "frontal views" if {v.upper() for v in covers.views} <= _FRONTAL else "views"
        found = "lateral view" if "LL" in _view_words(view) else "view"
        return f"{model} is meant for {kind} ({wanted}); this is a {found} ({view})."
    return None


def family(card: ModelCard) -> str:
    """Models of one family replace each other: a string of whom, which modalities and which body parts."""
    covers = card.covers
    whom = "phantom" if covers.phantoms else "patient"
    modalities = ",".join(sorted({m.upper() for m in covers.modalities})) or "any"
    body_parts = ",".join(sorted({_body_part(b) for b in covers.body_parts})) or "any"
    return f"{whom}|{modalities}|{body_parts}"


def _body_part(text: str) -> str:
    words = re.split(r"[^A-Z0-9]+", text.upper())
    return " ".join(_BODY_PART_SYNONYMS.get(w, w) for w in words if w)


def _words(text: str) -> set[str]:
    return set(text.split())


def _all_words(body_parts: tuple[str, ...]) -> set[str]:
    return set().union(*(_words(_body_part(b)) for b in body_parts))


def _same_view(view: str, views: tuple[str, ...]) -> bool:
    """Whether one of the words of a view (``PA CHEST``) names a view that is meant."""
    return any(_view_words(view) & _view_words(wanted) for wanted in views)


def _view_words(view: str) -> set[str]:
    return {_VIEW_SYNONYMS.get(word, word) for word in re.split(r"[^A-Z0-9]+", view.upper()) if word}


def _modality_in_words(modality: str) -> str:
    if not modality:
        return "an image of no stated modality"
    if modality in _RADIOGRAPHS - {"PICTURE"}:
        return f"a radiograph ({modality})"
    return _article(_MODALITY_NAMES.get(modality, f"{modality} image"))


def _meant_for(covers: Covers) -> str:
    """For example ``"chest radiographs (CR, DX, picture)"``."""
    is_radiographs = bool(covers.modalities) and {m.upper() for m in covers.modalities} <= _RADIOGRAPHS
    noun = "radiographs" if is_radiographs else "images"
    body = "/".join(b.lower() for b in covers.body_parts)
    kinds = f" ({', '.join(covers.modalities)})" if covers.modalities else ""
    return f"{body} {noun}{kinds}".strip()


def _article(noun: str) -> str:
    is_vowel_sound = noun[0] in "aeiouAEIO" or noun.startswith(("MR", "NM", "XA", "SR"))
    return f"{'an' if is_vowel_sound else 'a'} {noun}"
