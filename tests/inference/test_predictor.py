"""One look gives probabilities, maps and an embedding that belong together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from inference.adapted import AdaptedHead
from inference.answer import uncertainty_of
from inference.card import Covers, ModelCard
from inference.errors import CannotExplain, InferenceError, InvalidWeights, UnknownFinding
from inference.lung_mask import share_inside
from inference.lungs import LungFinder
from inference.network import LoadedModel, build, head_of, prepare
from inference.overlay import to_stored_pixels
from inference.perturbation import Progress
from inference.prediction import Look
from inference.predictor import ADAPTED, Predictor
from inference.preprocess import to_tensor
from studies.reader import read, read_header
from tests.inference.making import make_card, make_film, make_image

CPU = torch.device("cpu")


def make_model(card: ModelCard | None = None, head_std: float = 3.0) -> LoadedModel:
    torch.manual_seed(0)
    card = replace(card or make_card(), id="tested")
    network = build(card)
    head = head_of(network)
    assert head is not None
    torch.nn.init.normal_(head[0], std=head_std)
    return prepare(card, network, CPU)


def test_probabilities_are_the_networks_at_the_cards_temperature() -> None:
    model, image = make_model(make_card(temperature=2.0)), make_image()
    look = Predictor(model).look(image)
    with torch.inference_mode():
        logits = model.network(to_tensor(image, model.card.preprocessing)[None])
    expected = torch.softmax(logits / 2.0, dim=1)[0].numpy()
    found = [f.probability for f in look.prediction.findings]
    assert np.allclose(found, expected, atol=1e-6)
    assert [f.name for f in look.prediction.findings] == ["covid-19", "no-finding", "pneumonia"]
    assert look.prediction.suggestion == look.prediction.findings[int(np.argmax(expected))].name
    assert (look.prediction.model, look.prediction.frame, look.prediction.device) == ("tested", 1, "cpu")
    assert look.prediction.sop_instance_uid == image.header.sop_instance_uid
    assert look.prediction.elapsed_ms > 0
    assert look.embedding.shape == (96,)
    assert look.heatmaps == ()
    assert look.adapted is None


def test_an_image_that_is_not_covered_gets_probabilities_a_reason_and_no_suggestion() -> None:
    prediction = Predictor(make_model()).look(make_image(kind="dicom", modality="CT")).prediction
    assert prediction.suggestion is None
    assert "this is a CT" in prediction.warnings[0]
    assert sum(f.probability for f in prediction.findings) == pytest.approx(1.0)


def test_maps_come_in_the_order_asked_with_one_peak() -> None:
    model, image = make_model(), make_image()
    names = model.card.finding_names
    look = Predictor(model).look(image, maps=("pneumonia", "covid-19"))
    assert [h.finding for h in look.heatmaps] == ["pneumonia", "covid-19"]
    every = Predictor(model).look(image, maps=names).heatmaps
    assert {h.peak for h in (*look.heatmaps, *every)} == {max(float(h.grid.max()) for h in every)}
    assert np.array_equal(look.heatmaps[1].grid, every[0].grid)
    assert look.heatmaps[0].box == (0, 0, 300, 240)
    assert any(float(h.grid.min()) < 0 for h in every)


def test_the_map_of_a_padded_image_lies_on_the_image() -> None:
    """A bright spot in the image's lower left changes the evidence there, not elsewhere."""
    card = make_card()
    model = make_model(replace(card, preprocessing=replace(card.preprocessing, geometry="pad")))
    dark, bright = make_image(480, 240), make_film(480, 240).copy()
    bright[400:, :60] = 255 - bright[400:, :60]
    image = replace(dark, pixels=bright)
    before, after = (
        to_stored_pixels(Predictor(model).look(i, maps=("covid-19",)).heatmaps[0], (480, 240))
        for i in (dark, image)
    )
    row, column = np.unravel_index(np.abs(after - before).argmax(), before.shape)
    assert row > 320
    assert column < 120


def test_a_batch_is_the_same_as_one_by_one() -> None:
    predictor, images = Predictor(make_model()), [make_image(seed=s) for s in range(3)]
    assert predictor.look_at_batch([]) == []
    for together, image in zip(predictor.look_at_batch(images), images, strict=True):
        alone = predictor.look(image)
        assert np.allclose(together.embedding, alone.embedding, atol=1e-5)
        assert together.prediction.suggestion == alone.prediction.suggestion


