"""The place where a reader works: the data folder with its store, models and caches.

The command line and the window are two faces of one workplace. It opens things when they are
first asked for, so that a command that needs no store never touches one. Importing this module
imports neither Qt nor torch.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from app import locations
from app.settings import Settings, read_settings, write_settings
from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.coverage import family, reason_not_covered
from inference.errors import UnknownModel
from inference.features import FeatureCache
from inference.registry import ModelRegistry
from reviews.store import Store
from studies.image import Header

ADAPTED = "adapted"
DEFAULT_MODEL = "starter"


class WorkplaceError(Exception):
    """The data folder cannot be used; the message is one sentence for the reader."""


class Workplace:
    """Everything under one data folder.

    Parameters
    ----------
    data_folder
        Where the store, the models, the runs and the caches live. It is made if it is missing.
    bundled
        The models that came with the program.
    """

    def __init__(self, data_folder: Path, bundled: Path | None = None) -> None:
        self.folder = data_folder.expanduser().resolve()
        self.bundled = bundled if bundled is not None else locations.bundled_models()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkplaceError(
                f"{self.folder} cannot be used as the data folder: {error.strerror or error}; "
                "name another one with --data."
            ) from error
        self.settings: Settings = read_settings(self.folder)

    @property
    def models_folder(self) -> Path:
        return self.folder / "models"

    @property
    def runs_folder(self) -> Path:
        return self.folder / "runs"

    @property
    def cache_folder(self) -> Path:
        return self.folder / "cache"

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.store_url or self.folder / "overread.sqlite")

    @cached_property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(self.models_folder, self.bundled)

    @cached_property
    def features(self) -> FeatureCache:
        return FeatureCache(self.cache_folder / "features")

    @property
    def options(self) -> list[str]:
        """The command line's options that name this workplace, for processes that work in it."""
        options = ["--data", str(self.folder)]
        if self.bundled != locations.bundled_models():
            options += ["--bundled", str(self.bundled)]
        return options

    def close(self) -> None:
        """Close the store if it was opened."""
        if "store" in self.__dict__:
            self.store.close()
            del self.__dict__["store"]

    def change_settings(self, settings: Settings) -> None:
        self.settings = settings
        self.keep_settings()

    def keep_settings(self) -> None:
        """Write the settings in force; in any thread, since it changes none of them."""
        write_settings(self.folder, self.settings)

    # -- which model answers ---------------------------------------------------------------

    def models_in_use(self) -> list[ModelCard]:
        """One card a family: the promoted model, else the bundled one."""
        promoted = self.store.promoted()
        cards = self.registry.cards()
        in_use: dict[str, ModelCard] = {family(c): c for c in cards if c.bundled}
        for card in cards:
            if promoted.get(family(card)) == card.id:
                in_use[family(card)] = card
        return list(in_use.values())

    def model_for(self, header: Header) -> ModelCard | None:
        """The model in use whose card covers the image, or None."""
        return next((c for c in self.models_in_use() if reason_not_covered(c, header) is None), None)

    def default_model(self) -> ModelCard:
        """The model in use for chest radiographs, for images that no card covers."""
        starter = self.registry.find(DEFAULT_MODEL)
        return next((c for c in self.models_in_use() if family(c) == family(starter)), starter)

    def choose_model(self, name: str | None, header: Header) -> tuple[ModelCard, bool]:
        """The model for an image, and whether its adapted head is asked for.

        `name` is an id, a unique prefix, ``"adapted"``, or None for the promoted model that covers
        the image (where none does, the chest model, whose prediction then has no suggestion).
        """
        if name is None or name == ADAPTED:
            return self.model_for(header) or self.default_model(), name == ADAPTED
        return self.registry.find(name), False

    def adapted_head_path(self, card: ModelCard) -> Path:
        """Where the re-fitted head of a model's encoder is kept."""
        return self.models_folder / ADAPTED / card.id / "head.npz"

    def evaluation_folder(self, card: ModelCard) -> Path:
        """Where a model's evaluation is kept: by its weights, which the program's own may change."""
        return self.folder / "evaluations" / f"{card.id}-{card.weights_sha256[:12]}"

    def require_adapted_head(self, card: ModelCard) -> Path:
        """The same, where it has to exist."""
        path = self.adapted_head_path(card)
        if not path.exists():
            raise UnknownModel(
                f"There is no adapted head for the model {card.id} yet; record reviews and run adapt."
            )
        if not AdaptedHead.read(path).fits(card):
            raise UnknownModel(
                f"The adapted head of {card.id} was fitted for other weights or findings than the model has "
                "now; run adapt again."
            )
        return path
