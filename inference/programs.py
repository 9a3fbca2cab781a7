"""Programs of torch.export (.pt2), read without trusting them.

`torch.export.load` is not safe on a file from elsewhere (torch 2.13): tensors marked `use_pickle`, custom
objects and sample inputs are unpickled with code, symbolic sizes go through an evaluator of Python
expressions, the target of a node may be any attribute under `torch`, and an archive may bring compiled
libraries. So nothing of it is used. An archive is a ZIP file with the graph as JSON and each tensor's bytes;
this module reads these two and checks them. Nodes may call operators of `_OPERATORS` and nothing else.
Importing this module does not import torch.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.errors import InvalidWeights
from inference.zip_files import DAMAGED, checked_members

SCHEMA = 8  # major version of the graph's JSON: torch 2.5 and later
_LARGEST_GRAPH = 256 << 20  # bytes of JSON
_LARGEST_VALUE = 1 << 31  # numbers in one tensor
_MOST_NODES = 200_000

# Operators of ATen by name, every overload of them: what networks are made of when they only compute.
# Not among them is whatever reads files, makes random numbers, or works on memory without checks.
_OPERATOR_NAMES = """
    conv1d conv2d conv3d convolution conv_transpose2d linear matmul mm bmm addmm baddbmm einsum dot mv outer
    batch_norm _native_batch_norm_legit_no_training layer_norm native_layer_norm group_norm native_group_norm
    instance_norm rms_norm linalg_vector_norm norm
    relu relu_ relu6 relu6_ hardtanh hardtanh_ hardswish hardswish_ hardsigmoid hardsigmoid_ silu silu_ gelu
    gelu_ mish mish_ sigmoid sigmoid_ tanh tanh_ elu elu_ selu selu_ celu celu_ leaky_relu leaky_relu_ prelu
    softplus softsign softmax _softmax log_softmax _log_softmax log_sigmoid logsumexp glu threshold threshold_
    exp exp_ expm1 log log1p log2 sqrt sqrt_ rsqrt pow square abs neg reciprocal sin cos tan atan atan2 erf
    floor ceil round trunc sign clamp clamp_ clamp_min clamp_min_ clamp_max clamp_max_ nan_to_num
    add add_ sub sub_ mul mul_ div div_ rsub maximum minimum addcmul addcdiv floor_divide remainder fmod lerp
    mean sum amax amin max min var std var_mean std_mean prod cumsum argmax argmin all any count_nonzero
    max_pool1d max_pool2d max_pool2d_with_indices avg_pool1d avg_pool2d adaptive_avg_pool1d
    adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d upsample_nearest2d
    upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa pad constant_pad_nd
    reflection_pad2d replication_pad2d pixel_shuffle pixel_unshuffle channel_shuffle im2col col2im unfold
    flatten view reshape _unsafe_view unflatten permute transpose t squeeze unsqueeze expand expand_as view_as
    reshape_as repeat repeat_interleave cat stack split split_with_sizes chunk unbind tensor_split hstack
    vstack select slice narrow index index_select gather take_along_dim roll flip meshgrid movedim swapaxes
    numpy_T mT arange zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full scalar_tensor
    linspace eye where masked_fill masked_fill_ eq ne lt le gt ge logical_and logical_or logical_not
    logical_xor bitwise_not bitwise_and bitwise_or tril triu topk sort copy_ fill_ slice_scatter
    select_scatter copy zero_ dropout dropout_ feature_dropout contiguous clone detach detach_ to _to_copy
    type_as alias lift_fresh_copy scaled_dot_product_attention
    _scaled_dot_product_flash_attention_for_cpu sym_size sym_numel sym_stride numel lstm gru
