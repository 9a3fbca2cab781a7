"""What a model knows, and where it looks: how many images of other kinds are caught, at which false alarms.

    python benchmarks/trust.py --xrays DIR [--lungs DIR] [--dicom DIR] [--other KIND=DIR ...] [--looks]
    python benchmarks/trust.py --xrays DIR --models WORK/models --model ID --fold 0

The first describes the starter by films of other patients than those it is asked about (five folds), and asks
it about images it was not made for: bundled photographs, noise, drawings, text, turned films, and what the
folders hold. It compares scores of the literature in the same run. `--looks` adds where its evidence lies and
what it says without lungs. The second does the same for a model that was trained on four fifths of the
patients by `resources/train_starter.py --only-folds`: its false alarms are those of films that neither the
network nor its description has seen.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image as Pillow  # noqa: E402
from PIL import ImageDraw  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from inference.evidence import run  # noqa: E402
from inference.lungs import LungFinder  # noqa: E402
from inference.network import LoadedModel, head_of, load  # noqa: E402
from inference.preprocess import intensities_to_tensor  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from inference.typical import FOLDS, KNOWN_SHARE, MARGIN, WITHOUT_LUNGS, Typical, descriptions  # noqa: E402
from studies.display import network_intensities  # noqa: E402
from studies.errors import StudyError  # noqa: E402
from studies.reader import read, read_header  # noqa: E402
from training.proof.evaluate import evaluate  # noqa: E402
from training.samples import from_csv  # noqa: E402

Floats = NDArray[np.float64]
Score = Callable[[Floats], Floats]
KNOWN = ("known", "known, unseen")
TURNED_EVERY = 14  # of the films, one in so many is also shown turned


class Seen:
    """What a model saw in images: rows by image, in the order they came."""

    def __init__(self, model: LoadedModel, finder: LungFinder) -> None:
        self._model, self._finder = model, finder
        self.kind: list[str] = []
        self.owner: list[str] = []
        self._layout: list[Floats] = []
        self._embedding: list[Floats] = []
        self._without_lungs: list[bool] = []

    def add(self, kind: str, owner: str, intensities: NDArray[np.float32]) -> None:
        tensor = intensities_to_tensor(intensities, self._model.card.preprocessing)
        found = run(self._model, tensor[None])
        self._layout.append(descriptions(self._model, found)[0])
        self._embedding.append(found.embedding[0].astype(np.float64))
        self._without_lungs.append(not self._finder.find_in(intensities).is_plausible)
        self.kind.append(kind)
        self.owner.append(owner)

    def arrays(self) -> tuple[NDArray[np.str_], NDArray[np.str_], Floats, Floats, NDArray[np.bool_]]:
        """Kinds, owners, (N, P) descriptions, (N, D) embeddings, whether no lungs were found."""
        return (
            np.array(self.kind), np.array(self.owner), np.stack(self._layout), np.stack(self._embedding),
            np.array(self._without_lungs),
        )  # fmt: skip


def main() -> int:
    """Look at everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xrays", type=Path, required=True)
    parser.add_argument("--lungs", type=Path, help="films of another collection that should be known")
    parser.add_argument("--dicom", type=Path, help="DICOM files of other modalities and parts of the body")
    parser.add_argument("--other", action="append", default=[], metavar="KIND=DIR", help="pictures of a kind")
    parser.add_argument("--known", action="append", default=[], metavar="KIND=DIR", help="frontal chests")
    parser.add_argument("--models", type=Path, default=ROOT / "none")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--fold", type=int)
    parser.add_argument("--score", default="", help="part of the names of the scores that are wanted")
    parser.add_argument("--looks", action="store_true")
    choice = parser.parse_args()
    torch.set_num_threads(1)
    registry = ModelRegistry(choice.models, ROOT / "resources" / "models")
    model = load(registry.find(choice.model), registry, torch.device("cpu"))
    seen = Seen(model, LungFinder(registry.lungs_folder))
    label = _add_films(seen, choice)
    for kind, owner, intensities in _others(choice):
        seen.add(kind, owner, intensities)
    _print_scores(model, seen, label, choice.score)
    if choice.looks:
        _print_looks(model, registry, choice.xrays)
    return 0


