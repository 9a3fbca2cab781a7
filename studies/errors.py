"""What can be wrong with a file that a person opened.

    StudyError
    +-- UnreadableFile        truncated, no rights, damaged
    |   +-- NotAnImage        another kind of file: a scan of a folder passes over it
    +-- UnsupportedImage      an image, but one that cannot be decoded or shown here
    +-- ImageTooLarge         the header promises more pixels than the limits allow

Every message is one sentence that names the file, what was found and what was expected.
"""

LONGEST = 600
"""Characters of a message: a damaged file may have a megabyte where a name should be."""


class StudyError(Exception):
    """A file could not be used; the message is fit to be shown to a reader.

    What a message quotes of a file may be anything: characters that are not for reading are left out, and
    of a very long message the middle.
    """

    def __init__(self, message: str = "") -> None:
        readable = "".join(one if one.isprintable() else " " for one in message)
        if len(readable) > LONGEST:
            readable = f"{readable[: LONGEST // 2]} … {readable[-LONGEST // 2 :]}"
        super().__init__(readable)


class UnreadableFile(StudyError):
    """The file is no image, is damaged, or may not be read."""


class NotAnImage(UnreadableFile):
    """The file is whole, as far as can be told, but holds no image."""


class UnsupportedImage(StudyError):
    """The file is an image of a kind that cannot be decoded or displayed."""


class ImageTooLarge(StudyError):
    """The header promises more pixels than the limits allow."""
