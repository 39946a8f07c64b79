"""What can go wrong with the page itself; all of it belongs to `studio.errors.StudioError`."""

from studio.errors import StudioError


class ServeError(StudioError):
    """The page could not be opened, or would have been open to others."""


class StoppedError(StudioError):
    """The person pressed Stop; nothing was sealed and nothing was kept."""


class NothingToDoError(StudioError):
    """A picture or a mask is missing; the text says which and how to give it."""