def _add_films(seen: Seen, choice: argparse.Namespace) -> dict[str, str]:
    """Known films, and turned ones of the same patients; labels by owner, for leaving a source out."""
    fold = {} if choice.fold is None else {"shares": (1.0, 0.0, 0.0), "folds": 5, "fold": choice.fold}
    options: dict[str, Any] = fold or {"held_out": False}
    samples = from_csv(choice.xrays / "labels.csv", choice.xrays, **options)
    label = {}
    for number, sample in enumerate(samples.samples):
        intensities = network_intensities(read(sample.header, sample.frame))
        unseen = sample.part == "test"
        label[sample.patient] = samples.findings[sample.truth.index(1)]
        seen.add(KNOWN[unseen], sample.patient, intensities)
        if number % TURNED_EVERY == 0:
            seen.add("upside down", sample.patient, np.ascontiguousarray(intensities[::-1]))
            seen.add("turned by 180 degrees", sample.patient, np.rot90(intensities, 2).copy())
            seen.add("turned by 90 degrees", sample.patient, np.rot90(intensities).copy())
            seen.add("negative", sample.patient, np.asarray(1.0 - intensities, np.float32))
            seen.add("mirrored (known)", sample.patient, np.ascontiguousarray(intensities[:, ::-1]))
    return label


def _others(choice: argparse.Namespace) -> Iterator[tuple[str, str, NDArray[np.float32]]]:
    folders = [(f"{kind} (known)", Path(folder)) for kind, folder in (k.split("=") for k in choice.known)]
    if choice.lungs:
        folders.append(("films with masks (known)", choice.lungs))
    folders += [(kind, Path(folder)) for kind, folder in (k.split("=") for k in choice.other)]
    if choice.dicom:
        folders.append(("DICOM of other kinds", choice.dicom))
    for kind, folder in folders:
        for path in sorted(p for p in folder.iterdir() if p.is_file() and not p.stem.endswith("_mask")):
            try:
                yield kind, path.name, network_intensities(read(read_header(path)))
            except StudyError:
                continue
    yield from ((kind, str(n), made) for kind, images in _made().items() for n, made in enumerate(images))


def _made() -> dict[str, list[NDArray[np.float32]]]:
    import skimage.data
    from scipy.ndimage import gaussian_filter
    from sklearn.datasets import load_sample_images

    bundled = ("astronaut", "brick", "camera", "cat", "cell", "clock", "coffee", "coins", "grass", "gravel")
    bundled += (
        "horse",
        "hubble_deep_field",
        "immunohistochemistry",
        "moon",
        "retina",
        "rocket",
        "page",
        "text",
    )
    photographs = []
    for name in bundled:
        try:
            photographs.append(_grey(getattr(skimage.data, name)()))
        except Exception as error:  # noqa: BLE001  (some are downloads, which are not wanted)
            sys.stderr.write(f"{name} is not there: {type(error).__name__}\n")
    photographs += [_grey(image) for image in load_sample_images().images]
    random = np.random.default_rng(0)
    smooth = [_grey(gaussian_filter(random.normal(size=(400, 400)), s)) for s in (1, 2, 4, 8, 16, 32, 64)]
    ramp = np.tile(np.linspace(0, 1, 300, dtype=np.float32), (400, 1))
    return {
        "photographs": photographs,
        "noise": [random.random((400, 400), np.float32) for _ in range(8)] + smooth,
        "blank": [np.full((400, 300), v, np.float32) for v in (0.0, 0.5, 1.0)] + [ramp],
        "text": [_text(n) for n in range(4)] + [np.asarray(1 - _text(n), np.float32) for n in range(4)],
        "drawings": [_drawing(n) for n in range(8)],
    }


def _grey(values: Any) -> NDArray[np.float32]:
    grey = np.asarray(values, np.float32)
    grey = grey[..., :3].mean(axis=-1) if grey.ndim == 3 else grey
    return np.asarray((grey - grey.min()) / max(float(np.ptp(grey)), 1e-6), np.float32)


