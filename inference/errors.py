"""What can be wrong with a model or with a request to it.

InferenceError
+-- UnknownModel        no model has this name, id or prefix
+-- InvalidCard         card.json is missing, damaged or contradicts itself
+-- InvalidWeights      weights are damaged, carry code, or do not fit the architecture
+-- UnknownFinding      the model does not know a finding of this name
+-- NoDevice            the device that was asked for is not there
+-- NoNumbers           a network gave numbers that are not finite
"""


class InferenceError(Exception):
    """The message is one sentence, fit to be shown to a reader."""


class UnknownModel(InferenceError):
    """No model has this name, id or prefix."""


class InvalidCard(InferenceError):
    """The card is missing, damaged or contradicts itself."""


class InvalidWeights(InferenceError):
    """The weights are damaged, carry code, or do not fit the architecture."""


class UnknownFinding(InferenceError):
    """The model does not know a finding of this name."""


class NoDevice(InferenceError):
    """The device that was asked for is not there."""


class UnknownArchitecture(InferenceError):
    """No network of this name can be built."""


class CannotExplain(InferenceError):
    """A heatmap was asked for that this network or this method cannot give."""


class ModelNotStored(InferenceError):
    """The registry's folder cannot be written, or a model may not be removed from it."""


class NoNumbers(InferenceError):
    """A network gave numbers that are not finite for an image."""