"""
_OPERATORS = frozenset(_OPERATOR_NAMES.split())
# Checks of sizes that were written down when the program was made: the shapes decide anyway.
_CHECKS = (
    "_assert_tensor_metadata _assert_scalar _assert_async sym_constrain_range sym_constrain_range_for_size"
)
_PASSED_OVER = frozenset(_CHECKS.split())
# They hold nodes of their own, which are taken out.
_AUTOCAST = "torch.ops.higher_order.wrap_with_autocast"
_WRAPPERS = (_AUTOCAST, "torch.ops.higher_order.wrap_with_set_grad_enabled")
# Arithmetic on sizes.
_RECKONING = "add sub mul floordiv truediv mod neg eq ne lt le gt ge and_ or_"
_ON_SIZES = frozenset(
    [f"_operator.{name}" for name in _RECKONING.split()]
    + [f"torch.sym_{name}" for name in ("int", "float", "max", "min", "not")]
    + ["math.trunc"]
)
_TARGET = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
_IN_PLACE = re.compile(r"[a-z0-9]_\.\w+$")
# Bytes of a number of each kind, by the graph's own numbering (torch._export.serde.schema.ScalarType).
DTYPES: dict[int, tuple[str, int]] = {
    1: ("uint8", 1), 2: ("int8", 1), 3: ("int16", 2), 4: ("int32", 4), 5: ("int64", 8), 6: ("float16", 2),
    7: ("float32", 4), 8: ("float64", 8), 12: ("bool", 1), 13: ("bfloat16", 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """One call: `operator` with positional and named arguments, still as the file has them."""

    target: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    outputs: tuple[str, ...]
    gives_list: bool  # its outputs are the members of one list


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor's bytes lie in the archive, and how they are to be read."""

    member: str
    dtype: str
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program: one image batch in, one tensor of logits out.

    Parameters
    ----------
    weights
        For the name that a node calls it by, the tensor; `names` has what the network called it.
    old_states
        Members with the tensors as PyTorch files, where the archive has no bytes of its own for them.
    batch
        Images that it takes at a time; None takes any number.
    """

    nodes: tuple[Node, ...]
    weights: dict[str, StoredTensor]
    names: dict[str, str]
    old_states: tuple[str, ...]
    input_name: str
    batch: int | None
    channels: int
    side: int
    output_name: str
    findings: int


def is_program(path: Path) -> bool:
    """Whether a file is an archive of torch.export, whatever it is called."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return "serialized_exported_program.json" in names or any(n.endswith("/archive_format") for n in names)


def read_program(path: Path) -> Program:
    """Read and check the graph of a .pt2 file; no tensor is read yet.

    Raises
    ------
    InvalidWeights
        One sentence: it is damaged, carries more than a graph and tensors, calls an operator that is not
        run here, or is no classifier of one image.
    """
    members = checked_members(path)
    root = _root_of(path, members)
    try:
        with zipfile.ZipFile(path) as archive:
            graph_member = _graph_member(path, root, members)
            if archive.getinfo(graph_member).file_size > _LARGEST_GRAPH:
                raise InvalidWeights(f"{path} has a graph of more than {_LARGEST_GRAPH >> 20} MB.")
            told = json.loads(archive.read(graph_member))
            stored = dict(_stored_tensors(path, archive, root, members))
        version = told["schema_version"]["major"]
        if version != SCHEMA:
            raise InvalidWeights(
                f"{path} was written by another generation of torch.export (schema {version}); "
                f"expected schema {SCHEMA}, of torch 2.5 or later."
            )
        module = told["graph_module"]
        return _program_of(path, module, stored, _old_states(root, members))
    except (
        KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, RuntimeError,
        StopIteration,
    ) as error:  # fmt: skip
        what = f"no {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise InvalidWeights(f"{path} is no complete program of torch.export: {what}.") from error
    except DAMAGED as error:
        raise InvalidWeights(f"{path} is no complete program of torch.export: {error}.") from error


def _root_of(path: Path, members: list[str]) -> str:
    """The folder that all members share; torch names it after the file. Older archives have none."""
    if "serialized_exported_program.json" in members:
        return ""
    roots = {m.partition("/")[0] for m in members}
    root = f"{roots.pop()}/" if len(roots) == 1 else ""
    carried = [m for m in members if m.startswith((f"{root}data/aotinductor/", f"{root}data/executorch"))]
    if carried:
        raise InvalidWeights(
            f"{path} brings compiled code ({carried[0]}), which is never run; save the program alone."
        )
    return root