def _text(seed: int) -> NDArray[np.float32]:
    page, random = Pillow.new("L", (600, 800), 255), np.random.default_rng(seed)
    pen = ImageDraw.Draw(page)
    for row in range(30, 770, 18):
        words = ("".join(map(chr, random.integers(97, 123, random.integers(2, 9)))) for _ in range(12))
        pen.text((30, row), " ".join(words), fill=0)
    return _grey(page)


def _drawing(seed: int) -> NDArray[np.float32]:
    page, random = Pillow.new("L", (512, 512), 0), np.random.default_rng(seed)
    pen = ImageDraw.Draw(page)
    for _ in range(8):
        (x, y), (width, height) = random.integers(0, 400, 2).tolist(), random.integers(20, 200, 2).tolist()
        shape = pen.ellipse if random.random() < 0.5 else pen.rectangle
        shape((x, y, x + width, y + height), fill=int(random.integers(60, 255)))
    return _grey(page)


# -- scores: each is fitted to (N, P) known rows and gives a number for any rows ------------------------


def residual(known: Floats, _labels: NDArray[np.str_]) -> Score:
    """This program's: the distance from a plane of few dimensions, of rows as they are given."""
    typical = Typical.fit(known.astype(np.float32), [str(n) for n in range(len(known))], margin=1.0)
    return lambda rows: np.array(
        [typical.unfamiliarity(row) * typical.limit for row in rows.astype(np.float32)]
    )


def mahalanobis(known: Floats, labels: NDArray[np.str_]) -> Score:
    """Lee et al. 2018: to the nearest class's mean, with one covariance of all classes."""
    means = np.stack([known[labels == name].mean(axis=0) for name in np.unique(labels)])
    which = np.unique(labels, return_inverse=True)[1]
    precision = _precision(known - means[which])
    return lambda rows: np.min([_form(rows - mean, precision) for mean in means], axis=0)


def relative_mahalanobis(known: Floats, labels: NDArray[np.str_]) -> Score:
    """Ren et al. 2021: less the distance to all known images' mean."""
    own, mean = mahalanobis(known, labels), known.mean(axis=0)
    precision = _precision(known - mean)
    return lambda rows: own(rows) - _form(rows - mean, precision)


def neighbours(known: Floats, _labels: NDArray[np.str_]) -> Score:
    """Sun et al. 2022: to the fifth neighbour, of rows of length one."""
    unit = known / np.linalg.norm(known, axis=1, keepdims=True)

    def score(rows: Floats) -> Floats:
        near = unit @ (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).T
        return np.asarray(-np.sort(near, axis=0)[-5])

    return score


def vim(head: tuple[torch.Tensor, torch.Tensor]) -> Callable[[Floats, NDArray[np.str_]], Score]:
    """Wang et al. 2022: the residual against the logits' log-sum-exp."""
    weight, bias = (part.double().numpy() for part in head)
    origin = -np.linalg.pinv(weight) @ bias

    def fit(known: Floats, _labels: NDArray[np.str_]) -> Score:
        _, _, axes = np.linalg.svd(known - origin, full_matrices=False)
        away = axes[len(axes) // 4 :]
        residuals = np.linalg.norm((known - origin) @ away.T, axis=1)
        scale = (known @ weight.T + bias).max(axis=1).mean() / residuals.mean()

        def score(rows: Floats) -> Floats:
            logits = rows @ weight.T + bias
            energy = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)) + logits.max(
                axis=1
            )
            return np.asarray(scale * np.linalg.norm((rows - origin) @ away.T, axis=1) - energy)

        return score

    return fit


def _precision(centred: Floats) -> Floats:
    from sklearn.covariance import LedoitWolf

    return np.asarray(LedoitWolf(assume_centered=True).fit(centred).precision_)


def _form(rows: Floats, precision: Floats) -> Floats:
    return np.asarray(np.einsum("ij,jk,ik->i", rows, precision, rows))


# -- tables -------------------------------------------------------------------------------------------


