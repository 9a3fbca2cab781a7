"""ONNX Runtime as this program wants it: on the CPU, sharing it, and silent towards the network."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

onnxruntime.disable_telemetry_events()  # Microsoft's own builds for Windows tell it what they run

_FATAL = 4  # what is wrong is raised, and told in a sentence; warnings are of initializers that nothing uses


def session(graph: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session for a graph, in a file or serialised.

    Threads that wait do not spin: beside a training that takes its time off both.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
