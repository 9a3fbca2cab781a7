"""What can be wrong with a training or with what it is given.

TrainingError
+-- UnusableLabels        a labels CSV that cannot be read or contradicts itself as a whole
+-- TooLittleData         not enough labelled images to fit or to compare
+-- UnusablePlan          choices that contradict each other, or an architecture that is not there
+-- UnusableCheckpoint    a checkpoint that is damaged or belongs to another plan
+-- TrainingDiverged      the loss is no longer a number
+-- RunIsBusy             another process works in the run's folder
+-- UnusableJob           a job's bundle, or the result of one, that is not what it should be
"""


class TrainingError(Exception):
    """The message is one sentence, fit to be shown to a reader."""


class UnusableLabels(TrainingError):
    """The labels file cannot be read, or it lacks what it has to say."""


class TooLittleData(TrainingError):
    """There are too few labelled images, or all of one kind."""


class UnusablePlan(TrainingError):
    """The plan's choices contradict each other or cannot be had here."""


class UnusableCheckpoint(TrainingError):
    """The checkpoint is damaged, or it was made by another plan or from other images."""


class TrainingDiverged(TrainingError):
    """The loss is no longer a number."""


class RunIsBusy(TrainingError):
    """Another process works in the run's folder."""


class UnusableJob(TrainingError):
    """A bundle is damaged, of another job, or holds what does not belong there."""


class Cancelled(Exception):
    """Somebody asked for the run to stop."""
