"""What can go wrong with time: one class for each thing that a person can act on."""

from __future__ import annotations

from provenance.errors import ProvenanceError


class TimeStampError(ProvenanceError):
    """Root of everything that keeps a time stamp from being had or believed."""


class TimeStampUnreachableError(TimeStampError):
    """The time-stamping authority does not answer, or not in time."""


class TimeStampRefusedError(TimeStampError):
    """The time-stamping authority answers, and gives no time stamp."""


class TimeStampMismatchError(TimeStampError):
    """A time stamp is for other bytes, or answers another request, than it should."""


class TimeStampUntrustedError(TimeStampError):
    """A time stamp's signature does not hold, or leads to no root that was named as trusted."""


class ClockError(ProvenanceError):
    """This machine's clock cannot be right."""


class DateError(ProvenanceError):
    """A date cannot be read."""
