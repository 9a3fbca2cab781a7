"""What can be wrong with the store of reviews or with a review.

    StoreError
    +-- StoreUnwritable         no rights, a full disk, a failing disk
    |   +-- ExportUnwritable    a file of exported rows could not be written
    +-- StoreBusy               another program has kept the store locked for too long
    +-- StoreUnreachable        the database server or its driver is not there
    +-- StoreClosed             the store was closed before this was asked of it
    +-- NewerStore              written by a newer version of this program
    +-- DamagedStore            no database, another program's database, damaged pages
    +-- InvalidAnnotation       an annotation that cannot be recorded as it is
    +-- InvalidFinding          a finding that cannot be added, or taken away, as it is
    +-- InvalidReview           a review that cannot be recorded as it is
        +-- UnknownImage        the image of a review or an annotation is not in the store
        +-- InvalidAnswer       answers that contradict each other or name no finding of the model

Every message is one sentence that names what was found and what was expected.
"""


class StoreError(Exception):
    """The message is one sentence, fit to be shown to a reader."""


class StoreUnwritable(StoreError):
    """Nothing could be written: no rights, a full disk, a failing disk."""


class ExportUnwritable(StoreUnwritable):
    """A file of exported rows could not be written."""


class StoreBusy(StoreError):
    """Another program has kept the store locked for too long."""


class StoreUnreachable(StoreError):
    """The database server, or the driver that talks to it, is not there."""


class StoreClosed(StoreError):
    """The store was closed before this was asked of it."""


class NewerStore(StoreError):
    """The store was written by a newer version of this program; it was not touched."""


class DamagedStore(StoreError):
    """The file is no database, is another program's, or is damaged."""


class InvalidAnnotation(StoreError):
    """The annotation cannot be recorded as it is."""


class InvalidFinding(StoreError):
    """A finding cannot be added to a family's, or taken away."""


class InvalidReview(StoreError):
    """The review cannot be recorded as it is."""


class UnknownImage(InvalidReview):
    """The image of a review or an annotation is not in the store."""


class InvalidAnswer(InvalidReview):
    """Answers that contradict each other or that name no finding of the model."""
