"""Films that a model was trained on are kept small, come back as they were, and are taken evenly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.errors import InvalidWeights
from training.replay import MOST_FILMS, Replay

NAMES = ("a", "b", "c")


def films(count: int, width: int = 8, seed: int = 0) -> Replay:
    random = np.random.default_rng(seed)
    truth = np.eye(3, dtype=np.int8)[random.integers(0, 3, count)]
    return Replay(random.normal(size=(count, width)).astype(np.float32), truth, NAMES)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    replay = films(20)
    replay.truth[3] = -1
    sha256 = replay.write(tmp_path / "replay.safetensors")
    again = Replay.read(tmp_path / "replay.safetensors", sha256)
    assert again.findings == NAMES
    assert np.array_equal(again.truth, replay.truth)
    assert np.allclose(again.embeddings, replay.embeddings, rtol=1e-3)


def test_the_largest_set_of_the_usual_networks_takes_little_room(tmp_path: Path) -> None:
    films(MOST_FILMS, 512).write(tmp_path / "replay.safetensors")
    assert (tmp_path / "replay.safetensors").stat().st_size < 2_200_000


@pytest.mark.parametrize("place", [0, 60, 200])
def test_a_file_that_was_changed_is_refused_in_a_sentence(tmp_path: Path, place: int) -> None:
    path = tmp_path / "replay.safetensors"
    sha256 = films(20).write(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(InvalidWeights, match=r"replay\.safetensors is not the file that its card names"):
        Replay.read(path, sha256)


def test_numbers_that_cannot_be_are_refused(tmp_path: Path) -> None:
    broken = films(5)
    broken.embeddings[2, 1] = np.nan
    sha256 = broken.write(tmp_path / "replay.safetensors")
    with pytest.raises(InvalidWeights, match="a number in it cannot be"):
        Replay.read(tmp_path / "replay.safetensors", sha256)


def test_of_many_films_each_finding_keeps_as_many_as_there_are() -> None:
    truth = np.zeros((1000, 3), np.int8)
    truth[:900, 0] = truth[900:990, 1] = truth[990:, 2] = 1
    chosen = Replay.chosen(np.ones((1000, 4), np.float32), truth, NAMES, most=200)
    assert chosen.truth.sum(axis=0).tolist() == [100, 90, 10]


def test_a_film_that_half_precision_cannot_hold_is_left_out() -> None:
    embeddings = np.ones((4, 2), np.float32)
    embeddings[1] = 1e6
    embeddings[2] = np.nan
    assert len(Replay.chosen(embeddings, np.ones((4, 3), np.int8), NAMES).embeddings) == 2


def test_asked_by_other_findings_it_knows_those_it_knows() -> None:
    replay = films(10).of_findings(("c", "new", "a"))
    assert np.array_equal(replay.truth[:, 0], films(10).truth[:, 2])
    assert (replay.truth[:, 1] == -1).all()


def test_two_sets_become_one_of_a_bounded_size() -> None:
    both = films(30).joined(films(40, seed=1), most=50)
    assert both.embeddings.shape == (50, 8)
    assert both.findings == NAMES
