"""The methods of explanation by name, for commands and the window. Free of torch."""

from __future__ import annotations

ONE_PASS = ("gradcam", "gradcam++", "hirescam", "layercam", "eigencam")
"""From the features of the pass that predicts (`inference.evidence`)."""
MANY_PASSES = ("scorecam", "ablationcam", "occlusion", "integrated-gradients", "lime")
"""By changing what the network is given, many times (`inference.perturbation`)."""
FOR_ANY_MODEL = ("occlusion", "lime")
"""Those that need nothing of a model but its answers, as is all that an ONNX file gives."""
DRAW_LOTS = ("lime",)
"""Those whose map depends on a seed."""
