"""What can be wrong with a file that a person opened.

    StudyError
    +-- UnreadableFile        truncated, no rights, damaged
    |   +-- NotAnImage        another kind of file: a scan of a folder passes over it
    +-- UnsupportedImage      an image, but one that cannot be decoded or shown here
    +-- ImageTooLarge         the header promises more pixels than the limits allow

Every message is one sentence that names the file, what was found and what was expected.
"""


class StudyError(Exception):
    """A file could not be used; the message is fit to be shown to a reader."""


class UnreadableFile(StudyError):
    """The file is no image, is damaged, or may not be read."""


class NotAnImage(UnreadableFile):
    """The file is whole, as far as can be told, but holds no image."""


class UnsupportedImage(StudyError):
    """The file is an image of a kind that cannot be decoded or displayed."""


class ImageTooLarge(StudyError):
    """The header promises more pixels than the limits allow."""
