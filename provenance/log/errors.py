"""What can go wrong with the log: one class for each thing that a person can act on."""

from __future__ import annotations

from provenance.errors import ProvenanceError


class LogError(ProvenanceError):
    """Root of every error of the log."""


class NoteError(LogError):
    """A text is not a signed note, or a verifier key is not written as one."""


class SignatureError(LogError):
    """A note carries no signature by a known key, or one that does not fit its text."""


class CheckpointError(LogError):
    """A text is not a checkpoint."""


class ProofError(LogError):
    """A text is not an inclusion proof, or an entry was asked for that the log does not have."""


class EntryError(LogError):
    """An entry is too long for the log."""


class CorruptLogError(LogError):
    """Files of the log are missing, cut off or do not fit its checkpoint."""


class OldLogError(LogError):
    """The log is older than, or another than, the last one that this key signed: a backup was restored."""


class LogKeyError(LogError):
    """The log's key file cannot be read."""


class LogWriteError(LogError):
    """The log cannot be written: the disk is full, or its folder is not ours."""


class NoLogError(LogError):
    """There is no log where one was to be read."""


class PolicyError(LogError):
    """A policy of witnesses cannot be read, or a checkpoint does not meet it."""


class WitnessError(LogError):
    """A witness could not be asked, or refused: the text gives its reason."""


class ForkError(LogError):
    """Two signed checkpoints contradict each other; both are named."""


class TeamLogError(LogError):
    """The database of a team's log cannot be reached, or holds the log of another key."""


class ForgetError(LogError):
    """What is to be forgotten is not kept here, or was logged in the clear."""
