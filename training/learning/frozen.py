"""What of a network stands still while it is tuned, and what that part sees, worked out once.

Where only the head or the last stage moves, the rest of the network would give the same features of the same
film epoch after epoch. A network is cut between what stands still and what moves; what comes out at the cut
is kept in half precision, for a few changed versions of each film (`Plan.copies`), and the epochs take turns
with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.anatomy import Anatomy
from training.learning.networks import evaluating
from training.learning.order import Order

KEPT_BYTES = 1 << 30
"""What the features of all films and versions may take; what would need more is worked out each time."""

_TOLERANCE = 1e-4  # relative: another order of sums in a smaller batch differs by about 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Where a network is cut.

    Parameters
    ----------
    front
        From (B, C, S, S) to what is kept; it stands still.
    back
        From what is kept to the features that `forward_head` takes; it moves.
    size
        Values that are kept of a film.
    """

    front: Callable[[torch.Tensor], torch.Tensor]
    back: Callable[[torch.Tensor], torch.Tensor]
    size: int


def find_cut(
    network: Any, moving: set[str], anatomy: Anatomy, x: torch.Tensor, *, needs_grid: bool
) -> Cut | None:
    """The latest place where everything before stands still; None where there is none that can be used.

    Nothing is known of the architecture: the modules that were called one after the other are found by
    looking on, and the cut is tried before it is believed.

    Parameters
    ----------
    moving
        Names of the parameters that a training changes.
    anatomy
        How the network ends (`inference.anatomy.examine`).
    x
        (B, C, S, S) some input; the network is in the mode that the training has it in.
    needs_grid
        Somebody looks at the features, so their mean is not enough.
    """
    outside = _moving_in_encoder(network, moving, x)
    if not outside:
        return _cut_at_head(network, anatomy, x, is_pooled=anatomy.pools_first and not needs_grid)
    tail = _tail(network, outside, x)
    return _cut_before(network, tail, x) if tail else None