def _graph_member(path: Path, root: str, members: list[str]) -> str:
    if "serialized_exported_program.json" in members:
        return "serialized_exported_program.json"
    graphs = [m for m in members if m.startswith(f"{root}models/") and m.endswith(".json")]
    if len(graphs) != 1:
        raise InvalidWeights(f"{path} holds {len(graphs)} programs of torch.export; expected one.")
    return graphs[0]


def _old_states(root: str, members: list[str]) -> tuple[str, ...]:
    """Members that torch 2.5 to 2.8 wrote: all tensors in one PyTorch file."""
    old = ("serialized_state_dict.pt", "serialized_constants.pt")
    found = [m for m in members if m in old]
    found += [m for m in members if m.startswith((f"{root}data/weights/", f"{root}data/constants/"))
              and m.endswith(".pt")]  # fmt: skip
    return tuple(found)


def _stored_tensors(
    path: Path, archive: zipfile.ZipFile, root: str, members: list[str]
) -> Iterator[tuple[str, StoredTensor]]:
    """What the network calls a tensor, and where its bytes are."""
    for kind in ("weights", "constants"):
        folder = f"{root}data/{kind}/"
        for member in (m for m in members if m.startswith(folder) and m.endswith("_config.json")):
            for name, payload in json.loads(archive.read(member))["config"].items():
                if payload["use_pickle"] or payload["tensor_meta"] is None:
                    raise InvalidWeights(
                        f"{path} holds {name} as a Python object: reading it would run code from the file, "
                        "so it was refused; export a network whose weights are plain tensors."
                    )
                yield name, _stored_tensor(name, folder + payload["path_name"], payload["tensor_meta"])


def _stored_tensor(name: str, member: str, meta: dict[str, Any]) -> StoredTensor:
    if meta["dtype"] not in DTYPES or meta["layout"] != 7:
        raise ValueError(f"{name} is of a kind that is not read here")
    sizes = tuple(_whole(size["as_int"]) for size in meta["sizes"])
    strides = tuple(_whole(stride["as_int"]) for stride in meta["strides"])
    if len(sizes) != len(strides):
        raise ValueError(f"{name} has {len(sizes)} sizes and {len(strides)} strides")
    _check_size(name, sizes)
    return StoredTensor(
        member, DTYPES[meta["dtype"]][0], sizes, strides, _whole(meta["storage_offset"]["as_int"])
    )


def _program_of(
    path: Path, module: dict[str, Any], stored: dict[str, StoredTensor], old_states: tuple[str, ...]
) -> Program:
    graph, signature = module["graph"], module["signature"]
    if len(graph["nodes"]) > _MOST_NODES:
        raise ValueError(f"it has {len(graph['nodes'])} nodes, at most {_MOST_NODES} are read")
    for name, meta in graph["tensor_values"].items():
        _check_size(name, [size["as_int"] for size in meta["sizes"] if "as_int" in size])
    names, inputs = _inputs_of(signature)
    if len(inputs) != 1:
        raise InvalidWeights(f"{path} takes {len(inputs)} inputs; expected one, a batch of images.")
    outputs = list(signature["output_specs"])
    if len(outputs) != 1 or "user_output" not in outputs[0]:
        raise InvalidWeights(
            f"{path} gives {len(outputs)} outputs; expected one, the logits of its findings."
        )
    output = outputs[0]["user_output"]["arg"]["as_tensor"]["name"]
    batch, channels, side = _image_of(path, graph["tensor_values"][inputs[0]])
    nodes = tuple(_nodes_of(path, list(_inlined(graph["nodes"]))))
    _check_order(nodes, inputs[0], set(names), output)
    return Program(
        nodes=nodes,
        weights={called: stored[name] for called, name in names.items() if name in stored},
        names=names,
        old_states=() if stored else old_states,
        input_name=inputs[0],
        batch=batch,
        channels=channels,
        side=side,
        output_name=output,
        findings=_findings_of(path, graph["tensor_values"][output]),
    )


