"""torchvision's classification networks in timm's shape, with the keys of their weights untouched.

timm's networks say how they are made: `forward_features`, `forward_head`, `get_classifier`,
`num_features`, `group_matcher`. torchvision's have one `forward` for each family. The table below tells,
family by family, where the features end, how an embedding is made of them, which layer is the last one
and which parameters form a stage. A network built here keeps its class and gets a subclass of it that
answers timm's questions from that table, so its state dictionary is torchvision's own.

Auxiliary classifiers (GoogLeNet, Inception) are left out: they only help a training from scratch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

import torch
from torch import nn
from torch.nn import functional as F

from inference.torchvision_operators import declare_missing_operators

declare_missing_operators()
import torchvision.models as zoo  # noqa: E402  (after the declaration, or its import fails)

Forward = Callable[[Any, torch.Tensor], Any]  # a tensor; torchvision's modules are untyped here
Stages = str | tuple[tuple[str, tuple[int, ...] | None], ...]

_WITH_THE_LAST = (99999,)  # timm's MATCH_PREV_GROUP: belongs to the stage before it
_NUMBERED = r"^features\.(\d+)"
_NUMBERED_AND_CLASSIFIER = ((_NUMBERED, None), (r"^classifier", _WITH_THE_LAST))
# ConvNeXt and Swin: each stage after the first begins with a layer that halves the grid.
_PAIRS = tuple((rf"^features\.{numbers}\.", (i,)) for i, numbers in enumerate(("1", "[23]", "[45]", "[67]")))


@dataclass(frozen=True, slots=True)
class _Family:
    """How the networks of one torchvision class are made.

    Parameters
    ----------
    features
        Image to (B, C, h, w), or (B, 1 + N, C) with a class token first.
    embedding
        Features to what the last linear layer sees, (B, D).
    classifier
        Name of the last linear layer (of squeezenet, the last convolution).
    stem, blocks
        Regular expressions for parameters, as timm's `group_matcher` has them.
    logits
        Features to logits, where that is more than the last layer after the embedding.
    options
        What else the network is built with, by its input size.
    prefix_tokens
        Tokens before the grid's.
    """

    features: Forward
    embedding: Forward
    classifier: str
    stem: str
    blocks: Stages
    logits: Forward | None = None
    options: Callable[[int], dict[str, Any]] = lambda _side: {}
    prefix_tokens: int = 0


def _until_features(network: Any, x: torch.Tensor) -> Any:
    return network.features(x)


def _mean(_network: Any, features: torch.Tensor) -> Any:
    return features.mean(dim=(2, 3))


def _mean_then_dropout(network: Any, features: torch.Tensor) -> Any:
    return network.dropout(features.mean(dim=(2, 3)))


def _mean_then_classifier(network: Any, features: torch.Tensor) -> Any:
    """All of `classifier` but its last layer: dropout, and a hidden layer in MobileNetV3."""
    return network.classifier[:-1](features.mean(dim=(2, 3)))


def _grid_then_classifier(network: Any, features: torch.Tensor) -> Any:
    """Pooled to a fixed grid, not to one cell: AlexNet and VGG look at every cell with weights of its own."""
    return network.classifier[:-1](torch.flatten(network.avgpool(features), 1))


def _mean_as_maps_then_classifier(network: Any, features: torch.Tensor) -> Any:
    """ConvNeXt's classifier begins with a norm that wants (B, D, 1, 1)."""
    return network.classifier[:-1](features.mean(dim=(2, 3), keepdim=True))


def _classifier_but_last(network: Any, features: torch.Tensor) -> Any:
    """MaxViT's classifier pools by itself, and has a hidden layer."""
    return network.classifier[:-1](features)


def _resnet(network: Any, x: torch.Tensor) -> Any:
    x = network.maxpool(network.relu(network.bn1(network.conv1(x))))
    return network.layer4(network.layer3(network.layer2(network.layer1(x))))


def _densenet(network: Any, x: torch.Tensor) -> Any:
    """torchvision's own forward rectifies in place, which spoils what a hook kept of the last norm."""
    return F.relu(network.features(x))


def _in_order(*names: str) -> Forward:
    def forward(network: Any, x: torch.Tensor) -> Any:
        for name in names:
            x = getattr(network, name)(x)
        return x

    return forward


