"""Keys that somebody else may have: `revoked.json` beside them says since when, and what they signed is doubted from then on.

A time stamp is by an authority whose key was not lost, so what it shows to be older stays what it was. A date that this machine
wrote by itself shows nothing: who has the key can write one too.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import KeyFileError
from provenance.keys.certificates import is_self_made, name_of
from provenance.keys.files import lock, public, write_new
from provenance.keys.signing import CHAIN, FORMER, SIGNING, SigningKeys, make, signing_keys

NAME = "revoked.json"


class KeyRevokedError(KeyFileError):
    """The key that is to sign was marked as compromised, or the one to be marked is not known here."""


@dataclass(frozen=True)
class Revocation:
    """One key that was marked as compromised.

    Attributes:
        fingerprint: 16 hexadecimal digits, as Records name it.
        serial: of its certificate, decimal, as credentials name it.
        name: organisation and name in its certificate.
        since: from when on its signatures prove nothing, UTC.
    """

    fingerprint: str
    serial: str
    name: str
    since: datetime.datetime


def revoke(folder: Path, since: datetime.datetime, fingerprint: str | None = None) -> tuple[Revocation, bool]:
    """Mark a key as compromised; one that signs here and was made here is replaced at once.

    Args:
        since: UTC; an earlier mark of the same key stays the one that counts.
        fingerprint: of a former key; the one that signs now when left out.
    Returns: (Revocation, whether new keys were made).
    Raises: KeyRevokedError, KeyFileError, KeyMakingError.
    """
    if not (folder / SIGNING).is_dir():
        raise KeyRevokedError(f"{folder} holds no signing key yet: there is nothing to mark.")
    present = signing_keys(folder)
    places = {one.name: one for one in (folder / FORMER).glob("*") if (one / CHAIN).is_file()}
    wanted = fingerprint or present.fingerprint
    if wanted != present.fingerprint and wanted not in places:
        known = ", ".join([present.fingerprint, *sorted(places)])
        raise KeyRevokedError(f"“{wanted[:40]}” is no key of this machine: name one of {known}.")
    is_present = wanted == present.fingerprint
    keys = present if is_present else SigningKeys(None, public(places[wanted] / CHAIN), present.root_pem)
    leaf = keys.chain()[0]
    found = Revocation(wanted, str(leaf.serial_number), name_of(leaf.subject), since)
    with lock(folder):
        marked = {one.fingerprint: one for one in revocations(folder)}
        earlier = marked.get(wanted)
        marked[wanted] = earlier if earlier is not None and earlier.since <= since else found
        listed = [vars(one) | {"since": f"{one.since:%Y-%m-%dT%H:%M:%SZ}"} for one in marked.values()]
        write_new(folder / NAME, json.dumps(listed, ensure_ascii=False, indent=1).encode(), 0o644)
    is_replaced = is_present and present.key_pem is not None and is_self_made(present.root())
    if is_replaced:
        from cryptography.x509.oid import NameOID

        named = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        make(folder, *([str(named[0].value)] if named else []), replace=True)
    return marked[wanted], is_replaced


def revocations(folder: Path) -> list[Revocation]:
    """Return the keys that were marked here. Raises: KeyFileError when the list is there and cannot be read."""
    path = folder / NAME
    try:
        listed = json.loads(path.read_bytes())
        return [Revocation(str(o["fingerprint"]), str(o["serial"]), str(o["name"]), _moment(o["since"])) for o in listed]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise KeyFileError(f"{path} says which keys are compromised and cannot be read: put it back from a backup.") from error


def revocation_of(folder: Path, *, fingerprint: object = None, serial: object = None) -> Revocation | None:
    """Return the mark of a key that a Record (fingerprint) or a credential (serial) names, None when it has none."""
    return next((one for one in revocations(folder) if fingerprint == one.fingerprint or serial == one.serial), None)


def check_not_revoked(folder: Path, keys: SigningKeys) -> None:
    """Refuse to sign with a key that was marked. Raises: KeyRevokedError."""
    found = revocation_of(folder, fingerprint=keys.fingerprint)
    if found is not None:
        raise KeyRevokedError(
            f"The signing key “{found.name}” was marked as compromised since {found.since:%Y-%m-%d}: bring another "
            "(`anastylosis keys use`), or make one (`anastylosis keys rotate`)."
        )


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
