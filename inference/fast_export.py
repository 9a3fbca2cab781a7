"""Makes encoders faster on the CPU: exports them to ONNX, checks that the numbers stay, runs ONNX Runtime.

An export takes a second or two and happens once for a model and a machine's software; what came of it lies
in the data folder's cache, failures too. Until then, and wherever the numbers differ, PyTorch computes.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import logging
import os
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from inference.anatomy import Anatomy
from inference.card import Preprocessing
from inference.encoders import Encoder
from inference.evidence import from_features
from inference.network import LoadedModel
from inference.onnx_session import session

_log = logging.getLogger(__name__)

TOLERANCE = 1e-4  # of the largest feature and of the largest logit; what was seen is 1e-6 to 1e-5
_LARGEST_SHARE = 1.2  # of PyTorch's time; far from the 0.3 to 0.7 that was seen, as a busy machine misleads
_TRIES = 3  # an export that ended its process so often is not tried again for a day
_PAUSE_S = 86400.0
_LIMIT_BYTES = 1024**3
_FORMAT = 1


def prepare(model: LoadedModel, cache_folder: Path) -> bool:
    """Make a model's encoder fast, from the cache or by exporting it; False where PyTorch goes on computing.

    Parameters
    ----------
    cache_folder
        The data folder's; exports lie in `cache_folder / "encoders"`.
    """
    if reason := why_not(model):
        _log.info("%s is computed by PyTorch: %s", model.card.id, reason)
        return False
    return _prepare(model, _replica(model), cache_folder, torch.get_num_threads())


def prepare_from_cache(model: LoadedModel, cache_folder: Path) -> bool:
    """The same, but nothing is exported: tenths of a second, for commands that look at a few images."""
    if why_not(model):
        return False
    kept = _Kept(cache_folder / "encoders", key_of(model))
    fast = _from_cache(model, kept, torch.get_num_threads())
    if fast is not None:
        model.encoder.use(fast)
    return fast is not None


def prepare_in_background(model: LoadedModel, cache_folder: Path) -> threading.Thread | None:
    """The same in a thread, once a model; None where that was done before or there is nothing to do.

    It is to be called by the thread that computes with the model: that is when nothing else does, and a
    copy can be taken for the export and its check.
    """
    if why_not(model) or not model.encoder.claim():
        return None
    replica, threads = _replica(model), torch.get_num_threads()  # a new thread may have another number

    def run() -> None:
        try:
            _prepare(model, replica, cache_folder, threads)
        except Exception:  # noqa: BLE001  (the edge of this thread: PyTorch goes on computing)
            _log.exception("The encoder of %s could not be made faster", model.card.id)

    thread = threading.Thread(target=run, name=f"export-{model.card.id}")
    thread.start()
    return thread


def _replica(model: LoadedModel) -> LoadedModel:
    """A copy with hooks and modes of its own."""
    network, anatomy = copy.deepcopy((model.network, model.anatomy))
    return replace(
        model, network=network, anatomy=anatomy, encoder=Encoder(network, model.device, anatomy, model.card)
    )


def _prepare(model: LoadedModel, replica: LoadedModel, cache_folder: Path, threads: int) -> bool:
    kept = _Kept(cache_folder / "encoders", key_of(model))
    fast = _from_cache(replica, kept, threads) or _export(replica, kept, threads)
    if fast is not None:
        model.encoder.use(fast)
    return fast is not None


def why_not(model: LoadedModel) -> str:
    """Why a model's encoder is not exported; empty when it can be."""
    if model.device.type != "cpu":
        return f"it runs on {model.device}"
    if model.card.format != "network":
        return "it is no network with an encoder"
    if not model.card.weights_sha256:
        return "its card names no weights"
    return "its features are no grid" if model.anatomy.layout is None else ""


