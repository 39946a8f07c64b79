"""What signs here and who stamps it, for the people who look after an installation."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from provenance.archive import Archive
from provenance.home import Home
from provenance.keys import signing
from provenance.keys.certificates import ORGANISATION
from provenance.keys.files import refuse_lax
from provenance.keys.revocation import Revocation
from provenance.keys.revocation import revoke as mark_revoked
from provenance.record import certificate_fingerprint
from provenance.timestamp_authority import configure, outlook, stored_url
from provenance.timestamp_clock import in_words, now
from provenance.timestamp_evidence import record_stamp
from studio.errors import MissingFileError, StudioError

SOON_DAYS = 90


class KeyChoiceError(StudioError):
    """A command about keys was given too much, too little, or two things at once."""


@dataclass(frozen=True)
class KeysShown:
    """What `keys show` tells: `signer` is None when there are no keys yet; `tsa` the authority's URL or None."""

    signer: signing.Signer | None
    tsa: str | None

    def to_json(self) -> dict:
        """Return plain JSON values."""
        signer = self.signer
        return {
            "signer": None
            if signer is None
            else {
                "name": signer.name,
                "chain": list(signer.chain),
                "begins": signer.begins.isoformat(),
                "ends": signer.ends.isoformat(),
                "self_made": signer.is_self_made,
                "trust": signer.trust,
                "where": signer.where,
                "former": signer.former,
            },
            "tsa": self.tsa,
            "outlook": self.outlook,
        }

    @property
    def outlook(self) -> str:
        """What will happen when the certificate ends."""
        if self.signer is None:
            return "No keys yet; they are made at the first release, or by `anastylosis keys make`."
        return outlook(self.signer.ends, self.tsa is not None, self.tsa or "")

    def lines(self) -> list[str]:
        """Lines for a terminal."""
        if self.signer is None:
            return [self.outlook, f"Time stamps: {self.tsa or 'none'}"]
        signer, left = self.signer, (self.signer.ends - now()).days
        lines = [f"Signs: {_plain(signer.name)}", f"Trust: {_plain(signer.trust)}"]
        lines += [f"Key:   {'on this machine' if signer.where == 'here' else f'at {signer.where}; not on this machine'}"]
        lines += [f"Chain: {_plain(' ← '.join(signer.chain))}", f"Valid: {in_words(signer.begins)} to {in_words(signer.ends)}"]
        if left < 0:
            lines.append("[red]The certificate has ended: run `anastylosis keys rotate`.[/]")
        elif left < SOON_DAYS:
            lines.append(f"[yellow]The certificate ends in {left} days: run `anastylosis keys rotate`.[/]")
        if signer.former:
            lines.append(f"Former certificates kept, so that earlier files verify: {signer.former}")
        return [*lines, f"Time stamps: {self.tsa or 'none'}", self.outlook]


def show(home: Home) -> KeysShown:
    """Say what signs here; makes nothing. Raises: KeyFileError, KeyPermissionError, ChainError."""
    return KeysShown(signing.describe(home.keys), stored_url(home))


def make(home: Home, organisation: str | None, *, replace: bool) -> KeysShown:
    """Make keys and try them; with `replace` former ones give way. Raises: KeyMakingError."""
    signing.make(home.keys, organisation or ORGANISATION, replace=replace)
    return show(home)


def rotate(home: Home, organisation: str | None) -> KeysShown:
    """Make new keys in the place of the present ones, whose certificates are kept. Raises: KeyMakingError."""
    if organisation is None:
        organisation = _organisation(home)
    signing.make(home.keys, organisation or ORGANISATION, replace=True)
    return show(home)


