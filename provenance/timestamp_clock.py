"""What time it is, and whether that can be: a clock that runs behind would date new work before old."""

from __future__ import annotations

import datetime
import re

from provenance.home import Home
from provenance.timestamp_errors import ClockError, DateError

# Two machines' clocks differ by seconds; a change of battery or of time zone by hours and more.
TOLERANCE = datetime.timedelta(minutes=5)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def now() -> datetime.datetime:
    """Return the time, UTC, in whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def parse_date(text: str) -> datetime.datetime:
    """Return the moment that `2041-11-20`, `2041-11-20T10:00Z` or any other RFC 3339 text names, UTC.

    A day means its last second: what happened on that day had happened. Raises: DateError.
    """
    try:
        found = datetime.datetime.fromisoformat(text.strip())
        if _DAY.fullmatch(text.strip()):
            found = found.replace(hour=23, minute=59, second=59)
        if found.tzinfo is None:
            found = found.replace(tzinfo=datetime.UTC)
        return found.astimezone(datetime.UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise DateError(f"“{text}” is no date: write 2041-11-20, or 2041-11-20T10:00:00Z.") from error


def parse_beginning(text: str) -> datetime.datetime:
    """Return the same for a date from which on something may have happened: a day means its first second. Raises: DateError."""
    found = parse_date(text)
    return found.replace(hour=0, minute=0, second=0) if _DAY.fullmatch(text.strip()) else found


def in_words(moment: datetime.datetime) -> str:
    """Return `2041-11-20 10:00:00 UTC`."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def check_clock(home: Home) -> datetime.datetime:
    """Return the time once it is not before the last line of this installation's log was signed. Raises: ClockError."""
    found = now()
    last = last_signed(home)
    if last is not None and last > found + TOLERANCE:
        raise ClockError(
            f"This machine's clock says {in_words(found)}, but its log was last signed at {in_words(last)}: the clock runs "
            "behind. Set it, then try again. Nothing was released."
        )
    return found


def check_against(claimed: datetime.datetime, authority: str) -> None:
    """Compare this machine's clock with an authority's fresh time stamp. Raises: ClockError."""
    found = now()
    if abs(found - claimed) > TOLERANCE:
        way = "behind" if found < claimed else "ahead of"
        raise ClockError(
            f"This machine's clock says {in_words(found)} and is {way} {authority}, which says {in_words(claimed)}: set the "
            "clock, then try again. Nothing was released."
        )


def last_signed(home: Home) -> datetime.datetime | None:
    """Return when the log's key last signed, by the time of the file that keeps it; None when it never did."""
    try:
        seconds = (home.keys / "log.checkpoint").stat().st_mtime
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OSError, OverflowError, ValueError):
        return None