def key_of(model: LoadedModel) -> str:
    """Name of a model's export: SHA-256 over weights, preprocessing and versions, as hex."""
    import timm
    import torchvision

    what = {
        "format": _FORMAT,
        "weights": model.card.weights_sha256,
        "architecture": model.card.architecture,
        "preprocessing": asdict(model.card.preprocessing),
        "until": "last block" if model.anatomy.tail is not None else "features",
        "versions": [m.__version__ for m in (torch, torchvision, timm, onnxruntime)],
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


class FastEncoder:
    """An exported encoder in ONNX Runtime: images (B, C, S, S) to features, float32 on the CPU.

    A few images are computed by all threads together; of many, every thread has some of its own, which
    leaves nothing to wait for between layers.
    """

    def __init__(self, path: Path, threads: int):
        self._path, self._threads = path, threads
        self._together = session(path, threads)
        self._alone: onnxruntime.InferenceSession | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        values = batch.contiguous().numpy()
        if self._threads == 1 or len(values) < 2 * self._threads:
            return torch.from_numpy(_run(self._together, values))
        with self._lock:
            if not self._path.exists() and self._alone is None:  # the cache may be deleted at any time
                return torch.from_numpy(_run(self._together, values))
            if self._alone is None or self._pool is None:
                self._alone = session(self._path, 1)
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="encoder")
        alone = self._alone
        try:
            parts = self._pool.map(lambda part: _run(alone, part), np.array_split(values, self._threads))
        except RuntimeError:  # the program is ending: it waits for threads, and gives none of them more work
            return torch.from_numpy(_run(self._together, values))
        return torch.from_numpy(np.concatenate(list(parts)))


