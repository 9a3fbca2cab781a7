"""The models on this machine: one folder each, `<folder>/<id>/`, with its card and its weights.

The weights are `weights.safetensors`, `program.pt2` or `model.onnx`, as the card's `format` says. Beside them
lie the companions that the card names (`inference.card.COMPANIONS`).
Bundled models come with the program and are never written to. A model appears in the registry by one
rename, complete and on disk, or not at all. Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from safetensors import SafetensorError, safe_open

from inference.card import Format, ModelCard
from inference.errors import InferenceError, InvalidCard, InvalidWeights, ModelNotStored, UnknownModel

_log = logging.getLogger(__name__)

_CARD = "card.json"
_WEIGHTS: dict[Format, str] = {
    "network": "weights.safetensors",
    "program": "program.pt2",
    "onnx": "model.onnx",
}
_ADDING = ".adding-"
_ABANDONED_AFTER_S = 3600.0
_CHUNK = 1 << 20


class ModelRegistry:
    """Finds, adds and removes models.

    Parameters
    ----------
    folder
        Where models of this machine lie; made when the first one is added.
    bundled_folder
        Where the program's own models lie.
    """

    def __init__(self, folder: Path, bundled_folder: Path):
        self._folder = folder
        self._bundled_folder = bundled_folder

    @property
    def lungs_folder(self) -> Path:
        """Where the network that finds lungs lies (`inference.lungs`), beside the bundled models."""
        return self._bundled_folder.parent / "lungs"

    def cards(self) -> list[ModelCard]:
        """Every model that is in order: bundled ones first, then by date. Damaged folders are logged."""
        cards, problems = self._read_all()
        for problem in problems.values():
            _log.warning("A model was passed over: %s", problem)
        return cards

    def problems(self) -> list[str]:
        """One sentence for each model folder that cannot be used."""
        return list(self._read_all()[1].values())

    def find(self, name: str) -> ModelCard:
        """The model with this id, this exact name, or the only one whose id begins so.

        Raises
        ------
        UnknownModel
            There is none, or there are several.
        InvalidCard
            There is one, and it is damaged.
        """
        cards, problems = self._read_all()
        if name in problems:
            raise InvalidCard(problems[name])
        matches = [c for c in cards if c.id == name]
        matches = matches or [c for c in cards if c.name == name]
        matches = matches or [c for c in cards if name and c.id.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            ids = ", ".join(c.id for c in matches)
            raise UnknownModel(f"{name!r} could be any of the models {ids}; expected a name of one.")
        known = ", ".join(c.id for c in cards) or "none"
        raise UnknownModel(f"There is no model called {name!r}; the models here are: {known}.")

    def folder_of(self, card: ModelCard) -> Path:
        return (self._bundled_folder if card.bundled else self._folder) / card.id

    def weights_path(self, card: ModelCard) -> Path:
        return self.folder_of(card) / _WEIGHTS[card.format]

    def companion_path(self, card: ModelCard, name: str) -> Path | None:
        """A file beside the model's weights (`inference.card.COMPANIONS`); None where it has none."""
        return self.folder_of(card) / name if name in card.companions else None

    def add(self, card: ModelCard, weights: Path, companions: Sequence[Path] = ()) -> ModelCard:
        """Take a model in; what comes back is its card with id, hashes and date filled in.

        Parameters
        ----------
        card
            Its `id`, `weights_sha256`, `companions`, `bundled` are replaced, and `created` where it is
            empty.
        weights
            A file of the card's format; it is copied. The same weights with the same card are one model.
        companions
            Files named as in `inference.card.COMPANIONS`; they are copied too.

        Raises
        ------
        InvalidWeights
            `weights` or a companion is no safetensors file where it should be one, or cannot be read.
        InvalidCard
            The card contradicts itself.
        ModelNotStored
            The folder cannot be written.
        """
        try:
            card.check()
        except ValueError as error:
            raise InvalidCard(
                f"The card of {card.name or card.architecture} is not valid: {error}"
            ) from error
        if card.format == "network":
            check_is_safetensors(weights)
        for companion in companions:
            if companion.suffix == ".safetensors":
                check_is_safetensors(companion)
        try:
            return self._add(card, weights, companions)
        except OSError as error:
            name = card.name or weights.name
            raise ModelNotStored(
                f"The model {name} could not be stored in {self._folder}: {error.strerror}."
            ) from error

    def remove(self, model_id: str) -> None:
        """Delete a model's folder, a damaged one too; bundled models are refused."""
        folder = self._folder / model_id
        if (self._bundled_folder / model_id / _CARD).exists():
            raise ModelNotStored(f"The model {model_id} comes with the program and cannot be removed.")
        if not model_id or folder.parent != self._folder or not (folder / _CARD).exists():
            raise UnknownModel(f"There is no model with the id {model_id!r} to remove.")
        try:
            doomed = self._make_work_folder()
            folder.rename(doomed / model_id)  # gone at once; deleting takes longer
            shutil.rmtree(doomed)
        except OSError as error:
            raise ModelNotStored(f"The model {model_id} could not be removed: {error.strerror}.") from error

    def _add(self, card: ModelCard, weights: Path, companions: Sequence[Path]) -> ModelCard:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()
        work = self._make_work_folder()
        try:
            digest = _copy_durably(weights, work / _WEIGHTS[card.format])
            beside = {path.name: _copy_durably(path, work / path.name) for path in companions}
            created = card.created or datetime.now(UTC).isoformat(timespec="seconds")
            card = replace(card, weights_sha256=digest, companions=beside, bundled=False, created=created)
            card = replace(card, id=_content_id(card))
            final = self._folder / card.id
            if (kept := _intact_card(final, card)) is not None:
                return kept
            card.write(work / _CARD)
            _flush_to_disk(work / _CARD)
            if final.exists():  # damaged: make room
                final.rename(work.with_name(f"{work.name}-damaged"))
            try:
                work.rename(final)
            except OSError:  # another process was quicker
                if (kept := _intact_card(final, card)) is None:
                    raise
                return kept
            _flush_folder(self._folder)
            return card
        finally:
            shutil.rmtree(work, ignore_errors=True)
            shutil.rmtree(work.with_name(f"{work.name}-damaged"), ignore_errors=True)

    def _make_work_folder(self) -> Path:
        folder = self._folder / f"{_ADDING}{uuid4().hex}"
        folder.mkdir()
        return folder

    def _remove_abandoned(self) -> None:
        """What a process left behind that died while adding."""
        for path in self._folder.glob(f"{_ADDING}*"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                    shutil.rmtree(path, ignore_errors=True)

    def _read_all(self) -> tuple[list[ModelCard], dict[str, str]]:
        """The cards in order, and for each damaged folder's name a sentence."""
        cards: list[ModelCard] = []
        problems: dict[str, str] = {}
        for root, bundled in ((self._bundled_folder, True), (self._folder, False)):
            for folder in _model_folders(root):
                try:
                    card = replace(ModelCard.read(folder / _CARD), bundled=bundled)
                    _check_folder(folder, card)
                    cards.append(card)
                except InferenceError as error:
                    problems[folder.name] = str(error)
        return sorted(cards, key=_place), problems


def check_is_safetensors(path: Path) -> None:
    """Raise `InvalidWeights` unless `path` is a complete safetensors file."""
    try:
        with safe_open(path, framework="numpy") as file:
            file.keys()
    except (OSError, SafetensorError, ValueError) as error:
        raise InvalidWeights(f"{path} is no complete safetensors file: {error}.") from error


def content_of(path: Path, sha256: str) -> bytes:
    """What is in a file; raise `InvalidWeights` where it cannot be read or is not the one with this hash."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidWeights(f"{path} cannot be read: {error.strerror}.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InvalidWeights(
            f"{path} is not the file that its card names: its SHA-256 begins with {found[:12]}, "
            f"expected {sha256[:12]}."
        )
    return content


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as hex; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _content_id(card: ModelCard) -> str:
    """First 16 hex digits over the weights and what decides the model's answers, and its name."""
    fixed = asdict(card)
    for described in ("id", "created", "bundled", "intended_use", "data", "recipe", "figures", "limits"):
        del fixed[described]
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:16]


