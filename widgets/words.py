"""Words of the rooms below in the reader's language: a small set that the window shows all the time.

Findings of the models that ship, names of windows, why a model does not answer, the verdict on a candidate:
these come as English from rooms that know no Qt, and from cards and stores where they stay English. They are
translated here, at the edge of the window. What is not in these tables is shown as it came.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

TERMS = (
    # Findings of the models that ship (resources/models)
    QT_TRANSLATE_NOOP("Words", "no finding"),
    QT_TRANSLATE_NOOP("Words", "opacity"),
    QT_TRANSLATE_NOOP("Words", "COVID-19 pattern"),
    QT_TRANSLATE_NOOP("Words", "other pneumonia"),
    # Windows (studies.display, studies.volume); a picture that is no DICOM file (app.gui.study_row)
    QT_TRANSLATE_NOOP("Words", "Full range"),
    QT_TRANSLATE_NOOP("Words", "Brain"),
    QT_TRANSLATE_NOOP("Words", "Abdomen"),
    QT_TRANSLATE_NOOP("Words", "Mediastinum"),
    QT_TRANSLATE_NOOP("Words", "Bone"),
    QT_TRANSLATE_NOOP("Words", "Lung"),
    QT_TRANSLATE_NOOP("Words", "Middle slice"),
    QT_TRANSLATE_NOOP("Words", "picture"),
    # What inference.coverage calls images
    QT_TRANSLATE_NOOP("Words", "phantoms"),
    QT_TRANSLATE_NOOP("Words", "patients"),
    QT_TRANSLATE_NOOP("Words", "a phantom"),
    QT_TRANSLATE_NOOP("Words", "a patient"),
    QT_TRANSLATE_NOOP("Words", "a picture"),
    QT_TRANSLATE_NOOP("Words", "a CT"),
    QT_TRANSLATE_NOOP("Words", "an MR image"),
    QT_TRANSLATE_NOOP("Words", "an ultrasound image"),
    QT_TRANSLATE_NOOP("Words", "a mammogram"),
    QT_TRANSLATE_NOOP("Words", "a PET image"),
    QT_TRANSLATE_NOOP("Words", "a nuclear medicine image"),
    QT_TRANSLATE_NOOP("Words", "an angiogram"),
    QT_TRANSLATE_NOOP("Words", "a secondary capture"),
    QT_TRANSLATE_NOOP("Words", "an image of no stated modality"),
    QT_TRANSLATE_NOOP("Words", "chest radiographs"),
    QT_TRANSLATE_NOOP("Words", "chest images"),
    QT_TRANSLATE_NOOP("Words", "radiographs"),
    QT_TRANSLATE_NOOP("Words", "images"),
    QT_TRANSLATE_NOOP("Words", "frontal views"),
    QT_TRANSLATE_NOOP("Words", "views"),
    QT_TRANSLATE_NOOP("Words", "a lateral view"),
    QT_TRANSLATE_NOOP("Words", "a view"),
    # A row of the worklist whose image a model does not know (app.gui.study_row)
    QT_TRANSLATE_NOOP("Words", "not what the model knows"),
    # Whole sentences: inference, studies, training.proof.gate
    QT_TRANSLATE_NOOP("Words", "No finding reaches the probability from which on it is suggested."),
    QT_TRANSLATE_NOOP("Words", "No model is in use."),
    QT_TRANSLATE_NOOP("Words", "The image is FOR PROCESSING: it was not made to be read from."),
    QT_TRANSLATE_NOOP("Words", "The file does not say how it lies in the patient: sides may be swapped."),
    QT_TRANSLATE_NOOP("Words", "The file ends without closing its pixel data; all frames are there."),
    QT_TRANSLATE_NOOP("Words", "A region of ultrasound calibration makes no sense; it is not measured in."),
    QT_TRANSLATE_NOOP("Words", "The rescale slope is 0; 1 is used."),
    QT_TRANSLATE_NOOP("Words", "There is no held-out image on which both models give an answer."),
    QT_TRANSLATE_NOOP("Words", "better"),
    QT_TRANSLATE_NOOP("Words", "not worse"),
    QT_TRANSLATE_NOOP("Words", "not proven"),
    QT_TRANSLATE_NOOP("Words", "worse"),
    QT_TRANSLATE_NOOP("Words", "Macro AUROC"),
    QT_TRANSLATE_NOOP("Words", "Log-loss"),
)
"""What is said word for word."""

SENTENCES = (
    QT_TRANSLATE_NOOP("Words", "{0} is meant for {1}; this image's body part is {2}."),
    QT_TRANSLATE_NOOP("Words", "{0} is meant for {1}; this is {2}."),
    QT_TRANSLATE_NOOP("Words", "a radiograph ({0})"),
    QT_TRANSLATE_NOOP("Words", "a {0} image"),
    QT_TRANSLATE_NOOP("Words", "an {0} image"),
    QT_TRANSLATE_NOOP("Words", "a lateral view ({0})"),
    QT_TRANSLATE_NOOP("Words", "a view ({0})"),
    QT_TRANSLATE_NOOP("Words", "frontal views ({0})"),
    QT_TRANSLATE_NOOP("Words", "chest radiographs ({0})"),
    QT_TRANSLATE_NOOP(
        "Words",
        "This is not what {0} knows: the image lies {1} times as far "
        "from those it was trained on as it may, so nothing is suggested.",
    ),
    QT_TRANSLATE_NOOP(
        "Words", "Only {0}% of the evidence for {1} lies in the lungs; the rest lies outside of them."
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "With their lungs covered {0}% of the films still get the same answer, about as sure, and "
        "{1}% of the ability to tell findings apart is left: the model reads something else than the lungs.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "With their lungs covered {0}% of the films still get the same answer, about as sure: "
        "the model reads something else than the lungs.",
    ),
    QT_TRANSLATE_NOOP("Words", "The memory of {0} did not suffice; the CPU was used."),
    QT_TRANSLATE_NOOP("Words", "A magnification of {0} cannot be; lengths are those at the detector."),
    QT_TRANSLATE_NOOP("Words", "A window of width {0} cannot be used."),
    QT_TRANSLATE_NOOP("Words", "The VOI LUT function {0} is unknown; LINEAR is used."),
    QT_TRANSLATE_NOOP("Words", "The {0} display shutter cannot be used; the image is shown without it."),
    QT_TRANSLATE_NOOP(
        "Words", "Both models give the same probabilities on the {0} held-out images of {1} patients."
    ),
    QT_TRANSLATE_NOOP("Words", "The candidate is better on the {0} held-out images of {1} patients."),
    QT_TRANSLATE_NOOP("Words", "The candidate is not worse on the {0} held-out images of {1} patients."),
    QT_TRANSLATE_NOOP("Words", "The candidate is worse on the {0} held-out images of {1} patients."),
    QT_TRANSLATE_NOOP(
        "Words",
        "It is not proven whether the candidate is better or worse "
        "on the {0} held-out images of {1} patients.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "Both models give the same probabilities, but for rounding, "
        "on the {0} held-out images of {1} patients.",
    ),
    QT_TRANSLATE_NOOP(
        "Words", "The candidate gives no answer on {0} images that the current model answers: {1}."
    ),
    QT_TRANSLATE_NOOP("Words", "Left out, because the current model gives no answer on them: {0}."),
    QT_TRANSLATE_NOOP("Words", "{0} is not known to the candidate, which never suggests it."),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} is new: no film of the test part shows it, so nothing is known of how well it is found.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} is new: {1} of the {2} films that show it are found (AUROC {3}); "
        "the verdict is about the other findings.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} of the {1} films of the test part were left out, because the candidate was fitted on them "
        "or on others of the same patients: {2}.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} of the {1} films of the test part were left out, because the current model was fitted on them "
        "or on others of the same patients: {2}.",
    ),
    QT_TRANSLATE_NOOP(
        "Words", "Which films {0} was fitted on was never written down: some of these may be among them."
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "No film of the test part is left that neither model was fitted on, so nothing is proven.",
    ),
    QT_TRANSLATE_NOOP(
        "Words", "Both models give the same probabilities on the {0} held-out images of 1 patient."
    ),
    QT_TRANSLATE_NOOP(
        "Words", "Both models give the same probabilities on the 1 held-out image of 1 patient."
    ),
    QT_TRANSLATE_NOOP("Words", "The candidate is worse on the {0} held-out images of 1 patient."),
    QT_TRANSLATE_NOOP("Words", "The candidate is worse on the 1 held-out image of 1 patient."),
    QT_TRANSLATE_NOOP(
        "Words",
        "It is not proven whether the candidate is better or worse on the {0} held-out images of 1 patient.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "It is not proven whether the candidate is better or worse on the 1 held-out image of 1 patient.",
    ),
    QT_TRANSLATE_NOOP(
        "Words", "The candidate gives no answer on 1 image that the current model answers: {0}."
    ),
    QT_TRANSLATE_NOOP(
        "Words", "Compared on the 1 image that both models were measured on (candidate {0}, current {1})."
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} is new: {1} of the {2} films that show it is found (AUROC {3}); "
        "the verdict is about the other findings.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} is new: the only film that shows it is found (AUROC {1}); "
        "the verdict is about the other findings.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} is new: the only film that shows it is not found (AUROC {1}); "
        "the verdict is about the other findings.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} of the {1} films of the test part was left out, because the candidate was fitted on it "
        "or on others of the same patient: {2}.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} of the {1} films of the test part was left out, because the current model was fitted on it "
        "or on others of the same patient: {2}.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "The only film of the test part was left out, because the candidate was fitted on it "
        "or on others of the same patient: {0}.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "The only film of the test part was left out, because the current model was fitted on it "
        "or on others of the same patient: {0}.",
    ),
    # What a training says before it begins: training.samples, .contradictions, .beginning, .finetune
    QT_TRANSLATE_NOOP("Words", "No image of the training part shows “{0}”, so a model learns nothing of it."),
    QT_TRANSLATE_NOOP(
        "Words",
        "1 image of the training part shows “{0}”; with fewer than {1} a model learns little of it.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} images of the training part show “{1}”; with fewer than {2} a model learns little of it.",
    ),
    QT_TRANSLATE_NOOP("Words", "1 film has no patient identifier, so it is split as a patient of its own."),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} films have no patient identifier, so each is split as a patient of its own: "
        "two of one patient may be learned from and measured on.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} images of 1 patient belong together because films of them show the same under several names; "
        "they are split as one.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} images of {1} patients belong together because films of them show the same under several names; "
        "they are split as one.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "1 decided image of the test part measures nothing: nobody answered before the suggestion was shown.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} decided images of the test part measure nothing: "
        "nobody answered before the suggestion was shown.",
    ),
    QT_TRANSLATE_NOOP("Words", "1 image shows several findings and is left out: the model has one of many."),
    QT_TRANSLATE_NOOP(
        "Words", "{0} images show several findings and are left out: the model has one of many."
    ),
    QT_TRANSLATE_NOOP("Words", "{0} brought no films of its own training, so none are replayed."),
    QT_TRANSLATE_NOOP("Words", "No patients were kept aside for testing, so nothing is proven."),
    QT_TRANSLATE_NOOP("Words", "There is no current model to compare the candidate with."),
    QT_TRANSLATE_NOOP("Words", "The candidate is in use already."),
    QT_TRANSLATE_NOOP(
        "Words", "The candidate is in use already: it is compared with {0}, which it was made from."
    ),
    QT_TRANSLATE_NOOP("Words", "{0} does not predict yet, so there is nothing to compare with."),
    QT_TRANSLATE_NOOP("Words", "{0}: the models are equal (95% interval {1} to {2})"),
    QT_TRANSLATE_NOOP("Words", "{0}: the candidate is better by {1} (95% interval of the gain {2} to {3})"),
    QT_TRANSLATE_NOOP("Words", "{0}: the candidate is worse by {1} (95% interval of the gain {2} to {3})"),
    QT_TRANSLATE_NOOP("Words", "{0} cannot be had on these images: they show one kind of answer only."),
    QT_TRANSLATE_NOOP("Words", "{0} has no interval on so few patients."),
    QT_TRANSLATE_NOOP(
        "Words",
        "Too few cases: at least {0} more held-out patients, "
        "with findings that are present in some and absent in others, are needed.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "Too few cases: about {0} more held-out patients would probably settle it.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "Too few cases: at least 1 more held-out patient, "
        "with findings that are present in some and absent in others, is needed.",
    ),
    QT_TRANSLATE_NOOP(
        "Words",
        "{0} is shown by no film here: nothing is known of whether it is found as well as before.",
    ),
    QT_TRANSLATE_NOOP("Words", "{0} loses {1} points of sensitivity ({2}% to {3}% of {4} films)."),
    QT_TRANSLATE_NOOP("Words", "{0} loses {1} points of sensitivity ({2}% to {3}% of 1 film)."),
    QT_TRANSLATE_NOOP(
        "Words",
        "Calibration is worse: expected calibration error {0} to {1} "
        "(95% interval of the change {2} to {3}).",
    ),
    QT_TRANSLATE_NOOP("Words", "Calibration is worse: expected calibration error {0} to {1}."),
    QT_TRANSLATE_NOOP("Words", "Less of the evidence lies in the lungs: {0}% to {1}%."),
    QT_TRANSLATE_NOOP("Words", "{0} has less of its evidence in the lungs: {1}% to {2}%."),
    QT_TRANSLATE_NOOP(
        "Words", "Compared on the {0} images that both models were measured on (candidate {1}, current {2})."
    ),
)
"""What is said with something in its gaps, which is translated in its turn. The longer of two likes first."""

_NEXT_SENTENCE = re.compile(r"(?<=\.) ")


def in_words(text: str) -> str:
    """A term, a sentence or several of them in the reader's language; what is not known, as it is."""
    return _known(text, QCoreApplication.translate("Words", str(SENTENCES[0])))