def _print_scores(model: LoadedModel, seen: Seen, label: dict[str, str], wanted: str) -> None:
    kind, owner, layout, embedding, no_lungs = seen.arrays()
    known = np.flatnonzero(kind == KNOWN[0])
    labels = np.array([label.get(name, "") for name in owner])
    head = head_of(model.network)
    assert head is not None
    factor = np.where(no_lungs, WITHOUT_LUNGS, 1.0)
    ones = np.ones(len(kind))
    scores: list[tuple[str, Any, Floats, Floats]] = [
        ("embedding, Mahalanobis", mahalanobis, embedding, ones),
        ("embedding, relative Mahalanobis", relative_mahalanobis, embedding, ones),
        ("embedding, fifth neighbour", neighbours, embedding, ones),
        ("embedding, ViM", vim(head), embedding, ones),
        ("embedding, residual", residual, np.sign(embedding) * np.sqrt(np.abs(embedding)), ones),
        ("cells, fifth neighbour", neighbours, layout, ones),
        ("cells, residual", residual, layout, ones),
        ("cells, residual, and lungs", residual, layout, factor),
    ]
    kinds = [k for k in dict.fromkeys(kind) if k != KNOWN[0]]
    print(
        f"{len(known)} known films of {len(set(owner[known]))} patients; limit at {KNOWN_SHARE:.0%} of them"
    )
    for name, fit, rows, times in (s for s in scores if wanted in s[0]):
        out = _without_own_patients(fit, rows[known], labels[known], owner[known]) * times[known]
        away = fit(rows[known], labels[known])(rows) * times
        limit = float(np.quantile(out / times[known], KNOWN_SHARE)) * (MARGIN if fit is residual else 1.0)
        elsewhere = _source_left_out(fit, rows, labels, known, owner, times)
        print(f"\n{name}: false alarms {np.mean(out > limit):.1%}; {elsewhere}")
        for one in kinds:
            there = kind == one
            truth = np.r_[np.zeros(len(out)), np.ones(int(there.sum()))]
            area = roc_auc_score(truth, np.r_[out, away[there]])
            beyond = np.mean(away[there] > limit)
            print(f"  {one:26s} n {there.sum():4d}  beyond {beyond:7.1%}  AUROC {area:.3f}")


def _without_own_patients(
    fit: Any, rows: Floats, labels: NDArray[np.str_], owner: NDArray[np.str_]
) -> Floats:
    names = np.random.default_rng(0).permutation(np.unique(owner))
    fold = dict(zip(names, np.arange(len(names)) % FOLDS, strict=True))
    number = np.array([fold[name] for name in owner])
    told = np.zeros(len(rows))
    for n in range(FOLDS):
        told[number == n] = fit(rows[number != n], labels[number != n])(rows[number == n])
    return told


def _source_left_out(
    fit: Any,
    rows: Floats,
    labels: NDArray[np.str_],
    known: NDArray[np.intp],
    owner: NDArray[np.str_],
    times: Floats,
) -> str:
    """False alarms on the COVID-19 films, which come from other hospitals, without any of them in the fit."""
    here, there = known[labels[known] != "covid-19"], known[labels[known] == "covid-19"]
    out = _without_own_patients(fit, rows[here], labels[here], owner[here])
    limit = float(np.quantile(out, KNOWN_SHARE)) * (MARGIN if fit is residual else 1.0)
    alarms = fit(rows[here], labels[here])(rows[there]) * times[there] > limit
    return f"on {len(there)} films of sources that were left out {np.mean(alarms):.1%}"


def _print_looks(model: LoadedModel, registry: ModelRegistry, xrays: Path) -> None:
    samples = from_csv(xrays / "labels.csv", xrays, model.card.finding_names, held_out=False)
    told = evaluate(model, samples, lungs=LungFinder(registry.lungs_folder), bootstrap=0)
    print(f"\nevidence in the lungs {told.lung_share}, by finding {told.lung_share_per_finding}")
    print(f"without lungs {told.without_lungs}")


if __name__ == "__main__":
    sys.exit(main())
