"""What can go wrong in the studio: one root, one class for each thing that a person can act on."""


class StudioError(Exception):
    """Root of every error that this package raises on purpose; its text says what happened, to which file, and what to do."""


# ---- opening a picture (studio/sources.py)
class SourceError(StudioError):
    """A picture or a mask could not be taken in; nothing was written."""


class MissingFileError(SourceError):
    """There is no file at that path."""


class NotAFileError(SourceError):
    """The path is a folder or a device, not a file."""


class UnreadableFileError(SourceError):
    """The file is there, and the operating system does not let it be read."""


class EmptyFileError(SourceError):
    """The file holds no bytes."""


class TooManyBytesError(SourceError):
    """The file is larger than the limit; it was not read."""


class TooManyPixelsError(SourceError):
    """The header promises more pixels than the limit; nothing was decoded."""


class NotAPictureError(SourceError):
    """The bytes are of no picture format that can be read, whatever the file's ending says."""


class TruncatedPictureError(SourceError):
    """The file ends before its picture does."""


class DamagedPictureError(SourceError):
    """The file has the right beginning and a decoder cannot make sense of the rest."""


class UnsupportedColourError(SourceError):
    """CMYK, CIELAB, floating point or spectral samples: converting them is a decision that belongs to a person."""


# ---- opening a mask
class MaskError(SourceError):
    """A mask does not say where the holes are."""


class NoLinesError(SourceError):
    """A sketch holds no line, or so much that it is a picture."""


class MaskSizeError(MaskError):
    """Mask and picture differ in size."""


class EmptyMaskError(MaskError):
    """No pixel is marked as a hole."""


class FullMaskError(MaskError):
    """Every pixel is marked as a hole."""


# ---- reading drawings (studio/drawings)
class DrawingError(StudioError):
    """A sheet could not be read."""


class NoDrawingError(DrawingError):
    """There is no ink on the sheet that could be a wall or a façade."""


class ScaleError(DrawingError):
    """The scale of a sheet is unknown, or two statements about it disagree."""


# ---- speculating
class AncestorError(StudioError):
    """What a variant should start from is no sealed variant or reading, or was changed since, or belongs to another drawing."""


# ---- restoring
class MaskAndDamageError(StudioError):
    """A mask was given and kinds of damage to look for as well: one or the other."""


class NothingDamagedError(StudioError):
    """The damage detector found nothing to fill, and no mask was given."""


# ---- scenes and renders
class NoSceneError(StudioError):
    """A folder does not hold the scene that was to be rendered."""


# ---- models from elsewhere
class ModelNotFetchedError(StudioError):
    """A model of the hub was named before anybody had seen its licence and fetched it."""


class LicenceNotAcceptedError(StudioError):
    """Nobody agreed to the licence of a model."""