def _inputs_of(signature: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Names of tensors by what nodes call them, and the inputs that a user gives."""
    kinds = {
        "parameter": "parameter_name",
        "buffer": "buffer_name",
        "tensor_constant": "tensor_constant_name",
    }
    names: dict[str, str] = {}
    given: list[str] = []
    for spec in signature["input_specs"]:
        kind, told = next((k, v) for k, v in spec.items() if v is not None)
        if kind in kinds:
            names[str(told["arg"]["name"])] = str(told[kinds[kind]])
        elif kind == "user_input" and "as_tensor" in told["arg"]:
            given.append(str(told["arg"]["as_tensor"]["name"]))
        else:
            raise ValueError(f"one of its inputs is a {kind.replace('_', ' ')}, expected tensors")
    return names, given


def _image_of(path: Path, meta: dict[str, Any]) -> tuple[int | None, int, int]:
    """Images at a time (None for any number), channels and side of the input."""
    sizes = [size.get("as_int") for size in meta["sizes"]]
    if (
        len(sizes) != 4
        or meta["dtype"] != 7
        or sizes[1] not in (1, 3)
        or sizes[2] != sizes[3]
        or not sizes[2]
    ):
        found = " x ".join("any" if n is None else str(n) for n in sizes)
        kind = DTYPES.get(meta["dtype"], ("numbers", 0))[0]
        raise InvalidWeights(
            f"{path} takes {found} {kind}; expected float32, batch x 1 or 3 channels x square."
        )
    return sizes[0], int(sizes[1] or 0), int(sizes[2])


def _findings_of(path: Path, meta: dict[str, Any]) -> int:
    sizes = [size.get("as_int") for size in meta["sizes"]]
    if len(sizes) != 2 or not sizes[1]:
        found = " x ".join("any" if n is None else str(n) for n in sizes)
        raise InvalidWeights(f"{path} gives {found} numbers; expected batch x findings.")
    return int(sizes[1])


def _inlined(raw: list[dict[str, Any]], within: str = "") -> Iterator[dict[str, Any]]:
    """Nodes with those in their places that stood under `torch.no_grad` or a switched-off autocast."""
    for place, node in enumerate(raw):
        if node["target"] not in _WRAPPERS:
            yield node
            continue
        given = [i["arg"] for i in node["inputs"]]
        at = next(i for i, argument in enumerate(given) if "as_graph" in argument)
        if node["target"] == _AUTOCAST and given[2].get("as_bool") is not False:
            raise ValueError("a part of it computes in mixed precision")
        body, prefix = given[at]["as_graph"]["graph"], f"{within}{place}."
        for name, meta in body["tensor_values"].items():
            _check_size(name, [size["as_int"] for size in meta["sizes"] if "as_int" in size])
        inner = [*names_in(body["inputs"]), *names_in(body["outputs"])]
        outer = [*names_in(given[at + 1 :]), *names_in(node["outputs"])]
        if len(inner) != len(outer) or len(set(inner)) != len(inner):
            raise ValueError(f"{node['target']} is given {len(outer)} values for {len(inner)}")
        names = dict(zip(inner, outer, strict=True))
        for one in _inlined(body["nodes"], prefix):
            yield one | {
                "inputs": [i | {"arg": _renamed(i["arg"], names, prefix)} for i in one["inputs"]],
                "outputs": _renamed(one["outputs"], names, prefix),
            }


def _renamed(argument: Any, names: dict[str, str], prefix: str) -> Any:
    """An argument with the values it refers to called as they are outside."""
    if isinstance(argument, list):
        return [_renamed(one, names, prefix) for one in argument]
    if not isinstance(argument, dict):
        return argument
    return {
        key: names.get(value, prefix + value)
        if key in ("name", "as_name") and isinstance(value, str)
        else _renamed(value, names, prefix)
        for key, value in argument.items()
    }


def _nodes_of(path: Path, raw: list[dict[str, Any]]) -> Iterator[Node]:
    strange = sorted({str(node["target"]) for node in raw if not _is_allowed(str(node["target"]))})
    if strange:
        listed = ", ".join(strange[:5]) + (f" and {len(strange) - 5} more" if len(strange) > 5 else "")
        raise InvalidWeights(
            f"{path} calls {listed}, which is not run here; bring a state_dict with --arch, or ONNX."
        )
    for node in raw:
        target = str(node["target"])
        if target.split(".")[3:4] and target.split(".")[3] in _PASSED_OVER:
            continue
        if _is_learning(node):
            raise InvalidWeights(f"{path} was exported in training mode; call eval() and export it again.")
        positional = tuple(i["arg"] for i in node["inputs"] if i.get("kind") != 2)
        named = {str(i["name"]): i["arg"] for i in node["inputs"] if i.get("kind") == 2}
        outputs, gives_list = _outputs_of(node["outputs"])
        yield Node(target, positional, named, outputs, gives_list)


def _is_learning(node: dict[str, Any]) -> bool:
    """Whether dropout or batch norm do what they do in training; norms of weights always do, and may."""
    told = {i["name"]: i["arg"] for i in node["inputs"]}
    learns = any(told.get(name, {}).get("as_bool") for name in ("train", "training"))
    return learns and "as_none" not in told.get("running_mean", {})


def _is_allowed(target: str) -> bool:
    found = _TARGET.fullmatch(target)
    if found is None:
        return target in _ON_SIZES
    return found[1] in _OPERATORS or found[1] in _PASSED_OVER


def _outputs_of(raw: list[dict[str, Any]]) -> tuple[tuple[str, ...], bool]:
    names: list[str] = []
    for output in raw:
        kind, told = next((k, v) for k, v in output.items() if v is not None)
        if kind == "as_tensors":
            return tuple(str(t["name"]) for t in told), True
        if kind == "as_tensor":
            names.append(str(told["name"]))
        elif kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
            names.append(str(told["as_name"]))
        elif kind == "as_none":
            names.append("")
        else:
            raise ValueError(f"a node gives {kind}, expected tensors or sizes")
    return tuple(names), False


def names_in(argument: Any) -> Iterator[str]:
    """Names of the values that an argument of a node refers to."""
    if isinstance(argument, dict):
        for key, value in argument.items():
            if key in ("name", "as_name") and isinstance(value, str):
                yield value
            else:
                yield from names_in(value)
    elif isinstance(argument, list):
        for value in argument:
            yield from names_in(value)


def _check_order(nodes: tuple[Node, ...], image: str, weights: set[str], output: str) -> None:
    """Every value is made before it is used, and weights stay what they are."""
    made = {image, *weights}
    for node in nodes:
        for argument in (*node.arguments, *node.named.values()):
            if "as_graph" in argument or "as_custom_obj" in argument or "as_operator" in argument:
                raise ValueError(f"{node.target} is given a graph or an object")
            missing = [name for name in names_in(argument) if name not in made]
            if missing:
                raise ValueError(f"{node.target} uses {missing[0]} before it is there")
        first = next((n for a in node.arguments[:1] for n in names_in(a)), "")
        if _IN_PLACE.search(node.target) and first in weights:
            raise ValueError(f"{node.target} changes {first}, one of its weights")
        made.update(node.outputs)
    if output not in made:
        raise ValueError(f"nothing gives {output}")


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_VALUE:
        raise ValueError(f"a size is {value!r}")
    return value


def _check_size(name: str, sizes: Any) -> None:
    count = 1
    for size in sizes:
        count *= max(_whole(size), 1)
        if count > _LARGEST_VALUE:
            raise ValueError(f"{name} has more than {_LARGEST_VALUE} numbers")
