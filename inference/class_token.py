"""The last block of a transformer that pools its class token, run for that token alone.

Only the class token of the last block's output is read, so its other rows need not be computed, and the
gradients that grad-cam sums over the grid are those of one shift that all patches share. One pass over a
few tokens then gives logits and weights of all findings, where the general way runs the whole block
forwards once and backwards once a finding.

What is done here is written for pre-norm blocks as timm's `VisionTransformer` and torchvision's have them.
`find_tail` tries it against the network itself, and a network for which the numbers differ keeps the
general way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

_log = logging.getLogger(__name__)

_TOLERANCE = 1e-4  # relative


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """What comes after the input of the last block.

    Parameters
    ----------
    network
        Has `forward_head`.
    block
        The last block; called with (B, N, C) it gives (B, N, C).
    norm1, norm2, scale1, scale2, mlp
        Its parts: `x + scale1(attention(norm1(x)))`, then `x + scale2(mlp(norm2(x)))`.
    qkv_weight, qkv_bias
        (3 C', C) and (3 C',) of the attention's queries, keys and values.
    heads, head_dim
        C' = heads * head_dim.
    query_norm, key_norm, joined_norm, output
        On (..., head_dim) queries and keys; on (..., C') what the heads gave; the last linear layer.
    last_norm
        After the last block.
    prefix
        Tokens before the grid's; only they are read by the head.
    """

    network: Any
    block: nn.Module
    norm1: nn.Module
    norm2: nn.Module
    scale1: nn.Module
    scale2: nn.Module
    mlp: nn.Module
    qkv_weight: torch.Tensor
    qkv_bias: torch.Tensor | None
    heads: int
    head_dim: int
    query_norm: nn.Module
    key_norm: nn.Module
    joined_norm: nn.Module
    output: nn.Module
    last_norm: nn.Module
    prefix: int

    def enter(self, batch: torch.Tensor) -> torch.Tensor:
        """Run the encoder up to the last block: images (B, C, S, S) to its input (B, N, C)."""

        def stop(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            raise _Reached(inputs[0])

        handle = self.block.register_forward_pre_hook(stop)
        try:
            self.network.forward_features(batch)
        except _Reached as reached:
            return reached.tokens
        finally:
            handle.remove()
        raise RuntimeError("the last block was not reached")

    def whole(self, tokens: torch.Tensor) -> torch.Tensor:
        """What `forward_features` would have given: (B, N, C) to (B, N, C)."""
        features: torch.Tensor = self.last_norm(self.block(tokens))
        return features

    def keys_and_values(self, tokens: torch.Tensor) -> _Attended:
        """What the class token looks at, worked out once for all findings."""
        normed = self.norm1(tokens)
        q_w, k_w, v_w = self.qkv_weight.chunk(3)
        q_b, k_b, v_b = (None, None, None) if self.qkv_bias is None else self.qkv_bias.chunk(3)
        return _Attended(
            tokens[:, : self.prefix],
            F.linear(normed[:, : self.prefix], q_w, q_b),
            F.linear(normed, k_w, k_b),
            F.linear(normed, v_w, v_b),
            normed,
        )

    def features(self, seen: _Attended, shift: torch.Tensor | None = None) -> torch.Tensor:
        """The class token's row of `whole`, or one a finding.

        Parameters
        ----------
        seen
            Of B images.
        shift
            (K, B, C), added to all patches after the block's first norm.

        Returns
        -------
        torch.Tensor
            (B, P, C), or (K * B, P, C).
        """
        keys, values = seen.keys, seen.values  # (B, N, C')
        count = 1 if shift is None else len(shift)
        if shift is not None:
            _, k_w, v_w = self.qkv_weight.chunk(3)
            keys = _with_shift(keys, F.linear(shift, k_w), self.prefix)  # (K * B, N, C')
            values = _with_shift(values, F.linear(shift, v_w), self.prefix)
        queries = self.query_norm(self._by_head(seen.queries.repeat(count, 1, 1)))  # (K * B, H, P, D)
        joined = F.scaled_dot_product_attention(
            queries, self.key_norm(self._by_head(keys)), self._by_head(values)
        )
        joined = self.joined_norm(joined.transpose(1, 2).flatten(2))  # (K * B, P, C')
        x = seen.residual.repeat(count, 1, 1) + self.scale1(self.output(joined))
        x = x + self.scale2(self.mlp(self.norm2(x)))
        features: torch.Tensor = self.last_norm(x)
        return features

    def _by_head(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(*x.shape[:2], self.heads, self.head_dim).transpose(1, 2)  # (B, H, N, D)


@dataclass(frozen=True, slots=True, eq=False)
class _Attended:
    """`residual` and `queries` of the first P tokens, `keys`, `values` and `normed` of all N."""

    residual: torch.Tensor
    queries: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor
    normed: torch.Tensor


class _Reached(Exception):
    def __init__(self, tokens: torch.Tensor):
        super().__init__("the last block was reached")
        self.tokens = tokens


def _with_shift(x: torch.Tensor, shift: torch.Tensor, prefix: int) -> torch.Tensor:
    """(B, N, C) and (K, B, C) to (K * B, N, C): every finding's own shift on the patches."""
    patches = x[:, prefix:] + shift[:, :, None]
    whole = torch.cat([x[:, :prefix].expand(len(shift), -1, -1, -1), patches], dim=2)
    return whole.flatten(0, 1)


def find_tail(
    network: Any, prefix: int, image: torch.Tensor, embed: Callable[[torch.Tensor], torch.Tensor]
) -> Tail | None:
    """The tail of a network, if it is of a known kind and the numbers agree on `image` (B, C, S, S).

    `embed` gives the embedding from features (B, P or more, C).
    """
    tail = _timm(network, prefix) or _torchvision(network, prefix)
    if tail is None:
        return None
    try:
        with torch.no_grad():
            expected = network.forward_features(image)
            tokens = tail.enter(image)
            whole = tail.whole(tokens)
            row = tail.features(tail.keys_and_values(tokens))
            agrees = _agree(whole, expected) and _agree(row, expected[:, :prefix])
            agrees = agrees and _agree(embed(row), embed(expected))
    except (RuntimeError, AttributeError, TypeError, IndexError, ValueError) as error:
        _log.info("The last block of %s is run as a whole: %s", type(network).__name__, error)
        return None
    return tail if agrees else None


def _timm(network: Any, prefix: int) -> Tail | None:
    blocks, norm = getattr(network, "blocks", None), getattr(network, "norm", None)
    if not isinstance(blocks, nn.Sequential | nn.ModuleList) or not len(blocks) or norm is None:
        return None
    block: Any = blocks[-1]
    attention = getattr(block, "attn", None)
    known = ("qkv", "proj", "num_heads", "q_norm", "k_norm")
    if attention is None or not all(hasattr(attention, name) for name in known):
        return None
    if not isinstance(attention.qkv, nn.Linear) or getattr(attention, "gate", None) is not None:
        return None
    if not all(hasattr(block, name) for name in ("norm1", "norm2", "mlp")):
        return None
    none = nn.Identity()
    width = attention.qkv.out_features // 3
    return Tail(
        network,
        block,
        block.norm1,
        block.norm2,
        getattr(block, "ls1", none),
        getattr(block, "ls2", none),
        block.mlp,
        attention.qkv.weight,
        attention.qkv.bias,
        attention.num_heads,
        width // attention.num_heads,
        attention.q_norm,
        attention.k_norm,
        getattr(attention, "norm", none),
        attention.proj,
        norm,
        prefix,
    )


def _torchvision(network: Any, prefix: int) -> Tail | None:
    encoder = getattr(network, "encoder", None)
    layers = getattr(encoder, "layers", None)
    if not isinstance(layers, nn.Sequential) or not len(layers):
        return None
    block: Any = layers[-1]
    attention = getattr(block, "self_attention", None)
    if not isinstance(attention, nn.MultiheadAttention) or attention.in_proj_weight is None:
        return None
    none = nn.Identity()
    return Tail(
        network,
        block,
        block.ln_1,
        block.ln_2,
        none,
        none,
        block.mlp,
        attention.in_proj_weight,
        attention.in_proj_bias,
        attention.num_heads,
        attention.head_dim,
        none,
        none,
        none,
        attention.out_proj,
        getattr(encoder, "ln", none),
        prefix,
    )


def _agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape:
        return False
    scale = max(float(other.abs().max()), 1e-12)
    return float((one - other).abs().max()) <= _TOLERANCE * scale
