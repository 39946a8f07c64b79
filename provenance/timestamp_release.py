"""Time stamps of one Release: asked for before any work, so that an authority that is down costs nobody an hour."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.home import Home
from provenance.timestamp_authority import Authority, authority, outlook
from provenance.timestamp_clock import check_against
from provenance.timestamp_errors import TimeStampError

if TYPE_CHECKING:
    from provenance.keys.signing import SigningKeys


@dataclass
class Stamping:
    """Whether and by whom one Release is stamped.

    Attributes:
        authority: whom to ask; None when there is none, or when it was given up.
        is_optional: whether the Release may go on without.
        name: who stamps, in the authority's own words; "" before the first stamp.
        reason: why there is no stamp; "" while there is an authority.
    """

    authority: Authority | None
    is_optional: bool
    name: str = ""
    reason: str = "no time-stamping authority was named"

    @classmethod
    def prepare(cls, home: Home) -> Stamping:
        """Ask the authority for a first stamp, of nothing in particular, and compare the clocks.

        Raises: TimeStampError, unless the home says that stamps are optional; ClockError; KeyFileError.
        """
        found = cls(authority(home), home.is_tsa_optional)
        if found.authority is None:
            return found
        found.reason = ""
        try:
            _, stamp = found.authority.stamp(b"anastylosis " + secrets.token_bytes(16))
        except TimeStampError as error:
            found.give_up(error)
        else:
            found.name = stamp.authority
            check_against(stamp.time, f"the time-stamping authority {stamp.authority}")
        return found

    @property
    def url(self) -> str | None:
        """Where the signatures' stamps come from, or None."""
        return self.authority.url if self.authority else None

    @property
    def roots_pem(self) -> str:
        """What stamps must lead to, PEM; "" without an authority."""
        return self.authority.roots_pem if self.authority else ""

    def give_up(self, error: TimeStampError) -> None:
        """Go on without stamps when that is allowed, and remember why. Raises: `error` itself when it is not."""
        if not self.is_optional:
            raise type(error)(
                f"{error} Pass --tsa-optional to release without a time stamp, or `--tsa none` to do without for now."
            ) from error
        self.authority, self.reason = None, f"it was asked for and not to be had: {error}"

    def of_record(self, record: bytes) -> bytes | None:
        """Return the response that stamps a Record's public form, None without an authority. Raises: as `give_up`."""
        if self.authority is None:
            return None
        try:
            return self.authority.stamp(record)[0]
        except TimeStampError as error:
            self.give_up(error)
            return None

    def note(self, keys: SigningKeys | None) -> dict:
        """Return what the Record says of certificate and time stamp: JSON values."""
        said: dict = {"time_stamp": {"tsa": self.url, "authority": self.name} if self.authority else {"reason": self.reason}}
        if keys is not None:
            from provenance.keys.certificates import name_of

            leaf = keys.chain()[0]
            said |= {
                "certificate": {
                    "name": name_of(leaf.subject),
                    "begins": f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
                    "ends": f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
                    "fingerprint": keys.fingerprint,
                },
                "outlook": outlook(leaf.not_valid_after_utc, self.authority is not None, self.name),
            }
        return said