def test_several_findings_at_once_have_sigmoids_and_nothing_is_suggested_below_one_half() -> None:
    findings = make_card().findings
    model = make_model(make_card(task="multilabel", findings=(findings[0], findings[2])))
    embedding = Predictor(model).look(make_image()).embedding
    weight, bias = head_of(model.network) or (torch.empty(0), torch.empty(0))
    for sign in (1, -1):  # put both logits far above or far below zero
        with torch.no_grad():
            bias.copy_(sign * 9.0 - weight @ torch.from_numpy(embedding))
        prediction = Predictor(model).look(make_image()).prediction
        assert [f.probability for f in prediction.findings] == pytest.approx(
            [1 / (1 + np.exp(-sign * 9.0))] * 2
        )
        if sign > 0:
            assert prediction.suggestion in ("covid-19", "pneumonia")
        else:
            assert prediction.suggestion is None
            assert "from which on it is suggested" in prediction.warnings[0]


def test_uncertainty_is_entropy_over_its_maximum() -> None:
    assert uncertainty_of(np.full(3, 1 / 3, dtype=np.float32), "multiclass") == pytest.approx(1.0)
    assert uncertainty_of(np.array([1, 0, 0], dtype=np.float32), "multiclass") == 0.0
    assert uncertainty_of(np.array([0.5, 1.0], dtype=np.float32), "multilabel") == pytest.approx(0.5)


def test_a_refitted_head_answers_from_the_same_pass() -> None:
    model, image = make_model(), make_image()
    weight, bias = head_of(model.network) or (torch.empty(0), torch.empty(0))
    same = AdaptedHead("tested", weight.numpy(), bias.numpy(), model.card.finding_names, 4)
    look = Predictor(model, same).look(image)
    assert look.adapted is not None
    assert look.adapted.model == ADAPTED
    assert look.adapted.suggestion == look.prediction.suggestion
    own, refitted = look.prediction.findings, look.adapted.findings
    assert [f.probability for f in own] == pytest.approx([f.probability for f in refitted], abs=1e-5)
    with pytest.raises(InvalidWeights, match="fitted for the model other"):
        Predictor(model, replace(same, base="other"))


def test_numbers_that_are_not_finite_are_no_prediction() -> None:
    model = make_model()
    head = head_of(model.network)
    assert head is not None
    with torch.no_grad():
        head[1][0] = float("nan")
    with pytest.raises(InferenceError, match="not finite"):
        Predictor(model).look(make_image())


def test_a_finding_the_model_does_not_know_is_told() -> None:
    with pytest.raises(UnknownFinding, match="no finding called 'effusion'; expected covid-19"):
        Predictor(make_model()).look(make_image(), maps=("effusion",))


def write_dicom(path: Path, film: np.ndarray, *, inverted: bool) -> Path:
    """A 16-bit film with 12 bits stored, rescaled, with a window over its whole range."""
    stored = film.astype(np.uint16) * 16
    if inverted:
        stored = 255 * 16 - stored
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    d.StudyInstanceUID, d.SeriesInstanceUID = generate_uid(), generate_uid()
    d.Modality, d.PatientID = "DX", "P1"
    d.Rows, d.Columns = film.shape
    d.SamplesPerPixel, d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 1, 16, 12, 11, 0
    d.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    d.RescaleSlope, d.RescaleIntercept, d.RescaleType = 2, -1000, "US"
    d.WindowCenter, d.WindowWidth, d.VOILUTFunction = 255 * 16 - 1000, 255 * 32, "LINEAR_EXACT"
    d.PixelData = stored.tobytes()
    d.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("normalisation", ["image", "fixed"])
def test_a_film_means_the_same_as_picture_and_as_dicom(tmp_path: Path, normalisation: str) -> None:
    card = make_card()
    pre = replace(card.preprocessing, normalisation=normalisation)
    predictor, film = Predictor(make_model(replace(card, preprocessing=pre))), make_film()
    Pillow.fromarray(film).save(tmp_path / "film.png")
    Pillow.fromarray(film).convert("RGB").save(tmp_path / "colour.png")
    paths = [
        tmp_path / "film.png",
        tmp_path / "colour.png",
        write_dicom(tmp_path / "plain.dcm", film, inverted=False),
        write_dicom(tmp_path / "inverted.dcm", film, inverted=True),
    ]
    looks = [predictor.look(read(read_header(path))) for path in paths]
    probabilities = np.array([[f.probability for f in look.prediction.findings] for look in looks])
    assert np.ptp(probabilities, axis=0).max() < 0.01
    assert np.ptp(probabilities, axis=1).max() > 0.05  # and they do say something