@dataclass(frozen=True)
class Revoked:
    """What `keys revoke` did, and which kept Releases it concerns: (time, operation, id) of each."""

    revocation: Revocation
    is_replaced: bool
    affected: tuple[tuple[str, str, str], ...]
    unaffected: tuple[tuple[str, str, str], ...]

    def to_json(self) -> dict:
        """Return plain JSON values."""
        return {
            "key": self.revocation.fingerprint,
            "name": self.revocation.name,
            "since": self.revocation.since.isoformat(),
            "new_keys": self.is_replaced,
            "affected": [list(one) for one in self.affected],
            "unaffected": [list(one) for one in self.unaffected],
        }

    def lines(self) -> list[str]:
        """Lines for a terminal."""
        lines = [f"Marked as compromised since {in_words(self.revocation.since)}: {_plain(self.revocation.name)}"]
        lines += [f"[red]affected[/]      {made}  {kind:<10} {identity}" for made, kind, identity in self.affected]
        lines += [f"[green]not affected[/]  {made}  {kind:<10} {identity}" for made, kind, identity in self.unaffected]
        lines.append(
            f"{len(self.affected)} of {len(self.affected) + len(self.unaffected)} Releases that it signed have no time stamp "
            "from before: `verify` calls them unknown from now on. What was handed out is with others; tell them."
        )
        if self.is_replaced:
            return [*lines, "New keys were made and tried; the certificates of the old one are kept."]
        return [*lines, "Nothing can be signed with it any more: `anastylosis keys use` or `keys rotate` brings another."]


def revoke(home: Home, since: datetime.datetime, fingerprint: str | None) -> Revoked:
    """Mark a key as compromised and say which Releases lose their proof. Raises: KeyRevokedError, KeyFileError."""
    found, is_replaced = mark_revoked(home.keys, since, fingerprint)
    archive, groups = Archive(home.records), ([], [])
    for digest in archive.digests():
        loaded = archive.load(digest)
        if loaded is None or certificate_fingerprint(loaded[1]) != found.fingerprint:
            continue
        stamp = record_stamp(loaded[0], home, None).stamp
        is_earlier = stamp is not None and stamp.time < found.since
        groups[is_earlier].append((loaded[1]["made"], loaded[1]["operation"], loaded[1]["id"]))
    return Revoked(found, is_replaced, *(tuple(sorted(group)) for group in groups))


def use(home: Home, chain: Path | None, key: Path | None, *, remote: str | None, root: Path | None) -> KeysShown:
    """Sign with somebody's own chain and key, or let a remote signer sign.

    Raises: KeyChoiceError, ChainError, RemoteSignerError.
    """
    root_pem = _file(root) if root is not None else None
    if remote is not None:
        if chain is not None or key is not None:
            raise KeyChoiceError("A remote signer brings its own chain: give either CHAIN.pem KEY.pem or --remote.")
        signing.use_remote(home.keys, remote, root_pem)
    elif chain is None or key is None:
        raise KeyChoiceError("Give CHAIN.pem and KEY.pem, or --remote URL.")
    else:
        key_pem = _file(key)
        refuse_lax(key, 0o600)
        signing.use(home.keys, _file(chain), key_pem, root_pem)
    return show(home)


def tsa(home: Home, url: str, root: Path | None) -> list[str]:
    """Store the time-stamping authority that is asked from now on, "none" for none; return lines for a terminal."""
    if url == "none":
        configure(home, None)
        return ["No time-stamping authority is asked any more; earlier time stamps stay verifiable.", show(home).outlook]
    stamp = configure(home, url, _file(root) if root is not None else None)
    said = f"{stamp.authority}, below {stamp.root}" if stamp is not None else url
    return [f"Signatures and Records are time-stamped from now on by {said}.", f"A trial stamp from {url} held."]


def _plain(text: str) -> str:
    """Make square brackets mean themselves: a name is no markup."""
    return text.replace("[", r"\[")


def _organisation(home: Home) -> str | None:
    """The organisation that the present certificate names, so that rotating keeps it."""
    if signing.describe(home.keys) is None:
        return None
    from cryptography.x509.oid import NameOID

    found = signing.signing_keys(home.keys).chain()[0].subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else None


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read ({error.strerror}): give a file that you may read.") from error