def _run(made: onnxruntime.InferenceSession, values: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = made.run(["features"], {"images": values})[0]
    return found


@dataclass(frozen=True, slots=True)
class _State:
    """What came of an export. `sha256` of the file, `share` of PyTorch's time, or why it `failed`."""

    sha256: str = ""
    share: float = 1.0
    failed: str = ""
    tries: int = 0


class _Kept:
    """One export in the cache: the graph, and beside it what came of it."""

    def __init__(self, folder: Path, key: str):
        self.folder = folder
        self.graph = folder / f"{key}.onnx"
        self._state = folder / f"{key}.json"

    def state(self) -> _State:
        try:
            raw = json.loads(self._state.read_text(encoding="utf-8"))
            return _State(str(raw["sha256"]), float(raw["share"]), str(raw["failed"]), int(raw["tries"]))
        except (OSError, ValueError, KeyError, TypeError):
            return _State()

    def age_s(self) -> float:
        """Since something was noted."""
        return time.time() - self._state.stat().st_mtime

    def note(self, state: _State) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(self._state, json.dumps(asdict(state)).encode())

    def keep(self, content: bytes) -> None:
        """Write the graph, and throw the oldest ones away where all take too much room."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(self.graph, content)
        graphs = sorted(self.folder.glob("*.onnx"), key=lambda path: path.stat().st_mtime_ns)
        total = sum(path.stat().st_size for path in graphs)
        for path in graphs:
            if total <= _LIMIT_BYTES or path == self.graph:
                break
            total -= path.stat().st_size
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)


def _from_cache(model: LoadedModel, kept: _Kept, threads: int) -> FastEncoder | None:
    state = kept.state()
    if not state.sha256 or not kept.graph.exists():
        return None
    if hashlib.sha256(kept.graph.read_bytes()).hexdigest() != state.sha256:
        _log.warning("A cached export is damaged and will be made again: %s", kept.graph.name)
        kept.graph.unlink(missing_ok=True)
        return None
    fast = FastEncoder(kept.graph, threads)
    if reason := _difference(model, fast, brief=True):  # another processor than the one that made it
        _log.warning("The cached export of %s is not used: %s", model.card.id, reason)
        return None
    os.utime(kept.graph)
    return fast


def _export(model: LoadedModel, kept: _Kept, threads: int) -> FastEncoder | None:
    """Export, check and measure; whatever comes of it is noted, so that it is done once."""
    state = kept.state()
    failed = state.failed
    if not failed and state.tries >= _TRIES and kept.age_s() < _PAUSE_S:
        failed = "the export did not come to an end"
    if failed:
        _log.info("%s is computed by PyTorch: %s", model.card.id, failed)
        return None
    try:
        kept.note(_State(tries=state.tries + 1))
        kept.keep(to_onnx(model))
        fast = FastEncoder(kept.graph, threads)
        failed, share = _difference(model, fast), 1.0
        if not failed:
            share = _share_of_eager(model, fast)
            failed = "" if share <= _LARGEST_SHARE else f"ONNX Runtime took {share:.2f} of PyTorch's time"
    except (OSError, MemoryError) as error:  # a full disk: another time it may work
        _log.warning("The encoder of %s could not be made faster: %s", model.card.id, error)
        return None
    except Exception as error:  # noqa: BLE001  (exporters raise anything; PyTorch goes on computing)
        failed, share = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}", 1.0
    if failed:
        _log.info("%s is computed by PyTorch: %s", model.card.id, failed)
        kept.graph.unlink(missing_ok=True)
        kept.note(_State(failed=failed))
        return None
    kept.note(_State(hashlib.sha256(kept.graph.read_bytes()).hexdigest(), share))
    return fast


class _Exported(nn.Module):
    """From images to what `Encoder.features` gives."""

    def __init__(self, network: nn.Module, anatomy: Anatomy):
        super().__init__()
        self.network: Any = network
        self._anatomy = anatomy

    def forward(self, images: torch.Tensor) -> Any:
        if self._anatomy.tail is not None:
            return self._anatomy.tail.enter(images)
        return self.network.forward_features(images)


def to_onnx(model: LoadedModel) -> bytes:
    """A model's encoder as an ONNX graph with inputs `images`, outputs `features` and any batch size.

    It is torch's older exporter, which takes a fifth of the time of the newer one for the same graph.
    Nothing else may compute with the model meanwhile.
    """
    side, channels = model.card.preprocessing.input_size, model.card.preprocessing.channels
    graph = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the older exporter's age, and of branches that depend on shapes
        torch.onnx.export(
            _Exported(model.network, model.anatomy).eval(),
            (torch.zeros(2, channels, side, side),),
            graph,  # type: ignore[arg-type]
            input_names=["images"],
            output_names=["features"],
            dynamic_axes={"images": {0: "batch"}, "features": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    return graph.getvalue()


def _difference(model: LoadedModel, fast: FastEncoder, brief: bool = False) -> str:
    """What keeps an export from being used: features or logits beyond the tolerance. Empty if nothing."""
    for batch in _trials(model.card.preprocessing, brief):
        expected, found = model.encoder.eager(batch), fast(batch)
        if found.shape != expected.shape:
            return f"its features are {tuple(found.shape)}, expected {tuple(expected.shape)}"
        pairs = {
            "features": (expected.numpy(), found.numpy()),
            "logits": (from_features(model, expected).logits, from_features(model, found).logits),
        }
        for name, (theirs, ours) in pairs.items():
            difference = float(np.abs(ours - theirs).max()) / max(float(np.abs(theirs).max()), 1e-6)
            if not difference <= TOLERANCE:
                return f"its {name} differ by {difference:.1e} of the largest one"
    return ""


def _trials(pre: Preprocessing, brief: bool) -> Iterator[torch.Tensor]:
    """Inputs of several kinds and batch sizes, as they are after normalising."""
    generator = torch.Generator().manual_seed(0)
    shape = (pre.channels, pre.input_size, pre.input_size)
    yield torch.randn(1, *shape, generator=generator)
    if brief:
        return
    yield torch.randn(3, *shape, generator=generator) * 2
    ramp = torch.linspace(-2, 2, pre.input_size).expand(shape)
    yield torch.stack([ramp, ramp.transpose(1, 2), torch.zeros(shape), torch.full(shape, 2.0)])


def _share_of_eager(model: LoadedModel, fast: FastEncoder) -> float:
    """Of PyTorch's time for one image, the best of ten each, in turns."""
    pre = model.card.preprocessing
    batch = torch.zeros(1, pre.channels, pre.input_size, pre.input_size)
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(10):
        for is_fast, run in ((False, model.encoder.eager), (True, fast)):
            started = time.perf_counter()
            run(batch)
            took[is_fast].append(time.perf_counter() - started)
    return min(took[True]) / min(took[False])