def hint_in_words(hint: str) -> str:
    """What a training says before it begins, as a sentence with its capital and its full stop."""
    said = hint.rstrip(".")
    return in_words(f"{said[:1].upper()}{said[1:]}.")


@lru_cache(maxsize=4096)
def _known(text: str, language: str) -> str:
    """Remembered, because a worklist says the same few things of every row; `language` is any text in it."""
    if language == SENTENCES[0]:
        return text
    return " ".join(_one_in_words(sentence) for sentence in _NEXT_SENTENCE.split(text))


def _one_in_words(text: str) -> str:
    translate = QCoreApplication.translate
    said = translate("Words", text) if text else ""
    if said != text:
        return said
    for sentence in SENTENCES:
        said = translate("Words", str(sentence))
        if said == sentence:  # English, or not translated
            continue
        found = _pattern(str(sentence)).fullmatch(text)
        if found is not None:
            return said.format(*(_gap_in_words(gap) for gap in found.groups()))
    return text


def _gap_in_words(text: str) -> str:
    """What stands in a gap: a term, or several after commas (``CR, DX, picture``)."""
    said = _one_in_words(text)
    return said if said != text else ", ".join(_one_in_words(part) for part in text.split(", "))


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    """What matches a sentence whatever stands in its gaps."""
    return re.compile("(.+?)".join(re.escape(part) for part in re.split(r"\{\d\}", sentence)))