def test_a_device_without_memory_leaves_the_work_to_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    """The meta device stands for a GPU here: its first layer says what a full one says."""

    def be_full(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs[0].device.type == "meta":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    model = make_model()
    expected = Predictor(model).look(make_image(), maps=("pneumonia",))
    next(iter(model.network.children())).register_forward_pre_hook(be_full)
    look = Predictor(replace(model, device=torch.device("meta"))).look(make_image(), maps=("pneumonia",))
    assert look.prediction.device == "cpu"
    assert look.prediction.warnings == ("The memory of meta did not suffice; the CPU was used.",)
    assert look.prediction.findings == expected.prediction.findings
    assert np.array_equal(look.heatmaps[0].grid, expected.heatmaps[0].grid)
    assert "Out of memory" in caplog.text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_full_gpu_leaves_the_work_to_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    card = replace(make_card(side=1024), id="tested")
    model = prepare(card, build(card), torch.device("cuda"))
    expected = Predictor(model).look_at_batch([make_image()])[0].prediction
    assert expected.device.startswith("cuda")
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-9)
    try:
        found = Predictor(model).look_at_batch([make_image()])[0].prediction
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert found.device == "cpu"
    assert "did not suffice" in found.warnings[0]
    assert [f.probability for f in found.findings] == pytest.approx(
        [f.probability for f in expected.findings], abs=1e-2
    )


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def finder() -> LungFinder:
    return LungFinder(ROOT / "resources" / "lungs")


def test_a_look_tells_the_lungs_and_which_share_of_the_evidence_lies_in_them(finder: LungFinder) -> None:
    film = read(read_header(ROOT / "resources" / "samples" / "PHANTOM-001" / "chest-1.dcm"))
    image = replace(film, header=replace(film.header, is_phantom=False))
    predictor = Predictor(make_model(), lungs=finder)
    look = predictor.look(image, maps=("pneumonia", "covid-19"))
    assert look.lungs is not None
    assert look.lungs.is_plausible
    assert [h.lung_share for h in look.heatmaps] == [share_inside(h, look.lungs) for h in look.heatmaps]
    suggestion = look.prediction.suggestion
    assert suggestion is not None
    (own,) = predictor.look(image, maps=(suggestion,)).heatmaps
    without_maps, seen = predictor.see([image])[0]
    assert without_maps.prediction.lung_share == look.prediction.lung_share == own.lung_share
    by_another_method = predictor.look(image, maps=(suggestion,), method="hirescam")
    assert by_another_method.prediction.lung_share == own.lung_share
    again = predictor.look_again(image.header, 1, seen, maps=(suggestion,))
    assert again is not None
    assert again.prediction.lung_share == own.lung_share
    assert np.allclose(again.heatmaps[0].grid, own.grid, atol=1e-2 * np.abs(own.grid).max())


def test_lungs_are_not_looked_for_on_anything_but_chests(finder: LungFinder) -> None:
    knees = make_card(covers=Covers(modalities=("CR", "DX", "picture"), body_parts=("KNEE",)))
    assert Predictor(make_model(knees), lungs=finder).look(make_image()).lungs is None


def test_a_model_that_is_shown_the_lungs_alone_needs_somebody_to_find_them() -> None:
    card = make_card()
    model = make_model(replace(card, preprocessing=replace(card.preprocessing, crop="lungs")))
    with pytest.raises(InferenceError, match="shown the lungs alone"):
        Predictor(model).look(make_image())


def test_agreement_is_a_share_of_altered_copies() -> None:
    predictor = Predictor(make_model(head_std=0.01))
    assert predictor.look(make_image()).prediction.agreement is None
    shares = {predictor.look(make_image(seed=s), agreement=True).prediction.agreement for s in range(4)}
    assert shares <= {n / 8 for n in range(9)}
    again = predictor.look(make_image(), agreement=True).prediction.agreement
    assert again == predictor.look(make_image(), agreement=True).prediction.agreement


def test_an_explanation_of_many_passes_ends_with_a_look(finder: LungFinder) -> None:
    predictor, image = Predictor(make_model(), lungs=finder), make_image()
    *steps, look = predictor.explain(image, ("pneumonia",), "occlusion", seed=0)
    assert all(isinstance(step, Progress) for step in steps)
    assert isinstance(look, Look)
    assert [(h.finding, h.method) for h in look.heatmaps] == [("pneumonia", "occlusion")]
    assert look.prediction.findings == predictor.look(image).prediction.findings
    (once,) = predictor.explain(image, ("pneumonia",), "layercam")
    assert isinstance(once, Look)
    with pytest.raises(CannotExplain, match="tarot"):
        list(predictor.explain(image, ("pneumonia",), "tarot"))