class Phase:
    """Some epochs of a training in which the same part of the network moves.

    Parameters
    ----------
    epochs
        Which, counted from 1.
    """

    def __init__(self, epochs: range) -> None:
        self.epochs = epochs
        self.is_encoder_still = False
        self._cut: Cut | None = None
        self._copies = 0
        self._films = 0
        self._versions: dict[int, torch.Tensor] = {}

    @property
    def is_kept(self) -> bool:
        """Whether batches are made of what was kept, not of films."""
        return self._copies > 0

    @property
    def back(self) -> Callable[[torch.Tensor], torch.Tensor] | None:
        """What makes features of what was kept; None where batches are made of films."""
        return self._cut.back if self._cut is not None and self.is_kept else None

    def front(self, x: torch.Tensor) -> torch.Tensor:
        """What is kept of (B, C, S, S)."""
        assert self._cut is not None
        return self._cut.front(x)

    def cut(
        self, network: Any, moving: set[str], anatomy: Anatomy, x: torch.Tensor, copies: int, films: int,
        *, needs_grid: bool,
    ) -> None:  # fmt: skip
        """Find out what stands still, and whether it is worth while to keep what that sees.

        Parameters
        ----------
        copies, films
            How many versions of how many films would be kept; those of fewer epochs than versions would be
            used once.
        """
        self.is_encoder_still = not _moving_in_encoder(network, moving, x)
        if 0 < copies < len(self.epochs):
            cut = find_cut(network, moving, anatomy, x, needs_grid=needs_grid)
            if cut is not None and copies * films * cut.size * 2 <= KEPT_BYTES:
                self._cut, self._copies, self._films = cut, copies, films

    def versions(self, epoch: int, repeats: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B,) the version that each film has in an epoch: another one where it is drawn again."""
        return (epoch - self.epochs[0] + repeats) % self._copies

    def missing(self, epoch: int, order: Order) -> list[int]:
        """Versions that this epoch takes and that were not kept yet."""
        if not self.is_kept:
            return []
        wanted = np.unique(self.versions(epoch, order.repeats)).tolist()
        return [version for version in wanted if version not in self._versions]

    def keep(self, version: int, rows: NDArray[np.int64], found: Iterator[torch.Tensor]) -> None:
        """Keep what the front gave of the films in `rows`, batch by batch in that order."""
        done, kept = 0, torch.empty(0)
        for part in found:
            if not done:
                kept = torch.zeros((self._films, *part.shape[1:]), dtype=torch.float16)
            kept[torch.from_numpy(rows[done : done + len(part)])] = part.to("cpu", torch.float16)
            done += len(part)
        self._versions[version] = kept

    def take(
        self, versions: NDArray[np.int64], rows: NDArray[np.int64], device: torch.device
    ) -> torch.Tensor:
        """(B, ...) float32, each film in its version."""
        if (versions == versions[0]).all():
            chosen = self._versions[int(versions[0])][torch.from_numpy(rows)]
        else:
            pairs = zip(versions.tolist(), rows.tolist(), strict=True)
            chosen = torch.stack([self._versions[version][row] for version, row in pairs])
        return chosen.to(device).float()


def _cut_at_head(network: Any, anatomy: Anatomy, x: torch.Tensor, *, is_pooled: bool) -> Cut | None:
    def front(x: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = network.forward_features(x)
        return anatomy.pooled(features) if is_pooled else features

    with torch.no_grad():
        given = front(x)
    if not isinstance(given, torch.Tensor):
        return None
    return Cut(front, lambda features: features, given[0].numel())


def _cut_before(network: Any, tail: list[nn.Module], x: torch.Tensor) -> Cut | None:
    def front(x: torch.Tensor) -> torch.Tensor:
        def stop(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            raise _Reached(inputs[0])

        handle = tail[0].register_forward_pre_hook(stop)
        try:
            network.forward_features(x)
        except _Reached as reached:
            return reached.given
        finally:
            handle.remove()
        raise AssertionError("the network did not come to where it is cut")

    def back(given: torch.Tensor) -> torch.Tensor:
        for module in tail:
            given = module(given)
        return given

    with evaluating(network), torch.no_grad():
        given = front(x).clone()
        size = given[0].numel()
        wanted, found = network.forward_features(x), back(given)
    if wanted.shape != found.shape:
        return None
    scale = max(float(wanted.abs().max()), 1e-12)
    return Cut(front, back, size) if float((wanted - found).abs().max()) <= _TOLERANCE * scale else None


class _Reached(Exception):
    """The place of the cut was reached with this input."""

    def __init__(self, given: torch.Tensor) -> None:
        super().__init__()
        self.given = given


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    module: nn.Module
    given: torch.Tensor
    gave: torch.Tensor


def _moving_in_encoder(network: Any, moving: set[str], x: torch.Tensor) -> set[str]:
    """Names of the moving parameters that `forward_features` uses: its own, and those of modules it calls."""
    called: set[int] = set()
    handles = [
        module.register_forward_pre_hook(lambda module, _inputs: called.add(id(module)))
        for module in network.modules()
    ]
    try:
        with evaluating(network), torch.no_grad():
            network.forward_features(x)
    finally:
        for handle in handles:
            handle.remove()
    used = {id(p) for m in network.modules() if id(m) in called for p in m.parameters()}
    used |= {id(p) for p in network.parameters(recurse=False)}
    return {name for name, p in network.named_parameters() if name in moving and id(p) in used}


def _tail(network: Any, outside: set[str], x: torch.Tensor) -> list[nn.Module]:
    """The last modules of the encoder that hold all of `outside`, each fed by the one before alone."""
    units = list(_units(network))
    calls: list[_Call] = []

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if len(inputs) == 1 and isinstance(inputs[0], torch.Tensor) and isinstance(output, torch.Tensor):
            calls.append(_Call(module, inputs[0], output))

    handles = [unit.register_forward_hook(note) for unit in units]
    try:
        with evaluating(network), torch.no_grad():
            current = network.forward_features(x)
    finally:
        for handle in handles:
            handle.remove()
    left = {id(p) for name, p in network.named_parameters() if name in outside}
    tail: list[nn.Module] = []
    for call in reversed(calls):
        if not left:
            break
        if call.gave is not current:
            continue
        tail.insert(0, call.module)
        current = call.given
        left -= {id(p) for p in call.module.parameters()}
    repeated = len({id(module) for module in tail}) != len(tail)
    return [] if left or repeated else tail


def _units(module: nn.Module) -> Iterator[nn.Module]:
    """Modules that are called as a whole: lists and plain sequences are looked into."""
    for child in module.children():
        if isinstance(child, nn.ModuleList) or type(child).forward is nn.Sequential.forward:
            yield from _units(child)
        else:
            yield child
