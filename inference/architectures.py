"""Networks by name: any of timm's, and any classification network of torchvision as ``torchvision/NAME``.

What comes from torchvision is in timm's shape (`inference.torchvision_networks`), so nothing after this
module has to know where a network is from.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from torch import nn

from inference import torchvision_networks
from inference.errors import UnknownArchitecture
from inference.torchvision_operators import declare_missing_operators

declare_missing_operators()
import timm  # noqa: E402  (after the declaration, or its import of torchvision fails)

TORCHVISION, _TIMM = "torchvision/", "timm/"
_MOST_SIMILAR = 5
_PARTS_OF_A_CLASSIFIER = ("forward_features", "forward_head", "get_classifier", "num_features")


def full_name(name: str) -> str:
    """The name under which a network is built: ``torchvision/`` goes before one that only torchvision knows.

    ``timm/NAME`` is timm's, as its hub has it.

    Raises
    ------
    UnknownArchitecture
        Neither timm nor torchvision has a network of this name; similar ones are named.
    """
    if name.startswith(_TIMM) and timm.is_model(name.removeprefix(_TIMM)):
        return name.removeprefix(_TIMM)
    bare = name.removeprefix(TORCHVISION)
    if name != bare and bare in torchvision_networks.names():
        return name
    if name == bare and timm.is_model(name):
        return name
    if name == bare and name in torchvision_networks.names():
        return TORCHVISION + name
    similar = _similar_to(bare)
    hint = f"; similar ones: {', '.join(similar)}" if similar else ""
    where = f"timm {timm.__version__} or torchvision" if name == bare else "torchvision"
    raise UnknownArchitecture(f"There is no architecture called {name!r} in {where}{hint}.")


def namesake(name: str) -> str | None:
    """torchvision's network of the same name as one of timm's, or None."""
    return TORCHVISION + name if name in torchvision_networks.names() else None


def create(
    name: str, classes: int, channels: int, side: int, *, drop_rate: float = 0.0, drop_path: float = 0.0
) -> nn.Module:
    """A network with random weights, in training mode.

    Parameters
    ----------
    name
        As `full_name` gave it.
    classes, channels, side
        Number of logits; 1 or 3; side of the square input in pixels.
    drop_rate, drop_path
        Dropout before the last layer and stochastic depth; 0 leaves what the architecture has by itself.

    Raises
    ------
    TypeError, ValueError, AssertionError, RuntimeError
        The architecture cannot be built so.
    """
    if name.startswith(TORCHVISION):
        network = torchvision_networks.create(name.removeprefix(TORCHVISION), classes, channels, side)
        if drop_rate:
            torchvision_networks.set_dropout(network, drop_rate)
        if drop_path:
            torchvision_networks.set_stochastic_depth(network, drop_path)
        return network
    options: dict[str, Any] = {"num_classes": classes, "in_chans": channels}
    if drop_rate:
        options["drop_rate"] = drop_rate
    if drop_path:
        options["drop_path_rate"] = drop_path
    expected = timm.get_pretrained_cfg(name)
    if expected is not None and expected.fixed_input_size and expected.input_size[-1] != side:
        options["img_size"] = side
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mapping deprecated model name")  # `xception` is `legacy_xception`
        made: nn.Module = timm.create_model(name, pretrained=False, **options)
    if not all(hasattr(made, part) for part in _PARTS_OF_A_CLASSIFIER):
        raise ValueError("it is no image classifier")
    return _mended(made)


def usual_input(name: str) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """Side of the square input in pixels, mean and std that the architecture's own weights want."""
    if name.startswith(TORCHVISION):
        return torchvision_networks.usual_input(name.removeprefix(TORCHVISION))
    own = timm.get_pretrained_cfg(name)
    if own is None:
        return 224, (0.5,), (0.5,)
    return int(own.input_size[-1]), tuple(own.mean), tuple(own.std)


def classifier_names(network: Any) -> tuple[str, ...]:
    """Names of the last linear layers among the network's modules; two where it has two heads (DeiT)."""
    classifier = network.get_classifier()
    layers = classifier if isinstance(classifier, tuple | list) else (classifier,)
    wanted = {id(layer) for layer in layers}
    return tuple(name for name, module in network.named_modules() if name and id(module) in wanted)


class _InnerClassifier:
    """Its `get_classifier` gives the whole head: pooling, dropout and the layer that is asked for."""

    def get_classifier(self: Any) -> nn.Module:
        """The last linear layer."""
        layer: nn.Module = super().get_classifier().fc  # type: ignore[misc]
        return layer


class _OuterNorm:
    """Its blocks look at patches, then between them; the norm before the latter is where maps come from."""

    def last_norm(self: Any) -> nn.Module:
        """The last block's first norm of whole patches."""
        layer: nn.Module = self.blocks[-1].norm_out
        return layer


class _ClassAttention:
    """It has a class token, does not say so, and reads the patches in blocks of their own at the end."""

    num_prefix_tokens = 1

    def last_norm(self: Any) -> nn.Module | None:
        """The first norm of the last block in which the class token reads the patches."""
        layer: nn.Module | None = self.post_network[-1].norm1 if self.post_network is not None else None
        return layer


def _mended(network: Any) -> nn.Module:
    """Some of timm's networks (1.0.31) answer otherwise than the rest; their weights stay as they are."""
    classifier = network.get_classifier()
    mixins: tuple[type, ...] = ()
    if not isinstance(classifier, nn.Linear) and isinstance(getattr(classifier, "fc", None), nn.Linear):
        mixins += (_InnerClassifier,)  # Sequencer, SAM
    mixins += {"TNT": (_OuterNorm,), "VOLO": (_ClassAttention,)}.get(type(network).__name__, ())
    if mixins:
        network.__class__ = _mixed(mixins, type(network))  # type: ignore[arg-type]
    made: nn.Module = network
    return made


@cache
def _mixed(mixins: tuple[type, ...], kind: Any) -> type:
    return type(kind.__name__, (*mixins, kind), {})


def _similar_to(name: str) -> list[str]:
    if not name.replace("_", "").isalnum():
        return []
    from_torchvision = [TORCHVISION + n for n in torchvision_networks.names() if name in n]
    return [*timm.list_models(f"*{name}*")[:_MOST_SIMILAR], *from_torchvision[:2]]