def _intact_card(folder: Path, wanted: ModelCard) -> ModelCard | None:
    """The card of a folder that holds these very weights, else None."""
    with suppress(InvalidCard):
        card = ModelCard.read(folder / _CARD)
        if sha256_of(folder / _WEIGHTS[wanted.format]) != wanted.weights_sha256:
            return None
        if any(sha256_of(folder / name) != sha256 for name, sha256 in wanted.companions.items()):
            return None
        return card
    return None


def _place(card: ModelCard) -> tuple[bool, bool, str, str]:
    """What comes with the program first, for patients before for phantoms; then in order of time."""
    return not card.bundled, card.bundled and card.covers.phantoms, card.created, card.id


def _model_folders(root: Path) -> list[Path]:
    """Folders that hold a card or weights. `adapted` (re-fitted heads) and unfinished ones do not count."""
    if not root.is_dir():
        return []
    parts = (_CARD, *_WEIGHTS.values())
    folders = (f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    return sorted(f for f in folders if any((f / part).exists() for part in parts))


def _check_folder(folder: Path, card: ModelCard) -> None:
    if card.id != folder.name:
        raise InvalidCard(f"{folder / _CARD} is the card of {card.id!r}, expected that of {folder.name!r}.")
    for part in (_WEIGHTS[card.format], *card.companions):
        if not (folder / part).is_file():
            raise InvalidWeights(f"{folder} has a card, but no {part}.")


def _copy_durably(source: Path, target: Path) -> str:
    """Copy a file, wait until it is on disk, and return the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders and does not need it."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
