import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray

from inference.errors import InvalidCard, InvalidWeights
from inference.lung_mask import over_pixels
from inference.lung_network import LungNetwork
from inference.lungs import LungFinder, _load, prepared, to_square
from studies.phantom import chest, ct
from studies.phantom_film import Film
from tests.inference.making import make_image

BUNDLED = Path(__file__).parents[2] / "resources" / "lungs"


@pytest.fixture(scope="module")
def finder() -> LungFinder:
    return LungFinder(BUNDLED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED, tmp_path / "lungs"))


def phantom(patient: int = 2, foci: int = 1) -> Film:
    return chest(5, patient, 0, foci, rows=400)[0]


def dice(found: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> float:
    return 2.0 * float((found & drawn).sum()) / float(found.sum() + drawn.sum())


@pytest.mark.parametrize("patient", [11, 12, 13])
def test_a_phantoms_lungs_are_found(finder: LungFinder, patient: int) -> None:
    film = phantom(patient)
    mask = finder.find_in(film.grey)
    assert mask.is_plausible
    assert mask.box == (0, 0, *film.grey.shape)
    assert dice(over_pixels(mask, film.grey.shape), film.lungs) > 0.93


@pytest.mark.parametrize("change", ["darker", "brighter", "little contrast", "fine", "coarse", "wide"])
def test_lungs_are_found_whatever_the_exposure_and_the_size(finder: LungFinder, change: str) -> None:
    import cv2

    film = phantom()
    grey, lungs = film.grey, film.lungs
    if change in ("darker", "brighter"):
        grey = grey ** np.float32(2.2 if change == "darker" else 0.45)
    elif change == "little contrast":
        grey = grey * np.float32(0.05) + np.float32(0.3)
    else:
        rows, columns = {"fine": (1500, 1256), "coarse": (120, 100), "wide": (400, 500)}[change]
        grey = cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA)
        lungs = cv2.resize(lungs.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_AREA) > 0
    mask = finder.find_in(np.asarray(grey, np.float32))
    assert mask.is_plausible
    assert dice(over_pixels(mask, lungs.shape), lungs) > 0.9


def test_an_image_is_searched_in_its_stored_pixels(finder: LungFinder) -> None:
    grey = np.rint(phantom().grey * 255).astype(np.uint8)
    image = make_image(*grey.shape)
    image = type(image)(image.header, 1, grey)
    mask = finder.find(image)
    assert mask.is_plausible
    assert np.array_equal(mask.grid, finder.find_in(grey.astype(np.float32) / 255).grid)


def nothing(kind: str) -> NDArray[np.float32]:
    random = np.random.default_rng(7)
    if kind == "blank":
        return np.zeros((300, 260), np.float32)
    if kind == "white":
        return np.ones((300, 260), np.float32)
    if kind == "noise":
        return random.random((300, 260), dtype=np.float32)
    if kind == "ramp":
        return np.tile(np.linspace(0, 1, 260, dtype=np.float32), (300, 1))
    if kind == "stripes":
        return np.tile((np.arange(260) // 20 % 2).astype(np.float32), (300, 1))
    if kind == "one pixel":
        return np.ones((1, 1), np.float32)
    stack = ct(4, 3, slices=8, side=160)
    return np.clip((stack.values_hu[4].astype(np.float32) + 1100) / 1600, 0, 1)


@pytest.mark.parametrize("kind", ["blank", "white", "noise", "ramp", "stripes", "one pixel", "ct slice"])
def test_what_is_no_chest_film_has_no_plausible_lungs(finder: LungFinder, kind: str) -> None:
    assert not finder.find_in(nothing(kind)).is_plausible


def test_a_film_on_its_head_or_on_its_side_moves_the_mask_or_makes_it_implausible(finder: LungFinder) -> None:
    film = phantom()
    mask = finder.find_in(np.ascontiguousarray(np.rot90(film.grey)))
    if mask.is_plausible:
        turned = np.rot90(film.lungs)
        assert dice(over_pixels(mask, turned.shape), turned) > 0.8


def test_putting_normalisation_into_convolutions_changes_no_number() -> None:
    card = LungFinder(BUNDLED).card
    plain = LungNetwork(card.widths).eval()
    plain.load_state_dict(safetensors.torch.load_file(BUNDLED / "weights.safetensors"))
    x = torch.from_numpy(prepared(to_square(phantom().grey, card.input_size)))[None]
    with torch.inference_mode():
        fused = _load(BUNDLED / "weights.safetensors", card)(x)
        assert torch.allclose(plain(x), fused, atol=1e-3)


def test_the_input_does_not_depend_on_scale_and_offset_of_grey() -> None:
    square = to_square(phantom().grey, 64)
    assert np.abs(prepared(square) - prepared(square * np.float32(0.2) + np.float32(0.5))).max() < 0.05


def test_the_network_that_ships_is_small_and_its_card_says_how_good_it_is(finder: LungFinder) -> None:
    assert (BUNDLED / "weights.safetensors").stat().st_size <= 5_000_000
    figures = finder.card.figures["cross_validation"]
    assert all("dice_mean" in of_stage for of_stage in figures.values())
    assert finder.card.data
    assert finder.card.limits


def test_weights_that_the_card_does_not_name_are_refused(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InvalidWeights, match="is not the file that its card names"):
        LungFinder(folder)


def test_weights_that_are_missing_are_refused(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(InvalidWeights, match="cannot be read"):
        LungFinder(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    put(folder, safetensors.torch.save({"stem": torch.zeros(3)}))
    with pytest.raises(InvalidWeights, match="does not fit"):
        LungFinder(folder)


def test_a_pickle_is_refused(folder: Path, tmp_path: Path) -> None:
    torch.save({"stem": torch.zeros(3)}, tmp_path / "pickle.pt")
    put(folder, (tmp_path / "pickle.pt").read_bytes())
    with pytest.raises(InvalidWeights, match="no complete safetensors file"):
        LungFinder(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architecture": "resnet18"}, "architecture"),
        ({"input_size": 100}, "input size"),
        ({"input_size": "large"}, "input size"),
        ({"widths": [16, 32]}, "widths"),
        ({"widths": ["wide"] * 5}, "widths"),
        ({"weights_sha256": ""}, "SHA-256"),
    ],
)
def test_a_card_that_cannot_be_is_refused(folder: Path, changes: dict[str, object], reason: str) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(InvalidCard, match=reason):
        LungFinder(folder)


def test_a_missing_or_damaged_card_is_refused(folder: Path) -> None:
    (folder / "card.json").write_text("{")
    with pytest.raises(InvalidCard, match="is not a lung card"):
        LungFinder(folder)
    (folder / "card.json").unlink()
    with pytest.raises(InvalidCard, match="is not a lung card"):
        LungFinder(folder)


def put(folder: Path, content: bytes) -> None:
    """Write weights and a card that names them."""
    (folder / "weights.safetensors").write_bytes(content)
    card = json.loads((folder / "card.json").read_text())
    card["weights_sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