_GOOGLENET = _in_order(
    "conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b", "maxpool3",
    "inception4a", "inception4b", "inception4c", "inception4d", "inception4e", "maxpool4",
    "inception5a", "inception5b",
)  # fmt: skip
_INCEPTION = _in_order(
    "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3",
    "maxpool2", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d",
    "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip


def _vit(network: Any, x: torch.Tensor) -> Any:
    patches = network._process_input(x)  # (B, N, C)
    token = network.class_token.expand(len(patches), -1, -1)
    return network.encoder(torch.cat([token, patches], dim=1))


def _maxvit(network: Any, x: torch.Tensor) -> Any:
    x = network.stem(x)
    for block in network.blocks:
        x = block(x)
    return x


def _squeezenet_logits(network: Any, features: torch.Tensor) -> Any:
    """Its last convolution is rectified before it is pooled, so no embedding comes before it."""
    return torch.flatten(network.classifier(features), 1)


def _without_auxiliary_heads(_side: int) -> dict[str, Any]:
    return {"aux_logits": False, "init_weights": True}


def _class_token(network: Any, features: torch.Tensor) -> Any:
    return network.heads[:-1](features[:, 0])


_FAMILIES: dict[type[nn.Module], _Family] = {
    zoo.AlexNet: _Family(
        _until_features, _grid_then_classifier, "classifier.6", r"^features\.0", _NUMBERED_AND_CLASSIFIER
    ),
    zoo.VGG: _Family(
        _until_features, _grid_then_classifier, "classifier.6", r"^features\.0", _NUMBERED_AND_CLASSIFIER
    ),
    zoo.ResNet: _Family(_resnet, _mean, "fc", r"^(?:conv1|bn1)", r"^layer(\d)"),
    zoo.DenseNet: _Family(
        _densenet, _mean, "classifier", r"^features\.(?:conv0|norm0)",
        ((r"^features\.(?:denseblock|transition)(\d)", None), (r"^features\.norm5", _WITH_THE_LAST)),
    ),
    zoo.SqueezeNet: _Family(
        _until_features, _mean, "classifier.1", r"^features\.0", _NUMBERED, logits=_squeezenet_logits
    ),
    zoo.GoogLeNet: _Family(
        _GOOGLENET, _mean_then_dropout, "fc", r"^conv\d", r"^inception(\d)", options=_without_auxiliary_heads
    ),
    zoo.Inception3: _Family(
        _INCEPTION, _mean_then_dropout, "fc", r"^Conv2d", r"^Mixed_(\d)", options=_without_auxiliary_heads
    ),
    zoo.MobileNetV2: _Family(
        _until_features, _mean_then_classifier, "classifier.1", r"^features\.0", _NUMBERED
    ),
    zoo.MobileNetV3: _Family(
        _until_features, _mean_then_classifier, "classifier.3", r"^features\.0", _NUMBERED_AND_CLASSIFIER
    ),
    zoo.EfficientNet: _Family(
        _until_features, _mean_then_classifier, "classifier.1", r"^features\.0", _NUMBERED
    ),
    zoo.MNASNet: _Family(
        _in_order("layers"), _mean_then_classifier, "classifier.1", r"^layers\.[0-7]\.", r"^layers\.(\d+)"
    ),
    zoo.ShuffleNetV2: _Family(
        _in_order("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5"), _mean, "fc", r"^conv1",
        ((r"^stage(\d)", None), (r"^conv5", _WITH_THE_LAST)),
    ),
    zoo.RegNet: _Family(
        _in_order("stem", "trunk_output"), _mean, "fc", r"^stem", r"^trunk_output\.block(\d)"
    ),
    zoo.ConvNeXt: _Family(
        _until_features, _mean_as_maps_then_classifier, "classifier.2", r"^features\.0",
        (*_PAIRS, (r"^classifier", _WITH_THE_LAST)),
    ),
    zoo.VisionTransformer: _Family(
        _vit, _class_token, "heads.head", r"^(?:class_token|conv_proj|encoder\.pos_embedding)",
        (
            (r"^encoder\.layers\.encoder_layer_(\d+)", None),
            (r"^(?:encoder\.ln|heads\.pre_logits)", _WITH_THE_LAST),
        ),
        options=lambda side: {"image_size": side}, prefix_tokens=1,
    ),
    zoo.SwinTransformer: _Family(
        _in_order("features", "norm", "permute"), _mean, "head", r"^features\.0",
        (*_PAIRS, (r"^norm", _WITH_THE_LAST)),
    ),
    zoo.MaxVit: _Family(
        _maxvit, _classifier_but_last, "classifier.5", r"^stem",
        ((r"^blocks\.(\d)", None), (r"^classifier", _WITH_THE_LAST)),
        options=lambda side: {"input_size": (side, side)},
    ),
}  # fmt: skip


class TimmShape:
    """What timm's networks answer about themselves; mixed into a class of torchvision."""

    _family: _Family
    output_fmt = "NCHW"

    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        """(B, C, S, S) to (B, K) logits."""
        logits: torch.Tensor = self.forward_head(self.forward_features(x))
        return logits

    def forward_features(self: Any, x: torch.Tensor) -> torch.Tensor:
        """(B, C, S, S) to (B, D, h, w), or to (B, 1 + h w, D) with the class token first."""
        features: torch.Tensor = self._family.features(self, x)
        return features

    def forward_head(self: Any, features: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Features to logits, or with `pre_logits` to what the last layer sees."""
        found: torch.Tensor
        if self._family.logits is not None and not pre_logits:
            found = self._family.logits(self, features)
            return found
        found = self._family.embedding(self, features)
        return found if pre_logits else self.get_classifier()(found)

    def get_classifier(self: Any) -> nn.Module:
        """The last linear layer."""
        layer: nn.Module = self.get_submodule(self._family.classifier)
        return layer

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """Which parameters form a stage, from the input on."""
        return {"stem": self._family.stem, "blocks": self._family.blocks}

    @property
    def num_features(self: Any) -> int:
        """Channels of the features."""
        head = self.get_submodule(self._family.classifier.partition(".")[0])
        first = next(m for m in head.modules() if isinstance(m, nn.Linear | nn.Conv2d))
        width = first.in_features if isinstance(first, nn.Linear) else first.in_channels
        if self._family.embedding is _grid_then_classifier:
            rows, columns = self.avgpool.output_size
            return int(width // (rows * columns))
        return int(width)

    @property
    def num_prefix_tokens(self) -> int:
        """Tokens before the grid's."""
        return self._family.prefix_tokens

    def last_norm(self: Any) -> nn.Module | None:
        """The last block's first norm, where a class token alone is pooled."""
        layer: nn.Module | None = self.encoder.layers[-1].ln_1 if self._family.prefix_tokens else None
        return layer

    def _load_from_state_dict(
        self: Any, state: dict[str, Any], prefix: str, metadata: dict[str, Any], *rest: Any
    ) -> None:
        """Tensors by name carry no version of their class, without which MNASNet refuses them."""
        told = {"version": self._version, **metadata}
        super()._load_from_state_dict(state, prefix, told, *rest)  # type: ignore[misc]


def names() -> list[str]:
    """Every classification network that torchvision has."""
    return list(zoo.list_models(module=zoo))


def create(name: str, classes: int, channels: int, side: int) -> nn.Module:
    """A torchvision network with random weights, in training mode.

    Parameters
    ----------
    name
        One of `names()`.
    channels
        1 or 3: the first convolution is made anew for grey images.
    side
        Of the square input in pixels; transformers are made for it.
    """
    builder = zoo.get_model_builder(name)
    family = _FAMILIES[_class_of(name)]
    network: nn.Module = builder(weights=None, num_classes=classes, **family.options(side))
    if channels != 3:
        _take_channels(network, channels)
    network.__class__ = _shaped(type(network))  # type: ignore[arg-type]
    return network


def usual_input(name: str) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """Side of the square input in pixels, mean and std of what torchvision's own weights were trained on.

    GoogLeNet's and Inception's own weights rescale ImageNet's statistics to 0.5 inside the network
    (`transform_input`); that is not done here, so 0.5 is what they take.
    """
    preset = zoo.get_model_weights(name).DEFAULT.transforms()
    if _FAMILIES[_class_of(name)].options is _without_auxiliary_heads:
        return int(preset.crop_size[0]), (0.5,) * 3, (0.5,) * 3
    return int(preset.crop_size[0]), tuple(preset.mean), tuple(preset.std)


def set_dropout(network: nn.Module, rate: float) -> None:
    """Set the dropout before the last layer; raise `ValueError` where the network has none."""
    head = [m for m in network.modules() if isinstance(m, nn.Dropout)]
    if not head:
        raise ValueError("it has no dropout")
    for layer in head:
        layer.p = rate


def set_stochastic_depth(network: nn.Module, rate: float) -> None:
    """Scale how often blocks are passed over, so that it is `rate` for the last one; `ValueError` without."""
    from torchvision.ops import StochasticDepth

    layers = [m for m in network.modules() if isinstance(m, StochasticDepth)]
    most = max((layer.p for layer in layers), default=0.0)
    if not most:
        raise ValueError("it has no stochastic depth")
    for layer in layers:
        layer.p *= rate / most


@cache
def _class_of(name: str) -> type[nn.Module]:
    """The class that a torchvision builder says it returns."""
    builder = inspect.unwrap(zoo.get_model_builder(name))
    kind: type[nn.Module] = get_type_hints(builder)["return"]
    return kind


@cache
def _shaped(kind: type[nn.Module]) -> type[nn.Module]:
    return type(kind.__name__, (TimmShape, kind), {"_family": _FAMILIES[kind]})


def _take_channels(network: nn.Module, channels: int) -> None:
    """Put a first convolution in place that takes `channels` instead of three colours."""
    path, colour = next((n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d))
    grey = nn.Conv2d(
        channels, colour.out_channels, colour.kernel_size, colour.stride, colour.padding,  # type: ignore[arg-type]
        bias=colour.bias is not None,
    )  # fmt: skip
    with torch.no_grad():
        grey.weight.copy_(colour.weight.sum(dim=1, keepdim=True))  # what three equal channels would give
        if colour.bias is not None and grey.bias is not None:
            grey.bias.copy_(colour.bias)
    network.set_submodule(path, grey)
