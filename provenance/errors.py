"""What can go wrong in sealing and verifying: one root, one class for each thing that a person can act on."""


class ProvenanceError(Exception):
    """Root of every error that this package raises on purpose; its text says what happened, to which file, and what to do."""


class KeyPermissionError(ProvenanceError):
    """A secret key can be read by somebody else."""


class KeyFileError(ProvenanceError):
    """A key file is missing its pair, cut off or not a key."""


class DraftError(ProvenanceError):
    """The Draft cannot be sealed as it is; every complaint about it stands in the text."""


class RightsError(ProvenanceError):
    """The rights statement of a Source does not allow what was asked."""


class SourceChangedError(ProvenanceError):
    """A Source is no longer the file that the Draft was made from."""


class EncodeError(ProvenanceError):
    """The pixels do not fit the format that the file name asks for."""


class DecodeError(ProvenanceError):
    """Bytes are not a picture that can be read, or one too large to be read."""


class CredentialError(ProvenanceError):
    """A Content Credential could not be written."""


class RecordError(ProvenanceError):
    """A Record holds a value that JSON cannot carry exactly, or is not one of ours."""


class ReleaseError(ProvenanceError):
    """Sealing stopped; the text says at which step and what was left untouched."""


class ReleaseFolderError(ReleaseError):
    """The folder for the Release is taken, not writable or on a full disk."""


class ReadBackError(ReleaseError):
    """What was written is not what was to be written."""


class UnreadableFileError(ProvenanceError):
    """A file to verify is missing, a folder, or may not be read."""


class ModelPinError(ProvenanceError):
    """The list of fetched models cannot be read or written."""
